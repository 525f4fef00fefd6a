/* Where a medium stands in the clock of C5, and the waivers of it. Private to the room. */
#pragma once

#include "encrypt/internal.h"
#include "policy/rotation.h"

struct rotation_state {
        enum rotation_standing standing;
        int64_t due;          /* moment; 0: never */
        int64_t waived_until; /* moment; 0: no waiver that holds */
        char waived_by[40];
};

/* A waiver whose signature does not hold is none. */
void rotation_state_of(struct act *act, const struct medium *medium, const struct encryption *encryption,
                       struct rotation_state *ret);

/* Applies encryption.rotation-waived. */
int rotation_apply_waived(struct db *db, const struct event *event, struct error *err);
/* Applies encryption.rotation-due: it is said once for each standing. */
int rotation_apply_alerted(struct db *db, const struct event *event, struct error *err);

int encrypt_waive(struct act *act, const json_t *args, json_t **ret, struct error *err);
int encrypt_due(struct act *act, const json_t *args, json_t **ret, struct error *err);
