#include "registry/person.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "policy/access.h"
#include "registry/account.h"
#include "registry/registry.h"
#include "registry/station.h"
#include "registry/training.h"
#include "sign/identity.h"

enum { PIN_MIN = 6 };

/* --- loading ---------------------------------------------------------------------------------------------- */

/* Locked by itself is blocked too, for whoever asks. */
#define PERSON_COLUMNS                                                                                             \
        "name, full_name, title, os_user, roles, blocked OR locked <> 0, expires, trained_until, certificate "     \
        "FROM person JOIN account USING(name)"

static int from_row(const struct rows *rows, struct person *ret, struct error *err) {
        struct person person = { 0 };

        (void) snprintf(person.name, sizeof person.name, "%s", rows_text(rows, 0));
        (void) snprintf(person.full_name, sizeof person.full_name, "%s", rows_text(rows, 1));
        (void) snprintf(person.title, sizeof person.title, "%s", rows_text(rows, 2));
        (void) snprintf(person.os_user, sizeof person.os_user, "%s", rows_text(rows, 3));
        (void) roles_parse(rows_text(rows, 4), &person.roles); /* none left: no roles */
        person.blocked = rows_int(rows, 5);
        (void) snprintf(person.expires, sizeof person.expires, "%s", rows_text(rows, 6));
        (void) snprintf(person.trained_until, sizeof person.trained_until, "%s", rows_text(rows, 7));
        if (!rows_null(rows, 8)) {
                person.certificate = strdup(rows_text(rows, 8));
                if (!person.certificate)
                        return fail_memory(err);
        }
        *ret = person;
        return 0;
}

int person_load(struct db *db, const char *name, struct person *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, "SELECT " PERSON_COLUMNS " WHERE name = ?", "s", name);

        if (r == 0)
                r = rows_next(rows, err);
        if (r == 0) {
                (void) fail(err, ERR_NOT_FOUND, "No hay nadie que se llame «%.40s».",
                            "There is nobody named “%.40s”.", name);
                return hint(err, "Vea «mpsi person list».", "See “mpsi person list”.");
        }
        return r < 0 ? r : from_row(rows, ret, err);
}

json_t *person_printed(struct db *db, const char *name) {
        _cleanup_person_ struct person person = { 0 };

        if (!name)
                return NULL;
        if (person_load(db, name, &person, NULL) < 0 || !*person.full_name)
                return json_string(name);
        return json_string(person.full_name);
}

int person_by_os_user(struct db *db, const char *os_user, struct person *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, "SELECT " PERSON_COLUMNS " WHERE os_user = ? AND os_user <> ''", "s",
                         os_user);

        if (r == 0)
                r = rows_next(rows, err);
        if (r == 0)
                return fail(err, ERR_NOT_FOUND, "Nadie tiene la cuenta «%.40s».", "Nobody has the account “%.40s”.",
                            os_user);
        return r < 0 ? r : from_row(rows, ret, err);
}

int person_each(struct db *db, int (*each)(void *context, const struct person *person), void *context,
                struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, "SELECT name FROM person ORDER BY name", "");

        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                _cleanup_person_ struct person person = { 0 };

                r = person_load(db, rows_text(rows, 0), &person, err);
                if (r == 0)
                        r = each(context, &person);
        }
        return r;
}

int people_since(struct db *db, int64_t *ret, struct error *err) {
        return db_int(db, ret, err, "SELECT coalesce(min(added), 0) FROM person", "");
}

void person_done(struct person *person) {
        free(person->certificate);
        person->certificate = NULL;
}

static json_t *person_to_json(const struct person *person) {
        char roles[64];

        roles_format(person->roles, roles);
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:b}", "name", person->name, "full_name",
                         person->full_name, "title", person->title, "os_user", person->os_user, "roles", roles,
                         "blocked", person->blocked, "expires", person->expires, "trained_until",
                         person->trained_until, "enrolled", person->certificate != NULL);
}

/* --- events ----------------------------------------------------------------------------------------------- */

static int apply_added(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        int r = db_exec(
                db, err,
                "INSERT INTO person(name, full_name, title, os_user, roles, blocked, expires, trained_until, "
                "certificate, added) VALUES(?, ?, ?, ?, ?, 0, ?, '', NULL, ?)",
                "ssssssi", event->subject, json_text(data, "full_name"), json_text(data, "title"),
                json_text(data, "os_user"), json_text(data, "roles"), json_text(data, "expires"), event->time);

        return r < 0 ? r : account_apply_added(db, event, err);
}

static int apply_roles(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE person SET roles = ? WHERE name = ?", "ss",
                        json_text(event->data, "roles"), event->subject);

        return r < 0 ? r : account_apply_granted(db, event, err);
}

static int apply_blocked(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE person SET blocked = ? WHERE name = ?", "is",
                        (int64_t) json_flag(event->data, "blocked"), event->subject);

        return r < 0 ? r : account_apply_unblocked(db, event, err);
}

static int apply_trained(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE person SET trained_until = ? WHERE name = ?", "ss",
                        json_text(event->data, "until"), event->subject);

        return r < 0 ? r : training_apply(db, event, err);
}

static int apply_enrolled(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE person SET certificate = ? WHERE name = ?", "ss",
                        json_text(event->data, "certificate"), event->subject);

        return r < 0 ? r : 0;
}

static const struct event_type events[] = {
        { "store.created", station_apply_created },
        { "store.profile-changed", station_apply_profile },
        { "person.added", apply_added },
        { "person.roles-changed", apply_roles },
        { "person.blocked-changed", apply_blocked },
        { "person.trained", apply_trained },
        { "person.enrolled", apply_enrolled },
};

/* --- verbs ------------------------------------------------------------------------------------------------ */

json_t *person_added_data(const char *full_name, const char *title, unsigned roles, const char *os_user,
                          const char *expires) {
        char text[64];

        roles_format(roles, text);
        return json_pack("{s:s, s:s, s:s, s:s, s:s}", "full_name", full_name, "title", title, "roles", text,
                         "os_user", os_user, "expires", expires);
}

int person_roles_argument(const json_t *args, unsigned *ret, struct error *err) {
        const char *roles = json_text(args, "roles");

        if (roles_parse(roles, ret) == 0)
                return 0;
        (void) fail(err, ERR_USAGE, "Roles no válidos: «%.60s».", "Invalid roles: “%.60s”.", roles);
        return hint(err,
                    "Use propietario, custodio, operador-ti, seguridad, usuario o auditor, separados por comas, o "
                    "sus códigos: owner, custodian, operator, security, user, auditor.",
                    "Use owner, custodian, operator, security, user or auditor, separated by commas.");
}

int person_os_user_free(struct db *db, const char *os_user, struct error *err) {
        _cleanup_person_ struct person holder = { 0 };
        int r = str_empty(os_user) ? ERR_NOT_FOUND : person_by_os_user(db, os_user, &holder, NULL);

        if (r == 0)
                return fail(err, ERR_CONFLICT, "La cuenta «%s» ya es de %s.", "Account “%s” is %s's already.",
                            os_user, holder.name);
        return r == ERR_NOT_FOUND ? 0
                                  : fail(err, r, "No se puede leer el registro.", "The registry can't be read.");
}

static int run_add(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *name = json_text(args, "name"), *expires = json_text_or_empty(args, "expires");
        _cleanup_person_ struct person there = { 0 };
        _cleanup_json_ json_t *data = NULL;
        char es[ROLES_TEXT], en[ROLES_TEXT];
        unsigned roles;
        int r = person_roles_argument(args, &roles, err);

        if (r == 0)
                r = access_judge_roles(roles, err);
        if (r == 0)
                r = access_judge_auditor_expiry(roles, expires, act_now(act), err);
        if (r < 0)
                return r;
        if (person_load(act->db, name, &there, NULL) == 0)
                return fail(err, ERR_CONFLICT, "Ya hay alguien que se llama «%s».",
                            "There is somebody named “%s” already.", name);
        r = person_os_user_free(act->db, json_text(args, "os-user"), err);
        if (r < 0)
                return r;
        data = person_added_data(json_text(args, "full-name"), json_text_or_empty(args, "title"), roles,
                                 json_text_or_empty(args, "os-user"), expires);
        r = act_record_one(act, "person.added", name, data, err);
        if (r < 0)
                return r;
        roles_named(roles, LANG_ES, es);
        roles_named(roles, LANG_EN, en);
        act_say(act, "Alta de %s (%s%.0s). Siguiente paso: mpsi person enrol %s.",
                "%s added (%.0s%s). Next: mpsi person enrol %s.", name, es, en, name);
        *ret = json_pack("{s:s, s:s}", "name", name, "roles", json_text(data, "roles"));
        return 0;
}

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *list = json_array();
        int r = db_query(act->db, &rows, err, "SELECT " PERSON_COLUMNS " ORDER BY name", "");

        (void) args;
        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                _cleanup_person_ struct person person = { 0 };

                r = from_row(rows, &person, err);
                if (r == 0 && json_array_append_new(list, person_to_json(&person)) < 0)
                        r = fail_memory(err);
        }
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return 0;
}

static int run_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_person_ struct person person = { 0 };
        _cleanup_json_ json_t *answer = NULL;
        int r = person_load(act->db, json_text(args, "name"), &person, err);

        if (r < 0)
                return r;
        answer = person_to_json(&person);
        r = answer ? account_describe(act, person.name, answer, err) : fail_memory(err);
        if (r == 0)
                *ret = TAKE_PTR(answer);
        return r;
}

static int change_roles(struct act *act, const json_t *args, bool grant, json_t **ret, struct error *err) {
        const char *name = json_text(args, "name");
        _cleanup_person_ struct person person = { 0 };
        _cleanup_json_ json_t *data = NULL;
        char text[64], granted[64];
        unsigned roles, changed;
        int r = access_judge_not_oneself(act->person, name, err);

        if (r == 0)
                r = person_load(act->db, name, &person, err);
        if (r == 0)
                r = person_roles_argument(args, &roles, err);
        if (r < 0)
                return r;
        changed = grant ? person.roles | roles : person.roles & ~roles;
        r = access_judge_roles(changed, err);
        if (r == 0)
                r = access_judge_auditor_expiry(changed, person.expires, act_now(act), err);
        if (r < 0)
                return r;
        roles_format(changed, text);
        roles_format(changed & ~person.roles, granted);
        data = json_pack("{s:s, s:s, s:s}", "roles", text, "granted", granted, "reason",
                         json_text_or_empty(args, "reason"));
        r = act_record_one(act, "person.roles-changed", name, data, err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s, s:s}", "name", name, "roles", text);
        return 0;
}

static int run_grant(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        return change_roles(act, args, true, ret, err);
}

static int run_revoke(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        return change_roles(act, args, false, ret, err);
}

/* The certificate's fingerprint is in the name: a new enrolment that is cut off before its event leaves the old key
 * in place. */
static char *key_path(const struct act *act, const char *name, const char *fingerprint) {
        _cleanup_free_ char *file = str_format("%s-%.16s.key", name, fingerprint);

        return file ? act_path(act, "people", file) : NULL;
}

/* A person's key on its way: a derivation, or a card, with their PIN. */
struct opening {
        struct act *act;
        const struct person *person;
        const char *path, *fingerprint;
};

static int open_key(void *context, EVP_PKEY **ret, struct error *err) {
        const struct opening *o = context;
        _cleanup_free_ char *purpose = str_format("pin:%s", o->person->name);
        _cleanup_free_ char *es = str_format("PIN de %s: ", o->person->full_name),
                            *en = str_format("PIN of %s: ", o->person->full_name);
        _cleanup_secret_ struct secret *pin = NULL;
        int r;

        if (person_has_card(o->act, o->person, o->fingerprint))
                return person_card_load(o->act, o->person, o->fingerprint, ret, err);
        r = purpose && es && en ? act_ask_secret(o->act, purpose, (struct text){ es, en }, &pin, err)
                                : fail_memory(err);
        return r < 0 ? r : identity_key_load(o->path, pin, ret, err);
}

int person_key_load(struct act *act, const struct person *person, EVP_PKEY **ret_key, X509 **ret_certificate,
                    struct error *err) {
        _cleanup_free_ char *path = NULL;
        char fingerprint[SHA256_TEXT];
        X509 *certificate = NULL;
        EVP_PKEY *key = NULL;
        int r;

        if (!person->certificate) {
                (void) fail(err, ERR_CONFLICT, "%s no tiene clave de firma.", "%s has no signing key.",
                            person->name);
                return hint(err, "Ejecute «mpsi person enrol %s».", "Run “mpsi person enrol %s”.", person->name);
        }
        r = certificate_from_pem(person->certificate, &certificate, err);
        if (r == 0)
                r = certificate_fingerprint(certificate, fingerprint, err);
        if (r == 0)
                r = (path = key_path(act, person->name, fingerprint)) ? 0 : fail_memory(err);
        if (r == 0)
                r = act_key(act, path, open_key, &(struct opening){ act, person, path, fingerprint }, &key, err);
        if (r == 0 && !certificate_matches(certificate, key))
                r = fail(err, ERR_VERIFY, "La clave de %s no corresponde a su certificado.",
                         "The key of %s does not belong to their certificate.", person->name);
        if (r < 0) {
                EVP_PKEY_free(key);
                X509_free(certificate);
                return r;
        }
        if (act->person && strcmp(act->person, person->name) == 0)
                act->proved = true;
        *ret_key = key;
        *ret_certificate = certificate;
        return 0;
}

static struct identity_request request_of(struct act *act, const char *name, const char *full_name,
                                          const char *title) {
        const int64_t now = act_now(act), years = 3;

        return (struct identity_request){ .common_name = full_name,
                                          .account = name,
                                          .organisation = act->organisation,
                                          .title = *title ? title : NULL,
                                          .use = CERTIFICATE_PERSON,
                                          .curve = CURVE_P384,
                                          .not_before = now,
                                          .not_after = now + years * 365 * DAY };
}

int person_enrol(struct act *act, const char *name, const char *full_name, const char *title, EVP_PKEY *ca_key,
                 X509 *ca_certificate, json_t **ret_data, struct error *err) {
        const struct identity_request request = request_of(act, name, full_name, title);
        _cleanup_free_ char *path = NULL, *purpose = str_format("pin:%s", name);
        _cleanup_free_ char *es = str_format("PIN nuevo de %s: ", full_name),
                            *en = str_format("New PIN of %s: ", full_name);
        _cleanup_free_ char *pem = NULL;
        _cleanup_secret_ struct secret *pin = NULL;
        char fingerprint[SHA256_TEXT];
        X509 *certificate = NULL;
        EVP_PKEY *key = NULL;
        int r;

        if (!purpose || !es || !en)
                return fail_memory(err);
        r = act_ask_new_secret(act, purpose, (struct text){ es, en }, PIN_MIN, &pin, err);
        if (r == 0)
                r = identity_issue(ca_key, ca_certificate, &request, &key, &certificate, err);
        if (r == 0)
                r = certificate_to_pem(certificate, &pem, err);
        if (r == 0)
                r = certificate_fingerprint(certificate, fingerprint, err);
        if (r == 0)
                r = (path = key_path(act, name, fingerprint)) ? 0 : fail_memory(err);
        if (r == 0 && !act->dry_run)
                r = identity_key_save(path, key, pin, err);
        EVP_PKEY_free(key);
        X509_free(certificate);
        if (r < 0)
                return r;
        *ret_data = json_pack("{s:s, s:s, s:s}", "certificate", pem, "fingerprint", fingerprint, "algorithm",
                              "ECDSA-P384");
        return *ret_data ? 0 : fail_memory(err);
}

struct authority {
        struct act *act;
        const char *path;
};

static int open_authority(void *context, EVP_PKEY **ret, struct error *err) {
        static const struct text prompt = { "Contraseña de la organización (CA y sello): ",
                                            "The organisation's passphrase (CA and seal): " };
        const struct authority *a = context;
        _cleanup_secret_ struct secret *passphrase = NULL;
        int r = act_ask_secret(a->act, "organisation", prompt, &passphrase, err);

        return r < 0 ? r : identity_key_load(a->path, passphrase, ret, err);
}

static int run_enrol(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *name = json_text(args, "name");
        _cleanup_free_ char *path = act_path(act, "org", "ca.key");
        _cleanup_person_ struct person person = { 0 };
        _cleanup_json_ json_t *data = NULL;
        struct identity_request request;
        X509 *ca_certificate = NULL;
        EVP_PKEY *ca_key = NULL;
        int r = path ? person_load(act->db, name, &person, err) : fail_memory(err);

        if (r == 0)
                r = act_key(act, path, open_authority, &(struct authority){ act, path }, &ca_key, err);
        if (r == 0)
                r = certificate_from_pem(act->ca_certificate, &ca_certificate, err);
        request = request_of(act, name, person.full_name, person.title);
        if (r == 0 && json_text(args, "card-module"))
                r = person_card_enrol(act, args, &request, ca_key, ca_certificate, &data, err);
        else if (r == 0)
                r = person_enrol(act, name, person.full_name, person.title, ca_key, ca_certificate, &data, err);
        EVP_PKEY_free(ca_key);
        X509_free(ca_certificate);
        if (r == 0)
                r = act_record_one(act, "person.enrolled", name, data, err);
        if (r < 0)
                return r;
        act_say(act, "%s ya puede firmar (certificado %.16s…).", "%s can sign now (certificate %.16s…).", name,
                json_text(data, "fingerprint"));
        *ret = json_pack("{s:s, s:s}", "name", name, "fingerprint", json_text(data, "fingerprint"));
        return 0;
}

static const struct param add_params[] = {
        { "name", PARAM_NAME, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("nombre de la cuenta", "the account's name"),
          0, 0, NULL, 0 },
        { "full-name", PARAM_TEXT, PARAM_REQUIRED, HELP("nombre y apellidos", "full name"), 0, 64, NULL, 0 },
        { "roles", PARAM_TEXT, PARAM_REQUIRED, ROLES_HELP, 0, 60, NULL, 0 },
        { "title", PARAM_TEXT, 0,
          HELP("cargo, tal como se imprime bajo la firma", "job title, as printed under a signature"), 0, 64, NULL,
          0 },
        { "os-user", PARAM_TEXT, 0, HELP("cuenta del sistema operativo", "operating-system account"), 0, 32, NULL,
          0 },
        { "expires", PARAM_DATE, 0,
          HELP("la cuenta caduca al acabar ese día", "the account expires after that day"), 0, 0, NULL, 0 },
};
#define WHO                                                                                                        \
        { "name", PARAM_PERSON, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("persona", "person"), 0, 0, NULL, 0 }
static const struct param who_params[] = { WHO };
static const struct param enrol_params[] = {
        WHO,
        { "card-module", PARAM_TEXT, 0,
          HELP("módulo PKCS#11 de su tarjeta: la clave se queda en ella",
               "PKCS#11 module of their card: the key stays on it"),
          0, 250, NULL, 0 },
        { "card", PARAM_TEXT, 0, HELP("etiqueta de la tarjeta", "the card's label"), 0, 32, NULL, 0 },
        { "card-key", PARAM_TEXT, 0,
          HELP("identificador (hexadecimal) de su clave ECDSA, si hay varias",
               "ID (hexadecimal) of its ECDSA key, if there are several"),
          0, 64, NULL, 0 },
};
static const struct param role_params[] = {
        WHO,
        { "roles", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, ROLES_HELP, 0, 60, NULL, 0 },
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};
static const struct column person_columns[] = {
        { "name", HELP("CUENTA", "ACCOUNT") },
        { "full_name", HELP("NOMBRE", "NAME") },
        { "roles", CODES("ROLES", "ROLES", role_words) },
        { "title", HELP("CARGO", "TITLE") },
        { "enrolled", HELP("FIRMA", "SIGNS") },
        { "blocked", HELP("BLOQUEADA", "BLOCKED") },
        { "expires", HELP("CADUCA", "EXPIRES") },
        { "trained_until", HELP("FORMACIÓN", "TRAINED") },
        { "os_user", HELP("USUARIO SO", "OS USER") },
};
/* What only security administrators and auditors get is at the end. */
static const struct column show_columns[] = {
        { "name", HELP("CUENTA", "ACCOUNT") },
        { "full_name", HELP("NOMBRE", "NAME") },
        { "roles", CODES("ROLES", "ROLES", role_words) },
        { "title", HELP("CARGO", "TITLE") },
        { "enrolled", HELP("FIRMA", "SIGNS") },
        { "blocked", HELP("BLOQUEADA", "BLOCKED") },
        { "expires", HELP("CADUCA", "EXPIRES") },
        { "trained_until", HELP("FORMACIÓN", "TRAINED") },
        { "os_user", HELP("USUARIO SO", "OS USER") },
        { "locked", HELP("BLOQUEADA DESDE", "LOCKED SINCE") },
        { "cause", CODES("CAUSA", "CAUSE", access_cause_terms) },
        { "failed", HELP("INTENTOS FALLIDOS", "FAILED ATTEMPTS") },
        { "last_failed", HELP("ÚLTIMO INTENTO FALLIDO", "LAST FAILED ATTEMPT") },
        { "last_access", HELP("ÚLTIMO ACCESO", "LAST ACCESS") },
        { "granted", HELP("ROLES DESDE", "ROLES SINCE") },
};

static const struct verb verbs[] = {
        { "person", "add", ROLE_SECURITY, VERB_WRITES, HELP("Da de alta a una persona", "Adds a person"),
          PARAMS(add_params), .run = run_add },
        { "person", "show", ROLE_ANY, VERB_READS, HELP("Muestra una persona", "Shows a person"), PARAMS(who_params),
          COLUMNS(show_columns), .run = run_show },
        { "person", "list", ROLE_ANY, VERB_READS, HELP("Lista las personas", "Lists the people"),
          COLUMNS(person_columns), .run = run_list },
        { "person", "grant", ROLE_SECURITY, VERB_WRITES, HELP("Concede roles", "Grants roles"), PARAMS(role_params),
          .run = run_grant },
        { "person", "revoke", ROLE_SECURITY, VERB_WRITES, HELP("Retira roles", "Revokes roles"),
          PARAMS(role_params), .run = run_revoke },
        { "person", "enrol", ROLE_SECURITY, VERB_WRITES,
          HELP("Crea su clave de firma y su certificado", "Makes their signing key and certificate"),
          PARAMS(enrol_params), .run = run_enrol },
};

const struct room people_room = { .schema = &registry_schema,
                                  .verbs = verbs,
                                  .verbs_n = COUNT(verbs),
                                  .events = events,
                                  .events_n = COUNT(events) };
