/* A figure over time: points of a trend, and the same as a line of blocks. */
#include <string.h>

#include "base/str.h"
#include "metrics/trend.h"

int trend_add(json_t *trend, const struct period *piece, const struct trend_point *point, const char *state,
              struct error *err) {
        char from[DATE_TEXT], to[DATE_TEXT], text[24];
        json_t *one;

        day_format(piece->from, from);
        day_format(piece->to, to);
        environment_format(point->value, text);
        one = json_pack("{s:s, s:s, s:s?, s:s}", "from", from, "to", to, "value", point->known ? text : NULL,
                        "state", state);
        return json_array_append_new(trend, one) ? fail_memory(err) : 0;
}

char *trend_spark(const struct trend_point *points, size_t n) {
        static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
        enum { MOST = 24, FLAT = 3, LEVELS = sizeof blocks / sizeof blocks[0] };
        size_t first = n > MOST ? n - MOST : 0, used = 0;
        char text[MOST * 3 + 1] = "";
        int64_t least = INT64_MAX, most = INT64_MIN;

        for (size_t i = first; i < n; i++)
                if (points[i].known) {
                        least = points[i].value < least ? points[i].value : least;
                        most = points[i].value > most ? points[i].value : most;
                }
        for (size_t i = first; i < n; i++) {
                int64_t level = most > least ? (points[i].value - least) * (LEVELS - 1) / (most - least)
                                : least == 0 ? 0
                                             : FLAT;
                const char *block = points[i].known ? blocks[level] : "·";

                memcpy(text + used, block, strlen(block));
                used += strlen(block);
        }
        text[used] = '\0';
        return strdup(text);
}
