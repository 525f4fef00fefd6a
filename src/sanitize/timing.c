#include "sanitize/timing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

/* Time servers move a clock in small steps. */
#define UNNOTICED (60 * SECOND)

static int64_t steady_clock(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_BOOTTIME, &now);
        return (int64_t) now.tv_sec * SECOND + now.tv_nsec / 1000;
}

static void note(struct timing *timing, int64_t jump) {
        if (llabs(jump) > llabs(timing->jump))
                timing->jump = jump;
}

void timing_start(struct timing *timing, int64_t wall, int64_t before) {
        timing->wall = wall;
        timing->steady = steady_clock();
        if (before && wall < before)
                note(timing, wall - before);
}

void timing_look(struct timing *timing, int64_t wall) {
        note(timing, wall - timing->wall - (steady_clock() - timing->steady));
}

json_t *timing_to_json(const struct timing *timing) {
        int64_t rounded = (timing->jump + (timing->jump < 0 ? -SECOND : SECOND) / 2) / SECOND;

        return llabs(timing->jump) > UNNOTICED ? json_pack("{s:I}", "jump_seconds", (json_int_t) rounded) : NULL;
}

void timing_text(int64_t jump_seconds, char out[TIMING_TEXT]) {
        static const struct {
                int64_t seconds;
                const char *symbol;
        } units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
        int64_t half;
        size_t i = 0;

        while (llabs(jump_seconds) < 2 * units[i].seconds && units[i].seconds > 1)
                i++;
        half = jump_seconds < 0 ? -units[i].seconds / 2 : units[i].seconds / 2;
        (void) snprintf(out, TIMING_TEXT, "%+" PRId64 " %s", (jump_seconds + half) / units[i].seconds,
                        units[i].symbol);
}
