/* Destroying keys: the vault's rows go, their bytes are looked for, and the ledger keeps that it happened. */
#include <stdio.h>
#include <string.h>

#include "keys/internal.h"

struct doomed {
        char id[KEY_REF_TEXT], ref[KEY_REF_TEXT], commitment[65], escrow[65];
        int64_t version, exports, created;
};

/* The numbers of the backups that may hold the key: those made since it exists. */
static int backups_with(struct db *db, const struct doomed *key, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *numbers = json_array();
        int r = db_query(db, &rows, err, "SELECT number FROM vault_copy WHERE time >= ? ORDER BY number", "i",
                         key->created);

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = json_array_append_new(numbers, json_integer(rows_int(rows, 0))) < 0 ? fail_memory(err) : 0;
        if (r == 0)
                *ret = TAKE_PTR(numbers);
        return r;
}

/* Copies that this program can't destroy, or made once: told beside every destruction. */
static json_t *other_copies(const struct doomed *key, const json_t *backups) {
        json_t *copies = json_array();

        if (*key->escrow)
                (void) json_array_append_new(
                        copies, json_pack("{s:s, s:s, s:s, s:I}", "what", "escrow-envelope", "state",
                                          key->exports ? "destroyed-here-exported-before" : "destroyed",
                                          "certificate", key->escrow, "exports", (json_int_t) key->exports));
        (void) json_array_append_new(copies, json_pack("{s:s, s:s, s:O}", "what", "vault-backups", "state",
                                                       "barred-by-ledger", "numbers", backups));
        (void) json_array_append_new(copies, json_pack("{s:s, s:s}", "what", "header-backups", "state", "unknown"));
        return copies;
}

/* A master key of an HSM has no bytes in the vault: its object is what counts. */
static int add_object(struct keys *keys, const struct doomed *key, json_t *copies, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        const struct key_provider *provider;
        int r;

        if (strcmp(key->id, master_id) != 0)
                return 0;
        r = db_query(keys->act->db, &rows, err, "SELECT provider FROM crypto_key WHERE id = ? AND version = ?",
                     "si", key->id, key->version);
        if (r == 0)
                r = rows_next(rows, err);
        if (r <= 0)
                return r;
        if (key_provider_find(rows_text(rows, 0), &provider, NULL) < 0 || !provider->erase)
                return 0;
        r = json_array_append_new(copies, json_pack("{s:s, s:s}", "what", "hsm-object", "state",
                                                    keys->erased ? "destroyed" : "left"));
        return r < 0 ? fail_memory(err) : 0;
}

static int destroy_one(struct keys *keys, const struct doomed *key, const char *reason, json_t *evidence,
                       struct error *err) {
        _cleanup_json_ json_t *data = NULL, *backups = NULL, *copies = NULL;
        int64_t leftovers = 0;
        int rows, r = backups_with(keys->act->db, key, &backups, err);

        copies = r == 0 ? other_copies(key, backups) : NULL;
        if (r == 0)
                r = add_object(keys, key, copies, err);
        if (r < 0)
                return r;
        rows = vault_destroy(keys->vault, keys->act->folder, key->id, key->version, &leftovers, err);
        if (rows < 0)
                return rows;
        if (leftovers)
                return fail(err, ERR_VERIFY, "Quedan restos de la clave «%s» en la bóveda.",
                            "Leftovers of the key “%s” are still in the vault.", key->ref);
        data = json_pack("{s:s, s:I, s:s, s:s, s:i, s:I, s:O}", "id", key->id, "version", (json_int_t) key->version,
                         "commitment", key->commitment, "reason", reason, "vault_rows", rows, "leftovers",
                         (json_int_t) leftovers, "copies", copies);
        if (!data)
                return fail_memory(err);
        if (json_array_append(evidence, data) < 0)
                return fail_memory(err);
        return act_record_one(keys->act, "key.destroyed", key->id, data, err);
}

int keys_destroy_one(struct keys *keys, const char *id, int64_t version, const char *reason, struct error *err) {
        _cleanup_json_ json_t *evidence = json_array();
        struct doomed key = { .version = version };
        enum key_state state;
        int r = key_registered(keys->act->db, id, version, &state, key.commitment, err);

        if (r == 0)
                r = db_int(keys->act->db, &key.created, err,
                           "SELECT created FROM crypto_key WHERE id = ? AND version = ?", "si", id, version);
        if (r < 0)
                return r;
        (void) snprintf(key.id, sizeof key.id, "%s", id);
        if (!key_ref_format(id, version, key.ref))
                return fail(err, ERR_USAGE, "Nombre de clave demasiado largo.", "The key's name is too long.");
        return destroy_one(keys, &key, reason, evidence, err);
}

enum { DOOMED_MAX = 64 };

static int find_doomed(struct keys *keys, const char *medium, const char *except, struct doomed *doomed, size_t *n,
                       struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(keys->act->db, &rows, err,
                         "SELECT id, version, commitment, escrow_certificate, exports, created FROM crypto_key"
                         " WHERE id = ? AND state = 'live' ORDER BY version",
                         "s", medium);

        for (*n = 0; r == 0 && *n < DOOMED_MAX;) {
                struct doomed *key = &doomed[*n];
                const char *escrow;

                r = rows_next(rows, err);
                if (r <= 0)
                        return r;
                r = 0;
                (void) snprintf(key->id, sizeof key->id, "%s", rows_text(rows, 0));
                key->version = rows_int(rows, 1);
                key->exports = rows_int(rows, 4);
                key->created = rows_int(rows, 5);
                (void) snprintf(key->commitment, sizeof key->commitment, "%s", rows_text(rows, 2));
                escrow = rows_text(rows, 3);
                (void) snprintf(key->escrow, sizeof key->escrow, "%s", escrow ? escrow : "");
                if (key_ref_format(key->id, key->version, key->ref) && (!except || strcmp(key->ref, except) != 0))
                        ++*n;
        }
        return r;
}

/* Rows that a crash left in the vault before their event was recorded: no header was ever made with them. */
static int sweep_orphans(struct keys *keys, const char *medium, struct error *err) {
        int64_t newest = 0;
        int r = vault_newest_version(keys->vault, medium, &newest, err);

        for (int64_t version = 1; r >= 0 && version <= newest; version++) {
                char commitment[65];
                enum key_state state;
                int64_t leftovers;

                r = key_registered(keys->act->db, medium, version, &state, commitment, err);
                if (r == 0 && state != KEY_LIVE && vault_has_key(keys->vault, medium, version))
                        r = vault_destroy(keys->vault, keys->act->folder, medium, version, &leftovers, err);
        }
        return r < 0 ? r : 0;
}

int keys_destroy_medium(struct keys *keys, const char *medium, const char *except, const char *reason,
                        json_t **ret_evidence, struct error *err) {
        _cleanup_json_ json_t *evidence = json_array();
        struct doomed doomed[DOOMED_MAX];
        size_t n;
        int r = find_doomed(keys, medium, except, doomed, &n, err);

        for (size_t i = 0; r == 0 && i < n; i++)
                r = destroy_one(keys, &doomed[i], reason, evidence, err);
        if (r == 0)
                r = sweep_orphans(keys, medium, err);
        if (r < 0)
                return r;
        if (ret_evidence)
                *ret_evidence = TAKE_PTR(evidence);
        return 0;
}

int keys_is_destroyed(struct keys *keys, const char *ref, bool *ret, struct error *err) {
        char id[KEY_REF_TEXT], commitment[65];
        enum key_state state;
        int64_t version;
        int r;

        if (key_ref_parse(ref, id, &version) < 0)
                return fail(err, ERR_USAGE, "«%s» no es el nombre de una clave.", "“%s” is no key's name.", ref);
        r = key_registered(keys->act->db, id, version, &state, commitment, err);
        if (r == 0)
                *ret = state == KEY_DESTROYED;
        return r;
}
