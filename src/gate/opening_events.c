/* What the ledger keeps of openings, and the rows that it explains: what is open, and failed attempts. */
#include "gate/opening_internal.h"

static const char *const scripts[] = {
        "CREATE TABLE opening ("
        " medium TEXT PRIMARY KEY, device TEXT NOT NULL, insertion TEXT NOT NULL, person TEXT NOT NULL,"
        " account TEXT NOT NULL, mode TEXT NOT NULL, roles TEXT NOT NULL, time INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE opening_failure ("
        " medium TEXT PRIMARY KEY, failed INTEGER NOT NULL, time INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;",
};
static const char *const state_tables[] = { "opening", "opening_failure", NULL };

const struct schema opening_schema = {
        .room = "opening", .scripts = scripts, .scripts_n = COUNT(scripts), .state_tables = state_tables
};

static int apply_opened(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        int r = db_exec(
                db, err,
                "INSERT OR REPLACE INTO opening(medium, device, insertion, person, account, mode, roles, time) "
                "VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                "sssssssi", event->subject, json_text_or_empty(data, "device"),
                json_text_or_empty(data, "insertion"), event->actor, event->os_user,
                json_text_or_empty(data, "mode"), json_text_or_empty(data, "roles"), event->time);

        if (r >= 0)
                r = db_exec(db, err, "DELETE FROM opening_failure WHERE medium = ?", "s", event->subject);
        return r < 0 ? r : 0;
}

static int apply_closed(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "DELETE FROM opening WHERE medium = ?", "s", event->subject);

        return r < 0 ? r : 0;
}

/* "opened": the registry had it as open when the mapping failed. */
static int apply_failed(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "INSERT OR REPLACE INTO opening_failure(medium, failed, time) VALUES(?, ?, ?)",
                        "sii", event->subject, json_int(event->data, "failed", 0), event->time);

        if (r >= 0 && json_flag(event->data, "opened"))
                return apply_closed(db, event, err);
        return r < 0 ? r : 0;
}

const struct event_type opening_events[OPENING_EVENTS] = {
        { "encryption.opened", apply_opened },
        { "encryption.closed", apply_closed },
        { "encryption.open-failed", apply_failed },
};

/* --- reading ---------------------------------------------------------------------------------------------------
 */

static void from_row(const struct rows *rows, struct opening_row *ret) {
        int mode = term_parse(opening_mode_terms, OPENING_MODES, rows_text(rows, 5));
        struct opening_row row = { .mode = mode < 0 ? OPENING_REFUSED : (enum opening_mode) mode,
                                   .time = rows_int(rows, 7) };

        (void) snprintf(row.medium, sizeof row.medium, "%s", rows_text(rows, 0));
        (void) snprintf(row.device, sizeof row.device, "%s", rows_text(rows, 1));
        (void) snprintf(row.insertion, sizeof row.insertion, "%s", rows_text(rows, 2));
        (void) snprintf(row.person, sizeof row.person, "%s", rows_text(rows, 3));
        (void) snprintf(row.account, sizeof row.account, "%s", rows_text(rows, 4));
        (void) roles_parse(rows_text(rows, 6), &row.roles);
        *ret = row;
}

int opening_load(struct db *db, const char *medium, struct opening_row *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err,
                         "SELECT medium, device, insertion, person, account, mode, roles, time FROM opening "
                         "WHERE medium = ?",
                         "s", medium);

        if (r == 0)
                r = rows_next(rows, err);
        if (r == 1)
                from_row(rows, ret);
        return r;
}

int opening_each(struct db *db, int (*each)(void *context, const struct opening_row *row), void *context,
                 struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        struct opening_row row;
        int r = db_query(db, &rows, err,
                         "SELECT medium, device, insertion, person, account, mode, roles, time FROM opening "
                         "ORDER BY medium",
                         "");

        while (r == 0 && (r = rows_next(rows, err)) == 1) {
                from_row(rows, &row);
                r = each(context, &row);
        }
        return r;
}

int opening_failures(struct db *db, const char *medium, int64_t *ret_failed, int64_t *ret_at, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, "SELECT failed, time FROM opening_failure WHERE medium = ?", "s", medium);

        *ret_failed = *ret_at = 0;
        if (r == 0)
                r = rows_next(rows, err);
        if (r == 1) {
                *ret_failed = rows_int(rows, 0);
                *ret_at = rows_int(rows, 1);
        }
        return r < 0 ? r : 0;
}
