/* C3: what becomes of a medium that is plugged in. Pure: facts in, a verdict with its rule out. */
#pragma once

#include <stdbool.h>

#include "policy/cryptography.h"
#include "policy/terms.h"

/* In rising strictness. */
enum gate_verdict {
        GATE_ACCEPT,
        GATE_READ_ONLY, /* may be read and examined, not written */
        GATE_REFUSE,    /* neither written nor mounted */
        GATE_VERDICTS
};
extern const struct term gate_verdict_terms[GATE_VERDICTS];

/* Where the registry says that the medium is. */
enum gate_standing {
        GATE_IN_CUSTODY,
        GATE_ON_LOAN,
        GATE_IN_TRANSIT,
        GATE_LOST,
        GATE_UNSANITIZED,
        GATE_DESTROYED,
        GATE_RETIRED,
        GATE_QUARANTINED,
};

struct gate_case {
        bool registered;
        bool identity_differs; /* a sign of identity contradicts the registry (S6) */
        bool unreadable;       /* it did not answer, or reading it failed: nothing of what stands on it is known */
        /* The rest only of a registered medium. */
        enum category category;
        enum gate_standing standing;
        const char *expires;       /* date */
        const char *today;         /* date */
        bool luks;                 /* there is a LUKS header, of whatever quality */
        enum luks_decision header; /* the verdict on it */
        bool overdue;              /* C5: its volume key is, and no waiver holds */
        bool unfinished;           /* C5: a rotation of ours was cut off */
};

struct gate_answer {
        enum gate_verdict verdict;
        const char *rule; /* "" when accepted */
        struct text why;
};

/* The strictest of what applies; of several equally strict ones the first of the table. */
void gate_decide(const struct gate_case *facts, struct gate_answer *ret);
