/* The ledger (X2): proofs of every event, and every kind of tampering found and named. */
#include "unit/test.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "ledger/internal.h"
#include "sign/identity.h"

static const char *const scripts[] = {
        "CREATE TABLE thing(name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;"
};
static const char *const tables[] = { "thing", NULL };
static const struct schema things = { "things", scripts, 1, tables };
static const struct schema *const schemas[] = { &ledger_schema, &things };

static int apply_thing(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "INSERT INTO thing(name, count) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET count = count "
                        "+ excluded.count",
                        "si", event->subject, json_int(event->data, "n", 1));

        return r < 0 ? r : 0;
}

static const struct event_type types[] = { { "thing.happened", apply_thing }, { "act.refused", NULL } };
static const struct event_table event_tables[] = { { types, 2 } };

struct fixture {
        char folder[64], path[128], witness[128];
        EVP_PKEY *key;
        struct db *db;
        struct ledger *ledger;
};

static void fixture_open(struct fixture *f) {
        struct error err = { 0 };
        struct ledger_options options = { .db = NULL,
                                          .clock = &clock_system,
                                          .station = "desk-1",
                                          .key = f->key,
                                          .public_key = f->key,
                                          .witness = f->witness,
                                          .tables = event_tables,
                                          .tables_n = 1 };

        assert_int_equal(db_open(f->path, access(f->path, F_OK) == 0 ? DB_WRITE : DB_CREATE, &f->db, &err), 0);
        assert_int_equal(db_migrate(f->db, schemas, 2, &err), 0);
        options.db = f->db;
        if (ledger_open(&options, &f->ledger, &err) < 0)
                fail_msg("%s", err.what[LANG_EN]);
}

static void fixture_close(struct fixture *f) {
        ledger_close(f->ledger);
        db_close(f->db);
        f->ledger = NULL;
        f->db = NULL;
}

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof *f);

        strcpy(f->folder, "/tmp/mpsi-ledger-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        (void) snprintf(f->path, sizeof f->path, "%s/registry.db", f->folder);
        (void) snprintf(f->witness, sizeof f->witness, "%s/witness", f->folder);
        f->key = EVP_EC_gen("P-256");
        assert_non_null(f->key);
        fixture_open(f);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;
        char command[128];

        fixture_close(f);
        EVP_PKEY_free(f->key);
        (void) snprintf(command, sizeof command, "rm -r %s", f->folder);
        assert_int_equal(system(command), 0);
        free(f);
        return 0;
}

static void append(struct fixture *f, int n) {
        for (int i = 0; i < n; i++) {
                _cleanup_json_ json_t *data = json_pack("{s:i, s:s}", "n", i, "why", "café \"x\"\n");
                const struct fact fact = { "thing.happened", i % 2 ? "odd" : "ev\"en\\\x01", data };
                struct error err;

                if (ledger_append(f->ledger, "ana", "root", &fact, 1, false, &err) < 0)
                        fail_msg("%s", err.what[LANG_EN]);
        }
}

static void event_text_is_canonical_json(void **state) {
        const struct event event = { 7, 99, "desk\t", "an\"a", "r\\oot", "thing.happened", "ñ\x1f", NULL };
        _cleanup_json_ json_t *parsed = NULL;
        _cleanup_free_ char *text = NULL, *again = NULL;
        struct error err;
        size_t n;

        (void) state;
        assert_int_equal(event_text(&event, "{\"a\":1}", &text, &n, &err), 0);
        assert_int_equal(n, strlen(text));
        assert_int_equal(json_parse(text, n, &parsed, &err), 0);
        assert_int_equal(json_canonical(parsed, &again, &err), 0);
        assert_string_equal(text, again);
}

static void every_event_has_a_proof(void **state) {
        struct fixture *f = *state;
        EVP_PKEY *key = NULL;
        X509 *certificate = NULL;
        _cleanup_free_ char *pem = NULL;
        struct error err;

        assert_int_equal(identity_make_ca("Hospital", 10, clock_now(&clock_system), &key, &certificate, &err), 0);
        assert_int_equal(certificate_to_pem(certificate, &pem, &err), 0);
        ledger_close(f->ledger);
        EVP_PKEY_free(f->key);
        f->key = key;
        db_close(f->db);
        fixture_open(f);
        append(f, 300);
        for (int64_t seq = 1; seq <= 300; seq += 13) {
                _cleanup_json_ json_t *proof = NULL;

                assert_int_equal(ledger_prove(f->ledger, seq, &proof, &err), 0);
                if (ledger_proof_verify(proof, pem, &err) < 0)
                        fail_msg("%lld: %s", (long long) seq, err.what[LANG_EN]);
                assert_int_equal(json_object_set_new(proof, "index", json_integer(seq % 300)), 0);
                assert_int_equal(ledger_proof_verify(proof, pem, &err), ERR_VERIFY);
        }
        X509_free(certificate);
}

static void old_heads_are_prefixes(void **state) {
        struct fixture *f = *state;
        uint8_t roots[40][SHA256_SIZE], root[SHA256_SIZE], path[70][SHA256_SIZE];
        struct error err;

        for (size_t i = 1; i < 40; i++) {
                append(f, 1);
                assert_int_equal(tree_root(&f->ledger->tree, f->ledger->hasher, roots[i]), 0);
        }
        memcpy(root, roots[39], sizeof root);
        for (int64_t old = 1; old < 40; old++) {
                _cleanup_json_ json_t *proof = NULL;
                const json_t *list;
                size_t n;

                assert_int_equal(ledger_prove_consistency(f->ledger, old, &proof, &err), 0);
                list = json_object_get(proof, "path");
                n = json_array_size(list);
                for (size_t i = 0; i < n; i++)
                        assert_int_equal(
                                hex_decode(json_string_value(json_array_get(list, i)), path[i], SHA256_SIZE), 0);
                assert_int_equal(tree_check_consistency(f->ledger->hasher, (uint64_t) old, roots[old], 39, root,
                                                        (const uint8_t(*)[SHA256_SIZE]) path, n),
                                 0);
                roots[old][3] ^= 1;
                assert_int_equal(tree_check_consistency(f->ledger->hasher, (uint64_t) old, roots[old], 39, root,
                                                        (const uint8_t(*)[SHA256_SIZE]) path, n),
                                 ERR_VERIFY);
        }
}

/* Runs SQL behind the ledger's back, triggers off. */
static void tamper(struct fixture *f, const char *sql) {
        sqlite3 *handle;
        char *message = NULL;

        fixture_close(f);
        assert_int_equal(sqlite3_open(f->path, &handle), SQLITE_OK);
        (void) sqlite3_exec(
                handle,
                "DROP TRIGGER event_keep; DROP TRIGGER event_stay; DROP TRIGGER tile_keep; DROP TRIGGER tile_stay;"
                "DROP TRIGGER checkpoint_keep; DROP TRIGGER checkpoint_stay;",
                NULL, NULL, NULL);
        if (sqlite3_exec(handle, sql, NULL, NULL, &message) != SQLITE_OK)
                fail_msg("%s", message);
        sqlite3_close(handle);
}

static bool finds(struct fixture *f, const char *kind, int64_t seq) {
        struct ledger_options options = { .clock = &clock_system,
                                          .station = "desk-1",
                                          .public_key = f->key,
                                          .witness = f->witness,
                                          .tables = event_tables,
                                          .tables_n = 1 };
        struct ledger_report report = { 0 };
        struct error err = { 0 };
        bool found = false;
        json_t *row;
        size_t i;

        if (!f->db)
                assert_int_equal(db_open(f->path, DB_WRITE, &f->db, &err), 0);
        options.db = f->db;
        if (!f->ledger)
                assert_int_equal(ledger_open(&options, &f->ledger, &err), 0);
        assert_int_equal(ledger_verify_events(f->ledger, NULL, &report, &err), 0);
        if (ledger_verify_state(f->ledger, schemas, 2, &report, &err) < 0)
                fail_msg("%s", err.what[LANG_EN]);
        if (!kind)
                found = json_array_size(report.problems) == 0;
        else
                json_array_foreach(report.problems, i, row) if (strcmp(json_text(row, "kind"), kind) == 0 &&
                                                                json_int(row, "seq", -1) == seq) found = true;
        if (!found)
                print_message("%s\n", json_dumps(report.problems, JSON_INDENT(1)));
        ledger_report_done(&report);
        return found;
}

static void an_honest_ledger_verifies(void **state) {
        struct fixture *f = *state;
        char live[SHA256_TEXT], replayed[SHA256_TEXT];
        struct error err;

        append(f, 520);
        assert_true(finds(f, NULL, 0));
        assert_int_equal(ledger_replay(f->ledger, schemas, 2, live, replayed, &err), 0);
        assert_string_equal(live, replayed);
        fixture_close(f);
        fixture_open(f);
        append(f, 3);
        assert_true(finds(f, NULL, 0));
}

static void an_edited_event_is_named(void **state) {
        append(*state, 20);
        tamper(*state, "UPDATE event SET data = '{\"n\":7}' WHERE seq = 9");
        assert_true(finds(*state, "event", 9));
}

static void an_event_edited_with_its_hash_is_named(void **state) {
        struct fixture *f = *state;
        struct event event = { 9, 0, "desk-1", "eva", "root", "thing.happened", "odd", NULL };
        _cleanup_free_ char *text = NULL, *sql = NULL;
        uint8_t leaf[SHA256_SIZE];
        char hex[SHA256_TEXT];
        struct error err;
        int64_t time;
        size_t n;

        append(f, 20);
        assert_int_equal(db_int(f->db, &time, &err, "SELECT time FROM event WHERE seq = 9", ""), 0);
        event.time = time;
        assert_int_equal(event_text(&event, "{\"n\":7}", &text, &n, &err), 0);
        assert_int_equal(hash_leaf(f->ledger->hasher, text, n, leaf), 0);
        hex_encode(leaf, sizeof leaf, hex);
        sql = str_format(
                "UPDATE event SET actor = 'eva', subject = 'odd', data = '{\"n\":7}', hash = x'%s' WHERE seq = 9",
                hex);
        tamper(f, sql);
        assert_true(finds(f, "root", 9));
}

static void deletion_reordering_and_truncation_are_named(void **state) {
        struct fixture *f = *state;

        append(f, 20);
        tamper(f, "DELETE FROM event WHERE seq = 5");
        assert_true(finds(f, "missing", 5));
        tamper(f, "DELETE FROM event WHERE seq > 18; DELETE FROM checkpoint WHERE size > 18;"
                  "UPDATE event SET seq = 5 WHERE seq = 17; UPDATE event SET seq = 17 WHERE seq = 18;");
        assert_true(finds(f, "event", 5));
}

static void a_cut_tail_and_an_old_copy_are_found_by_the_witness(void **state) {
        struct fixture *f = *state;
        struct ledger_options options = { .clock = &clock_system,
                                          .station = "desk-1",
                                          .key = f->key,
                                          .public_key = f->key,
                                          .witness = f->witness,
                                          .tables = event_tables,
                                          .tables_n = 1 };
        struct error err;

        append(f, 20);
        tamper(f, "DELETE FROM event WHERE seq > 18; DELETE FROM checkpoint WHERE size > 18");
        assert_true(finds(f, "rollback", 19));
        ledger_close(f->ledger);
        f->ledger = NULL;
        options.db = f->db;
        assert_int_equal(ledger_open(&options, &f->ledger, &err), ERR_VERIFY);
        assert_true(strlen(err.hint[LANG_ES]) > 0);
}

static void a_cut_tail_under_its_checkpoint_is_named(void **state) {
        append(*state, 20);
        tamper(*state, "DELETE FROM event WHERE seq = 20");
        assert_true(finds(*state, "truncated", 20));
}

static void an_edited_state_row_is_named(void **state) {
        append(*state, 20);
        tamper(*state, "UPDATE thing SET count = 4 WHERE name = 'odd'");
        assert_true(finds(*state, "state-changed", 0));
        tamper(*state, "INSERT INTO thing VALUES('new', 1)");
        assert_true(finds(*state, "state-unexplained", 0));
        tamper(*state, "DELETE FROM thing WHERE name = 'odd'");
        assert_true(finds(*state, "state-missing", 0));
}

static void triggers_refuse_edits(void **state) {
        struct fixture *f = *state;
        struct error err;

        append(f, 2);
        assert_int_equal(db_exec(f->db, &err, "DELETE FROM event", ""), ERR_CONFLICT);
        assert_int_equal(db_exec(f->db, &err, "UPDATE event SET actor = 'x'", ""), ERR_CONFLICT);
        assert_int_equal(db_exec(f->db, &err, "DELETE FROM checkpoint", ""), ERR_CONFLICT);
}

static void a_failed_apply_leaves_nothing(void **state) {
        struct fixture *f = *state;
        _cleanup_json_ json_t *real = json_pack("{s:f}", "x", 1.5);
        const struct fact facts[] = { { "thing.happened", "a", NULL }, { "thing.happened", "b", real } };
        const struct fact dry = { "thing.happened", "dry", NULL };
        struct error err;

        append(f, 1);
        assert_int_equal(ledger_append(f->ledger, "ana", "root", facts, 2, false, &err), ERR_FAILED);
        assert_int_equal(ledger_append(f->ledger, "ana", "root", &dry, 1, true, &err), 0);
        assert_int_equal(f->ledger->tree.size, 1);
        append(f, 1);
        assert_true(finds(f, NULL, 0));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(event_text_is_canonical_json),
                TEST(every_event_has_a_proof),
                TEST(old_heads_are_prefixes),
                TEST(an_honest_ledger_verifies),
                TEST(an_edited_event_is_named),
                TEST(an_event_edited_with_its_hash_is_named),
                TEST(deletion_reordering_and_truncation_are_named),
                TEST(a_cut_tail_and_an_old_copy_are_found_by_the_witness),
                TEST(a_cut_tail_under_its_checkpoint_is_named),
                TEST(an_edited_state_row_is_named),
                TEST(triggers_refuse_edits),
                TEST(a_failed_apply_leaves_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
