/* Certificates: their text form, names, validity and trust. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "sign/identity.h"

enum { PEM_LIMIT = 64 * 1024 };

int certificate_to_pem(X509 *certificate, char **ret, struct error *err) {
        _cleanup_(BIO_free_allp) BIO *bio = BIO_new(BIO_s_mem());
        char *data, *text;
        long n;

        if (!bio || PEM_write_bio_X509(bio, certificate) != 1)
                return fail_openssl(err, "No se puede escribir el certificado", "The certificate can't be written");
        n = BIO_get_mem_data(bio, &data);
        text = strndup(data, (size_t) n);
        if (!text)
                return fail_memory(err);
        *ret = text;
        return 0;
}

int certificate_from_pem(const char *pem, X509 **ret, struct error *err) {
        _cleanup_(BIO_free_allp) BIO *bio = NULL;
        _cleanup_(X509_freep) X509 *certificate = NULL, *second = NULL;
        size_t n = strlen(pem);

        if (n > PEM_LIMIT)
                return fail(err, ERR_VERIFY, "El certificado es demasiado grande.", "The certificate is too big.");
        bio = BIO_new_mem_buf(pem, (int) n);
        if (!bio)
                return fail_memory(err);
        certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (certificate)
                second = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        ERR_clear_error();
        if (!certificate)
                return fail(err, ERR_VERIFY, "No es un certificado X.509 en PEM.",
                            "Not an X.509 certificate in PEM.");
        if (second)
                return fail(err, ERR_VERIFY, "Hay más de un certificado en el texto.",
                            "There is more than one certificate in the text.");
        *ret = TAKE_PTR(certificate);
        return 0;
}

int certificate_save(const char *path, X509 *certificate, struct error *err) {
        _cleanup_free_ char *pem = NULL;
        int r = certificate_to_pem(certificate, &pem, err);

        return r < 0 ? r : file_write(path, pem, strlen(pem), 0644, err);
}

int certificate_load(const char *path, X509 **ret, struct error *err) {
        _cleanup_free_ char *pem = NULL;
        size_t n;
        int r = file_read(path, PEM_LIMIT, &pem, &n, err);

        if (r < 0)
                return r;
        if (memchr(pem, '\0', n))
                return fail(err, ERR_VERIFY, "%s no es un certificado en PEM.", "%s is not a certificate in PEM.",
                            path);
        return certificate_from_pem(pem, ret, err);
}

int certificate_fingerprint(X509 *certificate, char ret[SHA256_TEXT], struct error *err) {
        uint8_t digest[SHA256_SIZE];
        unsigned n = sizeof digest;

        if (X509_digest(certificate, EVP_sha256(), digest, &n) != 1 || n != sizeof digest)
                return fail_openssl(err, "No se puede resumir el certificado", "The certificate can't be digested");
        hex_encode(digest, sizeof digest, ret);
        return 0;
}

void certificate_subject(X509 *certificate, const char *attribute, char *out, size_t size) {
        const X509_NAME *name = X509_get_subject_name(certificate);
        int at = X509_NAME_get_index_by_NID(name, OBJ_txt2nid(attribute), -1);
        unsigned char *utf8 = NULL;
        int n;

        out[0] = '\0';
        if (at < 0)
                return;
        n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
        if (n > 0 && (size_t) n < size && utf8_valid((char *) utf8, (size_t) n)) {
                memcpy(out, utf8, (size_t) n);
                out[n] = '\0';
                if (!text_is_plain(out))
                        out[0] = '\0';
        }
        OPENSSL_free(utf8);
        ERR_clear_error();
}

int certificate_validity(X509 *certificate, int64_t *ret_not_before, int64_t *ret_not_after, struct error *err) {
        struct tm from = { 0 }, to = { 0 };

        if (ASN1_TIME_to_tm(X509_get0_notBefore(certificate), &from) != 1 ||
            ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &to) != 1)
                return fail(err, ERR_VERIFY, "El certificado no dice cuándo vale.",
                            "The certificate does not say when it is valid.");
        *ret_not_before = (int64_t) timegm(&from) * SECOND;
        *ret_not_after = (int64_t) timegm(&to) * SECOND;
        return 0;
}

bool certificate_matches(X509 *certificate, EVP_PKEY *key) {
        bool same = X509_check_private_key(certificate, key) == 1;

        ERR_clear_error();
        return same;
}

static bool fit_for(X509 *certificate, enum certificate_use use) {
        uint32_t have = X509_get_key_usage(certificate);

        if (have == UINT32_MAX || X509_check_ca(certificate) != 0)
                return false;
        if (use == CERTIFICATE_RECOVERY)
                return have & KU_KEY_AGREEMENT;
        if (!(have & KU_DIGITAL_SIGNATURE))
                return false;
        return use == CERTIFICATE_STATION || have & KU_NON_REPUDIATION;
}

static int chain_of(X509 *certificate, X509 *ca, int64_t moment, int *ret_reason, struct error *err) {
        _cleanup_(X509_STORE_freep) X509_STORE *store = X509_STORE_new();
        _cleanup_(X509_STORE_CTX_freep) X509_STORE_CTX *context = X509_STORE_CTX_new();

        if (!store || !context || X509_STORE_add_cert(store, ca) != 1 ||
            X509_STORE_CTX_init(context, store, certificate, NULL) != 1)
                return fail_openssl(err, "No se puede comprobar el certificado",
                                    "The certificate can't be checked");
        X509_STORE_CTX_set_time(context, 0, (time_t) (moment / SECOND));
        X509_STORE_CTX_set_flags(context, X509_V_FLAG_X509_STRICT);
        X509_STORE_CTX_set_depth(context, 0); /* no intermediate authority: the CA issues everything itself */
        *ret_reason = X509_verify_cert(context) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context);
        ERR_clear_error();
        return 0;
}

int certificate_trusted(X509 *certificate, X509 *ca, enum certificate_use use, int64_t moment, struct error *err) {
        EVP_PKEY *key = X509_get0_pubkey(certificate);
        int reason, r;

        if (!key || !key_digest_name(key))
                return fail(err, ERR_VERIFY, "El certificado no usa ECDSA P-256 ni P-384 (C6).",
                            "The certificate uses neither ECDSA P-256 nor P-384 (C6).");
        r = chain_of(certificate, ca, moment, &reason, err);
        if (r < 0)
                return r;
        if (reason == X509_V_ERR_CERT_HAS_EXPIRED || reason == X509_V_ERR_CERT_NOT_YET_VALID)
                return fail(err, ERR_VERIFY, "El certificado no valía en ese momento.",
                            "The certificate was not valid at that moment.");
        if (reason != X509_V_OK)
                return fail(err, ERR_VERIFY, "El certificado no viene de la autoridad de la organización (%s).",
                            "The certificate does not come from the organisation's authority (%s).",
                            X509_verify_cert_error_string(reason));
        if (!fit_for(certificate, use))
                return fail(err, ERR_VERIFY, "El certificado no es para este uso.",
                            "The certificate is not for this use.");
        return 0;
}
