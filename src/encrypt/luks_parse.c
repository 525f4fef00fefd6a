/* A strict reader of LUKS2 headers (LUKS2 On-Disk Format 1.1.1). cryptsetup reads the same JSON leniently: what
 * two parsers could understand differently (duplicate or over-long members, numbers as texts, two header copies)
 * is damage here. */
#include "encrypt/luks.h"

#include <endian.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/str.h"
#include "encrypt/mac.h"

/* The binary header, §2.1: offsets in bytes. */
enum {
        AT_VERSION = 6,
        AT_HEADER_SIZE = 8,
        AT_SEQID = 16,
        AT_LABEL = 24,
        AT_CHECKSUM_NAME = 72,
        AT_UUID = 168,
        AT_SUBSYSTEM = 208,
        AT_OFFSET = 256,
        AT_CHECKSUM = 448,
        LABEL_SIZE = 48,
        CHECKSUM_NAME_SIZE = 32,
        UUID_SIZE = 40,
        CHECKSUM_SIZE = 64,
        MAGIC_SIZE = 6,
        LUKS1_AT_CIPHER = 8,
        LUKS1_AT_MODE = 40,
        LUKS1_AT_HASH = 72,
        LUKS1_AT_PAYLOAD = 104,
        LUKS1_AT_KEY_BYTES = 108,
        LUKS1_AT_UUID = 168,
        LUKS1_SIZE = 592,
        JSON_VALUES_MAX = 4096,
};

static const char magic_first[MAGIC_SIZE + 1] = "LUKS\xba\xbe";
static const char magic_second[MAGIC_SIZE + 1] = "SKUL\xba\xbe";

/* Keeps the first damage found; the words are the format's own. */
__attribute__((format(printf, 2, 3))) static void damage(struct luks_facts *facts, const char *format, ...) {
        va_list args;

        if (facts->state == LUKS_DAMAGED)
                return;
        facts->state = LUKS_DAMAGED;
        va_start(args, format);
        (void) vsnprintf(facts->damage, sizeof facts->damage, format, args);
        va_end(args);
}

static uint64_t read_u64(const uint8_t *at) {
        uint64_t value;

        memcpy(&value, at, sizeof value);
        return be64toh(value);
}

static uint32_t read_u32(const uint8_t *at) {
        uint32_t value;

        memcpy(&value, at, sizeof value);
        return be32toh(value);
}

static uint16_t read_u16(const uint8_t *at) {
        uint16_t value;

        memcpy(&value, at, sizeof value);
        return be16toh(value);
}

/* A text of a fixed field: plain, and NUL-terminated inside it. out holds size + 1 bytes. */
static bool read_text(const uint8_t *at, size_t size, char *out) {
        size_t length = strnlen((const char *) at, size);

        out[0] = '\0';
        if (length == size)
                return false;
        memcpy(out, at, length);
        out[length] = '\0';
        if (text_is_plain(out))
                return true;
        out[0] = '\0';
        return false;
}

/* §2.1: the checksum covers the whole header area with its own field zeroed. */
static bool checksum_holds(const uint8_t *header, size_t size, const char *name) {
        static const uint8_t zeros[CHECKSUM_SIZE];
        static const char *const known[] = { "sha256", "sha384", "sha512", "sha1" };
        uint8_t computed[EVP_MAX_MD_SIZE];
        unsigned length = 0;
        const EVP_MD *md = NULL;
        EVP_MD_CTX *context;
        bool computed_well;

        for (size_t i = 0; i < COUNT(known); i++)
                if (strcmp(name, known[i]) == 0)
                        md = EVP_get_digestbyname(name);
        context = md ? EVP_MD_CTX_new() : NULL;
        if (!context)
                return false;
        computed_well = EVP_DigestInit_ex(context, md, NULL) == 1 &&
                        EVP_DigestUpdate(context, header, AT_CHECKSUM) == 1 &&
                        EVP_DigestUpdate(context, zeros, CHECKSUM_SIZE) == 1 &&
                        EVP_DigestUpdate(context, header + AT_CHECKSUM + CHECKSUM_SIZE,
                                         size - AT_CHECKSUM - CHECKSUM_SIZE) == 1 &&
                        EVP_DigestFinal_ex(context, computed, &length) == 1;
        EVP_MD_CTX_free(context);
        return computed_well && memcmp(computed, header + AT_CHECKSUM, length) == 0;
}

static bool header_size_valid(uint64_t size) {
        return size >= LUKS_HEADER_SMALLEST && size <= LUKS_HEADER_LARGEST && (size & (size - 1)) == 0;
}

/* --- the JSON area ----------------------------------------------------------------------------------------- */

static void take_text(struct luks_facts *facts, const json_t *object, const char *key, char out[LUKS_NAME],
                      const char *where) {
        const char *text = json_text(object, key);

        if (!text || strlen(text) >= LUKS_NAME || !text_is_plain(text))
                damage(facts, "%s.%s is missing, over-long or not a text", where, key);
        else
                (void) snprintf(out, LUKS_NAME, "%s", text);
}

static void take_int(struct luks_facts *facts, const json_t *object, const char *key, int64_t *out,
                     const char *where) {
        int64_t value = json_int(object, key, -1);

        if (value < 0 || value > INT32_MAX)
                damage(facts, "%s.%s is missing or out of range", where, key);
        else
                *out = value;
}

/* The format writes 64-bit numbers as decimal texts. */
static bool parse_u64(const char *text, uint64_t *ret) {
        uint64_t value = 0;

        if (str_empty(text) || strlen(text) > 19 || (text[0] == '0' && text[1]))
                return false;
        for (; *text; text++) {
                if (*text < '0' || *text > '9')
                        return false;
                value = value * 10 + (uint64_t) (*text - '0');
        }
        if (value > INT64_MAX)
                return false;
        *ret = value;
        return true;
}

static void take_u64(struct luks_facts *facts, const json_t *object, const char *key, uint64_t *out,
                     const char *where) {
        if (!parse_u64(json_text(object, key), out))
                damage(facts, "%s.%s is not a decimal text", where, key);
}

/* The number that names a slot, token, segment or digest: "0" .. "31", written in one way only. */
static int take_number(struct luks_facts *facts, const char *key, const char *where) {
        uint64_t number;

        if (parse_u64(key, &number) && number < LUKS_SLOTS_MAX)
                return (int) number;
        damage(facts, "%s holds an object with a wrong name", where);
        return -1;
}

static uint32_t take_bits(struct luks_facts *facts, const json_t *array, const char *where) {
        const json_t *item;
        uint32_t bits = 0;
        size_t i;

        if (!json_is_array(array))
                damage(facts, "%s is not an array", where);
        json_array_foreach(array, i, item) {
                int number = json_is_string(item) ? take_number(facts, json_string_value(item), where) : -1;

                if (number < 0)
                        damage(facts, "%s is not an array of numbers as texts", where);
                else
                        bits |= (uint32_t) 1 << number;
        }
        return bits;
}

static void take_kdf(struct luks_facts *facts, const json_t *kdf, struct luks_slot *slot, const char *where) {
        const char *salt = json_text(kdf, "salt");

        take_text(facts, kdf, "type", slot->kdf, where);
        if (!salt || sha256_text(salt, strlen(salt), slot->salt_digest) < 0)
                damage(facts, "%s.salt is missing", where);
        if (strcmp(slot->kdf, "pbkdf2") == 0) {
                take_text(facts, kdf, "hash", slot->kdf_hash, where);
                take_int(facts, kdf, "iterations", &slot->kdf_time, where);
        } else {
                take_int(facts, kdf, "time", &slot->kdf_time, where);
                take_int(facts, kdf, "memory", &slot->kdf_memory, where);
        }
}

static void take_slot(struct luks_facts *facts, const char *key, const json_t *object) {
        struct luks_slot *slot = &facts->slots[facts->slots_n];
        const json_t *area = json_object_get(object, "area"), *af = json_object_get(object, "af");
        char where[LUKS_NAME];

        slot->number = take_number(facts, key, "keyslots");
        if (slot->number < 0)
                return;
        facts->slots_n++;
        (void) snprintf(where, sizeof where, "keyslots.%d", slot->number);
        take_text(facts, object, "type", slot->type, where);
        take_int(facts, object, "key_size", &slot->key_size, where);
        (void) snprintf(where, sizeof where, "keyslots.%d.area", slot->number);
        take_text(facts, area, "type", slot->area_type, where);
        take_u64(facts, area, "offset", &slot->area_offset, where);
        take_u64(facts, area, "size", &slot->area_size, where);
        /* A slot of another type (re-encryption) has neither a cipher nor a KDF; row 2 judges it. */
        if (strcmp(slot->type, "luks2") != 0)
                return;
        take_text(facts, area, "encryption", slot->area_cipher, where);
        take_int(facts, area, "key_size", &slot->area_key_size, where);
        (void) snprintf(where, sizeof where, "keyslots.%d.af", slot->number);
        take_text(facts, af, "hash", slot->af_hash, where);
        take_int(facts, af, "stripes", &slot->af_stripes, where);
        (void) snprintf(where, sizeof where, "keyslots.%d.kdf", slot->number);
        take_kdf(facts, json_object_get(object, "kdf"), slot, where);
}

static void take_segment(struct luks_facts *facts, const char *key, const json_t *object) {
        struct luks_segment *segment = &facts->segments[facts->segments_n];
        const char *size = json_text(object, "size");
        char where[LUKS_NAME];

        segment->number = take_number(facts, key, "segments");
        if (segment->number < 0)
                return;
        facts->segments_n++;
        (void) snprintf(where, sizeof where, "segments.%d", segment->number);
        take_text(facts, object, "type", segment->type, where);
        take_u64(facts, object, "offset", &segment->offset, where);
        if (!size || strcmp(size, "dynamic") != 0)
                take_u64(facts, object, "size", &segment->size, where);
        if (strcmp(segment->type, "crypt") != 0)
                return;
        take_text(facts, object, "encryption", segment->cipher, where);
        take_int(facts, object, "sector_size", &segment->sector_size, where);
        segment->integrity = json_object_get(object, "integrity") != NULL;
}

static void take_digest(struct luks_facts *facts, const char *key, const json_t *object) {
        struct luks_digest *digest = &facts->digests[facts->digests_n];
        const char *value = json_text(object, "digest");
        char where[LUKS_NAME];

        digest->number = take_number(facts, key, "digests");
        if (digest->number < 0)
                return;
        facts->digests_n++;
        (void) snprintf(where, sizeof where, "digests.%d", digest->number);
        take_text(facts, object, "type", digest->type, where);
        take_text(facts, object, "hash", digest->hash, where);
        take_int(facts, object, "iterations", &digest->iterations, where);
        digest->slots = take_bits(facts, json_object_get(object, "keyslots"), where);
        digest->segments = take_bits(facts, json_object_get(object, "segments"), where);
        if (!value || sha256_text(value, strlen(value), digest->value_digest) < 0)
                damage(facts, "%s.digest is missing", where);
}

/* What does not look like a MAC is none that holds: row 11 judges that, and what algorithm it says. */
static void take_mac(struct luks_facts *facts, const json_t *object) {
        const char *algorithm = json_text_or_empty(object, "algorithm"), *mac = json_text_or_empty(object, "mac");

        facts->mac.present = true;
        if (strlen(algorithm) < LUKS_NAME && text_is_plain(algorithm))
                (void) snprintf(facts->mac.algorithm, LUKS_NAME, "%s", algorithm);
        if (strlen(mac) == sizeof facts->mac.value - 1 && strspn(mac, "0123456789abcdef") == strlen(mac))
                memcpy(facts->mac.value, mac, sizeof facts->mac.value);
}

static void take_token(struct luks_facts *facts, const char *key, json_t *object) {
        struct luks_token *token = &facts->tokens[facts->tokens_n];

        token->number = take_number(facts, key, "tokens");
        if (token->number < 0)
                return;
        facts->tokens_n++;
        take_text(facts, object, "type", token->type, "tokens");
        if (!facts->token && strcmp(token->type, "mpsi") == 0)
                facts->token = json_incref(object);
        if (!facts->mac.present && strcmp(token->type, HEADER_MAC_TOKEN) == 0)
                take_mac(facts, object);
}

static void take_config(struct luks_facts *facts, const json_t *config) {
        const json_t *requirements = json_object_get(config, "requirements"), *item;
        const json_t *mandatory = json_object_get(requirements, "mandatory");
        uint64_t json_size = 0;
        size_t i, used = 0;

        take_u64(facts, config, "json_size", &json_size, "config");
        if (json_size != facts->header_size - LUKS_HEADER_MIN)
                damage(facts, "config.json_size is not the size of the JSON area");
        take_u64(facts, config, "keyslots_size", &facts->keyslots_size, "config");
        if (facts->keyslots_size > LUKS_AREA_MAX)
                damage(facts, "config.keyslots_size is out of range");
        if ((requirements && !json_is_object(requirements)) || (mandatory && !json_is_array(mandatory)))
                damage(facts, "config.requirements is not as the format has it");
        json_array_foreach(mandatory, i, item) {
                const char *name = json_string_value(item);

                if (!name || !text_is_plain(name) || used + strlen(name) + 2 > sizeof facts->requirements) {
                        damage(facts, "config.requirements is not as the format has it");
                        return;
                }
                used += (size_t) snprintf(facts->requirements + used, sizeof facts->requirements - used, "%s%s",
                                          used ? "," : "", name);
        }
}

/* Slots are bound to a volume key by the digest, and the segment names its volume key by the same digest. */
static void bind_slots(struct luks_facts *facts) {
        facts->data_offset = facts->segments_n ? UINT64_MAX : 0;
        for (size_t s = 0; s < facts->segments_n; s++) {
                const struct luks_segment *segment = &facts->segments[s];

                if (segment->offset < facts->data_offset)
                        facts->data_offset = segment->offset;
                for (size_t d = 0; d < facts->digests_n; d++)
                        for (size_t k = 0; k < facts->slots_n; k++)
                                if (facts->digests[d].segments >> segment->number & 1 &&
                                    facts->digests[d].slots >> facts->slots[k].number & 1)
                                        facts->slots[k].bound = true;
        }
        if (facts->data_offset > LUKS_AREA_MAX)
                damage(facts, "the data begins beyond what is read");
}

typedef void (*take_object)(struct luks_facts *, const char *, json_t *);

static void take_objects(struct luks_facts *facts, const json_t *root, const char *name, take_object take) {
        json_t *objects = json_object_get(root, name), *object;
        const char *key;

        if (!json_is_object(objects) || json_object_size(objects) > LUKS_SLOTS_MAX) {
                damage(facts, "%s is missing, no object or too large", name);
                return;
        }
        json_object_foreach(objects, key, object) {
                if (!json_is_object(object))
                        damage(facts, "%s holds what is no object", name);
                else
                        take(facts, key, object);
        }
}

static void take_slot_object(struct luks_facts *facts, const char *key, json_t *object) {
        take_slot(facts, key, object);
}
static void take_segment_object(struct luks_facts *facts, const char *key, json_t *object) {
        take_segment(facts, key, object);
}
static void take_digest_object(struct luks_facts *facts, const char *key, json_t *object) {
        take_digest(facts, key, object);
}

/* 32 key slots, segments, digests and tokens take some two thousand. Four megabytes of "[],[],…" would take a
 * parser two hundred megabytes, for each of sixteen media that come at once. */
static bool is_sparse(const char *json, size_t length) {
        size_t values = 0;

        for (size_t i = 0; i < length; i++)
                values += json[i] == ',' || json[i] == '[' || json[i] == '{';
        return values <= JSON_VALUES_MAX;
}

/* What row 11 compares and the header MAC covers, whatever else the objects hold. */
static void take_body(struct luks_facts *facts, const json_t *root) {
        _cleanup_json_ json_t *body = json_pack("{s:O, s:O, s:O}", "digests", json_object_get(root, "digests"),
                                                "keyslots", json_object_get(root, "keyslots"), "segments",
                                                json_object_get(root, "segments"));
        _cleanup_free_ char *text = NULL;

        if (json_canonical(body, &text, NULL) < 0 || sha256_text(text, strlen(text), facts->body_digest) < 0)
                damage(facts, "the JSON area holds a number that is no integer");
}

static void parse_json_area(struct luks_facts *facts, const char *area, size_t size) {
        _cleanup_json_ json_t *root = NULL;
        struct error err;
        size_t length = strnlen(area, size);

        /* What stands behind the text is not covered by any parser's idea of the JSON, only by the checksum. */
        if (length == size)
                damage(facts, "the JSON area has no end");
        for (size_t i = length; i < size; i++)
                if (area[i])
                        damage(facts, "bytes after the end of the JSON area");
        if (!is_sparse(area, length))
                damage(facts, "the JSON area holds too many values");
        if (facts->state == LUKS_DAMAGED)
                return;
        if (json_parse(area, length, &root, &err) < 0 || !json_is_object(root)) {
                damage(facts, "the JSON area is not valid JSON");
                return;
        }
        take_objects(facts, root, "keyslots", take_slot_object);
        take_objects(facts, root, "segments", take_segment_object);
        take_objects(facts, root, "digests", take_digest_object);
        take_objects(facts, root, "tokens", take_token);
        if (json_is_object(json_object_get(root, "config")))
                take_config(facts, json_object_get(root, "config"));
        else
                damage(facts, "config is missing");
        bind_slots(facts);
        if (facts->state != LUKS_DAMAGED)
                take_body(facts, root);
}

/* --- the two copies ---------------------------------------------------------------------------------------- */

/* Whether the copy at `offset` is whole: magic, version, size, own offset and checksum. */
static bool copy_is_whole(const uint8_t *bytes, size_t n, uint64_t offset, uint64_t size, const char *magic) {
        const uint8_t *header = bytes + offset;
        char name[CHECKSUM_NAME_SIZE + 1];

        return offset + size <= n && memcmp(header, magic, MAGIC_SIZE) == 0 && read_u16(header + AT_VERSION) == 2 &&
               read_u64(header + AT_HEADER_SIZE) == size && read_u64(header + AT_OFFSET) == offset &&
               read_text(header + AT_CHECKSUM_NAME, CHECKSUM_NAME_SIZE, name) &&
               checksum_holds(header, (size_t) size, name);
}

bool luks_is_second(const uint8_t *bytes, size_t n) {
        return n >= MAGIC_SIZE && memcmp(bytes, magic_second, MAGIC_SIZE) == 0;
}

/* cryptsetup looks for a second copy at every header size that the format knows, and restores the first from it. */
static bool second_copy_somewhere(const uint8_t *bytes, size_t n) {
        for (size_t offset = LUKS_HEADER_SMALLEST; offset <= LUKS_HEADER_LARGEST; offset *= 2)
                if (offset < n && luks_is_second(bytes + offset, n - offset))
                        return true;
        return false;
}

static bool copies_agree(const uint8_t *bytes, size_t size) {
        const uint8_t *first = bytes, *second = bytes + size;

        /* Salt, offset and checksum differ by design; what is left must be the same. */
        return read_u64(first + AT_SEQID) == read_u64(second + AT_SEQID) &&
               memcmp(first + AT_LABEL, second + AT_LABEL, AT_CHECKSUM_NAME + CHECKSUM_NAME_SIZE - AT_LABEL) == 0 &&
               memcmp(first + AT_UUID, second + AT_UUID, UUID_SIZE + LABEL_SIZE) == 0 &&
               memcmp(first + LUKS_HEADER_MIN, second + LUKS_HEADER_MIN, size - LUKS_HEADER_MIN) == 0;
}

static void parse_version_1(struct luks_facts *facts, const uint8_t *bytes, size_t n) {
        char cipher[33], mode[33];

        facts->state = LUKS_VERSION_1;
        if (n < LUKS1_SIZE)
                return;
        (void) read_text(bytes + LUKS1_AT_UUID, UUID_SIZE, facts->uuid);
        facts->data_offset = (uint64_t) read_u32(bytes + LUKS1_AT_PAYLOAD) * 512;
        if (facts->data_offset > LUKS_AREA_MAX)
                facts->data_offset = 0;
        if (!read_text(bytes + LUKS1_AT_CIPHER, 32, cipher) || !read_text(bytes + LUKS1_AT_MODE, 32, mode))
                return;
        facts->segments_n = 1;
        (void) snprintf(facts->segments[0].cipher, LUKS_NAME, "%.31s-%.31s", cipher, mode);
        facts->slots_n = 1;
        (void) read_text(bytes + LUKS1_AT_HASH, 32, facts->slots[0].af_hash);
        facts->slots[0].key_size = read_u32(bytes + LUKS1_AT_KEY_BYTES);
}

static void parse_version_2(struct luks_facts *facts, const uint8_t *bytes, size_t n) {
        uint64_t size = read_u64(bytes + AT_HEADER_SIZE);

        if (!header_size_valid(size)) {
                damage(facts, "header size %llu is not one of the format's", (unsigned long long) size);
                return;
        }
        facts->header_size = size;
        facts->seqid = read_u64(bytes + AT_SEQID);
        if (!read_text(bytes + AT_LABEL, LABEL_SIZE, facts->label) ||
            !read_text(bytes + AT_SUBSYSTEM, LABEL_SIZE, facts->subsystem) ||
            !read_text(bytes + AT_CHECKSUM_NAME, CHECKSUM_NAME_SIZE, facts->checksum) ||
            !read_text(bytes + AT_UUID, UUID_SIZE, facts->uuid))
                damage(facts, "a text of the binary header is not valid");
        if (2 * size > n)
                damage(facts, "truncated: two headers need %llu bytes", (unsigned long long) (2 * size));
        else if (!copy_is_whole(bytes, n, 0, size, magic_first))
                damage(facts, "the first header's checksum or fields don't hold");
        else if (!copy_is_whole(bytes, n, size, size, magic_second))
                damage(facts, "the second header is missing or damaged");
        if (facts->state == LUKS_DAMAGED)
                return;
        if (facts->seqid > INT64_MAX)
                damage(facts, "seqid is out of range");
        parse_json_area(facts, (const char *) bytes + LUKS_HEADER_MIN, (size_t) size - LUKS_HEADER_MIN);
        if (facts->state == LUKS_DAMAGED)
                return;
        facts->state = copies_agree(bytes, (size_t) size) ? LUKS_VERSION_2 : LUKS_COPIES_DIFFER;
        if (facts->state == LUKS_VERSION_2 && header_canonical(facts, facts->seqid, facts->canonical, NULL) < 0)
                damage(facts, "the UUID is not one");
}

int luks_parse(const uint8_t *bytes, size_t n, struct luks_facts *ret, struct error *err) {
        struct luks_facts *facts = calloc(1, sizeof *facts);

        if (!facts)
                return fail_memory(err);
        if (n < MAGIC_SIZE + 2 || memcmp(bytes, magic_first, MAGIC_SIZE) != 0) {
                if (second_copy_somewhere(bytes, n))
                        damage(facts, "the first header is gone, a second one is there");
        } else if (read_u16(bytes + AT_VERSION) == 1) {
                parse_version_1(facts, bytes, n);
        } else if (read_u16(bytes + AT_VERSION) != 2) {
                damage(facts, "version %u is unknown", (unsigned) read_u16(bytes + AT_VERSION));
        } else if (n < LUKS_HEADER_MIN) {
                damage(facts, "truncated in the binary header");
        } else {
                parse_version_2(facts, bytes, n);
        }
        *ret = *facts;
        free(facts);
        return 0;
}

uint64_t luks_headers_size(const uint8_t *bytes, size_t n) {
        uint64_t size;

        if (n < LUKS_HEADER_MIN || memcmp(bytes, magic_first, MAGIC_SIZE) != 0 || read_u16(bytes + AT_VERSION) != 2)
                return 0;
        size = read_u64(bytes + AT_HEADER_SIZE);
        return header_size_valid(size) ? 2 * size : 0;
}

void luks_facts_done(struct luks_facts *facts) {
        json_decref(facts->token);
        facts->token = NULL;
}
