/* Waiting for what a device does by itself. Private to the room. */
#pragma once

#include "sanitize/job.h"

/* Comes back when the device has ended what is under way: done, or failed (ERR_VERIFY). ERR_BUSY: nobody waits any
 * more, and the device goes on. */
int firmware_follow(struct job *job, const struct technique *technique, struct firmware_run *run,
                    struct error *err);
/* Orders the technique, and the same. */
int firmware_order(struct job *job, const struct technique *technique, struct firmware_run *run, struct error *err);
/* Tells how far it is; total 0 means unknown. Where the device can be left (`stops`), ^C and a cancelled job end
 * it. */
int firmware_progress(struct job *job, struct text step, int64_t done, int64_t total, int64_t eta, bool stops,
                      struct error *err);
