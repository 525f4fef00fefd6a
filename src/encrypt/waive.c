/* encrypt waive: an overdue rotation is put off by the security administrator, for a time, under their signature.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "encrypt/rotation.h"
#include "policy/rule.h"
#include "registry/person.h"
#include "sign/identity.h"

int rotation_apply_waived(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        int64_t until = 0;
        int r = time_parse(json_text_or_empty(json_object_get(data, "statement"), "until"), &until);
        _cleanup_free_ char *statement = NULL;

        if (r < 0)
                return fail(err, ERR_VERIFY, "El aplazamiento no tiene fecha.", "The waiver has no date.");
        r = json_canonical(json_object_get(data, "statement"), &statement, err);
        if (r == 0)
                r = db_exec(db, err,
                            "INSERT OR REPLACE INTO rotation_waiver (medium, until, person, statement, signature,"
                            " certificate, time) VALUES (?, ?, ?, ?, ?, ?, ?)",
                            "sissssi", event->subject, until, event->actor, statement,
                            json_text_or_empty(data, "signature"), json_text_or_empty(data, "certificate"),
                            event->time);
        return r < 0 ? r : 0;
}

/* --- does a waiver hold? ---------------------------------------------------------------------------------------
 */

/* The row must say what was signed, by a certificate of the organisation for the person that the row names. */
static bool waiver_holds(const struct act *act, const char *medium, const struct rows *rows) {
        const char *text = rows_text(rows, 2), *pem = rows_text(rows, 4);
        _cleanup_(X509_freep) X509 *certificate = NULL, *ca = NULL;
        _cleanup_json_ json_t *statement = NULL;
        _cleanup_free_ uint8_t *signature = NULL;
        char account[40];
        int64_t until;
        size_t n;

        if (!act->ca_certificate || json_parse(text, strlen(text), &statement, NULL) < 0 ||
            time_parse(json_text_or_empty(statement, "until"), &until) < 0 || until != rows_int(rows, 0) ||
            strcmp(json_text_or_empty(statement, "medium"), medium) != 0 ||
            strcmp(json_text_or_empty(statement, "what"), "rotation-waiver") != 0)
                return false;
        if (certificate_from_pem(pem, &certificate, NULL) < 0 ||
            certificate_from_pem(act->ca_certificate, &ca, NULL) < 0 ||
            certificate_trusted(certificate, ca, CERTIFICATE_PERSON, rows_int(rows, 5), NULL) < 0 ||
            base64_decode(rows_text(rows, 3), &signature, &n) < 0)
                return false;
        certificate_subject(certificate, "userId", account, sizeof account);
        return strcmp(account, rows_text(rows, 1)) == 0 &&
               verify_bytes_with(certificate, text, strlen(text), signature, n, NULL) == 0;
}

static void find_waiver(struct act *act, const char *medium, struct rotation_state *state) {
        _cleanup_rows_ struct rows *rows = NULL;

        if (db_query(act->db, &rows, NULL,
                     "SELECT until, person, statement, signature, certificate, time FROM rotation_waiver"
                     " WHERE medium = ? AND until > ?",
                     "si", medium, act_now(act)) < 0 ||
            rows_next(rows, NULL) != 1 || !waiver_holds(act, medium, rows))
                return;
        state->waived_until = rows_int(rows, 0);
        (void) snprintf(state->waived_by, sizeof state->waived_by, "%s", rows_text(rows, 1));
}

void rotation_state_of(struct act *act, const struct medium *medium, const struct encryption *encryption,
                       struct rotation_state *ret) {
        bool ours = encryption->known && medium->key_id[0] &&
                    (strcmp(encryption->state, "done") == 0 || strcmp(encryption->state, "rekeying") == 0);
        struct rotation_case facts = { .category = medium->category,
                                       .rekeyed = ours ? encryption->rekeyed : 0,
                                       .now = act_now(act) };

        *ret = (struct rotation_state){ .standing = rotation_judge(&facts, NULL) };
        if (ret->standing != ROTATION_EXEMPT)
                find_waiver(act, medium->id, ret);
        facts.waived_until = ret->waived_until;
        ret->standing = rotation_judge(&facts, &ret->due);
}

/* --- the verb --------------------------------------------------------------------------------------------------
 */

static int sign_statement(struct act *act, const json_t *statement, json_t *data, struct error *err) {
        _cleanup_(X509_freep) X509 *certificate = NULL, *ca = NULL;
        _cleanup_free_ char *text = NULL, *encoded = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        _cleanup_person_ struct person person = { 0 };
        _cleanup_free_ uint8_t *signature = NULL;
        size_t n;
        int r = json_canonical(statement, &text, err);

        if (r == 0)
                r = person_load(act->db, act->person, &person, err);
        if (r == 0 && !person.certificate)
                return refuse(err, ERR_REFUSED, "C5", "%s no tiene clave de firma («person enrol»).",
                              "%s has no signing key (“person enrol”).", person.name);
        if (r == 0)
                r = certificate_from_pem(act->ca_certificate, &ca, err);
        if (r == 0)
                r = person_key_load(act, &person, &key, &certificate, err);
        if (r == 0)
                r = certificate_trusted(certificate, ca, CERTIFICATE_PERSON, act_now(act), err);
        if (r == 0)
                r = sign_bytes(key, text, strlen(text), &signature, &n, err);
        if (r < 0)
                return r;
        encoded = base64_encode(signature, n);
        if (!encoded || json_object_set_new(data, "signature", json_string(encoded)) < 0 ||
            json_object_set_new(data, "certificate", json_string(person.certificate)) < 0)
                return fail_memory(err);
        return 0;
}

static int check_until(const struct act *act, const char *date, char out[TIME_TEXT], struct error *err) {
        int64_t until = 0, now = act_now(act);

        if (date_parse(date, &until) < 0 || until <= now)
                return fail(err, ERR_USAGE, "«%s» no es una fecha futura.", "“%s” is no future date.", date);
        if (until > now + rotation_policy.waiver_days * DAY)
                return refuse(err, ERR_REFUSED, "C5", "Un aplazamiento dura %lld días como mucho.",
                              "A waiver lasts %lld days at most.", (long long) rotation_policy.waiver_days);
        time_format(until, out);
        return 0;
}

int encrypt_waive(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *statement = NULL, *data = NULL;
        _cleanup_encryption_ struct encryption encryption = { 0 };
        struct rotation_state state;
        struct medium medium;
        char until[TIME_TEXT] = "";
        int r = medium_load(act->db, json_text(args, "medium"), &medium, err);

        if (r == 0)
                r = encryption_load(act->db, medium.id, &encryption, err);
        if (r == 0)
                r = check_until(act, json_text(args, "until"), until, err);
        if (r < 0)
                return r;
        rotation_state_of(act, &medium, &encryption, &state);
        if (state.standing == ROTATION_EXEMPT)
                return fail(err, ERR_CONFLICT, "Al soporte %s no se le exige rotación.",
                            "Medium %s needs no rotation.", medium.id);
        statement = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "what", "rotation-waiver", "medium", medium.id,
                              "key", medium.key_id, "until", until, "reason", json_text(args, "reason"),
                              "algorithm", "ecdsa");
        data = statement ? json_pack("{s:O}", "statement", statement) : NULL;
        if (!data)
                return fail_memory(err);
        r = sign_statement(act, statement, data, err);
        if (r == 0)
                r = act_record_one(act, "encryption.rotation-waived", medium.id, data, err);
        if (r < 0)
                return r;
        act_say(act, "La rotación de %s queda aplazada hasta el %.10s.",
                "The rotation of %s is put off until %.10s.", medium.id, until);
        *ret = json_pack("{s:s, s:s, s:s}", "medium", medium.id, "until", until, "reason",
                         json_text(args, "reason"));
        return *ret ? 0 : fail_memory(err);
}
