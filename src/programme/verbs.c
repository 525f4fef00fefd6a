/* `audit ...`: the table, and what only shows. */
#include <string.h>

#include "programme/internal.h"

static int add_redrawn(struct act *act, const json_t *audit, const json_t *items, json_t *into, struct error *err) {
        bool same = false;
        int r = audit_redraw(act, audit, items, &same, err);

        if (r < 0)
                return r;
        if (!same)
                return refuse(err, ERR_VERIFY, "A1", "La muestra de %s no es la que dan su semilla y su población.",
                              "The sample of %s is not what its seed and population give.",
                              json_text(audit, "audit"));
        return json_object_set_new(into, "redrawn", json_true()) ? fail_memory(err) : 0;
}

static int run_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *audit = NULL, *items = NULL, *findings = NULL;
        const char *only = json_text(args, "result");
        int r = audit_load(act, json_text(args, "audit"), &audit, err);

        if (r == 0)
                r = audit_items(act, json_text(audit, "audit"), &items, err);
        if (r == 0)
                r = audit_name_criteria(audit, items, err);
        if (r == 0)
                r = finding_rows(act, json_text(audit, "audit"), false, &findings, err);
        if (r == 0)
                r = add_redrawn(act, audit, items, audit, err);
        if (r == 0 && json_text(args, "population"))
                r = audit_export_population(act, audit, json_text(args, "population"), err);
        if (r < 0)
                return r;
        for (size_t i = json_array_size(items); i-- > 0;) {
                const json_t *item = json_array_get(items, i);
                bool undecided = !json_text(item, "result");

                if ((json_flag(args, "undecided") && !undecided) ||
                    (only && strcmp(json_text_or_empty(item, "result"), only) != 0))
                        (void) json_array_remove(items, i);
        }
        act_say(act, "%s: %s%.0s %s, %lld de %lld decididos, %lld no conformes, %lld no vistos, %lld hallazgos.",
                "%s: %.0s%s %s, %lld of %lld decided, %lld deficient, %lld not seen, %lld findings.",
                json_text(audit, "audit"), TERM_NAMES(audit_kind_terms, json_text_or_empty(audit, "kind")),
                json_text(audit, "category"), (long long) json_int(audit, "decided", 0),
                (long long) json_int(audit, "items", 0), (long long) json_int(audit, "deficient", 0),
                (long long) json_int(audit, "not_seen", 0), (long long) json_int(audit, "findings", 0));
        if (json_object_set(audit, "rows", items) || json_object_set(audit, "finding_list", findings))
                return fail_memory(err);
        *ret = TAKE_PTR(audit);
        return 0;
}

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                act->db, &rows, err,
                "SELECT id FROM audit WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR category = ?2) AND "
                "(?3 = 0 OR state = 'open') ORDER BY number DESC",
                "ssi", json_text(args, "kind"), json_text(args, "category"), (int64_t) json_flag(args, "open"));

        while (r >= 0 && (r = rows_next(rows, err)) > 0) {
                json_t *audit = NULL;

                r = audit_load(act, rows_text(rows, 0), &audit, err);
                if (r < 0)
                        return r;
                if (json_array_append_new(list, audit))
                        return fail_memory(err);
        }
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

#define AUDIT_PARAM                                                                                                \
        { "audit", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("auditoría", "audit"), 0, 40, NULL, 0 }
#define CATEGORY_PARAM(flags, es, en)                                                                              \
        { "category", PARAM_TERM, flags, HELP(es, en), 0, 0, category_terms, CATEGORIES }

static const struct param calendar_params[] = {
        CATEGORY_PARAM(0, "solo esta categoría", "this category only"),
        { "due", PARAM_FLAG, 0, HELP("solo lo vencido y lo que vence pronto", "only what is overdue or due soon"),
          0, 0, NULL, 0 },
};
static const struct param start_params[] = {
        { "kind", PARAM_TERM, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("qué se audita", "what is audited"), 0, 0,
          audit_kind_terms, AUDIT_KINDS },
        CATEGORY_PARAM(PARAM_REQUIRED, "categoría ENS", "ENS category"),
        { "area", PARAM_TEXT, 0,
          HELP("solo este lugar; no cuenta para el calendario",
               "this place only; it does not count for the calendar"),
          0, 40, NULL, 0 },
        { "note", PARAM_TEXT, 0, HELP("alcance y motivo", "scope and reason"), 0, 300, NULL, 0 },
};
static const struct param check_params[] = {
        AUDIT_PARAM,
        { "subject", PARAM_TEXT, PARAM_POSITIONAL,
          HELP("soporte (cualquier nombre), envío, destrucción o aspecto del proceso",
               "medium (any name), shipment, destruction or aspect of the process"),
          0, 200, NULL, 0 },
        { "result", PARAM_TERM, 0, HELP("qué resulta", "what it comes to"), 0, 0, audit_result_terms,
          AUDIT_RESULTS },
        { "seen", PARAM_TEXT, 0, HELP("lo leído o visto en él", "what was read or seen on it"), 0, 200, NULL, 0 },
        { "device", PARAM_DEVICE, 0,
          HELP("el soporte conectado: decide su cabecera real", "the medium, plugged in: its real header decides"),
          0, 0, NULL, 0 },
        { "note", PARAM_TEXT, 0, HELP("nota", "note"), 0, 300, NULL, 0 },
        { "stocktake", PARAM_TEXT, 0,
          HELP("recuento cerrado que decide los de un inventario",
               "finished stocktake that decides an inventory's"),
          0, 40, NULL, 0 },
};
static const struct param close_params[] = {
        AUDIT_PARAM,
        { "conclusion", PARAM_TEXT, PARAM_REQUIRED, HELP("conclusión", "conclusion"), 0, 1000, NULL, 0 },
        { "sign", PARAM_FLAG, 0, HELP("quien cierra firma con su PIN", "whoever closes signs with their PIN"), 0, 0,
          NULL, 0 },
        { "paper", PARAM_TEXT, 0,
          HELP("firmada en papel: número de la hoja", "signed on paper: the sheet's number"), 0, 40, NULL, 0 },
};
static const struct param show_params[] = {
        AUDIT_PARAM,
        { "result", PARAM_TERM, 0, HELP("solo estos", "these only"), 0, 0, audit_result_terms, AUDIT_RESULTS },
        { "undecided", PARAM_FLAG, 0, HELP("solo lo que falta por decidir", "only what is not decided yet"), 0, 0,
          NULL, 0 },
        { "population", PARAM_OUTPUT, 0,
          HELP("la población de la que se sacó la muestra, una por línea",
               "the population that the sample was drawn from, one a line"),
          0, 0, NULL, 0 },
};
static const struct param list_params[] = {
        { "kind", PARAM_TERM, 0, HELP("solo este tipo", "this kind only"), 0, 0, audit_kind_terms, AUDIT_KINDS },
        CATEGORY_PARAM(0, "solo esta categoría", "this category only"),
        { "open", PARAM_FLAG, 0, HELP("solo las abiertas", "open ones only"), 0, 0, NULL, 0 },
};

static const struct column calendar_columns[] = {
        { "name", HELP("QUÉ", "WHAT") },          { "category", HELP("CATEGORÍA", "CATEGORY") },
        { "months", HELP("MESES", "MONTHS") },    { "last", HELP("DESDE", "SINCE") },
        { "last_audit", HELP("ÚLTIMA", "LAST") }, { "due", HELP("TOCA EL", "DUE") },
        { "word", HELP("ESTADO", "STANDING") },   { "open_audit", HELP("EN CURSO", "UNDER WAY") },
};
static const struct term audit_state_terms[] = {
        { "open", { "abierta", "open" } },
        { "closed", { "cerrada", "closed" } },
};
static const struct column audit_columns[] = {
        { "audit", HELP("AUDITORÍA", "AUDIT") },
        { "kind", CODES("QUÉ", "WHAT", audit_kind_terms) },
        { "category", HELP("CATEGORÍA", "CATEGORY") },
        { "scope", HELP("LUGAR", "PLACE") },
        { "state", CODES("ESTADO", "STATE", audit_state_terms) },
        { "started", HELP("EMPEZÓ", "STARTED") },
        { "started_by", HELP("QUIÉN", "WHO") },
        { "population", HELP("POBLACIÓN", "POPULATION") },
        { "sample", HELP("MUESTRA", "SAMPLE") },
        { "decided", HELP("DECIDIDOS", "DECIDED") },
        { "deficient", HELP("NO CONFORMES", "DEFICIENT") },
        { "findings_open", HELP("HALLAZGOS ABIERTOS", "OPEN FINDINGS") },
        { "closed", HELP("CERRADA", "CLOSED") },
};
const struct column audit_item_columns[AUDIT_ITEM_COLUMNS] = {
        { "subject", HELP("ELEMENTO", "ITEM") },
        { "what", CODES("QUÉ ES", "WHAT", audit_item_terms) },
        { "criterion", HELP("ASPECTO", "ASPECT") },
        { "result", CODES("RESULTADO", "RESULT", audit_result_terms) },
        { "how", CODES("CÓMO", "HOW", audit_way_terms) },
        { "seen", HELP("VISTO", "SEEN") },
        { "note", CODES("NOTA", "NOTE", audit_note_terms) },
        { "time", HELP("CUÁNDO", "WHEN") },
        { "person", HELP("QUIÉN", "WHO") },
};

static const struct verb verbs[] = {
        { "audit", "calendar", ROLE_ANY, VERB_READS,
          HELP("Qué auditorías tocan y cuáles están vencidas (A1)", "Which audits are due, and which overdue (A1)"),
          PARAMS(calendar_params), COLUMNS(calendar_columns), .run = audit_run_calendar },
        { "audit", "start", ROLE_SECURITY | ROLE_CUSTODIAN, VERB_WRITES,
          HELP("Empieza una auditoría: población, semilla y muestra (A1)",
               "Begins an audit: population, seed and sample (A1)"),
          PARAMS(start_params), COLUMNS(audit_columns), .run = audit_run_start },
        { "audit", "check", ROLE_SECURITY | ROLE_CUSTODIAN | ROLE_OWNER, VERB_WRITES,
          HELP("Anota lo visto de un elemento de la muestra (A1, X1)",
               "Records what was seen of an item of the sample (A1, X1)"),
          PARAMS(check_params), COLUMNS(audit_columns), .run = audit_run_check },
        { "audit", "close", ROLE_SECURITY | ROLE_CUSTODIAN, VERB_WRITES,
          HELP("Cierra una auditoría con todo decidido (A1)", "Closes an audit with everything decided (A1)"),
          PARAMS(close_params), COLUMNS(audit_columns), .run = audit_run_close },
        { "audit", "show", ROLE_ANY, VERB_READS | VERB_BULK,
          HELP("Muestra una auditoría y vuelve a sacar su muestra", "Shows an audit and draws its sample again"),
          PARAMS(show_params), COLUMNS(audit_item_columns), .run = run_show },
        { "audit", "list", ROLE_ANY, VERB_READS, HELP("Lista las auditorías", "Lists the audits"),
          PARAMS(list_params), COLUMNS(audit_columns), .run = run_list },
};

const struct room programme_room = { .schema = &programme_schema,
                                     .verbs = verbs,
                                     .verbs_n = COUNT(verbs),
                                     .events = audit_events,
                                     .events_n = AUDIT_EVENTS };
