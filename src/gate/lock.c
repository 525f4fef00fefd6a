/* encrypt lock, and encrypt status: what is open, for whom, since when. */
#include "base/clock.h"
#include "device/mapping.h"
#include "gate/opening_internal.h"

int opening_run_lock(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *medium = json_text(args, "medium");
        _cleanup_json_ json_t *data = NULL;
        struct opening_row row;
        int known = opening_load(act->db, medium, &row, err), r = known;

        if (known == 1 && !opening_may_close(act->person, act->roles, row.person))
                return refuse(err, ERR_DENIED, "C9", "%s lo ha abierto %s.", "%s was opened by %s.", medium,
                              row.person);
        if (r >= 0)
                r = act->dry_run
                            ? 0
                            : mapping_close(medium, json_flag(args, "force") ? MAPPING_FLUSH : MAPPING_ASK, err);
        /* It is closed already, and the registry has yet to hear of it. */
        if (r == ERR_NOT_FOUND && known == 1)
                return opening_closed(act, medium, END_LOST, err);
        if (r < 0)
                return r;
        if (known == 1) {
                data = json_pack("{s:s, s:s, s:s}", "reason", opening_end_terms[END_LOCK].code, "device",
                                 row.device, "person", row.person);
                r = data ? act_record_one(act, "encryption.closed", medium, data, err) : fail_memory(err);
        }
        if (r < 0)
                return r;
        act_say(act, "%s está cerrado.", "%s is locked.", medium);
        *ret = json_pack("{s:s, s:b}", "medium", medium, "closed", !act->dry_run);
        return *ret ? 0 : fail_memory(err);
}

struct listing {
        struct act *act;
        json_t *rows;
};

static int add(void *context, const struct opening_row *row) {
        struct listing *listing = context;
        char node[MAPPING_NODE], since[TIME_TEXT];

        if (!opening_sees_all(listing->act->roles) && strcmp(row->person, listing->act->person) != 0)
                return 0;
        mapping_node(row->medium, node);
        time_format(row->time, since);
        return json_array_append_new(listing->rows,
                                     json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "medium", row->medium,
                                               "device", row->device, "node", node, "person", row->person,
                                               "account", row->account, "mode", opening_mode_terms[row->mode].code,
                                               "since", since, "open", mapping_find(row->medium, NULL))) < 0
                       ? ERR_FAILED
                       : 0;
}

int opening_run_status(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        struct listing listing = { .act = act, .rows = json_array() };
        int r = listing.rows ? opening_each(act->db, add, &listing, err) : fail_memory(err);

        (void) args;
        if (r == 0) {
                *ret = json_pack("{s:O}", "rows", listing.rows);
                r = *ret ? 0 : fail_memory(err);
        }
        json_decref(listing.rows);
        return r;
}

static const struct param unlock_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("el soporte", "the medium"), 0, 0, NULL,
          0 },
        { "device", PARAM_DEVICE, PARAM_REQUIRED | PARAM_POSITIONAL,
          HELP("dónde está conectado", "where it is connected"), 0, 0, NULL, 0 },
        { "read-only", PARAM_FLAG, 0, HELP("solo para leer", "for reading only"), 0, 0, NULL, 0 },
};

static const struct column unlock_columns[] = {
        { "medium", HELP("Soporte", "Medium") },   { "device", HELP("Dispositivo", "Device") },
        { "node", HELP("Abierto en", "Open at") }, { "mode", CODES("Modo", "Mode", opening_mode_terms) },
        { "rule", HELP("Regla", "Rule") },
};

static const struct param lock_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("el soporte", "the medium"), 0, 0, NULL,
          0 },
        { "force", PARAM_FLAG, 0,
          HELP("aunque esté montado: lo escrito se guarda y luego hay errores",
               "though it is mounted: what is written is saved, and then there are errors"),
          0, 0, NULL, 0 },
};

static const struct column lock_columns[] = {
        { "medium", HELP("Soporte", "Medium") },
        { "closed", HELP("Cerrado", "Locked") },
};

static const struct column status_columns[] = {
        { "medium", HELP("Soporte", "Medium") },   { "device", HELP("Dispositivo", "Device") },
        { "node", HELP("Abierto en", "Open at") }, { "person", HELP("Persona", "Person") },
        { "account", HELP("Cuenta", "Account") },  { "mode", CODES("Modo", "Mode", opening_mode_terms) },
        { "since", HELP("Desde", "Since") },       { "open", HELP("Abierto", "Open") },
};

static const struct verb verbs[] = {
        { "encrypt", "unlock", ROLE_USER | ROLE_OPERATOR | ROLE_CUSTODIAN, VERB_WRITES,
          HELP("Abre un soporte cifrado para quien lo pide, sin que vea la clave",
               "Opens an encrypted medium for whoever asks, who never sees the key"),
          PARAMS(unlock_params), COLUMNS(unlock_columns), opening_run_unlock },
        { "encrypt", "lock", ROLE_USER | ROLE_OPERATOR | ROLE_CUSTODIAN | ROLE_SECURITY, VERB_WRITES,
          HELP("Cierra un soporte que está abierto", "Closes a medium that is open"), PARAMS(lock_params),
          COLUMNS(lock_columns), opening_run_lock },
        { "encrypt", "status", ROLE_ANY, VERB_READS,
          HELP("Dice qué soportes están abiertos, para quién y desde cuándo",
               "Says which media are open, for whom and since when"),
          .columns = status_columns, .columns_n = COUNT(status_columns), .run = opening_run_status },
};

const struct room opening_room = { .schema = &opening_schema,
                                   .verbs = verbs,
                                   .verbs_n = COUNT(verbs),
                                   .events = opening_events,
                                   .events_n = OPENING_EVENTS };
