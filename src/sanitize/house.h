/* S3: the overwriting patterns that the house has approved for itself, by name. Private to the room. */
#pragma once

#include "act/act.h"
#include "sanitize/plan.h"

/* The plan that these arguments ask for: `pattern` by the house's own passes, else `method` or the matrix's.
 * ERR_NOT_FOUND for a pattern that is not on record; the errors of plan_make() and plan_custom(). */
int house_plan(struct act *act, const struct medium *medium, const struct device_facts *facts, const json_t *args,
               struct plan *ret, struct error *err);

/* Calls `each` with every pattern's name and passes, by name. Anything but 0 ends it. */
int house_patterns(struct db *db, int (*each)(void *context, const char *name, const char *passes), void *context,
                   struct error *err);

/* Apply sanitization.pattern-set and .pattern-retired. */
int house_apply_set(struct db *db, const struct event *event, struct error *err);
int house_apply_retired(struct db *db, const struct event *event, struct error *err);

/* The verbs `wipe pattern` and `wipe patterns`. */
int house_set(struct act *act, const json_t *args, json_t **ret, struct error *err);
int house_list(struct act *act, const json_t *args, json_t **ret, struct error *err);
