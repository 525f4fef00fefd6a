/* `certificate sign`: executor, supervisor and the organisation's seal, each one update of the PDF, in this order.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "certify/tsa.h"
#include "policy/rule.h"

struct signing {
        json_t *certificate;
        int position; /* of signature_fields */
        EVP_PKEY *key;
        X509 *signer;
        char *pdf;
        size_t pdf_n;
        uint8_t *signed_pdf;
        size_t signed_n;
        struct tsa *tsa; /* NULL: none is configured */
        bool stamped;
        struct timestamp stamp;
        struct error unstamped; /* why there is none, when one was asked for */
};

static void signing_done(struct signing *s) {
        json_decref(s->certificate);
        EVP_PKEY_free(s->key);
        X509_free(s->signer);
        free(s->pdf);
        free(s->signed_pdf);
        tsa_free(s->tsa);
}
#define _cleanup_signing_ _cleanup_(signing_done)

/* Whose turn it is, and whether that is who acts (X1). */
static int judge_turn(struct act *act, const json_t *args, struct signing *s, struct error *err) {
        static const char *const persons[] = { "executor", "supervisor" };
        int wanted = term_parse(signature_terms, SIGNATURES, json_text(args, "role"));
        int next = (int) json_int(s->certificate, "signed", 0);
        const char *number = json_text(s->certificate, "number"), *person;

        if (strcmp(json_text_or_empty(s->certificate, "state"),
                   certificate_state_terms[CERTIFICATE_UNSIGNED].code) != 0)
                return refuse(err, ERR_CONFLICT, "S9", "El certificado %s está «%s%.0s».",
                              "Certificate %s is “%.0s%s”.", number,
                              TERM_NAMES(certificate_state_terms, json_text_or_empty(s->certificate, "state")));
        if (json_text(s->certificate, "review"))
                return refuse(err, ERR_CONFLICT, "S9",
                              "El certificado %s está en revisión: su resultado no se aceptó.",
                              "Certificate %s is under review: its result was not accepted.", number);
        if (json_text(s->certificate, "replacement"))
                return refuse(err, ERR_CONFLICT, "S9", "Al certificado %s lo va a sustituir %s: firme ese.",
                              "Certificate %s is to be superseded by %s: sign that one.", number,
                              json_text(s->certificate, "replacement"));
        if (wanted != next)
                return refuse(err, ERR_CONFLICT, "S9", "En %s toca ahora: %s%.0s.",
                              "In %s it is the turn of: %.0s%s.", number, signature_terms[next].name.es,
                              signature_terms[next].name.en);
        s->position = next;
        if (next == SIGN_SEAL)
                return act->roles & (ROLE_SECURITY | ROLE_CUSTODIAN)
                               ? 0
                               : refuse(err, ERR_DENIED, "X1", "%s no puede poner el sello.",
                                        "%s can't affix the seal.", act->person);
        person = json_text_or_empty(s->certificate, persons[next]);
        if (strcmp(person, act->person) != 0)
                return refuse(err, ERR_DENIED, "X1", "Esta firma de %s es de %s, no de %s.",
                              "This signature of %s is %s's, not %s's.", number, person, act->person);
        return 0;
}

struct opening {
        struct act *act;
        const char *path;
};

static int open_seal(void *context, EVP_PKEY **ret, struct error *err) {
        static const struct text prompt = { "Contraseña de la organización (sello): ",
                                            "Passphrase of the organisation (seal): " };
        const struct opening *o = context;
        _cleanup_secret_ struct secret *secret = NULL;
        int r = act_ask_secret(o->act, "organisation", prompt, &secret, err);

        return r < 0 ? r : identity_key_load(o->path, secret, ret, err);
}

int certify_seal_load(struct act *act, EVP_PKEY **ret_key, X509 **ret_certificate, struct error *err) {
        _cleanup_free_ char *key = act_path(act, "org", "seal.key"),
                            *certificate = act_path(act, "org", "seal.crt");
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *loaded = NULL;
        int r = key && certificate ? act_key(act, key, open_seal, &(struct opening){ act, key }, &loaded, err)
                                   : fail_memory(err);

        if (r == 0)
                r = certificate_load(certificate, ret_certificate, err);
        if (r < 0)
                return r;
        *ret_key = TAKE_PTR(loaded);
        return 0;
}

static int load_key(struct act *act, struct signing *s, struct error *err) {
        _cleanup_person_ struct person person = { 0 };
        int r;

        if (s->position == SIGN_SEAL)
                return certify_seal_load(act, &s->key, &s->signer, err);
        r = person_load(act->db, act->person, &person, err);
        return r < 0 ? r : person_key_load(act, &person, &s->key, &s->signer, err);
}

/* What is there must verify before anything is added to it, and so must what is written. */
static int check(struct act *act, const void *pdf, size_t n, size_t signatures, struct error *err) {
        const struct pades_expected expected = { signature_fields, signatures, true, signature_fields[SIGN_SEAL],
                                                 NULL };
        _cleanup_(X509_freep) X509 *ca = NULL;
        _cleanup_json_ json_t *report = NULL;
        int r = certificate_from_pem(act->ca_certificate, &ca, err);

        return r < 0 ? r : pades_verify(pdf, n, ca, &expected, &report, err);
}

static int sign(struct act *act, struct signing *s, struct error *err) {
        static const struct text whys[SIGNATURES] = {
                { "ejecución", "execution" },
                { "supervisión y validación", "supervision and validation" },
                { "sello", "seal" },
        };
        _cleanup_free_ char *reason = str_format("%s · %s · SHA-256 %s", json_text(s->certificate, "number"),
                                                 text_in(whys[s->position], certify_lang(act)),
                                                 json_text(s->certificate, "twin"));
        const struct pades_request request = { .key = s->key,
                                               .certificate = s->signer,
                                               .field = signature_fields[s->position],
                                               .reason = reason,
                                               .location = act->site,
                                               .moment = act_now(act),
                                               .lang = certify_lang(act) };
        int r = reason ? check(act, s->pdf, s->pdf_n, (size_t) s->position, err) : fail_memory(err);

        if (r == 0)
                r = pades_sign(s->pdf, s->pdf_n, &request, &s->signed_pdf, &s->signed_n, err);
        return r < 0 ? r : check(act, s->signed_pdf, s->signed_n, (size_t) s->position + 1, err);
}

/* A signature without a time-stamp is one all the same: an authority that does not answer costs the act nothing but
 * the stamp, and the record says so. Others may write meanwhile. */
static int stamp(struct act *act, struct signing *s, struct error *err) {
        uint8_t *stamped;
        int r, paused;

        if (!tsa_reachable(s->tsa) || act->dry_run)
                return 0;
        paused = act_pause(act, err);
        if (paused < 0)
                return paused;
        r = tsa_stamp(s->tsa, s->signed_pdf, s->signed_n, &stamped, &s->stamp, &s->unstamped);
        paused = act_resume(act, err);
        if (r == 0) {
                free(s->signed_pdf);
                s->signed_pdf = stamped;
                s->stamped = true;
        }
        if (paused < 0)
                return paused;
        return s->stamped ? check(act, s->signed_pdf, s->signed_n, (size_t) s->position + 1, err) : 0;
}

/* When and by whom it was stamped, or why not. */
static int add_stamp(const struct signing *s, json_t *data, struct error *err) {
        char when[TIME_TEXT];

        time_format(s->stamp.moment, when);
        if (s->stamped ? json_object_set_new(data, "stamped", json_string(when)) ||
                                 json_object_set_new(data, "authority", json_string(s->stamp.authority))
                       : tsa_reachable(s->tsa) &&
                                 json_object_set_new(data, "unstamped", json_string(s->unstamped.what[LANG_EN])))
                return fail_memory(err);
        return 0;
}

/* S9: with its last signature it takes the place of the one that it supersedes, when that one still stands. */
static int draft_superseded(struct act *act, const struct signing *s, struct fact *ret, struct error *err) {
        const char *replaces = json_text(s->certificate, "supersedes"),
                   *number = json_text(s->certificate, "number");
        _cleanup_json_ json_t *old = NULL, *twin = NULL;
        _cleanup_free_ char *text = NULL;
        size_t n;
        int r = replaces && s->position == SIGN_SEAL ? certify_load(act->db, replaces, &old, err) : 0;

        if (r < 0 || !old || certify_demand_live(old, NULL) < 0)
                return r;
        r = certify_attachment(act, json_text(s->certificate, "twin"), &text, &n, err);
        if (r == 0)
                r = json_parse(text, n, &twin, err);
        if (r < 0)
                return r;
        *ret = (struct fact){ "certificate.superseded", json_text(s->certificate, "medium"),
                              json_pack("{s:s, s:s, s:O*}", "number", replaces, "by", number, "reason",
                                        json_object_get(json_object_get(twin, "supersedes"), "reason")) };
        return ret->data ? 1 : fail_memory(err);
}

/* What was signed must still be what is to be signed: others wrote while the authority was asked. */
static int judge_again(struct act *act, const json_t *args, struct signing *s, struct error *err) {
        _cleanup_json_ json_t *before = s->certificate;
        const char *number = json_text(before, "number");
        int r;

        s->certificate = NULL;
        r = certify_load(act->db, number, &s->certificate, err);
        if (r == 0)
                r = judge_turn(act, args, s, err);
        if (r == 0 && strcmp(json_text_or_empty(before, "pdf"), json_text_or_empty(s->certificate, "pdf")) != 0)
                r = fail(err, ERR_CONFLICT, "El certificado %s ha cambiado entretanto.",
                         "Certificate %s has changed meanwhile.", number);
        return r;
}

static int record(struct act *act, struct signing *s, char digest[SHA256_TEXT], struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        char name[128], fingerprint[SHA256_TEXT];
        int r = act_attach(act, s->signed_pdf, s->signed_n, digest, err);

        if (r == 0)
                r = certificate_fingerprint(s->signer, fingerprint, err);
        if (r < 0)
                return r;
        certificate_subject(s->signer, "commonName", name, sizeof name);
        data = json_pack("{s:s, s:I, s:s, s:s, s:s, s:s}", "number", json_text(s->certificate, "number"),
                         "position", (json_int_t) s->position + 1, "field", signature_fields[s->position], "name",
                         name, "pdf", digest, "fingerprint", fingerprint);
        r = data ? add_stamp(s, data, err) : fail_memory(err);
        if (r < 0)
                return r;
        struct fact facts[2] = { { "certificate.signed", json_text(s->certificate, "medium"), data } };

        r = draft_superseded(act, s, &facts[1], err);
        if (r >= 0)
                r = act_record(act, facts, r > 0 ? 2 : 1, err);
        json_decref(facts[1].data);
        return r;
}

int certificate_run_sign(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_signing_ struct signing s = { 0 };
        char digest[SHA256_TEXT];
        int r = certify_find(act, json_text(args, "certificate"), &s.certificate, err);

        if (r == 0)
                r = judge_turn(act, args, &s, err);
        if (r == 0)
                r = certify_attachment(act, json_text(s.certificate, "pdf"), &s.pdf, &s.pdf_n, err);
        if (r == 0)
                r = load_key(act, &s, err);
        if (r == 0)
                r = sign(act, &s, err);
        if (r == 0)
                r = tsa_load(act->folder, &s.tsa, err);
        if (r == 0)
                r = stamp(act, &s, err);
        if (r == 0)
                r = judge_again(act, args, &s, err);
        if (r == 0)
                r = record(act, &s, digest, err);
        if (r < 0 || act->dry_run)
                return r;
        if (json_text(args, "out"))
                r = certify_export(act, digest, json_text(args, "out"), err);
        if (r < 0)
                return r;
        if (tsa_reachable(s.tsa) && !s.stamped)
                act_say(act,
                        "Sin sello de tiempo: %s%.0s Se puede añadir después: «mpsi certificate timestamp %s».",
                        "Without a time-stamp: %.0s%s It can be added later: “mpsi certificate timestamp %s”.",
                        s.unstamped.what[LANG_ES], s.unstamped.what[LANG_EN], json_text(s.certificate, "number"));
        if (s.position == SIGN_SEAL)
                act_say(act, "Certificado %s completo y válido.", "Certificate %s is complete and valid.",
                        json_text(s.certificate, "number"));
        else
                act_say(act, "Firmado. Falta: %s%.0s.", "Signed. Next: %.0s%s.",
                        signature_terms[s.position + 1].name.es, signature_terms[s.position + 1].name.en);
        return certify_load(act->db, json_text(s.certificate, "number"), ret, err);
}
