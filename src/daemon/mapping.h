/* Openings of encrypted media in the guard (C9): what workers ask for, what is open, and what ends it. The guard
 * never has a key: a worker puts it into the session's keyring, which all of mpsid's processes share, and the
 * kernel takes it from there. What is open the kernel knows: a guard that died and came back finds it in sysfs. */
#pragma once

#include "base/error.h"
#include "device/mapping.h"
#include "gate/opening.h"

struct guard;
struct monitor_event;

/* What a worker asks; the answer is a struct worker_told. */
struct mapping_asks {
        enum { MAPPING_ASKS_OPEN = 1, MAPPING_ASKS_CLOSE } asks;
        enum mapping_cut cut;
        struct mapping_plan plan; /* MAPPING_ASKS_CLOSE: the medium only */
};

/* A session keyring of our own, before any child is made. */
void mappings_join_keyring(void);

/* What is open already, and the clock of what is not used. */
int mappings_start(struct guard *guard, struct error *err);
/* `uid`: whose the client is, by the kernel's word. */
void mappings_wish(struct guard *guard, const struct mapping_asks *asks, uint64_t worker, uid_t uid);
void mappings_event(struct guard *guard, const struct monitor_event *event);
/* Whether the disk is open for writing. */
bool mappings_writable(const struct guard *guard, const char *disk);
/* What the judge says of the opening on that disk; `asked` after a look at it. */
void mappings_judged(struct guard *guard, const char *disk, enum opening_standing standing, bool asked);
/* The judge has recorded a closing, or could not. */
void mappings_recorded(struct guard *guard, const char *medium, int error);
/* There is another judge: what the one before was told is told again. */
void mappings_new_judge(struct guard *guard);
/* Closes all. True when nothing is open, or left to be recorded. */
bool mappings_stop(struct guard *guard);
void mappings_done(struct guard *guard);

/* In a worker: from now on the guard makes its mappings. `ask` sends one message and takes the answer. */
void mappings_by_guard(int (*ask)(const void *asks, size_t n, struct error *err));
