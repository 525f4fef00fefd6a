/* Second looks at finished wipes: what they have in common, and which media one is due for (S4.2). */
#pragma once

#include "policy/verification.h"
#include "sanitize/internal.h"

/* Whether this person started or finished the wipe. */
bool look_same_person(const struct sanitization_record *record, const char *person);
/* ERR_CONFLICT when the last wipe did not end sanitized. */
int look_demand_sanitized(const struct sanitization_record *record, struct error *err);
/* ERR_VERIFY by S4: the medium no longer holds what it should. */
int look_refuse(const char *medium, int64_t differing, struct error *err);

/* How many looks of the year are missing, and whether any medium could still be looked at; quick, however many
 * wipes there were. */
int look_missing(struct act *act, struct second_looks *ret, struct error *err);
/* {wipes, looked, wanted, due, permille, rows: [{job, medium, ended, operator, due, second}]}: the wipes of a year
 * and, in `rows`, those that are due (`all`: every one). `second` is who looked, or "". New reference. */
int look_due(struct act *act, bool all, json_t **ret, struct error *err);
