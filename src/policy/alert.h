/* Alerts: from which measure on something is an alert or critical, how long an acknowledgement holds, and what of a
 * new list is news against the one before. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "policy/custody_limits.h"

/* The least measure of each level. */
struct alert_levels {
        int64_t alert, critical;
};
#define ALERT_NEVER INT64_MAX

enum gravity alert_level(const struct alert_levels *levels, int64_t measure);

/* Whole units (of `unit` microseconds) from `due` to now, rounded down: negative before it. Nothing here knows of
 * local time: a night that lasts 23 or 25 hours changes no measure, and a leap day is a day. */
int64_t alert_past(int64_t due, int64_t now, int64_t unit);
/* When that level was reached. */
int64_t alert_since(int64_t due, int64_t unit, const struct alert_levels *levels, enum gravity level);
/* A thing that is good until the end of that day is due when the day is over. 0 or ERR_USAGE. */
int alert_day_over(const char *date, int64_t *ret);

/* How many days an acknowledgement of a level holds at most; 0: none is taken. These are mpsi's own numbers. */
extern const int64_t alert_quiet_days[GRAVITIES];

struct alert_acknowledgement {
        enum gravity level; /* of the alert, then */
        int64_t time, until;
};
/* It ends with its time, when the level is another one, and when the alert has come up anew. */
bool alert_quiet(const struct alert_acknowledgement *acknowledgement, enum gravity level, int64_t since,
                 int64_t now);

enum alert_news { NEWS_NONE, NEWS_NEW, NEWS_RISEN, NEWS_ENDED, ALERT_NEWS };
extern const struct term alert_news_terms[ALERT_NEWS];
/* told: the level that was told of last, GRAVITY_NONE for none; now: the level it has, GRAVITY_NONE when it is
 * gone. A level that falls is no news. `least`: what is below it is not told of; who was told of an alert hears of
 * its end. */
enum alert_news alert_news(enum gravity told, enum gravity now, enum gravity least);
