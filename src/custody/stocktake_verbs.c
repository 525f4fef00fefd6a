/* `stocktake ...` (U6). */
#include <stdio.h>
#include <string.h>

#include "act/report.h"
#include "base/str.h"
#include "custody/stocktake.h"
#include "store/json.h"

/* Whether two areas have a place in common. */
static const struct term stocktake_state_terms[] = {
        { "open", { "abierto", "open" } },
        { "finished", { "terminado", "finished" } },
};

static bool overlap(const char *a, const char *b) {
        return custody_area_holds(a, b) || custody_area_holds(b, a);
}

static int refuse_overlap(struct act *act, const char *area, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(act->db, &rows, err, "SELECT id, area FROM stocktake WHERE state = 'open' ORDER BY number",
                         "");

        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0)
                if (overlap(area, rows_text(rows, 1)))
                        return refuse(err, ERR_CONFLICT, "U6", "El recuento %s de %s está abierto.",
                                      "Stocktake %s of %s is open.", rows_text(rows, 0), rows_text(rows, 1));
        return r;
}

static int run_start(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        char area[LOCATION_CODE], id[16];
        struct area there;
        int64_t number;
        int r = custody_area_parse(json_text(args, "area"), area, NULL, err);

        if (r == 0)
                r = custody_area_load(act->db, area, &there, err);
        if (r == 0)
                r = refuse_overlap(act, area, err);
        if (r == 0)
                r = db_int(act->db, &number, err, "SELECT coalesce(max(number), 0) + 1 FROM stocktake", "");
        if (r < 0)
                return r;
        (void) snprintf(id, sizeof id, "R%06lld", (long long) number);
        data = json_pack("{s:I, s:s, s:s*}", "number", (json_int_t) number, "area", area, "note",
                         json_text(args, "note"));
        if (!data)
                return fail_memory(err);
        r = act_record_one(act, "stocktake.started", id, data, err);
        if (r < 0 || act->dry_run)
                return r;
        act_say(act, "Recuento %s de %s: lea un lugar y después sus soportes con «stocktake scan».",
                "Stocktake %s of %s: scan a place, then its media, with “stocktake scan”.", id, area);
        return stocktake_load(act, id, ret, err);
}

/* --- looking ----------------------------------------------------------------------------------------------- */

static int list_all(struct act *act, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(act->db, &rows, err, "SELECT id FROM stocktake ORDER BY number DESC LIMIT 500", "");

        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0) {
                json_t *one = NULL;

                r = stocktake_load(act, rows_text(rows, 0), &one, err);
                if (r < 0)
                        return r;
                if (json_array_append_new(list, one))
                        return fail_memory(err);
        }
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

static int add_rows(struct act *act, const char *sql, const char *id, const char *types, json_t *list,
                    struct error *err) {
        static const char *const members[] = { "result", "medium", "location", "time", "person" };
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(act->db, &rows, err, sql, "s", id);

        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, rows_to_json(rows, members, types)))
                        return fail_memory(err);
        return r;
}

int stocktake_items(struct act *act, const char *id, json_t *list, struct error *err) {
        int r = add_rows(
                act,
                "SELECT 'missing', medium, location, NULL, NULL FROM stocktake_missing WHERE stocktake = ? "
                "ORDER BY location, medium",
                id, "sssts", list, err);

        if (r == 0)
                r = add_rows(
                        act,
                        "SELECT 'unknown', text, location, time, person FROM stocktake_unknown WHERE stocktake "
                        "= ? ORDER BY time, text",
                        id, "sssts", list, err);
        if (r == 0)
                r = add_rows(
                        act,
                        "SELECT result, medium, location, time, person FROM stocktake_seen WHERE stocktake = ? "
                        "ORDER BY result <> 'misplaced', result DESC, location, medium",
                        id, "sssts", list, err);
        return r;
}

int custody_stocktake(struct act *act, const char *text, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *stocktake = NULL, *list = json_array();
        int r = stocktake_load(act, text, &stocktake, err);

        if (r == 0)
                r = stocktake_items(act, json_text(stocktake, "stocktake"), list, err);
        if (r < 0)
                return r;
        if (json_object_set(stocktake, "rows", list))
                return fail_memory(err);
        *ret = TAKE_PTR(stocktake);
        return 0;
}

static int run_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *stocktake = NULL;
        const char *only = json_text(args, "result");
        json_t *list;
        int r;

        if (!json_text(args, "stocktake"))
                return list_all(act, ret, err);
        r = custody_stocktake(act, json_text(args, "stocktake"), &stocktake, err);
        if (r < 0)
                return r;
        list = json_object_get(stocktake, "rows");
        for (size_t i = json_array_size(list); only && i-- > 0;)
                if (strcmp(json_text_or_empty(json_array_get(list, i), "result"), only) != 0)
                        (void) json_array_remove(list, i);
        act_say(act, "Recuento %s de %s (%s%.0s), por %s.", "Stocktake %s of %s (%.0s%s), by %s.",
                json_text(stocktake, "stocktake"), json_text(stocktake, "area"),
                TERM_NAMES(stocktake_state_terms, json_text_or_empty(stocktake, "state")),
                json_text(stocktake, "started_by"));
        *ret = TAKE_PTR(stocktake);
        return 0;
}

/* --- the table --------------------------------------------------------------------------------------------- */

static const struct term shown_terms[] = {
        { "missing", { "sin localizar", "not located" } },      { "misplaced", { "fuera de sitio", "misplaced" } },
        { "unexpected", { "no debería estar", "unexpected" } }, { "unknown", { "desconocido", "unknown" } },
        { "found", { "en su sitio", "where it belongs" } },
};

#define STOCKTAKE_PARAM(flags)                                                                                     \
        {                                                                                                          \
                "stocktake", PARAM_TEXT, flags,                                                                    \
                        HELP("recuento; el único abierto, si no se dice",                                          \
                             "stocktake; the only open one, unless said"),                                         \
                        0, 40, NULL, 0                                                                             \
        }

static const struct param start_params[] = {
        { "area", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL,
          HELP("edificio, sala o armario: HQ-S03", "building, room or cabinet: HQ-S03"), 0, 40, NULL, 0 },
        { "note", PARAM_TEXT, 0, HELP("nota", "note"), 0, 200, NULL, 0 },
};
static const struct param scan_params[] = {
        { "text", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL | PARAM_REPEATED,
          HELP("lo leído: primero un lugar, después sus soportes (repetible)",
               "what was scanned: first a place, then its media (repeatable)"),
          0, 200, NULL, 0 },
        STOCKTAKE_PARAM(0),
};
static const struct param finish_params[] = {
        STOCKTAKE_PARAM(PARAM_POSITIONAL),
        { "sign", PARAM_FLAG, 0, HELP("quien cuenta firma con su PIN", "whoever counts signs with their PIN"), 0, 0,
          NULL, 0 },
        { "paper", PARAM_TEXT, 0,
          HELP("firmado en papel: número de la hoja", "signed on paper: the sheet's number"), 0, 40, NULL, 0 },
};
static const struct param show_params[] = {
        { "stocktake", PARAM_TEXT, PARAM_POSITIONAL, HELP("recuento; sin él, todos", "stocktake; without it, all"),
          0, 40, NULL, 0 },
        { "result", PARAM_TERM, 0, HELP("solo esto", "this only"), 0, 0, shown_terms, COUNT(shown_terms) },
};
static const struct param report_params[] = {
        STOCKTAKE_PARAM(PARAM_REQUIRED | PARAM_POSITIONAL),
        REPORT_PARAMS,
};
static const struct column columns[] = {
        { "stocktake", HELP("RECUENTO", "STOCKTAKE") },
        { "area", HELP("LUGAR", "PLACE") },
        { "state", CODES("ESTADO", "STATE", stocktake_state_terms) },
        { "started", HELP("EMPEZÓ", "STARTED") },
        { "finished", HELP("TERMINÓ", "FINISHED") },
        { "expected", HELP("ESPERADOS", "EXPECTED") },
        { "found", HELP("EN SU SITIO", "FOUND") },
        { "misplaced", HELP("FUERA DE SITIO", "MISPLACED") },
        { "missing", HELP("SIN LOCALIZAR", "NOT LOCATED") },
        { "unknown", HELP("DESCONOCIDOS", "UNKNOWN") },
        /* Of its items. */
        { "result", CODES("RESULTADO", "RESULT", shown_terms) },
        { "medium", HELP("LEÍDO", "SCANNED") },
        { "location", HELP("EN", "AT") },
        { "time", HELP("MOMENTO", "TIME") },
        { "person", HELP("QUIÉN", "WHO") },
};
static const struct column scan_columns[] = {
        { "result", CODES("RESULTADO", "RESULT", scan_result_terms) },
        { "medium", HELP("SOPORTE", "MEDIUM") },
        { "location", HELP("EN", "AT") },
        { "belongs", HELP("SITIO", "BELONGS AT") },
        { "text", HELP("LEÍDO", "SCANNED") },
};

static const struct verb stocktake_verbs[] = {
        { "stocktake", "start", ROLE_CUSTODIAN | ROLE_SECURITY, VERB_WRITES,
          HELP("Empieza el recuento de un lugar (U6)", "Begins the stocktake of a place (U6)"),
          PARAMS(start_params), COLUMNS(columns), .run = run_start },
        { "stocktake", "scan", ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY, VERB_WRITES,
          HELP("Lee lugares y soportes (U6)", "Scans places and media (U6)"), PARAMS(scan_params),
          COLUMNS(scan_columns), .run = stocktake_run_scan },
        { "stocktake", "finish", ROLE_CUSTODIAN | ROLE_SECURITY, VERB_WRITES,
          HELP("Cierra el recuento y dice qué falta (U6, K2)",
               "Finishes the stocktake and says what is missing (U6, "
               "K2)"),
          PARAMS(finish_params), COLUMNS(columns), .run = stocktake_run_finish },
        { "stocktake", "show", ROLE_ANY, VERB_READS,
          HELP("Muestra los recuentos, o uno con lo leído y lo que falta",
               "Shows the stocktakes, or one with what was scanned and what is missing"),
          PARAMS(show_params), COLUMNS(columns), .run = run_show },
        { "report", "stocktake", ROLE_CUSTODIAN | ROLE_SECURITY | ROLE_AUDITOR, VERB_WRITES | VERB_BULK,
          HELP("Acta de un recuento (U6)", "Record of a stocktake (U6)"), PARAMS(report_params), COLUMNS(columns),
          .run = stocktake_run_report },
};

const struct room stocktake_room = {
        .verbs = stocktake_verbs,
        .verbs_n = COUNT(stocktake_verbs),
        .events = stocktake_events,
        .events_n = STOCKTAKE_EVENTS,
};
