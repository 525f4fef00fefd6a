/* Keys (C4, C6, C7, C10): wrapping, the vault, escrow, destruction. */
#include "unit/store.h"

#include "base/file.h"
#include "base/str.h"
#include "keys/internal.h"
#include "keys/wrap.h"
#include "sign/envelope.h"

static struct test_store store;

static int make(void **state) {
        (void) state;
        test_store_make(&store);
        return 0;
}

static int drop(void **state) {
        (void) state;
        test_store_drop(&store);
        return 0;
}

/* RFC 3394 §4.6: 256 bits of key data with a 256-bit KEK. */
static void wrapping_gives_the_rfc_vector(void **state) {
        static const char wanted[] =
                "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21";
        _cleanup_secret_ struct secret *kek = NULL, *data = NULL, *back = NULL;
        uint8_t out[WRAPPED_MAX];
        char hex[128];
        struct error err;
        size_t n;

        (void) state;
        assert_int_equal(secret_new(32, &kek, &err), 0);
        assert_int_equal(secret_new(32, &data, &err), 0);
        assert_int_equal(
                hex_decode("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", kek->data, 32), 0);
        assert_int_equal(
                hex_decode("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f", data->data, 32), 0);
        assert_int_equal(wrap_key("aes256-wrap", kek, data, out, &n, &err), 0);
        hex_encode(out, n, hex);
        assert_string_equal(hex, wanted);
        assert_int_equal(unwrap_key("aes256-wrap", kek, out, n, &back, &err), 0);
        assert_memory_equal(back->data, data->data, 32);
}

/* C7: an algorithm that this program doesn't know is refused by rule, not guessed at. */
static void an_unknown_algorithm_is_refused(void **state) {
        _cleanup_secret_ struct secret *kek = NULL, *back = NULL;
        uint8_t out[WRAPPED_MAX] = { 0 };
        struct error err;
        size_t n;

        (void) state;
        assert_int_equal(secret_random(32, &kek, &err), 0);
        assert_int_equal(wrap_key("kyber-1024", kek, kek, out, &n, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "C6");
        assert_int_equal(unwrap_key("kyber-1024", kek, out, 40, &back, &err), ERR_REFUSED);
        assert_null(back);
}

static void a_changed_wrapped_key_does_not_unwrap(void **state) {
        _cleanup_secret_ struct secret *kek = NULL, *data = NULL;
        uint8_t out[WRAPPED_MAX];
        struct error err;
        size_t n;

        (void) state;
        assert_int_equal(secret_random(32, &kek, &err), 0);
        assert_int_equal(secret_random(64, &data, &err), 0);
        for (int pad = 0; pad < 2; pad++) {
                const char *algorithm = pad ? "aes256-wrap-pad" : "aes256-wrap";

                assert_int_equal(wrap_key(algorithm, kek, data, out, &n, &err), 0);
                for (size_t i = 0; i < n; i++) {
                        _cleanup_secret_ struct secret *back = NULL;

                        out[i] ^= 0x10;
                        assert_int_equal(unwrap_key(algorithm, kek, out, n, &back, &err), ERR_VERIFY);
                        out[i] ^= 0x10;
                }
                for (size_t cut = 0; cut < n; cut++) {
                        _cleanup_secret_ struct secret *back = NULL;

                        assert_int_equal(unwrap_key(algorithm, kek, out, cut, &back, &err), ERR_VERIFY);
                }
        }
}

static void a_wrong_passphrase_opens_nothing(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act = test_act(&store, "sara", &session);
        struct keys *keys = NULL;
        struct error err;

        (void) state;
        store.master = "wrong horse battery";
        assert_int_equal(keys_open_unlocked(act, &keys, &err), ERR_DENIED);
        assert_null(keys);
        store.master = "correct horse battery";
        assert_int_equal(keys_open_unlocked(act, &keys, &err), 0);
        keys_close(keys);
}

static void a_short_passphrase_makes_no_vault(void **state) {
        _cleanup_secret_ struct secret *passphrase = NULL;
        json_t *facts = NULL;
        struct error err;

        (void) state;
        assert_int_equal(secret_copy("short", 5, &passphrase, &err), 0);
        assert_int_equal(keys_init(store.folder, passphrase, "x", &store.clock, &facts, &err), ERR_CONFLICT);
        assert_null(facts);
}

/* Whether bytes stand in any file of the store. */
static const uint8_t *wanted_bytes;
static size_t wanted_n, found_in_files, files_seen;

static int look_into(const char *path, const struct stat *st, int kind, struct FTW *walk) {
        _cleanup_free_ char *data = NULL;
        struct error err;
        size_t n;

        (void) walk;
        if (kind != FTW_F || st->st_size == 0)
                return 0;
        assert_int_equal(file_read(path, 1 << 26, &data, &n, &err), 0);
        files_seen++;
        found_in_files += memmem(data, n, wanted_bytes, wanted_n) != NULL;
        return 0;
}

static size_t files_with(const void *bytes, size_t n) {
        wanted_bytes = bytes;
        wanted_n = n;
        found_in_files = files_seen = 0;
        assert_int_equal(nftw(store.folder, look_into, 16, FTW_PHYS), 0);
        assert_true(files_seen >= 2);
        return found_in_files;
}

static void create(struct act *act, struct keys *keys, const char *medium, struct medium_key *key) {
        struct error err;

        if (keys_medium_create(keys, medium, key, &err) < 0)
                fail_msg("%s", err.what[LANG_EN]);
        assert_int_equal(act_record_one(act, "key.created", medium, key->fact_data, &err), 0);
}

/* C4, C10: what is kept is wrapped; the secret itself is in no file, whole or in hexadecimal. */
static void a_medium_has_its_own_key_and_it_is_nowhere_in_clear(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_keys_ struct keys *keys = NULL;
        _cleanup_medium_key_ struct medium_key one = { 0 }, two = { 0 };
        _cleanup_secret_ struct secret *back = NULL;
        struct act *act = test_act(&store, "sara", &session);
        char hex[2 * MEDIUM_SECRET_SIZE + 1];
        struct error err;

        (void) state;
        assert_int_equal(keys_open_unlocked(act, &keys, &err), 0);
        create(act, keys, "HQ00000101A", &one);
        create(act, keys, "HQ00000102B", &two);
        assert_string_equal(one.ref, "HQ00000101A.1");
        assert_memory_not_equal(one.secret->data, two.secret->data, MEDIUM_SECRET_SIZE);
        assert_memory_not_equal(one.secret->data, one.recovery->data, MEDIUM_SECRET_SIZE);
        if (keys_medium_secret(keys, one.ref, &back, &err) < 0)
                fail_msg("%s", err.what[LANG_EN]);
        assert_int_equal(back->size, MEDIUM_SECRET_SIZE);
        assert_memory_equal(back->data, one.secret->data, MEDIUM_SECRET_SIZE);
        assert_int_equal(files_with(one.secret->data, 16), 0);
        assert_int_equal(files_with(one.recovery->data, 16), 0);
        hex_encode(one.secret->data, MEDIUM_SECRET_SIZE, hex);
        assert_int_equal(files_with(hex, 32), 0);
        assert_int_equal(files_with(((struct secret *) keys->kek)->data, 16), 0);
}

/* C4: the offline recovery key opens the envelope, and what is in it is the recovery secret. */
static void the_envelope_opens_with_the_recovery_key(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_(X509_freep) X509 *certificate = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        _cleanup_keys_ struct keys *keys = NULL;
        _cleanup_medium_key_ struct medium_key made = { 0 };
        _cleanup_secret_ struct secret *passphrase = NULL, *opened = NULL;
        _cleanup_free_ uint8_t *der = NULL;
        _cleanup_free_ char *path = NULL;
        struct act *act = test_act(&store, "sara", &session);
        struct error err;
        size_t n;

        (void) state;
        assert_int_equal(keys_open_unlocked(act, &keys, &err), 0);
        create(act, keys, "HQ00000103C", &made);
        assert_int_equal(keys_escrow_envelope(keys, made.ref, &der, &n, &err), 0);
        assert_int_equal(certificate_from_pem(act->recovery_certificate, &certificate, &err), 0);
        path = str_format("%s/recovery/recovery.key", store.folder);
        assert_int_equal(secret_copy("correct horse battery", 21, &passphrase, &err), 0);
        if (identity_key_load(path, passphrase, &key, &err) < 0)
                fail_msg("%s", err.what[LANG_EN]);
        assert_int_equal(envelope_open(certificate, key, der, n, &opened, &err), 0);
        assert_int_equal(opened->size, MEDIUM_SECRET_SIZE);
        assert_memory_equal(opened->data, made.recovery->data, MEDIUM_SECRET_SIZE);
}

/* C4: somebody who swaps two rows of the vault gains nothing: the ledger's commitment tells. */
static void a_swapped_key_is_found(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_keys_ struct keys *keys = NULL;
        _cleanup_medium_key_ struct medium_key one = { 0 }, two = { 0 };
        struct act *act = test_act(&store, "sara", &session);
        struct secret *back = NULL;
        struct error err;

        (void) state;
        assert_int_equal(keys_open_unlocked(act, &keys, &err), 0);
        create(act, keys, "HQ00000104D", &one);
        create(act, keys, "HQ00000105E", &two);
        assert_int_equal(db_exec(keys->vault, &err,
                                 "UPDATE wrapped_key SET wrapped = (SELECT wrapped FROM wrapped_key WHERE id = "
                                 "'HQ00000105E') WHERE id = 'HQ00000104D'",
                                 ""),
                         1);
        assert_int_equal(keys_medium_secret(keys, one.ref, &back, &err), ERR_VERIFY);
        assert_null(back);
}

/* C4: after destruction no byte of the wrapped key or its envelope is left, and a restored copy stays dead. */
static void a_destroyed_key_is_gone_and_stays_gone(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_keys_ struct keys *keys = NULL;
        _cleanup_medium_key_ struct medium_key key = { 0 };
        _cleanup_json_ json_t *evidence = NULL;
        _cleanup_free_ uint8_t *der = NULL;
        struct act *act = test_act(&store, "sara", &session);
        struct secret *back = NULL;
        struct wrapped wrapped;
        struct error err;
        size_t n;

        (void) state;
        assert_int_equal(keys_open_unlocked(act, &keys, &err), 0);
        create(act, keys, "HQ00000106F", &key);
        assert_int_equal(vault_get_key(keys->vault, "HQ00000106F", 1, &wrapped, &err), 0);
        assert_int_equal(keys_escrow_envelope(keys, key.ref, &der, &n, &err), 0);
        assert_int_equal(files_with(wrapped.bytes, 24), 1);
        assert_int_equal(keys_destroy_medium(keys, "HQ00000106F", NULL, "crypto-erase", &evidence, &err), 0);
        assert_int_equal(json_array_size(evidence), 1);
        assert_int_equal(json_int(json_array_get(evidence, 0), "vault_rows", 0), 2);
        assert_int_equal(json_int(json_array_get(evidence, 0), "leftovers", -1), 0);
        assert_int_equal(files_with(wrapped.bytes, 16), 0);
        assert_int_equal(files_with(wrapped.bytes + wrapped.n - 16, 16), 0);
        assert_int_equal(files_with(der + n - 24, 24), 0);

        assert_int_equal(vault_put_key(keys->vault, "HQ00000106F", 1, &wrapped, 1, &err), 0);
        assert_int_equal(keys_medium_secret(keys, key.ref, &back, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "C4");
        assert_null(back);
        medium_key_done(&key);
        create(act, keys, "HQ00000106F", &key);
        assert_string_equal(key.ref, "HQ00000106F.2");
}

static void destruction_spares_the_exception_and_repeats(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_keys_ struct keys *keys = NULL;
        _cleanup_medium_key_ struct medium_key one = { 0 }, two = { 0 };
        _cleanup_json_ json_t *evidence = NULL, *again = NULL;
        _cleanup_secret_ struct secret *back = NULL;
        struct act *act = test_act(&store, "sara", &session);
        struct error err;

        (void) state;
        assert_int_equal(keys_open_unlocked(act, &keys, &err), 0);
        create(act, keys, "HQ00000107G", &one);
        create(act, keys, "HQ00000107G", &two);
        assert_int_equal(keys_destroy_medium(keys, "HQ00000107G", two.ref, "superseded", &evidence, &err), 0);
        assert_int_equal(json_array_size(evidence), 1);
        assert_int_equal(keys_medium_secret(keys, two.ref, &back, &err), 0);
        assert_int_equal(keys_destroy_medium(keys, "HQ00000107G", two.ref, "superseded", &again, &err), 0);
        assert_int_equal(json_array_size(again), 0);
}

/* A vault row without its ledger event (a crash between the two): not usable, and the next key passes over it. */
static void a_key_that_the_ledger_does_not_know_is_not_used(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_keys_ struct keys *keys = NULL;
        _cleanup_medium_key_ struct medium_key lost = { 0 }, next = { 0 };
        struct act *act = test_act(&store, "sara", &session);
        struct secret *back = NULL;
        struct error err;

        (void) state;
        assert_int_equal(keys_open_unlocked(act, &keys, &err), 0);
        assert_int_equal(keys_medium_create(keys, "HQ00000108H", &lost, &err), 0);
        assert_int_equal(keys_medium_secret(keys, lost.ref, &back, &err), ERR_VERIFY);
        assert_null(back);
        create(act, keys, "HQ00000108H", &next);
        assert_string_equal(next.ref, "HQ00000108H.2");
        /* The next destruction sweeps it out. */
        assert_true(vault_has_key(keys->vault, "HQ00000108H", 1));
        assert_int_equal(keys_destroy_medium(keys, "HQ00000108H", next.ref, "superseded", NULL, &err), 0);
        assert_false(vault_has_key(keys->vault, "HQ00000108H", 1));
        assert_true(vault_has_key(keys->vault, "HQ00000108H", 2));
}

static void key_names_are_parsed_strictly(void **state) {
        static const char *const bad[] = { "", ".", "x", "x.", ".1", "x.1a", "x.-1", "x.1234567890", NULL };
        char id[KEY_REF_TEXT];
        int64_t version;

        (void) state;
        for (size_t i = 0; i < COUNT(bad); i++)
                assert_int_equal(key_ref_parse(bad[i], id, &version), ERR_USAGE);
        assert_int_equal(key_ref_parse("HQ00000042K.17", id, &version), 0);
        assert_string_equal(id, "HQ00000042K");
        assert_int_equal(version, 17);
}

static void status_tells_what_is_missing(void **state) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        (void) state;
        if (test_call(&store, "sara", "key", "status", &answer, &err, "{}") < 0)
                fail_msg("%s", err.what[LANG_EN]);
        assert_string_equal(json_text(answer, "provider"), "software");
        assert_true(json_int(answer, "live_keys", 0) > 2);
        test_expect(ERR_DENIED, &store, "olga", "key", "status", "{}");
        test_expect(0, &store, "sara", "ledger", "verify", "{}");
}

/* C9: unlocked, nobody is asked; locked, or its time over, somebody is again. A wrong secret is denied. */
static void an_unlocked_vault_asks_nobody(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_json_ json_t *answer = NULL, *locked = NULL;
        struct act *act = test_act(&store, "sara", &session);
        struct keys *keys = NULL;
        struct error err;

        (void) state;
        store.master = "wrong horse battery";
        test_expect(ERR_DENIED, &store, "oto", "key", "unlock", "{}");
        assert_int_equal(keys_open_unlocked(act, &keys, &err), ERR_DENIED);
        store.master = "correct horse battery";
        test_expect(0, &store, "oto", "key", "unlock", "{s:i}", "minutes", 10);
        store.master = "wrong horse battery";
        if (keys_open_unlocked(act, &keys, &err) < 0)
                fail_msg("%s", err.what[LANG_EN]);
        keys_close(TAKE_PTR(keys));
        assert_int_equal(test_call(&store, "sara", "key", "status", &answer, &err, "{}"), 0);
        assert_true(json_flag(answer, "unlocked"));
        store.now += 11 * 60 * SECOND;
        assert_int_equal(keys_open_unlocked(act, &keys, &err), ERR_DENIED);
        store.master = "correct horse battery";
        test_expect(0, &store, "oto", "key", "unlock", "{}");
        test_expect(0, &store, "oto", "key", "lock", "{}");
        assert_int_equal(test_call(&store, "sara", "key", "status", &locked, &err, "{}"), 0);
        assert_false(json_flag(locked, "unlocked"));
        store.master = "wrong horse battery";
        assert_int_equal(keys_open_unlocked(act, &keys, &err), ERR_DENIED);
        store.master = "correct horse battery";
}

static int64_t live_versions(struct act *act, const char *id, int64_t *ret_newest) {
        int64_t n = 0;
        struct error err;

        assert_int_equal(db_int(act->db, &n, &err,
                                "SELECT count(*) FROM crypto_key WHERE id = ? AND state = 'live'", "s", id),
                         0);
        assert_int_equal(db_int(act->db, ret_newest, &err,
                                "SELECT max(version) FROM crypto_key WHERE id = ? AND state = 'live'", "s", id),
                         0);
        return n;
}

static void expect_secret(struct act *act, const struct medium_key *key) {
        _cleanup_keys_ struct keys *keys = NULL;
        _cleanup_secret_ struct secret *back = NULL;
        struct error err;

        if (keys_open_unlocked(act, &keys, &err) < 0 || keys_medium_secret(keys, key->ref, &back, &err) < 0)
                fail_msg("%s", err.what[LANG_EN]);
        assert_memory_equal(back->data, key->secret->data, MEDIUM_SECRET_SIZE);
}

/* C5: rotation A and a new master key keep every medium's secret; the old KEK's bytes are gone. */
static void rotation_keeps_every_secret(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_keys_ struct keys *keys = NULL;
        _cleanup_medium_key_ struct medium_key one = { 0 }, two = { 0 };
        struct act *act = test_act(&store, "sara", &session);
        struct wrapped old_kek, old_key;
        int64_t before, after, master;
        struct error err;

        (void) state;
        assert_int_equal(keys_open_unlocked(act, &keys, &err), 0);
        create(act, keys, "HQ00000201A", &one);
        create(act, keys, "HQ00000202B", &two);
        assert_int_equal(vault_get_key(keys->vault, "kek", keys->kek_version, &old_kek, &err), 0);
        assert_int_equal(vault_get_key(keys->vault, "HQ00000201A", 1, &old_key, &err), 0);
        keys_close(TAKE_PTR(keys));
        (void) live_versions(act, "kek", &before);
        test_expect(ERR_DENIED, &store, "oto", "key", "rotate", "{}");
        test_expect(0, &store, "sara", "key", "rotate", "{}");
        assert_int_equal(live_versions(act, "kek", &after), 1);
        assert_int_equal(after, before + 1);
        expect_secret(act, &one);
        expect_secret(act, &two);
        assert_int_equal(files_with(old_kek.bytes, 24), 0);
        assert_int_equal(files_with(old_key.bytes, 24), 0);
        test_expect(0, &store, "sara", "key", "rotate", "{s:b, s:s}", "master", 1, "kdf", "argon2id");
        assert_int_equal(live_versions(act, "master", &master), 1);
        assert_int_equal(master, 2);
        expect_secret(act, &two);
        test_expect(ERR_REFUSED, &store, "sara", "key", "rotate", "{s:b, s:s}", "master", 1, "kdf", "md5-crypt");
        test_expect(ERR_REFUSED, &store, "sara", "key", "rotate", "{s:b, s:s}", "master", 1, "provider", "cloud");
        expect_secret(act, &one);
        test_expect(0, &store, "sara", "ledger", "verify", "{}");
}

/* C5: cut off between the ledger and the vault's commit, the old keys serve, and the next rotation cleans up. */
static void a_rotation_that_was_cut_off_is_finished(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_keys_ struct keys *keys = NULL;
        _cleanup_medium_key_ struct medium_key key = { 0 };
        _cleanup_json_ json_t *data = NULL;
        struct act *act = test_act(&store, "sara", &session);
        char commitment[65];
        int64_t kek, newest;
        struct error err;

        (void) state;
        assert_int_equal(keys_open_unlocked(act, &keys, &err), 0);
        create(act, keys, "HQ00000203C", &key);
        kek = keys->kek_version;
        assert_int_equal(key_commitment("kek", "kek.9", key.secret, commitment, &err), 0);
        data = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s}", "id", "kek", "version", (int) kek + 1, "kind",
                         "kek", "algorithm", "aes256-wrap", "provider", "software", "commitment", commitment,
                         "wrapped_by", "master.2");
        assert_int_equal(act_record_one(act, "key.created", "kek", data, &err), 0);
        keys_close(TAKE_PTR(keys));
        expect_secret(act, &key);
        test_expect(0, &store, "sara", "key", "rotate", "{}");
        assert_int_equal(live_versions(act, "kek", &newest), 1);
        assert_int_equal(newest, kek + 2);
        expect_secret(act, &key);
        test_expect(0, &store, "sara", "ledger", "verify", "{}");
}

/* C4: an old copy of the vault put in place of the present one makes the ledger destroy nothing. */
static void an_old_vault_in_place_destroys_nothing(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_keys_ struct keys *keys = NULL;
        _cleanup_free_ char *path = str_format("%s/vault.db", store.folder), *old = NULL, *present = NULL;
        struct act *act = test_act(&store, "sara", &session);
        int64_t newest;
        size_t old_n, present_n;
        struct error err;

        (void) state;
        assert_int_equal(file_read(path, 1 << 26, &old, &old_n, &err), 0);
        test_expect(0, &store, "sara", "key", "rotate", "{}");
        assert_int_equal(file_read(path, 1 << 26, &present, &present_n, &err), 0);
        assert_int_equal(file_write(path, old, old_n, 0600, &err), 0);
        test_expect(ERR_REFUSED, &store, "sara", "key", "rotate", "{}");
        assert_int_equal(live_versions(act, "kek", &newest), 1);
        assert_int_equal(file_write(path, present, present_n, 0600, &err), 0);
        assert_int_equal(keys_open_unlocked(act, &keys, &err), 0);
        assert_int_equal(keys->kek_version, newest);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(wrapping_gives_the_rfc_vector),
                cmocka_unit_test(an_unknown_algorithm_is_refused),
                cmocka_unit_test(a_changed_wrapped_key_does_not_unwrap),
                cmocka_unit_test(a_wrong_passphrase_opens_nothing),
                cmocka_unit_test(a_short_passphrase_makes_no_vault),
                cmocka_unit_test(a_medium_has_its_own_key_and_it_is_nowhere_in_clear),
                cmocka_unit_test(the_envelope_opens_with_the_recovery_key),
                cmocka_unit_test(a_swapped_key_is_found),
                cmocka_unit_test(a_destroyed_key_is_gone_and_stays_gone),
                cmocka_unit_test(destruction_spares_the_exception_and_repeats),
                cmocka_unit_test(a_key_that_the_ledger_does_not_know_is_not_used),
                cmocka_unit_test(key_names_are_parsed_strictly),
                cmocka_unit_test(status_tells_what_is_missing),
                cmocka_unit_test(an_unlocked_vault_asks_nobody),
                cmocka_unit_test(rotation_keeps_every_secret),
                cmocka_unit_test(a_rotation_that_was_cut_off_is_finished),
                cmocka_unit_test(an_old_vault_in_place_destroys_nothing),
        };

        return cmocka_run_group_tests(tests, make, drop);
}
