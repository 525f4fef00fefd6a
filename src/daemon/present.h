/* The devices that are plugged in, and what was last decided about each, so that a fact is recorded once. */
#pragma once

#include "gate/gate.h"

struct present {
        char name[64]; /* kernel name */
        char insertion[DEVICE_FIELD];
        struct gate_judgement judgement;
        int hold_fd; /* exclusive, of a refused device; -1 none */
        struct present *next;
};

struct present *present_find(struct present *list, const char *name);
/* The entry of this name, made when there is none. NULL: out of memory. */
struct present *present_get(struct present **list, const char *name);
void present_remove(struct present **list, const char *name);
void present_free(struct present **list);

/* Whether this verdict on this insertion is the one already on record. */
bool present_same(const struct present *entry, const struct device_facts *facts,
                  const struct gate_judgement *judgement);
