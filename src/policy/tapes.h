/* C4 for tapes: which tapes share a key, and to whom that key may be given. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/rule.h"
#include "policy/terms.h"

enum {
        TAPE_KEY_SIZE = 32,    /* bytes: AES-256, what LTO drives (T10 SPIN) and backup systems take */
        TAPE_RSA_LEAST = 3072, /* bits: CCN-STIC 807, RSA of 2048 was 'legacy' until the end of 2025 */
};

/* What a certificate says, before a key is wrapped for it. */
struct tape_recipient {
        const char *name;
        bool rsa;
        int64_t bits;      /* of the modulus or the curve */
        const char *curve; /* "P-256", "P-384", or "" */
        bool may_encrypt;  /* its key usage allows key encipherment (RSA) or key agreement (ECC) */
        bool valid_now;
};

/* C6: only keys that CCN-STIC 807 allows, of a certificate that is for this and in force. */
int tape_judge_recipient(const struct tape_recipient *recipient, struct error *err);

/* C4: only a tape, and one whose key nobody else has. `set`: the live set that it is in, or NULL. */
int tape_judge_member(const char *medium, enum medium_kind kind, const char *set, struct error *err);
