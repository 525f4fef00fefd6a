/* Keys and certificates of the organisation, its people and its station (C6): ECDSA on P-384 or P-256 only, as
 * CCN-STIC 807 authorises. The organisation's own certification authority issues every certificate. */
#pragma once

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/secret.h"
#include "sign/openssl.h"

enum key_curve { CURVE_P384, CURVE_P256 };

/* What a certificate is for: it decides keyUsage and extendedKeyUsage. */
enum certificate_use {
        CERTIFICATE_PERSON,   /* digitalSignature, nonRepudiation; document signing */
        CERTIFICATE_SEAL,     /* the same, for the organisation's seal */
        CERTIFICATE_STATION,  /* digitalSignature: checkpoints of the ledger, labels */
        CERTIFICATE_RECOVERY, /* keyAgreement: the recipient of escrow envelopes */
        CERTIFICATE_USES
};

struct identity_request {
        const char *common_name;  /* as printed: "Ana López" */
        const char *account;      /* the person's short name (userId), or NULL */
        const char *organisation; /* or NULL */
        const char *unit;         /* organisationalUnit, or NULL */
        const char *title;        /* job title, or NULL */
        enum certificate_use use;
        enum key_curve curve;
        int64_t not_before, not_after; /* moments, microseconds UTC */
};

/* A new root of trust on P-384: self-signed, CA with path length 0. `now` in microseconds. */
int identity_make_ca(const char *organisation, int years, int64_t now, EVP_PKEY **ret_key, X509 **ret_certificate,
                     struct error *err);

/* A new key and its certificate. ERR_USAGE for a name that no certificate can hold (64 characters) or an end
 * that is not after the start. */
int identity_issue(EVP_PKEY *ca_key, X509 *ca_certificate, const struct identity_request *request,
                   EVP_PKEY **ret_key, X509 **ret_certificate, struct error *err);
/* As identity_issue for a public key that exists already (a card's, another program's). */
int identity_certify(EVP_PKEY *ca_key, X509 *ca_certificate, const struct identity_request *request,
                     EVP_PKEY *public_key, X509 **ret_certificate, struct error *err);

/* PKCS#8 in PEM, mode 0600. With a passphrase: PBES2, scrypt (N 2^14, r 8, p 5), AES-256-CBC; without (NULL):
 * in clear, for the station's key only. */
int identity_key_save(const char *path, EVP_PKEY *key, const struct secret *passphrase, struct error *err);
/* ERR_NOT_FOUND, ERR_DENIED (wrong passphrase, or one is needed), ERR_VERIFY (not a key that C6 allows). */
int identity_key_load(const char *path, const struct secret *passphrase, EVP_PKEY **ret, struct error *err);
/* The same, for keys kept elsewhere (the vault). PEM is wiped with secret_free; decoding takes any n bytes. */
int identity_key_to_pem(EVP_PKEY *key, const struct secret *passphrase, struct secret **ret, struct error *err);
int identity_key_from_pem(const void *pem, size_t n, const struct secret *passphrase, EVP_PKEY **ret,
                          struct error *err);

/* PEM text; the caller frees. */
int certificate_to_pem(X509 *certificate, char **ret, struct error *err);
/* Exactly one certificate. ERR_VERIFY when the text holds none. */
int certificate_from_pem(const char *pem, X509 **ret, struct error *err);
int certificate_save(const char *path, X509 *certificate, struct error *err);
int certificate_load(const char *path, X509 **ret, struct error *err);
/* SHA-256 of the DER, lower-case hexadecimal. */
int certificate_fingerprint(X509 *certificate, char ret[SHA256_TEXT], struct error *err);
/* One attribute of the subject ("commonName", "userId", "title" ...) as UTF-8, or "" when absent. */
void certificate_subject(X509 *certificate, const char *attribute, char *out, size_t size);
/* The validity's ends, microseconds UTC. */
int certificate_validity(X509 *certificate, int64_t *ret_not_before, int64_t *ret_not_after, struct error *err);

/* Whether `certificate` was issued by `ca` for `use` and is valid at `moment` (microseconds). ERR_VERIFY. */
int certificate_trusted(X509 *certificate, X509 *ca, enum certificate_use use, int64_t moment, struct error *err);
/* Whether the private key belongs to the certificate. */
bool certificate_matches(X509 *certificate, EVP_PKEY *key);

/* ECDSA over SHA-384 (P-384) or SHA-256 (P-256) of the data; DER. The caller frees. */
int sign_bytes(EVP_PKEY *key, const void *data, size_t n, uint8_t **ret, size_t *ret_n, struct error *err);
/* ERR_VERIFY when the signature does not hold. */
int verify_bytes(EVP_PKEY *public_key, const void *data, size_t n, const uint8_t *signature, size_t signature_n,
                 struct error *err);
int verify_bytes_with(X509 *certificate, const void *data, size_t n, const uint8_t *signature, size_t signature_n,
                      struct error *err);

/* r and s side by side, each of the curve's width: 64 bytes for P-256, 96 for P-384. `size` is that total. */
size_t signature_raw_size(EVP_PKEY *key);
int signature_to_raw(const uint8_t *der, size_t n, uint8_t *out, size_t size, struct error *err);
/* The caller frees. */
int signature_from_raw(const uint8_t *raw, size_t size, uint8_t **ret, size_t *ret_n, struct error *err);

/* The digest that goes with the key's curve ("SHA384", "SHA256"), or NULL when the key is not of C6. */
const char *key_digest_name(EVP_PKEY *key);
