/* encrypt run, encrypt check and crypto erase on image files (C1, C2, C4, L7, S2, S4, S6). */
#include "unit/loop.h"
#include "unit/store.h"

#include "base/digest.h"
#include "base/file.h"
#include "device/gate.h"
#include "encrypt/internal.h"
#include "encrypt/token.h"
#include "keys/keys.h"

enum { IMAGE = 24 << 20, AREA = 16 << 20 };

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

static void encrypt_as(const char *person, const char *id, const char *image, const char *waiver) {
        if (waiver)
                test_expect(0, &store, person, "encrypt", "run", "{s:s, s:s, s:s, s:s}", "medium", id, "device",
                            image, "confirm", id, "waiver", waiver);
        else
                test_expect(0, &store, person, "encrypt", "run", "{s:s, s:s, s:s}", "medium", id, "device", image,
                            "confirm", id);
}

static void load(struct act *act, const char *id, struct medium *medium) {
        struct error err;

        assert_int_equal(medium_load(act->db, id, medium, &err), 0);
}

static int64_t count_events(struct act *act, const char *type, const char *subject) {
        struct error err;
        int64_t n = -1;

        assert_int_equal(db_int(act->db, &n, &err, "SELECT count(*) FROM event WHERE type = ? AND subject = ?",
                                "ss", type, subject),
                         0);
        return n;
}

/* Overwrites in place: the image keeps its inode, and so its identity. */
static void poke(const char *image, off_t at, const void *data, size_t n) {
        _cleanup_close_ int fd = open(image, O_WRONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(pwrite_all(fd, data, n, at), 0);
}

/* C1, C2: the strength of each category, registered as it stands on the medium. */
static void each_category_gets_its_strength(void **state) {
        static const struct {
                const char *name, *category, *person, *waiver;
                int64_t bits;
        } cases[] = { { "basica", "BASICA", "oto", NULL, 256 },
                      { "media", "MEDIA", "oto", NULL, 256 },
                      { "alta", "ALTA", "sara", "No HSM before January", 512 } };

        (void) state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                _cleanup_(session_closep) struct session *session = NULL;
                struct luks_verdict verdict;
                struct medium medium;
                struct error err;
                struct act *act;
                char image[96], id[16], digest[65];

                test_image(&store, cases[i].name, IMAGE, image);
                test_register(&store, image, "CONFIDENCIAL", cases[i].category, id);
                encrypt_as(cases[i].person, id, image, cases[i].waiver);
                act = test_act(&store, "oto", &session);
                load(act, id, &medium);
                assert_int_equal(encrypt_judge_medium(act, &medium, image, &verdict, &err), 0);
                assert_int_equal(verdict.decision, LUKS_ACCEPT);
                assert_true(verdict.encrypted);
                assert_int_equal(verdict.key_bits, cases[i].bits);
                assert_string_equal(verdict.uuid, medium.luks_uuid);
                assert_int_equal(encrypt_header_digest(image, digest, &err), 0);
                assert_string_equal(digest, medium.header_digest);
                assert_true(medium.filled);
                assert_int_equal(count_events(act, "encryption.started", id), 1);
                assert_int_equal(count_events(act, "encryption.finished", id), 1);
                assert_int_equal(count_events(act, "key.created", id), 1);
                test_expect(0, &store, "olga", "encrypt", "check", "{s:s}", "device", image);
        }
}

/* C1: ALTA under a software master key takes the security administrator and a reason. */
static void ALTA_without_an_HSM_is_refused(void **state) {
        char image[96], id[16];

        (void) state;
        test_image(&store, "hsm", IMAGE, image);
        test_register(&store, image, "SECRETO", "ALTA", id);
        test_expect(ERR_REFUSED, &store, "oto", "encrypt", "run", "{s:s, s:s, s:s}", "medium", id, "device", image,
                    "confirm", id);
        test_expect(ERR_DENIED, &store, "oto", "encrypt", "run", "{s:s, s:s, s:s, s:s}", "medium", id, "device",
                    image, "confirm", id, "waiver", "because");
        test_expect(ERR_REFUSED, &store, "sara", "encrypt", "run", "{s:s, s:s, s:s}", "medium", id, "device", image,
                    "confirm", id);
}

/* S6: nothing is written on a word that doesn't match. */
static void guards_hold(void **state) {
        static const char nothing[4096];
        _cleanup_free_ char *data = NULL;
        char image[96], other[96], small[96], id[16], small_id[16];
        struct error err;
        size_t n;

        (void) state;
        test_image(&store, "guard", IMAGE, image);
        test_image(&store, "guard-other", IMAGE, other);
        test_image(&store, "guard-small", 1 << 20, small);
        test_register(&store, image, "INTERNO", "MEDIA", id);
        test_register(&store, small, "INTERNO", "MEDIA", small_id);
        test_expect(ERR_REFUSED, &store, "oto", "encrypt", "run", "{s:s, s:s, s:s}", "medium", id, "device", image,
                    "confirm", "HQ00000099Z");
        test_expect(ERR_REFUSED, &store, "oto", "encrypt", "run", "{s:s, s:s, s:s}", "medium", id, "device", other,
                    "confirm", id);
        test_expect(ERR_CONFLICT, &store, "oto", "encrypt", "run", "{s:s, s:s, s:s}", "medium", small_id, "device",
                    small, "confirm", small_id);
        test_expect(ERR_DENIED, &store, "cus", "encrypt", "run", "{s:s, s:s, s:s}", "medium", id, "device", image,
                    "confirm", id);
        store.master = "not the passphrase";
        test_expect(ERR_DENIED, &store, "oto", "encrypt", "run", "{s:s, s:s, s:s}", "medium", id, "device", image,
                    "confirm", id);
        store.master = "correct horse battery";
        assert_int_equal(file_read(image, IMAGE, &data, &n, &err), 0);
        for (size_t at = 0; at < n; at += sizeof nothing)
                assert_memory_equal(data + at, nothing, sizeof nothing);
}

/* The whole device is ciphertext afterwards: no sector is left as it was. */
static void the_whole_medium_is_filled(void **state) {
        _cleanup_free_ char *data = NULL;
        char image[96], id[16], marker[4096];
        struct error err;
        size_t n;

        (void) state;
        memset(marker, 'P', sizeof marker);
        test_image(&store, "filled", IMAGE + 512, image);
        for (off_t at = 0; at < IMAGE; at += 1 << 20)
                poke(image, at, marker, sizeof marker);
        poke(image, IMAGE, marker, 512);
        test_register(&store, image, "CONFIDENCIAL", "MEDIA", id);
        encrypt_as("oto", id, image, NULL);
        assert_int_equal(file_read(image, IMAGE + 512, &data, &n, &err), 0);
        assert_int_equal(n, IMAGE + 512);
        assert_null(memmem(data, n, marker, 16));
}

static void without_filling_it_is_on_record(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_json_ json_t *evidence = NULL;
        struct medium medium;
        char image[96], id[16];
        struct error err;
        struct act *act;

        (void) state;
        test_image(&store, "unfilled", IMAGE, image);
        test_register(&store, image, "INTERNO", "MEDIA", id);
        test_expect(0, &store, "oto", "encrypt", "run", "{s:s, s:s, s:s, s:b}", "medium", id, "device", image,
                    "confirm", id, "no-fill", 1);
        act = test_act(&store, "oto", &session);
        load(act, id, &medium);
        assert_false(medium.filled);
        assert_int_equal(encrypt_crypto_erase(act, &medium, image, "W1", &evidence, &err), 0);
        assert_false(json_flag(evidence, "counts"));
        assert_string_equal(json_string_value(json_array_get(json_object_get(evidence, "why_not"), 0)),
                            "not-filled-when-encrypted");
}

/* L7: whoever edits the token, moves the header to another medium, or takes the token off is found out. */
static void a_tampered_header_is_found(void **state) {
        static const char zeros[32768];
        _cleanup_free_ char *data = NULL;
        char image[96], id[16], other[96], other_id[16];
        struct error err;
        size_t n;

        (void) state;
        test_image(&store, "tamper", IMAGE, image);
        test_register(&store, image, "SECRETO", "MEDIA", id);
        encrypt_as("oto", id, image, NULL);
        assert_int_equal(file_read(image, IMAGE, &data, &n, &err), 0);

        /* Beyond the JSON, among the key slots: only the digest sees it. */
        poke(image, 1 << 20, "changed", 7);
        test_expect(ERR_REFUSED, &store, "oto", "encrypt", "check", "{s:s}", "device", image);
        poke(image, 0, data, AREA);
        test_expect(0, &store, "oto", "encrypt", "check", "{s:s}", "device", image);

        /* A lower classification in the token, checksums made good again. */
        for (int copy = 0; copy < 2; copy++) {
                uint8_t *header = (uint8_t *) data + (size_t) copy * 16384, sum[SHA256_SIZE];
                char *said = memmem(header, 16384, "\"SECRETO\"", 9);

                assert_non_null(said);
                memcpy(said, "\"PUBLICO\"", 9);
                memset(header + 448, 0, 64);
                assert_int_equal(sha256(header, 16384, sum), 0);
                memcpy(header + 448, sum, sizeof sum);
        }
        poke(image, 0, data, 32768);
        test_expect(ERR_REFUSED, &store, "oto", "encrypt", "check", "{s:s, s:s}", "device", image, "medium", id);

        /* No header, as after a dd. */
        poke(image, 0, zeros, sizeof zeros);
        test_expect(ERR_REFUSED, &store, "oto", "encrypt", "check", "{s:s, s:s}", "device", image, "medium", id);

        /* The header of one medium on another. */
        test_image(&store, "tamper-other", IMAGE, other);
        test_register(&store, other, "SECRETO", "MEDIA", other_id);
        encrypt_as("oto", other_id, other, NULL);
        free(data);
        data = NULL;
        assert_int_equal(file_read(other, IMAGE, &data, &n, &err), 0);
        poke(image, 0, data, AREA);
        test_expect(ERR_REFUSED, &store, "oto", "encrypt", "check", "{s:s, s:s}", "device", image, "medium", id);
}

/* C7: a token signed by an algorithm of tomorrow is not called a forgery. */
static void a_token_of_tomorrow_is_refused_as_such(void **state) {
        static const struct {
                const char *algorithm;
                int version;
                const char *rule;
        } tokens[] = {
                { "ecdsa+ml-dsa-65", 1, "C7" }, { "", 1, "C7" }, { "ecdsa", 2, "C7" }, { "ecdsa", 1, "L7" }
        };
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_luks_copy_ struct luks_copy copy = { 0 };
        _cleanup_close_ int fd = -1;
        struct medium medium;
        struct error err;
        struct act *act;
        char image[96], id[16];

        (void) state;
        test_image(&store, "tomorrow", IMAGE, image);
        test_register(&store, image, "INTERNO", "MEDIA", id);
        encrypt_as("oto", id, image, NULL);
        act = test_act(&store, "oto", &session);
        load(act, id, &medium);
        assert_int_equal(luks_open_direct(image, O_RDONLY, &fd, &err), 0);
        assert_int_equal(luks_copy_read(fd, false, &copy, &err), 0);
        for (size_t i = 0; i < COUNT(tokens); i++) {
                struct luks_verdict verdict = { 0 };

                /* The last of them is what a forgery is called: its text is not what was signed. */
                (void) json_object_set_new(copy.facts.token, "algorithm", json_string(tokens[i].algorithm));
                (void) json_object_set_new(copy.facts.token, "version", json_integer(tokens[i].version));
                (void) json_object_set_new(copy.facts.token, "note", json_string("added"));
                token_judge(&copy.facts, &medium, act->station_certificate, &verdict);
                assert_int_equal(verdict.findings_n, 1);
                assert_string_equal(verdict.findings[0].rule, tokens[i].rule);
                assert_int_equal(verdict.decision, LUKS_REFUSE);
        }
}

/* Row 11: yesterday's header over today's. */
static void an_older_header_is_found(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct encryption encryption = { 0 };
        struct luks_verdict verdict;
        struct medium medium;
        struct error err;
        struct act *act;
        char image[96], id[16];
        _cleanup_luks_copy_ struct luks_copy copy = { 0 };
        _cleanup_close_ int fd = -1;

        (void) state;
        test_image(&store, "older", IMAGE, image);
        test_register(&store, image, "INTERNO", "MEDIA", id);
        encrypt_as("oto", id, image, NULL);
        act = test_act(&store, "oto", &session);
        load(act, id, &medium);
        assert_int_equal(encryption_load(act->db, id, &encryption, &err), 0);
        assert_int_equal(encryption.header.slots_n, 2);
        encryption.header.seqid++;
        assert_int_equal(luks_open_direct(image, O_RDONLY, &fd, &err), 0);
        assert_int_equal(luks_copy_read(fd, false, &copy, &err), 0);
        judge_copy(act, &medium, &encryption, &copy, &verdict);
        assert_int_equal(verdict.decision, LUKS_READ_ONLY);
        assert_int_equal(verdict.findings[0].row, 11);
        encryption_done(&encryption);
}

/* C4: without its first header a medium is not blank while cryptsetup could restore it from a second one, wherever
 * the format allows that to be. */
static void a_second_header_alone_is_found(void **state) {
        static const uint8_t magic[] = "SKUL\xba\xbe\0\2";
        struct luks_facts facts;
        struct error err;
        char image[96];

        (void) state;
        test_image(&store, "second", IMAGE, image);
        for (off_t offset = LUKS_HEADER_SMALLEST / 2; offset <= 2 * LUKS_HEADER_LARGEST; offset *= 2) {
                bool possible = offset >= LUKS_HEADER_SMALLEST && offset <= LUKS_HEADER_LARGEST;
                _cleanup_close_ int fd = open(image, O_RDWR | O_CLOEXEC);

                assert_int_equal(pwrite(fd, magic, sizeof magic - 1, offset), sizeof magic - 1);
                assert_int_equal(encrypt_read_header(fd, &facts, &err), 0);
                assert_int_equal(facts.state, possible ? LUKS_DAMAGED : LUKS_NONE);
                luks_facts_done(&facts);
                assert_int_equal(pwrite(fd, "\0\0\0\0\0\0\0", 8, offset), 8);
        }
}

/* C9's ground: the vault's secret opens the machine slot of what stands on the medium. */
static void the_vault_opens_the_medium(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_keys_ struct keys *keys = NULL;
        _cleanup_secret_ struct secret *secret = NULL;
        _cleanup_luks_copy_ struct luks_copy copy = { 0 };
        _cleanup_close_ int fd = -1;
        struct medium medium;
        struct error err;
        struct act *act;
        char image[96], id[16];

        (void) state;
        test_image(&store, "opens", IMAGE, image);
        test_register(&store, image, "CONFIDENCIAL", "MEDIA", id);
        encrypt_as("oto", id, image, NULL);
        act = test_act(&store, "oto", &session);
        load(act, id, &medium);
        assert_int_equal(keys_open_unlocked(act, &keys, &err), 0);
        assert_int_equal(keys_medium_secret(keys, medium.key_id, &secret, &err), 0);
        assert_int_equal(luks_open_direct(image, O_RDONLY, &fd, &err), 0);
        assert_int_equal(luks_copy_read(fd, true, &copy, &err), 0);
        assert_int_equal(luks_try_slot(&copy, SLOT_MACHINE, secret, &err), 0);
        assert_int_equal(luks_try_slot(&copy, SLOT_RECOVERY, secret, &err), ERR_VERIFY);
}

static void encrypting_again_takes_a_word_and_retires_the_old_key(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct medium medium;
        struct act *act;
        char image[96], id[16];

        (void) state;
        test_image(&store, "again", IMAGE, image);
        test_register(&store, image, "INTERNO", "MEDIA", id);
        encrypt_as("oto", id, image, NULL);
        test_expect(ERR_CONFLICT, &store, "oto", "encrypt", "run", "{s:s, s:s, s:s}", "medium", id, "device", image,
                    "confirm", id);
        test_expect(0, &store, "oto", "encrypt", "run", "{s:s, s:s, s:s, s:b}", "medium", id, "device", image,
                    "confirm", id, "replace", 1);
        act = test_act(&store, "oto", &session);
        load(act, id, &medium);
        assert_non_null(strstr(medium.key_id, ".2"));
        assert_int_equal(count_events(act, "key.destroyed", id), 1);
}

/* S2, S4: after crypto erase no slot opens, from the medium or from a copy of the vault's row; and it says so. */
static void crypto_erase_leaves_nothing(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_json_ json_t *evidence = NULL, *again = NULL;
        _cleanup_keys_ struct keys *keys = NULL;
        _cleanup_free_ char *before = NULL, *after = NULL;
        struct secret *secret = NULL;
        struct luks_verdict verdict;
        struct medium medium;
        struct error err;
        struct act *act;
        char image[96], id[16];
        size_t n;

        (void) state;
        test_image(&store, "erase", IMAGE, image);
        test_register(&store, image, "SECRETO", "MEDIA", id);
        encrypt_as("oto", id, image, NULL);
        act = test_act(&store, "oto", &session);
        load(act, id, &medium);
        assert_int_equal(file_read(image, IMAGE, &before, &n, &err), 0);
        if (encrypt_crypto_erase(act, &medium, image, "W1", &evidence, &err) < 0)
                fail_msg("%s", err.what[LANG_EN]);
        assert_true(json_flag(evidence, "counts"));
        assert_int_equal(json_int(evidence, "slots_destroyed", 0), 2);
        assert_int_equal(json_int(evidence, "area_bytes", 0), AREA);
        assert_true(json_flag(evidence, "area_verified"));
        assert_false(json_flag(evidence, "header_found_after"));
        assert_int_equal(json_array_size(json_object_get(evidence, "keys")), 1);

        assert_int_equal(file_read(image, IMAGE, &after, &n, &err), 0);
        for (size_t at = 0; at < AREA; at += 512)
                assert_memory_not_equal(before + at, after + at, 512);
        assert_memory_equal(before + AREA, after + AREA, IMAGE - AREA);
        assert_int_equal(encrypt_judge_device(image, CATEGORY_MEDIA, &verdict, &err), 0);
        assert_int_equal(verdict.findings[0].row, 1);
        assert_int_equal(keys_open_unlocked(act, &keys, &err), 0);
        assert_int_equal(keys_medium_secret(keys, medium.key_id, &secret, &err), ERR_REFUSED);
        assert_null(secret);

        /* Asked again, as after a crash: the same answer, and nothing happens twice. */
        load(act, id, &medium);
        assert_string_equal(medium.key_id, "");
        assert_int_equal(encrypt_crypto_erase(act, &medium, image, "W1", &again, &err), 0);
        assert_true(json_equal(evidence, again));
        assert_int_equal(count_events(act, "key.destroyed", id), 1);
        /* A header brought back from a backup is noticed. */
        poke(image, 0, before, AREA);
        json_decref(again);
        again = NULL;
        assert_int_equal(encrypt_crypto_erase(act, &medium, image, "W1", &again, &err), ERR_VERIFY);
        /* For another occasion it is erased anew, and what stood there was not ours any more. */
        assert_int_equal(encrypt_crypto_erase(act, &medium, image, "W2", &again, &err), 0);
        assert_false(json_flag(again, "counts"));
        assert_string_equal(json_text(again, "occasion"), "W2");
}

/* A crash after the first of its events, with the header gone or not: the second call finishes and still counts. */
static void an_interrupted_crypto_erase_is_finished(void **state) {
        (void) state;
        for (int crash = 0; crash < 3; crash++) {
                _cleanup_(session_closep) struct session *session = NULL;
                _cleanup_json_ json_t *begun = NULL, *evidence = NULL;
                _cleanup_keys_ struct keys *keys = NULL;
                struct medium medium;
                struct error err;
                struct act *act;
                char image[96], id[16], name[16], zeros[65536] = "";

                (void) snprintf(name, sizeof name, "interrupted%d", crash);
                test_image(&store, name, IMAGE, image);
                test_register(&store, image, "SECRETO", "MEDIA", id);
                encrypt_as("oto", id, image, NULL);
                act = test_act(&store, "oto", &session);
                load(act, id, &medium);
                begun = json_pack("{s:s, s:[], s:s, s:s, s:i, s:i}", "occasion", "W1", "why_not", "uuid",
                                  medium.luks_uuid, "key", medium.key_id, "slots_destroyed", 2, "area_bytes", AREA);
                assert_int_equal(act_record_one(act, "encryption.erase-started", id, begun, &err), 0);
                if (crash >= 1)
                        poke(image, 0, zeros, sizeof zeros);
                if (crash >= 2) {
                        assert_int_equal(keys_open(act, &keys, &err), 0);
                        assert_int_equal(keys_destroy_medium(keys, id, NULL, "crypto-erase", NULL, &err), 0);
                }
                test_expect(ERR_REFUSED, &store, "oto", "encrypt", "check", "{s:s, s:s}", "device", image, "medium",
                            id);
                assert_int_equal(encrypt_crypto_erase(act, &medium, image, "W1", &evidence, &err), 0);
                assert_true(json_flag(evidence, "counts"));
                assert_int_equal(count_events(act, "key.destroyed", id), 1);
                assert_int_equal(count_events(act, "encryption.erased", id), 1);
        }
}

static void erasing_what_was_not_ours_does_not_count(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_json_ json_t *evidence = NULL;
        struct medium medium;
        struct error err;
        struct act *act;
        char image[96], id[16];

        (void) state;
        test_image(&store, "foreign", IMAGE, image);
        test_register(&store, image, "INTERNO", "MEDIA", id);
        act = test_act(&store, "oto", &session);
        load(act, id, &medium);
        assert_int_equal(encrypt_crypto_erase(act, &medium, image, "W1", &evidence, &err), 0);
        assert_false(json_flag(evidence, "counts"));
}

/* A medium that shrinks while it is worked on: the failure is on record, and `check` says what to do. */
static const char *shrink_to;

static void shrink(void *context, const struct progress *progress) {
        (void) context;
        if (progress->done == progress->total)
                assert_int_equal(truncate(shrink_to, 1 << 20), 0);
}

static void a_medium_that_vanishes_is_on_record(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct medium medium;
        struct act *act;
        char image[96], id[16];

        (void) state;
        test_image(&store, "vanish", IMAGE, image);
        test_register(&store, image, "INTERNO", "MEDIA", id);
        shrink_to = image;
        store.ui.progress = shrink;
        test_expect(ERR_REFUSED, &store, "oto", "encrypt", "run", "{s:s, s:s, s:s}", "medium", id, "device", image,
                    "confirm", id);
        store.ui.progress = NULL;
        act = test_act(&store, "oto", &session);
        assert_int_equal(count_events(act, "encryption.failed", id), 1);
        load(act, id, &medium);
        assert_string_equal(medium.luks_uuid, "");
        test_expect(ERR_REFUSED, &store, "oto", "encrypt", "check", "{s:s, s:s}", "device", image, "medium", id);
}

/* The same on a block device that loses its end in mid-write: the kernel's own error is on record. */
static struct loop *losing;

static void lose_the_end(void *context, const struct progress *progress) {
        (void) context;
        if (progress->done == 4 << 20) {
                assert_int_equal(truncate(losing->image, 8 << 20), 0);
                assert_int_equal(ioctl(losing->control, LOOP_SET_CAPACITY, 0), 0);
        }
}

static void a_device_that_fails_in_mid_write_is_on_record(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_free_ char *reason = NULL;
        struct loop loop;
        struct error err;
        struct act *act;
        char id[16];
        int r;

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/tmp", IMAGE, NULL);
        losing = &loop;
        test_register(&store, loop.device, "INTERNO", "MEDIA", id);
        store.ui.progress = lose_the_end;
        r = test_call(&store, "oto", "encrypt", "run", NULL, &err, "{s:s, s:s, s:s}", "medium", id, "device",
                      loop.device, "confirm", id);
        store.ui.progress = NULL;
        loop_done(&loop);
        if (r != ERR_FAILED)
                fail_msg("%d: %s", r, err.what[LANG_EN]);
        act = test_act(&store, "oto", &session);
        assert_int_equal(db_text(act->db, &reason, &err,
                                 "SELECT data FROM event WHERE type = 'encryption.failed' AND subject = ?", "s",
                                 id),
                         0);
        assert_non_null(strstr(reason, "\"stage\":\"fill\""));
        assert_non_null(strstr(reason, "\"touched\":true"));
}

/* C3: what mpsid keeps read-only because it is unencrypted is let go by being encrypted, and only by that. */
static void the_gate_is_lifted_by_encryption_only(void **state) {
        struct loop loop;
        struct error err;
        bool read_only;
        char id[16];

        (void) state;
        LOOP_OR_SKIP();
        loop_make(&loop, "/tmp", IMAGE, NULL);
        test_register(&store, loop.device, "INTERNO", "MEDIA", id);
        assert_int_equal(gate_set(loop.device, true, &err), 0);
        store.cancelled = true;
        test_expect(ERR_CONFLICT, &store, "oto", "encrypt", "run", "{s:s, s:s, s:s}", "medium", id, "device",
                    loop.device, "confirm", id);
        store.cancelled = false;
        assert_int_equal(gate_get(loop.device, &read_only, &err), 0);
        assert_true(read_only);
        encrypt_as("oto", id, loop.device, NULL);
        assert_int_equal(gate_get(loop.device, &read_only, &err), 0);
        assert_false(read_only);
        loop_done(&loop);
}

static void a_cancelled_encryption_is_on_record_and_can_be_repeated(void **state) {
        _cleanup_(session_closep) struct session *session = NULL;
        struct act *act;
        char image[96], id[16];

        (void) state;
        test_image(&store, "cancel", IMAGE, image);
        test_register(&store, image, "INTERNO", "MEDIA", id);
        store.cancelled = true;
        test_expect(ERR_CONFLICT, &store, "oto", "encrypt", "run", "{s:s, s:s, s:s}", "medium", id, "device", image,
                    "confirm", id);
        store.cancelled = false;
        encrypt_as("oto", id, image, NULL);
        act = test_act(&store, "oto", &session);
        assert_int_equal(count_events(act, "encryption.failed", id), 1);
        assert_int_equal(count_events(act, "encryption.finished", id), 1);
        assert_int_equal(count_events(act, "key.destroyed", id), 1);
}

/* A crash between the events: started, nothing after. `check` tells, and the next run passes. */
static void a_crash_is_told(void **state) {
        _cleanup_json_ json_t *data = NULL;
        char image[96], id[16];
        struct error err;

        (void) state;
        test_image(&store, "crash", IMAGE, image);
        test_register(&store, image, "INTERNO", "MEDIA", id);
        encrypt_as("oto", id, image, NULL);
        {
                _cleanup_(session_closep) struct session *session = NULL;
                struct act *act = test_act(&store, "oto", &session);

                data = json_pack("{s:s, s:s, s:i}", "key", "X.9", "cipher", "aes-xts-plain64", "key_bits", 256);
                assert_int_equal(act_record_one(act, "encryption.started", id, data, &err), 0);
        }
        test_expect(ERR_REFUSED, &store, "oto", "encrypt", "check", "{s:s, s:s}", "device", image, "medium", id);
        test_expect(0, &store, "oto", "encrypt", "run", "{s:s, s:s, s:s, s:b}", "medium", id, "device", image,
                    "confirm", id, "replace", 1);
        test_expect(0, &store, "oto", "encrypt", "check", "{s:s, s:s}", "device", image, "medium", id);
}

/* The header is on the medium, its last event is not: the registry still knows which medium it is. */
static void a_crash_before_the_last_event_can_be_repeated(void **state) {
        _cleanup_json_ json_t *data = NULL;
        struct luks_verdict verdict;
        struct medium medium;
        char image[96], id[16];
        struct error err;

        (void) state;
        test_image(&store, "crash-late", IMAGE, image);
        test_register(&store, image, "INTERNO", "MEDIA", id);
        encrypt_as("oto", id, image, NULL);
        {
                _cleanup_(session_closep) struct session *session = NULL;
                struct act *act = test_act(&store, "oto", &session);

                load(act, id, &medium);
                data = json_pack("{s:s, s:s, s:s, s:i}", "uuid", medium.luks_uuid, "key", "X.9", "cipher",
                                 "aes-xts-plain64", "key_bits", 256);
                assert_int_equal(act_record_one(act, "encryption.started", id, data, &err), 0);
                load(act, id, &medium);
                assert_string_equal(medium.luks_uuid, "");
                assert_int_equal(encrypt_judge_medium(act, &medium, image, &verdict, &err), 0);
                assert_int_equal(verdict.decision, LUKS_REFUSE);
                assert_false(verdict.encrypted);
        }
        test_expect(ERR_REFUSED, &store, "oto", "encrypt", "check", "{s:s, s:s}", "device", image, "medium", id);
        encrypt_as("oto", id, image, NULL);
        test_expect(0, &store, "oto", "encrypt", "check", "{s:s, s:s}", "device", image, "medium", id);
}

static void a_dry_run_changes_nothing(void **state) {
        char image[96], id[16], before[65], after[65];
        struct error err;

        (void) state;
        test_image(&store, "dry", IMAGE, image);
        test_register(&store, image, "INTERNO", "MEDIA", id);
        assert_int_equal(sha256_file(image, before, &err), 0);
        {
                const struct session_options options = { .folder = store.folder,
                                                         .as = "oto",
                                                         .os_user = "tester",
                                                         .clock = &store.clock,
                                                         .ui = &store.ui,
                                                         .dry_run = true };
                _cleanup_(session_closep) struct session *session = NULL;
                _cleanup_json_ json_t *args = json_pack("{s:s, s:s}", "medium", id, "device", image),
                                      *answer = NULL;

                assert_int_equal(session_open(&options, &session, &err), 0);
                assert_int_equal(session_call(session, verb_find("encrypt", "run"), args, &answer, NULL, &err), 0);
                assert_int_equal(json_int(answer, "key_bits", 0), 256);
        }
        assert_int_equal(sha256_file(image, after, &err), 0);
        assert_string_equal(before, after);
}

/* C5: whoever was at it came to its end between the look that found it unfinished and the station's turn. */
static void the_station_resumes_no_rotation_that_has_ended(void **state) {
        static const char *const kinds[] = { "slot", "volume" };
        char image[96], id[16], before[65], after[65];
        struct error err;

        (void) state;
        test_image(&store, "ended", IMAGE, image);
        test_register(&store, image, "INTERNO", "MEDIA", id);
        encrypt_as("oto", id, image, NULL);
        test_expect(0, &store, "oto", "encrypt", "rotate", "{s:s, s:s, s:s}", "medium", id, "device", image, "kind",
                    "slot");
        assert_int_equal(sha256_file(image, before, &err), 0);
        for (size_t i = 0; i < COUNT(kinds); i++) {
                const struct session_options options = { .folder = store.folder,
                                                         .as = "oto",
                                                         .os_user = "tester",
                                                         .clock = &store.clock,
                                                         .ui = &store.ui,
                                                         .resumes = true };
                _cleanup_(session_closep) struct session *session = NULL;
                _cleanup_json_ json_t *args = json_pack("{s:s, s:s, s:s}", "medium", id, "device", image, "kind",
                                                        kinds[i]),
                                      *answer = NULL;

                assert_int_equal(session_open(&options, &session, &err), 0);
                assert_int_equal(session_call(session, verb_find("encrypt", "rotate"), args, &answer, NULL, &err),
                                 ERR_CONFLICT);
        }
        assert_int_equal(sha256_file(image, after, &err), 0);
        assert_string_equal(before, after);
}

static void the_ledger_explains_it_all(void **state) {
        (void) state;
        test_expect(0, &store, "sara", "ledger", "verify", "{}");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_category_gets_its_strength),
                cmocka_unit_test(ALTA_without_an_HSM_is_refused),
                cmocka_unit_test(guards_hold),
                cmocka_unit_test(the_whole_medium_is_filled),
                cmocka_unit_test(without_filling_it_is_on_record),
                cmocka_unit_test(a_tampered_header_is_found),
                cmocka_unit_test(a_token_of_tomorrow_is_refused_as_such),
                cmocka_unit_test(an_older_header_is_found),
                cmocka_unit_test(a_second_header_alone_is_found),
                cmocka_unit_test(the_vault_opens_the_medium),
                cmocka_unit_test(encrypting_again_takes_a_word_and_retires_the_old_key),
                cmocka_unit_test(crypto_erase_leaves_nothing),
                cmocka_unit_test(an_interrupted_crypto_erase_is_finished),
                cmocka_unit_test(erasing_what_was_not_ours_does_not_count),
                cmocka_unit_test(a_medium_that_vanishes_is_on_record),
                cmocka_unit_test(a_device_that_fails_in_mid_write_is_on_record),
                cmocka_unit_test(the_gate_is_lifted_by_encryption_only),
                cmocka_unit_test(a_cancelled_encryption_is_on_record_and_can_be_repeated),
                cmocka_unit_test(a_crash_is_told),
                cmocka_unit_test(a_crash_before_the_last_event_can_be_repeated),
                cmocka_unit_test(a_dry_run_changes_nothing),
                cmocka_unit_test(the_station_resumes_no_rotation_that_has_ended),
                cmocka_unit_test(the_ledger_explains_it_all),
        };

        return cmocka_run_group_tests(tests, make, drop);
}
