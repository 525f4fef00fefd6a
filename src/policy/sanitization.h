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
        /* carried out by the device's firmware */
        TECHNIQUE_ATA_ERASE,
        TECHNIQUE_ATA_ERASE_ENHANCED,
        TECHNIQUE_ATA_SANITIZE_OVERWRITE,
        TECHNIQUE_ATA_SANITIZE_BLOCK,
        TECHNIQUE_ATA_SANITIZE_CRYPTO,
        TECHNIQUE_SCSI_SANITIZE_OVERWRITE,
        TECHNIQUE_SCSI_SANITIZE_BLOCK,
        TECHNIQUE_SCSI_SANITIZE_CRYPTO,
        TECHNIQUE_SCSI_FORMAT,
        TECHNIQUE_NVME_SANITIZE_OVERWRITE,
        TECHNIQUE_NVME_SANITIZE_BLOCK,
        TECHNIQUE_NVME_SANITIZE_CRYPTO,
        TECHNIQUE_NVME_FORMAT,
        TECHNIQUE_NVME_FORMAT_CRYPTO,
        TECHNIQUE_DISCARD,
        TECHNIQUES
};

/* A scheme: techniques in the order in which they run. Of a technique that ATA, SCSI and NVMe share the first one
 * stands for all three. */
enum scheme_id {
        SCHEME_SINGLE,
        SCHEME_DOD,
        SCHEME_ECE,
        SCHEME_COMPLEMENT,
        SCHEME_CRYPTO,
        SCHEME_CRYPTO_PURGE,
        SCHEME_SECURE_ERASE, /* ATA SECURITY ERASE UNIT */
        SCHEME_SECURE_ERASE_ENHANCED,
        SCHEME_SANITIZE_OVERWRITE, /* of ATA, SCSI or NVMe, whichever the device speaks */
        SCHEME_SANITIZE_BLOCK,
        SCHEME_SANITIZE_CRYPTO,
        SCHEME_CRYPTO_BLOCK,   /* our key, then SANITIZE BLOCK ERASE */
        SCHEME_SCRAMBLE_BLOCK, /* the device's own key, then SANITIZE BLOCK ERASE */
        SCHEME_FORMAT,
        SCHEME_FORMAT_CRYPTO,
        SCHEME_DISCARD,
        SCHEME_CUSTOM, /* an overwriting of the house's own: enough where it makes all the passes of one that is */
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

/* S5: whether a wipe opens what HPA, AMA and DCO hide. */
bool sanitize_opens_hidden(enum classification classification);

/* The cell of the matrix. */
const struct sanitize_demand *sanitize_demand(enum medium_kind kind, enum classification classification);

/* Whether a scheme is enough for a demand. */
static inline bool sanitize_scheme_enough(const struct sanitize_demand *demand, enum scheme_id scheme) {
        return (demand->schemes & 1U << scheme) != 0;
}
