#include "sign/cms.h"

#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/objects.h>
#include <stdlib.h>
#include <string.h>

enum { ATTRIBUTES = 3 };

static const unsigned SIGN_FLAGS = CMS_DETACHED | CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP | CMS_CADES;

static BIO *content_bio(const struct cms_content *content) {
        BIO *bio = BIO_new(BIO_s_mem());

        if (!bio)
                return NULL;
        for (int i = 0; i < 2; i++)
                if (content->sizes[i] &&
                    BIO_write(bio, content->pieces[i], (int) content->sizes[i]) != (int) content->sizes[i]) {
                        BIO_free_all(bio);
                        return NULL;
                }
        return bio;
}

struct attribute {
        uint8_t *der;
        int n;
};

static int compare_der(const void *a, const void *b) {
        const struct attribute *left = a, *right = b;
        size_t shorter = (size_t) (left->n < right->n ? left->n : right->n);
        int order = memcmp(left->der, right->der, shorter);

        return order ? order : (left->n > right->n) - (left->n < right->n);
}

/* What a signer signs: its attributes as a DER SET OF (RFC 5652 5.4), which is sorted by encoding. */
static int attributes_der(CMS_SignerInfo *signer, uint8_t **ret, size_t *ret_n) {
        struct attribute list[ATTRIBUTES + 1] = { 0 };
        int count = CMS_signed_get_attr_count(signer), total = 0, r = ERR_FAILED;
        uint8_t *out = NULL, *at;

        if (count <= 0 || count > ATTRIBUTES)
                return ERR_FAILED;
        for (int i = 0; i < count; i++) {
                list[i].n = i2d_X509_ATTRIBUTE(CMS_signed_get_attr(signer, i), &list[i].der);
                if (list[i].n < 0)
                        goto done;
                total += list[i].n;
        }
        qsort(list, (size_t) count, sizeof *list, compare_der);
        at = out = malloc((size_t) ASN1_object_size(1, total, V_ASN1_SET));
        if (!out)
                goto done;
        ASN1_put_object(&at, 1, total, V_ASN1_SET, V_ASN1_UNIVERSAL);
        for (int i = 0; i < count; i++) {
                memcpy(at, list[i].der, (size_t) list[i].n);
                at += list[i].n;
        }
        *ret_n = (size_t) (at - out);
        *ret = out;
        r = 0;
done:
        for (int i = 0; i < count; i++)
                OPENSSL_free(list[i].der);
        return r;
}

/* What CMS_final would do, but for its signing-time, which PAdES baseline forbids, and without signing twice:
 * content type and digest as attributes, then one signature over them all. */
static int sign_attributes(CMS_SignerInfo *signer, const struct cms_content *content, EVP_PKEY *key,
                           struct error *err) {
        _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
        _cleanup_free_ uint8_t *attributes = NULL, *signature = NULL;
        uint8_t digest[EVP_MAX_MD_SIZE];
        size_t attributes_n, signature_n;
        unsigned digest_n;
        int r;

        if (!context || EVP_DigestInit_ex(context, EVP_get_digestbyname(key_digest_name(key)), NULL) != 1 ||
            EVP_DigestUpdate(context, content->pieces[0], content->sizes[0]) != 1 ||
            EVP_DigestUpdate(context, content->pieces[1], content->sizes[1]) != 1 ||
            EVP_DigestFinal_ex(context, digest, &digest_n) != 1 ||
            CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_contentType, V_ASN1_OBJECT, OBJ_nid2obj(NID_pkcs7_data),
                                        -1) != 1 ||
            CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING, digest,
                                        (int) digest_n) != 1 ||
            attributes_der(signer, &attributes, &attributes_n) < 0)
                return fail_openssl(err, "No se puede preparar la firma", "The signature can't be prepared");
        r = sign_bytes(key, attributes, attributes_n, &signature, &signature_n, err);
        if (r < 0)
                return r;
        if (ASN1_STRING_set(CMS_SignerInfo_get0_signature(signer), signature, (int) signature_n) != 1)
                return fail_memory(err);
        return 0;
}

static int to_der(CMS_ContentInfo *cms, uint8_t **ret, size_t *ret_n, struct error *err) {
        int n = i2d_CMS_ContentInfo(cms, NULL);
        uint8_t *der = n > 0 ? malloc((size_t) n) : NULL, *at = der;

        if (!der)
                return fail_memory(err);
        (void) i2d_CMS_ContentInfo(cms, &at);
        *ret = der;
        *ret_n = (size_t) n;
        return 0;
}

int cms_sign(const struct cms_content *content, EVP_PKEY *key, X509 *certificate, uint8_t **ret, size_t *ret_n,
             struct error *err) {
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
        const char *digest = key_digest_name(key);
        CMS_SignerInfo *signer;
        int r;

        if (!digest || !certificate_matches(certificate, key))
                return fail(err, ERR_USAGE, "La clave no es la del certificado.",
                            "The key is not the certificate's.");
        cms = CMS_sign(NULL, NULL, NULL, NULL, SIGN_FLAGS);
        signer = cms ? CMS_add1_signer(cms, certificate, key, EVP_get_digestbyname(digest), SIGN_FLAGS) : NULL;
        if (!signer)
                return fail_openssl(err, "No se puede firmar", "Signing failed");
        r = sign_attributes(signer, content, key, err);
        return r < 0 ? r : to_der(cms, ret, ret_n, err);
}

static int odd(struct error *err, const char *es, const char *en) {
        ERR_clear_error();
        return fail(err, ERR_VERIFY, "%s%.0s", "%.0s%s", es, en);
}

/* ecdsa-with-SHA384 over SHA-384 for P-384, ecdsa-with-SHA256 over SHA-256 for P-256. */
static bool algorithms_fit(CMS_SignerInfo *signer, X509 *certificate) {
        EVP_PKEY *key = X509_get0_pubkey(certificate);
        const char *digest = key ? key_digest_name(key) : NULL;
        X509_ALGOR *digest_algorithm, *signature_algorithm;
        const ASN1_OBJECT *object;
        int wanted;

        if (!digest)
                return false;
        wanted = strcmp(digest, "SHA384") == 0 ? NID_ecdsa_with_SHA384 : NID_ecdsa_with_SHA256;
        CMS_SignerInfo_get0_algs(signer, NULL, NULL, &digest_algorithm, &signature_algorithm);
        X509_ALGOR_get0(&object, NULL, NULL, digest_algorithm);
        if (OBJ_obj2nid(object) != OBJ_txt2nid(digest))
                return false;
        X509_ALGOR_get0(&object, NULL, NULL, signature_algorithm);
        return OBJ_obj2nid(object) == wanted;
}

/* The token of a time-stamp, the one unsigned attribute that there may be (ETSI EN 319 122-1 5.3), or NULL. */
static const ASN1_STRING *stamp_of(CMS_SignerInfo *signer) {
        return CMS_unsigned_get0_data_by_OBJ(signer, OBJ_nid2obj(NID_id_smime_aa_timeStampToken), -3,
                                             V_ASN1_SEQUENCE);
}

static int check_attributes(CMS_SignerInfo *signer, struct error *err) {
        static const int wanted[ATTRIBUTES] = { NID_pkcs9_contentType, NID_pkcs9_messageDigest,
                                                NID_id_smime_aa_signingCertificateV2 };

        int unsigned_n = CMS_unsigned_get_attr_count(signer); /* -1 when there is no list */

        if (CMS_signed_get_attr_count(signer) != ATTRIBUTES || unsigned_n > 1 ||
            (unsigned_n == 1 && !stamp_of(signer)))
                return odd(err, "La firma lleva atributos de más o de menos.",
                           "The signature has too many or too few attributes.");
        for (int i = 0; i < ATTRIBUTES; i++)
                if (CMS_signed_get_attr_by_NID(signer, wanted[i], -1) < 0)
                        return odd(err, "A la firma le falta un atributo de PAdES.",
                                   "The signature lacks an attribute of PAdES.");
        return 0;
}

/* The attribute names this very certificate by its digest: another one for the same key does not do. */
static int check_signing_certificate(CMS_SignerInfo *signer, X509 *certificate, struct error *err) {
        ASN1_STRING *value = CMS_signed_get0_data_by_OBJ(signer, OBJ_nid2obj(NID_id_smime_aa_signingCertificateV2),
                                                         -3, V_ASN1_SEQUENCE);
        const uint8_t *at = value ? ASN1_STRING_get0_data(value) : NULL;
        ESS_SIGNING_CERT_V2 *named = at ? d2i_ESS_SIGNING_CERT_V2(NULL, &at, ASN1_STRING_length(value)) : NULL;
        STACK_OF(X509) *chain = sk_X509_new_null();
        bool same = named && chain && sk_X509_push(chain, certificate) > 0 &&
                    OSSL_ESS_check_signing_certs(NULL, named, chain, 1) == 1;

        sk_X509_free(chain);
        ESS_SIGNING_CERT_V2_free(named);
        return same ? 0
                    : odd(err, "La firma no nombra el certificado de su firmante.",
                          "The signature does not name its signer's certificate.");
}

/* What the signature covers nothing of (version numbers, the outer list of digests, the encoding itself) must be
 * what cms_sign writes: the same message is built again around the signer's own parts and compared. */
static int check_encoding(CMS_SignerInfo *signer, X509 *certificate, const uint8_t *der, size_t n,
                          struct error *err) {
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *again = CMS_sign(NULL, NULL, NULL, NULL, SIGN_FLAGS);
        _cleanup_free_ uint8_t *bytes = NULL;
        EVP_PKEY *key = X509_get0_pubkey(certificate);
        const char *digest = key_digest_name(key);
        CMS_SignerInfo *copy;
        ASN1_OCTET_STRING *signature = CMS_SignerInfo_get0_signature(signer);
        size_t bytes_n;
        int r;

        /* The public key is enough: nothing is signed here, the shell alone is wanted. */
        copy = again ? CMS_add1_signer(again, certificate, key, EVP_get_digestbyname(digest),
                                       SIGN_FLAGS & ~(unsigned) CMS_CADES)
                     : NULL;
        if (!copy)
                return fail_openssl(err, "No se puede comprobar la firma", "The signature can't be checked");
        while (CMS_signed_get_attr_count(copy) > 0)
                X509_ATTRIBUTE_free(CMS_signed_delete_attr(copy, 0));
        for (int i = 0; i < CMS_signed_get_attr_count(signer); i++)
                if (CMS_signed_add1_attr(copy, CMS_signed_get_attr(signer, i)) != 1)
                        return fail_openssl(err, "No se puede comprobar la firma",
                                            "The signature can't be checked");
        for (int i = 0; i < CMS_unsigned_get_attr_count(signer); i++)
                if (CMS_unsigned_add1_attr(copy, CMS_unsigned_get_attr(signer, i)) != 1)
                        return fail_openssl(err, "No se puede comprobar la firma",
                                            "The signature can't be checked");
        if (ASN1_STRING_set(CMS_SignerInfo_get0_signature(copy), ASN1_STRING_get0_data(signature),
                            ASN1_STRING_length(signature)) != 1)
                return fail_memory(err);
        r = to_der(again, &bytes, &bytes_n, err);
        if (r < 0)
                return r;
        if (bytes_n != n || memcmp(bytes, der, n) != 0)
                return odd(err, "La firma no está codificada como debe.",
                           "The signature is not encoded as it should.");
        return 0;
}

int cms_verify(const struct cms_content *content, const uint8_t *der, size_t n, X509 **ret_signer,
               struct error *err) {
        const uint8_t *at = der;
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long) n);
        _cleanup_(BIO_free_allp) BIO *bio = content_bio(content);
        _cleanup_(X509_freep) X509 *certificate = NULL;
        STACK_OF(CMS_SignerInfo) * signers;
        STACK_OF(X509) * certificates;
        int r;

        if (!bio)
                return fail_memory(err);
        if (!cms || at != der + n || OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed)
                return odd(err, "La firma no es un mensaje CMS firmado.",
                           "The signature is no signed CMS message.");
        signers = CMS_get0_SignerInfos(cms);
        certificates = CMS_get1_certs(cms);
        if (sk_X509_num(certificates) == 1)
                certificate = X509_dup(sk_X509_value(certificates, 0));
        sk_X509_pop_free(certificates, X509_free);
        if (!certificate || sk_CMS_SignerInfo_num(signers) != 1)
                return odd(err, "La firma no tiene un solo firmante con su certificado.",
                           "The signature does not have one signer with their certificate.");
        if (!algorithms_fit(sk_CMS_SignerInfo_value(signers, 0), certificate))
                return odd(err, "La firma usa algoritmos que C6 no admite.",
                           "The signature uses algorithms that C6 does not allow.");
        r = check_attributes(sk_CMS_SignerInfo_value(signers, 0), err);
        if (r == 0)
                r = check_encoding(sk_CMS_SignerInfo_value(signers, 0), certificate, der, n, err);
        if (r == 0)
                r = check_signing_certificate(sk_CMS_SignerInfo_value(signers, 0), certificate, err);
        if (r < 0)
                return r;
        if (CMS_verify(cms, NULL, NULL, bio, NULL, CMS_BINARY | CMS_DETACHED | CMS_NO_SIGNER_CERT_VERIFY) != 1)
                return odd(err, "La firma no corresponde al contenido del documento.",
                           "The signature does not match the document's content.");
        *ret_signer = TAKE_PTR(certificate);
        return 0;
}

/* --- time-stamps ---------------------------------------------------------------------------------------------- */

static int open_message(const uint8_t *der, size_t n, CMS_ContentInfo **ret, CMS_SignerInfo **ret_signer,
                        struct error *err) {
        const uint8_t *at = der;
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long) n);
        STACK_OF(CMS_SignerInfo) *signers = cms && OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed
                                                    ? CMS_get0_SignerInfos(cms)
                                                    : NULL;

        if (sk_CMS_SignerInfo_num(signers) != 1)
                return odd(err, "La firma no es un mensaje CMS firmado.",
                           "The signature is no signed CMS message.");
        *ret_signer = sk_CMS_SignerInfo_value(signers, 0);
        *ret = TAKE_PTR(cms);
        return 0;
}

static int copy_string(const ASN1_STRING *string, uint8_t **ret, size_t *ret_n, struct error *err) {
        size_t n = (size_t) ASN1_STRING_length(string);
        uint8_t *copy = malloc(n + 1);

        if (!copy)
                return fail_memory(err);
        memcpy(copy, ASN1_STRING_get0_data(string), n);
        *ret = copy;
        *ret_n = n;
        return 0;
}

int cms_parts(const uint8_t *der, size_t n, struct cms_parts *ret, struct error *err) {
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
        struct cms_parts parts = { 0 };
        const ASN1_STRING *stamp;
        CMS_SignerInfo *signer;
        int r = open_message(der, n, &cms, &signer, err);

        if (r < 0)
                return r;
        r = copy_string(CMS_SignerInfo_get0_signature(signer), &parts.signature, &parts.signature_n, err);
        stamp = r == 0 ? stamp_of(signer) : NULL;
        if (stamp)
                r = copy_string(stamp, &parts.token, &parts.token_n, err);
        if (r < 0) {
                cms_parts_done(&parts);
                return r;
        }
        *ret = parts;
        return 0;
}

void cms_parts_done(struct cms_parts *parts) {
        free(parts->signature);
        free(parts->token);
}

int cms_stamp(const uint8_t *der, size_t n, const uint8_t *token, size_t token_n, uint8_t **ret, size_t *ret_n,
              struct error *err) {
        _cleanup_(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
        CMS_SignerInfo *signer;
        int r = open_message(der, n, &cms, &signer, err);

        if (r < 0)
                return r;
        if (CMS_unsigned_get_attr_count(signer) > 0)
                return fail(err, ERR_CONFLICT, "La firma ya tiene su sello de tiempo.",
                            "The signature has its time-stamp already.");
        if (CMS_unsigned_add1_attr_by_NID(signer, NID_id_smime_aa_timeStampToken, V_ASN1_SEQUENCE, token,
                                          (int) token_n) != 1)
                return fail_openssl(err, "No se puede añadir el sello de tiempo", "The time-stamp can't be added");
        return to_der(cms, ret, ret_n, err);
}
