/* C1, C2, C6, C7: a generator for each way in which a header can be malformed or hostile, all with right checksums.
 * Each gets exactly its row, with the decision of each category. What a single changed member does is in
 * test_luks.c.
 */
#include "unit/luks_headers.h"

#include <endian.h>

#include "encrypt/mac.h"
#include "policy/rule.h"
#include "sign/openssl.h"

enum { NONE = LUKS_ACCEPT, WARN = LUKS_WARN, READ = LUKS_READ_ONLY, REFUSE = LUKS_REFUSE };

/* --- tools --------------------------------------------------------------------------------------------------- */

static json_t *root_of(const uint8_t *bytes) {
        json_t *root = json_loads((const char *) bytes + JSON_AT, 0, NULL);

        assert_non_null(root);
        return root;
}

static void put_root(uint8_t *bytes, json_t *root) {
        char *text = json_dumps(root, JSON_COMPACT);

        assert_non_null(text);
        put_json(bytes, text);
        free(text);
        json_decref(root);
}

/* Both headers, as text: what jansson would not write. */
static void replace(uint8_t *bytes, const char *old, const char *new) {
        const char *json = (const char *) bytes + JSON_AT, *at = strstr(json, old);
        char text[HEADER];

        assert_non_null(at);
        assert_true(snprintf(text, sizeof text, "%.*s%s%s", (int) (at - json), json, new, at + strlen(old)) <
                    (int) sizeof text);
        put_json(bytes, text);
}

static json_t *slot_of(json_t *root, const char *number) {
        json_t *slot = json_object_get(json_object_get(root, "keyslots"), number);

        assert_non_null(slot);
        return slot;
}

static json_t *segment_of(json_t *root) {
        return json_object_get(json_object_get(root, "segments"), "0");
}

/* A third slot behind the two of ours, with this key derivation. */
static void add_slot(uint8_t *bytes, const char *kdf) {
        json_t *root = root_of(bytes), *slot = json_deep_copy(slot_of(root, "1"));
        json_t *area = json_object_get(slot, "area"),
               *digest = json_object_get(json_object_get(root, "digests"), "0");
        char offset[24];

        (void) snprintf(offset, sizeof offset, "%lld",
                        strtoll(json_string_value(json_object_get(area, "offset")), NULL, 10) +
                                strtoll(json_string_value(json_object_get(area, "size")), NULL, 10));
        assert_int_equal(json_object_set_new(area, "offset", json_string(offset)), 0);
        assert_int_equal(json_object_set_new(slot, "kdf", json_loads(kdf, 0, NULL)), 0);
        assert_int_equal(json_object_set_new(json_object_get(root, "keyslots"), "2", slot), 0);
        assert_int_equal(json_array_append_new(json_object_get(digest, "keyslots"), json_string("2")), 0);
        put_root(bytes, root);
}

static void add_token(uint8_t *bytes, const char *number, const char *token) {
        json_t *root = root_of(bytes);

        assert_int_equal(json_object_set_new(json_object_get(root, "tokens"), number, json_loads(token, 0, NULL)),
                         0);
        put_root(bytes, root);
}

static void set_u64(uint8_t *header, size_t at, uint64_t value) {
        value = htobe64(value);
        memcpy(header + at, &value, sizeof value);
        seal(header);
}

/* --- row 1 --------------------------------------------------------------------------------------------------- */

static void no_header(uint8_t *bytes) {
        memset(bytes, 0, 2 * HEADER);
}

static void luks1(uint8_t *bytes) {
        memset(bytes, 0, 2 * HEADER);
        memcpy(bytes, "LUKS\xba\xbe\0\1", 8);
        memcpy(bytes + 8, "aes", 3);
        memcpy(bytes + 40, "xts-plain64", 11);
        memcpy(bytes + 72, "sha256", 6);
        bytes[111] = 64;
        memcpy(bytes + 168, "11111111-2222-4333-8444-555555555555", 36);
}

static void deep_nesting(uint8_t *bytes) {
        char bomb[8200] = "{\"keyslots\":{},\"x\":";

        memset(bomb + strlen(bomb), '[', 3000);
        memset(bomb + strlen(bomb), ']', 3000);
        (void) strcat(bomb, ",");
        replace(bytes, "{", bomb);
}

static void very_many_values(uint8_t *bytes) {
        char bomb[10000] = "{\"x\":[";

        while (strlen(bomb) < 8500)
                (void) strcat(bomb, "0,");
        (void) strcat(bomb, "0],");
        replace(bytes, "{", bomb);
}

static void a_huge_number(uint8_t *bytes) {
        replace(bytes, "\"key_size\":", "\"key_size\":123456789012345678901234567890,\"was\":");
}

static void an_infinite_number(uint8_t *bytes) {
        replace(bytes, "\"sector_size\":512", "\"sector_size\":1e999");
}

static void a_real_number(uint8_t *bytes) {
        replace(bytes, "\"sector_size\":512", "\"sector_size\":512.0");
}

static void a_real_number_that_nobody_reads(uint8_t *bytes) {
        replace(bytes, "\"sector_size\":512", "\"sector_size\":512,\"x\":0.5");
}

static void a_duplicate_object(uint8_t *bytes) {
        replace(bytes, "\"segments\":", "\"segments\":{},\"segments\":");
}

static void a_duplicate_member(uint8_t *bytes) {
        replace(bytes, "\"encryption\":\"aes-xts-plain64\"",
                "\"encryption\":\"cipher_null-ecb\",\"encryption\":\"aes-xts-plain64\"");
}

static void an_escaped_duplicate(uint8_t *bytes) {
        replace(bytes, "\"segments\":", "\"se\\u0067ments\":{},\"segments\":");
}

static void a_NUL_in_a_name(uint8_t *bytes) {
        replace(bytes, "\"aes-xts-plain64\"", "\"aes-xts-plain64\\u0000-ecb\"");
}

static void null_for_a_cipher(uint8_t *bytes) {
        json_t *root = root_of(bytes);

        (void) json_object_set_new(segment_of(root), "encryption", json_null());
        put_root(bytes, root);
}

static void both_headers_differ(uint8_t *bytes) {
        uint8_t *second = malloc(2 * HEADER);

        memcpy(second, bytes, 2 * HEADER);
        replace(second, "\"aes-xts-plain64\"", "\"aes-ecb-plain64\"");
        memcpy(bytes + HEADER, second + HEADER, HEADER);
        free(second);
}

static void a_second_header_alone(uint8_t *bytes) {
        memset(bytes, 0, HEADER);
}

static void a_first_header_alone(uint8_t *bytes) {
        memset(bytes + HEADER, 0, HEADER);
}

static void an_offset_of_its_own_that_is_wrong(uint8_t *bytes) {
        set_u64(bytes, 256, 4096);
}

static void a_header_size_of_its_own(uint8_t *bytes) {
        set_u64(bytes, 8, 12345);
}

static void a_seqid_beyond_numbers(uint8_t *bytes) {
        set_u64(bytes, 16, UINT64_MAX);
        set_u64(bytes + HEADER, 16, UINT64_MAX);
}

static void another_checksum(uint8_t *bytes) {
        memcpy(bytes + 72, "crc32c\0", 7);
        seal(bytes);
}

static void a_UUID_without_an_end(uint8_t *bytes) {
        for (int copy = 0; copy < 2; copy++) {
                memset(bytes + copy * HEADER + 168, 'a', 40);
                seal(bytes + copy * HEADER);
        }
}

static void a_JSON_area_of_another_size(uint8_t *bytes) {
        replace(bytes, "\"json_size\":\"12288\"", "\"json_size\":\"16384\"");
}

static void too_many_slots(uint8_t *bytes) {
        json_t *root = root_of(bytes), *slots = json_object_get(root, "keyslots");
        char number[8];

        for (int i = 2; i < 33; i++) {
                (void) snprintf(number, sizeof number, "%d", i);
                (void) json_object_set_new(slots, number, json_loads("{\"type\":\"luks2\"}", 0, NULL));
        }
        put_root(bytes, root);
}

static void too_many_tokens(uint8_t *bytes) {
        json_t *root = root_of(bytes), *tokens = json_object_get(root, "tokens");
        char number[8];

        for (int i = 0; i < 33; i++) {
                (void) snprintf(number, sizeof number, "%d", i);
                (void) json_object_set_new(tokens, number, json_loads("{\"type\":\"t\",\"keyslots\":[]}", 0, NULL));
        }
        put_root(bytes, root);
}

/* --- row 2 --------------------------------------------------------------------------------------------------- */

static void opal(uint8_t *bytes) {
        json_t *root = root_of(bytes);

        (void) json_object_set_new(segment_of(root), "type", json_string("hw-opal-crypt"));
        (void) json_object_set_new(json_object_get(root, "config"), "requirements",
                                   json_loads("{\"mandatory\":[\"opal\"]}", 0, NULL));
        put_root(bytes, root);
}

static void integrity_requirement(uint8_t *bytes) {
        replace(bytes, "\"config\":{", "\"config\":{\"requirements\":{\"mandatory\":[\"inline-hw-tags\"]},");
}

/* As libcryptsetup leaves it in the midst of `cryptsetup reencrypt --resilience journal`. */
static void a_reencryption(uint8_t *bytes) {
        json_t *root = root_of(bytes), *segments = json_object_get(root, "segments"), *area;
        json_t *slot = json_pack("{s:s, s:i, s:s, s:s, s:{s:s, s:s, s:s}}", "type", "reencrypt", "key_size", 1,
                                 "mode", "reencrypt", "direction", "forward", "area", "type", "journal", "offset",
                                 "", "size", "65536");
        char offset[24];

        area = json_object_get(slot_of(root, "1"), "area");
        (void) snprintf(offset, sizeof offset, "%lld",
                        strtoll(json_string_value(json_object_get(area, "offset")), NULL, 10) +
                                strtoll(json_string_value(json_object_get(area, "size")), NULL, 10));
        (void) json_object_set_new(json_object_get(slot, "area"), "offset", json_string(offset));
        (void) json_object_set_new(json_object_get(root, "keyslots"), "2", slot);
        (void) json_object_set_new(json_object_get(root, "config"), "requirements",
                                   json_loads("{\"mandatory\":[\"online-reencrypt-v2\"]}", 0, NULL));
        for (int i = 1; i < 4; i++) {
                json_t *more = json_deep_copy(segment_of(root));
                char number[4], at[24];

                (void) snprintf(number, sizeof number, "%d", i);
                (void) snprintf(at, sizeof at, "%d", (16 << 20) + i * 65536);
                (void) json_object_set_new(more, "offset", json_string(at));
                if (i > 1)
                        (void) json_object_set_new(
                                more, "flags",
                                json_loads(i == 2 ? "[\"backup-previous\"]" : "[\"backup-final\"]", 0, NULL));
                (void) json_object_set_new(segments, number, more);
        }
        (void) json_object_set_new(segment_of(root), "size", json_string("65536"));
        put_root(bytes, root);
}

/* Under cover of it, data in clear. */
static void a_decryption(uint8_t *bytes) {
        a_reencryption(bytes);
        replace(bytes, "\"type\":\"crypt\"", "\"type\":\"linear\"");
}

static void sectors_of_a_strange_size(uint8_t *bytes) {
        replace(bytes, "\"sector_size\":512", "\"sector_size\":520");
}

static void data_between_sectors(uint8_t *bytes) {
        replace(bytes, "\"offset\":\"16777216\"", "\"offset\":\"16777217\"");
}

/* --- rows 3 to 6, 12 ----------------------------------------------------------------------------------------- */

static void one_stripe(uint8_t *bytes) {
        replace(bytes, "\"stripes\":4000", "\"stripes\":1");
}

static void detached(uint8_t *bytes) {
        replace(bytes, "\"offset\":\"16777216\"", "\"offset\":\"0\"");
}

static void a_region_over_the_data(uint8_t *bytes) {
        replace(bytes, "\"keyslots_size\":\"16744448\"", "\"keyslots_size\":\"16748544\"");
}

static void a_null_slot(uint8_t *bytes) {
        json_t *root = root_of(bytes);

        (void) json_object_set_new(json_object_get(slot_of(root, "1"), "area"), "encryption",
                                   json_string("cipher_null-ecb"));
        put_root(bytes, root);
}

static void a_checksum_by_SHA_1(uint8_t *bytes) {
        for (int copy = 0; copy < 2; copy++) {
                uint8_t *header = bytes + copy * HEADER;
                unsigned n = 0;

                memset(header + 72, 0, 32);
                memcpy(header + 72, "sha1", 4);
                memset(header + 448, 0, 64);
                assert_int_equal(EVP_Digest(header, HEADER, header + 448, &n, EVP_sha1(), NULL), 1);
        }
}

/* --- rows 7 to 11 -------------------------------------------------------------------------------------------- */

#define ARGON2ID(time, memory)                                                                                     \
        "{\"type\":\"argon2id\",\"salt\":\"c2FsdA==\",\"time\":" #time ",\"memory\":" #memory ",\"cpus\":4}"
#define PBKDF2(iterations)                                                                                         \
        "{\"type\":\"pbkdf2\",\"salt\":\"c2FsdA==\",\"hash\":\"sha256\",\"iterations\":" #iterations "}"

static void argon2id_of_few_passes(uint8_t *bytes) {
        add_slot(bytes, ARGON2ID(3, 1048576));
}
static void argon2id_of_little_memory(uint8_t *bytes) {
        add_slot(bytes, ARGON2ID(4, 65535));
}
static void argon2id_for_MEDIA(uint8_t *bytes) {
        add_slot(bytes, ARGON2ID(4, 65536));
}
static void argon2id_for_ALTA(uint8_t *bytes) {
        add_slot(bytes, ARGON2ID(4, 262144));
}
static void cheap_pbkdf2(uint8_t *bytes) {
        add_slot(bytes, PBKDF2(599999));
}
static void dear_pbkdf2(uint8_t *bytes) {
        add_slot(bytes, PBKDF2(600000));
}
static void a_foreign_token(uint8_t *bytes) {
        add_token(bytes, "7", "{\"type\":\"systemd-tpm2\",\"keyslots\":[\"0\"]}");
}
static void a_second_token_of_ours(uint8_t *bytes) {
        add_token(bytes, "7", "{\"type\":\"mpsi\",\"keyslots\":[],\"classification\":\"PUBLICO\"}");
}
static void a_second_mac(uint8_t *bytes) {
        add_token(bytes, "7", "{\"type\":\"mpsi-mac\",\"keyslots\":[],\"algorithm\":\"hmac-sha256\"}");
}
static void as_it_is(uint8_t *bytes) {
        (void) bytes;
}
static void a_mac_of_tomorrow(uint8_t *bytes) {
        replace(bytes, "\"hmac-sha256\"", "\"kmac256\"");
}
static void a_mac_without_an_algorithm(uint8_t *bytes) {
        replace(bytes, "\"algorithm\":\"hmac-sha256\",", "");
}
static void no_mac(uint8_t *bytes) {
        json_t *root = root_of(bytes);

        (void) json_object_del(json_object_get(root, "tokens"), "1");
        put_root(bytes, root);
}
static void a_label_of_another_priority(uint8_t *bytes) {
        replace(bytes, "\"key_size\":", "\"priority\":2,\"key_size\":");
}

/* As a hybrid slot might look one day. */
static void a_slot_of_tomorrow(uint8_t *bytes) {
        json_t *root = root_of(bytes), *slot = slot_of(root, "1");

        (void) json_object_set_new(slot, "type", json_string("luks2-kem"));
        (void) json_object_set_new(slot, "kem", json_string("p384+ml-kem-1024"));
        put_root(bytes, root);
}

/* What the registry says: by default, just what stands there and that slots 0 and 1 are the machine's. */
static void human(struct luks_known *known) {
        known->slots[2].use = LUKS_USE_HUMAN;
}
static void human_strict(struct luks_known *known) {
        known->slots[2].use = LUKS_USE_HUMAN;
        known->profile = PROFILE_STRICT_807;
}
static void two_slots(struct luks_known *known) {
        known->slots_n = 2;
}
static void foreign(struct luks_known *known) {
        *known = (struct luks_known){ .foreign = true };
}
static void ours_is_under_way(struct luks_known *known) {
        known->reencrypting = true;
        known->slots_n = 2;
}
static void another_machine_salt(struct luks_known *known) {
        known->slots[0].salt_digest[5] ^= 1;
}
static void another_recovery_salt(struct luks_known *known) {
        known->slots[1].salt_digest[5] ^= 1;
}
static void another_human_salt(struct luks_known *known) {
        known->slots[2].use = LUKS_USE_HUMAN;
        known->slots[2].salt_digest[5] ^= 1;
}
static void a_later_header(struct luks_known *known) {
        known->seqid++;
}
static void other_contents(struct luks_known *known) {
        known->canonical[0] ^= 1;
}
static void a_mac_was_registered(struct luks_known *known) {
        memset(known->mac, 'a', sizeof known->mac - 1);
}
static void no_mac_was_registered(struct luks_known *known) {
        known->mac[0] = known->canonical[0] = '\0';
}

/* --- the table ----------------------------------------------------------------------------------------------- */

static const struct {
        const char *name;
        void (*make)(uint8_t *bytes);
        void (*registry)(struct luks_known *known); /* NULL: two_slots */
        int row;
        int media, alta; /* decisions */
} cases[] = {
        { "a good header", as_it_is, NULL, 0, NONE, NONE },
        { "no header", no_header, NULL, 1, REFUSE, REFUSE },
        { "LUKS1", luks1, NULL, 1, READ, REFUSE },
        { "deep nesting", deep_nesting, NULL, 1, REFUSE, REFUSE },
        { "very many values", very_many_values, NULL, 1, REFUSE, REFUSE },
        { "a huge number", a_huge_number, NULL, 1, REFUSE, REFUSE },
        { "an infinite number", an_infinite_number, NULL, 1, REFUSE, REFUSE },
        { "a real number", a_real_number, NULL, 1, REFUSE, REFUSE },
        { "a real number that nobody reads", a_real_number_that_nobody_reads, NULL, 1, REFUSE, REFUSE },
        { "a duplicate object", a_duplicate_object, NULL, 1, REFUSE, REFUSE },
        { "a duplicate member", a_duplicate_member, NULL, 1, REFUSE, REFUSE },
        { "a duplicate by an escape", an_escaped_duplicate, NULL, 1, REFUSE, REFUSE },
        { "a NUL in a name", a_NUL_in_a_name, NULL, 1, REFUSE, REFUSE },
        { "null for a cipher", null_for_a_cipher, NULL, 1, REFUSE, REFUSE },
        { "both headers differ", both_headers_differ, NULL, 1, REFUSE, REFUSE },
        { "a second header alone", a_second_header_alone, NULL, 1, REFUSE, REFUSE },
        { "a first header alone", a_first_header_alone, NULL, 1, REFUSE, REFUSE },
        { "a wrong offset of its own", an_offset_of_its_own_that_is_wrong, NULL, 1, REFUSE, REFUSE },
        { "a header size of its own", a_header_size_of_its_own, NULL, 1, REFUSE, REFUSE },
        { "a seqid beyond numbers", a_seqid_beyond_numbers, NULL, 1, REFUSE, REFUSE },
        { "another checksum", another_checksum, NULL, 1, REFUSE, REFUSE },
        { "a UUID without an end", a_UUID_without_an_end, NULL, 1, REFUSE, REFUSE },
        { "a JSON area of another size", a_JSON_area_of_another_size, NULL, 1, REFUSE, REFUSE },
        { "too many slots", too_many_slots, NULL, 1, REFUSE, REFUSE },
        { "too many tokens", too_many_tokens, NULL, 1, REFUSE, REFUSE },
        { "OPAL", opal, NULL, 2, REFUSE, REFUSE },
        { "an unknown requirement", integrity_requirement, NULL, 2, REFUSE, REFUSE },
        { "a re-encryption that is not ours", a_reencryption, NULL, 2, REFUSE, REFUSE },
        { "a re-encryption of ours", a_reencryption, ours_is_under_way, 2, WARN, WARN },
        { "a decryption while ours is under way", a_decryption, ours_is_under_way, 2, REFUSE, REFUSE },
        { "sectors of a strange size", sectors_of_a_strange_size, NULL, 2, REFUSE, REFUSE },
        { "data between sectors", data_between_sectors, NULL, 2, REFUSE, REFUSE },
        { "one stripe", one_stripe, NULL, 5, REFUSE, REFUSE },
        { "a detached header", detached, NULL, 6, REFUSE, REFUSE },
        { "a region over the data", a_region_over_the_data, NULL, 6, REFUSE, REFUSE },
        { "a null slot", a_null_slot, NULL, 12, REFUSE, REFUSE },
        { "a checksum by SHA-1", a_checksum_by_SHA_1, NULL, 12, REFUSE, REFUSE },
        { "a person's slot of few passes", argon2id_of_few_passes, human, 7, REFUSE, REFUSE },
        { "a person's slot of little memory", argon2id_of_little_memory, human, 7, REFUSE, REFUSE },
        { "a person's slot for ALTA", argon2id_for_ALTA, human, 0, NONE, NONE },
        { "a person's slot, strict", argon2id_for_ALTA, human_strict, 7, REFUSE, REFUSE },
        { "a person's cheap PBKDF2", cheap_pbkdf2, human, 8, REFUSE, REFUSE },
        { "a person's cheap PBKDF2, strict", cheap_pbkdf2, human_strict, 8, REFUSE, REFUSE },
        { "a person's dear PBKDF2", dear_pbkdf2, human, 0, NONE, NONE },
        { "a person's dear PBKDF2, strict", dear_pbkdf2, human_strict, 0, NONE, NONE },
        { "slots of nobody's registry", as_it_is, foreign, 8, REFUSE, REFUSE },
        { "another machine slot", as_it_is, another_machine_salt, 9, REFUSE, REFUSE },
        { "another recovery slot", as_it_is, another_recovery_salt, 9, REFUSE, REFUSE },
        { "an unknown slot", argon2id_for_ALTA, two_slots, 10, WARN, REFUSE },
        { "an unknown slot of PBKDF2", dear_pbkdf2, two_slots, 10, WARN, REFUSE },
        { "another person's slot", argon2id_for_ALTA, another_human_salt, 10, WARN, REFUSE },
        { "a slot of tomorrow", a_slot_of_tomorrow, NULL, 10, REFUSE, REFUSE },
        { "a foreign token", a_foreign_token, NULL, 10, WARN, REFUSE },
        { "a second token of ours", a_second_token_of_ours, NULL, 10, WARN, REFUSE },
        { "a second MAC", a_second_mac, NULL, 10, WARN, REFUSE },
        { "an older header", as_it_is, a_later_header, 11, READ, REFUSE },
        { "other contents", as_it_is, other_contents, 11, READ, REFUSE },
        { "another MAC", as_it_is, a_mac_was_registered, 11, READ, REFUSE },
        { "no MAC", no_mac, a_mac_was_registered, 11, READ, REFUSE },
        { "a header of before there was a MAC", no_mac, no_mac_was_registered, 11, WARN, WARN },
        { "a MAC by an unknown algorithm", a_mac_of_tomorrow, NULL, 11, REFUSE, REFUSE },
        { "a MAC by no algorithm", a_mac_without_an_algorithm, NULL, 11, REFUSE, REFUSE },
        { "a member that nobody knows", a_label_of_another_priority, NULL, 0, NONE, NONE },
};

/* The header is registered as it stands: what is left is what the case is about. */
static void fill_known(const struct luks_facts *facts, struct luks_known *known) {
        *known = (struct luks_known){ .seqid = facts->seqid };
        (void) snprintf(known->uuid, sizeof known->uuid, "%s", facts->uuid[0] ? facts->uuid : "-");
        memcpy(known->canonical, facts->canonical, sizeof known->canonical);
        memcpy(known->mac, facts->mac.value, sizeof known->mac);
        for (size_t i = 0; i < facts->slots_n && strcmp(facts->slots[i].type, "luks2") == 0; i++) {
                known->slots[i].number = facts->slots[i].number;
                known->slots[i].use = i == 0 ? LUKS_USE_MACHINE : i == 1 ? LUKS_USE_RECOVERY : LUKS_USE_UNKNOWN;
                memcpy(known->slots[i].salt_digest, facts->slots[i].salt_digest, 65);
                known->slots_n = i + 1;
        }
}

static void judge_case(size_t i, enum category category) {
        _cleanup_free_ uint8_t *bytes = malloc(2 * HEADER);
        _cleanup_luks_facts_ struct luks_facts facts = { 0 };
        struct luks_verdict verdict;
        struct luks_known known;
        struct error err;

        memcpy(bytes, good[category].bytes, 2 * HEADER);
        cases[i].make(bytes);
        assert_int_equal(luks_parse(bytes, 2 * HEADER, &facts, &err), 0);
        fill_known(&facts, &known);
        if (cases[i].registry)
                cases[i].registry(&known);
        luks_judge(&facts, category, &known, &verdict);
        expect_row(&verdict, cases[i].name, cases[i].row,
                   (enum luks_decision)(category == CATEGORY_ALTA ? cases[i].alta : cases[i].media));
        /* U9: in ALTA, and there only, whoever finds row 11 broken opens an incident. */
        assert_int_equal(verdict.incident, cases[i].row == 11 && category == CATEGORY_ALTA &&
                                                   verdict.decision == LUKS_REFUSE &&
                                                   strcmp(verdict.findings[0].rule, "C2") == 0);
        /* Each finding says what to do next, in both languages. */
        for (size_t f = 0; f < verdict.findings_n; f++) {
                struct text remedy = luks_finding_remedy(&verdict.findings[f]);

                assert_true(*remedy.es && *remedy.en && *verdict.findings[f].es && *verdict.findings[f].en);
        }
}

static void each_generator_gets_exactly_its_row(void **state) {
        (void) state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                judge_case(i, CATEGORY_MEDIA);
                judge_case(i, CATEGORY_ALTA);
        }
}

/* The one cost that differs between categories. */
static void memory_of_MEDIA_is_not_enough_for_ALTA(void **state) {
        _cleanup_free_ uint8_t *bytes = malloc(2 * HEADER);
        _cleanup_luks_facts_ struct luks_facts facts = { 0 };
        struct luks_verdict verdict;
        struct luks_known known;
        struct error err;

        (void) state;
        memcpy(bytes, good[CATEGORY_ALTA].bytes, 2 * HEADER);
        argon2id_for_MEDIA(bytes);
        assert_int_equal(luks_parse(bytes, 2 * HEADER, &facts, &err), 0);
        fill_known(&facts, &known);
        human(&known);
        luks_judge(&facts, CATEGORY_MEDIA, &known, &verdict);
        expect_row(&verdict, "64 MiB in MEDIA", 0, LUKS_ACCEPT);
        luks_judge(&facts, CATEGORY_ALTA, &known, &verdict);
        expect_row(&verdict, "64 MiB in ALTA", 7, LUKS_REFUSE);
        assert_int_equal(verdict.slots[2].use, LUKS_USE_HUMAN);
        assert_int_equal(verdict.slots[2].decision, LUKS_REFUSE);
        assert_int_equal(verdict.slots[0].use, LUKS_USE_MACHINE);
        assert_int_equal(verdict.slots[0].decision, LUKS_ACCEPT);
}

/* LUKS1 is old, and may be badly encrypted besides. */
static void LUKS1_is_held_to_row_12(void **state) {
        static const struct {
                const char *cipher, *mode, *hash;
                bool bad;
        } media[] = { { "aes", "xts-plain64", "sha256", false }, { "aes", "cbc-essiv:sha256", "sha256", false },
                      { "aes", "xts-plain64", "sha1", true },    { "aes", "cbc-plain", "sha256", true },
                      { "aes", "ecb", "sha256", true },          { "cipher_null", "ecb", "sha256", true } };

        (void) state;
        for (size_t i = 0; i < COUNT(media); i++) {
                uint8_t bytes[2 * HEADER];
                struct luks_verdict verdict;

                luks1(bytes);
                memset(bytes + 8, 0, 96);
                memcpy(bytes + 8, media[i].cipher, strlen(media[i].cipher));
                memcpy(bytes + 40, media[i].mode, strlen(media[i].mode));
                memcpy(bytes + 72, media[i].hash, strlen(media[i].hash));
                verdict = judge(bytes, sizeof bytes, CATEGORY_MEDIA, NULL);
                assert_int_equal(verdict.findings[0].row, 1);
                assert_int_equal(verdict.findings_n, media[i].bad ? 2 : 1);
                assert_int_equal(verdict.decision, media[i].bad ? LUKS_REFUSE : LUKS_READ_ONLY);
                if (media[i].bad)
                        assert_int_equal(verdict.findings[1].row, 12);
        }
}

/* Every row has a rule that exists, a source, and both texts in both languages. */
static void the_table_is_whole(void **state) {
        bool judged[13] = { true };

        (void) state;
        assert_int_equal(luks_rows_n, 12);
        for (size_t i = 0; i < luks_rows_n; i++) {
                const struct luks_row *row = &luks_rows[i];

                assert_int_equal(row->row, i + 1);
                assert_non_null(rule_find(row->rule));
                assert_true(*row->source && *row->says.es && *row->says.en && *row->remedy.es && *row->remedy.en);
        }
        for (size_t i = 0; i < COUNT(cases); i++)
                judged[cases[i].row] = true;
        /* Rows 3 and 4 break by one changed member: test_luks.c. */
        for (int row = 0; row < (int) COUNT(judged); row++)
                assert_true(judged[row] || row == 3 || row == 4);
}

/* What a new slot of a person is made with passes its own row. */
static void a_new_persons_slot_passes(void **state) {
        (void) state;
        for (int profile = 0; profile < CRYPTO_PROFILES; profile++)
                for (int category = CATEGORY_MEDIA; category <= CATEGORY_ALTA; category++) {
                        struct luks_kdf kdf = luks_human_kdf((enum crypto_profile) profile,
                                                             (enum category) category);
                        struct luks_facts facts = good[category].facts;
                        struct luks_verdict verdict;
                        struct luks_known known;

                        fill_known(&facts, &known);
                        known.profile = (enum crypto_profile) profile;
                        known.slots[1].use = LUKS_USE_HUMAN;
                        (void) snprintf(facts.slots[1].kdf, LUKS_NAME, "%s", kdf.type);
                        (void) snprintf(facts.slots[1].kdf_hash, LUKS_NAME, "%s", kdf.hash);
                        facts.slots[1].kdf_time = kdf.time;
                        facts.slots[1].kdf_memory = kdf.memory;
                        luks_judge(&facts, (enum category) category, &known, &verdict);
                        expect_row(&verdict, kdf.type, 0, LUKS_ACCEPT);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_generator_gets_exactly_its_row),
                cmocka_unit_test(memory_of_MEDIA_is_not_enough_for_ALTA),
                cmocka_unit_test(LUKS1_is_held_to_row_12),
                cmocka_unit_test(the_table_is_whole),
                cmocka_unit_test(a_new_persons_slot_passes),
        };

        return cmocka_run_group_tests(tests, make_headers, drop_headers);
}
