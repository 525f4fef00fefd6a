/* A figure over time. */
#pragma once

#include "metrics/internal.h"

struct trend_point {
        bool known;
        int64_t value; /* hundredths */
};

/* Appends {from, to, value, state}: the value as a decimal number in text, or null; the state or level as its code.
 */
int trend_add(json_t *trend, const struct period *piece, const struct trend_point *point, const char *state,
              struct error *err);
/* The newest points as blocks of eighths between their least and their most, a dot where nothing is known. New
 * string or NULL. */
char *trend_spark(const struct trend_point *points, size_t n);
