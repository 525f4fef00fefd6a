/* Rows as JSON objects, for state that is read as a whole and answered as it is. */
#pragma once

#include "base/json.h"
#include "store/db.h"

/* The present row as an object: names[i] and types[i] belong to column i. Types: s text, i integer, f flag,
 * t moment (microseconds, becomes ISO text). A NULL column is left out. New reference, or NULL without memory. */
json_t *rows_to_json(const struct rows *rows, const char *const *names, const char *types);
