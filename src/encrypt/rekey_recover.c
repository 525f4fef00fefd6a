/* What a cut leaves of a header, put together again. */
#include <endian.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "encrypt/rewrite.h"
#include "sign/openssl.h"

/* The binary header, LUKS2 On-Disk Format §2.1. */
enum { AT_HEADER_SIZE = 8, AT_SEQID = 16, AT_OFFSET = 256, MAGIC_SIZE = 6 };

static void put_u64(uint8_t *at, uint64_t value) {
        value = htobe64(value);
        memcpy(at, &value, sizeof value);
}

/* Both copies as the one at `from` has it. ret_seqid: of that copy; false when it is not whole. */
static bool mirror(const struct luks_copy *raw, size_t size, bool second, struct luks_copy *ret,
                   struct error *err) {
        uint8_t *from, *to;

        *ret = (struct luks_copy){ .bytes = direct_buffer(raw->n), .n = raw->n };
        if (!ret->bytes)
                return false;
        memcpy(ret->bytes, raw->bytes, raw->n);
        from = ret->bytes + (second ? size : 0);
        to = ret->bytes + (second ? 0 : size);
        memcpy(to, from, size);
        memcpy(to, second ? "LUKS\xba\xbe" : "SKUL\xba\xbe", MAGIC_SIZE);
        put_u64(to + AT_OFFSET, second ? 0 : size);
        if (luks_seal_copy(to, size, err) < 0 || luks_parse(ret->bytes, ret->n, &ret->facts, err) < 0)
                return false;
        ret->whole = ret->facts.data_offset && ret->n >= ret->facts.data_offset;
        if (ret->whole)
                ret->n = (size_t) ret->facts.data_offset;
        return ret->facts.state == LUKS_VERSION_2 && ret->whole;
}

/* cryptsetup's rule: the newer of two whole copies. The loser and what is not whole are released. */
static int take_newer(struct luks_copy found[2], const bool good[2], struct luks_copy *ret, struct error *err) {
        int best = good[0] ? 0 : 1;

        if (good[0] && good[1] && found[1].facts.seqid > found[0].facts.seqid)
                best = 1;
        luks_copy_done(&found[!best]);
        if (!good[best]) {
                luks_copy_done(&found[best]);
                return fail(err, ERR_VERIFY, "Ninguna de las dos copias de la cabecera está entera.",
                            "Neither of the header's two copies is whole.");
        }
        *ret = found[best];
        return 0;
}

int luks_recover(int fd, size_t area, struct luks_copy *ret, struct error *err) {
        _cleanup_luks_copy_ struct luks_copy raw = { .bytes = direct_buffer(area) };
        struct luks_copy found[2] = { { 0 }, { 0 } };
        bool good[2] = { false, false };
        ssize_t got;

        if (!raw.bytes)
                return fail_memory(err);
        got = pread_all(fd, raw.bytes, area, 0);
        if (got < 0)
                return fail_errno(err, (int) -got, "No se puede leer la cabecera", "The header can't be read");
        raw.n = (size_t) got;
        /* Ours have the smallest size; a torn first copy may not even tell its own. */
        if (raw.n >= 2 * (size_t) LUKS_HEADER_SMALLEST)
                for (size_t i = 0; i < COUNT(found); i++)
                        good[i] = mirror(&raw, LUKS_HEADER_SMALLEST, i == 1, &found[i], err);
        return take_newer(found, good, ret, err);
}

int luks_mend(int fd, const struct luks_copy *header, struct error *err) {
        size_t size = (size_t) header->facts.header_size;
        _cleanup_free_ uint8_t *now = direct_buffer(2 * size);
        bool first, second;
        ssize_t got;

        if (!now)
                return fail_memory(err);
        got = pread_all(fd, now, 2 * size, 0);
        if (got < 0)
                return fail_errno(err, (int) -got, "No se puede leer la cabecera", "The header can't be read");
        first = (size_t) got >= size && memcmp(now, header->bytes, size) == 0;
        second = (size_t) got == 2 * size && memcmp(now + size, header->bytes + size, size) == 0;
        if (first && second)
                return 0;
        if (!first && !second)
                return fail(err, ERR_VERIFY, "Ninguna de las dos copias de la cabecera está entera.",
                            "Neither of the header's two copies is whole.");
        return luks_write_copy(fd, header, first, err); /* never the one that the other is mended from */
}

static bool is_free(const void *context, size_t at) {
        return !luks_block_in_use(context, at);
}

int luks_wipe_free(int fd, struct luks_copy *header, struct error *err) {
        size_t from = 2 * (size_t) header->facts.header_size;
        size_t to = from + (size_t) header->facts.keyslots_size;

        if (to > header->n)
                to = header->n;
        for (size_t at = from; at + DIRECT_BLOCK <= to; at += DIRECT_BLOCK)
                if (is_free(&header->facts, at) && RAND_bytes(header->bytes + at, DIRECT_BLOCK) != 1)
                        return fail_openssl(err, "El generador aleatorio no responde",
                                            "The random generator failed");
        return luks_write_runs(fd, header, from, to, is_free, &header->facts, err);
}

/* --- a re-encryption cut off in its last step ------------------------------------------------------------------
 */

/* Members that `unwanted` says go, from an object of objects. */
static void drop(json_t *objects, bool (*unwanted)(const json_t *)) {
        json_t *object;
        const char *key;
        void *next;

        json_object_foreach_safe(objects, next, key, object) if (unwanted(object))(void)
                json_object_del(objects, key);
}

static bool is_backup(const json_t *segment) {
        const json_t *flags = json_object_get(segment, "flags"), *flag;
        size_t i;

        json_array_foreach(flags, i, flag) if (strncmp(json_string_value(flag) ? json_string_value(flag) : "",
                                                       "backup-", 7) == 0) return true;
        return false;
}

static bool is_state(const json_t *slot) {
        return strcmp(json_text_or_empty(slot, "type"), "reencrypt") == 0;
}

static bool is_empty(const json_t *digest) {
        return json_array_size(json_object_get(digest, "keyslots")) == 0;
}

/* Names that are no longer there, from the lists of a digest. */
static void drop_names(json_t *names, const json_t *objects) {
        for (size_t i = json_array_size(names); i > 0; i--) {
                const char *name = json_string_value(json_array_get(names, i - 1));

                if (!name || !json_object_get(objects, name))
                        (void) json_array_remove(names, i - 1);
        }
}

static int commit_text(json_t *root, struct error *err) {
        json_t *segments = json_object_get(root, "segments"), *slots = json_object_get(root, "keyslots");
        json_t *digests = json_object_get(root, "digests"), *digest;
        const char *key;

        drop(segments, is_backup);
        drop(slots, is_state);
        json_object_foreach(digests, key, digest) {
                drop_names(json_object_get(digest, "segments"), segments);
                drop_names(json_object_get(digest, "keyslots"), slots);
        }
        drop(digests, is_empty);
        (void) json_object_del(json_object_get(root, "config"), "requirements");
        return json_object_size(segments) == 1 ? 0
                                               : fail(err, ERR_CONFLICT, "El recifrado no está en su último paso.",
                                                      "The re-encryption is not in its last step.");
}

static int commit_copy(uint8_t *header, size_t size, uint64_t seqid, struct error *err) {
        char *area = (char *) header + LUKS_HEADER_MIN;
        size_t room = size - LUKS_HEADER_MIN;
        _cleanup_json_ json_t *root = NULL;
        _cleanup_free_ char *text = NULL;
        int r = json_parse(area, strnlen(area, room), &root, err);

        if (r == 0)
                r = commit_text(root, err);
        if (r < 0)
                return r;
        text = json_dumps(root, JSON_COMPACT);
        if (!text || strlen(text) >= room)
                return fail_memory(err);
        memset(area, 0, room);
        memcpy(area, text, strlen(text));
        put_u64(header + AT_SEQID, seqid);
        return luks_seal_copy(header, size, err);
}

int luks_commit_rekey(const struct luks_copy *old, struct luks_copy *ret, struct error *err) {
        _cleanup_luks_copy_ struct luks_copy header = { .bytes = direct_buffer(old->n),
                                                        .n = old->n,
                                                        .whole = true };
        size_t size = (size_t) old->facts.header_size;
        int r;

        if (!header.bytes)
                return fail_memory(err);
        memcpy(header.bytes, old->bytes, old->n);
        r = commit_copy(header.bytes, size, old->facts.seqid + 1, err);
        if (r == 0)
                r = commit_copy(header.bytes + size, size, old->facts.seqid + 1, err);
        if (r == 0)
                r = luks_parse(header.bytes, header.n, &header.facts, err);
        if (r < 0)
                return r;
        if (header.facts.state != LUKS_VERSION_2)
                return fail(err, ERR_VERIFY, "La cabecera formada no es válida: %s.",
                            "The header made is not valid: %s.", header.facts.damage);
        *ret = header;
        header = (struct luks_copy){ 0 };
        return 0;
}
