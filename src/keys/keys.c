#include "keys/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "keys/internal.h"
#include "policy/rule.h"
#include "sign/envelope.h"

const char kek_id[] = "kek", master_id[] = "master";

bool key_ref_format(const char *id, int64_t version, char out[KEY_REF_TEXT]) {
        int n = snprintf(out, KEY_REF_TEXT, "%s.%lld", id, (long long) version);

        return n > 0 && n < KEY_REF_TEXT;
}

int key_ref_parse(const char *ref, char id[KEY_REF_TEXT], int64_t *ret_version) {
        const char *dot = ref ? strrchr(ref, '.') : NULL;
        size_t length = dot ? (size_t) (dot - ref) : 0;
        int64_t version = 0;

        if (length == 0 || length >= KEY_REF_TEXT || strlen(dot + 1) == 0 || strlen(dot + 1) > 9)
                return ERR_USAGE;
        for (const char *p = dot + 1; *p; p++) {
                if (*p < '0' || *p > '9')
                        return ERR_USAGE;
                version = version * 10 + (*p - '0');
        }
        memcpy(id, ref, length);
        id[length] = '\0';
        *ret_version = version;
        return 0;
}

/* --- init ------------------------------------------------------------------------------------------------------
 */

json_t *key_created_fact(const char *subject, const char *id, int64_t version, const char *kind,
                         const char *provider, const char *commitment, const char *wrapped_by) {
        return json_pack("{s:s, s:s, s:{s:s, s:I, s:s, s:s, s:s, s:s, s:s}}", "type", "key.created", "subject",
                         subject, "data", "id", id, "version", (json_int_t) version, "kind", kind, "algorithm",
                         wrap_algorithm, "provider", provider, "commitment", commitment, "wrapped_by", wrapped_by);
}

int wrapped_set(struct wrapped *out, const uint8_t *bytes, size_t n, const char *wrapped_by, struct error *err) {
        if (n == 0 || n > sizeof out->bytes)
                return fail(err, ERR_USAGE, "Longitud de clave no válida.", "Invalid length of a key.");
        *out = (struct wrapped){ .n = n };
        memcpy(out->bytes, bytes, n);
        (void) snprintf(out->algorithm, sizeof out->algorithm, "%s", wrap_algorithm);
        (void) snprintf(out->wrapped_by, sizeof out->wrapped_by, "%s", wrapped_by);
        return 0;
}

static int init_certificate(struct db *vault, const char *pem, int64_t now, struct error *err) {
        _cleanup_(X509_freep) X509 *certificate = NULL;
        char fingerprint[SHA256_TEXT];
        int r = certificate_from_pem(pem, &certificate, err);

        if (r == 0)
                r = certificate_fingerprint(certificate, fingerprint, err);
        return r == 0 ? vault_put_certificate(vault, fingerprint, pem, now, err) : r;
}

static int init_master(struct db *vault, const struct key_provider *provider, const struct provider_wish *wish,
                       int64_t now, json_t **ret_parameters, json_t *facts, struct error *err) {
        _cleanup_json_ json_t *parameters = NULL;
        _cleanup_free_ char *text = NULL;
        char commitment[65];
        int r = provider->create("master.1", wish, &parameters, commitment, err);

        if (r == 0)
                r = json_canonical(parameters, &text, err);
        if (r == 0)
                r = vault_put_master(vault, 1, provider->name, text, now, err);
        if (r < 0)
                return r;
        (void) json_array_append_new(
                facts, key_created_fact(master_id, master_id, 1, "master", provider->name, commitment, ""));
        *ret_parameters = TAKE_PTR(parameters);
        return 0;
}

static int init_kek(struct db *vault, const struct key_provider *provider, void *session, int64_t now,
                    json_t *facts, struct error *err) {
        uint8_t bytes[WRAPPED_MAX];
        struct wrapped wrapped;
        char commitment[65];
        void *kek = NULL;
        size_t n;
        int r = provider->kek_create(session, wrap_algorithm, "kek.1", bytes, &n, commitment, &kek, err);

        if (r < 0)
                return r;
        provider->kek_close(session, kek);
        r = wrapped_set(&wrapped, bytes, n, "master.1", err);
        if (r == 0)
                r = vault_put_key(vault, kek_id, 1, &wrapped, now, err);
        if (r == 0)
                (void) json_array_append_new(
                        facts, key_created_fact(kek_id, kek_id, 1, "kek", provider->name, commitment, "master.1"));
        return r;
}

int keys_init(const char *folder, const struct secret *passphrase, const char *recovery_certificate,
              const struct clock *clock, json_t **ret_facts, struct error *err) {
        const struct keys_master master = { .provider = "software", .secret = passphrase };

        return keys_init_under(folder, &master, recovery_certificate, clock, ret_facts, err);
}

int keys_init_under(const char *folder, const struct keys_master *master, const char *recovery_certificate,
                    const struct clock *clock, json_t **ret_facts, struct error *err) {
        const struct provider_wish wish = { master->options, master->secret, master->key };
        const struct key_provider *provider = NULL;
        _cleanup_(db_closep) struct db *vault = NULL;
        _cleanup_json_ json_t *facts = json_array(), *parameters = NULL;
        int64_t now = clock_now(clock);
        void *session = NULL;
        int r = key_provider_find(master->provider, &provider, err);

        if (r == 0)
                r = vault_open(folder, DB_CREATE, &vault, err);
        if (r == 0)
                r = db_begin(vault, err);
        if (r < 0)
                return r;
        r = init_certificate(vault, recovery_certificate, now, err);
        if (r == 0)
                r = init_master(vault, provider, &wish, now, &parameters, facts, err);
        if (r == 0)
                r = provider->open(parameters, master->secret, &session, err);
        if (r == 0)
                r = init_kek(vault, provider, session, now, facts, err);
        if (session)
                provider->close(session);
        if (r == 0)
                r = db_commit(vault, err);
        if (r < 0) {
                db_rollback(vault);
                return r;
        }
        *ret_facts = TAKE_PTR(facts);
        return 0;
}

/* --- opening ---------------------------------------------------------------------------------------------------
 */

static int open_vault(struct act *act, unsigned mode, struct keys **ret, struct error *err) {
        _cleanup_keys_ struct keys *keys = calloc(1, sizeof *keys);
        _cleanup_free_ char *provider = NULL, *parameters = NULL;
        int r;

        if (!keys)
                return fail_memory(err);
        keys->act = act;
        r = vault_open(act->folder, mode, &keys->vault, err);
        if (r == 0)
                r = vault_get_master(keys->vault, &keys->master_version, &provider, &parameters, err);
        if (r == 0)
                r = key_provider_find(provider, &keys->provider, err);
        if (r == 0 && json_parse(parameters, strlen(parameters), &keys->master, err) < 0)
                r = fail(err, ERR_VERIFY, "La clave maestra guardada está dañada.",
                         "The stored master key is damaged.");
        if (r < 0)
                return r;
        *ret = TAKE_PTR(keys);
        return 0;
}

int keys_open(struct act *act, struct keys **ret, struct error *err) {
        return open_vault(act, DB_WRITE, ret, err);
}

/* What was opened is the key that the ledger committed to, and counts as live. */
int key_check_commitment(struct keys *keys, const char *id, int64_t version, const char *computed,
                         struct error *err) {
        char registered[65];
        enum key_state state;
        int r = key_registered(keys->act->db, id, version, &state, registered, err);

        if (r < 0)
                return r;
        if (state == KEY_DESTROYED)
                return refuse(err, ERR_REFUSED, "C4", "La clave «%s.%lld» consta como destruida.",
                              "The key “%s.%lld” is on record as destroyed.", id, (long long) version);
        if (state == KEY_UNKNOWN)
                return fail(err, ERR_VERIFY, "La clave «%s.%lld» no consta en el registro.",
                            "The key “%s.%lld” is not in the ledger.", id, (long long) version);
        if (strcmp(computed, registered) != 0)
                return fail(err, ERR_VERIFY, "La clave «%s.%lld» no es la que consta en el registro.",
                            "The key “%s.%lld” is not the one on record.", id, (long long) version);
        return 0;
}

void keys_lock_session(struct keys *keys) {
        if (keys->kek)
                keys->provider->kek_close(keys->session, keys->kek);
        if (keys->session)
                keys->provider->close(keys->session);
        keys->kek = keys->session = NULL;
}

/* With the master key open: the KEK, which must be the one on record, or it would wrap new keys for somebody else.
 */
int keys_open_kek(struct keys *keys, struct error *err) {
        char ref[KEY_REF_TEXT], commitment[65];
        struct wrapped wrapped;
        int r = vault_newest_version(keys->vault, kek_id, &keys->kek_version, err);

        if (r == 0)
                r = vault_get_key(keys->vault, kek_id, keys->kek_version, &wrapped, err);
        if (r == 0 && !key_ref_format(kek_id, keys->kek_version, ref))
                return fail(err, ERR_USAGE, "Nombre de clave demasiado largo.", "The key's name is too long.");
        if (r == 0)
                r = keys->provider->kek_open(keys->session, wrapped.algorithm, ref, wrapped.bytes, wrapped.n,
                                             commitment, &keys->kek, err);
        if (r == 0)
                r = key_check_commitment(keys, kek_id, keys->kek_version, commitment, err);
        if (r < 0)
                keys_lock_session(keys);
        return r;
}

void keys_close(struct keys *keys) {
        if (!keys)
                return;
        keys_lock_session(keys);
        json_decref(keys->master);
        db_close(keys->vault);
        free(keys);
}

const char *keys_provider(const struct keys *keys) {
        return keys->provider->name;
}

bool keys_provider_is_hsm(const struct keys *keys) {
        return keys->provider->hsm;
}

static int need_kek(const struct keys *keys, struct error *err) {
        return keys->kek ? 0 : fail(err, ERR_CONFLICT, "La bóveda de claves está cerrada.", "The vault is locked.");
}

/* --- one medium's key ------------------------------------------------------------------------------------------
 */

void medium_key_done(struct medium_key *key) {
        secret_free(key->secret);
        secret_free(key->recovery);
        json_decref(key->fact_data);
        *key = (struct medium_key){ 0 };
}

/* Versions go on from what the vault and the ledger know, so that a destroyed key's name is never used again. */
static int next_version(struct keys *keys, const char *medium, int64_t *ret, struct error *err) {
        int64_t in_vault = 0, in_ledger = 0;
        int r = vault_newest_version(keys->vault, medium, &in_vault, err);

        if (r == 0)
                r = db_int(keys->act->db, &in_ledger, err,
                           "SELECT coalesce(max(version), 0) FROM crypto_key WHERE id = ?", "s", medium);
        *ret = (in_vault > in_ledger ? in_vault : in_ledger) + 1;
        return r;
}

/* The recovery secret sealed for the holder of the recovery certificate; escrow: what the ledger learns of it. */
static int put_envelope(struct keys *keys, const char *medium, int64_t version, const char *ref,
                        const struct secret *recovery, json_t **ret_escrow, struct error *err) {
        _cleanup_(X509_freep) X509 *certificate = NULL;
        _cleanup_free_ char *pem = NULL;
        _cleanup_free_ uint8_t *der = NULL;
        char fingerprint[SHA256_TEXT], commitment[65];
        size_t n;
        int r = vault_get_certificate(keys->vault, &pem, err);

        if (r == 0)
                r = certificate_from_pem(pem, &certificate, err);
        if (r == 0)
                r = certificate_fingerprint(certificate, fingerprint, err);
        if (r == 0)
                r = envelope_seal(certificate, recovery, &der, &n, err);
        if (r == 0)
                r = key_commitment("recovery", ref, recovery, commitment, err);
        if (r == 0)
                r = vault_put_envelope(keys->vault, medium, version, fingerprint, der, n, act_now(keys->act), err);
        if (r < 0)
                return r;
        *ret_escrow = json_pack("{s:s, s:s, s:s}", "algorithm", "cms", "certificate", fingerprint, "commitment",
                                commitment);
        return *ret_escrow ? 0 : fail_memory(err);
}

static int put_key(struct keys *keys, const char *kind, const char *id, int64_t version, const char *medium,
                   struct medium_key *key, struct error *err) {
        struct wrapped wrapped = { .n = 0 };
        uint8_t bytes[WRAPPED_MAX];
        json_t *escrow = NULL;
        char commitment[65], kek_ref[KEY_REF_TEXT];
        size_t n;
        int r = keys->provider->wrap(keys->session, keys->kek, wrap_algorithm, key->secret, bytes, &n, err);

        if (r == 0 && !key_ref_format(kek_id, keys->kek_version, kek_ref))
                return fail(err, ERR_USAGE, "Nombre de clave demasiado largo.", "The key's name is too long.");
        if (r == 0)
                r = wrapped_set(&wrapped, bytes, n, kek_ref, err);
        if (r == 0)
                r = vault_put_key(keys->vault, id, version, &wrapped, act_now(keys->act), err);
        if (r == 0)
                r = put_envelope(keys, id, version, key->ref, key->recovery, &escrow, err);
        if (r == 0)
                r = key_commitment(kind, key->ref, key->secret, commitment, err);
        if (r < 0) {
                json_decref(escrow);
                return r;
        }
        key->fact_data = json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s*, s:o}", "id", id, "version",
                                   (json_int_t) version, "kind", kind, "algorithm", wrap_algorithm, "provider",
                                   keys->provider->name, "commitment", commitment, "wrapped_by", wrapped.wrapped_by,
                                   "medium", medium, "escrow", escrow);
        return key->fact_data ? 0 : fail_memory(err);
}

int keys_create(struct keys *keys, const struct key_wish *wish, struct medium_key *ret, struct error *err) {
        _cleanup_medium_key_ struct medium_key key = { .ref = "" };
        int64_t version = 0;
        int r = need_kek(keys, err);

        if (r == 0)
                r = next_version(keys, wish->id, &version, err);
        if (r == 0 && !key_ref_format(wish->id, version, key.ref))
                return fail(err, ERR_USAGE, "Nombre de clave demasiado largo.", "The key's name is too long.");
        if (r == 0)
                r = secret_random(wish->size, &key.secret, err);
        if (r == 0)
                r = wish->medium ? secret_random(wish->size, &key.recovery, err)
                                 : secret_copy(key.secret->data, key.secret->size, &key.recovery, err);
        if (r == 0)
                r = db_begin(keys->vault, err);
        if (r < 0)
                return r;
        r = put_key(keys, wish->kind, wish->id, version, wish->medium, &key, err);
        if (r == 0)
                r = db_commit(keys->vault, err);
        if (r < 0) {
                db_rollback(keys->vault);
                return r;
        }
        *ret = key;
        key = (struct medium_key){ 0 };
        return 0;
}

int keys_medium_create(struct keys *keys, const char *medium, struct medium_key *ret, struct error *err) {
        const struct key_wish wish = { "medium", medium, medium, MEDIUM_SECRET_SIZE };

        return keys_create(keys, &wish, ret, err);
}

int keys_medium_secret(struct keys *keys, const char *ref, struct secret **ret, struct error *err) {
        return keys_secret(keys, "medium", ref, ret, err);
}

int keys_secret(struct keys *keys, const char *kind, const char *ref, struct secret **ret, struct error *err) {
        _cleanup_secret_ struct secret *secret = NULL;
        char id[KEY_REF_TEXT], commitment[65], computed[65];
        enum key_state state = KEY_UNKNOWN;
        struct wrapped wrapped;
        int64_t version;
        int r = need_kek(keys, err);

        if (r == 0 && key_ref_parse(ref, id, &version) < 0)
                return fail(err, ERR_USAGE, "«%s» no es el nombre de una clave.", "“%s” is no key's name.", ref);
        /* Before any byte of it is touched: a restored copy of a destroyed key is none. */
        if (r == 0)
                r = key_registered(keys->act->db, id, version, &state, commitment, err);
        if (r == 0 && state == KEY_DESTROYED)
                return refuse(err, ERR_REFUSED, "C4", "La clave «%s» consta como destruida.",
                              "The key “%s” is on record as destroyed.", ref);
        if (r == 0)
                r = vault_get_key(keys->vault, id, version, &wrapped, err);
        if (r == 0)
                r = keys->provider->unwrap(keys->session, keys->kek, wrapped.algorithm, wrapped.bytes, wrapped.n,
                                           &secret, err);
        if (r == 0)
                r = key_commitment(kind, ref, secret, computed, err);
        if (r == 0)
                r = key_check_commitment(keys, id, version, computed, err);
        if (r == 0)
                *ret = TAKE_PTR(secret);
        return r;
}

int keys_escrow_envelope(struct keys *keys, const char *ref, uint8_t **ret, size_t *ret_n, struct error *err) {
        char id[KEY_REF_TEXT];
        int64_t version;

        if (key_ref_parse(ref, id, &version) < 0)
                return fail(err, ERR_USAGE, "«%s» no es el nombre de una clave.", "“%s” is no key's name.", ref);
        return vault_get_envelope(keys->vault, id, version, ret, ret_n, err);
}
