/* tapeset create, add, export, destroy, show, list */
#include "keys/tape_set.h"

#define SET_PARAM                                                                                                  \
        {                                                                                                          \
                .name = "set", .type = PARAM_NAME, .flags = PARAM_REQUIRED | PARAM_POSITIONAL,                     \
                .help = HELP("nombre del juego", "the set's name")                                                 \
        }
#define TAPE_PARAM                                                                                                 \
        {                                                                                                          \
                .name = "tape", .type = PARAM_MEDIUM, .flags = PARAM_REQUIRED | PARAM_REPEATED | PARAM_POSITIONAL, \
                .help = HELP("cinta registrada (repetible)", "registered tape (repeatable)")                       \
        }

static const struct param create_params[] = {
        SET_PARAM,
        TAPE_PARAM,
        { .name = "note", .type = PARAM_TEXT, .help = HELP("qué guarda", "what it holds") },
        { .name = "waiver",
          .type = PARAM_TEXT,
          .help = HELP("motivo por el que cintas ALTA van sin HSM (administrador de seguridad)",
                       "why ALTA tapes go without an HSM (security administrator)") },
};
static const struct param add_params[] = { SET_PARAM, TAPE_PARAM };
static const struct param show_params[] = { SET_PARAM };
static const struct param export_params[] = {
        SET_PARAM,
        { .name = "certificate",
          .type = PARAM_INPUT,
          .flags = PARAM_REQUIRED,
          .help = HELP("certificado del sistema de copias (PEM)", "the backup system's certificate (PEM)") },
        { .name = "out",
          .type = PARAM_OUTPUT,
          .flags = PARAM_REQUIRED | PARAM_NEW,
          .help = HELP("fichero del sobre (CMS en DER)", "file of the envelope (CMS in DER)") },
};
static const struct param destroy_params[] = {
        SET_PARAM,
        { .name = "reason", .type = PARAM_TEXT, .flags = PARAM_REQUIRED, .help = HELP("motivo", "reason") },
        { .name = "copies-destroyed",
          .type = PARAM_TEXT,
          .help = HELP("quién, cuándo y cómo destruyó las copias exportadas",
                       "who destroyed the exported copies, when and how") },
        { .name = "confirm",
          .type = PARAM_TEXT,
          .help = HELP("nombre del juego, tecleado", "the set's name, typed") },
};

static const struct term set_state_terms[] = {
        { "live", { "en uso", "live" } },
        { "destroyed", { "destruida", "destroyed" } },
};
static const struct column columns[] = {
        { "set", HELP("Juego", "Set") },
        { "key", HELP("Clave", "Key") },
        { "category", HELP("Categoría", "Category") },
        { "state", CODES("Estado", "State", set_state_terms) },
        { "tapes_n", HELP("Cintas", "Tapes") },
        { "exports", HELP("Exportada", "Exported") },
        { "created", HELP("Creado", "Created") },
        { "destroyed", HELP("Destruida", "Destroyed") },
};
static const struct column export_columns[] = {
        { "set", HELP("Juego", "Set") },          { "key", HELP("Clave", "Key") },
        { "recipient", HELP("Para", "For") },     { "out", HELP("Sobre", "Envelope") },
        { "sha256", HELP("SHA-256", "SHA-256") },
};

static int run_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        return tape_set_to_json(act->db, json_text(args, "set"), true, ret, err);
}

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *list = json_array();
        int r = db_query(act->db, &rows, err, "SELECT name FROM tape_set ORDER BY name", "");

        (void) args;
        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                json_t *one = NULL;

                r = tape_set_to_json(act->db, rows_text(rows, 0), false, &one, err);
                if (r == 0 && json_array_append_new(list, one) < 0)
                        r = fail_memory(err);
        }
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

static const struct verb verbs[] = {
        { .noun = "tapeset",
          .name = "create",
          .roles = ROLE_OPERATOR | ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("Crea un juego de cintas con una clave propia",
                       "Makes a set of tapes with a key of its own"),
          PARAMS(create_params),
          COLUMNS(columns),
          .run = tape_set_run_create },
        { .noun = "tapeset",
          .name = "add",
          .roles = ROLE_OPERATOR | ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("Añade cintas a un juego", "Adds tapes to a set"),
          PARAMS(add_params),
          COLUMNS(columns),
          .run = tape_set_run_add },
        { .noun = "tapeset",
          .name = "export",
          .roles = ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("Da la clave de un juego al sistema de copias, cifrada para su certificado",
                       "Gives a set's key to the backup system, encrypted for its certificate"),
          PARAMS(export_params),
          COLUMNS(export_columns),
          .run = tape_set_run_export },
        { .noun = "tapeset",
          .name = "destroy",
          .roles = ROLE_SECURITY,
          .flags = VERB_WRITES | VERB_DESTRUCTIVE,
          .help = HELP("Destruye la clave de un juego: sus cintas no se leen más",
                       "Destroys a set's key: its tapes are read no more"),
          PARAMS(destroy_params),
          COLUMNS(columns),
          .run = tape_set_run_destroy },
        { .noun = "tapeset",
          .name = "show",
          .roles = ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY | ROLE_AUDITOR,
          .flags = VERB_READS,
          .help = HELP("Un juego: sus cintas y a quién se dio su clave",
                       "A set: its tapes and to whom its key was given"),
          PARAMS(show_params),
          COLUMNS(columns),
          .run = run_show },
        { .noun = "tapeset",
          .name = "list",
          .roles = ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY | ROLE_AUDITOR,
          .flags = VERB_READS,
          .help = HELP("Los juegos de cintas", "The sets of tapes"),
          COLUMNS(columns),
          .run = run_list },
};

const struct room tape_set_room = { .schema = &tape_set_schema,
                                    .verbs = verbs,
                                    .verbs_n = COUNT(verbs),
                                    .events = tape_set_events,
                                    .events_n = TAPE_SET_EVENTS };
