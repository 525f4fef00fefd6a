/* The numbers and names of C1, C2 and C6: which LUKS header is good enough for which category. */
#pragma once

#include <stdint.h>

#include "policy/rule.h"
#include "policy/terms.h"

/* In rising strictness. */
enum luks_decision { LUKS_ACCEPT, LUKS_WARN, LUKS_READ_ONLY, LUKS_REFUSE, LUKS_DECISIONS };
extern const struct term luks_decision_terms[LUKS_DECISIONS];

/* Which guide a person's slot follows: CCN-STIC 807's table of key derivations has PBKDF2 and scrypt, not Argon2,
 * and LUKS2 has no scrypt. A setting of the store. */
enum crypto_profile { PROFILE_STANDARD, PROFILE_STRICT_807, CRYPTO_PROFILES };
extern const struct term crypto_profile_terms[CRYPTO_PROFILES];

/* Whose a key slot is: the registry says so. */
enum luks_use {
        LUKS_USE_UNKNOWN,
        LUKS_USE_MACHINE,  /* opened by the vault's secret (row 9) */
        LUKS_USE_RECOVERY, /* opened by the escrowed one (row 9) */
        LUKS_USE_HUMAN,    /* opened by a passphrase (rows 7, 8) */
        LUKS_USES
};
extern const struct term luks_use_terms[LUKS_USES];

/* One column of the acceptance table: what a category demands. Bytes of key count both halves of XTS. */
struct luks_demand {
        bool required;               /* C1: a medium without LUKS2 is refused */
        enum luks_decision luks1;    /* row 1 */
        int64_t volume_key;          /* rows 4 and 5: least bytes */
        int64_t argon2_memory;       /* row 7: KiB */
        int64_t argon2_time;         /* row 7: passes */
        int64_t pbkdf2_iterations;   /* row 8 */
        enum luks_decision unknown;  /* row 10 */
        enum luks_decision rollback; /* row 11 */
        bool incident;               /* row 11: whoever finds it opens one */
        int64_t format_key;          /* what we format with: bytes */
};
extern const struct luks_demand luks_demands[CATEGORIES];

/* Row 3: the only cipher of a segment and of a key slot's area. */
extern const char luks_cipher[];
/* Row 5: of a slot's area; with fewer, what is left of a slot that was overwritten may still give its key. */
enum { LUKS_AF_STRIPES = 4000 };
/* Row 2: what libcryptsetup requires of a reader while a re-encryption is under way. */
extern const char luks_reencryption[];

/* A row of the acceptance table, for the documentation and for a verdict's texts. */
struct luks_row {
        int row;
        const char *rule;
        const char *source;
        struct text says;
        struct text remedy; /* what to do next */
};
extern const struct luks_row luks_rows[];
extern const size_t luks_rows_n;

/* NULL for a number that is no row. */
const struct luks_row *luks_row_find(int row);

/* What a new slot for a person is made with: what rows 7 and 8 accept. */
struct luks_kdf {
        const char *type;    /* "argon2id", "pbkdf2" */
        const char *hash;    /* of PBKDF2; "" */
        int64_t time;        /* passes of Argon2id, iterations of PBKDF2 */
        int64_t memory;      /* KiB; 0 for PBKDF2 */
        int64_t parallelism; /* lanes; 0 for PBKDF2 */
};
struct luks_kdf luks_human_kdf(enum crypto_profile profile, enum category category);

enum luks_forbidden_where {
        FORBIDDEN_CIPHER_PREFIX,
        FORBIDDEN_CIPHER_PART,
        FORBIDDEN_CIPHER_EXACT,
        FORBIDDEN_HASH,
        FORBIDDEN_KDF
};

/* Row 12: names that are refused wherever they stand, and why. */
struct luks_forbidden {
        enum luks_forbidden_where where;
        const char *name;
        struct text why;
};
extern const struct luks_forbidden luks_forbidden[];
extern const size_t luks_forbidden_n;

/* Row 5 (C6): hashes that are good enough, and volume key sizes that AES-XTS has in CCN-STIC 807. */
bool luks_hash_allowed(const char *hash);
bool luks_key_size_allowed(int64_t bytes);
