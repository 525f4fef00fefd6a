/* What a label's QR says: the medium's ID, and behind it, signed by the station, what the label states.
 *
 *     ID (11 to 13 characters) [ 109 characters: 70 bytes in base 36, big-endian ]
 *
 *     bytes 0-1   expiry, days since 2000-01-01; 0 none
 *     bytes 2-3   classification (2 bits), category (2 bits), revision (12 bits)
 *     bytes 4-5   the first bytes of the SHA-256 of all that is printed
 *     bytes 6-69  ECDSA P-256 over SHA-256 of "mpsi-label-1:" ID bytes 0-5; r and s side by side
 *
 * Only [0-9A-Z], so that a scanner that types on a keyboard of another layout changes nothing, and QR packs two
 * characters into eleven bits: 49 modules at error correction H. No name, no personal datum is in it. */
#pragma once

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/digest.h"
#include "registry/medium.h"

enum {
        LABEL_CONTENT_SIZE = 6,
        LABEL_SIGNATURE_SIZE = 64,
        LABEL_SIGNED_TEXT = 109,
        LABEL_TEXT_SIZE = MEDIUM_ID_TEXT + LABEL_SIGNED_TEXT + 1,
        LABEL_REVISION_MAX = 4095
};

struct label_text {
        char id[MEDIUM_ID_TEXT];
        bool is_signed; /* the rest is meaningful */
        enum classification classification;
        enum category category;
        char expires[DATE_TEXT]; /* or "" */
        int64_t revision;
        uint8_t check[2];
        uint8_t signature[LABEL_SIGNATURE_SIZE];
};

/* Reads whatever a scanner or a hand gives: lower case, other characters in between. ERR_USAGE when it is neither
 * an ID nor a whole label. Says nothing about the signature. */
int label_text_parse(const char *scanned, struct label_text *ret, struct error *err);

/* Signs id, classification, category, expires, revision and check; `key` is on P-256 (C6). ERR_USAGE for an expiry
 * outside 2000-01-02 to 2179-06-06 or a revision over 4095. */
int label_text_make(const struct label_text *content, EVP_PKEY *key, char ret[LABEL_TEXT_SIZE], struct error *err);

/* Offline: only the station's public certificate (PEM) is needed. ERR_VERIFY. */
int label_text_verify(const struct label_text *text, const char *certificate, struct error *err);
