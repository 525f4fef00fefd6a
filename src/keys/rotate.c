/* New KEKs and new master keys. One vault transaction makes the new keys and re-wraps every medium's secret; what
 * it will make is on record before it is committed, and the old keys are destroyed after. Cut off anywhere, either
 * the old state or the new one is whole, and keys_settle() brings ledger and vault together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/internal.h"
#include "policy/rule.h"

enum { BATCH = 256 };

struct renewal {
        struct keys *keys;
        const struct key_provider *provider; /* of the new KEK */
        void *session, *kek;                 /* session: keys' own, or the new master's */
        json_t *master, *facts;              /* master: the new one's parameters, or NULL */
        char *parameters;
        int64_t master_version, kek_version, count;
        char master_ref[KEY_REF_TEXT], kek_ref[KEY_REF_TEXT];
        struct wrapped wrapped;
};

static void renewal_done(struct renewal *renewal) {
        if (renewal->kek)
                renewal->provider->kek_close(renewal->session, renewal->kek);
        if (renewal->session && renewal->session != renewal->keys->session)
                renewal->provider->close(renewal->session);
        json_decref(renewal->master);
        json_decref(renewal->facts);
        free(renewal->parameters);
}

/* --- bringing ledger and vault together --------------------------------------------------------------------------
 */

static int is_live(struct keys *keys, const char *id, int64_t version, bool *ret, struct error *err) {
        char commitment[65];
        enum key_state state;
        int r = key_registered(keys->act->db, id, version, &state, commitment, err);

        *ret = r == 0 && state == KEY_LIVE;
        return r;
}

static int record_rewrapped(struct keys *keys, int64_t from, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        char from_ref[KEY_REF_TEXT], to_ref[KEY_REF_TEXT];
        int64_t count = 0;
        int r = db_int(keys->vault, &count, err, "SELECT count(*) FROM wrapped_key WHERE wrapped_by LIKE 'kek.%'",
                       "");

        if (r < 0)
                return r;
        if (!key_ref_format(kek_id, from, from_ref) || !key_ref_format(kek_id, keys->kek_version, to_ref))
                return fail(err, ERR_USAGE, "Nombre de clave demasiado largo.", "The key's name is too long.");
        data = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "rotation", "A", "from", from_ref, "to", to_ref,
                         "provider", keys->provider->name, "master_version", (json_int_t) keys->master_version,
                         "count", (json_int_t) count);
        return data ? act_record_one(keys->act, "key.rewrapped", kek_id, data, err) : fail_memory(err);
}

/* A KEK or master key that the ledger calls live and that isn't the vault's newest: it was replaced, or a rotation
 * was cut off before it came to be. */
static int settle_one(struct keys *keys, const char *id, int64_t version, int64_t newest, struct error *err) {
        bool replaced = version < newest;
        int r = 0;

        if (replaced && strcmp(id, kek_id) == 0)
                r = record_rewrapped(keys, version, err);
        if (r == 0 && replaced && strcmp(id, master_id) == 0)
                r = vault_drop_master(keys->vault, version, err);
        return r < 0 ? r : keys_destroy_one(keys, id, version, replaced ? "rotated" : "never-used", err);
}

enum { STALE_MAX = 64 };

static int settle_kind(struct keys *keys, const char *id, int64_t newest, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int64_t versions[STALE_MAX];
        size_t n = 0;
        bool live;
        int r = is_live(keys, id, newest, &live, err);

        /* The vault's newest key is not the ledger's: another store's vault, or an old copy. Nothing is touched. */
        if (r < 0 || !live)
                return r;
        r = db_query(keys->act->db, &rows, err,
                     "SELECT version FROM crypto_key WHERE id = ? AND state = 'live' AND version <> ?"
                     " ORDER BY version",
                     "si", id, newest);
        while (r == 0 && n < STALE_MAX && (r = rows_next(rows, err)) > 0) {
                versions[n++] = rows_int(rows, 0);
                r = 0;
        }
        rows_close(TAKE_PTR(rows));
        for (size_t i = 0; r == 0 && i < n; i++)
                r = settle_one(keys, id, versions[i], newest, err);
        return r;
}

int keys_settle(struct keys *keys, struct error *err) {
        int r = keys->act->dry_run ? 0 : vault_newest_version(keys->vault, kek_id, &keys->kek_version, err);

        if (r == 0 && !keys->act->dry_run)
                r = settle_kind(keys, kek_id, keys->kek_version, err);
        if (r == 0 && !keys->act->dry_run)
                r = settle_kind(keys, master_id, keys->master_version, err);
        return r;
}

/* --- the new keys ------------------------------------------------------------------------------------------------
 */

static int next_version(struct keys *keys, const char *id, int64_t newest, int64_t *ret, struct error *err) {
        int64_t known = 0;
        int r = db_int(keys->act->db, &known, err, "SELECT coalesce(max(version), 0) FROM crypto_key WHERE id = ?",
                       "s", id);

        *ret = (known > newest ? known : newest) + 1;
        return r;
}

static int make_master(struct renewal *renewal, const struct keys_master *master, struct error *err) {
        const struct provider_wish wish = { master->options, master->secret, master->key };
        char commitment[65];
        int r = key_provider_find(master->provider, &renewal->provider, err);

        if (r == 0)
                r = next_version(renewal->keys, master_id, renewal->keys->master_version, &renewal->master_version,
                                 err);
        if (r == 0 && !key_ref_format(master_id, renewal->master_version, renewal->master_ref))
                return fail(err, ERR_USAGE, "Nombre de clave demasiado largo.", "The key's name is too long.");
        if (r == 0)
                r = renewal->provider->create(renewal->master_ref, &wish, &renewal->master, commitment, err);
        if (r == 0)
                r = json_canonical(renewal->master, &renewal->parameters, err);
        if (r == 0)
                r = renewal->provider->open(renewal->master, master->secret, &renewal->session, err);
        if (r == 0 &&
            json_array_append_new(renewal->facts,
                                  key_created_fact(master_id, master_id, renewal->master_version, "master",
                                                   renewal->provider->name, commitment, "")) < 0)
                return fail_memory(err);
        return r;
}

static int keep_master(struct renewal *renewal, struct error *err) {
        struct keys *keys = renewal->keys;

        renewal->provider = keys->provider;
        renewal->session = keys->session;
        renewal->master_version = keys->master_version;
        return key_ref_format(master_id, keys->master_version, renewal->master_ref)
                       ? 0
                       : fail(err, ERR_USAGE, "Nombre de clave demasiado largo.", "The key's name is too long.");
}

static int make_kek(struct renewal *renewal, struct error *err) {
        uint8_t bytes[WRAPPED_MAX];
        char commitment[65];
        size_t n;
        int r = next_version(renewal->keys, kek_id, renewal->keys->kek_version, &renewal->kek_version, err);

        if (r == 0 && !key_ref_format(kek_id, renewal->kek_version, renewal->kek_ref))
                return fail(err, ERR_USAGE, "Nombre de clave demasiado largo.", "The key's name is too long.");
        if (r == 0)
                r = renewal->provider->kek_create(renewal->session, wrap_algorithm, renewal->kek_ref, bytes, &n,
                                                  commitment, &renewal->kek, err);
        if (r == 0)
                r = wrapped_set(&renewal->wrapped, bytes, n, renewal->master_ref, err);
        if (r == 0 && json_array_append_new(renewal->facts, key_created_fact(kek_id, kek_id, renewal->kek_version,
                                                                             "kek", renewal->provider->name,
                                                                             commitment, renewal->master_ref)) < 0)
                return fail_memory(err);
        return r;
}

/* --- every medium's secret ---------------------------------------------------------------------------------------
 */

struct place {
        char id[KEY_REF_TEXT];
        int64_t version;
};

static int rewrap_one(struct renewal *renewal, const struct place *place, struct error *err) {
        struct keys *keys = renewal->keys;
        _cleanup_secret_ struct secret *secret = NULL;
        uint8_t bytes[WRAPPED_MAX];
        struct wrapped wrapped;
        size_t n;
        int r = vault_get_key(keys->vault, place->id, place->version, &wrapped, err);

        if (r == 0)
                r = keys->provider->unwrap(keys->session, keys->kek, wrapped.algorithm, wrapped.bytes, wrapped.n,
                                           &secret, err);
        if (r == ERR_VERIFY)
                return hint(err, "Está dañada la clave «%s.%lld»: restaure la copia de la bóveda, o destrúyala.",
                            "The key “%s.%lld” is damaged: restore the vault's backup, or destroy it.", place->id,
                            (long long) place->version);
        if (r == 0)
                r = renewal->provider->wrap(renewal->session, renewal->kek, wrap_algorithm, secret, bytes, &n, err);
        if (r == 0)
                r = wrapped_set(&wrapped, bytes, n, renewal->kek_ref, err);
        if (r == 0)
                r = vault_rewrap_key(keys->vault, place->id, place->version, &wrapped, err);
        return r;
}

/* The next places after `last`, which becomes the last of them: rows change only between two readings. */
static int next_places(struct db *vault, struct place *last, struct place places[BATCH], size_t *ret_n,
                       struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        size_t n = 0;
        int r = db_query(vault, &rows, err,
                         "SELECT id, version FROM wrapped_key WHERE wrapped_by LIKE 'kek.%'"
                         " AND (id, version) > (?, ?) ORDER BY id, version LIMIT 256",
                         "si", last->id, last->version);

        while (r == 0 && n < BATCH && (r = rows_next(rows, err)) > 0) {
                (void) snprintf(places[n].id, sizeof places[n].id, "%s", rows_text(rows, 0));
                places[n++].version = rows_int(rows, 1);
                r = 0;
        }
        if (n > 0)
                *last = places[n - 1];
        *ret_n = n;
        return r;
}

static int rewrap_all(struct renewal *renewal, struct error *err) {
        struct place last = { .version = 0 }, places[BATCH];
        size_t n = 0;
        int r;

        do {
                r = next_places(renewal->keys->vault, &last, places, &n, err);
                for (size_t i = 0; r == 0 && i < n; i++)
                        r = rewrap_one(renewal, &places[i], err);
                renewal->count += (int64_t) n;
        } while (r == 0 && n == BATCH);
        return r;
}

/* --- the whole ---------------------------------------------------------------------------------------------------
 */

static int record_created(struct renewal *renewal, struct error *err) {
        struct fact facts[2];
        size_t n = 0;
        const json_t *fact;
        size_t i;

        json_array_foreach(renewal->facts, i, fact) facts[n++] =
                (struct fact){ json_text(fact, "type"), json_text(fact, "subject"), json_object_get(fact, "data") };
        return act_record(renewal->keys->act, facts, n, err);
}

static int replace_in_vault(struct renewal *renewal, struct error *err) {
        struct keys *keys = renewal->keys;
        int r = db_begin(keys->vault, err);

        if (r < 0)
                return r;
        if (renewal->master)
                r = vault_put_master(keys->vault, renewal->master_version, renewal->provider->name,
                                     renewal->parameters, act_now(keys->act), err);
        if (r == 0)
                r = rewrap_all(renewal, err);
        if (r == 0)
                r = vault_put_key(keys->vault, kek_id, renewal->kek_version, &renewal->wrapped, act_now(keys->act),
                                  err);
        /* A KEK that the ledger doesn't know would open nothing: it learns of it first. */
        if (r == 0)
                r = record_created(renewal, err);
        if (r == 0 && !keys->act->dry_run)
                r = db_commit(keys->vault, err);
        if (r < 0 || keys->act->dry_run)
                db_rollback(keys->vault);
        return r;
}

/* Whether an HSM has made the new master key just now, and was not told to take one that it had: that one others
 * use. */
static bool was_made(const struct renewal *renewal, const struct keys_master *master) {
        return renewal->master && renewal->provider->erase && !*json_text_or_empty(master->options, "object");
}

/* The new master key may be the object that the old one is. */
static bool is_same_object(const struct renewal *renewal) {
        const char *id = json_text_or_empty(renewal->master, "object");

        return *id && strcmp(id, json_text_or_empty(renewal->keys->master, "object")) == 0;
}

/* The old master key's object in its HSM. One that stays there opens backups of before: it is destroyed when it is
 * asked for, and that it stays is no failure of a rotation that is done. */
static void erase_old(struct keys *keys, bool wanted) {
        struct error err = { 0 };

        if (!keys->provider->erase)
                return;
        keys->erased = wanted && keys->provider->erase(keys->session, &err) == 0;
        if (keys->erased)
                act_say(keys->act, "La clave maestra anterior ya no está en el HSM.",
                        "The old master key is no longer in the HSM.");
        else
                act_say(keys->act, "La clave maestra anterior sigue en el HSM: abre copias de seguridad de antes.",
                        "The old master key is still in the HSM: it opens backups of before.");
        if (wanted && !keys->erased)
                act_say_text(keys->act, (struct text){ err.what[LANG_ES], err.what[LANG_EN] });
}

/* From here on keys stands for the new keys; what it held before goes. */
static int take_over(struct renewal *renewal, bool erase, struct error *err) {
        struct keys *keys = renewal->keys;
        bool was;
        int r = 0;

        if (renewal->master) {
                erase_old(keys, erase);
                r = keys_forget(keys, &was, err);
                keys_lock_session(keys);
                json_decref(keys->master);
                keys->master = TAKE_PTR(renewal->master);
        } else {
                keys->provider->kek_close(keys->session, keys->kek);
        }
        keys->provider = renewal->provider;
        keys->session = renewal->session;
        keys->kek = TAKE_PTR(renewal->kek);
        keys->master_version = renewal->master_version;
        keys->kek_version = renewal->kek_version;
        return r;
}

static int renew(struct keys *keys, const struct keys_master *master, int64_t *ret_count, struct error *err) {
        _cleanup_(renewal_done) struct renewal renewal = { .keys = keys, .facts = json_array() };
        int r = keys->kek ? 0
                          : fail(err, ERR_CONFLICT, "La bóveda de claves está cerrada.", "The vault is locked.");

        if (r == 0)
                r = keys_settle(keys, err);
        if (r == 0)
                r = master ? make_master(&renewal, master, err) : keep_master(&renewal, err);
        if (r == 0)
                r = make_kek(&renewal, err);
        if (r < 0)
                return r;
        r = replace_in_vault(&renewal, err);
        if (r < 0) {
                (void) keys_settle(keys, NULL); /* the disk may be full: then the next one does it */
                return r;
        }
        *ret_count = renewal.count;
        if (keys->act->dry_run) /* an HSM knows no rehearsal: what it made is taken away again */
                return was_made(&renewal, master) ? renewal.provider->erase(renewal.session, err) : 0;
        r = take_over(&renewal, master && master->erase_old && !is_same_object(&renewal), err);
        return r < 0 ? r : keys_settle(keys, err);
}

int keys_rotate(struct keys *keys, int64_t *ret_count, struct error *err) {
        return renew(keys, NULL, ret_count, err);
}

int keys_master_replace(struct keys *keys, const struct keys_master *master, int64_t *ret_count,
                        struct error *err) {
        return renew(keys, master, ret_count, err);
}

/* --- the verb ----------------------------------------------------------------------------------------------------
 */

json_t *keys_options(const json_t *args) {
        static const char *const names[] = { "kdf", "module", "token", "serial", "object", "tcti", "pcrs" };
        json_t *options = json_object();

        for (size_t i = 0; options && i < COUNT(names); i++)
                if (json_object_get(args, names[i]))
                        (void) json_object_set(options, names[i], json_object_get(args, names[i]));
        return options;
}

int keys_ask_master(struct act *act, const char *provider, const char *purpose, struct secret **ret,
                    struct error *err) {
        const struct key_provider *found;
        int r = key_provider_find(provider, &found, err);

        if (r < 0)
                return r;
        return found->counts ? act_ask_secret(act, purpose, found->prompt, ret, err)
                             : act_ask_new_secret(act, purpose, found->new_prompt, PASSPHRASE_MIN, ret, err);
}

static int replace_master(struct keys *keys, const json_t *args, int64_t *ret_count, struct error *err) {
        const char *provider = json_text(args, "provider");
        _cleanup_secret_ struct secret *secret = NULL;
        _cleanup_json_ json_t *options = keys_options(args);
        struct keys_master master = { .provider = provider ? provider : keys->provider->name,
                                      .options = options,
                                      .erase_old = json_flag(args, "destroy-old") };
        int r = options ? 0 : fail_memory(err);

        if (r == 0)
                r = keys_ask_master(keys->act, master.provider, "new-master", &secret, err);
        master.secret = secret;
        return r < 0 ? r : keys_master_replace(keys, &master, ret_count, err);
}

int key_run_rotate(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_keys_ struct keys *keys = NULL;
        int64_t count = 0;
        int r;

        if (json_text(args, "provider") && !json_flag(args, "master"))
                return fail(err, ERR_USAGE, "Otro proveedor es otra clave maestra: añada --master.",
                            "Another provider is another master key: add --master.");
        if (json_flag(args, "destroy-old") && !json_flag(args, "master"))
                return fail(err, ERR_USAGE, "--destroy-old es de la clave maestra: añada --master.",
                            "--destroy-old is about the master key: add --master.");
        r = keys_open_unlocked(act, &keys, err);
        if (r == 0)
                r = json_flag(args, "master") ? replace_master(keys, args, &count, err)
                                              : keys_rotate(keys, &count, err);
        if (r < 0)
                return r;
        act_say(act, "Se han vuelto a envolver %lld claves; los soportes no cambian.",
                "%lld keys were wrapped anew; the media do not change.", (long long) count);
        *ret = json_pack("{s:s, s:s, s:I, s:I, s:I}", "rotation", "A", "provider", keys->provider->name,
                         "master_version", (json_int_t) keys->master_version, "kek_version",
                         (json_int_t) keys->kek_version, "rewrapped", (json_int_t) count);
        return *ret ? 0 : fail_memory(err);
}
