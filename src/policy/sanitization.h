/* S1: the least method of sanitization that each kind of medium and classification demands, and which schemes of
 * techniques are as strong or stronger. Pure data and lookups. */
#pragma once

#include "policy/terms.h"

/* NIST SP 800-88: how far a method goes. */
enum sanitize_level { LEVEL_NONE, LEVEL_CLEAR, LEVEL_PURGE, LEVEL_DESTROY, SANITIZE_LEVELS };
extern const struct term sanitize_level_terms[SANITIZE_LEVELS]; /* "none", "clear", "purge", "destroy" */

/* The techniques that this program runs itself; sanitize/technique.h has their rows. */
enum technique_id {
        TECHNIQUE_SINGLE,       /* one pass of a fixed byte */
        TECHNIQUE_DOD,          /* DoD 5220.22-M, 3 passes */
        TECHNIQUE_ECE,          /* DoD 5220.22-M ECE, 7 passes */
        TECHNIQUE_COMPLEMENT,   /* a random pattern and its complement */
        TECHNIQUE_CRYPTO_ERASE, /* every key slot, the header and every stored key */
        TECHNIQUES
};

/* A scheme: techniques in the order in which they run. */
enum scheme_id {
        SCHEME_SINGLE,
        SCHEME_DOD,
        SCHEME_ECE,
        SCHEME_COMPLEMENT,
        SCHEME_CRYPTO,
        SCHEME_CRYPTO_PURGE,
        SCHEMES
};
extern const struct term scheme_terms[SCHEMES];

struct scheme {
        enum technique_id techniques[2];
        size_t techniques_n;
};
extern const struct scheme schemes[SCHEMES];

struct sanitize_demand {
        struct text method;        /* as the source document's matrix names it */
        enum sanitize_level level; /* the least of SP 800-88 */
        unsigned schemes;          /* bits 1 << scheme_id that are as strong or stronger; 0: only destruction */
        enum scheme_id preferred;  /* of those */
        bool forensic;             /* S4: forensic check and technical report */
};

/* The cell of the matrix. */
const struct sanitize_demand *sanitize_demand(enum medium_kind kind, enum classification classification);

/* Whether a scheme is enough for a demand. */
static inline bool sanitize_scheme_enough(const struct sanitize_demand *demand, enum scheme_id scheme) {
        return (demand->schemes & 1U << scheme) != 0;
}
