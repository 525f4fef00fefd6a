#include "keys/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"

static const char *const scripts[] = {
        "CREATE TABLE master_key ("
        " version INTEGER PRIMARY KEY, provider TEXT NOT NULL, parameters TEXT NOT NULL, created INTEGER NOT NULL"
        ") STRICT;"
        "CREATE TABLE wrapped_key ("
        " id TEXT NOT NULL, version INTEGER NOT NULL, algorithm TEXT NOT NULL, wrapped_by TEXT NOT NULL,"
        " wrapped BLOB NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (id, version)"
        ") STRICT;"
        "CREATE TABLE envelope ("
        " id TEXT NOT NULL, version INTEGER NOT NULL, algorithm TEXT NOT NULL, certificate TEXT NOT NULL,"
        " der BLOB NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (id, version)"
        ") STRICT;"
        "CREATE TABLE recovery_certificate ("
        " fingerprint TEXT PRIMARY KEY, pem TEXT NOT NULL, created INTEGER NOT NULL"
        ") STRICT;",
};

static const char *const no_state[] = { NULL };

static const struct schema vault_schema = {
        .room = "vault", .scripts = scripts, .scripts_n = COUNT(scripts), .state_tables = no_state
};

int vault_open(const char *folder, unsigned mode, struct db **ret, struct error *err) {
        static const struct schema *const schemas[] = { &vault_schema };
        _cleanup_(db_closep) struct db *db = NULL;
        _cleanup_free_ char *path = str_format("%s/vault.db", folder);
        int r;

        if (!path)
                return fail_memory(err);
        r = db_open(path, mode | DB_VAULT, &db, err);
        if (r < 0)
                return r;
        if (mode == DB_CREATE && chmod(path, 0600) < 0)
                return fail_errno(err, errno, "No se puede proteger «%s»", "“%s” can't be protected", path);
        if (mode != DB_READ) {
                r = db_migrate(db, schemas, COUNT(schemas), err);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(db);
        return 0;
}

int vault_put_master(struct db *vault, int64_t version, const char *provider, const char *parameters, int64_t now,
                     struct error *err) {
        int r = db_exec(vault, err, "INSERT INTO master_key VALUES (?, ?, ?, ?)", "issi", version, provider,
                        parameters, now);

        return r < 0 ? r : 0;
}

int vault_get_master(struct db *vault, int64_t *ret_version, char **ret_provider, char **ret_parameters,
                     struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(vault, &rows, err,
                         "SELECT version, provider, parameters FROM master_key ORDER BY version DESC LIMIT 1", "");

        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        if (r == 0)
                return fail(err, ERR_NOT_FOUND, "La bóveda de claves no tiene clave maestra.",
                            "The vault has no master key.");
        *ret_provider = strdup(rows_text(rows, 1));
        *ret_parameters = strdup(rows_text(rows, 2));
        if (!*ret_provider || !*ret_parameters)
                return fail_memory(err);
        *ret_version = rows_int(rows, 0);
        return 0;
}

int vault_drop_master(struct db *vault, int64_t version, struct error *err) {
        int r = db_exec(vault, err, "DELETE FROM master_key WHERE version = ?", "i", version);

        return r < 0 ? r : 0;
}

int vault_update_master(struct db *vault, int64_t version, const char *parameters, struct error *err) {
        int r = db_exec(vault, err, "UPDATE master_key SET parameters = ? WHERE version = ?", "si", parameters,
                        version);

        return r < 0 ? r : 0;
}

int vault_rewrap_key(struct db *vault, const char *id, int64_t version, const struct wrapped *key,
                     struct error *err) {
        int r = db_exec(vault, err,
                        "UPDATE wrapped_key SET algorithm = ?, wrapped_by = ?, wrapped = ?"
                        " WHERE id = ? AND version = ?",
                        "ssbsi", key->algorithm, key->wrapped_by, (const void *) key->bytes, key->n, id, version);

        return r < 0 ? r : 0;
}

int vault_put_key(struct db *vault, const char *id, int64_t version, const struct wrapped *key, int64_t now,
                  struct error *err) {
        int r = db_exec(vault, err, "INSERT INTO wrapped_key VALUES (?, ?, ?, ?, ?, ?)", "sissbi", id, version,
                        key->algorithm, key->wrapped_by, (const void *) key->bytes, key->n, now);

        return r < 0 ? r : 0;
}

int vault_get_key(struct db *vault, const char *id, int64_t version, struct wrapped *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        const void *bytes;
        size_t n;
        int r = db_query(vault, &rows, err,
                         "SELECT algorithm, wrapped_by, wrapped FROM wrapped_key WHERE id = ? AND version = ?",
                         "si", id, version);

        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        if (r == 0)
                return fail(err, ERR_NOT_FOUND, "La clave «%s.%lld» no está en la bóveda.",
                            "The key “%s.%lld” is not in the vault.", id, (long long) version);
        bytes = rows_blob(rows, 2, &n);
        if (n == 0 || n > sizeof ret->bytes)
                return fail(err, ERR_VERIFY, "La clave guardada está dañada.", "The stored key is damaged.");
        (void) snprintf(ret->algorithm, sizeof ret->algorithm, "%s", rows_text(rows, 0));
        (void) snprintf(ret->wrapped_by, sizeof ret->wrapped_by, "%s", rows_text(rows, 1));
        memcpy(ret->bytes, bytes, n);
        ret->n = n;
        return 0;
}

bool vault_has_key(struct db *vault, const char *id, int64_t version) {
        int64_t n = 0;

        return db_int(vault, &n, NULL, "SELECT 1 FROM wrapped_key WHERE id = ? AND version = ?", "si", id,
                      version) == 0;
}

int vault_newest_version(struct db *vault, const char *id, int64_t *ret, struct error *err) {
        return db_int(vault, ret, err, "SELECT coalesce(max(version), 0) FROM wrapped_key WHERE id = ?", "s", id);
}

int vault_count(struct db *vault, int64_t *ret_keys, int64_t *ret_envelopes, struct error *err) {
        int r = db_int(vault, ret_keys, err, "SELECT count(*) FROM wrapped_key", "");

        if (r == 0)
                r = db_int(vault, ret_envelopes, err, "SELECT count(*) FROM envelope", "");
        return r;
}

int vault_put_envelope(struct db *vault, const char *id, int64_t version, const char *certificate, const void *der,
                       size_t n, int64_t now, struct error *err) {
        int r = db_exec(vault, err, "INSERT INTO envelope VALUES (?, ?, 'cms', ?, ?, ?)", "sisbi", id, version,
                        certificate, der, n, now);

        return r < 0 ? r : 0;
}

int vault_get_envelope(struct db *vault, const char *id, int64_t version, uint8_t **ret, size_t *ret_n,
                       struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        const void *bytes;
        uint8_t *copy;
        size_t n;
        int r = db_query(vault, &rows, err, "SELECT der FROM envelope WHERE id = ? AND version = ?", "si", id,
                         version);

        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        if (r == 0)
                return fail(err, ERR_NOT_FOUND, "No hay sobre de recuperación de «%s.%lld».",
                            "There is no recovery envelope of “%s.%lld”.", id, (long long) version);
        bytes = rows_blob(rows, 0, &n);
        copy = malloc(n ? n : 1);
        if (!copy)
                return fail_memory(err);
        if (n)
                memcpy(copy, bytes, n);
        *ret = copy;
        *ret_n = n;
        return 0;
}

int vault_put_certificate(struct db *vault, const char *fingerprint, const char *pem, int64_t now,
                          struct error *err) {
        int r = db_exec(vault, err, "INSERT INTO recovery_certificate VALUES (?, ?, ?)", "ssi", fingerprint, pem,
                        now);

        return r < 0 ? r : 0;
}

int vault_get_certificate(struct db *vault, char **ret_pem, struct error *err) {
        int r = db_text(vault, ret_pem, err, "SELECT pem FROM recovery_certificate ORDER BY created DESC LIMIT 1",
                        "");

        if (r == ERR_NOT_FOUND)
                return fail(err, r, "La bóveda no tiene certificado de recuperación.",
                            "The vault has no recovery certificate.");
        return r;
}

/* --- destruction --------------------------------------------------------------------------------------------- */

/* Pieces of this length are looked for: a wrapped key is 72 bytes, so its start and its end are both found even
 * when the row's other half was overwritten. */
enum { PIECE = 24, SCAN_BLOCK = 1 << 20 };

struct pieces {
        uint8_t bytes[4][PIECE];
        size_t n;
};

static void pieces_of(struct pieces *pieces, const uint8_t *bytes, size_t n) {
        if (n < PIECE)
                return;
        memcpy(pieces->bytes[pieces->n++], bytes, PIECE);
        memcpy(pieces->bytes[pieces->n++], bytes + n - PIECE, PIECE);
}

static int64_t count_pieces(const struct pieces *pieces, const uint8_t *block, size_t n) {
        int64_t found = 0;

        for (size_t i = 0; i < pieces->n; i++)
                found += memmem(block, n, pieces->bytes[i], PIECE) != NULL;
        return found;
}

static int scan_file(const char *folder, const char *name, const struct pieces *pieces, int64_t *found,
                     struct error *err) {
        _cleanup_free_ char *path = str_format("%s/%s", folder, name);
        _cleanup_free_ uint8_t *block = malloc(SCAN_BLOCK + PIECE);
        _cleanup_close_ int fd = -1;
        size_t kept = 0;

        if (!path || !block)
                return fail_memory(err);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return 0;
        errno = fd < 0 ? errno : 0;
        for (off_t at = 0; fd >= 0;) {
                ssize_t n = pread_all(fd, block + kept, SCAN_BLOCK, at);
                size_t total = kept + (size_t) (n > 0 ? n : 0);

                if (n < 0)
                        errno = (int) -n;
                if (n <= 0)
                        break;
                *found += count_pieces(pieces, block, total);
                at += n;
                kept = total < PIECE - 1 ? total : PIECE - 1;
                memmove(block, block + total - kept, kept);
        }
        return fd < 0 || errno ? fail_errno(err, errno, "No se puede leer «%s»", "“%s” can't be read", path) : 0;
}

static int delete_rows(struct db *vault, const char *id, int64_t version, struct pieces *pieces,
                       struct error *err) {
        _cleanup_free_ uint8_t *envelope = NULL;
        struct error none;
        struct wrapped key;
        size_t envelope_n = 0;
        int keys, envelopes;

        if (vault_get_key(vault, id, version, &key, &none) == 0)
                pieces_of(pieces, key.bytes, key.n);
        if (vault_get_envelope(vault, id, version, &envelope, &envelope_n, &none) == 0 && envelope_n > 2 * PIECE)
                /* An envelope starts with the recipient's public facts; its end is the ciphertext and its tag. */
                memcpy(pieces->bytes[pieces->n++], envelope + envelope_n - PIECE, PIECE);
        keys = db_exec(vault, err, "DELETE FROM wrapped_key WHERE id = ? AND version = ?", "si", id, version);
        if (keys < 0)
                return keys;
        envelopes = db_exec(vault, err, "DELETE FROM envelope WHERE id = ? AND version = ?", "si", id, version);
        return envelopes < 0 ? envelopes : keys + envelopes;
}

int vault_destroy(struct db *vault, const char *folder, const char *id, int64_t version, int64_t *ret_leftovers,
                  struct error *err) {
        static const char *const files[] = { "vault.db", "vault.db-journal", "vault.db-wal" };
        struct pieces pieces = { .n = 0 };
        int64_t leftovers = 0;
        int deleted, r = db_begin(vault, err);

        if (r < 0)
                return r;
        deleted = delete_rows(vault, id, version, &pieces, err);
        r = deleted < 0 ? deleted : db_commit(vault, err);
        if (r < 0) {
                db_rollback(vault);
                return r;
        }
        for (size_t i = 0; i < COUNT(files); i++) {
                r = scan_file(folder, files[i], &pieces, &leftovers, err);
                if (r < 0)
                        return r;
        }
        *ret_leftovers = leftovers;
        return deleted;
}
