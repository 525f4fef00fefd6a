/* What is due of shipments (T6), and what left against what arrived. */
#include <string.h>

#include "base/str.h"
#include "transport/form_parts.h"
#include "transport/internal.h"

/* --- due ---------------------------------------------------------------------------------------------------- */

static struct due_facts facts_of(const json_t *shipment) {
        return (struct due_facts){
                .state = shipment_state_of(shipment),
                .tracking = (enum transport_tracking) term_parse(transport_tracking_terms, TRANSPORT_TRACKINGS,
                                                                 json_text_or_empty(shipment, "tracking")),
                .dispatched = shipment_moment(shipment, "dispatched"),
                .expected = shipment_moment(shipment, "expected"),
                .delivered = shipment_moment(shipment, "delivered"),
                .noticed = shipment_moment(shipment, "noticed"),
                .review_due = shipment_moment(shipment, "review_due"),
                .reviewed = shipment_moment(shipment, "reviewed"),
                .limit_hours = json_int(shipment, "limit", 0),
                .traced = json_array_size(json_object_get(shipment, "gps")) > 0,
        };
}

int shipment_due(struct db *db, int64_t now, int (*each)(void *context, const struct shipment_due *due),
                 void *context, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err,
                         "SELECT id FROM shipment WHERE id IN (SELECT id FROM shipment WHERE state IN "
                         "('dispatched', 'picked-up', 'in-transit', 'delivered') UNION ALL SELECT id FROM shipment "
                         "WHERE review_due IS NOT NULL AND reviewed IS NULL UNION ALL SELECT id FROM shipment AS s "
                         "WHERE delivered IS NOT NULL AND tracking = 'gps-escort' AND NOT EXISTS (SELECT 1 FROM "
                         "shipment_gps WHERE shipment = s.id)) ORDER BY number",
                         "");

        while (r >= 0 && (r = rows_next(rows, err)) > 0) {
                _cleanup_json_ json_t *shipment = NULL;
                struct due_facts facts;

                r = shipment_load(db, rows_text(rows, 0), &shipment, err);
                if (r < 0)
                        return r;
                facts = facts_of(shipment);
                for (int kind = 0; kind < DUE_KINDS && r == 0; kind++) {
                        struct shipment_due due = { .kind = (enum due_kind) kind,
                                                    .shipment = shipment_id(shipment),
                                                    .drill = json_flag(shipment, "drill") };

                        if (!transport_due((enum due_kind) kind, &facts, &due.by))
                                continue;
                        due.overdue = due.by < now;
                        r = each(context, &due);
                }
                if (r != 0)
                        return r;
        }
        return r;
}

int shipment_is_drill(struct db *db, const char *id, bool *ret, struct error *err) {
        int64_t drill = 0;
        int r = db_int(db, &drill, err, "SELECT drill FROM shipment WHERE id = ?", "s", id);

        *ret = drill != 0;
        return r == ERR_NOT_FOUND ? 0 : r;
}

struct listing {
        json_t *rows;
        bool overdue_only;
        enum lang lang;
        size_t overdue;
        struct error *err;
};

static int add_due(void *context, const struct shipment_due *due) {
        struct listing *list = context;
        const struct term *term = &due_kind_terms[due->kind];
        char by[TIME_TEXT];

        if (list->overdue_only && !due->overdue)
                return 0;
        list->overdue += due->overdue;
        time_format(due->by, by);
        return json_array_append_new(list->rows,
                                     json_pack("{s:s, s:s, s:s, s:s, s:b, s:b}", "shipment", due->shipment, "due",
                                               term->code, "what", text_in(term->name, list->lang), "by", by,
                                               "overdue", (int) due->overdue, "drill", (int) due->drill))
                       ? fail_memory(list->err)
                       : 0;
}

static int run_due(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = json_array();
        struct listing list = {
                .rows = rows, .overdue_only = json_flag(args, "overdue"), .lang = act->lang, .err = err
        };
        int r = shipment_due(act->db, act_now(act), add_due, &list, err);

        if (r < 0)
                return r;
        *ret = json_pack("{s:O, s:I}", "rows", rows, "overdue", (json_int_t) list.overdue);
        return *ret ? 0 : fail_memory(err);
}

/* --- left against arrived ----------------------------------------------------------------------------------- */

static const struct term fate_terms[] = {
        { "arrived", { "llegó", "arrived" } },
        { "missing", { "falta", "missing" } },
        { "on-the-way", { "de camino", "on the way" } },
        { "recovered", { "se perdió y apareció", "lost and found" } },
};

/* The fate of one medium: what was decided on arrival, or with the whole shipment. */
static size_t fate_of(const json_t *shipment, const json_t *medium) {
        const char *outcome = json_text(medium, "outcome");

        if (outcome && strcmp(outcome, "recovered") == 0)
                return 3;
        if (outcome)
                return strcmp(outcome, "missing") == 0;
        return shipment_state_of(shipment) == SHIPMENT_LOST ? 1 : 2;
}

/* A drill's media are shown and not counted. */
static int add_media(const json_t *shipment, json_t *rows, json_int_t counts[COUNT(fate_terms)],
                     struct error *err) {
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(shipment, "media"), i, item) {
                size_t fate = fate_of(shipment, item);
                const bool counted = !json_flag(shipment, "drill");
                json_t *row = json_pack(
                        "{s:O, s:O, s:O, s:O*, s:s, s:O*, s:O*}", "medium", json_object_get(item, "medium"),
                        "shipment", json_object_get(shipment, "shipment"), "dispatched",
                        json_object_get(shipment, "dispatched"), "arrived", json_object_get(shipment, "confirmed"),
                        "fate", fate_terms[fate].code, "outcome", json_object_get(item, "outcome"), "drill",
                        json_object_get(shipment, "drill"));

                counts[fate] += counted;
                if (json_array_append_new(rows, row))
                        return fail_memory(err);
        }
        return 0;
}

static int period_of(const json_t *args, int64_t now, int64_t *ret_from, int64_t *ret_to, struct error *err) {
        *ret_from = 0;
        *ret_to = now;
        if (json_text(args, "from"))
                (void) date_parse(json_text(args, "from"), ret_from);
        if (json_text(args, "to") && date_parse(json_text(args, "to"), ret_to) == 0)
                *ret_to += DAY - 1;
        if (*ret_from <= *ret_to)
                return 0;
        return fail(err, ERR_USAGE, "El periodo termina antes de empezar.", "The period ends before it begins.");
}

static int run_reconcile(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *media = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        json_int_t counts[COUNT(fate_terms)] = { 0 }, left;
        int64_t from, to;
        int r = period_of(args, act_now(act), &from, &to, err);

        if (r == 0)
                r = db_query(act->db, &rows, err,
                             "SELECT id FROM shipment WHERE dispatched BETWEEN ? AND ? ORDER BY number", "ii", from,
                             to);
        while (r >= 0 && (r = rows_next(rows, err)) > 0) {
                _cleanup_json_ json_t *shipment = NULL;

                r = shipment_load(act->db, rows_text(rows, 0), &shipment, err);
                if (r == 0)
                        r = add_media(shipment, media, counts, err);
        }
        if (r < 0)
                return r;
        left = counts[0] + counts[1] + counts[2] + counts[3];
        *ret = json_pack("{s:O, s:I, s:I, s:I, s:I, s:I}", "rows", media, "left", left, "arrived", counts[0],
                         "missing", counts[1], "on_the_way", counts[2], "recovered", counts[3]);
        if (!*ret)
                return fail_memory(err);
        act_say(act, "Salieron %lld soportes: llegaron %lld, faltan %lld, van de camino %lld.",
                "%lld media left: %lld arrived, %lld are missing, %lld are on the way.", (long long) left,
                (long long) counts[0], (long long) counts[1], (long long) counts[2]);
        if (counts[3])
                act_say(act, "Se perdieron y aparecieron %lld.", "%lld were lost and found.",
                        (long long) counts[3]);
        if (counts[1] == 0)
                return 0;
        (void) fail(err, ERR_VERIFY, "Faltan %lld soportes de los que salieron.",
                    "%lld of the media that left are missing.", (long long) counts[1]);
        return error_by_rule(err, "T7", "mp.si.4");
}

/* --- verbs -------------------------------------------------------------------------------------------------- */

static const struct param due_params[] = {
        { "overdue", PARAM_FLAG, 0, HELP("solo lo vencido", "what is overdue only"), 0, 0, NULL, 0 },
};
static const struct param reconcile_params[] = {
        { "from", PARAM_DATE, 0, HELP("salidas desde este día", "departures from this day on"), 0, 0, NULL, 0 },
        { "to", PARAM_DATE, 0, HELP("hasta este, incluido", "until this one, included"), 0, 0, NULL, 0 },
};
static const struct column due_columns[] = {
        { "shipment", HELP("ENVÍO", "SHIPMENT") }, { "what", HELP("QUÉ", "WHAT") },
        { "by", HELP("ANTES DE", "BY") },          { "overdue", HELP("VENCIDO", "OVERDUE") },
        { "drill", HELP("SIMULACRO", "DRILL") },
};
static const struct column reconcile_columns[] = {
        { "medium", HELP("SOPORTE", "MEDIUM") },
        { "shipment", HELP("ENVÍO", "SHIPMENT") },
        { "dispatched", HELP("SALIÓ", "LEFT") },
        { "arrived", HELP("CONFIRMADO", "CONFIRMED") },
        { "fate", CODES("QUÉ FUE DE ÉL", "FATE", fate_terms) },
        { "outcome", CODES("ESTADO", "STATE", media_outcome_terms) },
        { "drill", HELP("SIMULACRO", "DRILL") },
};

static const struct verb due_verbs[] = {
        { "ship", "due", ROLE_ANY, VERB_READS,
          HELP("Lo pendiente de los envíos: avisos, llegadas, límites, acuses, revisiones (T6)",
               "What is due of shipments: notices, arrivals, limits, acknowledgements, reviews (T6)"),
          PARAMS(due_params), COLUMNS(due_columns), .run = run_due },
        { "ship", "reconcile", ROLE_ANY, VERB_READS,
          HELP("Coteja, soporte a soporte, lo que salió con lo que llegó (T7)",
               "Matches, medium by medium, what left with what arrived (T7)"),
          PARAMS(reconcile_params), COLUMNS(reconcile_columns), .run = run_reconcile },
};

const struct room shipment_due_room = { .verbs = due_verbs, .verbs_n = COUNT(due_verbs) };
