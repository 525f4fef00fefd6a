/* Making a LUKS2 header: in memory, as it will stand on the device, and only then written there, the first header
 * last. Private to the room. */
#pragma once

#include "base/secret.h"
#include "encrypt/copy.h"

enum {
        SLOT_MACHINE = 0,  /* opened by the vault's secret */
        SLOT_RECOVERY = 1, /* opened by the escrowed one */
        LUKS_DATA_OFFSET = 16 << 20,
        LUKS_DEVICE_LEAST = 20 << 20, /* bytes: less leaves no room for data behind the header */
};

struct luks_plan {
        int64_t device_size; /* bytes */
        int64_t sector_size; /* 512 or 4096 */
        int64_t key_bytes;   /* volume key, both halves */
        const char *uuid;    /* NULL: a random one */
        const char *label;   /* LUKS2 label: the medium's ID */
        const char *subsystem;
        const struct secret *machine, *recovery;
};

/* Gives the token that goes into the header whose facts are given; a new object. */
typedef int (*luks_token_make)(void *context, const struct luks_facts *facts, json_t **ret, struct error *err);

/* The finished header: [0, data offset). It is judged by nobody here. */
int luks_build(const struct luks_plan *plan, luks_token_make token, void *context, struct luks_copy *ret,
               struct error *err);

/* Writes it through fd (O_DIRECT or not) so that a crash leaves either no LUKS header or a whole one. */
int luks_write(int fd, const struct luks_copy *header, struct error *err);

/* Whether a secret opens the slot of a header, tried on the copy. ERR_VERIFY when it does not. */
int luks_try_slot(const struct luks_copy *header, int slot, const struct secret *secret, struct error *err);
/* The same for a slot whose volume key holds no data yet. */
int luks_try_unbound_slot(const struct luks_copy *header, int slot, const struct secret *secret, struct error *err);
