/* Searches, shipments, refused and failed accesses, temperatures, the configuration: single cases and their sums.
 */
#include <stdio.h>
#include <string.h>

#include "metrics/follow.h"
#include "policy/baseline.h"

/* --- searches ------------------------------------------------------------------------------------------------- */

int follow_sought(struct db *db, const struct event *event, struct error *err) {
        char category[CATEGORY_TEXT];
        int r = medium_category(db, event->subject, category, err);

        if (r == 0)
                r = db_exec(
                        db, err,
                        "INSERT INTO metric_search (search, medium, category, time, target) VALUES (?, ?, ?, ?, "
                        "?)",
                        "sssii", json_text_or_empty(event->data, "search"), event->subject, category, event->time,
                        json_int(event->data, "target", 0));
        return r < 0 ? r : 0;
}

static int search_ended(struct db *db, const struct event *event, const char *search, struct error *err) {
        const int64_t seconds = json_int(event->data, "seconds", 0);
        char category[CATEGORY_TEXT];
        const bool in_time = seconds < json_int(event->data, "target", 0);
        const struct day_sums sums = {
                .cases = 1, .good = in_time, .total = seconds, .measured = true, .value = seconds
        };
        const struct metric_case one = { .figure = kpi_terms[KPI_LOCATE].code,
                                         .category = category,
                                         .subject = search,
                                         .about = event->subject,
                                         .value = seconds,
                                         .mark = in_time };
        int r = medium_category(db, event->subject, category, err);

        if (r == 0)
                r = db_exec(db, err, "DELETE FROM metric_search WHERE search = ?", "s", search);
        if (r >= 0)
                r = case_add(db, event, &one, err);
        return r < 0 ? r : day_add(db, one.figure, category, event->time, &sums, err);
}

/* Without a search it is a scan of a medium that nobody sought: it was seen. */
int follow_located(struct db *db, const struct event *event, struct error *err) {
        const char *search = json_text(event->data, "search");
        int r = search ? search_ended(db, event, search, err) : 0;

        return r < 0 ? r : follow_seen(db, event, err);
}

/* --- shipments and incidents ---------------------------------------------------------------------------------- */

/* A shipment is of the highest category of its media. A drill (A1) is none: nothing of it counts. */
int follow_shipment(struct db *db, const struct event *event, struct error *err) {
        int highest = CATEGORY_BASICA;
        const json_t *item;
        size_t i;
        int r;

        if (json_flag(event->data, "drill"))
                return 0;
        json_array_foreach(json_object_get(event->data, "media"), i, item) {
                char category[CATEGORY_TEXT];
                int one;

                r = medium_category(db, json_text_or_empty(item, "id"), category, err);
                if (r < 0)
                        return r;
                one = term_parse(category_terms, CATEGORIES, category);
                if (one > highest)
                        highest = one;
        }
        r = db_exec(db, err, "INSERT INTO metric_shipment (shipment, category) VALUES (?, ?)", "ss", event->subject,
                    category_terms[highest].code);
        return r < 0 ? r : 0;
}

/* "" when it is no shipment. */
static int shipment_category(struct db *db, const char *shipment, char ret[CATEGORY_TEXT], struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, "SELECT category FROM metric_shipment WHERE shipment = ?", "s", shipment);

        if (r == 0)
                r = rows_next(rows, err);
        (void) snprintf(ret, CATEGORY_TEXT, "%s", r > 0 ? rows_text(rows, 0) : "");
        return r < 0 ? r : 0;
}

int follow_dispatched(struct db *db, const struct event *event, struct error *err) {
        const struct day_sums sums = { .cases = 1 };
        char category[CATEGORY_TEXT];
        int r = shipment_category(db, event->subject, category, err);

        return r < 0 || !*category ? r
                                   : day_add(db, kpi_terms[KPI_TRANSPORT].code, category, event->time, &sums, err);
}

static int incident_case(struct db *db, const struct event *event, const char *figure, const char *category,
                         const struct day_sums *sums, struct error *err) {
        const struct metric_case one = { .figure = figure,
                                         .category = category,
                                         .subject = event->subject,
                                         .about = json_text_or_empty(event->data, "subject"),
                                         .value = 1 };
        int r = case_add(db, event, &one, err);

        return r < 0 ? r : day_add(db, figure, category, event->time, sums, err);
}

/* One about a shipment is one in transport, but for the review that an emergency always gets (T6). */
int follow_incident(struct db *db, const struct event *event, struct error *err) {
        static const struct day_sums access = { .cases = 1 }, transport = { .bad = 1 };
        const char *kind = json_text_or_empty(event->data, "kind");
        char category[CATEGORY_TEXT];
        int r = 0;

        if (strcmp(kind, "access") == 0)
                r = incident_case(db, event, metric_terms[METRIC_UNAUTHORISED].code, "", &access, err);
        if (r == 0 && strcmp(kind, "review") != 0)
                r = shipment_category(db, json_text_or_empty(event->data, "subject"), category, err);
        else
                return r;
        return r < 0 || !*category
                       ? r
                       : incident_case(db, event, kpi_terms[KPI_TRANSPORT].code, category, &transport, err);
}

/* --- attempts ------------------------------------------------------------------------------------------------- */

static int failed(struct db *db, const struct event *event, const char *who, const char *at, int64_t attempts,
                  struct error *err) {
        const struct day_sums sums = { .cases = attempts, .measured = true, .value = attempts };
        const struct metric_case one = { .figure = metric_terms[METRIC_FAILED].code,
                                         .category = "",
                                         .subject = who,
                                         .about = at,
                                         .value = attempts };
        int r = case_add(db, event, &one, err);

        return r < 0 ? r : day_add(db, one.figure, "", event->time, &sums, err);
}

/* Of a flood only some are on record, each with the number of those left out before it. */
int follow_act_refused(struct db *db, const struct event *event, struct error *err) {
        const char *who = strcmp(event->actor, "-") == 0 ? event->os_user : event->actor;

        if (strcmp(json_text_or_empty(event->data, "outcome"), "denied") != 0)
                return 0;
        return failed(db, event, who, json_text_or_empty(event->data, "verb"),
                      1 + json_int(event->data, "suppressed", 0), err);
}

int follow_open_failed(struct db *db, const struct event *event, struct error *err) {
        return failed(db, event, event->subject, event->actor, 1, err);
}

/* --- temperature ---------------------------------------------------------------------------------------------- */

/* The day is that of the reading, which may be imported later. */
static int measured(struct db *db, const char *area, int64_t time, int64_t value, struct error *err) {
        const struct day_sums sums = { .cases = 1, .measured = true, .value = value };
        int r = db_exec(
                db, err,
                "INSERT INTO metric_reading (area, time, temperature) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                "sii", area, time, value);

        return r <= 0 ? r : day_add(db, metric_terms[METRIC_TEMPERATURE].code, "", time, &sums, err);
}

int follow_measured(struct db *db, const struct event *event, struct error *err) {
        const json_t *reading;
        size_t i;
        int r = db_exec(db, err, "INSERT INTO metric_area (area) VALUES (?) ON CONFLICT DO NOTHING", "s",
                        event->subject);

        json_array_foreach(json_object_get(event->data, "readings"), i, reading) {
                const json_t *value = json_array_get(reading, 1);

                if (r < 0)
                        return r;
                if (json_is_integer(value))
                        r = measured(db, event->subject, json_integer_value(json_array_get(reading, 0)),
                                     json_integer_value(value), err);
        }
        return r < 0 ? r : 0;
}

/* --- configuration -------------------------------------------------------------------------------------------- */

static int checked(struct db *db, const struct event *event, enum metric metric, int64_t value, int64_t mark,
                   struct error *err) {
        const struct day_sums sums = { .cases = 1, .measured = true, .value = value };
        const struct metric_case one = { .figure = metric_terms[metric].code,
                                         .category = "",
                                         .subject = event->subject,
                                         .about = event->station,
                                         .value = value,
                                         .mark = mark };
        int r = case_add(db, event, &one, err);

        return r < 0 ? r : day_add(db, one.figure, "", event->time, &sums, err);
}

/* The mark of a drift is its level, since a key of a critical kind is critical however few they are. */
int follow_baseline(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        const struct baseline_counts counts = { .keys = json_int(data, "keys", 0),
                                                .now = json_int(data, "present", 0),
                                                .missing = json_int(data, "missing", 0),
                                                .changed = json_int(data, "changed", 0),
                                                .added = json_int(data, "added", 0),
                                                .critical = json_int(data, "critical", 0) };
        int level = term_parse(drift_level_terms, DRIFT_LEVELS, json_text_or_empty(data, "level"));
        struct baseline_kpis kpis;
        int r;

        baseline_kpis(&counts, &kpis);
        r = checked(db, event, METRIC_DRIFT, kpis.key_drift, level < 0 ? DRIFT_NONE : level, err);
        return r < 0 ? r : checked(db, event, METRIC_COVERAGE, kpis.key_coverage, 0, err);
}
