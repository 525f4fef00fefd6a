/* Entering custody (U3, U7, X1): what an access demands of credential, supervisor and days, by category and
 * classification. Verdicts are pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/custody.h"

/* U7: what is entered, widest first. */
enum access_level { LEVEL_BUILDING, LEVEL_ROOM, LEVEL_CABINET, LEVEL_MEDIUM, ACCESS_LEVELS };
extern const struct term access_level_terms[ACCESS_LEVELS];

/* U1: what opened, weakest first; each category demands its own. */
enum credential { CREDENTIAL_KEY, CREDENTIAL_ELECTRONIC, CREDENTIAL_BIOMETRIC, CREDENTIALS };
extern const struct term credential_terms[CREDENTIALS];
extern const enum credential credential_demands[CATEGORIES];

/* Who else has to be there. */
enum supervision {
        SUPERVISION_NONE,
        SUPERVISION_DESK, /* somebody but the visitor: the custodian who lets them in will do */
        SUPERVISION_TWO,  /* a second person beside that custodian */
        SUPERVISIONS
};
extern const struct term supervision_terms[SUPERVISIONS];
extern const enum supervision supervision_by_class[CLASSIFICATIONS], supervision_by_category[CATEGORIES];
/* The stricter of the two tables. */
enum supervision access_supervision(enum classification section, enum category level);

/* Numbers, one row each. */
enum custody_access_limit {
        ACCESS_VALID_DAYS,   /* an approval is for so many days unless it says less */
        ACCESS_INSIDE_HOURS, /* whoever is inside longer is asked about */
        CUSTODY_ACCESS_LIMITS
};
struct custody_limit_row {
        int64_t value;
        const char *rule, *source;
        struct text what;
};
extern const struct custody_limit_row custody_access_limits[CUSTODY_ACCESS_LIMITS];

/* X4, U4: a blocked or expired account, or expired training, enters nowhere. */
int access_judge_visitor(const struct borrower *visitor, const char *today, struct error *err);
/* U3: the days asked for lie ahead, and are no more than an approval is for. */
int access_judge_days(const char *until, const char *today, struct error *err);

/* U3: an owner of what is entered decides (`owner`); X1: never who asked, nor the visitor. */
int access_judge_decision(const char *decider, const char *owner, const char *requester, const char *visitor,
                          struct error *err);

struct access_entry {
        const char *visitor, *desk, *supervisor; /* supervisor may be NULL */
        enum classification section;
        enum category level;
        enum credential credential;
        const char *until, *today;
        bool is_signed; /* with their key, or on a numbered sheet */
};
/* U1 for the credential; U3 for days, signature and supervision; X1: nobody lets themselves in or supervises
 * themselves, and where two are demanded they are two. */
int access_judge_entry(const struct access_entry *entry, struct error *err);
