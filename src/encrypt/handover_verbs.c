#include "encrypt/handover.h"
#include "policy/handover.h"

#define MEDIUM_PARAM                                                                                               \
        {                                                                                                          \
                .name = "medium", .type = PARAM_MEDIUM, .flags = PARAM_REQUIRED | PARAM_POSITIONAL,                \
                .help = HELP("el soporte", "the medium")                                                           \
        }
#define DEVICE_PARAM                                                                                               \
        {                                                                                                          \
                .name = "device", .type = PARAM_DEVICE, .flags = PARAM_REQUIRED | PARAM_POSITIONAL,                \
                .help = HELP("dónde está conectado", "where it is connected")                                      \
        }

static const struct param handover_params[] = {
        MEDIUM_PARAM,
        DEVICE_PARAM,
        { .name = "to",
          .type = PARAM_TEXT,
          .flags = PARAM_REQUIRED,
          .max = 120,
          .help = HELP("destinatario: una cuenta, o su nombre", "recipient: an account, or their name") },
        { .name = "letter",
          .type = PARAM_OUTPUT,
          .flags = PARAM_NEW | PARAM_SECRET,
          .help = HELP("carta en PDF con la frase; sin ella se muestra en el terminal una vez",
                       "letter as PDF with the passphrase; without it, it is shown on the terminal once") },
        { .name = "channel",
          .type = PARAM_TERM,
          .help = HELP("cómo le llega, aparte del soporte", "how it reaches them, apart from the medium"),
          .terms = handover_channel_terms,
          .terms_n = CHANNELS },
        { .name = "words",
          .type = PARAM_INT,
          .min = 4,
          .max = HANDOVER_WORDS_MOST,
          .help = HELP("cuántas palabras; por defecto, las que pide la clasificación",
                       "how many words; by default, as many as the classification demands") },
        { .name = "shipment",
          .type = PARAM_TEXT,
          .help = HELP("envío con que viaja", "shipment that it travels by") },
        { .name = "loan", .type = PARAM_TEXT, .help = HELP("préstamo con que sale", "loan that it leaves by") },
};
static const struct param revoke_params[] = {
        MEDIUM_PARAM,
        DEVICE_PARAM,
        { .name = "reason", .type = PARAM_TEXT, .help = HELP("motivo", "reason") },
};
static const struct param list_params[] = {
        { .name = "medium",
          .type = PARAM_MEDIUM,
          .flags = PARAM_POSITIONAL,
          .help = HELP("solo de este soporte", "of this medium only") },
        { .name = "live", .type = PARAM_FLAG, .help = HELP("solo las no revocadas", "only those not revoked") },
};

static const struct term handover_state_terms[] = {
        { "live", { "vigente", "live" } },
        { "revoked", { "revocada", "revoked" } },
};
static const struct column columns[] = {
        { "number", HELP("Frase", "Passphrase") },
        { "medium", HELP("Soporte", "Medium") },
        { "recipient", HELP("Para", "For") },
        { "channel", CODES("Canal", "Channel", handover_channel_terms) },
        { "letter", HELP("Carta", "Letter") },
        { "slot", HELP("Ranura", "Slot") },
        { "kdf", HELP("Derivación", "KDF") },
        { "state", CODES("Estado", "State", handover_state_terms) },
        { "handed", HELP("Entregada", "Handed over") },
        { "returned", HELP("Volvió", "Came back") },
        { "revoked", HELP("Revocada", "Revoked") },
};
static const struct column revoke_columns[] = {
        { "medium", HELP("Soporte", "Medium") },
        { "number", HELP("Frase", "Passphrase") },
        { "recipient", HELP("Era de", "Was of") },
        { "slot", HELP("Ranura", "Slot") },
};

/* `first` is the filter that an index serves. */
#define HANDOVERS(first)                                                                                           \
        "SELECT number FROM handover WHERE " first " AND (?1 IS NULL OR medium = ?1) AND (?2 = 0 OR state = "      \
        "'live') ORDER BY number"

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *medium = json_text(args, "medium");
        const bool live = json_flag(args, "live");
        const char *sql = medium ? HANDOVERS("medium = ?1") : live ? HANDOVERS("state = 'live'") : HANDOVERS("1");
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *list = json_array();
        int r = db_query(act->db, &rows, err, sql, "si", medium, (int64_t) live);

        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                json_t *one = NULL;

                r = handover_to_json(act->db, rows_text(rows, 0), &one, err);
                if (r == 0 && json_array_append_new(list, one) < 0)
                        r = fail_memory(err);
        }
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

static const struct verb verbs[] = {
        { .noun = "encrypt",
          .name = "handover",
          .roles = ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("Da a un destinatario una frase de paso del soporte, aparte de él",
                       "Gives a recipient a passphrase of the medium, apart from it"),
          PARAMS(handover_params),
          COLUMNS(columns),
          .run = encrypt_run_handover },
        { .noun = "encrypt",
          .name = "revoke",
          .roles = ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("Quita del soporte la frase de paso entregada",
                       "Takes the passphrase that was handed over off the medium"),
          PARAMS(revoke_params),
          COLUMNS(revoke_columns),
          .run = encrypt_run_revoke },
        { .noun = "encrypt",
          .name = "handovers",
          .roles = ROLE_OWNER | ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY | ROLE_AUDITOR,
          .flags = VERB_READS,
          .help = HELP("Las frases de paso entregadas, a quién y si siguen valiendo",
                       "The passphrases handed over, to whom and whether they still hold"),
          PARAMS(list_params),
          COLUMNS(columns),
          .run = run_list },
};

const struct room handover_room = { .schema = &handover_schema,
                                    .verbs = verbs,
                                    .verbs_n = COUNT(verbs),
                                    .events = handover_events,
                                    .events_n = HANDOVER_EVENTS };
