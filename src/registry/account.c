#include "registry/account.h"

#include <string.h>

#include "base/str.h"
#include "registry/registry.h"

/* --- loading ---------------------------------------------------------------------------------------------- */

int account_load(struct db *db, const char *name, struct account *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err,
                         "SELECT granted, failed, failed_at, locked, cause, seen, noted, known, blocked "
                         "FROM account JOIN person USING(name) WHERE name = ?",
                         "s", name);
        int cause;

        if (r == 0)
                r = rows_next(rows, err);
        if (r == 0)
                return fail(err, ERR_NOT_FOUND, "No hay ninguna cuenta «%.40s».", "There is no account “%.40s”.",
                            name);
        if (r < 0)
                return r;
        cause = term_parse(access_cause_terms, ACCESS_CAUSES, rows_text(rows, 4));
        *ret = (struct account){ .granted = rows_int(rows, 0),
                                 .failed = rows_int(rows, 1),
                                 .failed_at = rows_int(rows, 2),
                                 .locked = rows_int(rows, 3),
                                 .cause = cause < 0 ? CAUSE_NONE : (enum access_cause) cause,
                                 .seen = rows_int(rows, 5),
                                 .noted = rows_int(rows, 6),
                                 .known = rows_int(rows, 7),
                                 .blocked = rows_int(rows, 8) };
        return 0;
}

void account_time(int64_t moment, char out[TIME_TEXT]) {
        out[0] = '\0';
        if (moment)
                time_format(moment, out);
}

int account_describe(struct act *act, const char *name, json_t *answer, struct error *err) {
        char locked[TIME_TEXT], last[TIME_TEXT], failed_at[TIME_TEXT], granted[TIME_TEXT];
        _cleanup_json_ json_t *more = NULL;
        struct account account;
        int r;

        if (!(act->roles & (ROLE_SECURITY | ROLE_AUDITOR)))
                return 0;
        r = account_load(act->db, name, &account, err);
        if (r < 0)
                return r;
        account_time(account.locked, locked);
        account_time(account.noted, last);
        account_time(account.failed_at, failed_at);
        account_time(account.granted, granted);
        more = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s}", "locked", locked, "cause",
                         access_cause_terms[account.cause].code, "failed", (json_int_t) account.failed,
                         "last_failed", failed_at, "last_access", last, "granted", granted);
        return more && json_object_update(answer, more) == 0 ? 0 : fail_memory(err);
}

int account_only_security(struct db *db, const char *name, int64_t now, bool *ret, struct error *err) {
        char today[DATE_TEXT];
        int64_t others = 0;
        int r;

        date_of(now, today);
        r = db_int(
                db, &others, err,
                "SELECT count(*) FROM person JOIN account USING(name) WHERE name <> ? AND NOT blocked AND locked "
                "= 0 AND (expires = '' OR expires >= ?) AND instr(',' || roles || ',', ',security,')",
                "ss", name, today);
        if (r < 0)
                return r;
        *ret = others == 0;
        return 0;
}

int group_roles(struct db *db, const char *const *groups, size_t n, unsigned *ret, struct error *err) {
        unsigned roles = 0;

        for (size_t i = 0; i < n; i++) {
                _cleanup_rows_ struct rows *rows = NULL;
                unsigned of_one = 0;
                int r = db_query(db, &rows, err, "SELECT roles FROM role_group WHERE name = ?", "s", groups[i]);

                if (r == 0)
                        r = rows_next(rows, err);
                if (r < 0)
                        return r;
                if (r > 0 && roles_parse(rows_text(rows, 0), &of_one) == 0)
                        roles |= of_one;
        }
        *ret = roles;
        return 0;
}

int refusals_load(struct db *db, const char *os_user, const char *verb, struct refusals *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        struct refusals refusals = { 0 };
        int r = db_query(db, &rows, err, "SELECT since, recorded FROM refusal WHERE os_user = ? AND verb = ?", "ss",
                         os_user, verb);

        if (r == 0)
                r = rows_next(rows, err);
        if (r > 0) {
                refusals.since = rows_int(rows, 0);
                refusals.recorded = rows_int(rows, 1);
        }
        if (r >= 0)
                r = db_int(db, &refusals.suppressed, err,
                           "SELECT coalesce(sum(n), 0) FROM refusal_suppressed WHERE os_user = ? AND verb = ?",
                           "ss", os_user, verb);
        if (r < 0)
                return r;
        *ret = refusals;
        return 0;
}

int refusals_suppress(struct db *db, const char *os_user, const char *verb, struct error *err) {
        int r = db_exec(db, err,
                        "INSERT INTO refusal_suppressed(os_user, verb, n) VALUES(?, ?, 1) "
                        "ON CONFLICT(os_user, verb) DO UPDATE SET n = n + 1",
                        "ss", os_user, verb);

        return r < 0 ? r : 0;
}

/* --- events ----------------------------------------------------------------------------------------------- */

int account_apply_added(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "INSERT INTO account(name, granted, failed, failed_at, locked, cause, seen, noted, known) "
                        "VALUES(?1, ?2, 0, 0, 0, 'none', ?2, 0, ?2)",
                        "si", event->subject, event->time);

        return r < 0 ? r : 0;
}

/* Events of before this table do not say what was granted: the account's roles are as old as it is. */
int account_apply_granted(struct db *db, const struct event *event, struct error *err) {
        int r = str_empty(json_text(event->data, "granted"))
                        ? 0
                        : db_exec(db, err, "UPDATE account SET granted = ? WHERE name = ?", "is", event->time,
                                  event->subject);

        return r < 0 ? r : 0;
}

int account_apply_unblocked(struct db *db, const struct event *event, struct error *err) {
        int r = !json_flag(event->data, "lifts")
                        ? 0
                        : db_exec(db, err,
                                  "UPDATE account SET failed = 0, failed_at = 0, locked = 0, cause = 'none', "
                                  "seen = ?1, known = ?1 WHERE name = ?2",
                                  "is", event->time, event->subject);

        return r < 0 ? r : 0;
}

static int count_refusal(struct db *db, const struct event *event, const char *verb, int64_t since,
                         struct error *err) {
        int r = db_exec(db, err,
                        "INSERT INTO refusal(os_user, verb, since, recorded) VALUES(?1, ?2, ?3, 1) "
                        "ON CONFLICT(os_user, verb) DO UPDATE SET recorded = CASE since WHEN ?3 THEN recorded + 1 "
                        "ELSE 1 END, since = ?3",
                        "ssi", event->os_user, verb, since);

        /* Told with this event; in a replay there is nothing to forget. */
        if (r >= 0)
                r = db_exec(db, err, "DELETE FROM refusal_suppressed WHERE os_user = ? AND verb = ?", "ss",
                            event->os_user, verb);
        return r < 0 ? r : 0;
}

/* Of the station's refusals only: a local store counts nothing. */
static int apply_refused(struct db *db, const struct event *event, struct error *err) {
        int64_t failed = json_int(event->data, "failed", 0), since = json_int(event->data, "since", 0);
        int r = 0;

        if (failed)
                r = db_exec(db, err, "UPDATE account SET failed = ?, failed_at = ? WHERE name = ?", "iis", failed,
                            event->time, event->actor);
        if (r >= 0 && (failed || since))
                r = db_exec(db, err, "UPDATE account SET known = max(known, ?) WHERE name = ?", "is", event->time,
                            event->actor);
        if (r >= 0 && since)
                r = count_refusal(db, event, json_text_or_empty(event->data, "verb"), since, err);
        return r < 0 ? r : 0;
}

static int apply_locked(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "UPDATE account SET locked = ?1, cause = ?2, known = max(known, ?1) WHERE name = ?3", "iss",
                        event->time, json_text(event->data, "cause"), event->subject);

        return r < 0 ? r : 0;
}

static int apply_noted(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE account SET seen = ?1, noted = ?1, known = max(known, ?1) WHERE name = ?2",
                        "is", event->time, event->subject);

        return r < 0 ? r : 0;
}

/* A right PIN: the attempts before it are settled, and so is a lock that had ended by itself. */
static int apply_proved(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "UPDATE account SET failed = 0, failed_at = 0, locked = 0, cause = 'none', "
                        "known = max(known, ?) WHERE name = ?",
                        "is", event->time, event->subject);

        return r < 0 ? r : 0;
}

static int apply_mapped(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "INSERT INTO role_group(name, roles) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET roles = "
                        "excluded.roles",
                        "ss", event->subject, json_text(event->data, "roles"));

        return r < 0 ? r : 0;
}

static int apply_unmapped(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "DELETE FROM role_group WHERE name = ?", "s", event->subject);

        return r < 0 ? r : 0;
}

static int apply_account(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE person SET os_user = ? WHERE name = ?", "ss",
                        json_text(event->data, "os_user"), event->subject);

        return r < 0 ? r : 0;
}

const struct event_type account_events[ACCOUNT_EVENTS] = {
        { "act.refused", apply_refused },
        { "access.alert", NULL },
        { "access.locked", apply_locked },
        { "access.noted", apply_noted },
        { "access.proved", apply_proved },
        { "audit.accessed", NULL },
        { "group.mapped", apply_mapped },
        { "group.unmapped", apply_unmapped },
        { "person.account-changed", apply_account },
};
