/* How each medium stands, and the sums a day of those that are as they should be. */
#include <stdio.h>
#include <string.h>

#include "metrics/follow.h"
#include "policy/terms.h"

/* --- shared --------------------------------------------------------------------------------------------------- */

int day_add(struct db *db, const char *figure, const char *category, int64_t time, const struct day_sums *sums,
            struct error *err) {
        int r = db_exec(
                db, err,
                "INSERT INTO metric_day (figure, category, day, cases, good, bad, total, least, most) VALUES "
                "(?1, ?2, ?3, ?4, ?5, ?6, ?7, CASE WHEN ?8 THEN ?9 END, CASE WHEN ?8 THEN ?9 END) "
                "ON CONFLICT (figure, category, day) DO UPDATE SET cases = cases + excluded.cases, "
                "good = good + excluded.good, bad = bad + excluded.bad, total = total + excluded.total, "
                "least = min(coalesce(least, excluded.least), coalesce(excluded.least, least)), "
                "most = max(coalesce(most, excluded.most), coalesce(excluded.most, most))",
                "ssiiiiiii", figure, category, (int64_t) (time / DAY), sums->cases, sums->good, sums->bad,
                sums->total, (int64_t) sums->measured, sums->value);

        return r < 0 ? r : 0;
}

int case_add(struct db *db, const struct event *event, const struct metric_case *one, struct error *err) {
        int r = db_exec(db, err,
                        "INSERT INTO metric_case (figure, time, seq, category, subject, about, value, mark) VALUES "
                        "(?, ?, ?, ?, ?, ?, ?, ?)",
                        "siisssii", one->figure, event->time, event->seq, one->category, one->subject, one->about,
                        one->value, one->mark);

        return r < 0 ? r : 0;
}

static int load(struct db *db, const char *medium, char category[CATEGORY_TEXT], int64_t *ret_bits,
                struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, "SELECT category, bits FROM metric_medium WHERE medium = ?", "s", medium);

        if (r == 0)
                r = rows_next(rows, err);
        category[0] = '\0';
        if (r <= 0)
                return r;
        (void) snprintf(category, CATEGORY_TEXT, "%s", rows_text(rows, 0));
        *ret_bits = rows_int(rows, 1);
        return 1;
}

int medium_category(struct db *db, const char *medium, char ret[CATEGORY_TEXT], struct error *err) {
        int64_t bits;
        int r = load(db, medium, ret, &bits, err);

        return r < 0 ? r : 0;
}

/* --- sums ----------------------------------------------------------------------------------------------------- */

/* What a medium that stands like this counts for. */
struct counted {
        struct {
                const char *figure;
                bool cases, good;
        } figures[3];
};

static struct counted count(int64_t bits) {
        bool live = bits & MEDIUM_LIVE, missing = bits & MEDIUM_MISSING;
        bool holds = live && bits & MEDIUM_CAN && !(bits & MEDIUM_EMPTY);

        return (struct counted){ {
                { kpi_terms[KPI_LABELLED].code, live, live && bits & MEDIUM_LABELLED && !missing },
                { kpi_terms[KPI_ENCRYPTED].code, holds, holds && bits & MEDIUM_ENCRYPTED },
                { metric_terms[METRIC_NOT_LOCATED].code, live && missing, false },
        } };
}

static int add_change(struct db *db, const struct event *event, const char *category, int64_t before, int64_t after,
                      struct error *err) {
        const struct counted old = count(before), now = count(after);

        for (size_t i = 0; i < sizeof now.figures / sizeof now.figures[0]; i++) {
                const struct day_sums sums = { .cases = now.figures[i].cases - old.figures[i].cases,
                                               .good = now.figures[i].good - old.figures[i].good };
                int r = sums.cases || sums.good
                                ? day_add(db, now.figures[i].figure, category, event->time, &sums, err)
                                : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

int medium_change(struct db *db, const struct event *event, const char *medium, int64_t set, int64_t clear,
                  struct error *err) {
        char category[CATEGORY_TEXT];
        int64_t before = 0, after;
        int r = load(db, medium, category, &before, err);

        if (r <= 0)
                return r;
        after = (before | set) & ~clear;
        if (after == before)
                return 0;
        r = db_exec(db, err, "UPDATE metric_medium SET bits = ? WHERE medium = ?", "is", after, medium);
        return r < 0 ? r : add_change(db, event, category, before, after, err);
}

static int change(struct db *db, const struct event *event, int64_t set, int64_t clear, struct error *err) {
        return medium_change(db, event, event->subject, set, clear, err);
}

/* --- events --------------------------------------------------------------------------------------------------- */

int follow_registered(struct db *db, const struct event *event, struct error *err) {
        const char *category = json_text_or_empty(event->data, "category");
        int kind = term_parse(medium_kind_terms, MEDIUM_KINDS, json_text_or_empty(event->data, "kind"));
        bool can = kind == KIND_HDD || kind == KIND_SSD || kind == KIND_TAPE;
        int64_t bits = MEDIUM_LIVE | (can ? MEDIUM_CAN : 0);
        int r = db_exec(db, err, "INSERT INTO metric_medium (medium, category, bits) VALUES (?, ?, ?)", "ssi",
                        event->subject, category, bits);

        return r < 0 ? r : add_change(db, event, category, 0, bits, err);
}

int follow_changed(struct db *db, const struct event *event, struct error *err) {
        return change(db, event, 0, MEDIUM_LABELLED, err);
}

int follow_retired(struct db *db, const struct event *event, struct error *err) {
        return change(db, event, 0, MEDIUM_LIVE, err);
}

int follow_printed(struct db *db, const struct event *event, struct error *err) {
        return change(db, event, MEDIUM_LABELLED, 0, err);
}

/* From the start on nobody can say what the device holds; what was erased is no more encrypted than empty. */
int follow_encrypting(struct db *db, const struct event *event, struct error *err) {
        return change(db, event, 0, MEDIUM_ENCRYPTED, err);
}

int follow_header(struct db *db, const struct event *event, struct error *err) {
        return *json_text_or_empty(event->data, "uuid") ? change(db, event, MEDIUM_ENCRYPTED, 0, err)
                                                        : change(db, event, 0, MEDIUM_ENCRYPTED, err);
}

/* What was sanitized is in use again. */
int follow_encrypted(struct db *db, const struct event *event, struct error *err) {
        int r = follow_header(db, event, err);

        return r < 0 ? r : change(db, event, 0, MEDIUM_EMPTY, err);
}

/* A tape has no header: it is encrypted by its set's key. */
int follow_joined(struct db *db, const struct event *event, struct error *err) {
        return change(db, event, MEDIUM_ENCRYPTED, MEDIUM_EMPTY, err);
}

int follow_wiping(struct db *db, const struct event *event, struct error *err) {
        return change(db, event, 0, MEDIUM_EMPTY, err);
}

int follow_wiped(struct db *db, const struct event *event, struct error *err) {
        bool sanitized = strcmp(json_text_or_empty(event->data, "result"), "sanitized") == 0;

        return sanitized ? change(db, event, MEDIUM_EMPTY, MEDIUM_ENCRYPTED, err)
                         : change(db, event, 0, MEDIUM_EMPTY | MEDIUM_ENCRYPTED, err);
}

int follow_looked(struct db *db, const struct event *event, struct error *err) {
        return json_flag(event->data, "holds") ? 0 : change(db, event, 0, MEDIUM_EMPTY, err);
}

int follow_validated(struct db *db, const struct event *event, struct error *err) {
        bool accepted = strcmp(json_text_or_empty(event->data, "decision"), "accept") == 0;

        return accepted ? 0 : change(db, event, 0, MEDIUM_EMPTY, err);
}

/* --- where they are ------------------------------------------------------------------------------------------- */

int follow_missed(struct db *db, const struct event *event, struct error *err) {
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(event->data, "media"), i, item) {
                int r = medium_change(db, event, json_text_or_empty(item, "medium"), MEDIUM_MISSING, 0, err);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* The scan of a place, and of what nobody knows, has no medium. */
int follow_scanned(struct db *db, const struct event *event, struct error *err) {
        const json_t *scan;
        size_t i;

        json_array_foreach(json_object_get(event->data, "scans"), i, scan) {
                const char *medium = json_text(scan, "medium");
                int r = medium ? medium_change(db, event, medium, 0, MEDIUM_MISSING, err) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

int follow_seen(struct db *db, const struct event *event, struct error *err) {
        return change(db, event, 0, MEDIUM_MISSING, err);
}

int follow_lost(struct db *db, const struct event *event, struct error *err) {
        return json_flag(event->data, "drill") ? 0 : change(db, event, MEDIUM_MISSING, 0, err);
}

int follow_put_back(struct db *db, const struct event *event, struct error *err) {
        bool missing = strcmp(json_text_or_empty(event->data, "returned"), "missing") == 0;

        return missing ? follow_lost(db, event, err) : follow_seen(db, event, err);
}
