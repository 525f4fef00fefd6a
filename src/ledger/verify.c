/* Verification offline: every hash, root and signature again from what is stored, and every state row again from
 * the events. The same pass names the first event that does not hold. */
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "ledger/internal.h"

enum { PROBLEMS_MAX = 1000, SIGNATURES_ALL = 10000 };

void ledger_report_done(struct ledger_report *report) {
        json_decref(report->problems);
        report->problems = NULL;
}

static void problem(struct ledger_report *report, const char *kind, int64_t seq, const char *es, const char *en,
                    ...) __attribute__((format(printf, 4, 6), format(printf, 5, 6)));

static void problem(struct ledger_report *report, const char *kind, int64_t seq, const char *es, const char *en,
                    ...) {
        struct error said = { 0 };
        va_list args, again;

        if (json_array_size(report->problems) >= PROBLEMS_MAX)
                return;
        va_start(args, en);
        va_copy(again, args);
        (void) vsnprintf(said.what[LANG_ES], ERROR_TEXT_MAX, es, args);
        (void) vsnprintf(said.what[LANG_EN], ERROR_TEXT_MAX, en, again);
        va_end(again);
        va_end(args);
        (void) json_array_append_new(report->problems,
                                     json_pack("{s:s, s:I, s:s, s:s}", "kind", kind, "seq", (json_int_t) seq, "es",
                                               said.what[LANG_ES], "en", said.what[LANG_EN]));
}

struct pass {
        struct ledger *ledger;
        struct ledger_report *report;
        struct tree tree;
        struct rows *checkpoints; /* in the order of size */
        bool checkpoint_left;
        int64_t checkpoints_n, good; /* how many; size of the last one that held */
        bool broken;                 /* a root has already failed: later ones must too */
        int64_t published_size;
        uint8_t published_root[SHA256_SIZE];
        struct error *err;
};

static int check_tile(void *context, int level, uint64_t index, const uint8_t hash[SHA256_SIZE]) {
        struct pass *pass = context;
        _cleanup_rows_ struct rows *rows = NULL;
        const void *stored;
        size_t n;
        int r;

        if (!TILE_LEVEL(level))
                return 0;
        r = db_query(pass->ledger->db, &rows, pass->err, "SELECT hash FROM tile WHERE level = ? AND idx = ?", "ii",
                     (int64_t) level, (int64_t) index);
        if (r == 0)
                r = rows_next(rows, pass->err);
        if (r < 0)
                return r;
        stored = r ? rows_blob(rows, 0, &n) : NULL;
        if (!stored || n != SHA256_SIZE || memcmp(stored, hash, n) != 0)
                problem(pass->report, "tile", (int64_t) (index << level) + 1,
                        "El hash guardado de los eventos %lld a %lld no coincide.",
                        "The stored hash of events %lld to %lld does not match.", (long long) (index << level) + 1,
                        (long long) ((index + 1) << level));
        return 0;
}

static int next_checkpoint(struct pass *pass) {
        int r = rows_next(pass->checkpoints, pass->err);

        pass->checkpoint_left = r > 0;
        return r < 0 ? r : 0;
}

static void check_signature(struct pass *pass, const uint8_t root[SHA256_SIZE]) {
        int64_t size = (int64_t) pass->tree.size;
        char body[CHECKPOINT_BODY];
        const void *signature;
        size_t n;

        signature = rows_blob(pass->checkpoints, 3, &n);
        checkpoint_body(pass->ledger->station, pass->tree.size, root, rows_int(pass->checkpoints, 2), body);
        pass->report->signatures++;
        if (ledger_checkpoint_check(pass->ledger->public_key, body, signature, n) < 0)
                problem(pass->report, "signature", size, "La firma del punto de control %lld no es de este puesto.",
                        "The signature of checkpoint %lld is not this station's.", (long long) size);
}

/* The checkpoint whose turn it is at the tree's present size. */
static int check_checkpoint(struct pass *pass, bool last) {
        uint8_t root[SHA256_SIZE];
        const void *stored;
        size_t n;

        if (tree_root(&pass->tree, pass->ledger->hasher, root) < 0)
                return fail_memory(pass->err);
        stored = rows_blob(pass->checkpoints, 1, &n);
        pass->report->checkpoints++;
        if (n != SHA256_SIZE || memcmp(stored, root, SHA256_SIZE) != 0) {
                if (!pass->broken)
                        problem(pass->report, "root", pass->good + 1,
                                "Los eventos %lld a %lld no son los que firmó el puesto.",
                                "Events %lld to %lld are not the ones the station signed.",
                                (long long) pass->good + 1, (long long) pass->tree.size);
                pass->broken = true;
        } else {
                pass->good = (int64_t) pass->tree.size;
        }
        /* Every signature of a desk's ledger; of a huge one an even share, and always the last, which covers all.
         */
        if (!pass->broken && (last || pass->checkpoints_n <= SIGNATURES_ALL ||
                              pass->report->checkpoints % (pass->checkpoints_n / SIGNATURES_ALL + 1) == 0))
                check_signature(pass, root);
        return next_checkpoint(pass);
}

static int check_event(struct pass *pass, struct rows *rows) {
        struct event event = { .seq = rows_int(rows, 0),
                               .time = rows_int(rows, 1),
                               .station = rows_text(rows, 2),
                               .actor = rows_text(rows, 3),
                               .os_user = rows_text(rows, 4),
                               .type = rows_text(rows, 5),
                               .subject = rows_text(rows, 6) };
        const char *data = rows_text(rows, 7);
        _cleanup_free_ char *text = NULL;
        uint8_t leaf[SHA256_SIZE];
        const void *stored;
        size_t n, stored_n;
        int r;

        if (event.seq != (int64_t) pass->tree.size + 1) {
                problem(pass->report, "missing", (int64_t) pass->tree.size + 1, "Faltan los eventos %lld a %lld.",
                        "Events %lld to %lld are missing.", (long long) pass->tree.size + 1,
                        (long long) event.seq - 1);
                return ERR_VERIFY;
        }
        r = event_text(&event, data ? data : "", &text, &n, pass->err);
        if (r < 0)
                return r;
        if (hash_leaf(pass->ledger->hasher, text, n, leaf) < 0)
                return fail_memory(pass->err);
        stored = rows_blob(rows, 8, &stored_n);
        if (stored_n != SHA256_SIZE || memcmp(stored, leaf, SHA256_SIZE) != 0) {
                problem(pass->report, "event", event.seq, "El evento %lld ha sido alterado.",
                        "Event %lld was altered.", (long long) event.seq);
                if (stored_n == SHA256_SIZE)
                        memcpy(leaf, stored, SHA256_SIZE);
        }
        pass->report->events++;
        r = tree_add(&pass->tree, pass->ledger->hasher, leaf, check_tile, pass);
        if (r == 0 && pass->published_size == (int64_t) pass->tree.size) {
                if (tree_root(&pass->tree, pass->ledger->hasher, leaf) < 0)
                        return fail_memory(pass->err);
                if (memcmp(leaf, pass->published_root, SHA256_SIZE) != 0)
                        problem(pass->report, "published", pass->published_size,
                                "El libro no contiene el punto de control publicado de tamaño %lld: se ha "
                                "reescrito.",
                                "The ledger does not contain the published checkpoint of size %lld: it was "
                                "rewritten.",
                                (long long) pass->published_size);
        }
        return r;
}

static int run_pass(struct pass *pass) {
        _cleanup_rows_ struct rows *rows = NULL;
        struct db *db = pass->ledger->db;
        int64_t last = 0;
        int r = db_query(
                db, &rows, pass->err,
                "SELECT seq, time, station, actor, os_user, type, subject, data, hash FROM event ORDER BY seq", "");

        if (r == 0)
                r = db_int(db, &last, pass->err, "SELECT coalesce(max(size), 0) FROM checkpoint", "");
        if (r == 0)
                r = next_checkpoint(pass);
        while (r == 0 && (r = rows_next(rows, pass->err)) > 0) {
                r = check_event(pass, rows);
                while (r == 0 && pass->checkpoint_left &&
                       rows_int(pass->checkpoints, 0) <= (int64_t) pass->tree.size) {
                        int64_t size = rows_int(pass->checkpoints, 0);

                        if (size < (int64_t) pass->tree.size)
                                r = next_checkpoint(pass);
                        else
                                r = check_checkpoint(pass, size == last);
                }
        }
        if (r < 0)
                return r == ERR_VERIFY ? 0 : r;
        if (last > (int64_t) pass->tree.size)
                problem(pass->report, "truncated", (int64_t) pass->tree.size + 1,
                        "Faltan los eventos %lld a %lld del final.", "Events %lld to %lld are missing at the end.",
                        (long long) pass->tree.size + 1, (long long) last);
        else if (last < (int64_t) pass->tree.size)
                problem(pass->report, "unsigned", last + 1, "Los eventos %lld a %lld no están firmados.",
                        "Events %lld to %lld are not signed.", (long long) last + 1, (long long) pass->tree.size);
        return 0;
}

/* A checkpoint from outside: the caller's, and the witness. */
static int take_published(struct pass *pass, const char *text, bool given) {
        uint8_t root[SHA256_SIZE];
        uint64_t size;
        int r = ledger_checkpoint_verify(text, pass->ledger->public_key, &size, root, given ? pass->err : NULL);

        if (r < 0) {
                if (given)
                        return r;
                problem(pass->report, "witness", 0,
                        "El testigo del almacén no se puede leer o no es de este puesto.",
                        "The store's witness can't be read or is not this station's.");
                return 0;
        }
        if ((int64_t) size > pass->published_size) {
                pass->published_size = (int64_t) size;
                memcpy(pass->published_root, root, SHA256_SIZE);
        }
        return 0;
}

int ledger_verify_events(struct ledger *ledger, const char *published, struct ledger_report *ret,
                         struct error *err) {
        struct ledger_report report = { .problems = json_array() };
        struct pass pass = { .ledger = ledger, .report = &report, .err = err };
        _cleanup_rows_ struct rows *checkpoints = NULL;
        _cleanup_free_ char *witness = NULL;
        size_t n;
        int r = 0;

        if (!report.problems)
                return fail_memory(err);
        if (published)
                r = take_published(&pass, published, true);
        if (r == 0 && ledger->witness && file_read(ledger->witness, 4096, &witness, &n, NULL) == 0)
                r = take_published(&pass, witness, false);
        if (r == 0)
                r = db_int(ledger->db, &pass.checkpoints_n, err, "SELECT count(*) FROM checkpoint", "");
        if (r == 0)
                r = db_query(ledger->db, &checkpoints, err,
                             "SELECT size, root, time, signature FROM checkpoint ORDER BY size", "");
        pass.checkpoints = checkpoints;
        if (r == 0)
                r = run_pass(&pass);
        if (r == 0 && pass.published_size > (int64_t) pass.tree.size)
                problem(&report, "rollback", (int64_t) pass.tree.size + 1,
                        "El libro tiene %lld eventos, pero el puesto firmó un punto de control de %lld: se ha "
                        "restaurado una "
                        "copia antigua o se han borrado los últimos.",
                        "The ledger has %lld events, but the station signed a checkpoint of %lld: an old copy was "
                        "restored "
                        "or the last ones were deleted.",
                        (long long) pass.tree.size, (long long) pass.published_size);
        if (r < 0) {
                ledger_report_done(&report);
                return r;
        }
        *ret = report;
        return 0;
}

struct replay {
        struct ledger *ledger;
        struct db *into;
        struct error *err;
};

static int replay_event(void *context, const struct event *event) {
        struct replay *replay = context;

        return event_apply(replay->ledger, replay->into, event, replay->err);
}

static int replay_all(struct ledger *ledger, const struct schema *const *schemas, size_t n, struct db **ret,
                      struct error *err) {
        _cleanup_(db_closep) struct db *into = NULL;
        struct replay replay = { .ledger = ledger, .err = err };
        int r = db_open("", DB_SCRATCH, &into, err);

        if (r == 0)
                r = db_migrate(into, schemas, n, err);
        if (r == 0)
                r = db_begin(into, err);
        replay.into = into;
        if (r == 0)
                r = ledger_events(ledger->db, NULL, 0, INT64_MAX, replay_event, &replay, err);
        if (r == 0)
                r = db_commit(into, err);
        if (r == 0)
                *ret = TAKE_PTR(into);
        return r;
}

static void row_differs(void *context, const char *table, const char *key, const char *kind) {
        struct ledger_report *report = context;

        if (strcmp(kind, "changed") == 0)
                problem(report, "state-changed", 0, "Tabla %s, fila %s: no es lo que explican los eventos.",
                        "Table %s, row %s: not what the events explain.", table, key);
        else if (strcmp(kind, "unexplained") == 0)
                problem(report, "state-unexplained", 0, "Tabla %s, fila %s: ningún evento la explica.",
                        "Table %s, row %s: no event explains it.", table, key);
        else
                problem(report, "state-missing", 0, "Tabla %s, fila %s: falta, y los eventos la explican.",
                        "Table %s, row %s: missing, though events explain it.", table, key);
}

int ledger_verify_state(struct ledger *ledger, const struct schema *const *schemas, size_t schemas_n,
                        struct ledger_report *report, struct error *err) {
        _cleanup_(db_closep) struct db *expected = NULL;
        int r = replay_all(ledger, schemas, schemas_n, &expected, err);

        if (r < 0)
                return r;
        return db_compare(ledger->db, expected, schemas, schemas_n, row_differs, report, err);
}

int ledger_replay(struct ledger *ledger, const struct schema *const *schemas, size_t schemas_n,
                  char ret_live[SHA256_TEXT], char ret_replayed[SHA256_TEXT], struct error *err) {
        _cleanup_(db_closep) struct db *expected = NULL;
        int r = replay_all(ledger, schemas, schemas_n, &expected, err);

        if (r == 0)
                r = db_digest(ledger->db, schemas, schemas_n, ret_live, err);
        if (r == 0)
                r = db_digest(expected, schemas, schemas_n, ret_replayed, err);
        return r;
}
