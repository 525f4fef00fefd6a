#include "sign/envelope.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "policy/rule.h"

enum { ENVELOPE_LIMIT = 128 * 1024 };

/* ECC: dhSinglePass-stdDH with SHA-384; RSA: OAEP with SHA-256. OpenSSL's defaults are SHA-1 and PKCS #1 v1.5,
 * which C6 does not allow. */
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

/* --- what it is made with (C7) -----------------------------------------------------------------------------------
 */

/* What is left of a DER text. */
struct der {
        const uint8_t *at, *end;
};

/* The content of the next element, which has to have this tag; der then stands behind it. */
static bool der_take(struct der *der, int tag, int class, struct der *ret_content) {
        const uint8_t *at = der->at;
        int found_tag, found_class;
        long length = 0;
        int flags = at < der->end ? ASN1_get_object(&at, &length, &found_tag, &found_class, der->end - at) : 0x80;

        if (flags & 0x81 || found_tag != tag || found_class != class)
                return false;
        *ret_content = (struct der){ at, at + length };
        der->at = at + length;
        return true;
}

static bool der_enter(struct der *der, int tag, int class) {
        struct der content;

        if (!der_take(der, tag, class, &content))
                return false;
        *der = content;
        return true;
}

static bool der_skip(struct der *der, int tag, int class) {
        struct der content;

        return der_take(der, tag, class, &content);
}

static int der_oid(const struct der *der) {
        const uint8_t *at = der->at;
        ASN1_OBJECT *object = d2i_ASN1_OBJECT(NULL, &at, der->end - at);
        int nid = object ? OBJ_obj2nid(object) : NID_undef;

        ASN1_OBJECT_free(object);
        return nid;
}

/* RFC 5083, AuthEnvelopedData: the cipher of the content, which OpenSSL has no function to ask for. NID_undef for
 * anything else, and for a cipher that OpenSSL does not know. */
static int content_cipher(const uint8_t *bytes, size_t n) {
        enum { UNIVERSAL = V_ASN1_UNIVERSAL, CONTEXT = V_ASN1_CONTEXT_SPECIFIC };
        struct der der = { bytes, bytes + n };

        if (!der_enter(&der, V_ASN1_SEQUENCE, UNIVERSAL) || !der_skip(&der, V_ASN1_OBJECT, UNIVERSAL) ||
            !der_enter(&der, 0, CONTEXT) || !der_enter(&der, V_ASN1_SEQUENCE, UNIVERSAL) ||
            !der_skip(&der, V_ASN1_INTEGER, UNIVERSAL))
                return NID_undef;
        (void) der_skip(&der, 0, CONTEXT); /* originatorInfo */
        if (!der_skip(&der, V_ASN1_SET, UNIVERSAL) || !der_enter(&der, V_ASN1_SEQUENCE, UNIVERSAL) ||
            !der_skip(&der, V_ASN1_OBJECT, UNIVERSAL) || !der_enter(&der, V_ASN1_SEQUENCE, UNIVERSAL))
                return NID_undef;
        return der_oid(&der);
}

/* ECDH with SHA-384, and AES-256 to wrap the content's key. */
static bool recipient_known(CMS_RecipientInfo *recipient) {
        X509_ALGOR *agreement = NULL, *wrap = NULL;
        const ASN1_OBJECT *object;
        const void *parameter;
        bool known = false;
        int type;

        if (CMS_RecipientInfo_type(recipient) != CMS_RECIPINFO_AGREE ||
            CMS_RecipientInfo_kari_get0_alg(recipient, &agreement, NULL) != 1)
                return false;
        X509_ALGOR_get0(&object, &type, &parameter, agreement);
        if (OBJ_obj2nid(object) != NID_dhSinglePass_stdDH_sha384kdf_scheme || type != V_ASN1_SEQUENCE)
                return false;
        wrap = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(X509_ALGOR), agreement->parameter);
        if (wrap) {
                X509_ALGOR_get0(&object, NULL, NULL, wrap);
                known = OBJ_obj2nid(object) == NID_id_aes256_wrap;
        }
        X509_ALGOR_free(wrap);
        return known;
}

/* Only what envelope_seal() writes: whatever else stands there is not tried. */
static int check_algorithms(CMS_ContentInfo *cms, const uint8_t *der, size_t n, struct error *err) {
        STACK_OF(CMS_RecipientInfo) *recipients = CMS_get0_RecipientInfos(cms);
        bool known = OBJ_obj2nid(CMS_get0_type(cms)) == NID_id_smime_ct_authEnvelopedData &&
                     content_cipher(der, n) == NID_aes_256_gcm;

        for (int i = 0; known && i < sk_CMS_RecipientInfo_num(recipients); i++)
                known = recipient_known(sk_CMS_RecipientInfo_value(recipients, i));
        ERR_clear_error();
        return known && sk_CMS_RecipientInfo_num(recipients) > 0
                       ? 0
                       : refuse(err, ERR_REFUSED, "C7", "El sobre usa algoritmos que no se conocen.",
                                "The envelope uses algorithms that are not known.");
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
        if (cms && at == der + n) {
                r = check_algorithms(cms, der, n, err);
                if (r < 0)
                        return r;
        }
        r = cms && at == der + n && CMS_decrypt(cms, key, recovery, NULL, out, CMS_BINARY) == 1;
        ERR_clear_error();
        size = BIO_get_mem_data(out, &data);
        if (!r || size <= 0)
                return fail(err, ERR_VERIFY, "El sobre no se abre con esta clave de recuperación.",
                            "The envelope does not open with this recovery key.");
        return secret_copy(data, (size_t) size, ret, err);
}
