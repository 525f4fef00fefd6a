/* Filling a device with ciphertext before it is encrypted, so that nothing from before is left in clear and a later
 * crypto erase counts for every sector. Private to the room. */
#pragma once

#include "act/act.h"

/* AES-256-CTR under a random key that is kept nowhere, over [0, size) of fd, synced at the end. Tells the act's
 * progress; ERR_CONFLICT when it is cancelled. */
int luks_fill(struct act *act, int fd, int64_t size, const char *medium, struct error *err);
/* Overwrites [0, n) of fd with such bytes, n a multiple of the device's block, and gives a copy of them. */
int luks_overwrite(int fd, uint8_t *random, size_t n, struct error *err);
