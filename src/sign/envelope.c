#include "sign/envelope.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

enum { ENVELOPE_LIMIT = 128 * 1024 };

/* ECC: dhSinglePass-stdDH with SHA-384; RSA: OAEP with SHA-256. OpenSSL's defaults are SHA-1 and PKCS #1 v1.5, which
 * C6 does not allow. */
static int add_recipient(CMS_ContentInfo *cms, X509 *certificate) {
        CMS_RecipientInfo *recipient = CMS_add1_recipient_cert(cms, certificate, CMS_KEY_PARAM);
        EVP_PKEY_CTX *context = recipient ? CMS_RecipientInfo_get0_pkey_ctx(recipient) : NULL;

        if (!context)
                return ERR_FAILED;
        if (EVP_PKEY_get_base_id(X509_get0_pubkey(certificate)) == EVP_PKEY_RSA)
                return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
                                       EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) > 0 &&
                                       EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0
                               ? 0
                               : ERR_FAILED;
        return EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha384()) > 0 ? 0 : ERR_FAILED;
}

int envelope_seal(X509 *recovery, const struct secret *content, uint8_t **ret, size_t *ret_n, struct error *err) {
        if (!(X509_get_key_usage(recovery) & KU_KEY_AGREEMENT))
                return fail(err, ERR_VERIFY, "El certificado de recuperación no sirve para cifrar.",
                            "The recovery certificate is not for encryption.");
        return envelope_seal_for(recovery, content, ret, ret_n, err);
}

int envelope_seal_for(X509 *recipient, const struct secret *content, uint8_t **ret, size_t *ret_n,
                      struct error *err) {
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
        _cleanup_(BIO_free_allp) BIO *in = BIO_new_mem_buf(content->data, (int) content->size);
        _cleanup_free_ uint8_t *der = NULL;
        uint8_t *at;
        int n;

        cms = CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), CMS_BINARY | CMS_PARTIAL);
        if (!in || !cms || add_recipient(cms, recipient) < 0 || CMS_final(cms, in, NULL, CMS_BINARY) != 1)
                return fail_openssl(err, "No se puede cifrar el sobre", "The envelope can't be sealed");
        n = i2d_CMS_ContentInfo(cms, NULL);
        at = der = n > 0 ? malloc((size_t) n) : NULL;
        if (!der)
                return fail_memory(err);
        (void) i2d_CMS_ContentInfo(cms, &at);
        *ret = TAKE_PTR(der);
        *ret_n = (size_t) n;
        return 0;
}

int envelope_open(X509 *recovery, EVP_PKEY *key, const uint8_t *der, size_t n, struct secret **ret,
                  struct error *err) {
        const uint8_t *at = der;
        _cleanup_(CMS_ContentInfo_freep)
                CMS_ContentInfo *cms = n <= ENVELOPE_LIMIT ? d2i_CMS_ContentInfo(NULL, &at, (long) n) : NULL;
        _cleanup_(BIO_free_allp) BIO *out = BIO_new(BIO_s_secmem());
        char *data;
        long size;
        int r;

        if (!out)
                return fail_memory(err);
        r = cms && at == der + n && CMS_decrypt(cms, key, recovery, NULL, out, CMS_BINARY) == 1;
        ERR_clear_error();
        size = BIO_get_mem_data(out, &data);
        if (!r || size <= 0)
                return fail(err, ERR_VERIFY, "El sobre no se abre con esta clave de recuperación.",
                            "The envelope does not open with this recovery key.");
        return secret_copy(data, (size_t) size, ret, err);
}
