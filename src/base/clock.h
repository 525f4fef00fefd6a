/* Time. One clock is handed to everything that asks what time it is, so that a test can live a year in a
 * second. A moment is microseconds since 1970-01-01T00:00:00Z; a date is the text YYYY-MM-DD. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct clock {
        int64_t (*now)(void *context); /* microseconds, UTC */
        void *context;
};

extern const struct clock clock_system;

static inline int64_t clock_now(const struct clock *clock) {
        return clock->now(clock->context);
}

enum { TIME_TEXT = 32, DATE_TEXT = 16 };
#define SECOND ((int64_t) 1000000)
#define DAY (86400 * SECOND)

/* 2026-11-23T14:43:00.000000Z */
void time_format(int64_t moment, char out[TIME_TEXT]);
/* 2026-11-23 14:43 in local time, for people. */
void time_format_local(int64_t moment, char out[TIME_TEXT]);
/* Accepts what time_format writes, with or without the fraction. 0 or ERR_USAGE. */
int time_parse(const char *text, int64_t *ret);

/* The UTC date of a moment. */
void date_of(int64_t moment, char out[DATE_TEXT]);
/* A real day of the calendar, years 1970 to 9999. */
bool date_valid(const char *text);
/* The moment at which the day starts, UTC. 0 or ERR_USAGE. */
int date_parse(const char *text, int64_t *ret);
