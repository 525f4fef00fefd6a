/* The table of verbs, and what is made from it. */
#pragma once

#include "act/act.h"

extern const struct room *const rooms[];
extern const size_t rooms_n;

/* Calls each verb in the order of the catalogue until it returns non-zero. */
int verbs_each(int (*each)(void *context, const struct verb *verb), void *context);
/* NULL when there is none. name "" or NULL for a bare noun. */
const struct verb *verb_find(const char *noun, const char *name);
const struct param *param_find(const struct verb *verb, const char *name);

/* The checked arguments as a new object: types, lengths, terms, no unknown members; media and people are looked up
 * when db is not NULL. ERR_USAGE, ERR_NOT_FOUND, ERR_CONFLICT. */
int args_check(const struct verb *verb, const json_t *args, struct db *db, json_t **ret, struct error *err);

/* {verb, parameters, answer}: the documented shape, as JSON schema in words. New reference. */
json_t *verb_schema(const struct verb *verb);
json_t *verbs_schema(void);
