/* The table of jobs: read for others, and written only by the events. */
#include <stdio.h>
#include <string.h>

#include "ledger/ledger.h"
#include "sanitize/internal.h"
#include "store/json.h"

const struct term sanitization_state_terms[SANITIZATION_STATES] = {
        [SANITIZATION_RUNNING] = { "running", { "en curso", "running" } },
        [SANITIZATION_INTERRUPTED] = { "interrupted", { "interrumpido", "interrupted" } },
        [SANITIZATION_SANITIZED] = { "sanitized", { "saneado", "sanitized" } },
        [SANITIZATION_NOT_SANITIZED] = { "not-sanitized", { "NO saneado", "NOT sanitized" } },
        [SANITIZATION_FAILED] = { "failed", { "fallido", "failed" } },
        [SANITIZATION_CANCELLED] = { "cancelled", { "cancelado", "cancelled" } },
};

static const char *const scripts[] = {
        "CREATE TABLE sanitization ("
        "  job TEXT PRIMARY KEY, medium TEXT NOT NULL, number INTEGER NOT NULL, state TEXT NOT NULL,"
        "  scheme TEXT NOT NULL, demanded TEXT NOT NULL, reached TEXT NOT NULL, classification TEXT NOT NULL,"
        "  kind TEXT NOT NULL, operator TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER,"
        "  started_seq INTEGER NOT NULL, ended_seq INTEGER, resumed INTEGER NOT NULL DEFAULT 0,"
        "  started_data TEXT NOT NULL, evidence TEXT, ended_data TEXT, verified INTEGER, verified_by TEXT,"
        "  UNIQUE (medium, number)"
        ") STRICT;"
        "CREATE UNIQUE INDEX sanitization_one_a_medium ON sanitization (medium)"
        "  WHERE state IN ('running', 'interrupted');",
        /* S4: what was measured, who looked again, who accepted. Looks of before this have no row. */
        "ALTER TABLE sanitization ADD COLUMN calibration TEXT;"
        "CREATE TABLE sanitization_look ("
        "  seq INTEGER PRIMARY KEY, job TEXT NOT NULL, kind TEXT NOT NULL, tool TEXT NOT NULL, person TEXT NOT "
        "NULL,"
        "  other INTEGER NOT NULL, holds INTEGER NOT NULL, bytes INTEGER NOT NULL, differing INTEGER NOT NULL,"
        "  result TEXT NOT NULL, time INTEGER NOT NULL"
        ") STRICT;"
        "CREATE INDEX sanitization_look_job ON sanitization_look (job);"
        "CREATE UNIQUE INDEX sanitization_look_result ON sanitization_look (result) WHERE result <> '';"
        "CREATE TABLE sanitization_validation ("
        "  job TEXT PRIMARY KEY, decision TEXT NOT NULL, reason TEXT NOT NULL, person TEXT NOT NULL,"
        "  statement TEXT NOT NULL, signature TEXT NOT NULL, certificate TEXT NOT NULL, time INTEGER NOT NULL"
        ") STRICT;",

        /* Those of a year, and those that stand still, among all that ever were. */
        "CREATE INDEX sanitization_ended ON sanitization (ended);"
        "CREATE INDEX sanitization_interrupted ON sanitization (started) WHERE state = 'interrupted';",
        /* S3: the house's own. */
        "CREATE TABLE sanitization_pattern ("
        "  name TEXT PRIMARY KEY, passes TEXT NOT NULL, person TEXT NOT NULL, reason TEXT NOT NULL,"
        "  time INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;",
};
static const char *const state_tables[] = { "sanitization", "sanitization_look", "sanitization_validation",
                                            "sanitization_pattern", NULL };

const struct schema sanitize_schema = { "sanitize", scripts, COUNT(scripts), state_tables };

#define COLUMNS_OF_JOB                                                                                             \
        "job, medium, state, scheme, demanded, reached, classification, kind, operator, started, ended, "          \
        "started_seq, "                                                                                            \
        "ended_seq, started_data, ended_data"

void sanitization_record_done(struct sanitization_record *record) {
        json_decref(record->started_data);
        json_decref(record->ended_data);
        record->started_data = record->ended_data = NULL;
}

static int read_json(const char *text, json_t **ret, struct error *err) {
        return text ? json_parse(text, strlen(text), ret, err) : 0;
}

static int term_of(const struct term *terms, size_t n, const char *code, int *ret, struct error *err) {
        int value = term_parse(terms, n, code);

        if (value < 0)
                return fail(err, ERR_FAILED, "La tabla de saneamientos está dañada: «%s».",
                            "The table of sanitizations is damaged: “%s”.", code);
        *ret = value;
        return 0;
}

static int read_terms(const struct rows *rows, struct sanitization_record *record, struct error *err) {
        int state, scheme, demanded, reached, classification, kind, r;

        r = term_of(sanitization_state_terms, SANITIZATION_STATES, rows_text(rows, 2), &state, err);
        if (r == 0)
                r = term_of(scheme_terms, SCHEMES, rows_text(rows, 3), &scheme, err);
        if (r == 0)
                r = term_of(sanitize_level_terms, SANITIZE_LEVELS, rows_text(rows, 4), &demanded, err);
        if (r == 0)
                r = term_of(sanitize_level_terms, SANITIZE_LEVELS, rows_text(rows, 5), &reached, err);
        if (r == 0)
                r = term_of(classification_terms, CLASSIFICATIONS, rows_text(rows, 6), &classification, err);
        if (r == 0)
                r = term_of(medium_kind_terms, MEDIUM_KINDS, rows_text(rows, 7), &kind, err);
        if (r < 0)
                return r;
        record->state = (enum sanitization_state) state;
        record->scheme = (enum scheme_id) scheme;
        record->demanded = (enum sanitize_level) demanded;
        record->reached = (enum sanitize_level) reached;
        record->classification = (enum classification) classification;
        record->kind = (enum medium_kind) kind;
        return 0;
}

static int read_record(struct rows *rows, struct sanitization_record *ret, struct error *err) {
        _cleanup_sanitization_ struct sanitization_record record = { 0 };
        int r = read_terms(rows, &record, err);

        if (r < 0)
                return r;
        (void) snprintf(record.job, sizeof record.job, "%s", rows_text(rows, 0));
        (void) snprintf(record.medium, sizeof record.medium, "%s", rows_text(rows, 1));
        (void) snprintf(record.operator, sizeof record.operator, "%s", rows_text(rows, 8));
        record.started = rows_int(rows, 9);
        record.ended = rows_int(rows, 10);
        record.started_seq = rows_int(rows, 11);
        record.ended_seq = rows_int(rows, 12);
        r = read_json(rows_text(rows, 13), &record.started_data, err);
        if (r == 0)
                r = read_json(rows_text(rows, 14), &record.ended_data, err);
        if (r < 0)
                return r;
        *ret = record;
        memset(&record, 0, sizeof record);
        return 0;
}

int sanitization_last(struct db *db, const char *medium, struct sanitization_record *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err,
                         "SELECT " COLUMNS_OF_JOB
                         " FROM sanitization WHERE medium = ? ORDER BY number DESC LIMIT 1",
                         "s", medium);

        if (r < 0)
                return r;
        r = rows_next(rows, err);
        if (r < 0)
                return r;
        if (r == 0)
                return fail(err, ERR_NOT_FOUND, "El soporte %s no se ha borrado nunca.",
                            "Medium %s was never wiped.", medium);
        return read_record(rows, ret, err);
}

int sanitization_load(struct db *db, const char *job, struct sanitization_record *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, "SELECT " COLUMNS_OF_JOB " FROM sanitization WHERE job = ?", "s", job);

        if (r < 0)
                return r;
        r = rows_next(rows, err);
        if (r < 0)
                return r;
        if (r == 0)
                return fail(err, ERR_NOT_FOUND, "No existe el trabajo %s.", "There is no job %s.", job);
        return read_record(rows, ret, err);
}

struct last_start {
        char person[SANITIZATION_PERSON], insertion[128];
};

static int note_start(void *context, const struct event *event) {
        struct last_start *last = context;

        if (strcmp(event->type, "sanitization.started") != 0 && strcmp(event->type, "sanitization.resumed") != 0)
                return 0;
        (void) snprintf(last->person, sizeof last->person, "%s", event->actor);
        (void) snprintf(last->insertion, sizeof last->insertion, "%s",
                        json_text_or_empty(event->data, "insertion"));
        return 0;
}

int sanitization_at_work(struct db *db, const char *medium, const char *insertion, char person[SANITIZATION_PERSON],
                         bool *ret, struct error *err) {
        _cleanup_sanitization_ struct sanitization_record last = { 0 };
        struct last_start start = { 0 };
        int r = sanitization_last(db, medium, &last, err);

        if (r == 0)
                r = ledger_events(db, medium, last.started_seq - 1, INT64_MAX, note_start, &start, err);
        if (r < 0)
                return r;
        *ret = last.state == SANITIZATION_RUNNING && *insertion && strcmp(start.insertion, insertion) == 0;
        memcpy(person, start.person, SANITIZATION_PERSON);
        return 0;
}

int sanitization_count(struct db *db, const char *medium, int64_t *ret, struct error *err) {
        return db_int(db, ret, err, "SELECT count(*) FROM sanitization WHERE medium = ?", "s", medium);
}

int sanitization_unfinished(struct db *db, int64_t *ret, struct error *err) {
        return db_int(db, ret, err, "SELECT count(*) FROM sanitization WHERE state IN ('running', 'interrupted')",
                      "");
}

int sanitization_evidence(struct db *db, const char *job, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, "SELECT evidence FROM sanitization WHERE job = ?", "s", job);

        if (r < 0)
                return r;
        r = rows_next(rows, err);
        return r > 0 ? read_json(rows_text(rows, 0), ret, err) : r;
}

int sanitization_calibration(struct db *db, const char *job, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, "SELECT calibration FROM sanitization WHERE job = ?", "s", job);

        if (r < 0)
                return r;
        r = rows_next(rows, err);
        return r > 0 ? read_json(rows_text(rows, 0), ret, err) : r;
}

#define SANITIZATIONS(which)                                                                                       \
        "SELECT s.job, medium, state, scheme, demanded, reached, kind, operator, started, ended, resumed, "        \
        "coalesce(json_extract(ended_data, '$.verification.kind'), ''), coalesce(v.decision, '') "                 \
        "FROM sanitization s LEFT JOIN sanitization_validation v ON v.job = s.job WHERE " which                    \
        " ORDER BY started_seq"

int sanitization_rows(struct db *db, const char *medium, json_t **ret, struct error *err) {
        static const char *const members[] = { "job",     "medium",       "state",     "scheme",  "demanded",
                                               "reached", "kind",         "operator",  "started", "ended",
                                               "resumed", "verification", "validation" };
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *list = json_array();
        int r = db_query(db, &rows, err, medium ? SANITIZATIONS("medium = ?1") : SANITIZATIONS("?1 IS NULL"), "s",
                         medium);

        while (r >= 0 && (r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, rows_to_json(rows, members, "ssssssssttiss")))
                        return fail_memory(err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}

int sanitization_recent(struct db *db, int64_t since, json_t **ret, struct error *err) {
        static const char *const members[] = { "job",     "medium", "state",      "scheme", "operator",
                                               "started", "ended",  "resumed",    "device", "model",
                                               "serial",  "size",   "not_reached" };
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *list = json_array();
        int r = db_query(db, &rows, err,
                         "SELECT job, medium, state, scheme, operator, started, ended, resumed, "
                         "started_data ->> '$.device.path', started_data ->> '$.device.model', "
                         "started_data ->> '$.device.serial', started_data ->> '$.device.size', "
                         "coalesce(ended_data ->> '$.bytes_not_reached', 0) "
                         "FROM sanitization WHERE state IN ('running', 'interrupted') OR ended >= ? "
                         "ORDER BY started_seq",
                         "i", since);

        while (r >= 0 && (r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, rows_to_json(rows, members, "sssssttisssii")))
                        return fail_memory(err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}

int sanitization_each_unvalidated(struct db *db, int64_t from, int64_t to,
                                  int (*each)(void *context, const char *job, const char *medium, int64_t ended),
                                  void *context, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                db, &rows, err,
                "SELECT s.job, s.medium, s.ended FROM sanitization AS s LEFT JOIN sanitization_validation AS v ON "
                "v.job = s.job WHERE s.ended > ? AND s.ended <= ? AND s.state = 'sanitized' AND v.job IS NULL AND "
                "s.number = (SELECT max(number) FROM sanitization WHERE medium = s.medium) ORDER BY s.ended, s.job",
                "ii", from, to);

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = each(context, rows_text(rows, 0), rows_text(rows, 1), rows_int(rows, 2));
        return r;
}
