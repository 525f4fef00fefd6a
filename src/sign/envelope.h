/* Escrow envelopes (C4): CMS to the recovery certificate, ECDH key agreement (P-384, KDF with SHA-384) and
 * AES-256-GCM, which any CMS tool opens (`openssl cms -decrypt -inform DER`). */
#pragma once

#include "sign/identity.h"

/* DER; the caller frees. ERR_VERIFY when the certificate is not one for key agreement. */
int envelope_seal(X509 *recovery, const struct secret *content, uint8_t **ret, size_t *ret_n, struct error *err);
/* The same for somebody else's certificate: RSA (OAEP with SHA-256) or ECC. Whether it is good enough is policy's
 * to say (policy/tapes.h). */
int envelope_seal_for(X509 *recipient, const struct secret *content, uint8_t **ret, size_t *ret_n,
                      struct error *err);
/* ERR_VERIFY when it is no envelope of ours, or not for this key. */
int envelope_open(X509 *recovery, EVP_PKEY *key, const uint8_t *der, size_t n, struct secret **ret,
                  struct error *err);
