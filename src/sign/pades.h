/* PAdES signatures in PDF files (S9), level B-B, or B-T with a time-stamp: each signature is one incremental update
 * that adds a signature field with its appearance. The verifier is stricter than the readers in the field: nothing
 * but signatures may follow the original, and the last one covers the file to its end. */
#pragma once

#include "base/json.h"
#include "sign/identity.h"

struct pades_request {
        EVP_PKEY *key;
        X509 *certificate;  /* its common name and title are drawn in the box, nothing else is */
        const char *field;  /* [a-z0-9-], such as "executor": the field's name and the box that the form reserved */
        const char *reason; /* why it is signed, or NULL */
        const char *location; /* or NULL */
        int64_t moment;       /* claimed time of signing, microseconds UTC */
        enum lang lang;
};

/* A new file with the signature appended; the caller frees. ERR_CONFLICT when the field is there already,
 * ERR_VERIFY when the file is none that this can sign. */
int pades_sign(const void *pdf, size_t n, const struct pades_request *request, uint8_t **ret, size_t *ret_n,
               struct error *err);

struct pades_expected {
        const char *const *fields; /* the fields in their order, or NULL: any */
        size_t fields_n;           /* how many signatures are wanted, at least 1 */
        bool distinct;             /* no person twice (X1) */
        const char *seal;          /* the field that holds the organisation's seal, or NULL */
        X509_STORE *tsa; /* whose time-stamps are trusted; NULL: they are reported, and trusted from nobody */
};

/* Verifies everything. ERR_VERIFY says what fails, by rule S9 (X1 when one person signed twice). The report:
 * {digest, original_digest, original_bytes, signatures: [{field, name, account, title, organisation, time, reason,
 * algorithm, fingerprint, certificate (PEM), bytes, timestamp}]}; timestamp is {time, authority, fingerprint,
 * trusted}, or null (level B-B). `ca` is the organisation's authority. */
int pades_verify(const void *pdf, size_t n, X509 *ca, const struct pades_expected *expected, json_t **ret_report,
                 struct error *err);

/* How many signatures a file holds, unchecked; ERR_VERIFY when it is no PDF of ours. */
int pades_count(const void *pdf, size_t n, struct error *err);

/* The question to a time-stamping authority about the last signature. ERR_CONFLICT when it is stamped, ERR_VERIFY
 * when there is none. */
int pades_stamp_query(const void *pdf, size_t n, uint8_t **ret, size_t *ret_n, struct error *err);
/* A new file of the same size whose last signature holds the answer's time-stamp. With the query (else NULL) the
 * answer must be to it. */
struct timestamp;
int pades_stamp(const void *pdf, size_t n, const uint8_t *query, size_t query_n, const uint8_t *answer,
                size_t answer_n, X509_STORE *trust, uint8_t **ret, struct timestamp *ret_stamp, struct error *err);
