/* Opening the vault: by what the kernel keeps, by the provider's hardware alone, or by the person's secret. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keys/internal.h"
#include "keys/kept.h"
#include "policy/keys.h"
#include "policy/rule.h"

/* Bound to the master key by its commitment, so that a new master key, or another store, is not opened by it. */
static int kept_name(struct act *act, int64_t master_version, char out[KEPT_NAME], struct error *err) {
        char commitment[65];
        enum key_state state;
        int r = key_registered(act->db, master_id, master_version, &state, commitment, err);

        (void) snprintf(out, KEPT_NAME, "mpsi:vault:%.40s", commitment);
        return r;
}

/* --- hardware that counts wrong secrets and locks itself --------------------------------------------------------
 */

static char *tried_path(const struct act *act) {
        return act_path(act, "work", "wrong-pin");
}

/* After a wrong PIN only `key unlock`, where a person means it, tries again: no job and no script that goes on with
 * a wrong one locks an HSM. */
static int refuse_next_try(const struct keys *keys, struct error *err) {
        _cleanup_free_ char *path = tried_path(keys->act);

        if (!path)
                return fail_memory(err);
        if (!keys->provider->counts || access(path, F_OK) < 0)
                return 0;
        (void) fail(err, ERR_CONFLICT,
                    "El último PIN que se dio al HSM no era correcto: no se prueba otro sin más.",
                    "The last PIN given to the HSM was wrong: no other is tried just so.");
        return hint(err, "Compruebe el PIN y ábralo con «mpsi key unlock».",
                    "Make sure of the PIN and open it with “mpsi key unlock”.");
}

static void note_try(const struct keys *keys, int result) {
        _cleanup_free_ char *path = tried_path(keys->act);
        _cleanup_close_ int fd = -1;

        if (!path || !keys->provider->counts)
                return;
        if (result == 0)
                (void) unlink(path);
        else if (result == ERR_DENIED)
                fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

/* --- opening
 * ------------------------------------------------------------------------------------------------------
 */

static int open_with(struct keys *keys, const struct secret *secret, struct error *err) {
        int r = keys->provider->open(keys->master, secret, &keys->session, err);

        note_try(keys, r);
        return r < 0 ? r : keys_open_kek(keys, err);
}

/* ERR_NOT_FOUND when nothing is kept, or what is kept no longer serves. */
static int open_kept(struct keys *keys, struct error *err) {
        _cleanup_secret_ struct secret *token = NULL;
        char name[KEPT_NAME];
        int64_t until;
        int r = kept_name(keys->act, keys->master_version, name, err);

        if (r == 0)
                r = kept_get(name, &token, &until, err);
        if (r == 0 && act_now(keys->act) >= until)
                r = ERR_DENIED;
        if (r == 0) {
                r = keys->provider->reopen(keys->master, token, &keys->session, err);
                note_try(keys, r);
        }
        if (r == 0)
                return keys_open_kek(keys, err);
        if (r == ERR_DENIED) {
                (void) kept_drop(name);
                r = ERR_NOT_FOUND;
        }
        return r;
}

static int ask_and_open(struct keys *keys, struct error *err) {
        _cleanup_secret_ struct secret *secret = NULL;
        int r = act_ask_secret(keys->act, "master", keys->provider->prompt, &secret, err);

        return r < 0 ? r : open_with(keys, secret, err);
}

int keys_open_unlocked(struct act *act, struct keys **ret, struct error *err) {
        _cleanup_keys_ struct keys *keys = NULL;
        int r = keys_open(act, &keys, err);

        if (r < 0)
                return r;
        r = open_kept(keys, err);
        if (r == ERR_NOT_FOUND && keys->provider->silent)
                r = open_with(keys, NULL, err);
        else if (r == ERR_NOT_FOUND && (r = refuse_next_try(keys, err)) == 0)
                r = ask_and_open(keys, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(keys);
        return 0;
}

int keys_unlocked_until(struct act *act, int64_t master_version, int64_t *ret, struct error *err) {
        char name[KEPT_NAME];
        int r = kept_name(act, master_version, name, err);

        *ret = 0;
        if (r == 0)
                r = kept_get(name, NULL, ret, err);
        if (r == ERR_NOT_FOUND || (r == 0 && act_now(act) >= *ret))
                *ret = 0;
        return r == ERR_NOT_FOUND ? 0 : r;
}

bool keys_open_unasked(struct act *act) {
        _cleanup_(db_closep) struct db *vault = NULL;
        _cleanup_free_ char *name = NULL, *parameters = NULL;
        const struct key_provider *provider;
        int64_t version = 0, until = 0;

        if (vault_open(act->folder, DB_READ, &vault, NULL) < 0 ||
            vault_get_master(vault, &version, &name, &parameters, NULL) < 0 ||
            key_provider_find(name, &provider, NULL) < 0)
                return false;
        return provider->silent || (keys_unlocked_until(act, version, &until, NULL) == 0 && until > 0);
}

int keys_forget(struct keys *keys, bool *ret_was_there, struct error *err) {
        char name[KEPT_NAME];
        int r = kept_name(keys->act, keys->master_version, name, err);

        if (r == 0)
                *ret_was_there = kept_drop(name);
        return r;
}

/* --- verbs -------------------------------------------------------------------------------------------------------
 */

static int keep(struct keys *keys, int64_t until, int64_t seconds, struct error *err) {
        _cleanup_secret_ struct secret *token = NULL;
        char name[KEPT_NAME];
        int r = kept_name(keys->act, keys->master_version, name, err);

        if (r == 0)
                r = keys->provider->keep(keys->session, &token, err);
        return r < 0 ? r : kept_put(name, token, until, seconds, err);
}

int key_run_unlock(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const int64_t minutes = json_int(args, "minutes", key_limits[KEY_UNLOCK_MINUTES].value);
        const int64_t until = act_now(act) + minutes * 60 * SECOND;
        _cleanup_keys_ struct keys *keys = NULL;
        _cleanup_json_ json_t *data = NULL;
        char text[TIME_TEXT], local[TIME_TEXT];
        int r = keys_open(act, &keys, err);

        if (r == 0)
                r = ask_and_open(keys, err);
        if (r == 0)
                r = keys_settle(keys, err);
        if (r < 0)
                return r;
        time_format(until, text);
        data = json_pack("{s:s, s:I, s:s, s:s}", "id", master_id, "version", (json_int_t) keys->master_version,
                         "provider", keys->provider->name, "until", text);
        /* On record before it is open. */
        r = data ? act_record_one(act, "key.unlocked", master_id, data, err) : fail_memory(err);
        if (r == 0 && !act->dry_run)
                r = keep(keys, until, minutes * 60, err);
        if (r < 0)
                return r;
        time_format_local(until, local);
        act_say(act, "La bóveda queda abierta hasta %s, o hasta «mpsi key lock».",
                "The vault stays unlocked until %s, or until “mpsi key lock”.", local);
        *ret = json_pack("{s:s, s:s}", "provider", keys->provider->name, "until", text);
        return *ret ? 0 : fail_memory(err);
}

int key_run_lock(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_keys_ struct keys *keys = NULL;
        _cleanup_json_ json_t *data = NULL;
        bool was = false;
        int r = keys_open(act, &keys, err);

        (void) args;
        if (r == 0 && !act->dry_run)
                r = keys_forget(keys, &was, err);
        if (r < 0)
                return r;
        if (was) {
                data = json_pack("{s:s, s:I}", "id", master_id, "version", (json_int_t) keys->master_version);
                r = data ? act_record_one(act, "key.locked", master_id, data, err) : fail_memory(err);
        }
        if (r < 0)
                return r;
        if (keys->provider->silent)
                act_say(act, "El proveedor «%s» se abre sin preguntar mientras su hardware lo permita.",
                        "The provider “%s” opens without asking as long as its hardware lets it.",
                        keys->provider->name);
        *ret = json_pack("{s:b}", "was_unlocked", was);
        return *ret ? 0 : fail_memory(err);
}

/* With the recovery passphrase: it is what shows that the machine's change was meant. */
int key_run_reseal(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *sealed = NULL, *data = NULL;
        _cleanup_keys_ struct keys *keys = NULL;
        _cleanup_free_ char *text = NULL;
        int r = keys_open(act, &keys, err);

        (void) args;
        if (r == 0 && !keys->provider->silent)
                return fail(err, ERR_CONFLICT, "La clave maestra no está en un TPM.",
                            "The master key is in no TPM.");
        if (r == 0)
                r = ask_and_open(keys, err);
        if (r == 0)
                r = provider_tpm2_seal(json_object_get(keys->master, "tpm"), keys->session, &sealed, err);
        if (r == 0 && json_object_set(keys->master, "tpm", sealed) < 0)
                r = fail_memory(err);
        if (r == 0)
                r = json_canonical(keys->master, &text, err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:I, s:s}", "id", master_id, "version", (json_int_t) keys->master_version, "pcrs",
                         json_text_or_empty(sealed, "pcrs"));
        r = data ? act_record_one(act, "key.resealed", master_id, data, err) : fail_memory(err);
        if (r == 0 && !act->dry_run)
                r = vault_update_master(keys->vault, keys->master_version, text, err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s, s:s}", "provider", keys->provider->name, "pcrs",
                         json_text_or_empty(sealed, "pcrs"));
        return *ret ? 0 : fail_memory(err);
}
