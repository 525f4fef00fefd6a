/* Custody (mp.si.3): what each category demands of a place, who may lend to whom, who closes an incident.
 * Verdicts are pure: facts in, 0 or a refusal by rule out. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "policy/rule.h"
#include "policy/terms.h"

/* Kinds of storage, weakest first. */
enum storage { STORAGE_LOCKED_CABINET, STORAGE_FIRE_CABINET, STORAGE_VAULT, STORAGES };
extern const struct term storage_terms[STORAGES];

/* U1, one row a category: the least storage, and the access control and monitoring that come with it. */
struct storage_demand {
        enum storage storage;
        struct text access, monitoring;
};
extern const struct storage_demand storage_demands[CATEGORIES];

struct place {
        const char *code;
        enum storage storage;
        enum category level;         /* the highest category that its access control and monitoring allow */
        enum classification section; /* U2: holds this classification only */
        int64_t capacity;            /* media */
        int64_t occupied;            /* media that have it as their place, not counting the one judged */
};

/* U1: a place of a level needs the storage that the level demands. */
int custody_judge_place(const struct place *place, struct error *err);
/* U1, U2: whether a medium may be kept there. */
int custody_judge_placement(const struct place *place, const char *medium, enum category category,
                            enum classification classification, struct error *err);

struct borrower {
        const char *name;
        bool blocked;
        const char *expires;       /* date, or "" for never */
        const char *trained_until; /* date, or "" when no training is recorded */
        const char *overdue_loan;  /* the ID of a loan of theirs that is overdue, or NULL */
};
/* X4 for the account, U4 for training and overdue loans. */
int custody_judge_borrower(const struct borrower *borrower, const char *today, struct error *err);

/* X4, U4: whoever supervises acts as well; their own loans don't matter. */
int custody_judge_supervisor(const struct borrower *person, const char *today, struct error *err);

/* U4: a loan ends on a day that is still to come, or today. */
int custody_judge_due(const char *due, const char *today, struct error *err);
/* U4: an extension moves the day forward. */
int custody_judge_extension(const char *due, const char *until, const char *today, struct error *err);

/* U3: the information owner decides; X1: never who requested it, nor the borrower. */
int custody_judge_decision(const char *decider, const char *owner, const char *requester, const char *borrower,
                           struct error *err);

/* X1: who hands over is neither who receives nor who supervises (may be NULL). */
int custody_judge_handover(const char *custodian, const char *borrower, const char *supervisor, struct error *err);

/* What was noted when a medium left, and what is found when it returns; "" for not applicable. */
struct integrity {
        const char *digest; /* of the LUKS header */
        const char *luks_uuid;
        const char *seal; /* in its plain form */
};
enum integrity_change {
        INTEGRITY_SAME = 0,
        INTEGRITY_HEADER = 1, /* the LUKS header's digest or UUID differs */
        INTEGRITY_SEAL = 2,
};
/* Bits of enum integrity_change. */
unsigned custody_compare_integrity(const struct integrity *out, const struct integrity *in);

/* U9: only the security administrator closes, saying how it was resolved; a breach also needs its recorded
 * assessment (GDPR art. 33 and 34). */
int custody_judge_closing(unsigned roles, bool breach, bool assessed, struct error *err);
