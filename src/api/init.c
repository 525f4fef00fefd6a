#include "api/init.h"

#include <errno.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/store.h"
#include "base/file.h"
#include "base/str.h"
#include "keys/keys.h"
#include "ledger/ledger.h"
#include "registry/registry.h"
#include "sign/identity.h"

enum { PASSPHRASE_BYTES_MIN = 12, CA_YEARS = 20, ISSUED_YEARS = 10 };

/* What is made, and how far. Everything is released by making_done(). */
struct making {
        struct act *act; /* with the new folder, ledger and database */
        struct act inner;
        char *folder; /* built beside the final name, then renamed */
        EVP_PKEY *ca_key, *station_key, *seal_key, *recovery_key;
        X509 *ca, *station, *seal, *recovery;
        char *ca_pem, *station_pem, *seal_pem, *recovery_pem;
        const char *provider; /* of the master key */
        struct secret *organisation, *master, *recovery_passphrase;
        struct db *db;
        struct ledger *ledger;
        bool keep;
};

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw) {
        (void) st;
        (void) kind;
        (void) ftw;
        return remove(path);
}

static void making_done(struct making *m) {
        ledger_close(m->ledger);
        db_close(m->db);
        EVP_PKEY_free(m->ca_key);
        EVP_PKEY_free(m->station_key);
        EVP_PKEY_free(m->seal_key);
        EVP_PKEY_free(m->recovery_key);
        X509_free(m->ca);
        X509_free(m->station);
        X509_free(m->seal);
        X509_free(m->recovery);
        free(m->ca_pem);
        free(m->station_pem);
        free(m->seal_pem);
        free(m->recovery_pem);
        secret_free(m->organisation);
        secret_free(m->master);
        secret_free(m->recovery_passphrase);
        if (m->folder && !m->keep)
                (void) nftw(m->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        free(m->folder);
}

static int ask_all(struct making *m, struct error *err) {
        int r = act_ask_new_secret(m->act, "organisation",
                                   (struct text){ "Contraseña nueva de la organización (CA y sello): ",
                                                  "New passphrase of the organisation (CA and seal): " },
                                   PASSPHRASE_BYTES_MIN, &m->organisation, err);

        if (r == 0)
                r = keys_ask_master(m->act, m->provider, "master", &m->master, err);
        if (r == 0)
                r = act_ask_new_secret(m->act, "recovery",
                                       (struct text){ "Contraseña nueva de la clave de recuperación: ",
                                                      "New passphrase of the recovery key: " },
                                       PASSPHRASE_BYTES_MIN, &m->recovery_passphrase, err);
        return r;
}

static int issue(struct making *m, const char *name, enum certificate_use use, enum key_curve curve,
                 EVP_PKEY **ret_key, X509 **ret_certificate, char **ret_pem, struct error *err) {
        const int64_t now = act_now(m->act);
        const struct identity_request request = { .common_name = name,
                                                  .organisation = m->inner.organisation,
                                                  .use = use,
                                                  .curve = curve,
                                                  .not_before = now,
                                                  .not_after = now + ISSUED_YEARS * 365 * DAY };
        int r = identity_issue(m->ca_key, m->ca, &request, ret_key, ret_certificate, err);

        return r < 0 ? r : certificate_to_pem(*ret_certificate, ret_pem, err);
}

static int save(struct making *m, const char *name, EVP_PKEY *key, X509 *certificate,
                const struct secret *passphrase, struct error *err) {
        _cleanup_free_ char *key_path = str_format("%s/%s.key", m->folder, name);
        _cleanup_free_ char *certificate_path = str_format("%s/%s.crt", m->folder, name);
        int r = key_path && certificate_path ? 0 : fail_memory(err);

        if (r == 0)
                r = identity_key_save(key_path, key, passphrase, err);
        return r < 0 ? r : certificate_save(certificate_path, certificate, err);
}

/* The organisation's authority, its seal, the recovery certificate and the station's key. The station signs with
 * P-256: a label's signature must fit its code. */
static int make_identities(struct making *m, const char *station, struct error *err) {
        const char *organisation = m->inner.organisation;
        int r = identity_make_ca(organisation, CA_YEARS, act_now(m->act), &m->ca_key, &m->ca, err);

        if (r == 0)
                r = certificate_to_pem(m->ca, &m->ca_pem, err);
        if (r == 0)
                r = issue(m, station, CERTIFICATE_STATION, CURVE_P256, &m->station_key, &m->station,
                          &m->station_pem, err);
        if (r == 0)
                r = issue(m, organisation, CERTIFICATE_SEAL, CURVE_P384, &m->seal_key, &m->seal, &m->seal_pem, err);
        if (r == 0)
                r = issue(m, organisation, CERTIFICATE_RECOVERY, CURVE_P384, &m->recovery_key, &m->recovery,
                          &m->recovery_pem, err);
        if (r == 0)
                r = save(m, "org/ca", m->ca_key, m->ca, m->organisation, err);
        if (r == 0)
                r = save(m, "org/seal", m->seal_key, m->seal, m->organisation, err);
        if (r == 0)
                r = save(m, "recovery/recovery", m->recovery_key, m->recovery, m->recovery_passphrase, err);
        if (r == 0)
                r = save(m, "station", m->station_key, m->station, NULL, err);
        return r;
}

static int open_empty(struct making *m, const char *station, struct error *err) {
        _cleanup_free_ char *path = str_format("%s/registry.db", m->folder);
        int r = path ? db_open(path, DB_CREATE, &m->db, err) : fail_memory(err);

        if (r == 0)
                r = store_migrate(m->db, err);
        if (r == 0)
                r = store_open_ledger(m->folder, m->db, station, m->station_key, m->station_key, m->act->clock,
                                      &m->ledger, err);
        if (r < 0)
                return r;
        m->inner.folder = m->folder;
        m->inner.db = m->db;
        m->inner.ledger = m->ledger;
        m->inner.station = station;
        return 0;
}

static int make_vault(struct making *m, const json_t *args, json_t **ret_facts, struct error *err) {
        _cleanup_json_ json_t *options = keys_options(args);
        const struct keys_master master = { .provider = m->provider, .options = options, .secret = m->master };

        return options ? keys_init_under(m->folder, &master, m->recovery_pem, m->act->clock, ret_facts, err)
                       : fail_memory(err);
}

/* The store's first events, in one transaction: the store, its keys, the first security administrator. */
static int record_first(struct making *m, const json_t *args, struct error *err) {
        const char *admin = json_text(args, "admin"), *full = json_text(args, "admin-name");
        const char *title = json_text_or_empty(args, "admin-title");
        const char *os_user = json_text(args, "admin-os-user");
        _cleanup_json_ json_t *created = NULL, *added = NULL, *enrolled = NULL, *key_facts = NULL;
        struct fact facts[16];
        size_t n = 0, i;
        json_t *fact;
        int r = person_enrol(&m->inner, admin, full, title, m->ca_key, m->ca, &enrolled, err);

        if (r == 0)
                r = make_vault(m, args, &key_facts, err);
        if (r < 0)
                return r;
        created = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "organisation",
                            json_text(args, "organisation"), "site", json_text(args, "site"), "category",
                            json_text(args, "category"), "lang", json_text(args, "language"), "certificate",
                            m->station_pem, "ca_certificate", m->ca_pem, "seal_certificate", m->seal_pem,
                            "recovery_certificate", m->recovery_pem, "version", MPSI_VERSION);
        added = person_added_data(full, title, ROLE_SECURITY, os_user ? os_user : "", "");
        facts[n++] = (struct fact){ "store.created", json_text(args, "site"), created };
        json_array_foreach(key_facts, i, fact) if (n < COUNT(facts) - 2) facts[n++] =
                (struct fact){ json_text(fact, "type"), json_text(fact, "subject"), json_object_get(fact, "data") };
        facts[n++] = (struct fact){ "person.added", admin, added };
        facts[n++] = (struct fact){ "person.enrolled", admin, enrolled };
        m->inner.person = admin;
        return created && added ? act_record(&m->inner, facts, n, err) : fail_memory(err);
}

static int put_in_place(struct making *m, const char *final, struct error *err) {
        _cleanup_free_ char *parent = str_format("%s/..", final);

        ledger_close(m->ledger);
        m->ledger = NULL;
        db_close(m->db);
        m->db = NULL;
        if (!parent)
                return fail_memory(err);
        /* An empty folder of that name gives way; anything in it does not. */
        if (rename(m->folder, final) < 0)
                return fail_errno(err, errno, "No se puede crear «%s»", "“%s” can't be created", final);
        m->keep = true;
        return dir_sync(parent, err);
}

static int check_site(const char *site, struct error *err) {
        size_t n = strlen(site);

        if (n < 2 || n > 4 || strspn(site, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != n)
                return fail(err, ERR_USAGE, "La sede son de 2 a 4 letras mayúsculas: «%.20s» no lo es.",
                            "The site is 2 to 4 capital letters: “%.20s” is not.", site);
        return 0;
}

static int not_there(const char *folder, struct error *err) {
        _cleanup_free_ char *registry = str_format("%s/registry.db", folder);

        if (!registry)
                return fail_memory(err);
        if (access(registry, F_OK) == 0)
                return fail(err, ERR_CONFLICT, "Ya hay un almacén en «%s».", "There is a store in “%s” already.",
                            folder);
        return 0;
}

static int run_init(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(making_done) struct making m = { .act = act, .inner = *act };
        const char *station = json_text(args, "station");
        int r = check_site(json_text(args, "site"), err);

        m.inner.organisation = json_text(args, "organisation");
        m.provider = json_text(args, "provider") ? json_text(args, "provider") : "software";
        if (r == 0)
                r = not_there(act->folder, err);
        if (r < 0 || act->dry_run)
                return r;
        r = ask_all(&m, err);
        if (r < 0)
                return r;
        m.folder = str_format("%s.new.%ld", act->folder, (long) getpid());
        r = m.folder ? store_make_folders(m.folder, err) : fail_memory(err);
        if (r == 0)
                r = make_identities(&m, station, err);
        if (r == 0)
                r = open_empty(&m, station, err);
        if (r == 0)
                r = record_first(&m, args, err);
        if (r == 0)
                r = put_in_place(&m, act->folder, err);
        if (r < 0)
                return r;
        act_say(act,
                "Almacén creado en %s. Lleve recovery/ a un lugar apartado y bórrelo de aquí: es la única llave de "
                "rescate.",
                "Store created in %s. Move recovery/ to a place apart and delete it here: it is the only key of "
                "last resort.",
                act->folder);
        *ret = json_pack("{s:s, s:s, s:s}", "store", act->folder, "station", station, "ca", "org/ca.crt");
        return 0;
}

static const struct term languages[] = { { "es", { "español", "Spanish" } }, { "en", { "inglés", "English" } } };

static const struct param init_params[] = {
        { "organisation", PARAM_TEXT, PARAM_REQUIRED, HELP("nombre de la organización", "the organisation's name"),
          0, 64, NULL, 0 },
        { "site", PARAM_TEXT, PARAM_REQUIRED,
          HELP("sede: 2 a 4 letras con las que empieza cada identificador",
               "site: 2 to 4 letters that every ID starts with"),
          0, 4, NULL, 0 },
        { "category", PARAM_TERM, PARAM_REQUIRED, HELP("categoría ENS del sistema", "ENS category of the system"),
          0, 0, category_terms, CATEGORIES },
        { "station", PARAM_NAME, PARAM_REQUIRED, HELP("nombre de este puesto", "this station's name"), 0, 0, NULL,
          0 },
        { "language", PARAM_TERM, PARAM_REQUIRED,
          HELP("idioma de formularios y etiquetas", "language of forms and labels"), 0, 0, languages,
          COUNT(languages) },
        { "admin", PARAM_NAME, PARAM_REQUIRED,
          HELP("cuenta del primer administrador de seguridad", "account of the first security administrator"), 0, 0,
          NULL, 0 },
        { "admin-name", PARAM_TEXT, PARAM_REQUIRED, HELP("su nombre y apellidos", "their full name"), 0, 64, NULL,
          0 },
        { "admin-title", PARAM_TEXT, 0, HELP("su cargo", "their job title"), 0, 64, NULL, 0 },
        { "admin-os-user", PARAM_TEXT, 0, HELP("su cuenta del sistema operativo", "their operating-system account"),
          0, 32, NULL, 0 },
        KEY_PROVIDER_PARAMS,
};

static const struct column init_columns[] = { { "store", HELP("ALMACÉN", "STORE") },
                                              { "station", HELP("PUESTO", "STATION") },
                                              { "ca", HELP("AUTORIDAD", "AUTHORITY") } };

static const struct verb verbs[] = {
        { "init", "", ROLE_ANY, VERB_WRITES | VERB_NO_STORE, HELP("Crea un almacén", "Creates a store"),
          PARAMS(init_params), COLUMNS(init_columns), .run = run_init },
};

const struct room init_room = { .verbs = verbs, .verbs_n = COUNT(verbs) };
