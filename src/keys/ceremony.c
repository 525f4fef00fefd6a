/* `key ceremony` (C4, C5): a new master key, split among custodians who come one at a time. Nothing changes until
 * the last of them has confirmed and all have signed; then the ceremony is on record, and the key takes over. */
#include "keys/ceremony.h"

#include <errno.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "keys/ceremony_parts.h"
#include "policy/ceremony.h"
#include "registry/station.h"
#include "sign/identity.h"

static void custodian_done(struct custodian *custodian) {
        person_done(&custodian->person);
        EVP_PKEY_free(custodian->key);
        X509_free(custodian->certificate);
        share_done(&custodian->share);
        free(custodian->sheet);
}

void ceremony_done(struct ceremony *c) {
        for (unsigned i = 0; i < CEREMONY_MAX; i++)
                custodian_done(&c->custodians[i]);
        custodian_done(&c->administrator);
        secret_free(c->key);
}

/* --- before anybody is called ----------------------------------------------------------------------------------
 */

static int need_certificate(const struct person *person, struct error *err) {
        if (person->certificate && !person->blocked)
                return 0;
        return refuse(err, ERR_REFUSED, "C5.1", "%s no puede custodiar: cuenta bloqueada o sin clave de firma.",
                      "%s can't be a custodian: their account is blocked or has no signing key.", person->name);
}

static int load_one(struct ceremony *c, const char *name, struct error *err) {
        struct custodian *custodian = &c->custodians[c->total];
        int r;

        for (unsigned i = 0; i < c->total; i++)
                if (strcmp(c->custodians[i].person.name, name) == 0)
                        return refuse(err, ERR_REFUSED, "C5.1", "%s está dos veces entre los custodios.",
                                      "%s is among the custodians twice.", name);
        r = person_load(c->act->db, name, &custodian->person, err);
        if (r < 0)
                return r;
        c->total++;
        return need_certificate(&custodian->person, err);
}

static int load_people(struct ceremony *c, const char *names, struct error *err) {
        _cleanup_free_ char *list = strdup(names);
        char *save = NULL;
        size_t count = 1;
        int r;

        if (!list)
                return fail_memory(err);
        for (const char *p = names; *p; p++)
                count += *p == ',';
        r = ceremony_judge(c->threshold, (int64_t) count, err);
        for (char *name = strtok_r(list, ", ", &save); r == 0 && name; name = strtok_r(NULL, ", ", &save))
                r = c->total < CEREMONY_MAX ? load_one(c, name, err) : ERR_USAGE;
        if (r == 0)
                r = ceremony_judge(c->threshold, c->total, err);
        c->administrator_apart = true;
        for (unsigned i = 0; i < c->total; i++)
                if (strcmp(c->custodians[i].person.name, c->act->person) == 0)
                        c->administrator_apart = false;
        if (r == 0 && c->administrator_apart) {
                r = person_load(c->act->db, c->act->person, &c->administrator.person, err);
                if (r == 0)
                        r = need_certificate(&c->administrator.person, err);
        }
        return r;
}

/* Sheets lie where nobody but the caller looks. */
static int make_folder(const char *folder, struct error *err) {
        struct stat st;
        int r = folder ? dir_make(folder, 0700, err) : 0;

        if (r < 0 || !folder)
                return r;
        if (stat(folder, &st) < 0)
                return fail_errno(err, errno, "No se puede mirar «%s»", "“%s” can't be looked at", folder);
        if (st.st_uid == geteuid() && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
                return 0;
        (void) fail(err, ERR_USAGE, "«%s» lo pueden ver otros (C10).", "“%s” can be seen by others (C10).", folder);
        return hint(err, "Dé una carpeta nueva, o ejecute chmod 700 sobre ella.",
                    "Give a new folder, or run chmod 700 on it.");
}

static int prepare(struct ceremony *c, const json_t *args, struct error *err) {
        struct station station;
        int r;

        c->threshold = (unsigned) json_int(args, "threshold", 0);
        c->lang = c->act->lang;
        c->folder = json_text(args, "sheets");
        c->made = act_now(c->act);
        r = load_people(c, json_text_or_empty(args, "custodians"), err);
        if (r == 0)
                r = station_load(c->act->db, &station, err);
        if (r < 0)
                return r;
        c->lang = station.lang;
        station_done(&station);
        if (RAND_bytes(c->id, sizeof c->id) != 1)
                return fail(err, ERR_FAILED, "El generador aleatorio no responde.", "The random generator failed.");
        hex_encode(c->id, sizeof c->id, c->id_text);
        return c->act->dry_run ? 0 : make_folder(c->folder, err);
}

/* --- the key and its shares ------------------------------------------------------------------------------------
 */

static int split(struct ceremony *c, struct error *err) {
        struct share shares[CEREMONY_MAX];
        char ref[KEY_REF_TEXT];
        int64_t known = 0;
        int r = db_int(c->act->db, &known, err,
                       "SELECT coalesce(max(version), 0) FROM crypto_key WHERE id = 'master'", "");

        c->version = (known > c->previous ? known : c->previous) + 1;
        if (r == 0 && !key_ref_format(master_id, c->version, ref))
                return fail(err, ERR_USAGE, "Nombre de clave demasiado largo.", "The key's name is too long.");
        if (r == 0)
                r = secret_random(WRAP_KEY, &c->key, err);
        if (r == 0)
                r = key_commitment("master", ref, c->key, c->commitment, err);
        if (r == 0)
                r = shares_split(c->key, c->threshold, c->total, c->id, shares, err);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < c->total; i++)
                c->custodians[i].share = shares[i];
        for (unsigned i = 0; r == 0 && i < c->total; i++)
                r = share_commitment(&shares[i], c->custodians[i].commitment, err);
        return r;
}

/* Custodians take their time: others write meanwhile, and what they may have changed is looked at after. */
static int sit(struct ceremony *c, struct error *err) {
        int64_t version = 0;
        int r = act_pause(c->act, err), again;

        if (r == 0)
                r = ceremony_turns(c, err);
        again = act_resume(c->act, r < 0 ? NULL : err);
        if (r == 0)
                r = again;
        if (r == 0)
                r = db_int(c->act->db, &version, err,
                           "SELECT coalesce(max(version), 0) FROM crypto_key WHERE id = 'master'", "");
        if (r == 0 && version >= c->version)
                return fail(err, ERR_CONFLICT, "Entretanto hay otra clave maestra: repita la ceremonia.",
                            "There is another master key by now: hold the ceremony again.");
        return r;
}

/* On record first: should the power fail now, the ceremony is there whose key never came to be, and the old key. */
static int put_in_place(struct ceremony *c, struct keys *keys, const struct keys_master *master, json_t **ret,
                        struct error *err) {
        _cleanup_json_ json_t *fact = NULL;
        int64_t count = 0;
        int r = ceremony_transcript(c, err);

        if (r == 0)
                r = ceremony_fact(c, &fact, err);
        if (r == 0)
                r = act_record_one(c->act, "key.ceremony", master_id, fact, err);
        if (r == 0)
                r = keys_master_replace(keys, master, &count, err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s, s:I, s:i, s:i, s:s, s:s, s:I, s:O}", "ceremony", c->id_text, "version",
                         (json_int_t) c->version, "threshold", (int) c->threshold, "total", (int) c->total,
                         "commitment", c->commitment, "transcript", c->transcript, "rewrapped", (json_int_t) count,
                         "custodians", json_object_get(fact, "custodians"));
        return *ret ? 0 : fail_memory(err);
}

static int export_transcript(struct ceremony *c, const char *path, struct error *err) {
        _cleanup_free_ char *from = act_path(c->act, "attachments", c->transcript), *data = NULL;
        size_t n;
        int r = from ? file_read(from, 16 << 20, &data, &n, err) : fail_memory(err);

        return r < 0 ? r : file_write(path, data, n, 0640, err);
}

static int hold(struct ceremony *c, const json_t *args, struct keys *keys, json_t **ret, struct error *err) {
        const char *provider = json_text(args, "provider");
        _cleanup_json_ json_t *options = keys_options(args);
        _cleanup_secret_ struct secret *secret = NULL;
        struct keys_master master = { .provider = provider ? provider : keys_provider(keys), .options = options };
        int r = options ? keys_ask_master(c->act, master.provider, "new-master", &secret, err) : fail_memory(err);

        c->provider = master.provider;
        c->previous = keys->master_version;
        if (r == 0)
                r = split(c, err);
        if (r == 0 && c->act->dry_run)
                return 0;
        if (r == 0)
                r = sit(c, err);
        master.secret = secret;
        master.key = c->key;
        return r < 0 ? r : put_in_place(c, keys, &master, ret, err);
}

static int run_ceremony(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_ceremony_ struct ceremony c = { .act = act };
        _cleanup_keys_ struct keys *keys = NULL;
        const char *out = json_text(args, "out");
        int r = prepare(&c, args, err);

        if (r == 0)
                r = keys_open_unlocked(act, &keys, err);
        if (r == 0)
                r = hold(&c, args, keys, ret, err);
        /* Shares of a key that never came to be are no use to anybody. */
        for (unsigned i = 0; r < 0 && i < c.total; i++)
                if (c.custodians[i].sheet)
                        (void) unlink(c.custodians[i].sheet);
        if (r == 0 && out && !act->dry_run)
                r = export_transcript(&c, out, err);
        if (r < 0 || act->dry_run)
                return r;
        act_say(act, "La clave maestra %lld está en vigor: hacen falta %u de %u partes para rehacerla.",
                "Master key %lld is in force: %u of %u shares make it again.", (long long) c.version, c.threshold,
                c.total);
        if (c.folder)
                act_say(act, "Compruebe que no queda ninguna hoja en «%s».", "See that no sheet is left in “%s”.",
                        c.folder);
        act_say(act, "Ensáyela con «mpsi key recover --rehearse».",
                "Rehearse it with “mpsi key recover --rehearse”.");
        return 0;
}

/* --- the verb ----------------------------------------------------------------------------------------------------
 */

static const struct param params[] = {
        { .name = "threshold",
          .type = PARAM_INT,
          .flags = PARAM_REQUIRED,
          .min = 1,
          .max = 99,
          .help = HELP("partes que hacen falta para rehacer la clave", "shares that make the key again") },
        { .name = "custodians",
          .type = PARAM_TEXT,
          .flags = PARAM_REQUIRED,
          .max = 700,
          .help = HELP("cuentas de los custodios, separadas por comas",
                       "the custodians' accounts, with commas between") },
        { .name = "sheets",
          .type = PARAM_OUTPUT,
          .help = HELP("carpeta para las hojas en PDF; sin ella se muestran palabras, una sola vez",
                       "folder for the sheets as PDF; without it words are shown, once only") },
        { .name = "out",
          .type = PARAM_OUTPUT,
          .help = HELP("copia del acta firmada (PDF)", "copy of the signed transcript (PDF)") },
        KEY_PROVIDER_PARAMS,
};

static const struct column columns[] = {
        { "ceremony", HELP("Ceremonia", "Ceremony") },
        { "version", HELP("Clave maestra", "Master key") },
        { "threshold", HELP("Hacen falta", "Needed") },
        { "total", HELP("Partes", "Shares") },
        { "commitment", HELP("Compromiso", "Commitment") },
        { "transcript", HELP("Acta", "Transcript") },
        { "rewrapped", HELP("Claves reenvueltas", "Keys re-wrapped") },
};

/* VERB_LOCAL: begun again with each answer, as a station's worker does it, every custodian would get a share of
 * another key; and shares cross no socket. */
static const struct verb verbs[] = {
        { .noun = "key",
          .name = "ceremony",
          .roles = ROLE_SECURITY,
          .flags = VERB_WRITES | VERB_LOCAL,
          .help = HELP("Clave maestra nueva, repartida entre custodios en ceremonia",
                       "A new master key, split among custodians in a ceremony"),
          PARAMS(params),
          COLUMNS(columns),
          .run = run_ceremony },
};

const struct room ceremony_room = { .schema = &ceremony_schema,
                                    .verbs = verbs,
                                    .verbs_n = COUNT(verbs),
                                    .events = ceremony_events,
                                    .events_n = COUNT(ceremony_events) };
