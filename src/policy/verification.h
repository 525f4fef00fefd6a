/* How a wipe is looked at after it: which read-back is enough (S4.1), how many wipes somebody else reads again
 * (S4.2), and who accepts the result (S4.3). Pure data and functions. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/terms.h"

enum verify_kind { VERIFY_FULL, VERIFY_SAMPLE, VERIFY_KINDS };
extern const struct term verify_kind_terms[VERIFY_KINDS]; /* "full", "sample" */

/* What makes a second person's validation before a certificate is issued. */
enum validated {
        VALIDATED_BY_SIGNATURE, /* the supervisor's signature on the certificate, when nobody validated before */
        VALIDATED_BY_ACT,       /* an act of its own, `wipe validate` */
};

/* What a classification demands after a wipe. */
struct verification_demand {
        bool sample; /* the sampling of SP 800-88 Rev. 1 is enough */
        enum validated validation;
};
const struct verification_demand *verification_demand(enum classification classification);

/* ERR_REFUSED by S4.1. */
int verification_judge(enum classification classification, enum verify_kind kind, struct error *err);

/* --- S4.2: the second look ---------------------------------------------------------------------------------------
 */

enum { SECOND_LOOK_PERCENT = 20 };
#define SECOND_LOOK_PERIOD (365 * (int64_t) 86400 * 1000000)

/* One wipe that ended sanitized, as the arithmetic wants it. */
struct second_look {
        int64_t ended; /* microseconds */
        uint64_t draw; /* from the seed that is revealed at the end: nobody chooses what is looked at */
        bool looked;   /* read again whole by another person or program, and it held */
        bool there;    /* the medium still holds what the wipe left */
        bool ret_due;  /* filled in: this one should be looked at */
};

/* How many of so many are asked for. */
int64_t second_looks_wanted(int64_t wipes);

struct second_looks {
        int64_t wipes, looked, wanted, due; /* `due` may be less than wanted - looked: media used again */
        int64_t permille;                   /* looked / wipes; 1000 without wipes */
};

/* Counts the wipes that ended within the year before `now` and marks the drawn ones (the smallest draws of those
 * that can still be looked at). */
struct second_looks second_looks_judge(struct second_look *looks, size_t n, int64_t now);

/* --- S4.3: validation --------------------------------------------------------------------------------------------
 */

enum validation { VALIDATION_ACCEPT, VALIDATION_REPEAT, VALIDATION_ESCALATE, VALIDATIONS };
extern const struct term validation_terms[VALIDATIONS]; /* "accept", "repeat", "escalate" */

struct validation_case {
        bool same_person; /* who validates started, resumed or finished the wipe */
        bool ended;       /* the wipe has a result */
        bool sanitized;   /* and it is "sanitized" */
        bool decided;     /* somebody validated it before */
        enum validation before, decision;
};
/* ERR_DENIED, ERR_CONFLICT or ERR_REFUSED by S4.3. */
int validation_judge(const struct validation_case *facts, struct error *err);

/* Whether a certificate may be issued on a wipe with this validation, or none. ERR_REFUSED by S4.3. */
int validation_allows_certificate(enum validated validation, bool decided, enum validation decision,
                                  struct error *err);
