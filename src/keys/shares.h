/* A key in shares (C4, C5): Shamir's scheme over GF(2^8), m of n custodians. Pure: no store, no clock, no files.
 *
 * A share says of which ceremony it is, which number it has and how many make the key; its text carries a checksum,
 * and the ceremony's record a commitment to each, so that a share that does not belong is named before it spoils
 * the key. Fewer than m shares say nothing about it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/secret.h"

enum {
        SHARES_LEAST = 2,
        SHARES_MOST = 16,
        SHARE_SECRET_LEAST = 16, /* bytes of the key, a multiple of 16 */
        SHARE_SECRET_MOST = 64,
        SHARE_CEREMONY = 8,
        SHARE_CEREMONY_TEXT = 2 * SHARE_CEREMONY + 1,
        SHARE_HEAD = 14,
        SHARE_BYTES_MOST = SHARE_HEAD + SHARE_SECRET_MOST,
        SHARE_HOLDER = 128,
};

/* The name of the scheme, which is kept beside the shares: "shamir-gf256". */
extern const char shares_algorithm[];

struct share {
        uint8_t ceremony[SHARE_CEREMONY];
        uint8_t index, threshold, total;
        struct secret *value;
};
void share_done(struct share *share);
#define _cleanup_share_ _cleanup_(share_done)

/* ret: room for `total`; ERR_USAGE for numbers out of range. */
int shares_split(const struct secret *secret, unsigned threshold, unsigned total,
                 const uint8_t ceremony[SHARE_CEREMONY], struct share *ret, struct error *err);
/* The key from `threshold` shares of one ceremony with different numbers; ERR_USAGE for fewer, ERR_VERIFY for
 * others. A share that is wrong gives another key: what was committed to tells (share_judge, and the key's
 * commitment). */
int shares_combine(const struct share *shares, size_t n, struct secret **ret, struct error *err);

/* SHA-256 over a label and all that a share says. */
int share_commitment(const struct share *share, char ret[SHA256_TEXT], struct error *err);

/* --- as text ------------------------------------------------------------------------------------------------- */

/* Letters and digits for a QR: "MPSISHARE" and base32 with a checksum. A NUL follows that is not counted. */
int share_to_text(const struct share *share, struct secret **ret, struct error *err);
/* As words of a language's list. */
int share_to_words(const struct share *share, enum lang lang, struct secret **ret, struct error *err);
/* Either of them, as scanned or typed. ERR_USAGE for what is no share at all; ERR_VERIFY when it is damaged:
 * *ret_claimed is then the number that it says it has, 0 when even that can't be read; ERR_REFUSED by C6 for a
 * scheme that isn't known. */
int share_read(const char *typed, size_t n, struct share *ret, unsigned *ret_claimed, struct error *err);

/* --- which belongs ------------------------------------------------------------------------------------------- */

/* What is on record of a ceremony. */
struct deal {
        uint8_t ceremony[SHARE_CEREMONY];
        unsigned threshold, total;
        char commitments[SHARES_MOST][SHA256_TEXT], holders[SHARES_MOST][SHARE_HOLDER];
};

enum share_fault { SHARE_GOOD, SHARE_DAMAGED, SHARE_FOREIGN, SHARE_DUPLICATE, SHARE_WRONG, SHARE_FAULTS };

/* Whether a share may be added to n others that were found good. ERR_VERIFY by C5.1 names number, holder and fault.
 * *ret_fault may be NULL. */
int share_judge(const struct deal *deal, const struct share *share, const struct share *others, size_t n,
                enum share_fault *ret_fault, struct error *err);
/* share_read() with the holder's name in what it says of a damaged one. */
int share_read_of(const struct deal *deal, const char *typed, size_t n, struct share *ret, struct error *err);
