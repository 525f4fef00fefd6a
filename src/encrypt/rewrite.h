/* A header that is changed while its data stay: the new one is made in memory from the old one, and written so that
 * a cut at any moment leaves the old header, the new one, or one whole copy of either. Private to the room. */
#pragma once

#include "base/secret.h"
#include "encrypt/copy.h"
#include "encrypt/format.h"

/* A person's slot (rows 7 and 8). */
struct luks_human {
        const struct secret *passphrase;
        bool argon2;                 /* Argon2id; else PBKDF2-SHA-256 */
        int64_t time, memory, lanes; /* passes or iterations; KiB; of Argon2 */
};

struct luks_edit {
        const struct secret *machine;                    /* opens SLOT_MACHINE as it stands */
        const struct secret *new_machine, *new_recovery; /* both or neither */
        const struct luks_human *add;                    /* or NULL */
        int remove;                                      /* a slot's number, or -1 */
        /* Both new secrets also get slots for a new volume key, which holds no data yet. Those take the numbers
         * SLOT_MACHINE and SLOT_RECOVERY; the slots of the old one move to SLOT_OLD_…. */
        bool new_volume_key;
};

enum { SLOT_OLD_MACHINE = 2, SLOT_OLD_RECOVERY = 3 };

/* *ret_added: the number of the slot of `add`, or -1. The header's token and MAC are made anew. */
int luks_edit(const struct luks_copy *old, const struct luks_edit *edit, luks_token_make token, void *context,
              struct luks_copy *ret, int *ret_added, struct error *err);

/* Writes `header` over `old`, which stands on the device: key slots into areas that the old header does not use,
 * second copy, first copy, and only then what the old header held. Synced between each. */
int luks_rewrite(int fd, const struct luks_copy *old, const struct luks_copy *header, struct error *err);

/* The header as cryptsetup would recover it, in memory only: from the whole copy, or the newer one of two.
 * ERR_VERIFY when neither is whole. */
int luks_recover(int fd, size_t area, struct luks_copy *ret, struct error *err);
/* Writes the copy that a cut damaged or left behind, if one was. */
int luks_mend(int fd, const struct luks_copy *header, struct error *err);
/* Random bytes over all of the key-slot area that no slot uses, on the device and in `header`. */
int luks_wipe_free(int fd, struct luks_copy *header, struct error *err);
/* Between removing the slots of the old volume key and its commit libcryptsetup leaves, when it is cut, a header
 * that it can't open any more. All data are under the new key then: the header is what is left without the marks of
 * the re-encryption. ERR_CONFLICT when the header is in no such state. */
int luks_commit_rekey(const struct luks_copy *old, struct luks_copy *ret, struct error *err);

/* For those: a copy's checksum; one copy, synced; whole runs of blocks of which `wanted` says yes, synced (small
 * writes are slow on flash); whether a block lies in the area of a slot. */
typedef bool (*luks_block_wanted)(const void *context, size_t at);
int luks_seal_copy(uint8_t *header, size_t size, struct error *err);
int luks_write_copy(int fd, const struct luks_copy *header, bool second, struct error *err);
int luks_write_runs(int fd, const struct luks_copy *header, size_t from, size_t to, luks_block_wanted wanted,
                    const void *context, struct error *err);
bool luks_block_in_use(const struct luks_facts *facts, uint64_t at);
