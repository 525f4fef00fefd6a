/* Rotation C: the data under another volume key, in place, by libcryptsetup's own resilient re-encryption, so that
 * a medium that was cut off is also finished by any cryptsetup of the same age. Private to the room. */
#pragma once

#include "encrypt/change.h"

struct rekey_progress {
        uint64_t done, total; /* bytes of data */
};

/* Begins or goes on: the device holds a header that CHANGE_REKEY left. `machine` opens the slots of both volume
 * keys. 0 when all is done; ERR_CONFLICT when the act was cancelled: what was done stays, and a later call goes on.
 * Between act_pause() and act_resume(). The target's descriptor is closed meanwhile, since the kernel's claim on
 * the device passes to libcryptsetup, and the device held again when this returns 0. */
int rekey_run(struct target *target, const struct secret *machine, struct rekey_progress *ret, struct error *err);
