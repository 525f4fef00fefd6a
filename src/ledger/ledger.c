#include "ledger/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "ledger/internal.h"

/* The triggers stop a slip of the hand; whoever goes round them is found by ledger_verify_events(). */
static const char *const scripts[] = {
        "CREATE TABLE event(seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, station TEXT NOT NULL, actor TEXT NOT "
        "NULL,"
        " os_user TEXT NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL, data TEXT NOT NULL, hash BLOB NOT "
        "NULL) STRICT;"
        "CREATE INDEX event_subject ON event(subject, seq);"
        "CREATE TABLE tile(level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY(level, "
        "idx))"
        " STRICT, WITHOUT ROWID;"
        "CREATE TABLE checkpoint(size INTEGER PRIMARY KEY, time INTEGER NOT NULL, root BLOB NOT NULL,"
        " signature BLOB NOT NULL) STRICT;"
        "CREATE TRIGGER event_keep BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are never changed'); "
        "END;"
        "CREATE TRIGGER event_stay BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are never deleted'); "
        "END;"
        "CREATE TRIGGER tile_keep BEFORE UPDATE ON tile BEGIN SELECT RAISE(ABORT, 'hashes are never changed'); END;"
        "CREATE TRIGGER tile_stay BEFORE DELETE ON tile BEGIN SELECT RAISE(ABORT, 'hashes are never deleted'); END;"
        "CREATE TRIGGER checkpoint_keep BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoints are "
        "never "
        "changed'); END;"
        "CREATE TRIGGER checkpoint_stay BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoints are "
        "never "
        "deleted'); END;",
};

const struct schema ledger_schema = { .room = "ledger", .scripts = scripts, .scripts_n = COUNT(scripts) };

/* The first row whose name is not less. */
static size_t first_of(const struct ledger *ledger, const char *name) {
        size_t low = 0, high = ledger->types_n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (strcmp(ledger->types[middle]->name, name) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

int event_apply(const struct ledger *ledger, struct db *db, const struct event *event, struct error *err) {
        size_t i = first_of(ledger, event->type);
        int r = 0;

        if (i == ledger->types_n || strcmp(ledger->types[i]->name, event->type) != 0)
                return fail(err, ERR_CONFLICT, "El evento %lld es de un tipo que esta versión no conoce: %s.",
                            "Event %lld is of a type that this version does not know: %s.", (long long) event->seq,
                            event->type);
        for (; r == 0 && i < ledger->types_n && strcmp(ledger->types[i]->name, event->type) == 0; i++)
                if (ledger->types[i]->apply)
                        r = ledger->types[i]->apply(db, event, err);
        return r;
}

/* After those of the same name that are there already. */
static void add_type(struct ledger *ledger, const struct event_type *type) {
        size_t at = first_of(ledger, type->name);

        while (at < ledger->types_n && strcmp(ledger->types[at]->name, type->name) == 0)
                at++;
        memmove(&ledger->types[at + 1], &ledger->types[at], (ledger->types_n - at) * sizeof ledger->types[0]);
        ledger->types[at] = type;
        ledger->types_n++;
}

static int take_types(struct ledger *ledger, const struct ledger_options *options, struct error *err) {
        size_t n = 0;

        for (size_t t = 0; t < options->tables_n; t++)
                n += options->tables[t].n;
        ledger->types = calloc(n + 1, sizeof(struct event_type *));
        if (!ledger->types)
                return fail_memory(err);
        for (size_t t = 0; t < options->tables_n; t++)
                for (size_t i = 0; i < options->tables[t].n; i++)
                        add_type(ledger, &options->tables[t].types[i]);
        return 0;
}

int stored_node(struct ledger *ledger, int level, uint64_t index, uint8_t out[SHA256_SIZE], struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        uint8_t left[SHA256_SIZE], right[SHA256_SIZE];
        const void *hash;
        size_t n;
        int r;

        if (!TILE_LEVEL(level)) {
                r = stored_node(ledger, level - 1, 2 * index, left, err);
                if (r == 0)
                        r = stored_node(ledger, level - 1, 2 * index + 1, right, err);
                if (r == 0 && hash_node(ledger->hasher, left, right, out) < 0)
                        r = fail_memory(err);
                return r;
        }
        r = level == 0 ? db_query(ledger->db, &rows, err, "SELECT hash FROM event WHERE seq = ?", "i",
                                  (int64_t) index + 1)
                       : db_query(ledger->db, &rows, err, "SELECT hash FROM tile WHERE level = ? AND idx = ?", "ii",
                                  (int64_t) level, (int64_t) index);
        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        hash = r ? rows_blob(rows, 0, &n) : NULL;
        if (!hash || n != SHA256_SIZE)
                return fail(err, ERR_VERIFY, "Falta en el libro el hash %d/%llu.", "The ledger lacks hash %d/%llu.",
                            level, (unsigned long long) index);
        memcpy(out, hash, SHA256_SIZE);
        return 0;
}

static int tampered(struct error *err, uint64_t size, const struct text why) {
        struct error said;

        (void) fail(&said, ERR_VERIFY, "El libro no es el que firmó este puesto (%llu eventos): ",
                    "The ledger is not the one this station signed (%llu events): ", (unsigned long long) size);
        if (err) {
                *err = said;
                (void) strncat(err->what[LANG_ES], why.es, ERROR_TEXT_MAX - strlen(err->what[LANG_ES]) - 1);
                (void) strncat(err->what[LANG_EN], why.en, ERROR_TEXT_MAX - strlen(err->what[LANG_EN]) - 1);
        }
        (void) hint(err,
                    "No registre nada más; ejecute «mpsi ledger verify» y avise al administrador de seguridad.",
                    "Record nothing more; run “mpsi ledger verify” and tell the security administrator.");
        return ERR_VERIFY;
}

/* Holds the rebuilt head against its checkpoint and the witness. */
static int check_head(struct ledger *ledger, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        uint8_t root[SHA256_SIZE], witness_root[SHA256_SIZE];
        _cleanup_free_ char *text = NULL;
        char body[CHECKPOINT_BODY];
        uint64_t witness_size = 0;
        size_t n, length;
        int r;

        if (tree_root(&ledger->tree, ledger->hasher, root) < 0)
                return fail_memory(err);
        if (ledger->tree.size > 0) {
                const void *signature, *stored;
                size_t stored_n;

                r = db_query(ledger->db, &rows, err, "SELECT root, signature, time FROM checkpoint WHERE size = ?",
                             "i", (int64_t) ledger->tree.size);
                if (r == 0)
                        r = rows_next(rows, err);
                if (r < 0)
                        return r;
                if (r == 0)
                        return tampered(
                                err, ledger->tree.size,
                                (struct text){ "falta su punto de control.", "its checkpoint is missing." });
                stored = rows_blob(rows, 0, &stored_n);
                signature = rows_blob(rows, 1, &n);
                checkpoint_body(ledger->station, ledger->tree.size, root, rows_int(rows, 2), body);
                if (stored_n != SHA256_SIZE || memcmp(stored, root, SHA256_SIZE) != 0 ||
                    ledger_checkpoint_check(ledger->public_key, body, signature, n) < 0)
                        return tampered(err, ledger->tree.size,
                                        (struct text){ "la raíz o la firma no coinciden.",
                                                       "the root or the signature does not match." });
        }
        if (!ledger->witness || file_read(ledger->witness, 4096, &text, &length, NULL) < 0 || length == 0)
                return 0;
        if (ledger_checkpoint_verify(text, ledger->public_key, &witness_size, witness_root, NULL) < 0)
                return 0; /* torn by a power cut, or not ours: ledger verify says so */
        if (witness_size > ledger->tree.size)
                return tampered(err, ledger->tree.size,
                                (struct text){ "es más antiguo que su último punto de control conocido.",
                                               "it is older than its last known checkpoint." });
        return 0;
}

int ledger_refresh(struct ledger *ledger, struct error *err) {
        int64_t size = 0;
        int r = db_int(ledger->db, &size, err, "SELECT coalesce(max(seq), 0) FROM event", "");

        if (r < 0 || ((uint64_t) size == ledger->tree.size && size > 0))
                return r;
        memset(&ledger->tree, 0, sizeof ledger->tree);
        for (int level = 0; (uint64_t) size >> level; level++) {
                uint64_t width = (uint64_t) size >> level;

                if (width & 1) {
                        r = stored_node(ledger, level, width - 1, ledger->tree.node[level], err);
                        if (r < 0)
                                return r;
                }
        }
        ledger->tree.size = (uint64_t) size;
        return ledger->key ? check_head(ledger, err) : 0;
}

int ledger_check_head(struct ledger *ledger, struct error *err) {
        int r = ledger_refresh(ledger, err);

        return r < 0 || ledger->key ? r : check_head(ledger, err);
}

int ledger_open(const struct ledger_options *options, struct ledger **ret, struct error *err) {
        _cleanup_(ledger_closep) struct ledger *ledger = calloc(1, sizeof *ledger);
        int r;

        if (!ledger)
                return fail_memory(err);
        ledger->db = options->db;
        ledger->clock = options->clock;
        ledger->key = options->key;
        ledger->public_key = options->public_key;
        ledger->station = strdup(options->station);
        ledger->witness = options->witness ? strdup(options->witness) : NULL;
        if (!ledger->station || (options->witness && !ledger->witness))
                return fail_memory(err);
        r = take_types(ledger, options, err);
        if (r == 0)
                r = hasher_new(&ledger->hasher, err);
        /* A reader must be able to open a damaged ledger, to verify it. */
        if (r == 0 && ledger->key)
                r = ledger_refresh(ledger, err);
        if (r == 0)
                *ret = TAKE_PTR(ledger);
        return r;
}

void ledger_close(struct ledger *ledger) {
        if (!ledger)
                return;
        hasher_free(ledger->hasher);
        free(ledger->types);
        free(ledger->station);
        free(ledger->witness);
        free(ledger);
}

int64_t ledger_size(const struct ledger *ledger) {
        return (int64_t) ledger->tree.size;
}

int ledger_newest(struct db *db, int64_t *ret_time, struct error *err) {
        return db_int(db, ret_time, err, "SELECT time FROM event ORDER BY seq DESC LIMIT 1", "");
}

int ledger_events(struct db *db, const char *subject, int64_t after, int64_t limit,
                  int (*each)(void *context, const struct event *event), void *context, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = subject ? db_query(db, &rows, err,
                                   "SELECT seq, time, station, actor, os_user, type, subject, data FROM event "
                                   "WHERE subject = ? AND seq > ? ORDER BY seq LIMIT ?",
                                   "sii", subject, after, limit)
                        : db_query(db, &rows, err,
                                   "SELECT seq, time, station, actor, os_user, type, subject, data FROM event "
                                   "WHERE seq > ? ORDER BY seq LIMIT ?",
                                   "ii", after, limit);

        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                const char *data = rows_text(rows, 7);
                _cleanup_json_ json_t *parsed = data ? json_loads(data, 0, NULL) : NULL;
                const struct event event = {
                        .seq = rows_int(rows, 0),
                        .time = rows_int(rows, 1),
                        .station = rows_text(rows, 2),
                        .actor = rows_text(rows, 3),
                        .os_user = rows_text(rows, 4),
                        .type = rows_text(rows, 5),
                        .subject = rows_text(rows, 6),
                        .data = parsed,
                };

                if (!parsed)
                        return fail(err, ERR_VERIFY, "El evento %lld no se puede leer.",
                                    "Event %lld can't be read.", (long long) event.seq);
                r = each(context, &event);
        }
        return r < 0 ? r : 0;
}
