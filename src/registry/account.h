/* The state of accounts (X4): failed attempts, locks, accesses, and the groups that give roles. What decides is in
 * policy/access.h. */
#pragma once

#include "ledger/event.h"
#include "policy/access.h"
#include "registry/person.h"

struct act;

struct account {
        int64_t granted;           /* when the roles were */
        int64_t failed, failed_at; /* failed attempts since the last right PIN, and the newest of them */
        int64_t locked;            /* since when, or 0 */
        enum access_cause cause;
        int64_t seen;  /* the last access noted, or when the account began or was unblocked */
        int64_t noted; /* the last access noted, or 0 */
        int64_t known; /* the newest time that an event of this account bears */
        bool blocked;  /* by a person; struct person has both kinds in one */
};

int account_load(struct db *db, const char *name, struct account *ret, struct error *err);
/* A moment as text, "" for never. */
void account_time(int64_t moment, char out[TIME_TEXT]);
/* Adds how the account stands to a person's answer, for those who answer for it or review it (op.acc.6). */
int account_describe(struct act *act, const char *name, json_t *answer, struct error *err);
/* Nobody but this person is a security administrator whose account can act on that day. */
int account_only_security(struct db *db, const char *name, int64_t now, bool *ret, struct error *err);

/* The roles of the mapped ones among these groups. */
int group_roles(struct db *db, const char *const *groups, size_t n, unsigned *ret, struct error *err);

/* How often this operating-system account was refused this verb since a moment, and how many refusals since then
 * were not recorded. All 0 when it never was. */
struct refusals {
        int64_t since, recorded, suppressed;
};
int refusals_load(struct db *db, const char *os_user, const char *verb, struct refusals *ret, struct error *err);
/* Counts one that is not recorded; not a fact, and so not part of the state that events explain. */
int refusals_suppress(struct db *db, const char *os_user, const char *verb, struct error *err);

enum { ACCOUNT_EVENTS = 9 };
extern const struct event_type account_events[ACCOUNT_EVENTS];
/* What the events of people change here too. */
int account_apply_added(struct db *db, const struct event *event, struct error *err);
int account_apply_granted(struct db *db, const struct event *event, struct error *err);
int account_apply_unblocked(struct db *db, const struct event *event, struct error *err);
