/* Durable acts per second through the ledger (event, tree, signature, state: one transaction each), against
 * SQLite's own insert-and-commit of the same bytes with the same settings, in turns. Wanted: 50 % or more. Usage:
 * bench_ledger [acts, default 3000] [folder, default /var/tmp] */
#include "bench.h"

#include <sqlite3.h>

enum { BLOCK = 100 };

static json_t *fact_data(int i) {
        return json_pack("{s:i, s:s, s:s}", "n", i, "expires", "2030-01-01", "reason",
                         "renewed after the yearly review of the desk");
}

static void acts(struct act *act, int n) {
        for (int i = 0; i < n; i++) {
                _cleanup_json_ json_t *data = fact_data(i);
                struct error err;

                if (act_record_one(act, "medium.changed", "HQ00000001V", data, &err) < 0)
                        stop("record", &err);
        }
}

static void inserts(sqlite3 *db, sqlite3_stmt *insert, const char *text, int n) {
        for (int i = 0; i < n; i++) {
                (void) sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
                (void) sqlite3_bind_text(insert, 1, text, -1, SQLITE_STATIC);
                if (sqlite3_step(insert) != SQLITE_DONE)
                        stop(sqlite3_errmsg(db), NULL);
                (void) sqlite3_reset(insert);
                if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
                        stop(sqlite3_errmsg(db), NULL);
        }
}

static sqlite3 *bare(const char *folder, sqlite3_stmt **ret_insert) {
        _cleanup_free_ char *path = str_format("%s/bare.db", folder);
        sqlite3 *db;

        if (sqlite3_open(path, &db) != SQLITE_OK ||
            sqlite3_exec(db,
                         "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE event(seq INTEGER "
                         "PRIMARY KEY, data TEXT)",
                         NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_prepare_v2(db, "INSERT INTO event(data) VALUES(?)", -1, ret_insert, NULL) != SQLITE_OK)
                stop("bare", NULL);
        return db;
}

int main(int argc, char **argv) {
        int total = argc > 1 ? atoi(argv[1]) : 3000, blocks = total / BLOCK;
        _cleanup_free_ char *folder = str_format("%s/mpsi-bench-XXXXXX", argc > 2 ? argv[2] : "/var/tmp"),
                            *store = NULL, *command = NULL;
        double *ratios = calloc((size_t) blocks + 1, sizeof *ratios), ours = 0, theirs = 0;
        struct session *session;
        sqlite3_stmt *insert;
        struct act *act;
        struct error err;
        sqlite3 *db;

        if (!folder || !mkdtemp(folder) || !ratios || blocks < 1)
                stop("folder", NULL);
        store = str_format("%s/store", folder);
        session = bench_store(store, "carlos");
        json_decref(bench_call(session, "media", "register",
                               json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "kind", "tape", "classification",
                                         "INTERNO", "category", "MEDIA", "owner", "ana", "expires", "2030-01-01",
                                         "retention", 365)));
        if (session_act(session, &act, &err) < 0)
                stop("act", &err);
        db = bare(folder, &insert);
        {
                _cleanup_json_ json_t *data = fact_data(1);
                const struct event event = { 1000,   1795000000000000, "desk",        "carlos",
                                             "root", "medium.changed", "HQ00000001V", data };
                _cleanup_free_ char *canonical = NULL, *text = NULL;
                size_t n;

                if (json_canonical(data, &canonical, &err) < 0 ||
                    event_text(&event, canonical, &text, &n, &err) < 0)
                        stop("text", &err);
                for (int b = 0; b < blocks; b++) {
                        double start = seconds(), middle, end;

                        acts(act, BLOCK);
                        middle = seconds();
                        inserts(db, insert, text, BLOCK);
                        end = seconds();
                        ratios[b] = (end - middle) / (middle - start);
                        ours += middle - start;
                        theirs += end - middle;
                }
        }
        (void) printf("durable acts: %.0f/s; bare SQLite: %.0f/s; ratio, median of %d blocks: %.2f (wanted 0.50 or "
                      "more)\n",
                      blocks * BLOCK / ours, blocks * BLOCK / theirs, blocks, median(ratios, (size_t) blocks));
        (void) sqlite3_finalize(insert);
        (void) sqlite3_close(db);
        session_close(session);
        free(ratios);
        command = str_format("rm -rf %s", folder);
        return system(command);
}
