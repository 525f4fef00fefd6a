/* Time-stamps of an authority (RFC 3161): the question, its answer, and what the token in it proves. Nothing here
 * speaks to a network. */
#pragma once

#include "base/clock.h"
#include "sign/identity.h"

enum { TIMESTAMP_MAX_BYTES = 12 * 1024 }; /* of a token: it has to fit beside the signature */

struct timestamp {
        int64_t moment;                /* the authority's time, microseconds UTC */
        char authority[128];           /* the name in its certificate */
        char fingerprint[SHA256_TEXT]; /* of that certificate */
        bool trusted;                  /* it was issued by one of the trusted authorities, for time-stamping */
};

/* A request for these bytes: SHA-384, a nonce, the authority's certificate wanted. DER; the caller frees. */
int timestamp_query(const void *data, size_t n, uint8_t **ret, size_t *ret_n, struct error *err);
/* The token of an answer, unchecked. ERR_VERIFY when the authority refused, or it is no answer. With the query
 * (else NULL) the answer's nonce must be its own. */
int timestamp_token(const uint8_t *query, size_t query_n, const uint8_t *answer, size_t answer_n, uint8_t **ret,
                    size_t *ret_n, struct error *err);
/* Whether the token is about these bytes and its authority's signature holds. `trust` are certificates of
 * authorities, or NULL: then it is not trusted, whoever made it. ERR_VERIFY also when `trust` does not know it. */
int timestamp_check(const uint8_t *token, size_t token_n, const void *data, size_t n, X509_STORE *trust,
                    struct timestamp *ret, struct error *err);
/* The certificates of a PEM file as `trust`. The caller frees. */
int timestamp_trust(const char *path, X509_STORE **ret, struct error *err);
