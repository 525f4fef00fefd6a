/* Backups of the vault: which were made, whether one is whole, and that none brings a destroyed key back (C4). */
#include <stdio.h>
#include <string.h>

#include "keys/internal.h"

int keys_apply_copied(struct db *db, int64_t number, int64_t time, struct error *err) {
        int r = db_exec(db, err, "INSERT OR IGNORE INTO vault_copy (number, time) VALUES (?, ?)", "ii", number,
                        time);

        return r < 0 ? r : 0;
}

int keys_vault_settle(const char *folder, struct error *err) {
        _cleanup_(db_closep) struct db *vault = NULL;
        int64_t keys, envelopes;
        int r = vault_open(folder, DB_WRITE, &vault, err);

        /* Reading rolls back what a killed writer left in the journal. */
        return r < 0 ? r : vault_count(vault, &keys, &envelopes, err);
}

int keys_vault_check(const char *folder, struct db *registry, struct error *err) {
        _cleanup_(db_closep) struct db *vault = NULL;
        _cleanup_free_ char *provider = NULL, *parameters = NULL;
        _cleanup_rows_ struct rows *rows = NULL;
        int64_t version;
        int r = vault_open(folder, DB_READ, &vault, err);

        if (r == 0)
                r = db_check(vault, err);
        if (r == 0)
                r = vault_get_master(vault, &version, &provider, &parameters, err);
        if (r == 0)
                r = db_query(registry, &rows, err,
                             "SELECT id, version FROM crypto_key WHERE state = 'live' AND kind <> 'master'", "");
        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = vault_has_key(vault, rows_text(rows, 0), rows_int(rows, 1))
                            ? 0
                            : fail(err, ERR_VERIFY, "Falta en la bóveda la clave viva «%s.%lld».",
                                   "The live key “%s.%lld” is missing from the vault.", rows_text(rows, 0),
                                   (long long) rows_int(rows, 1));
        return r < 0 ? r : 0;
}

/* The key as the restored registry knows it, for its own key.destroyed. */
static int bar_one(const char *folder, struct db *vault, struct db *restored, const struct rows *doomed,
                   json_t *facts, struct error *err) {
        const char *id = rows_text(doomed, 0), *reason = rows_text(doomed, 3);
        const int64_t version = rows_int(doomed, 1);
        char commitment[65], since[TIME_TEXT];
        enum key_state state;
        int64_t leftovers = 0;
        int rows, r = key_registered(restored, id, version, &state, commitment, err);

        if (r < 0)
                return r;
        rows = vault_destroy(vault, folder, id, version, &leftovers, err);
        if (rows < 0)
                return rows;
        if (leftovers)
                return fail(err, ERR_VERIFY, "Quedan restos de la clave «%s.%lld» en la bóveda.",
                            "Leftovers of the key “%s.%lld” are still in the vault.", id, (long long) version);
        if (state != KEY_LIVE)
                return 0;
        time_format(rows_int(doomed, 2), since);
        (void) json_array_append_new(
                facts, json_pack("{s:s, s:s, s:{s:s, s:I, s:s, s:s, s:s, s:i, s:I, s:[]}}", "type", "key.destroyed",
                                 "subject", id, "data", "id", id, "version", (json_int_t) version, "commitment",
                                 commitment, "reason", reason ? reason : "", "destroyed", since, "vault_rows", rows,
                                 "leftovers", (json_int_t) leftovers, "copies"));
        return 0;
}

/* A KEK that was rotated since is not barred: it is what the backup's own keys are wrapped by, and destroying it
 * would take every medium with it. */
int keys_bar_destroyed(const char *folder, struct db *restored, struct db *later, json_t **ret_facts,
                       struct error *err) {
        _cleanup_(db_closep) struct db *vault = NULL;
        _cleanup_rows_ struct rows *doomed = NULL;
        _cleanup_json_ json_t *facts = json_array();
        int r = vault_open(folder, DB_WRITE, &vault, err);

        if (r == 0)
                r = db_query(later, &doomed, err,
                             "SELECT id, version, destroyed, reason FROM crypto_key WHERE state = 'destroyed'"
                             " AND kind NOT IN ('kek', 'master')"
                             " ORDER BY id, version",
                             "");
        while (r == 0 && (r = rows_next(doomed, err)) > 0)
                r = bar_one(folder, vault, restored, doomed, facts, err);
        if (r < 0)
                return r;
        *ret_facts = TAKE_PTR(facts);
        return *ret_facts ? 0 : fail_memory(err);
}
