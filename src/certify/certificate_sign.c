/* `certificate sign`: executor, supervisor and the organisation's seal, each one update of the PDF, in this order;
 * one certificate, or many with one opening of the key: all of them, or none. */
#include <string.h>

#include "base/str.h"
#include "certify/signing.h"
#include "policy/rule.h"

enum { PENDING_MAX = 1000 /* in one act, as of those that are named */, PENDING_SHOWN = 20 };
#define _cleanup_signings_ _cleanup_(signings_done)

/* Whose turn it is, and whether that is who acts (X1). */
static int judge_turn(struct act *act, const json_t *certificate, int wanted, struct error *err) {
        static const char *const persons[] = { "executor", "supervisor" };
        int next = (int) json_int(certificate, "signed", 0);
        const char *number = json_text(certificate, "number"), *person;

        if (strcmp(json_text_or_empty(certificate, "state"), certificate_state_terms[CERTIFICATE_UNSIGNED].code) !=
            0)
                return refuse(err, ERR_CONFLICT, "S9", "El certificado %s está «%s%.0s».",
                              "Certificate %s is “%.0s%s”.", number,
                              TERM_NAMES(certificate_state_terms, json_text_or_empty(certificate, "state")));
        if (json_text(certificate, "review"))
                return refuse(err, ERR_CONFLICT, "S9",
                              "El certificado %s está en revisión: su resultado no se aceptó.",
                              "Certificate %s is under review: its result was not accepted.", number);
        if (json_text(certificate, "replacement"))
                return refuse(err, ERR_CONFLICT, "S9", "Al certificado %s lo va a sustituir %s: firme ese.",
                              "Certificate %s is to be superseded by %s: sign that one.", number,
                              json_text(certificate, "replacement"));
        if (wanted != next)
                return refuse(err, ERR_CONFLICT, "S9", "En %s toca ahora: %s%.0s.",
                              "In %s it is the turn of: %.0s%s.", number, signature_terms[next].name.es,
                              signature_terms[next].name.en);
        if (next == SIGN_SEAL)
                return act->roles & (ROLE_SECURITY | ROLE_CUSTODIAN)
                               ? 0
                               : refuse(err, ERR_DENIED, "X1", "%s no puede poner el sello.",
                                        "%s can't affix the seal.", act->person);
        person = json_text_or_empty(certificate, persons[next]);
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

static int load_key(struct act *act, struct signings *s, struct error *err) {
        _cleanup_person_ struct person person = { 0 };
        int r;

        if (s->position == SIGN_SEAL)
                return certify_seal_load(act, &s->key, &s->signer, err);
        r = person_load(act->db, act->person, &person, err);
        return r < 0 ? r : person_key_load(act, &person, &s->key, &s->signer, err);
}

/* --- which ------------------------------------------------------------------------------------------------------
 */

static int add(struct signings *s, json_t *certificate, struct error *err) {
        struct signing *more;

        for (size_t i = 0; i < s->n; i++)
                if (strcmp(json_text(s->list[i].certificate, "number"), json_text(certificate, "number")) == 0) {
                        (void) fail(err, ERR_USAGE, "El certificado %s se indica dos veces.",
                                    "Certificate %s is named twice.", json_text(certificate, "number"));
                        json_decref(certificate);
                        return ERR_USAGE;
                }
        more = realloc(s->list, (s->n + 1) * sizeof *more);
        if (!more) {
                json_decref(certificate);
                return fail_memory(err);
        }
        s->list = more;
        s->list[s->n++] = (struct signing){ .certificate = certificate };
        return 0;
}

static int find_named(struct act *act, const json_t *names, struct signings *s, struct error *err) {
        const json_t *name;
        size_t i;
        int r = 0;

        json_array_foreach(names, i, name) {
                json_t *certificate;

                r = certify_find(act, json_string_value(name), &certificate, err);
                if (r == 0)
                        r = add(s, certificate, err);
                if (r == 0)
                        r = judge_turn(act, s->list[s->n - 1].certificate, s->position, err);
                if (r < 0)
                        break;
        }
        return r;
}

/* All that wait for this signature by whoever acts; those of others, and those under review, are left out. */
static int find_pending(struct act *act, struct signings *s, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(act->db, &rows, err,
                         "SELECT number FROM certificate WHERE state = 'unsigned' AND signed = ? "
                         "ORDER BY year, ordinal",
                         "i", (int64_t) s->position);

        while (r >= 0 && s->n < PENDING_MAX && (r = rows_next(rows, err)) > 0) {
                _cleanup_json_ json_t *certificate = NULL;

                r = certify_load(act->db, rows_text(rows, 0), &certificate, err);
                if (r == 0 && judge_turn(act, certificate, s->position, NULL) == 0)
                        r = add(s, TAKE_PTR(certificate), err);
        }
        if (r < 0)
                return r;
        return s->n > 0 ? 0
                        : fail(err, ERR_NOT_FOUND, "Ningún certificado espera esta firma de %s.",
                               "No certificate waits for this signature of %s.", act->person);
}

/* Nobody signs unseen: what waits is shown, and how many there are is typed. */
static int confirm_pending(struct act *act, const json_t *args, const struct signings *s, struct error *err) {
        _cleanup_free_ char *shown = strdup(""), *es = NULL, *en = NULL, *line = NULL;
        _cleanup_free_ char *count = str_format("%zu", s->n);
        const char *typed = json_text(args, "confirm");

        for (size_t i = 0; shown && i < s->n && i < PENDING_SHOWN; i++) {
                const json_t *one = s->list[i].certificate;
                char *more = str_format("%s  %s  %s\n", shown, json_text(one, "number"), json_text(one, "medium"));

                free(shown);
                shown = more;
        }
        if (shown && s->n > PENDING_SHOWN) {
                char *more = str_format("%s  … %s\n", shown, json_text(s->list[s->n - 1].certificate, "number"));

                free(shown);
                shown = more;
        }
        es = shown ? str_format("%sSe van a firmar estos certificados. Teclee cuántos son (%s): ", shown, count)
                   : NULL;
        en = shown ? str_format("%sThese certificates are about to be signed. Type how many (%s): ", shown, count)
                   : NULL;
        if (!count || !es || !en)
                return fail_memory(err);
        if (!typed && (!act->ui || !act->ui->ask_line))
                return fail(err, ERR_USAGE, "Falta --confirm %s.", "--confirm %s is missing.", count);
        if (!typed) {
                int r = act->ui->ask_line(act->ui->context, (struct text){ es, en }, &line, err);

                if (r < 0)
                        return r;
                typed = line;
        }
        if (strcmp(typed, count) != 0)
                return refuse(err, ERR_REFUSED, "S9", "Se ha tecleado «%.20s» y son %s: no se ha firmado ninguno.",
                              "“%.20s” was typed and they are %s: none was signed.", typed, count);
        return 0;
}

static int find(struct act *act, const json_t *args, struct signings *s, struct error *err) {
        const json_t *names = json_object_get(args, "certificate");
        bool pending = json_flag(args, "pending");

        if (pending == (json_array_size(names) > 0))
                return fail(err, ERR_USAGE, "Diga qué certificados, o --pending.",
                            "Say which certificates, or --pending.");
        if (json_text(args, "out") && (pending || json_array_size(names) > 1)) {
                (void) fail(err, ERR_USAGE, "--out es para un solo certificado.", "--out is for one certificate.");
                return hint(err, "Exporte después cada uno: «mpsi certificate export NÚMERO --out FICHERO».",
                            "Export each of them afterwards: “mpsi certificate export NUMBER --out FILE”.");
        }
        if (json_text(args, "confirm") && !pending)
                return fail(err, ERR_USAGE, "--confirm va con --pending.", "--confirm goes with --pending.");
        return pending ? find_pending(act, s, err) : find_named(act, names, s, err);
}

/* What was signed must still be what is to be signed: others wrote meanwhile. */
static int judge_again(struct act *act, const struct signings *s, struct error *err) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < s->n; i++) {
                _cleanup_json_ json_t *now = NULL;
                const json_t *before = s->list[i].certificate;
                const char *number = json_text(before, "number");

                r = certify_load(act->db, number, &now, err);
                if (r == 0)
                        r = judge_turn(act, now, s->position, err);
                if (r == 0 && strcmp(json_text_or_empty(before, "pdf"), json_text_or_empty(now, "pdf")) != 0)
                        r = fail(err, ERR_CONFLICT, "El certificado %s ha cambiado entretanto.",
                                 "Certificate %s has changed meanwhile.", number);
        }
        return r;
}

/* --- on record --------------------------------------------------------------------------------------------------
 */

/* When and by whom it was stamped, or why not. */
static int add_stamp(const struct signing *one, json_t *data, struct error *err) {
        char when[TIME_TEXT];

        time_format(one->stamp.moment, when);
        if (one->stamped ? json_object_set_new(data, "stamped", json_string(when)) ||
                                   json_object_set_new(data, "authority", json_string(one->stamp.authority))
                         : one->unstamped[LANG_EN] &&
                                   json_object_set_new(data, "unstamped", json_string(one->unstamped[LANG_EN])))
                return fail_memory(err);
        return 0;
}

/* S9: with its last signature it takes the place of the one that it supersedes, when that one still stands. */
static int draft_superseded(struct act *act, const json_t *certificate, struct fact *ret, struct error *err) {
        const char *replaces = json_text(certificate, "supersedes"), *number = json_text(certificate, "number");
        _cleanup_json_ json_t *old = NULL, *twin = NULL;
        _cleanup_free_ char *text = NULL;
        size_t n;
        int r = replaces ? certify_load(act->db, replaces, &old, err) : 0;

        if (r < 0 || !old || certify_demand_live(old, NULL) < 0)
                return r;
        r = certify_attachment(act, json_text(certificate, "twin"), &text, &n, err);
        if (r == 0)
                r = json_parse(text, n, &twin, err);
        if (r < 0)
                return r;
        *ret = (struct fact){ "certificate.superseded", json_text(certificate, "medium"),
                              json_pack("{s:s, s:s, s:O*}", "number", replaces, "by", number, "reason",
                                        json_object_get(json_object_get(twin, "supersedes"), "reason")) };
        return ret->data ? 1 : fail_memory(err);
}

static int draft_signed(const struct signings *s, const struct signing *one, struct fact *ret, struct error *err) {
        char name[128], fingerprint[SHA256_TEXT];
        json_t *data;
        int r = certificate_fingerprint(s->signer, fingerprint, err);

        if (r < 0)
                return r;
        certificate_subject(s->signer, "commonName", name, sizeof name);
        data = json_pack("{s:s, s:I, s:s, s:s, s:s, s:s}", "number", json_text(one->certificate, "number"),
                         "position", (json_int_t) s->position + 1, "field", signature_fields[s->position], "name",
                         name, "pdf", one->digest, "fingerprint", fingerprint);
        *ret = (struct fact){ "certificate.signed", json_text(one->certificate, "medium"), data };
        return data ? add_stamp(one, data, err) : fail_memory(err);
}

static int record(struct act *act, const struct signings *s, struct error *err) {
        struct fact *facts = calloc(2 * s->n, sizeof *facts);
        size_t n = 0;
        int r = facts ? 0 : fail_memory(err);

        for (size_t i = 0; r >= 0 && i < s->n; i++) {
                r = draft_signed(s, &s->list[i], &facts[n], err);
                n += facts[n].data != NULL;
                if (r == 0 && s->position == SIGN_SEAL) {
                        r = draft_superseded(act, s->list[i].certificate, &facts[n], err);
                        n += r > 0;
                }
        }
        if (r >= 0)
                r = act_record(act, facts, n, err);
        for (size_t i = 0; i < n; i++)
                json_decref(facts[i].data);
        free(facts);
        return r;
}

/* --- the verb ---------------------------------------------------------------------------------------------------
 */

static void say(struct act *act, const struct signings *s) {
        const char *number = json_text(s->list[0].certificate, "number");
        const struct signing *silent = NULL;
        bool one = s->n == 1;

        for (size_t i = s->n; i-- > 0;)
                if (s->list[i].unstamped[LANG_EN])
                        silent = &s->list[i];
        if (silent)
                act_say(act,
                        "Sin sello de tiempo: %s%.0s Se puede añadir después: «mpsi certificate timestamp %s».",
                        "Without a time-stamp: %.0s%s It can be added later: “mpsi certificate timestamp %s”.",
                        silent->unstamped[LANG_ES], silent->unstamped[LANG_EN],
                        one ? number : text_in((struct text){ "NÚMERO", "NUMBER" }, act->lang));
        if (s->position == SIGN_SEAL && one)
                act_say(act, "Certificado %s completo y válido.", "Certificate %s is complete and valid.", number);
        else if (s->position == SIGN_SEAL)
                act_say(act, "%zu certificados completos y válidos.", "%zu certificates are complete and valid.",
                        s->n);
        else if (one)
                act_say(act, "Firmado. Falta: %s%.0s.", "Signed. Next: %.0s%s.",
                        signature_terms[s->position + 1].name.es, signature_terms[s->position + 1].name.en);
        else
                act_say(act, "%zu certificados firmados. Falta: %s%.0s.", "%zu certificates signed. Next: %.0s%s.",
                        s->n, signature_terms[s->position + 1].name.es, signature_terms[s->position + 1].name.en);
}

/* One is shown whole, of many a line each. */
static int answer(struct act *act, const struct signings *s, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = json_array();
        int r = 0;

        if (s->n == 1 && !act->dry_run)
                return certify_load(act->db, json_text(s->list[0].certificate, "number"), ret, err);
        for (size_t i = 0; r == 0 && i < s->n; i++) {
                static const char *const shown[] = { "number", "medium", "kind", "state", "signed" };
                _cleanup_json_ json_t *row = NULL;
                json_t *line = json_object();

                r = certify_load(act->db, json_text(s->list[i].certificate, "number"), &row, err);
                for (size_t k = 0; r == 0 && k < COUNT(shown); k++)
                        if (json_object_set(line, shown[k], json_object_get(row, shown[k])))
                                r = fail_memory(err);
                if (json_array_append_new(rows, line) && r == 0)
                        r = fail_memory(err);
        }
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", rows);
        return *ret ? 0 : fail_memory(err);
}

/* Others may write while it works, and while an authority is asked. */
static int work(struct act *act, struct signings *s, struct error *err) {
        int r, resumed;

        r = act_pause(act, err);
        if (r < 0)
                return r;
        r = signings_run(s, err);
        resumed = act_resume(act, r < 0 ? NULL : err);
        if (r == 0)
                r = resumed;
        return r < 0 ? r : judge_again(act, s, err);
}

int certificate_run_sign(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_signings_ struct signings s = { .act = act,
                                                 .position = term_parse(signature_terms, SIGNATURES,
                                                                        json_text(args, "role")),
                                                 .lang = certify_lang(act) };
        bool pending = json_flag(args, "pending");
        int r = find(act, args, &s, err);

        if (r == 0 && pending && act->dry_run) /* which they are, without a PIN */
                return answer(act, &s, ret, err);
        if (r == 0 && pending)
                r = confirm_pending(act, args, &s, err);
        if (r == 0)
                r = load_key(act, &s, err);
        if (r == 0)
                r = tsa_load(act->folder, &s.tsa, err);
        if (r == 0)
                r = work(act, &s, err);
        if (r == 0)
                r = record(act, &s, err);
        if (r < 0 || act->dry_run)
                return r;
        if (json_text(args, "out"))
                r = certify_export(act, s.list[0].digest, json_text(args, "out"), err);
        if (r < 0)
                return r;
        say(act, &s);
        return answer(act, &s, ret, err);
}
