/* The acceptance table (C1, C2, C6): a generator for each malformed header; each gets exactly its row. */
#include "unit/luks_headers.h"

#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "encrypt/copy.h"
#include "encrypt/format.h"
#include "encrypt/luks.h"

/* --- tests --------------------------------------------------------------------------------------------------- */

static void what_we_make_is_accepted(void **state) {
        (void) state;
        for (int category = CATEGORY_MEDIA; category <= CATEGORY_ALTA; category++) {
                struct luks_verdict verdict = judge(good[category].bytes, 2 * HEADER, (enum category) category,
                                                    NULL);

                expect_row(&verdict, "good", 0, LUKS_ACCEPT);
                assert_int_equal(verdict.key_bits, category == CATEGORY_ALTA ? 512 : 256);
                assert_string_equal(verdict.cipher, "aes-xts-plain64");
        }
        assert_string_equal(good[CATEGORY_MEDIA].facts.label, "HQ00000042K");
        assert_string_equal(good[CATEGORY_MEDIA].facts.subsystem, "mpsi:CONFIDENCIAL");
        assert_non_null(good[CATEGORY_MEDIA].facts.token);
}

/* C2: cryptsetup itself, another reader, sees what we say. */
static void cryptsetup_reads_the_same(void **state) {
        char path[] = "/tmp/mpsi-luks-XXXXXX", command[128], line[256];
        bool cipher = false, key = false, token = false;
        int fd = mkstemp(path);
        struct error err;
        FILE *dump;

        (void) state;
        assert_true(fd >= 0 && ftruncate(fd, IMAGE_SIZE) == 0);
        assert_int_equal(luks_write(fd, &good[CATEGORY_ALTA], &err), 0);
        (void) snprintf(command, sizeof command, "cryptsetup luksDump %s", path);
        dump = popen(command, "r");
        assert_non_null(dump);
        while (fgets(line, sizeof line, dump)) {
                cipher |= strstr(line, "cipher: aes-xts-plain64") != NULL;
                key |= strstr(line, "Cipher key: 512 bits") != NULL;
                token |= strstr(line, "0: mpsi") != NULL;
        }
        assert_int_equal(pclose(dump), 0);
        assert_true(cipher && key && token);
        (void) close(fd);
        (void) unlink(path);
}

/* C4: the random secrets open their own slots and no other. */
static void the_secrets_open_their_slots(void **state) {
        _cleanup_secret_ struct secret *wrong = NULL;
        struct error err;

        (void) state;
        assert_int_equal(luks_try_slot(&good[CATEGORY_MEDIA], SLOT_MACHINE, machine, &err), 0);
        assert_int_equal(luks_try_slot(&good[CATEGORY_MEDIA], SLOT_RECOVERY, recovery, &err), 0);
        assert_int_equal(luks_try_slot(&good[CATEGORY_MEDIA], SLOT_RECOVERY, machine, &err), ERR_VERIFY);
        assert_int_equal(secret_random(64, &wrong, &err), 0);
        assert_int_equal(luks_try_slot(&good[CATEGORY_MEDIA], SLOT_MACHINE, wrong, &err), ERR_VERIFY);
}

/* Paths in the JSON of the header. */
#define SEGMENT "segments", "0"
#define SLOT "keyslots", "0"
#define DIGEST "digests", "0"

static const struct {
        const char *name;
        enum category category;
        int row;
        enum luks_decision decision;
        struct change changes[3];
} bad_headers[] = {
        { "a key of 256 bits in ALTA",
          CATEGORY_ALTA,
          4,
          LUKS_REFUSE,
          { { { "keyslots", "0", "key_size" }, "32" }, { { "keyslots", "1", "key_size" }, "32" } } },
        { "a key of 128 bits",
          CATEGORY_MEDIA,
          4,
          LUKS_REFUSE,
          { { { "keyslots", "0", "key_size" }, "16" }, { { "keyslots", "1", "key_size" }, "16" } } },
        { "a key of 384 bits",
          CATEGORY_MEDIA,
          4,
          LUKS_REFUSE,
          { { { SLOT, "key_size" }, "48" },
            { { SLOT, "area", "offset" }, "\"1048576\"" },
            { { SLOT, "area", "size" }, "\"262144\"" } } },
        { "two segments",
          CATEGORY_MEDIA,
          2,
          LUKS_REFUSE,
          { { { "segments", "1" },
              "{\"type\":\"crypt\",\"offset\":\"33554432\",\"size\":\"dynamic\",\"iv_tweak\":\"0\","
              "\"encryption\":\"aes-xts-plain64\",\"sector_size\":512}" } } },
        { "no segment", CATEGORY_MEDIA, 2, LUKS_REFUSE, { { { "segments" }, "{}" } } },
        { "a linear segment", CATEGORY_MEDIA, 2, LUKS_REFUSE, { { { SEGMENT, "type" }, "\"linear\"" } } },
        { "a segment that ends early", CATEGORY_MEDIA, 2, LUKS_REFUSE, { { { SEGMENT, "size" }, "\"1048576\"" } } },
        { "an unknown requirement",
          CATEGORY_MEDIA,
          2,
          LUKS_REFUSE,
          { { { "config", "requirements" }, "{\"mandatory\":[\"sorcery-v7\"]}" } } },
        { "a re-encryption that is not ours",
          CATEGORY_MEDIA,
          2,
          LUKS_REFUSE,
          { { { "config", "requirements" }, "{\"mandatory\":[\"online-reencrypt-v2\"]}" } } },
        { "a re-encryption slot",
          CATEGORY_MEDIA,
          2,
          LUKS_REFUSE,
          { { { "keyslots", "1", "type" }, "\"reencrypt\"" } } },
        { "another cipher",
          CATEGORY_MEDIA,
          3,
          LUKS_REFUSE,
          { { { SEGMENT, "encryption" }, "\"serpent-xts-plain64\"" } } },
        { "CBC with ESSIV",
          CATEGORY_MEDIA,
          3,
          LUKS_REFUSE,
          { { { SEGMENT, "encryption" }, "\"aes-cbc-essiv:sha256\"" } } },
        { "a short IV", CATEGORY_MEDIA, 3, LUKS_REFUSE, { { { SEGMENT, "encryption" }, "\"aes-xts-plain\"" } } },
        { "a segment with integrity",
          CATEGORY_MEDIA,
          3,
          LUKS_REFUSE,
          { { { SEGMENT, "integrity" }, "{\"type\":\"hmac(sha256)\"}" } } },
        { "another cipher of a slot",
          CATEGORY_MEDIA,
          5,
          LUKS_REFUSE,
          { { { SLOT, "area", "encryption" }, "\"twofish-xts-plain64\"" } } },
        { "a slot with a smaller key", CATEGORY_ALTA, 5, LUKS_REFUSE, { { { SLOT, "area", "key_size" }, "32" } } },
        { "RIPEMD in the splitter",
          CATEGORY_MEDIA,
          5,
          LUKS_REFUSE,
          { { { SLOT, "af", "hash" }, "\"ripemd160\"" } } },
        { "an unknown hash of the digest",
          CATEGORY_MEDIA,
          5,
          LUKS_REFUSE,
          { { { DIGEST, "hash" }, "\"whirlpool\"" } } },
        { "a digest for no segment", CATEGORY_MEDIA, 5, LUKS_REFUSE, { { { DIGEST, "segments" }, "[]" } } },
        { "an unknown KDF",
          CATEGORY_MEDIA,
          5,
          LUKS_REFUSE,
          { { { SLOT, "kdf" }, "{\"type\":\"bcrypt\",\"salt\":\"AA==\",\"time\":9,\"memory\":9}" } } },
        { "no slots",
          CATEGORY_MEDIA,
          5,
          LUKS_REFUSE,
          { { { "keyslots" }, "{}" }, { { DIGEST, "keyslots" }, "[]" } } },
        { "a slot in the header", CATEGORY_MEDIA, 6, LUKS_REFUSE, { { { SLOT, "area", "offset" }, "\"4096\"" } } },
        { "a slot in the data",
          CATEGORY_MEDIA,
          6,
          LUKS_REFUSE,
          { { { SLOT, "area", "offset" }, "\"16777216\"" } } },
        { "a slot at the end of numbers",
          CATEGORY_MEDIA,
          6,
          LUKS_REFUSE,
          { { { SLOT, "area", "offset" }, "\"9223372036854775807\"" } } },
        { "two slots in one place",
          CATEGORY_MEDIA,
          6,
          LUKS_REFUSE,
          { { { SLOT, "area", "offset" }, "\"163840\"" } } },
        { "a slot too small for its key",
          CATEGORY_MEDIA,
          6,
          LUKS_REFUSE,
          { { { SLOT, "area", "size" }, "\"4096\"" } } },
        { "data over the slots", CATEGORY_MEDIA, 6, LUKS_REFUSE, { { { SEGMENT, "offset" }, "\"65536\"" } } },
        { "a null cipher (CVE-2025-58356)",
          CATEGORY_MEDIA,
          12,
          LUKS_REFUSE,
          { { { SEGMENT, "encryption" }, "\"cipher_null-ecb\"" } } },
        { "a null cipher by another name",
          CATEGORY_MEDIA,
          12,
          LUKS_REFUSE,
          { { { SEGMENT, "encryption" }, "\"null\"" } } },
        { "no cipher at all", CATEGORY_MEDIA, 12, LUKS_REFUSE, { { { SEGMENT, "encryption" }, "\"\"" } } },
        { "ECB", CATEGORY_MEDIA, 12, LUKS_REFUSE, { { { SEGMENT, "encryption" }, "\"aes-ecb\"" } } },
        { "plain CBC", CATEGORY_MEDIA, 12, LUKS_REFUSE, { { { SEGMENT, "encryption" }, "\"aes-cbc-plain64\"" } } },
        { "a raw kernel cipher",
          CATEGORY_MEDIA,
          12,
          LUKS_REFUSE,
          { { { SEGMENT, "encryption" }, "\"capi:xts(ecb(cipher_null))-plain64\"" } } },
        { "a null cipher of a slot",
          CATEGORY_MEDIA,
          12,
          LUKS_REFUSE,
          { { { SLOT, "area", "encryption" }, "\"cipher_null-ecb\"" } } },
        { "SHA-1 in the digest", CATEGORY_MEDIA, 12, LUKS_REFUSE, { { { DIGEST, "hash" }, "\"sha1\"" } } },
        { "SHA-1 in the splitter", CATEGORY_MEDIA, 12, LUKS_REFUSE, { { { SLOT, "af", "hash" }, "\"sha1\"" } } },
        { "SHA-1 in PBKDF2", CATEGORY_MEDIA, 12, LUKS_REFUSE, { { { SLOT, "kdf", "hash" }, "\"sha1\"" } } },
        { "Argon2i",
          CATEGORY_MEDIA,
          12,
          LUKS_REFUSE,
          { { { SLOT, "kdf" },
              "{\"type\":\"argon2i\",\"salt\":\"AA==\",\"time\":9,\"memory\":1048576,\"cpus\":4}" } } },
        /* What is damage, row 1. */
        { "a number as a number", CATEGORY_MEDIA, 1, LUKS_REFUSE, { { { SEGMENT, "offset" }, "16777216" } } },
        { "a number with a zero before it",
          CATEGORY_MEDIA,
          1,
          LUKS_REFUSE,
          { { { SEGMENT, "offset" }, "\"016777216\"" } } },
        { "a number too large",
          CATEGORY_MEDIA,
          1,
          LUKS_REFUSE,
          { { { SEGMENT, "offset" }, "\"99999999999999999999\"" } } },
        { "a slot named twice over", CATEGORY_MEDIA, 1, LUKS_REFUSE, { { { "keyslots", "00" }, "{}" } } },
        { "a slot beyond the last", CATEGORY_MEDIA, 1, LUKS_REFUSE, { { { "keyslots", "32" }, "{}" } } },
        { "a slot without a KDF", CATEGORY_MEDIA, 1, LUKS_REFUSE, { { { SLOT, "kdf" }, NULL } } },
        { "a negative key", CATEGORY_MEDIA, 1, LUKS_REFUSE, { { { SLOT, "key_size" }, "-64" } } },
        { "no config", CATEGORY_MEDIA, 1, LUKS_REFUSE, { { { "config" }, NULL } } },
        { "slots as an array", CATEGORY_MEDIA, 1, LUKS_REFUSE, { { { "keyslots" }, "[1,2]" } } },
        { "a slot area without an end",
          CATEGORY_MEDIA,
          1,
          LUKS_REFUSE,
          { { { "config", "keyslots_size" }, "\"9000000000000\"" } } },
};

static void each_bad_header_breaks_its_row(void **state) {
        (void) state;
        for (size_t i = 0; i < COUNT(bad_headers); i++) {
                size_t n = 0;
                _cleanup_free_ uint8_t *bytes = NULL;
                struct luks_verdict verdict;

                while (n < 3 && bad_headers[i].changes[n].path[0])
                        n++;
                bytes = changed(bad_headers[i].category, bad_headers[i].changes, n);
                verdict = judge(bytes, 2 * HEADER, bad_headers[i].category, NULL);
                expect_row(&verdict, bad_headers[i].name, bad_headers[i].row, bad_headers[i].decision);
        }
}

static void a_weaker_header_is_right_for_MEDIA(void **state) {
        struct luks_verdict verdict;

        (void) state;
        verdict = judge(good[CATEGORY_MEDIA].bytes, 2 * HEADER, CATEGORY_ALTA, NULL);
        assert_int_equal(verdict.decision, LUKS_REFUSE);
        for (size_t i = 0; i < verdict.findings_n; i++)
                assert_true(verdict.findings[i].row == 4 || verdict.findings[i].row == 5);
        verdict = judge(good[CATEGORY_ALTA].bytes, 2 * HEADER, CATEGORY_MEDIA, NULL);
        expect_row(&verdict, "ALTA's header in MEDIA", 0, LUKS_ACCEPT);
}

/* Row 1: LUKS1, nothing, damage. */
static void other_formats_break_row_1(void **state) {
        uint8_t bytes[2 * HEADER] = { 0 };
        struct luks_verdict verdict;

        (void) state;
        verdict = judge(bytes, sizeof bytes, CATEGORY_MEDIA, NULL);
        expect_row(&verdict, "zeros", 1, LUKS_REFUSE);
        verdict = judge(bytes, sizeof bytes, CATEGORY_BASICA, NULL);
        assert_int_equal(verdict.decision, LUKS_ACCEPT);
        assert_false(verdict.encrypted);
        verdict = judge(bytes, 0, CATEGORY_MEDIA, NULL);
        expect_row(&verdict, "an empty device", 1, LUKS_REFUSE);

        memcpy(bytes, "LUKS\xba\xbe\0\1", 8);
        memcpy(bytes + 8, "aes", 3);
        memcpy(bytes + 40, "xts-plain64", 11);
        verdict = judge(bytes, sizeof bytes, CATEGORY_MEDIA, NULL);
        expect_row(&verdict, "LUKS1 in MEDIA", 1, LUKS_READ_ONLY);
        verdict = judge(bytes, sizeof bytes, CATEGORY_ALTA, NULL);
        expect_row(&verdict, "LUKS1 in ALTA", 1, LUKS_REFUSE);
        bytes[7] = 3;
        verdict = judge(bytes, sizeof bytes, CATEGORY_MEDIA, NULL);
        expect_row(&verdict, "LUKS3", 1, LUKS_REFUSE);
}

static void a_truncated_header_breaks_row_1(void **state) {
        static const size_t lengths[] = { 7, 8, 9, 511, 512, 4095, 4096, 4097, HEADER - 1, HEADER, 2 * HEADER - 1 };

        (void) state;
        for (size_t i = 0; i < COUNT(lengths); i++) {
                /* A buffer of just that size, so that the sanitizer sees a read beyond it. */
                _cleanup_free_ uint8_t *bytes = malloc(lengths[i]);
                struct luks_verdict verdict;

                memcpy(bytes, good[CATEGORY_MEDIA].bytes, lengths[i]);
                verdict = judge(bytes, lengths[i], CATEGORY_MEDIA, NULL);
                expect_row(&verdict, "truncated", 1, LUKS_REFUSE);
        }
}

static void every_single_bit_is_covered(void **state) {
        _cleanup_free_ uint8_t *bytes = malloc(2 * HEADER);

        (void) state;
        memcpy(bytes, good[CATEGORY_MEDIA].bytes, 2 * HEADER);
        for (size_t at = 0; at < 2 * HEADER; at += 37) {
                struct luks_verdict verdict;

                /* Padding after the checksum's own bytes (SHA-256 uses 32 of 64) is not covered by the format. */
                if (at % HEADER >= 448 + 32 && at % HEADER < 512)
                        continue;
                bytes[at] ^= 4;
                verdict = judge(bytes, 2 * HEADER, CATEGORY_MEDIA, NULL);
                if (verdict.decision != LUKS_REFUSE || verdict.findings[0].row != 1)
                        fail_msg("byte %zu changed and the header is accepted", at);
                bytes[at] ^= 4;
        }
}

static void two_faces_break_row_1(void **state) {
        _cleanup_free_ uint8_t *bytes = malloc(2 * HEADER);
        uint64_t seqid = htobe64(9999);
        struct luks_verdict verdict;

        (void) state;
        /* Both copies whole; cryptsetup would take the second one, whose seqid is higher. */
        memcpy(bytes, good[CATEGORY_MEDIA].bytes, 2 * HEADER);
        memcpy(bytes + HEADER + 16, &seqid, sizeof seqid);
        seal(bytes + HEADER);
        verdict = judge(bytes, 2 * HEADER, CATEGORY_MEDIA, NULL);
        expect_row(&verdict, "two faces", 1, LUKS_REFUSE);

        /* Only the second copy: cryptsetup would bring the first back from it. */
        memcpy(bytes, good[CATEGORY_MEDIA].bytes, 2 * HEADER);
        memset(bytes, 0, HEADER);
        verdict = judge(bytes, 2 * HEADER, CATEGORY_BASICA, NULL);
        expect_row(&verdict, "second copy only", 1, LUKS_REFUSE);
}

static void json_that_two_parsers_read_differently(void **state) {
        static const char *const texts[] = {
                "{\"keyslots\":{},\"keyslots\":{}}", "{}x", "[]", "{\"keyslots\":", "nul", "\"\\u0000\"", "",
        };
        _cleanup_free_ uint8_t *bytes = malloc(2 * HEADER);
        _cleanup_free_ char *deep = malloc(9001);

        (void) state;
        memcpy(bytes, good[CATEGORY_MEDIA].bytes, 2 * HEADER);
        for (size_t i = 0; i < COUNT(texts); i++) {
                struct luks_verdict verdict;

                put_json(bytes, texts[i]);
                verdict = judge(bytes, 2 * HEADER, CATEGORY_MEDIA, NULL);
                expect_row(&verdict, texts[i], 1, LUKS_REFUSE);
        }
        memset(deep, '[', 9000);
        deep[9000] = '\0';
        put_json(bytes, deep);
        struct luks_verdict verdict = judge(bytes, 2 * HEADER, CATEGORY_MEDIA, NULL);
        expect_row(&verdict, "deep nesting", 1, LUKS_REFUSE);
}

/* X2: a parser is not handed what would take it a hundred times its size in memory. */
static void json_of_very_many_values(void **state) {
        _cleanup_luks_facts_ struct luks_facts facts = { 0 };
        _cleanup_free_ uint8_t *bytes = malloc(2 * HEADER);
        char wide[9010] = "{\"tokens\":[";

        (void) state;
        memcpy(bytes, good[CATEGORY_MEDIA].bytes, 2 * HEADER);
        for (size_t n = strlen(wide); n + 6 < sizeof wide; n += 3)
                memcpy(wide + n, "[],", 4);
        (void) strcat(wide, "0]}");
        put_json(bytes, wide);
        assert_int_equal(luks_parse(bytes, 2 * HEADER, &facts, NULL), 0);
        assert_int_equal(facts.state, LUKS_DAMAGED);
        assert_non_null(strstr(facts.damage, "too many values"));
}

/* Rows 7 to 11 need what the registry knows. */
static void rows_that_need_the_registry(void **state) {
        const struct luks_facts *facts = &good[CATEGORY_MEDIA].facts;
        struct luks_known known = { .seqid = facts->seqid, .slots_n = facts->slots_n };
        struct luks_verdict verdict;

        (void) state;
        for (size_t i = 0; i < facts->slots_n; i++) {
                known.slots[i].number = facts->slots[i].number;
                known.slots[i].use = i == 0 ? LUKS_USE_MACHINE : LUKS_USE_RECOVERY;
                memcpy(known.slots[i].salt_digest, facts->slots[i].salt_digest, sizeof known.slots[i].salt_digest);
        }
        verdict = judge(good[CATEGORY_MEDIA].bytes, 2 * HEADER, CATEGORY_MEDIA, &known);
        expect_row(&verdict, "as registered", 0, LUKS_ACCEPT);

        known.seqid++;
        verdict = judge(good[CATEGORY_MEDIA].bytes, 2 * HEADER, CATEGORY_MEDIA, &known);
        expect_row(&verdict, "older than registered", 11, LUKS_READ_ONLY);
        known.seqid--;

        /* The same slot number with another salt is not the machine's slot that was registered. */
        known.slots[0].salt_digest[0] = known.slots[0].salt_digest[0] == 'a' ? 'b' : 'a';
        verdict = judge(good[CATEGORY_MEDIA].bytes, 2 * HEADER, CATEGORY_MEDIA, &known);
        expect_row(&verdict, "another salt", 9, LUKS_REFUSE);

        /* A number that nobody registered: a person's slot until shown otherwise, and far too cheap for one. */
        known.slots[0].number = 7;
        verdict = judge(good[CATEGORY_MEDIA].bytes, 2 * HEADER, CATEGORY_MEDIA, &known);
        assert_int_equal(verdict.findings_n, 2);
        assert_int_equal(verdict.findings[0].row, 8);
        assert_int_equal(verdict.findings[1].row, 10);
        assert_int_equal(verdict.decision, LUKS_REFUSE);
}

static void a_foreign_token_is_told(void **state) {
        static const struct change token = { { "tokens", "3" }, "{\"type\":\"other\",\"keyslots\":[]}" };
        struct luks_known known = { .slots_n = 2 };

        (void) state;
        for (int category = CATEGORY_MEDIA; category <= CATEGORY_ALTA; category++) {
                _cleanup_free_ uint8_t *bytes = changed((enum category) category, &token, 1);
                struct luks_verdict verdict;

                for (size_t i = 0; i < 2; i++) {
                        known.slots[i].number = good[category].facts.slots[i].number;
                        known.slots[i].use = LUKS_USE_MACHINE;
                        memcpy(known.slots[i].salt_digest, good[category].facts.slots[i].salt_digest, 65);
                }
                verdict = judge(bytes, 2 * HEADER, (enum category) category, &known);
                expect_row(&verdict, "foreign token", 10, category == CATEGORY_ALTA ? LUKS_REFUSE : LUKS_WARN);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_we_make_is_accepted),
                cmocka_unit_test(cryptsetup_reads_the_same),
                cmocka_unit_test(the_secrets_open_their_slots),
                cmocka_unit_test(each_bad_header_breaks_its_row),
                cmocka_unit_test(a_weaker_header_is_right_for_MEDIA),
                cmocka_unit_test(other_formats_break_row_1),
                cmocka_unit_test(a_truncated_header_breaks_row_1),
                cmocka_unit_test(every_single_bit_is_covered),
                cmocka_unit_test(two_faces_break_row_1),
                cmocka_unit_test(json_that_two_parsers_read_differently),
                cmocka_unit_test(json_of_very_many_values),
                cmocka_unit_test(rows_that_need_the_registry),
                cmocka_unit_test(a_foreign_token_is_told),
        };

        return cmocka_run_group_tests(tests, make_headers, drop_headers);
}
