#include "encrypt/rewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "encrypt/crypt.h"
#include "encrypt/mac.h"

static const struct text cannot_change = { "No se puede cambiar la cabecera LUKS2",
                                           "The LUKS2 header can't be changed" };

/* --- in memory: slots ------------------------------------------------------------------------------------------
 */

/* Numbers of slots by where they are to stand; -1 elsewhere. */
struct moves {
        int to[LUKS_SLOTS_MAX];
};

static int add_slot(struct crypt_device *device, const struct secret *by, const struct secret *secret) {
        return crypt_keyslot_add_by_passphrase(device, CRYPT_ANY_SLOT, (const char *) by->data, by->size,
                                               (const char *) secret->data, secret->size);
}

/* What is new takes areas that are free in the old header: it is added before anything goes. */
static int add_volume_key(struct crypt_device *device, const struct luks_edit *edit, size_t bytes,
                          struct moves *moves) {
        _cleanup_secret_ struct secret *key = NULL;
        int slot;

        if (secret_random(bytes, &key, NULL) < 0)
                return -ENOMEM;
        slot = crypt_keyslot_add_by_key(device, CRYPT_ANY_SLOT, (const char *) key->data, key->size,
                                        (const char *) edit->new_machine->data, edit->new_machine->size,
                                        CRYPT_VOLUME_KEY_NO_SEGMENT);
        if (slot < 0)
                return slot;
        moves->to[slot] = SLOT_MACHINE;
        slot = crypt_keyslot_add_by_key(device, CRYPT_ANY_SLOT, (const char *) key->data, key->size,
                                        (const char *) edit->new_recovery->data, edit->new_recovery->size,
                                        CRYPT_VOLUME_KEY_NO_SEGMENT | CRYPT_VOLUME_KEY_DIGEST_REUSE);
        if (slot < 0)
                return slot;
        moves->to[slot] = SLOT_RECOVERY;
        return 0;
}

static int replace_secrets(struct crypt_device *device, const struct luks_edit *edit, size_t bytes,
                           struct moves *moves) {
        int machine = add_slot(device, edit->machine, edit->new_machine);
        int recovery = machine < 0 ? machine : add_slot(device, edit->machine, edit->new_recovery);
        int r = recovery < 0 ? recovery : 0;

        if (r == 0 && edit->new_volume_key)
                r = add_volume_key(device, edit, bytes, moves);
        if (r == 0)
                r = crypt_keyslot_destroy(device, SLOT_MACHINE);
        if (r == 0)
                r = crypt_keyslot_destroy(device, SLOT_RECOVERY);
        if (r < 0)
                return r;
        moves->to[machine] = edit->new_volume_key ? SLOT_OLD_MACHINE : SLOT_MACHINE;
        moves->to[recovery] = edit->new_volume_key ? SLOT_OLD_RECOVERY : SLOT_RECOVERY;
        return 0;
}

static int add_human(struct crypt_device *device, const struct luks_edit *edit, int *ret_added) {
        const struct luks_human *human = edit->add;
        const struct crypt_pbkdf_type pbkdf = { .type = human->argon2 ? CRYPT_KDF_ARGON2ID : CRYPT_KDF_PBKDF2,
                                                .hash = "sha256",
                                                .iterations = (uint32_t) human->time,
                                                .max_memory_kb = (uint32_t) human->memory,
                                                .parallel_threads = (uint32_t) human->lanes,
                                                .flags = CRYPT_PBKDF_NO_BENCHMARK };
        int r = crypt_set_pbkdf_type(device, &pbkdf);

        if (r == 0)
                r = add_slot(device, edit->machine, human->passphrase);
        *ret_added = r;
        return r < 0 ? r : 0;
}

static int edit_slots(int fd, const struct luks_edit *edit, size_t bytes, struct moves *moves, int *ret_added,
                      struct error *err) {
        _cleanup_crypt_ struct crypt_device *device = NULL;
        struct crypt_words words = { "" };
        int r = luks_device_init(fd, &words, &device);

        if (r == 0)
                r = crypt_load(device, CRYPT_LUKS2, NULL);
        if (r == 0 && edit->add)
                r = add_human(device, edit, ret_added);
        if (r == 0)
                r = crypt_set_pbkdf_type(device, &luks_slot_pbkdf);
        if (r == 0 && edit->new_machine)
                r = replace_secrets(device, edit, bytes, moves);
        if (r == 0 && edit->remove >= 0)
                r = crypt_keyslot_destroy(device, edit->remove);
        if (r == -EPERM)
                return fail(err, ERR_VERIFY, "El secreto no abre la ranura %d.",
                            "The secret does not open slot %d.", SLOT_MACHINE);
        return r < 0 ? luks_device_fail(err, r, &words, cannot_change) : 0;
}

/* --- in memory: slot numbers -----------------------------------------------------------------------------------
 */

/* The binary header, LUKS2 On-Disk Format §2.1. */
enum { AT_CHECKSUM = 448, CHECKSUM_SIZE = 64 };

int luks_seal_copy(uint8_t *header, size_t size, struct error *err) {
        memset(header + AT_CHECKSUM, 0, CHECKSUM_SIZE);
        return sha256(header, size, header + AT_CHECKSUM) < 0 ? fail_memory(err) : 0;
}

static int moved(const struct moves *moves, const char *number, char out[16]) {
        long from = strtol(number, NULL, 10);

        if (from < 0 || from >= LUKS_SLOTS_MAX)
                return -1;
        (void) snprintf(out, 16, "%d", moves->to[from] < 0 ? (int) from : moves->to[from]);
        return 0;
}

static int move_names(json_t *root, const struct moves *moves) {
        json_t *slots = json_object_get(root, "keyslots"), *renamed = json_object(), *slot, *digest, *name;
        const char *key;
        char to[16];
        size_t i;

        json_object_foreach(slots, key, slot) if (moved(moves, key, to) < 0 ||
                                                  json_object_set(renamed, to, slot) < 0) goto failed;
        if (json_object_size(renamed) != json_object_size(slots))
                goto failed;
        json_object_foreach(json_object_get(root, "digests"), key, digest)
                json_array_foreach(json_object_get(digest, "keyslots"), i, name) {
                if (moved(moves, json_string_value(name), to) < 0)
                        goto failed;
                (void) json_array_set_new(json_object_get(digest, "keyslots"), i, json_string(to));
        }
        return json_object_set_new(root, "keyslots", renamed);
failed:
        json_decref(renamed);
        return -1;
}

/* One copy of the header with its slots under other numbers: what cryptsetup has no call for. */
static int renumber_copy(uint8_t *header, size_t size, const struct moves *moves, struct error *err) {
        char *area = (char *) header + LUKS_HEADER_MIN;
        size_t room = size - LUKS_HEADER_MIN;
        _cleanup_json_ json_t *root = NULL;
        _cleanup_free_ char *text = NULL;
        int r = json_parse(area, strnlen(area, room), &root, err);

        if (r < 0)
                return r;
        if (move_names(root, moves) < 0)
                return fail(err, ERR_VERIFY, "Las ranuras de la cabecera no se pueden renumerar.",
                            "The header's slots can't be renumbered.");
        text = json_dumps(root, JSON_COMPACT);
        if (!text || strlen(text) >= room)
                return fail_memory(err);
        memset(area, 0, room);
        memcpy(area, text, strlen(text));
        return luks_seal_copy(header, size, err);
}

static int renumber(int fd, const struct moves *moves, struct error *err) {
        _cleanup_luks_copy_ struct luks_copy copy = { 0 };
        size_t size;
        int r = luks_copy_read(fd, false, &copy, err);

        if (r < 0)
                return r;
        size = (size_t) copy.facts.header_size;
        if (copy.facts.state != LUKS_VERSION_2 || strcmp(copy.facts.checksum, "sha256") != 0)
                return fail(err, ERR_VERIFY, "La cabecera no es de las nuestras.", "The header is none of ours.");
        r = renumber_copy(copy.bytes, size, moves, err);
        if (r == 0)
                r = renumber_copy(copy.bytes + size, size, moves, err);
        if (r == 0 && (r = pwrite_all(fd, copy.bytes, 2 * size, 0)) < 0)
                r = fail_errno(err, -r, "No se puede cambiar la cabecera en memoria",
                               "The header can't be changed in memory");
        return r;
}

/* --- in memory: tokens -----------------------------------------------------------------------------------------
 */

static int renew_tokens(int fd, const struct luks_facts *old, const struct secret *machine, luks_token_make token,
                        void *context, struct error *err) {
        _cleanup_crypt_ struct crypt_device *device = NULL;
        struct crypt_words words = { "" };
        int r = luks_device_init(fd, &words, &device);

        if (r == 0)
                r = crypt_load(device, CRYPT_LUKS2, NULL);
        for (size_t i = 0; r >= 0 && i < old->tokens_n; i++)
                if (strcmp(old->tokens[i].type, "mpsi") == 0 || strcmp(old->tokens[i].type, HEADER_MAC_TOKEN) == 0)
                        r = crypt_token_json_set(device, old->tokens[i].number, NULL);
        if (r < 0)
                return luks_device_fail(err, r, &words, cannot_change);
        r = luks_put_token(device, fd, token, context, err);
        return r == 0 ? luks_put_mac(device, fd, machine, err) : r;
}

int luks_edit(const struct luks_copy *old, const struct luks_edit *edit, luks_token_make token, void *context,
              struct luks_copy *ret, int *ret_added, struct error *err) {
        const struct secret *machine = edit->new_machine ? edit->new_machine : edit->machine;
        _cleanup_luks_copy_ struct luks_copy header = { 0 };
        _cleanup_close_ int fd = -1;
        struct moves moves;
        int r = luks_copy_to_memory(old, &fd, err), added = -1;

        for (size_t i = 0; i < COUNT(moves.to); i++)
                moves.to[i] = -1;
        if (r == 0)
                r = edit_slots(fd, edit, old->facts.slots_n ? (size_t) old->facts.slots[0].key_size : 0, &moves,
                               &added, err);
        if (r == 0 && edit->new_machine)
                r = renumber(fd, &moves, err);
        if (r == 0)
                r = renew_tokens(fd, &old->facts, machine, token, context, err);
        if (r == 0)
                r = luks_copy_read(fd, true, &header, err);
        if (r < 0)
                return r;
        if (header.facts.state != LUKS_VERSION_2 || !header.whole || header.n != old->n)
                return fail(err, ERR_VERIFY, "La cabecera formada no es válida: %s.",
                            "The header made is not valid: %s.", header.facts.damage);
        r = header_mac_verify(&header.facts, machine, err);
        if (r < 0)
                return r;
        *ret = header;
        header = (struct luks_copy){ 0 };
        if (ret_added)
                *ret_added = added;
        return 0;
}

/* --- on the device ---------------------------------------------------------------------------------------------
 */

static int sync_device(int fd) {
        return fdatasync(fd) < 0 ? -errno : 0;
}

static int fail_write(struct error *err, int r) {
        return fail_errno(err, -r, "No se puede escribir la cabecera en el soporte",
                          "The header can't be written to the medium");
}

bool luks_block_in_use(const struct luks_facts *facts, uint64_t at) {
        for (size_t i = 0; i < facts->slots_n; i++)
                if (at + DIRECT_BLOCK > facts->slots[i].area_offset &&
                    at < facts->slots[i].area_offset + facts->slots[i].area_size)
                        return true;
        return false;
}

int luks_write_runs(int fd, const struct luks_copy *header, size_t from, size_t to, luks_block_wanted wanted,
                    const void *context, struct error *err) {
        int r = 0;

        for (size_t at = from, run; r == 0 && at + DIRECT_BLOCK <= to; at = run + DIRECT_BLOCK) {
                for (run = at; run + DIRECT_BLOCK <= to && wanted(context, run); run += DIRECT_BLOCK)
                        ;
                if (run > at)
                        r = pwrite_all(fd, header->bytes + at, run - at, (off_t) at);
        }
        if (r == 0)
                r = sync_device(fd);
        return r < 0 ? fail_write(err, r) : 0;
}

struct difference {
        const struct luks_copy *old, *header;
        bool used;
};

static bool differs(const void *context, size_t at) {
        const struct difference *d = context;

        return luks_block_in_use(&d->old->facts, at) == d->used &&
               memcmp(d->old->bytes + at, d->header->bytes + at, DIRECT_BLOCK) != 0;
}

/* The blocks behind both copies that differ; `used`: those that the old header uses, or those that not. */
static int write_areas(int fd, const struct luks_copy *old, const struct luks_copy *header, bool used,
                       struct error *err) {
        const struct difference difference = { old, header, used };

        return luks_write_runs(fd, header, 2 * (size_t) header->facts.header_size, header->n, differs, &difference,
                               err);
}

int luks_write_copy(int fd, const struct luks_copy *header, bool second, struct error *err) {
        size_t size = (size_t) header->facts.header_size, at = second ? size : 0;
        int r = pwrite_all(fd, header->bytes + at, size, (off_t) at);

        if (r == 0)
                r = sync_device(fd);
        return r < 0 ? fail_write(err, r) : 0;
}

/* The old header must open until the new one is whole: no slot of the new one may lie where a slot of the old one
 * lies, unless it is that slot. */
static bool areas_apart(const struct luks_facts *old, const struct luks_facts *new) {
        for (size_t i = 0; i < new->slots_n; i++)
                for (size_t k = 0; k < old->slots_n; k++) {
                        const struct luks_slot *a = &new->slots[i], *b = &old->slots[k];

                        if (a->area_offset < b->area_offset + b->area_size &&
                            b->area_offset < a->area_offset + a->area_size &&
                            strcmp(a->salt_digest, b->salt_digest) != 0)
                                return false;
                }
        return true;
}

int luks_rewrite(int fd, const struct luks_copy *old, const struct luks_copy *header, struct error *err) {
        int r;

        if (old->n != header->n || old->facts.header_size != header->facts.header_size ||
            !areas_apart(&old->facts, &header->facts))
                return fail(err, ERR_VERIFY, "La cabecera nueva no cabe junto a la anterior.",
                            "The new header does not fit beside the old one.");
        r = write_areas(fd, old, header, false, err);
        if (r == 0)
                r = luks_write_copy(fd, header, true, err);
        if (r == 0)
                r = luks_write_copy(fd, header, false, err);
        return r == 0 ? write_areas(fd, old, header, true, err) : r;
}
