/* CMS signatures as PAdES baseline wants them (ETSI EN 319 142-1, B-B): detached, ECDSA with SHA-384 or SHA-256,
 * signed attributes content-type, message-digest and signing-certificate-v2 and no other; the time is the PDF's /M.
 */
#pragma once

#include "sign/identity.h"

/* The content is two pieces: what lies before and after the place of the signature. */
struct cms_content {
        const void *pieces[2];
        size_t sizes[2];
};

/* DER; the caller frees. */
int cms_sign(const struct cms_content *content, EVP_PKEY *key, X509 *certificate, uint8_t **ret, size_t *ret_n,
             struct error *err);

/* Checks one signature of that shape and gives its signer's certificate, whose trust the caller judges. Stricter
 * than the standard: whatever cms_sign would not write is refused, so that no byte is free. ERR_VERIFY. */
int cms_verify(const struct cms_content *content, const uint8_t *der, size_t n, X509 **ret_signer,
               struct error *err);

/* The signature's value, which a time-stamp is about, and the token of its time-stamp (NULL: none). Unchecked. */
struct cms_parts {
        uint8_t *signature, *token;
        size_t signature_n, token_n;
};
int cms_parts(const uint8_t *der, size_t n, struct cms_parts *ret, struct error *err);
void cms_parts_done(struct cms_parts *parts);
#define _cleanup_cms_parts_ _cleanup_(cms_parts_done)

/* The same message with a time-stamp's token as unsigned attribute. ERR_CONFLICT when it has one. */
int cms_stamp(const uint8_t *der, size_t n, const uint8_t *token, size_t token_n, uint8_t **ret, size_t *ret_n,
              struct error *err);
