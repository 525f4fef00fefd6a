/* Stretches of a medium that a pass could not reach, in rising order, neighbours joined (S5). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

struct area {
        int64_t start, length; /* bytes */
};

struct areas {
        struct area *list;
        size_t n, size;
        int64_t bytes; /* sum of lengths */
};

int areas_add(struct areas *areas, int64_t start, int64_t length, struct error *err);
/* Adds all of `more`. */
int areas_join(struct areas *areas, const struct areas *more, struct error *err);
void areas_done(struct areas *areas);
#define _cleanup_areas_ _cleanup_(areas_done)

/* [[start, length], ...], at most `limit` of them; the sums stand beside it in the record. New reference. */
json_t *areas_to_json(const struct areas *areas, size_t limit);
int areas_from_json(const json_t *list, struct areas *ret, struct error *err);
