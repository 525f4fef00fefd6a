/* Destructions from their request on, and which of them a certificate stands for. The sums are those of the day of
 * the destruction, whenever its certificate was signed or revoked. */
#include <stdio.h>

#include "metrics/follow.h"

/* A certificate holds once the executor, the supervisor and the organisation have signed it. */
enum { LAST_SIGNATURE = 3 };

static const char *destruction_of(const struct event *event) {
        return json_text_or_empty(event->data, "destruction");
}

int follow_requested(struct db *db, const struct event *event, struct error *err) {
        char category[CATEGORY_TEXT];
        int r = medium_category(db, event->subject, category, err);

        if (r == 0)
                r = db_exec(db, err,
                            "INSERT INTO metric_destruction (destruction, medium, category, requested, certified) "
                            "VALUES (?, ?, ?, ?, 0)",
                            "sssi", destruction_of(event), event->subject, category, event->time);
        return r < 0 ? r : 0;
}

int follow_request_refused(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "DELETE FROM metric_destruction WHERE destruction = ?", "s",
                        destruction_of(event));

        return r < 0 ? r : 0;
}

struct destruction {
        bool there, executed;
        char category[CATEGORY_TEXT];
        int64_t requested, when, certified;
};

static int load(struct db *db, const char *id, struct destruction *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                db, &rows, err,
                "SELECT category, requested, executed, certified FROM metric_destruction WHERE destruction = ?",
                "s", id);

        *ret = (struct destruction){ 0 };
        if (r == 0)
                r = rows_next(rows, err);
        if (r <= 0)
                return r;
        ret->there = true;
        (void) snprintf(ret->category, sizeof ret->category, "%s", rows_text(rows, 0));
        ret->requested = rows_int(rows, 1);
        ret->executed = !rows_null(rows, 2);
        ret->when = rows_int(rows, 2);
        ret->certified = rows_int(rows, 3);
        return 0;
}

int follow_executed(struct db *db, const struct event *event, struct error *err) {
        struct destruction destruction;
        int r = load(db, destruction_of(event), &destruction, err);

        if (r == 0 && destruction.there) {
                int64_t seconds = (event->time - destruction.requested) / SECOND;
                const struct day_sums sums = { .cases = 1,
                                               .good = destruction.certified > 0,
                                               .total = seconds < 0 ? 0 : seconds };

                r = db_exec(db, err, "UPDATE metric_destruction SET executed = ? WHERE destruction = ?", "is",
                            event->time, destruction_of(event));
                if (r >= 0)
                        r = day_add(db, kpi_terms[KPI_DESTRUCTION].code, destruction.category, event->time, &sums,
                                    err);
        }
        return r < 0 ? r : follow_retired(db, event, err);
}

/* --- certificates --------------------------------------------------------------------------------------------- */

/* Of a wipe too: its source is then no destruction, and stands for none. */
int follow_certificate(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "INSERT INTO metric_certificate (number, source, valid) VALUES (?, ?, 0)", "ss",
                        json_text_or_empty(event->data, "number"), json_text_or_empty(event->data, "source"));

        return r < 0 ? r : 0;
}

static int certify(struct db *db, const char *id, int64_t more, struct error *err) {
        struct destruction destruction;
        int r = load(db, id, &destruction, err);
        const struct day_sums sums = { .good = (destruction.certified + more > 0) - (destruction.certified > 0) };

        if (r < 0 || !destruction.there)
                return r;
        r = db_exec(db, err, "UPDATE metric_destruction SET certified = certified + ? WHERE destruction = ?", "is",
                    more, id);
        if (r >= 0 && destruction.executed && sums.good)
                r = day_add(db, kpi_terms[KPI_DESTRUCTION].code, destruction.category, destruction.when, &sums,
                            err);
        return r < 0 ? r : 0;
}

static int turn(struct db *db, const char *number, bool valid, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err,
                         "SELECT source FROM metric_certificate WHERE number = ? AND valid <> ? ORDER BY source",
                         "si", number, (int64_t) valid);

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = certify(db, rows_text(rows, 0), valid ? 1 : -1, err);
        if (r == 0)
                r = db_exec(db, err, "UPDATE metric_certificate SET valid = ? WHERE number = ?", "is",
                            (int64_t) valid, number);
        return r < 0 ? r : 0;
}

int follow_signed(struct db *db, const struct event *event, struct error *err) {
        return json_int(event->data, "position", 0) == LAST_SIGNATURE
                       ? turn(db, json_text_or_empty(event->data, "number"), true, err)
                       : 0;
}

int follow_withdrawn(struct db *db, const struct event *event, struct error *err) {
        return turn(db, json_text_or_empty(event->data, "number"), false, err);
}
