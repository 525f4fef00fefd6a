#include "sign/timestamp.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

DEFINE_CLEANUP(TS_REQ, TS_REQ_free)
DEFINE_CLEANUP(TS_RESP, TS_RESP_free)
DEFINE_CLEANUP(TS_MSG_IMPRINT, TS_MSG_IMPRINT_free)
DEFINE_CLEANUP(TS_VERIFY_CTX, TS_VERIFY_CTX_free)
DEFINE_CLEANUP(TS_TST_INFO, TS_TST_INFO_free)
DEFINE_CLEANUP(PKCS7, PKCS7_free)
DEFINE_CLEANUP(ASN1_INTEGER, ASN1_INTEGER_free)
DEFINE_CLEANUP(X509_ALGOR, X509_ALGOR_free)

enum { NONCE_BITS = 64, ANSWER_MAX_BYTES = 64 * 1024 };

static int odd(struct error *err, const char *es, const char *en) {
        ERR_clear_error();
        return fail(err, ERR_VERIFY, "%s%.0s", "%.0s%s", es, en);
}

static int imprint_of(const void *data, size_t n, TS_MSG_IMPRINT **ret, struct error *err) {
        _cleanup_(TS_MSG_IMPRINT_freep) TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
        _cleanup_(X509_ALGOR_freep) X509_ALGOR *algorithm = X509_ALGOR_new();
        uint8_t digest[EVP_MAX_MD_SIZE];
        unsigned digest_n;

        if (!imprint || !algorithm || EVP_Digest(data, n, digest, &digest_n, EVP_sha384(), NULL) != 1 ||
            X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha384), V_ASN1_NULL, NULL) != 1 ||
            TS_MSG_IMPRINT_set_algo(imprint, algorithm) != 1 ||
            TS_MSG_IMPRINT_set_msg(imprint, digest, (int) digest_n) != 1)
                return fail_openssl(err, "No se puede pedir el sello de tiempo",
                                    "The time-stamp can't be asked for");
        *ret = TAKE_PTR(imprint);
        return 0;
}

static int nonce_make(ASN1_INTEGER **ret) {
        _cleanup_(BN_freep) BIGNUM *number = BN_new();

        if (!number || BN_rand(number, NONCE_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1)
                return ERR_FAILED;
        *ret = BN_to_ASN1_INTEGER(number, NULL);
        return *ret ? 0 : ERR_FAILED;
}

int timestamp_query(const void *data, size_t n, uint8_t **ret, size_t *ret_n, struct error *err) {
        _cleanup_(TS_REQ_freep) TS_REQ *request = TS_REQ_new();
        _cleanup_(TS_MSG_IMPRINT_freep) TS_MSG_IMPRINT *imprint = NULL;
        _cleanup_(ASN1_INTEGER_freep) ASN1_INTEGER *nonce = NULL;
        uint8_t *der, *at;
        int size, r = imprint_of(data, n, &imprint, err);

        if (r < 0)
                return r;
        if (!request || nonce_make(&nonce) < 0 || TS_REQ_set_version(request, 1) != 1 ||
            TS_REQ_set_msg_imprint(request, imprint) != 1 || TS_REQ_set_nonce(request, nonce) != 1 ||
            TS_REQ_set_cert_req(request, 1) != 1)
                return fail_openssl(err, "No se puede pedir el sello de tiempo",
                                    "The time-stamp can't be asked for");
        size = i2d_TS_REQ(request, NULL);
        at = der = size > 0 ? malloc((size_t) size) : NULL;
        if (!der)
                return fail_memory(err);
        (void) i2d_TS_REQ(request, &at);
        *ret = der;
        *ret_n = (size_t) size;
        return 0;
}

/* Its imprint and nonce are the query's; who signed it is looked at later. */
static int check_answer(TS_RESP *answer, const uint8_t *query, size_t n, struct error *err) {
        const uint8_t *at = query;
        _cleanup_(TS_REQ_freep) TS_REQ *request = d2i_TS_REQ(NULL, &at, (long) n);
        _cleanup_(TS_VERIFY_CTX_freep) TS_VERIFY_CTX *context = request ? TS_REQ_to_TS_VERIFY_CTX(request, NULL)
                                                                        : NULL;

        if (!context)
                return fail_openssl(err, "La petición del sello de tiempo no se entiende",
                                    "The time-stamp's request can't be read");
        (void) TS_VERIFY_CTX_set_flags(context, TS_VFY_VERSION | TS_VFY_IMPRINT | TS_VFY_NONCE);
        if (TS_RESP_verify_response(context, answer) != 1)
                return odd(err, "La respuesta de la autoridad de sellado no es la de esta petición.",
                           "The time-stamping authority's answer is not to this request.");
        return 0;
}

int timestamp_token(const uint8_t *query, size_t query_n, const uint8_t *answer, size_t answer_n, uint8_t **ret,
                    size_t *ret_n, struct error *err) {
        const uint8_t *at = answer;
        _cleanup_(TS_RESP_freep) TS_RESP *response = answer_n && answer_n <= ANSWER_MAX_BYTES
                                                             ? d2i_TS_RESP(NULL, &at, (long) answer_n)
                                                             : NULL;
        uint8_t *der, *to;
        long status;
        int size;

        if (!response || at != answer + answer_n)
                return odd(err, "No es la respuesta de una autoridad de sellado de tiempo.",
                           "It is no time-stamping authority's answer.");
        status = ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(response)));
        if (status != TS_STATUS_GRANTED && status != TS_STATUS_GRANTED_WITH_MODS)
                return fail(err, ERR_VERIFY, "La autoridad de sellado no dio el sello de tiempo (estado %ld).",
                            "The authority did not grant the time-stamp (status %ld).", status);
        if (!TS_RESP_get_token(response))
                return odd(err, "La respuesta de la autoridad no trae el sello de tiempo.",
                           "The authority's answer holds no time-stamp.");
        if (query) {
                int r = check_answer(response, query, query_n, err);

                if (r < 0)
                        return r;
        }
        size = i2d_PKCS7(TS_RESP_get_token(response), NULL);
        if (size <= 0 || size > TIMESTAMP_MAX_BYTES)
                return odd(err, "El sello de tiempo es demasiado grande.", "The time-stamp is too big.");
        to = der = malloc((size_t) size);
        if (!der)
                return fail_memory(err);
        (void) i2d_PKCS7(TS_RESP_get_token(response), &to);
        *ret = der;
        *ret_n = (size_t) size;
        return 0;
}

/* --- checking a token ----------------------------------------------------------------------------------------- */

/* SHA-2 of these bytes; C6 has no other. */
static int check_imprint(TS_TST_INFO *info, const void *data, size_t n, struct error *err) {
        static const int allowed[] = { NID_sha256, NID_sha384, NID_sha512 };
        TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
        const ASN1_OCTET_STRING *said = TS_MSG_IMPRINT_get_msg(imprint);
        uint8_t digest[EVP_MAX_MD_SIZE];
        const ASN1_OBJECT *object;
        const EVP_MD *md = NULL;
        unsigned digest_n = 0;

        X509_ALGOR_get0(&object, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
        for (size_t i = 0; i < COUNT(allowed); i++)
                if (OBJ_obj2nid(object) == allowed[i])
                        md = EVP_get_digestbynid(allowed[i]);
        if (!md || EVP_Digest(data, n, digest, &digest_n, md, NULL) != 1 ||
            ASN1_STRING_length(said) != (int) digest_n ||
            memcmp(ASN1_STRING_get0_data(said), digest, digest_n) != 0)
                return odd(err, "El sello de tiempo no es de esta firma.",
                           "The time-stamp is not this signature's.");
        return 0;
}

static int take_time(TS_TST_INFO *info, struct timestamp *ret) {
        struct tm when = { 0 };

        if (ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &when) != 1)
                return ERR_VERIFY;
        ret->moment = (int64_t) timegm(&when) * SECOND;
        return 0;
}

/* Who signed, by the certificate that the token holds. */
static int take_authority(PKCS7 *token, struct timestamp *ret, struct error *err) {
        STACK_OF(X509) *signers = PKCS7_get0_signers(token, NULL, 0);
        int r = ERR_VERIFY;

        if (sk_X509_num(signers) == 1) {
                X509 *signer = sk_X509_value(signers, 0);

                certificate_subject(signer, "commonName", ret->authority, sizeof ret->authority);
                if (str_empty(ret->authority))
                        certificate_subject(signer, "organizationName", ret->authority, sizeof ret->authority);
                r = certificate_fingerprint(signer, ret->fingerprint, err);
        }
        sk_X509_free(signers);
        return r;
}

/* The authority's own signature; with `trust` also whose it is, as of the token's time. */
static int check_authority(PKCS7 *token, X509_STORE *trust, int64_t moment, struct error *err) {
        _cleanup_(TS_VERIFY_CTX_freep) TS_VERIFY_CTX *context = TS_VERIFY_CTX_new();
        _cleanup_(BIO_free_allp) BIO *out = BIO_new(BIO_s_mem());

        if (!context || !out)
                return fail_memory(err);
        if (!trust)
                return PKCS7_verify(token, NULL, NULL, NULL, out, PKCS7_NOVERIFY) == 1
                               ? 0
                               : odd(err, "La firma del sello de tiempo no es válida.",
                                     "The time-stamp's signature is not valid.");
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(trust), (time_t) (moment / SECOND));
        (void) X509_STORE_up_ref(trust);
        (void) TS_VERIFY_CTX_set_store(context, trust);
        (void) TS_VERIFY_CTX_set_flags(context, TS_VFY_VERSION | TS_VFY_SIGNATURE);
        if (TS_RESP_verify_token(context, token) != 1)
                return odd(err, "El sello de tiempo no es de una autoridad de confianza.",
                           "The time-stamp is not by a trusted authority.");
        return 0;
}

int timestamp_check(const uint8_t *token, size_t token_n, const void *data, size_t n, X509_STORE *trust,
                    struct timestamp *ret, struct error *err) {
        const uint8_t *at = token;
        _cleanup_(PKCS7_freep)
                PKCS7 *message = token_n <= TIMESTAMP_MAX_BYTES ? d2i_PKCS7(NULL, &at, (long) token_n) : NULL;
        _cleanup_(TS_TST_INFO_freep) TS_TST_INFO *info = NULL;
        struct timestamp found = { .trusted = trust != NULL };
        int r;

        if (message && at == token + token_n && PKCS7_type_is_signed(message))
                info = PKCS7_to_TS_TST_INFO(message);
        if (!info || take_time(info, &found) < 0)
                return odd(err, "El sello de tiempo no se entiende.", "The time-stamp can't be read.");
        r = check_imprint(info, data, n, err);
        if (r == 0)
                r = check_authority(message, trust, found.moment, err);
        if (r < 0)
                return r;
        if (take_authority(message, &found, err) < 0)
                return odd(err, "El sello de tiempo no trae el certificado de su autoridad.",
                           "The time-stamp lacks its authority's certificate.");
        *ret = found;
        return 0;
}

int timestamp_trust(const char *path, X509_STORE **ret, struct error *err) {
        _cleanup_(BIO_free_allp) BIO *in = BIO_new_file(path, "r");
        _cleanup_(X509_STORE_freep) X509_STORE *store = X509_STORE_new();
        int n = 0;

        for (X509 *one; in && store && (one = PEM_read_bio_X509(in, NULL, NULL, NULL)); n++) {
                int added = X509_STORE_add_cert(store, one);

                X509_free(one);
                if (added != 1)
                        break;
        }
        ERR_clear_error();
        if (!store)
                return fail_memory(err);
        if (!n)
                return fail(err, ERR_NOT_FOUND, "%s no tiene ningún certificado de autoridad de sellado.",
                            "%s holds no certificate of a time-stamping authority.", path);
        *ret = TAKE_PTR(store);
        return 0;
}
