#include "label/label_state.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static const char *const scripts[] = {
        "CREATE TABLE label (medium TEXT PRIMARY KEY, revision INTEGER NOT NULL, state TEXT NOT NULL,"
        " content TEXT NOT NULL, code TEXT NOT NULL, design TEXT NOT NULL, copies INTEGER NOT NULL,"
        " process TEXT NOT NULL, printer TEXT NOT NULL, cause TEXT NOT NULL, printed INTEGER NOT NULL,"
        " renew TEXT NOT NULL) STRICT;"
        "CREATE INDEX label_renew ON label(renew) WHERE state = 'printed';",

        /* The few that no printer took, among a million. */
        "CREATE INDEX label_prepared ON label(printed) WHERE state = 'prepared';",
};
static const char *const state_tables[] = { "label", NULL };

const struct schema label_schema = {
        .room = "label", .scripts = scripts, .scripts_n = COUNT(scripts), .state_tables = state_tables
};

const struct term label_state_terms[LABEL_STATES] = {
        [LABEL_PREPARED] = { "prepared", { "preparada", "prepared" } },
        [LABEL_PRINTED] = { "printed", { "impresa", "printed" } },
        [LABEL_VOIDED] = { "void", { "anulada", "void" } },
};

/* --- events ----------------------------------------------------------------------------------------------- */

static int put_row(struct db *db, const struct event *event, enum label_state state, struct error *err) {
        const json_t *d = event->data;
        int r = db_exec(
                db, err,
                "INSERT INTO label(medium, revision, state, content, code, design, copies, process, printer, "
                "cause, printed, renew) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?) "
                "ON CONFLICT(medium) DO UPDATE SET revision = excluded.revision, state = excluded.state, "
                "content = excluded.content, code = excluded.code, design = excluded.design, "
                "copies = excluded.copies, process = excluded.process, printer = excluded.printer, "
                "cause = '', printed = excluded.printed, renew = excluded.renew",
                "sissssissis", event->subject, json_int(d, "revision", 0), label_state_terms[state].code,
                json_text_or_empty(d, "content"), json_text_or_empty(d, "code"), json_text_or_empty(d, "design"),
                json_int(d, "copies", 0), json_text_or_empty(d, "process"), json_text_or_empty(d, "printer"),
                event->time, json_text_or_empty(d, "renew"));

        return r < 0 ? r : 0;
}

static int apply_prepared(struct db *db, const struct event *event, struct error *err) {
        return put_row(db, event, LABEL_PREPARED, err);
}

/* Events from before these rows were kept have no number of copies, and leave none. */
static int apply_printed(struct db *db, const struct event *event, struct error *err) {
        int r = medium_apply_label(db, event->subject, "valid", json_int(event->data, "revision", 0), err);

        return r < 0 || !json_object_get(event->data, "copies") ? r : put_row(db, event, LABEL_PRINTED, err);
}

static int apply_unsent(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE label SET cause = ?, printer = ? WHERE medium = ?", "sss",
                        json_text_or_empty(event->data, "cause"), json_text_or_empty(event->data, "printer"),
                        event->subject);

        return r < 0 ? r : 0;
}

static int apply_reprinted(struct db *db, const struct event *event, struct error *err) {
        const json_t *d = event->data;
        int r = db_exec(db, err,
                        "UPDATE label SET copies = copies + ?, process = ?, printer = ?, cause = '', printed = ?, "
                        "renew = ? WHERE medium = ?",
                        "ississ", json_int(d, "copies", 0), json_text_or_empty(d, "process"),
                        json_text_or_empty(d, "printer"), event->time, json_text_or_empty(d, "renew"),
                        event->subject);

        return r < 0 ? r : 0;
}

static int apply_voided(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE label SET state = 'void' WHERE medium = ?", "s", event->subject);

        return r < 0 ? r
                     : medium_apply_label(db, event->subject, "void", json_int(event->data, "revision", 0), err);
}

const struct event_type label_events[LABEL_EVENTS] = {
        { "label.prepared", apply_prepared }, { "label.printed", apply_printed },
        { "label.unsent", apply_unsent },     { "label.reprinted", apply_reprinted },
        { "label.voided", apply_voided },
};

/* --- rows ------------------------------------------------------------------------------------------------- */

#define TAKE(field, column) (void) snprintf(row.field, sizeof row.field, "%s", rows_text(rows, column))

int label_row_load(struct db *db, const char *medium, struct label_row *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        struct label_row row = { 0 };
        int state, r = db_query(
                           db, &rows, err,
                           "SELECT revision, copies, state, content, code, design, process, printer, cause, renew "
                           "FROM label WHERE medium = ?",
                           "s", medium);

        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        if (r > 0) {
                row.there = true;
                row.revision = rows_int(rows, 0);
                row.copies = rows_int(rows, 1);
                state = term_parse(label_state_terms, LABEL_STATES, rows_text(rows, 2));
                row.state = state < 0 ? LABEL_VOIDED : (enum label_state) state;
                TAKE(content, 3);
                TAKE(code, 4);
                TAKE(design, 5);
                TAKE(process, 6);
                TAKE(printer, 7);
                TAKE(cause, 8);
                TAKE(renew, 9);
                row.is_signed = strcmp(row.code, medium) != 0;
        }
        *ret = row;
        return 0;
}

int label_ids_due(struct db *db, const char *after, const char *by, int64_t limit, json_t **ret,
                  struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *list = json_array();
        int r = db_query(
                db, &rows, err,
                "SELECT medium FROM label WHERE medium IN (SELECT medium FROM label WHERE state = 'prepared' UNION "
                "ALL SELECT medium FROM label WHERE state = 'printed' AND renew <= ?2) AND medium > ?1 ORDER BY "
                "medium LIMIT ?3",
                "ssi", after, by, limit);

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = json_array_append_new(list, json_string(rows_text(rows, 0))) < 0 ? fail_memory(err) : 0;
        if (r == 0)
                *ret = TAKE_PTR(list);
        return r;
}
