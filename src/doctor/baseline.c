/* Baselines: their table, their map as an attachment, and what differs from it. */
#include "doctor/internal.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "store/json.h"

enum { MAP_MAX = 16 << 20, DRIFT_ROWS_MAX = 200 };

static const char *const scripts[] = {
        "CREATE TABLE baseline ("
        "  id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, digest TEXT NOT NULL, keys INTEGER NOT NULL,"
        "  reason TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('pending', 'in-force', 'superseded')),"
        "  recorded INTEGER NOT NULL, recorded_by TEXT NOT NULL, approved INTEGER, approved_by TEXT,"
        "  checked INTEGER"
        ") STRICT;"
        "CREATE UNIQUE INDEX baseline_one_in_force ON baseline (state) WHERE state = 'in-force';"
        "CREATE UNIQUE INDEX baseline_one_pending ON baseline (state) WHERE state = 'pending';"
        "CREATE TABLE baseline_check ("
        "  seq INTEGER PRIMARY KEY, baseline TEXT NOT NULL REFERENCES baseline (id), time INTEGER NOT NULL,"
        "  level TEXT NOT NULL, keys INTEGER NOT NULL, present INTEGER NOT NULL, missing INTEGER NOT NULL,"
        "  changed INTEGER NOT NULL, added INTEGER NOT NULL, critical INTEGER NOT NULL"
        ") STRICT;"
        "CREATE INDEX baseline_check_time ON baseline_check (time);",
};

static const char *const state_tables[] = { "baseline", "baseline_check", NULL };

const struct schema baseline_schema = {
        .room = "baseline", .scripts = scripts, .scripts_n = COUNT(scripts), .state_tables = state_tables
};

/* --- events -------------------------------------------------------------------------------------------------- */

/* A newer one takes the place of what still waited for approval; in_force: there was none to replace. */
static int apply_recorded(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        int r = db_exec(db, err, "UPDATE baseline SET state = 'superseded' WHERE state = 'pending'", "");

        if (r >= 0)
                r = db_exec(db, err,
                            "INSERT INTO baseline (id, number, digest, keys, reason, state, recorded, recorded_by) "
                            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                            "sisissis", event->subject, json_int(data, "number", 0), json_text(data, "digest"),
                            json_int(data, "keys", 0), json_text_or_empty(data, "reason"),
                            json_flag(data, "in_force") ? "in-force" : "pending", event->time, event->actor);
        return r < 0 ? r : 0;
}

static int apply_approved(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE baseline SET state = 'superseded' WHERE state = 'in-force'", "");

        if (r >= 0)
                r = db_exec(db, err,
                            "UPDATE baseline SET state = 'in-force', approved = ?, approved_by = ? WHERE id = ?",
                            "iss", event->time, event->actor, event->subject);
        return r < 0 ? r : 0;
}

static int apply_checked(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        int r = db_exec(db, err, "UPDATE baseline SET checked = ? WHERE id = ?", "is", event->time, event->subject);

        if (r >= 0)
                r = db_exec(
                        db, err,
                        "INSERT INTO baseline_check (seq, baseline, time, level, keys, present, missing, changed,"
                        " added, critical) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        "isisiiiiii", event->seq, event->subject, event->time, json_text(data, "level"),
                        json_int(data, "keys", 0), json_int(data, "present", 0), json_int(data, "missing", 0),
                        json_int(data, "changed", 0), json_int(data, "added", 0), json_int(data, "critical", 0));
        return r < 0 ? r : 0;
}

const struct event_type baseline_events[] = {
        { "baseline.recorded", apply_recorded },
        { "baseline.approved", apply_approved },
        { "baseline.checked", apply_checked },
        { "baseline.drift", NULL },
};
_Static_assert(COUNT(baseline_events) == BASELINE_EVENTS, "all events are offered");

/* --- reading ------------------------------------------------------------------------------------------------- */

static void copy(char *out, size_t size, const char *text) {
        (void) snprintf(out, size, "%s", text ? text : "");
        utf8_trim(out);
}

static int none(const char *id, struct error *err) {
        if (id)
                return fail(err, ERR_NOT_FOUND, "No hay base de configuración %.20s.",
                            "There is no configuration baseline %.20s.", id);
        return refuse(err, ERR_NOT_FOUND, "X5", "No hay base de configuración en vigor.",
                      "No configuration baseline is in force.");
}

int baseline_load(struct db *db, const char *id, struct baseline *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        struct baseline baseline = { 0 };
        int r = db_query(db, &rows, err,
                         "SELECT id, digest, keys, state, reason, recorded, recorded_by, coalesce(approved, 0), "
                         "approved_by, coalesce(checked, 0) FROM baseline "
                         "WHERE CASE WHEN ?1 IS NULL THEN state = 'in-force' ELSE id = ?1 END",
                         "s", id);

        if (r == 0)
                r = rows_next(rows, err);
        if (r <= 0)
                return r < 0 ? r : none(id, err);
        copy(baseline.id, sizeof baseline.id, rows_text(rows, 0));
        copy(baseline.digest, sizeof baseline.digest, rows_text(rows, 1));
        baseline.keys = rows_int(rows, 2);
        copy(baseline.state, sizeof baseline.state, rows_text(rows, 3));
        copy(baseline.reason, sizeof baseline.reason, rows_text(rows, 4));
        baseline.recorded = rows_int(rows, 5);
        copy(baseline.recorded_by, sizeof baseline.recorded_by, rows_text(rows, 6));
        baseline.approved = rows_int(rows, 7);
        copy(baseline.approved_by, sizeof baseline.approved_by, rows_text(rows, 8));
        baseline.checked = rows_int(rows, 9);
        *ret = baseline;
        return 0;
}

int baseline_map(struct act *act, const struct baseline *baseline, json_t **ret, struct error *err) {
        _cleanup_free_ char *path = act_path(act, "attachments", baseline->digest), *text = NULL;
        _cleanup_json_ json_t *map = NULL;
        char digest[SHA256_TEXT];
        size_t n = 0;
        int r = path ? file_read(path, MAP_MAX, &text, &n, err) : fail_memory(err);

        if (r < 0)
                return r;
        if (sha256_text(text, n, digest) < 0)
                return fail_memory(err);
        if (strcmp(digest, baseline->digest) != 0 || json_parse(text, n, &map, NULL) < 0 || !json_is_object(map))
                return refuse(err, ERR_VERIFY, "X5", "El contenido de la base %s no es el que se registró.",
                              "The content of baseline %s is not what was recorded.", baseline->id);
        *ret = TAKE_PTR(map);
        return 0;
}

static json_t *check_to_json(const struct rows *rows) {
        static const char *const members[] = { "baseline", "time",    "level", "keys",
                                               "missing",  "changed", "added", "present" };
        const struct baseline_counts counts = { .keys = rows_int(rows, 3),
                                                .missing = rows_int(rows, 4),
                                                .changed = rows_int(rows, 5),
                                                .added = rows_int(rows, 6),
                                                .now = rows_int(rows, 7) };
        struct baseline_kpis kpis;
        json_t *row = rows_to_json(rows, members, "stsiiiii");

        baseline_kpis(&counts, &kpis);
        (void) json_object_set_new(row, "drift_rate", json_integer(kpis.drift_rate));
        (void) json_object_set_new(row, "coverage", json_integer(kpis.coverage));
        (void) json_object_set_new(row, "key_drift", json_integer(kpis.key_drift));
        (void) json_object_set_new(row, "key_coverage", json_integer(kpis.key_coverage));
        return row;
}

int baseline_rows(struct db *db, bool checks, json_t **ret, struct error *err) {
        static const char *const members[] = { "baseline", "state",  "time",     "by",
                                               "keys",     "reason", "approved", "approved_by" };
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *list = json_array();
        int r = checks ? db_query(db, &rows, err,
                                  "SELECT baseline, time, level, keys, missing, changed, added, present FROM "
                                  "baseline_check ORDER BY seq DESC LIMIT 1000",
                                  "")
                       : db_query(db, &rows, err,
                                  "SELECT id, state, recorded, recorded_by, keys, reason, approved, approved_by "
                                  "FROM "
                                  "baseline ORDER BY number DESC LIMIT 1000",
                                  "");

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = json_array_append_new(list,
                                          checks ? check_to_json(rows) : rows_to_json(rows, members, "sstsists"))
                            ? fail_memory(err)
                            : 0;
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

/* --- comparing ----------------------------------------------------------------------------------------------- */

static int add_row(json_t *rows, struct baseline_counts *counts, const char *key, const char *deviation,
                   const char *expected, const char *actual) {
        const struct baseline_kind *kind = baseline_kind_of(key);
        bool critical = !kind || kind->critical; /* a kind that nobody knows is not harmless */

        counts->critical += critical;
        return json_array_append_new(rows,
                                     json_pack("{s:s, s:s, s:b, s:s, s:s}", "key", key, "deviation", deviation,
                                               "critical", critical, "expected", expected, "actual", actual));
}

int baseline_compare(json_t *expected, json_t *actual, struct baseline_counts *ret, json_t **ret_rows,
                     struct error *err) {
        struct baseline_counts counts = { .keys = (int64_t) json_object_size(expected),
                                          .now = (int64_t) json_object_size(actual) };
        _cleanup_json_ json_t *rows = json_array();
        const char *key;
        json_t *value;
        int r = rows ? 0 : -1;

        json_object_foreach(expected, key, value) {
                const char *before = json_string_value(value) ? json_string_value(value) : "";
                const char *now = json_text(actual, key);

                if (!now) {
                        counts.missing++;
                        r |= add_row(rows, &counts, key, "missing", before, "");
                } else if (strcmp(before, now) != 0) {
                        counts.changed++;
                        r |= add_row(rows, &counts, key, "changed", before, now);
                }
        }
        json_object_foreach(actual, key, value) {
                if (json_text(expected, key))
                        continue;
                counts.added++;
                r |= add_row(rows, &counts, key, "added", "", json_string_value(value));
        }
        if (r < 0)
                return fail_memory(err);
        *ret = counts;
        *ret_rows = TAKE_PTR(rows);
        return 0;
}

/* --- checking ------------------------------------------------------------------------------------------------ */

static json_t *counts_to_json(const struct baseline *baseline, const struct baseline_counts *counts) {
        struct baseline_kpis kpis;

        baseline_kpis(counts, &kpis);
        return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "baseline", baseline->id,
                         "level", drift_level_terms[baseline_judge(counts)].code, "keys", (json_int_t) counts->keys,
                         "present", (json_int_t) counts->now, "missing", (json_int_t) counts->missing, "changed",
                         (json_int_t) counts->changed, "added", (json_int_t) counts->added, "critical",
                         (json_int_t) counts->critical, "drift_rate", (json_int_t) kpis.drift_rate, "coverage",
                         (json_int_t) kpis.coverage, "key_drift", (json_int_t) kpis.key_drift, "key_coverage",
                         (json_int_t) kpis.key_coverage);
}

/* What an event tells of a long list: the first rows, and that there are more. */
static json_t *drift_data(const json_t *checked, const json_t *rows) {
        json_t *data = json_deep_copy(checked), *some = json_array();

        for (size_t i = 0; i < json_array_size(rows) && i < DRIFT_ROWS_MAX; i++)
                (void) json_array_append(some, json_array_get(rows, i));
        (void) json_object_set_new(data, "more", json_boolean(json_array_size(rows) > DRIFT_ROWS_MAX));
        (void) json_object_set_new(data, "rows", some);
        return data;
}

int baseline_drift(struct act *act, const struct doctor_context *context, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *expected = NULL, *now = NULL, *rows = NULL, *answer = NULL;
        struct baseline_counts counts;
        struct baseline baseline;
        int r = baseline_load(act->db, NULL, &baseline, err);

        if (r == 0)
                r = baseline_map(act, &baseline, &expected, err);
        if (r == 0)
                r = baseline_snapshot(context, &now, err);
        if (r == 0)
                r = baseline_compare(expected, now, &counts, &rows, err);
        if (r < 0)
                return r;
        answer = counts_to_json(&baseline, &counts);
        if (!answer || json_object_set(answer, "rows", rows) < 0)
                return fail_memory(err);
        *ret = TAKE_PTR(answer);
        return 0;
}

int baseline_check_run(struct act *act, const struct doctor_context *context, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *answer = NULL, *checked = NULL, *drift = NULL;
        struct fact facts[2];
        size_t n = 0;
        int r = baseline_drift(act, context, &answer, err);
        const json_t *rows = json_object_get(answer, "rows");
        const char *id = json_text(answer, "baseline");

        if (r < 0)
                return r;
        checked = json_copy(answer);
        if (!checked || json_object_del(checked, "rows") < 0)
                return fail_memory(err);
        facts[n++] = (struct fact){ "baseline.checked", id, checked };
        if (json_array_size(rows) > 0) {
                drift = drift_data(checked, rows);
                if (!drift)
                        return fail_memory(err);
                facts[n++] = (struct fact){ "baseline.drift", id, drift };
        }
        r = act_record(act, facts, n, err);
        if (r == 0)
                *ret = TAKE_PTR(answer);
        return r;
}

int baseline_check_due(struct act *act, bool *ret, struct error *err) {
        struct baseline baseline;
        int r = baseline_load(act->db, NULL, &baseline, err);

        if (r < 0 && r != ERR_NOT_FOUND)
                return r;
        *ret = r == 0 && act_now(act) - (baseline.checked ? baseline.checked : baseline.recorded) >= DAY;
        return 0;
}
