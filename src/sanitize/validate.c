/* `wipe validate`: somebody who did not do the wipe accepts its result, has it repeated, or escalates, under their
 * own signature (S4.3). Verification is the machine's: did the bytes match; this is a person's: is that enough. */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/digest.h"
#include "base/str.h"
#include "policy/rule.h"
#include "policy/verification.h"
#include "registry/person.h"
#include "sanitize/look.h"
#include "sanitize/sanitize.h"
#include "sanitize/validate.h"
#include "sign/algorithm.h"
#include "sign/identity.h"

/* --- what is on record -------------------------------------------------------------------------------------------
 */

int sanitization_validation(struct db *db, const char *job, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *statement = NULL;
        char time[TIME_TEXT];
        int r = db_query(db, &rows, err,
                         "SELECT decision, reason, person, statement, signature, certificate, time"
                         " FROM sanitization_validation WHERE job = ?",
                         "s", job);

        if (r >= 0)
                r = rows_next(rows, err);
        if (r <= 0)
                return r;
        r = json_parse(rows_text(rows, 3), strlen(rows_text(rows, 3)), &statement, err);
        if (r < 0)
                return r;
        time_format(rows_int(rows, 6), time);
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:O, s:s, s:s}", "decision", rows_text(rows, 0), "reason",
                         rows_text(rows, 1), "person", rows_text(rows, 2), "time", time, "statement", statement,
                         "signature", rows_text(rows, 4), "certificate", rows_text(rows, 5));
        return *ret ? 0 : fail_memory(err);
}

static enum validation decision_of(const json_t *validation) {
        int decision = term_parse(validation_terms, VALIDATIONS, json_text_or_empty(validation, "decision"));

        return decision < 0 ? VALIDATION_ESCALATE : (enum validation) decision;
}

int sanitization_demand_validation(struct db *db, const struct sanitization_record *record, json_t **ret,
                                   struct error *err) {
        _cleanup_json_ json_t *validation = NULL;
        int r = sanitization_validation(db, record->job, &validation, err);

        if (r == 0)
                r = validation_allows_certificate(verification_demand(record->classification)->validation,
                                                  validation != NULL, decision_of(validation), err);
        if (r == 0)
                *ret = TAKE_PTR(validation);
        return r;
}

/* --- the act -----------------------------------------------------------------------------------------------------
 */

static int judge(struct act *act, const struct sanitization_record *record, enum validation decision,
                 struct error *err) {
        _cleanup_json_ json_t *before = NULL;
        struct validation_case facts = { .same_person = look_same_person(record, act->person),
                                         .ended = record->state == SANITIZATION_SANITIZED ||
                                                  record->state == SANITIZATION_NOT_SANITIZED,
                                         .sanitized = record->state == SANITIZATION_SANITIZED,
                                         .decision = decision };
        int r = sanitization_validation(act->db, record->job, &before, err);

        if (r < 0)
                return r;
        facts.decided = before != NULL;
        facts.before = decision_of(before);
        return validation_judge(&facts, err);
}

/* The record that is accepted, by the digest of its event's data: the signature holds for no other. */
static json_t *statement_of(struct act *act, const struct sanitization_record *record, const json_t *args) {
        _cleanup_free_ char *ended = NULL;
        char digest[SHA256_TEXT], now[TIME_TEXT];

        if (json_canonical(record->ended_data, &ended, NULL) < 0 || sha256_text(ended, strlen(ended), digest) < 0)
                return NULL;
        time_format(act_now(act), now);
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s}", "what", "sanitization-validation",
                         "job", record->job, "medium", record->medium, "decision", json_text(args, "decision"),
                         "reason", json_text(args, "reason"), "person", act->person, "finished_seq",
                         (json_int_t) record->ended_seq, "finished_sha256", digest, "time", now, "algorithm",
                         signature_algorithm);
}

static int load_signer(struct act *act, const struct person *person, EVP_PKEY **ret, struct error *err) {
        _cleanup_(X509_freep) X509 *certificate = NULL, *ca = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        int r = certificate_from_pem(act->ca_certificate, &ca, err);

        if (r == 0)
                r = person_key_load(act, person, &key, &certificate, err);
        if (r == 0)
                r = certificate_trusted(certificate, ca, CERTIFICATE_PERSON, act_now(act), err);
        if (r == 0)
                *ret = TAKE_PTR(key);
        return r;
}

static int sign(struct act *act, const json_t *statement, json_t *data, struct error *err) {
        _cleanup_free_ char *text = NULL, *encoded = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        _cleanup_person_ struct person person = { 0 };
        _cleanup_free_ uint8_t *signature = NULL;
        size_t n;
        int r = json_canonical(statement, &text, err);

        if (r == 0)
                r = person_load(act->db, act->person, &person, err);
        if (r == 0)
                r = load_signer(act, &person, &key, err);
        if (r == 0)
                r = sign_bytes(key, text, strlen(text), &signature, &n, err);
        if (r < 0)
                return r;
        encoded = base64_encode(signature, n);
        return encoded && json_object_set_new(data, "signature", json_string(encoded)) == 0 &&
                               json_object_set_new(data, "certificate", json_string(person.certificate)) == 0
                       ? 0
                       : fail_memory(err);
}

/* An information owner decides about their own media; security and custodians about all. */
static int guard_owner(const struct act *act, const struct medium *medium, struct error *err) {
        if (act->roles & (ROLE_SECURITY | ROLE_CUSTODIAN) || strcmp(medium->owner, act->person) == 0)
                return 0;
        return refuse(err, ERR_DENIED, "X1", "%s no es responsable de la información de %s.",
                      "%s is not the information owner of %s.", act->person, medium->id);
}

int wipe_validate(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_sanitization_ struct sanitization_record record = { 0 };
        _cleanup_json_ json_t *statement = NULL, *data = NULL;
        int decision = term_parse(validation_terms, VALIDATIONS, json_text(args, "decision"));
        struct medium medium;
        int r = medium_load(act->db, json_text(args, "medium"), &medium, err);

        if (r == 0)
                r = guard_owner(act, &medium, err);
        if (r == 0)
                r = sanitization_last(act->db, medium.id, &record, err);
        if (r == 0)
                r = judge(act, &record, (enum validation) decision, err);
        if (r < 0)
                return r;
        statement = statement_of(act, &record, args);
        data = json_pack("{s:s, s:s, s:s, s:O*}", "job", record.job, "decision", json_text(args, "decision"),
                         "reason", json_text(args, "reason"), "statement", statement);
        if (!statement || !data)
                return fail_memory(err);
        r = sign(act, statement, data, err);
        if (r == 0)
                r = act_record_one(act, "sanitization.validated", medium.id, data, err);
        if (r < 0)
                return r;
        if (decision != VALIDATION_ACCEPT)
                act_say(act, "%s queda sin sanear: bórrelo de nuevo o solicite su destrucción.",
                        "%s is left unsanitized: wipe it again or request its destruction.", medium.id);
        *ret = json_pack("{s:s, s:s, s:s, s:s}", "medium", medium.id, "job", record.job, "decision",
                         json_text(args, "decision"), "person", act->person);
        return *ret ? 0 : fail_memory(err);
}
