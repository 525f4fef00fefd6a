/* A person's own ECDSA signature over a statement in canonical JSON: checkpoints, loans, accesses, stocktakes. */
#include "custody/signature.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "policy/rule.h"
#include "registry/person.h"
#include "sign/algorithm.h"
#include "sign/identity.h"
#include "store/json.h"

/* Their key and the certificate that goes with it, which must be the organisation's for a person and still valid.
 */
static int load_signer(struct act *act, const struct person *person, const char *rule, EVP_PKEY **ret_key,
                       struct error *err) {
        _cleanup_(X509_freep) X509 *certificate = NULL, *ca = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        int r;

        if (!person->certificate)
                return refuse(err, ERR_REFUSED, rule, "%s no tiene clave de firma («person enrol»).",
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

int custody_sign(struct act *act, const char *name, const char *rule, const json_t *statement, json_t *data,
                 struct error *err) {
        _cleanup_free_ char *text = NULL, *encoded = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        _cleanup_person_ struct person person = { 0 };
        _cleanup_free_ uint8_t *signature = NULL;
        size_t signature_n;
        int r;

        r = json_canonical(statement, &text, err);
        if (r == 0)
                r = person_load(act->db, name, &person, err);
        if (r == 0)
                r = load_signer(act, &person, rule, &key, err);
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

const char *custody_signature_check(const struct act *act, const json_t *record, json_t **ret_statement) {
        const char *text = json_text(record, "statement"), *encoded = json_text(record, "signature");
        const char *pem = json_text(record, "certificate");
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
            time_parse(json_text_or_empty(record, "time"), &when) < 0 ||
            certificate_trusted(certificate, ca, CERTIFICATE_PERSON, when, NULL) < 0 ||
            base64_decode(encoded, &signature, &n) < 0)
                return "invalid";
        certificate_subject(certificate, "userId", account, sizeof account);
        if (strcmp(account, json_text_or_empty(record, "person")) != 0 ||
            strcmp(json_text_or_empty(statement, "person"), account) != 0 ||
            verify_bytes_with(certificate, text, strlen(text), signature, n, NULL) < 0)
                return "invalid";
        *ret_statement = TAKE_PTR(statement);
        return "valid";
}

int custody_statement(const struct act *act, const char *format, const char *subject, const char *step,
                      const char *person, json_t **ret, struct error *err) {
        char moment[TIME_TEXT];
        json_t *statement;

        time_format(act_now(act), moment);
        statement = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "format", format, "algorithm", signature_algorithm,
                              "subject", subject, "step", step, "person", person, "signed", moment);
        if (!statement)
                return fail_memory(err);
        *ret = statement;
        return 0;
}

/* --- kept beside what was signed --------------------------------------------------------------------------- */

int custody_apply_signature(struct db *db, const struct event *event, const char *subject, const char *step,
                            struct error *err) {
        const json_t *statement = json_object_get(event->data, "statement");
        const char *paper = json_text(event->data, "paper");
        _cleanup_free_ char *text = NULL;
        int r;

        if (!statement && !paper)
                return 0;
        if (statement) {
                r = json_canonical(statement, &text, err);
                if (r < 0)
                        return r;
        }
        r = db_exec(db, err,
                    "INSERT INTO custody_signature (subject, step, person, time, paper, statement, signature, "
                    "certificate) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    "sssissss", subject, step, json_text(event->data, "signer"), event->time, paper, text,
                    json_text(event->data, "signature"), json_text(event->data, "certificate"));
        return r < 0 ? r : 0;
}

/* The statement must be about this act, or a good signature would cover another one. */
static const char *standing_of(const struct act *act, const char *subject, const json_t *record) {
        _cleanup_json_ json_t *statement = NULL;
        const char *standing;

        if (json_text(record, "paper"))
                return "paper";
        standing = custody_signature_check(act, record, &statement);
        if (strcmp(standing, "valid") == 0 &&
            (strcmp(json_text_or_empty(statement, "subject"), subject) != 0 ||
             strcmp(json_text_or_empty(statement, "step"), json_text_or_empty(record, "step")) != 0))
                return "invalid";
        return standing;
}

int custody_signatures(const struct act *act, const char *subject, json_t **ret, struct error *err) {
        static const char *const members[] = { "step",      "person",    "time",       "paper",
                                               "statement", "signature", "certificate" };
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(act->db, &rows, err,
                         "SELECT step, person, time, paper, statement, signature, certificate FROM "
                         "custody_signature WHERE subject = ? ORDER BY time, step",
                         "s", subject);

        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0) {
                json_t *record = rows_to_json(rows, members, "sstssss");

                if (!record || json_array_append_new(list, record) ||
                    json_object_set_new(record, "standing", json_string(standing_of(act, subject, record))))
                        return fail_memory(err);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}

bool custody_signed(const json_t *signatures, const char *step) {
        const json_t *record;
        size_t i;

        json_array_foreach(signatures, i, record) {
                if (strcmp(json_text_or_empty(record, "step"), step) == 0 &&
                    strcmp(json_text_or_empty(record, "standing"), "valid") == 0)
                        return true;
        }
        return false;
}
