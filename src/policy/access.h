/* Accounts and authorisation (X1, X4, A4, K2; op.acc.3, op.acc.6): which roles a person has, whether the account
 * may act at all, and whether it may do this. Pure verdicts; moments in microseconds. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "policy/rule.h"
#include "policy/terms.h"

/* Every number of this family, one row each, with where it comes from. */
enum access_limit {
        LIMIT_ALERT_ABOVE,        /* failed attempts */
        LIMIT_ATTEMPTS_HOURS,     /* a failed attempt counts on from those less than this long before it */
        LIMIT_LAST_ADMIN_MINUTES, /* the only security administrator's lock ends by itself */
        LIMIT_REFUSALS_AN_HOUR,   /* of one account that may not act, and one verb, in the ledger */
        LIMIT_IDLE_DAYS,
        LIMIT_NOTED_MINUTES, /* an access is noted when the last one noted is older */
        LIMIT_SESSION_MINUTES,
        LIMIT_SESSION_WARNING_MINUTES,
        LIMIT_AUDITOR_DAYS,
        LIMIT_AUDITOR_ROWS,
        ACCESS_LIMITS
};
struct access_limit_row {
        int64_t value;
        const char *rule, *source;
        struct text what;
};
extern const struct access_limit_row access_limits[ACCESS_LIMITS];
/* Failed attempts above which an account is locked, by the category of the station's system. */
extern const int64_t access_lock_above[CATEGORIES];

/* --- roles ----------------------------------------------------------------------------------------------- */

/* A4: an auditor holds no other role, whatever groups they are in. */
unsigned access_roles(unsigned own, unsigned of_groups);
/* A4, op.acc.3: the roles that a person may hold together. */
int access_judge_roles(unsigned roles, struct error *err);
/* A4: an auditor's access ends by itself at most LIMIT_AUDITOR_DAYS after it was granted. expires: a date or "". */
int access_judge_auditor_expiry(unsigned roles, const char *expires, int64_t granted, struct error *err);
/* A4: a group has no expiry, so it never makes auditors. X1: nobody decides what a group of their own may do. */
int access_judge_group(unsigned roles, bool own_group, struct error *err);
/* X1: nobody changes what they themselves may do. */
int access_judge_not_oneself(const char *actor, const char *name, struct error *err);

/* --- accounts -------------------------------------------------------------------------------------------- */

enum access_cause { CAUSE_NONE, CAUSE_ATTEMPTS, CAUSE_IDLE, ACCESS_CAUSES };
extern const struct term access_cause_terms[ACCESS_CAUSES];

struct access_account {
        const char *name;
        unsigned roles;
        bool blocked;        /* by a person */
        const char *expires; /* a date or "" */
        int64_t granted;     /* when the roles were */
        int64_t locked;      /* when it locked itself, or 0 */
        enum access_cause cause;
        int64_t seen;  /* the last access that was noted, or when the account began */
        bool noted;    /* accesses of this way in are noted, so that silence means idleness */
        bool only_one; /* the only security administrator who could act: nobody else can lift a lock */
};

/* Whether the lock has ended by itself: only that of attempts on the only security administrator. */
bool access_lock_over(const struct access_account *account, int64_t now);
/* X4: the account may act. `now` is the clock's; `sure` the latest time known, which revives no account when the
 * clock is set back. */
int access_judge_account(const struct access_account *account, int64_t now, int64_t sure, struct error *err);
/* Idle for longer than LIMIT_IDLE_DAYS; never the only security administrator, whom nobody could help. */
bool access_is_idle(const struct access_account *account, int64_t now);

struct access_act {
        const char *noun, *name;
        unsigned roles; /* that may do it */
        bool writes;
        bool bulk;   /* its files hold whole tables */
        bool export; /* a file was asked for */
        bool makes_store;
};
/* X1: a role for it; A4: an auditor reads, and takes no tables away. */
int access_judge_act(const char *name, unsigned roles, const struct access_act *act, struct error *err);

/* --- failed attempts and floods -------------------------------------------------------------------------- */

struct access_failure {
        int64_t failed; /* the count with this attempt */
        bool alert, lock;
};
/* K2, X4: after `failed` attempts, the last of them at `failed_at`, one more at `now`. */
struct access_failure access_fail(int64_t failed, int64_t failed_at, int64_t now, enum category category);

/* A refusal of an account that may not act: whether it is recorded, and the start of the hour that it counts in.
 * recorded: how many were since `since`. A clock that went back stays in the hour that it knows. */
bool access_flood_record(int64_t recorded, int64_t since, int64_t now, int64_t *ret_since);
/* An access at `now` is noted after one at `seen`. */
bool access_is_news(int64_t seen, int64_t now);

/* --- sessions -------------------------------------------------------------------------------------------- */

enum session_age { SESSION_FRESH, SESSION_WARN, SESSION_OVER };
/* X4. Both moments are of one clock that is not set (CLOCK_BOOTTIME); one that went back ends the session. */
enum session_age session_limit_check(int64_t started, int64_t now);
