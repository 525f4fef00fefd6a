/* "Each signed" (T4): the person's own ECDSA signature over the canonical statement of a checkpoint. */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "registry/person.h"
#include "sign/algorithm.h"
#include "sign/identity.h"
#include "transport/internal.h"

/* Their key and the certificate that goes with it, which must be the organisation's for a person and still valid.
 */
static int load_signer(struct act *act, const struct person *person, EVP_PKEY **ret_key, struct error *err) {
        _cleanup_(X509_freep) X509 *certificate = NULL, *ca = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        int r;

        if (!person->certificate)
                return refuse(err, ERR_REFUSED, "T4", "%s no tiene clave de firma («person enrol»).",
                              "%s has no signing key (“person enrol”).", person->name);
        r = certificate_from_pem(act->ca_certificate, &ca, err);
        if (r == 0)
                r = person_key_load(act, person, &key, &certificate, err);
        if (r == 0)
                r = certificate_trusted(certificate, ca, CERTIFICATE_PERSON, act_now(act), err);
        if (r < 0)
                return r;
        *ret_key = TAKE_PTR(key);
        return 0;
}

int shipment_sign(struct act *act, const json_t *statement, json_t *data, struct error *err) {
        _cleanup_free_ char *text = NULL, *encoded = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        _cleanup_person_ struct person person = { 0 };
        _cleanup_free_ uint8_t *signature = NULL;
        size_t signature_n;
        int r;

        r = json_canonical(statement, &text, err);
        if (r == 0)
                r = person_load(act->db, act->person, &person, err);
        if (r == 0)
                r = load_signer(act, &person, &key, err);
        if (r == 0)
                r = sign_bytes(key, text, strlen(text), &signature, &signature_n, err);
        if (r < 0)
                return r;
        encoded = base64_encode(signature, signature_n);
        if (!encoded || json_object_set_new(data, "statement", json_deep_copy(statement)) ||
            json_object_set_new(data, "signature", json_string(encoded)) ||
            json_object_set_new(data, "certificate", json_string(person.certificate)))
                return fail_memory(err);
        return 0;
}

/* The statement must also say what the row says, or a good signature would cover another checkpoint. */
static bool statement_agrees(const json_t *checkpoint, const json_t *statement) {
        return strcmp(json_text_or_empty(statement, "point"), json_text_or_empty(checkpoint, "point")) == 0 &&
               strcmp(json_text_or_empty(statement, "person"), json_text_or_empty(checkpoint, "person")) == 0 &&
               json_equal(json_object_get(statement, "seals"), json_object_get(checkpoint, "seals"));
}

const char *shipment_verify(const struct act *act, const json_t *checkpoint) {
        const char *text = json_text(checkpoint, "statement"), *encoded = json_text(checkpoint, "signature");
        const char *pem = json_text(checkpoint, "certificate");
        _cleanup_(X509_freep) X509 *certificate = NULL, *ca = NULL;
        _cleanup_json_ json_t *statement = NULL;
        _cleanup_free_ uint8_t *signature = NULL;
        char account[40];
        size_t n;
        int64_t when;

        if (!encoded)
                return "none";
        if (!text || json_parse(text, strlen(text), &statement, NULL) < 0)
                return "invalid";
        if (signature_algorithm_of(statement, NULL) < 0)
                return "unknown-algorithm";
        if (!pem || certificate_from_pem(pem, &certificate, NULL) < 0 ||
            certificate_from_pem(act->ca_certificate, &ca, NULL) < 0 ||
            time_parse(json_text_or_empty(checkpoint, "time"), &when) < 0 ||
            certificate_trusted(certificate, ca, CERTIFICATE_PERSON, when, NULL) < 0 ||
            base64_decode(encoded, &signature, &n) < 0)
                return "invalid";
        certificate_subject(certificate, "userId", account, sizeof account);
        if (strcmp(account, json_text_or_empty(checkpoint, "person")) != 0 ||
            !statement_agrees(checkpoint, statement) ||
            verify_bytes_with(certificate, text, strlen(text), signature, n, NULL) < 0)
                return "invalid";
        return "valid";
}
