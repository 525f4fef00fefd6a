#include "sanitize/areas.h"

#include <stdlib.h>
#include <string.h>

static int64_t end_of(const struct area *area) {
        return area->start + area->length;
}

static void recount(struct areas *areas) {
        areas->bytes = 0;
        for (size_t i = 0; i < areas->n; i++)
                areas->bytes += areas->list[i].length;
}

int areas_add(struct areas *areas, int64_t start, int64_t length, struct error *err) {
        struct area added = { start, length };
        size_t first = 0, last;

        if (length <= 0)
                return 0;
        while (first < areas->n && end_of(&areas->list[first]) < start)
                first++;
        for (last = first; last < areas->n && areas->list[last].start <= end_of(&added); last++) {
                int64_t end = end_of(&areas->list[last]) > end_of(&added) ? end_of(&areas->list[last])
                                                                          : end_of(&added);

                added.start = areas->list[last].start < added.start ? areas->list[last].start : added.start;
                added.length = end - added.start;
        }
        if (first == last && areas->n == areas->size) {
                size_t size = areas->size ? 2 * areas->size : 16;
                struct area *more = realloc(areas->list, size * sizeof *more);

                if (!more)
                        return fail_memory(err);
                areas->list = more;
                areas->size = size;
        }
        memmove(areas->list + first + 1, areas->list + last, (areas->n - last) * sizeof *areas->list);
        areas->n = areas->n - (last - first) + 1;
        areas->list[first] = added;
        recount(areas);
        return 0;
}

int areas_join(struct areas *areas, const struct areas *more, struct error *err) {
        for (size_t i = 0; i < more->n; i++) {
                int r = areas_add(areas, more->list[i].start, more->list[i].length, err);

                if (r < 0)
                        return r;
        }
        return 0;
}

void areas_done(struct areas *areas) {
        free(areas->list);
        *areas = (struct areas){ 0 };
}

json_t *areas_to_json(const struct areas *areas, size_t limit) {
        json_t *list = json_array();

        for (size_t i = 0; list && i < areas->n && i < limit; i++)
                (void) json_array_append_new(list, json_pack("[I, I]", (json_int_t) areas->list[i].start,
                                                             (json_int_t) areas->list[i].length));
        return list;
}

int areas_from_json(const json_t *list, struct areas *ret, struct error *err) {
        _cleanup_areas_ struct areas areas = { 0 };
        size_t i;
        json_t *pair;

        json_array_foreach(list, i, pair) {
                json_int_t start = json_integer_value(json_array_get(pair, 0));
                json_int_t length = json_integer_value(json_array_get(pair, 1));
                int r;

                if (start < 0 || length <= 0 || start > INT64_MAX - length)
                        return fail(err, ERR_FAILED, "Lista de zonas dañada.", "Damaged list of areas.");
                r = areas_add(&areas, start, length, err);
                if (r < 0)
                        return r;
        }
        *ret = areas;
        areas = (struct areas){ 0 };
        return 0;
}
