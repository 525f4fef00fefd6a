/* What policy demands of a medium and by which techniques this device can give it (S1, S2). */
#pragma once

#include "sanitize/overwrite.h"

enum { PLAN_STEPS = 3 };

struct plan {
        const struct sanitize_demand *demand;
        enum scheme_id scheme;
        const struct technique *steps[PLAN_STEPS]; /* in order; the last may overwrite, none before it does */
        size_t steps_n;
        enum sanitize_level reaches; /* if every step ends well */
        char pattern[40];            /* SCHEME_CUSTOM: the house's name of it, or "" */
};

/* Puts one scheme to the medium. `facts` may be NULL: the device is not there, and is taken to offer everything.
 * ERR_REFUSED by S1 (too weak, or only destruction is enough) or S2 (not offered). */
int plan_scheme(const struct medium *medium, const struct device_facts *facts, enum scheme_id scheme,
                struct plan *ret, struct error *err);
/* The scheme with this code, or the preferred one of the matrix when code is NULL: never silently another. */
int plan_make(const struct medium *medium, const struct device_facts *facts, const char *code, struct plan *ret,
              struct error *err);
/* SCHEME_CUSTOM with these passes: as strong as any overwriting scheme of the matrix's cell whose passes it makes
 * all, in their order. Errors of technique_custom(), and the same refusals. */
int plan_custom(const struct medium *medium, const struct device_facts *facts, const char *passes, struct plan *ret,
                struct error *err);
/* Whether it makes all the passes of an overwriting scheme that is enough by itself. */
bool plan_custom_enough(const struct sanitize_demand *demand, const struct technique *technique);
/* The step that overwrites, or NULL. */
const struct technique *plan_overwrites(const struct plan *plan);
bool plan_erases_keys(const struct plan *plan);
bool plan_uses_firmware(const struct plan *plan);
/* What the device's own steps take by its own word; -1 when it gives none for one of them. */
int64_t plan_firmware_seconds(const struct plan *plan, const struct device_facts *facts);
/* Bytes to move on a medium of this size. */
int64_t plan_work(const struct plan *plan, int64_t size);
/* {scheme, level, steps: [{technique, passes: [...], reaches, does_not_reach}], ...}. New reference. */
json_t *plan_to_json(const struct plan *plan, int64_t size);
