/* Backups (X7, C4): the container's bytes, what is believed in it, and that no destroyed key comes back. */
#include "unit/store.h"

#include "backup/backup.h"
#include "backup/container.h"
#include "base/file.h"
#include "base/str.h"
#include "keys/keys.h"
#include "sign/identity.h"

static struct test_store store;
static EVP_PKEY *recovery_key;
static X509 *recovery;
static char file[96];

enum { SAMPLES = 200 };

static int make(void **state) {
        _cleanup_secret_ struct secret *passphrase = NULL;
        char path[96];
        struct error err;

        (void) state;
        test_store_make(&store);
        (void) snprintf(file, sizeof file, "%s/backup", store.root);
        test_expect(0, &store, "oto", "backup", "create", "{s:s}", "out", file);
        (void) snprintf(path, sizeof path, "%s/recovery/recovery.key", store.folder);
        if (secret_copy("correct horse battery", 21, &passphrase, &err) < 0 ||
            identity_key_load(path, passphrase, &recovery_key, &err) < 0)
                return -1;
        (void) snprintf(path, sizeof path, "%s/recovery/recovery.crt", store.folder);
        return certificate_load(path, &recovery, &err);
}

static int drop(void **state) {
        (void) state;
        EVP_PKEY_free(recovery_key);
        X509_free(recovery);
        test_store_drop(&store);
        return 0;
}

static void path_of(char out[96], const char *name) {
        (void) snprintf(out, 96, "%s/%s", store.root, name);
}

/* --- headers ------------------------------------------------------------------------------------------------- */

static void a_header_is_read_as_written_or_not_at_all(void **state) {
        static const uint64_t sizes[] = { 0, 1, 512, ((uint64_t) 1 << 33) - 1, (uint64_t) 1 << 33, INT64_MAX };
        uint8_t block[TAR_BLOCK];

        (void) state;
        for (size_t i = 0; i < COUNT(sizes); i++) {
                struct tar_member member = { .name = "people/ana.key", .size = sizes[i], .mode = 0600, .time = 17 },
                                  back;
                struct error err;

                assert_int_equal(tar_header(&member, block, &err), 0);
                assert_int_equal(tar_parse(block, &back), 1);
                assert_string_equal(back.name, member.name);
                assert_true(back.size == member.size && back.mode == 0600 && back.time == 17);
        }
        for (size_t at = 0; at < TAR_BLOCK; at++) {
                struct tar_member back;

                block[at] ^= 0x04;
                assert_int_equal(tar_parse(block, &back), ERR_VERIFY);
                block[at] ^= 0x04;
        }
}

/* --- the container ------------------------------------------------------------------------------------------- */

static int open_bytes(const char *bytes, size_t n, X509 *certificate, EVP_PKEY *key, struct error *err) {
        _cleanup_(opened_freep) struct opened *opened = NULL;
        char path[96], digest[SHA256_TEXT];
        int64_t size;
        int r;

        path_of(path, "changed");
        assert_int_equal(file_write(path, bytes, n, 0600, err), 0);
        r = opened_start(path, certificate, key, &opened, digest, &size, err);
        assert_int_equal(unlink(path), 0);
        return r;
}

static void read_backup(char **ret, size_t *ret_n) {
        struct error err;

        assert_int_equal(file_read(file, 64 << 20, ret, ret_n, &err), 0);
}

static void a_changed_byte_anywhere_is_found(void **state) {
        _cleanup_free_ char *bytes = NULL;
        struct error err;
        size_t n;

        (void) state;
        read_backup(&bytes, &n);
        assert_int_equal(open_bytes(bytes, n, recovery, recovery_key, &err), 0);
        for (size_t i = 0; i < SAMPLES; i++) {
                /* The edges, where the headers and the MAC are, and a spread over the rest. */
                size_t at = i < 50 ? i * 41 : i < 100 ? n - 1 - (i - 50) * 40 : i * (n / SAMPLES);

                bytes[at] ^= (char) (1 << i % 8);
                if (open_bytes(bytes, n, recovery, recovery_key, &err) != ERR_VERIFY)
                        fail_msg("byte %zu of %zu", at, n);
                bytes[at] ^= (char) (1 << i % 8);
        }
}

static void what_is_cut_off_or_added_is_found(void **state) {
        _cleanup_free_ char *bytes = NULL;
        struct error err;
        size_t n;

        (void) state;
        read_backup(&bytes, &n);
        for (size_t i = 0; i < 60; i++) {
                size_t left = i < 20   ? i * 100
                              : i < 40 ? n - 1 - (i - 20) * 300
                                       : n / 60 * i / TAR_BLOCK * TAR_BLOCK;

                assert_int_equal(open_bytes(bytes, left, recovery, recovery_key, &err), ERR_VERIFY);
        }
        bytes = realloc(bytes, n + TAR_BLOCK);
        assert_non_null(bytes);
        memset(bytes + n, 0, TAR_BLOCK);
        assert_int_equal(open_bytes(bytes, n + TAR_BLOCK, recovery, recovery_key, &err), ERR_VERIFY);
        assert_int_equal(open_bytes(bytes, n + 1, recovery, recovery_key, &err), ERR_VERIFY);
}

static void chunks_in_another_order_are_found(void **state) {
        _cleanup_free_ char *bytes = NULL;
        uint8_t held[4096];
        struct error err;
        size_t n;

        (void) state;
        read_backup(&bytes, &n);
        for (size_t at = 8192; at + 2 * sizeof held < n; at += n / 10) {
                memcpy(held, bytes + at, sizeof held);
                memmove(bytes + at, bytes + at + sizeof held, sizeof held);
                memcpy(bytes + at + sizeof held, held, sizeof held);
                assert_int_equal(open_bytes(bytes, n, recovery, recovery_key, &err), ERR_VERIFY);
                memcpy(held, bytes + at, sizeof held);
                memmove(bytes + at, bytes + at + sizeof held, sizeof held);
                memcpy(bytes + at + sizeof held, held, sizeof held);
        }
        assert_int_equal(open_bytes(bytes, n, recovery, recovery_key, &err), 0);
}

static void another_organisations_key_does_not_open_it(void **state) {
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *ca_key = NULL, *key = NULL;
        _cleanup_(X509_freep) X509 *ca = NULL, *certificate = NULL;
        const struct identity_request request = { .common_name = "Otra",
                                                  .use = CERTIFICATE_RECOVERY,
                                                  .curve = CURVE_P384,
                                                  .not_before = store.now,
                                                  .not_after = store.now + 365 * DAY };
        _cleanup_free_ char *bytes = NULL;
        struct error err;
        size_t n;

        (void) state;
        read_backup(&bytes, &n);
        assert_int_equal(identity_make_ca("Otra", 5, store.now, &ca_key, &ca, &err), 0);
        assert_int_equal(identity_issue(ca_key, ca, &request, &key, &certificate, &err), 0);
        assert_int_equal(open_bytes(bytes, n, certificate, key, &err), ERR_VERIFY);
}

/* --- what is believed ---------------------------------------------------------------------------------------- */

static char *content_of_backup(size_t *ret_n) {
        _cleanup_(opened_freep) struct opened *opened = NULL;
        char digest[SHA256_TEXT], *content;
        struct error err;
        uint64_t total;
        int64_t size;

        assert_int_equal(opened_start(file, recovery, recovery_key, &opened, digest, &size, &err), 0);
        (void) opened_done(opened, &total);
        content = malloc((size_t) total);
        assert_non_null(content);
        assert_int_equal(opened_read(opened, content, (size_t) total, &err), 0);
        assert_int_equal(opened_finish(opened, &err), 0);
        *ret_n = (size_t) total;
        return content;
}

/* Whoever has the public certificate can seal anything to it. */
static int unpack_forged(const char *content, size_t n, struct error *err) {
        struct act act = { .folder = store.folder, .clock = &store.clock };
        _cleanup_(sealing_freep) struct sealing *sealing = NULL;
        _cleanup_backup_ struct backup backup = { 0 };
        char path[96], into[96], digest[SHA256_TEXT];
        int64_t size;
        int r;

        path_of(path, "forged");
        path_of(into, "into");
        assert_int_equal(sealing_start(path, "mpsi-backup/1\n", 17, recovery, n, &sealing, err), 0);
        assert_int_equal(sealing_write(sealing, content, n, err), 0);
        assert_int_equal(sealing_finish(sealing, digest, &size, err), 0);
        assert_int_equal(mkdir(into, 0700), 0);
        r = backup_unpack(&act, path, recovery_key, recovery, into, true, &backup, err);
        assert_int_equal(private_folder_wipe(into, err), 0);
        assert_int_equal(unlink(path), 0);
        return r;
}

static char *find_member(char *content, size_t n, const char *name) {
        for (size_t at = 0; at + TAR_BLOCK <= n; at += TAR_BLOCK)
                if (strcmp(content + at, name) == 0 && memcmp(content + at + 257, "ustar", 6) == 0)
                        return content + at + TAR_BLOCK;
        fail_msg("no member %s", name);
        return NULL;
}

static void a_file_that_the_station_did_not_sign_is_named(void **state) {
        static const char *const names[] = { "vault.db", "people/", "registry.db", "org/seal.crt" };
        size_t n;
        _cleanup_free_ char *content = content_of_backup(&n);
        struct error err;

        (void) state;
        assert_int_equal(unpack_forged(content, n, &err), 0);
        for (size_t i = 0; i < COUNT(names); i++) {
                char *at = strcmp(names[i], "people/") == 0 ? memmem(content, n, names[i], strlen(names[i]))
                                                            : find_member(content, n, names[i]) - TAR_BLOCK;

                assert_non_null(at);
                at += TAR_BLOCK;
                at[20] ^= 1;
                assert_int_equal(unpack_forged(content, n, &err), ERR_VERIFY);
                assert_non_null(strstr(err.what[LANG_EN], names[i]));
                at[20] ^= 1;
        }
}

static void a_manifest_that_the_station_did_not_sign_is_refused(void **state) {
        size_t n;
        _cleanup_free_ char *content = content_of_backup(&n);
        char *manifest = find_member(content, n, "manifest.json"), *number = strstr(manifest, "\"number\":1");
        char *sums = find_member(content, n, "SHA256SUMS");
        struct error err;

        (void) state;
        assert_non_null(number);
        number[9] = '7';
        assert_int_equal(unpack_forged(content, n, &err), ERR_VERIFY);
        assert_non_null(strstr(err.what[LANG_EN], "signature"));
        number[9] = '1';
        sums[0] ^= 1;
        assert_int_equal(unpack_forged(content, n, &err), ERR_VERIFY);
        assert_non_null(strstr(err.what[LANG_EN], "list of files"));
}

/* A member with a name that leaves the folder, twice the same, or none of a file. */
static void names_that_lead_elsewhere_are_refused(void **state) {
        static const char *const names[] = { "../evil", "/tmp/evil", "people/../../evil",
                                             ".hidden", "a/b/c",     "people/" };
        struct error err;
        char path[96];

        (void) state;
        for (size_t i = 0; i < COUNT(names); i++) {
                struct tar_member member = { .size = 0, .mode = 0600, .time = 17 };
                uint8_t content[3 * TAR_BLOCK] = { 0 };

                (void) snprintf(member.name, sizeof member.name, "%s", names[i]);
                assert_int_equal(tar_header(&member, content, &err), 0);
                assert_int_equal(unpack_forged((char *) content, sizeof content, &err), ERR_VERIFY);
                assert_non_null(strstr(err.what[LANG_EN], "malformed"));
        }
        path_of(path, "evil");
        assert_int_equal(access(path, F_OK), -1);
}

/* --- the life of a backup ------------------------------------------------------------------------------------ */

static json_t *call(const char *person, const char *name, const char *key, const char *value, const char *key2,
                    const char *value2) {
        json_t *answer = NULL;
        struct error err;

        if (test_call(&store, person, "backup", name, &answer, &err, "{s:s, s:s*}", key, value, key2, value2) < 0)
                fail_msg("backup %s: %s", name, err.what[LANG_EN]);
        return answer;
}

static void verify_proves_the_prefix_and_counts_what_came_since(void **state) {
        _cleanup_json_ json_t *answer = NULL;

        (void) state;
        test_expect(0, &store, "sara", "person", "add", "{s:s, s:s, s:s}", "name", "nuria", "full-name", "Nuria",
                    "roles", "user");
        answer = call("sara", "verify", "file", file, "key", NULL);
        assert_string_equal(json_text(answer, "prefix"), "proved");
        assert_true(json_int(answer, "newer", 0) >= 2); /* backup.created and person.added */
        assert_int_equal(json_int(answer, "number", 0), 1);
}

static void a_live_store_older_than_the_backup_is_detected(void **state) {
        _cleanup_free_ char *command = NULL;
        struct error err;
        char late[96];

        (void) state;
        path_of(late, "late");
        command = str_format("cp -a %s %s/old", store.folder, store.root);
        assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
        test_expect(0, &store, "sara", "person", "add", "{s:s, s:s, s:s}", "name", "pau", "full-name", "Pau",
                    "roles", "user");
        test_expect(0, &store, "oto", "backup", "create", "{s:s}", "out", late);
        free(TAKE_PTR(command));
        command = str_format("cd %s && mv store new && mv old store", store.root);
        assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
        assert_int_equal(test_call(&store, "sara", "backup", "verify", NULL, &err, "{s:s}", "file", late),
                         ERR_VERIFY);
        assert_non_null(strstr(err.what[LANG_EN], "an old copy was restored"));
        free(TAKE_PTR(command));
        command = str_format("cd %s && rm -r store && mv new store", store.root);
        assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
        test_expect(0, &store, "sara", "backup", "verify", "{s:s}", "file", late);
}

static void make_key(const char *medium, char ref[KEY_REF_TEXT], struct secret **ret_secret) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act = test_act(&store, "oto", &session);
        _cleanup_medium_key_ struct medium_key key = { .ref = "" };
        _cleanup_keys_ struct keys *keys = NULL;
        struct error err;

        assert_int_equal(keys_open_unlocked(act, &keys, &err), 0);
        assert_int_equal(keys_medium_create(keys, medium, &key, &err), 0);
        assert_int_equal(act_record_one(act, "key.created", medium, key.fact_data, &err), 0);
        memcpy(ref, key.ref, sizeof key.ref);
        *ret_secret = TAKE_PTR(key.secret);
}

static void destroy_key(const char *medium, json_t **ret_evidence) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act = test_act(&store, "sara", &session);
        _cleanup_keys_ struct keys *keys = NULL;
        struct error err;

        assert_int_equal(keys_open(act, &keys, &err), 0);
        assert_int_equal(keys_destroy_medium(keys, medium, NULL, "the end", ret_evidence, &err), 0);
}

/* What a store that was restored gives for a key. */
static int secret_in(const char *folder, const char *ref, const struct secret *wanted) {
        struct test_store restored = store;
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_secret_ struct secret *secret = NULL;
        _cleanup_keys_ struct keys *keys = NULL;
        struct error err;
        struct act *act;
        int r;

        (void) snprintf(restored.folder, sizeof restored.folder, "%s", folder);
        restored.clock.context = restored.ui.context = &restored;
        act = test_act(&restored, "sara", &session);
        assert_int_equal(keys_open_unlocked(act, &keys, &err), 0);
        r = keys_medium_secret(keys, ref, &secret, &err);
        if (r == 0)
                assert_memory_equal(secret->data, wanted->data, wanted->size);
        return r;
}

static void a_destroyed_key_does_not_come_back(void **state) {
        _cleanup_secret_ struct secret *kept = NULL, *doomed = NULL;
        _cleanup_json_ json_t *evidence = NULL, *answer = NULL;
        char kept_ref[KEY_REF_TEXT], doomed_ref[KEY_REF_TEXT], out[96], to[48];
        const json_t *copies, *numbers;
        int64_t number;

        (void) state;
        make_key("HQ00000042K", kept_ref, &kept);
        make_key("HQ00000043X", doomed_ref, &doomed);
        path_of(out, "keys");
        answer = call("oto", "create", "out", out, "key", NULL);
        number = json_int(answer, "number", 0);
        json_decref(TAKE_PTR(answer));
        destroy_key("HQ00000043X", &evidence);

        /* The destruction names the backups that hold it, and not the ones made before it. */
        copies = json_object_get(json_array_get(evidence, 0), "copies");
        numbers = json_object_get(json_array_get(copies, 1), "numbers");
        assert_int_equal(json_array_size(numbers), 1);
        assert_int_equal(json_integer_value(json_array_get(numbers, 0)), number);

        (void) snprintf(to, sizeof to, "%s/back", store.root);
        answer = call("sara", "restore", "file", out, "to", to);
        assert_int_equal(json_int(answer, "keys_dropped", 0), 1);
        assert_true(json_int(answer, "newer", 0) >= 2);
        assert_int_equal(secret_in(to, kept_ref, kept), 0);
        assert_int_equal(secret_in(to, doomed_ref, doomed), ERR_REFUSED);
}

/* What a restored store does next is numbered on from all the backups that were known. */
static void a_restored_store_goes_on(void **state) {
        struct test_store restored = store;
        _cleanup_json_ json_t *answer = NULL, *made = NULL;
        struct error err;
        char out[96], key[96];

        (void) state;
        (void) snprintf(key, sizeof key, "%s/recovery/recovery.key", store.folder);
        (void) snprintf(restored.folder, sizeof restored.folder, "%s/again", store.root);
        restored.clock.context = restored.ui.context = &restored;
        answer = call("sara", "restore", "file", file, "to", restored.folder);
        assert_int_equal(json_int(answer, "number", 0), 1);
        test_expect(ERR_CONFLICT, &store, "sara", "backup", "restore", "{s:s, s:s}", "file", file, "to",
                    restored.folder);
        test_expect(0, &restored, "sara", "ledger", "verify", "{}");
        test_expect(0, &restored, "sara", "ledger", "replay", "{}");
        path_of(out, "next");
        assert_int_equal(test_call(&restored, "oto", "backup", "create", &made, &err, "{s:s}", "out", out), 0);
        assert_int_equal(json_int(made, "number", 0), 4); /* the live store made 1, 2 and 3 */
        test_expect(0, &restored, "sara", "backup", "verify", "{s:s, s:s}", "file", out, "key", key);
        /* Two histories that part after the backup: neither takes the other's for its own. */
        assert_int_equal(test_call(&store, "sara", "backup", "verify", NULL, &err, "{s:s}", "file", out),
                         ERR_VERIFY);
}

static void an_earlier_backup_is_never_overwritten(void **state) {
        _cleanup_free_ char *inside = str_format("%s/attachments/backup", store.folder);
        _cleanup_free_ char *before = NULL, *after = NULL;
        size_t n, m;

        (void) state;
        read_backup(&before, &n);
        test_expect(ERR_CONFLICT, &store, "oto", "backup", "create", "{s:s}", "out", file);
        read_backup(&after, &m);
        assert_true(n == m && memcmp(before, after, n) == 0);
        test_expect(ERR_USAGE, &store, "oto", "backup", "create", "{s:s}", "out", inside);
}

static void what_failed_is_on_record(void **state) {
        _cleanup_free_ char *bytes = NULL;
        _cleanup_json_ json_t *rows = NULL;
        struct error err;
        char changed[96];
        size_t n;

        (void) state;
        read_backup(&bytes, &n);
        bytes[n / 2] ^= 1;
        path_of(changed, "changed");
        assert_int_equal(file_write(changed, bytes, n, 0600, &err), 0);
        test_expect(ERR_VERIFY, &store, "sara", "backup", "verify", "{s:s}", "file", changed);
        test_expect(ERR_DENIED, &store, "oto", "backup", "verify", "{s:s}", "file", file);
        test_expect(ERR_DENIED, &store, "cus", "backup", "create", "{s:s}", "out", changed);
        assert_int_equal(test_call(&store, "sara", "backup", "list", &rows, &err, "{}"), 0);
        /* The damaged copy of number 1 says nothing against the whole one. */
        assert_string_equal(json_text(json_array_get(json_object_get(rows, "rows"), 0), "result"), "whole");
        test_expect(0, &store, "sara", "ledger", "verify", "{}");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_header_is_read_as_written_or_not_at_all),
                cmocka_unit_test(a_changed_byte_anywhere_is_found),
                cmocka_unit_test(what_is_cut_off_or_added_is_found),
                cmocka_unit_test(chunks_in_another_order_are_found),
                cmocka_unit_test(another_organisations_key_does_not_open_it),
                cmocka_unit_test(a_file_that_the_station_did_not_sign_is_named),
                cmocka_unit_test(a_manifest_that_the_station_did_not_sign_is_refused),
                cmocka_unit_test(names_that_lead_elsewhere_are_refused),
                cmocka_unit_test(verify_proves_the_prefix_and_counts_what_came_since),
                cmocka_unit_test(a_live_store_older_than_the_backup_is_detected),
                cmocka_unit_test(a_destroyed_key_does_not_come_back),
                cmocka_unit_test(a_restored_store_goes_on),
                cmocka_unit_test(an_earlier_backup_is_never_overwritten),
                cmocka_unit_test(what_failed_is_on_record),
        };

        return cmocka_run_group_tests(tests, make, drop);
}
