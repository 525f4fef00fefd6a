/* The certification authority of the organisation and what it issues. */
#include "sign/identity.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"

enum { X509_VERSION_3_VALUE = 2, SERIAL_BITS = 128, YEAR_DAYS_X4 = 1461 };

struct use_row {
        const char *key_usage, *extended_key_usage;
};

/* emailProtection lets any CMS tool verify with its usual purpose; 1.3.6.1.5.5.7.3.36 is RFC 9336's purpose for
 * signing documents. */
static const struct use_row uses[CERTIFICATE_USES] = {
        [CERTIFICATE_PERSON] = { "critical,digitalSignature,nonRepudiation", "emailProtection,1.3.6.1.5.5.7.3.36" },
        [CERTIFICATE_SEAL] = { "critical,digitalSignature,nonRepudiation", "emailProtection,1.3.6.1.5.5.7.3.36" },
        [CERTIFICATE_STATION] = { "critical,digitalSignature", NULL },
        [CERTIFICATE_RECOVERY] = { "critical,keyAgreement", NULL },
};

static int key_make(enum key_curve curve, EVP_PKEY **ret, struct error *err) {
        EVP_PKEY *key = EVP_EC_gen(curve == CURVE_P256 ? "P-256" : "P-384");

        if (!key)
                return fail_openssl(err, "No se puede generar la clave", "The key can't be generated");
        *ret = key;
        return 0;
}

static int name_add(X509_NAME *name, int nid, const char *value, struct error *err) {
        if (str_empty(value))
                return 0;
        if (!text_is_plain(value))
                return fail(err, ERR_USAGE, "Un certificado no admite ese nombre.",
                            "A certificate can't hold that name.");
        if (X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, (const unsigned char *) value, -1, -1, 0) == 1)
                return 0;
        ERR_clear_error();
        return fail(err, ERR_USAGE, "«%s» es demasiado largo para un certificado (64 caracteres).",
                    "\"%s\" is too long for a certificate (64 characters).", value);
}

static int name_of(const struct identity_request *request, X509_NAME **ret, struct error *err) {
        _cleanup_(X509_NAME_freep) X509_NAME *name = X509_NAME_new();
        int r;

        if (!name)
                return fail_memory(err);
        if (str_empty(request->common_name))
                return fail(err, ERR_USAGE, "Un certificado necesita un nombre.", "A certificate needs a name.");
        r = name_add(name, NID_organizationName, request->organisation, err);
        if (r == 0)
                r = name_add(name, NID_organizationalUnitName, request->unit, err);
        if (r == 0)
                r = name_add(name, NID_title, request->title, err);
        if (r == 0)
                r = name_add(name, NID_userId, request->account, err);
        if (r == 0)
                r = name_add(name, NID_commonName, request->common_name, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(name);
        return 0;
}

static int add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
        X509V3_CTX context;
        X509_EXTENSION *extension;
        int r;

        if (!value)
                return 0;
        X509V3_set_ctx_nodb(&context);
        X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
        extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
        if (!extension)
                return ERR_FAILED;
        r = X509_add_ext(certificate, extension, -1) == 1 ? 0 : ERR_FAILED;
        X509_EXTENSION_free(extension);
        return r;
}

static int set_serial(X509 *certificate) {
        _cleanup_(BN_freep) BIGNUM *serial = BN_new();

        /* RFC 5280 4.1.2.2: positive, at most 20 octets; random, so that it tells nothing and never repeats. */
        if (!serial || BN_rand(serial, SERIAL_BITS - 1, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1)
                return ERR_FAILED;
        return BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) ? 0 : ERR_FAILED;
}

static int set_validity(X509 *certificate, int64_t from, int64_t to) {
        if (!ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t) (from / SECOND)) ||
            !ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t) (to / SECOND)))
                return ERR_FAILED;
        return 0;
}

/* Everything of a certificate but the extensions and the signature. */
static int draft(const struct identity_request *request, EVP_PKEY *public_key, X509 *issuer, X509 **ret,
                 struct error *err) {
        _cleanup_(X509_freep) X509 *certificate = X509_new();
        _cleanup_(X509_NAME_freep) X509_NAME *name = NULL;
        int r = name_of(request, &name, err);

        if (r < 0)
                return r;
        if (request->not_after <= request->not_before)
                return fail(err, ERR_USAGE, "El certificado acabaría antes de empezar.",
                            "The certificate would end before it starts.");
        if (!certificate || X509_set_version(certificate, X509_VERSION_3_VALUE) != 1 ||
            set_serial(certificate) < 0 || set_validity(certificate, request->not_before, request->not_after) < 0 ||
            X509_set_subject_name(certificate, name) != 1 ||
            X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer) : name) != 1 ||
            X509_set_pubkey(certificate, public_key) != 1)
                return fail_openssl(err, "No se puede preparar el certificado",
                                    "The certificate can't be prepared");
        *ret = TAKE_PTR(certificate);
        return 0;
}

static int finish(X509 *certificate, EVP_PKEY *ca_key, struct error *err) {
        const char *digest = key_digest_name(ca_key);

        if (!digest || X509_sign(certificate, ca_key, EVP_get_digestbyname(digest)) <= 0)
                return fail_openssl(err, "No se puede firmar el certificado", "The certificate can't be signed");
        return 0;
}

int identity_make_ca(const char *organisation, int years, int64_t now, EVP_PKEY **ret_key, X509 **ret_certificate,
                     struct error *err) {
        const struct identity_request request = {
                .common_name = "mpsi CA",
                .organisation = organisation,
                .not_before = now,
                .not_after = now + (int64_t) years * YEAR_DAYS_X4 * DAY / 4,
        };
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        _cleanup_(X509_freep) X509 *certificate = NULL;
        int r = key_make(CURVE_P384, &key, err);

        if (r == 0)
                r = draft(&request, key, NULL, &certificate, err);
        if (r < 0)
                return r;
        if (add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") < 0 ||
            add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") < 0 ||
            add_extension(certificate, certificate, NID_subject_key_identifier, "hash") < 0)
                return fail_openssl(err, "No se puede preparar el certificado",
                                    "The certificate can't be prepared");
        r = finish(certificate, key, err);
        if (r < 0)
                return r;
        *ret_key = TAKE_PTR(key);
        *ret_certificate = TAKE_PTR(certificate);
        return 0;
}

int identity_certify(EVP_PKEY *ca_key, X509 *ca_certificate, const struct identity_request *request,
                     EVP_PKEY *public_key, X509 **ret_certificate, struct error *err) {
        const struct use_row *use = &uses[request->use];
        _cleanup_(X509_freep) X509 *certificate = NULL;
        int r;

        if (!key_digest_name(public_key))
                return fail(err, ERR_USAGE, "Solo se certifican claves ECDSA P-256 y P-384 (C6).",
                            "Only ECDSA P-256 and P-384 keys are certified (C6).");
        if (!certificate_matches(ca_certificate, ca_key))
                return fail(err, ERR_USAGE, "La clave no es la de esta autoridad.",
                            "The key is not this authority's.");
        r = draft(request, public_key, ca_certificate, &certificate, err);
        if (r < 0)
                return r;
        if (add_extension(certificate, ca_certificate, NID_basic_constraints, "critical,CA:FALSE") < 0 ||
            add_extension(certificate, ca_certificate, NID_key_usage, use->key_usage) < 0 ||
            add_extension(certificate, ca_certificate, NID_ext_key_usage, use->extended_key_usage) < 0 ||
            add_extension(certificate, ca_certificate, NID_subject_key_identifier, "hash") < 0 ||
            add_extension(certificate, ca_certificate, NID_authority_key_identifier, "keyid:always") < 0)
                return fail_openssl(err, "No se puede preparar el certificado",
                                    "The certificate can't be prepared");
        r = finish(certificate, ca_key, err);
        if (r < 0)
                return r;
        *ret_certificate = TAKE_PTR(certificate);
        return 0;
}

int identity_issue(EVP_PKEY *ca_key, X509 *ca_certificate, const struct identity_request *request,
                   EVP_PKEY **ret_key, X509 **ret_certificate, struct error *err) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        int r = key_make(request->curve, &key, err);

        if (r == 0)
                r = identity_certify(ca_key, ca_certificate, request, key, ret_certificate, err);
        if (r < 0)
                return r;
        *ret_key = TAKE_PTR(key);
        return 0;
}
