/* OpenSSL's objects with the project's habits: cleanup helpers, and its errors as ours. */
#pragma once

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/cleanup.h"
#include "base/error.h"

DEFINE_CLEANUP(EVP_PKEY, EVP_PKEY_free)
DEFINE_CLEANUP(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
DEFINE_CLEANUP(EVP_MD_CTX, EVP_MD_CTX_free)
DEFINE_CLEANUP(X509, X509_free)
DEFINE_CLEANUP(X509_STORE, X509_STORE_free)
DEFINE_CLEANUP(X509_STORE_CTX, X509_STORE_CTX_free)
DEFINE_CLEANUP(X509_NAME, X509_NAME_free)
DEFINE_CLEANUP(BIGNUM, BN_free)
DEFINE_CLEANUP(ASN1_TIME, ASN1_TIME_free)
DEFINE_CLEANUP(ECDSA_SIG, ECDSA_SIG_free)
DEFINE_CLEANUP(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
DEFINE_CLEANUP(X509_SIG, X509_SIG_free)
DEFINE_CLEANUP(BIO, BIO_free_all)
DEFINE_CLEANUP(CMS_ContentInfo, CMS_ContentInfo_free)

/* fail() with ERR_FAILED and the reason that OpenSSL queued last; empties its queue. */
int fail_openssl(struct error *err, const char *es, const char *en);
