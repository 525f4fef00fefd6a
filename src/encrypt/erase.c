/* Crypto erase: without its header and every copy of its keys, a LUKS medium is noise. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "encrypt/fill.h"
#include "encrypt/internal.h"
#include "keys/keys.h"

struct erasure {
        struct act *act;
        const struct medium *medium;
        const char *occasion;
        struct encryption encryption;
        json_t *begun; /* data of encryption.erase-started */
        size_t area;   /* bytes from the start */
        bool header_after;
        json_t *keys;
};

static void erasure_done(struct erasure *erasure) {
        encryption_done(&erasure->encryption);
        json_decref(erasure->begun);
        json_decref(erasure->keys);
}

static void does_not_count(json_t *why_not, const char *why) {
        (void) json_array_append_new(why_not, json_string(why));
}

/* SP 800-88: crypto erase stands only on data that was never stored in clear, under a strong key that we made, all
 * of whose copies are known. */
static json_t *judge_counts(const struct erasure *erasure, const struct luks_facts *facts) {
        const struct medium *medium = erasure->medium;
        json_t *why_not = json_array();
        struct luks_verdict verdict;

        if (!medium->key_id[0])
                does_not_count(why_not, "key-not-ours");
        if (!medium->filled)
                does_not_count(why_not, "not-filled-when-encrypted");
        if (facts->state != LUKS_VERSION_2) {
                does_not_count(why_not, "no-whole-header");
                return why_not;
        }
        if (strcmp(facts->uuid, medium->luks_uuid) != 0)
                does_not_count(why_not, "header-not-registered");
        luks_judge(facts, medium->category, NULL, &verdict);
        if (verdict.decision >= LUKS_READ_ONLY)
                does_not_count(why_not, "encryption-too-weak");
        if (erasure->encryption.known && facts->slots_n != erasure->encryption.header.slots_n)
                does_not_count(why_not, "unknown-key-slots");
        return why_not;
}

static int device_bytes(int fd, size_t *ret, struct error *err) {
        off_t end = lseek(fd, 0, SEEK_END);

        if (end < 0)
                return fail_errno(err, errno, "No se puede medir el soporte", "The medium's size can't be read");
        *ret = (size_t) end;
        return 0;
}

static int overwrite_area(struct erasure *erasure, int fd, struct error *err) {
        _cleanup_free_ uint8_t *written = direct_buffer(erasure->area), *found = direct_buffer(erasure->area);
        _cleanup_luks_facts_ struct luks_facts after = { 0 };
        ssize_t n;
        int r;

        if (!written || !found)
                return fail_memory(err);
        r = luks_overwrite(fd, written, erasure->area, err);
        if (r < 0)
                return r;
        /* Where the file system of an image has no O_DIRECT, the cache must not answer for it. */
        (void) posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        n = pread_all(fd, found, erasure->area, 0);
        if (n < 0)
                return fail_errno(err, (int) -n, "No se puede releer la cabecera", "The header can't be read back");
        if ((size_t) n != erasure->area || memcmp(written, found, erasure->area) != 0)
                return fail(err, ERR_VERIFY, "El soporte no devuelve lo que se escribió sobre la cabecera.",
                            "The medium does not give back what was written over the header.");
        r = luks_parse(found, erasure->area, &after, err);
        erasure->header_after = after.state != LUKS_NONE;
        if (r == 0 && erasure->header_after)
                return fail(err, ERR_VERIFY, "Sigue habiendo una cabecera LUKS.", "There still is a LUKS header.");
        return r;
}

/* What is about to be erased, judged while it is still there, goes on record first. */
static int begin(struct erasure *erasure, int fd, size_t size, struct error *err) {
        _cleanup_luks_copy_ struct luks_copy copy = { 0 };
        size_t area;
        int r = luks_copy_read(fd, false, &copy, err);

        if (r < 0)
                return r;
        area = copy.facts.data_offset ? (size_t) copy.facts.data_offset : (size_t) LUKS_DATA_OFFSET;
        if (area > size)
                area = size;
        erasure->begun = json_pack("{s:s, s:o, s:s, s:s, s:I, s:I}", "occasion", erasure->occasion, "why_not",
                                   judge_counts(erasure, &copy.facts), "uuid", copy.facts.uuid, "key",
                                   erasure->medium->key_id, "slots_destroyed", (json_int_t) copy.facts.slots_n,
                                   "area_bytes", (json_int_t) area);
        if (!erasure->begun)
                return fail_memory(err);
        return act_record_one(erasure->act, "encryption.erase-started", erasure->medium->id, erasure->begun, err);
}

static int erase_header(struct erasure *erasure, const char *device, bool begun, struct error *err) {
        _cleanup_close_ int fd = -1;
        size_t size;
        int r = luks_open_direct(device, O_RDWR, &fd, err);

        if (r == 0)
                r = device_bytes(fd, &size, err);
        if (r == 0 && begun)
                erasure->begun = json_copy(erasure->encryption.evidence);
        else if (r == 0)
                r = begin(erasure, fd, size, err);
        if (r < 0)
                return r;
        erasure->area = (size_t) json_int(erasure->begun, "area_bytes", LUKS_DATA_OFFSET);
        if (erasure->area > size)
                erasure->area = size;
        return overwrite_area(erasure, fd, err);
}

/* Keys that an interrupted call destroyed already are on record as such. */
static int destroy_keys(struct erasure *erasure, struct error *err) {
        _cleanup_keys_ struct keys *keys = NULL;
        json_t *why_not = json_object_get(erasure->begun, "why_not");
        const char *key = json_text_or_empty(erasure->begun, "key");
        bool destroyed = false;
        int r = keys_open(erasure->act, &keys, err);

        if (r == 0)
                r = keys_destroy_medium(keys, erasure->medium->id, NULL, "crypto-erase", &erasure->keys, err);
        if (r == 0 && *key)
                r = keys_is_destroyed(keys, key, &destroyed, err);
        if (r == 0 && *key && !destroyed)
                does_not_count(why_not, "no-key-destroyed");
        return r;
}

static int record(struct erasure *erasure, json_t **ret_evidence, struct error *err) {
        json_t *why_not = json_object_get(erasure->begun, "why_not");
        _cleanup_json_ json_t *evidence = json_copy(erasure->begun);
        _cleanup_json_ json_t *more = json_pack("{s:b, s:I, s:b, s:b, s:O}", "counts",
                                                json_array_size(why_not) == 0, "area_bytes",
                                                (json_int_t) erasure->area, "area_verified", 1,
                                                "header_found_after", erasure->header_after, "keys", erasure->keys);
        int r;

        if (!evidence || !more || json_object_update(evidence, more) < 0)
                return fail_memory(err);
        r = act_record_one(erasure->act, "encryption.erased", erasure->medium->id, evidence, err);
        if (r == 0)
                *ret_evidence = TAKE_PTR(evidence);
        return r;
}

/* A second call after all was done: only that the header is still gone is left to see. */
static int check_erased(const struct erasure *erasure, const char *device, json_t **ret_evidence,
                        struct error *err) {
        _cleanup_luks_copy_ struct luks_copy copy = { 0 };
        _cleanup_close_ int fd = -1;
        int r = luks_open_direct(device, O_RDONLY, &fd, err);

        if (r == 0)
                r = luks_copy_read(fd, false, &copy, err);
        if (r < 0)
                return r;
        if (copy.facts.state != LUKS_NONE)
                return fail(err, ERR_VERIFY, "Vuelve a haber una cabecera LUKS en el soporte.",
                            "There is a LUKS header on the medium again.");
        *ret_evidence = json_incref(erasure->encryption.evidence);
        return 0;
}

int encrypt_crypto_erase(struct act *act, const struct medium *medium, const char *device, const char *occasion,
                         json_t **ret_evidence, struct error *err) {
        _cleanup_(erasure_done) struct erasure erasure = { .act = act, .medium = medium, .occasion = occasion };
        const struct encryption *before = &erasure.encryption;
        int r = encryption_load(act->db, medium->id, &erasure.encryption, err);
        bool again;

        if (r < 0)
                return r;
        again = before->evidence && strcmp(json_text_or_empty(before->evidence, "occasion"), occasion) == 0;
        if (again && strcmp(before->state, "erased") == 0)
                return check_erased(&erasure, device, ret_evidence, err);
        r = erase_header(&erasure, device, again && strcmp(before->state, "erasing") == 0, err);
        if (r == 0)
                r = destroy_keys(&erasure, err);
        return r == 0 ? record(&erasure, ret_evidence, err) : r;
}
