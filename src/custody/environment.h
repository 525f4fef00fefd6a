/* Readings of temperature, humidity and field, shared by the files that record, import and show them (U5). */
#pragma once

#include "custody/internal.h"
#include "policy/custody_environment.h"

enum { ENVIRONMENT_EVENTS = 3 };
extern const struct event_type environment_events[];

struct reading {
        char area[LOCATION_CODE];
        int64_t time;
        int64_t values[QUANTITIES];
        bool has[QUANTITIES];
};

/* A moment as loggers write it: 2026-11-27T14:05:00Z, 2026-11-27 14:05, with +01:00 or without a zone; then
 * `offset` (minutes east of Greenwich) says which, and ERR_USAGE without one (NULL). */
int reading_time_parse(const char *text, const int *offset, int64_t *ret, struct error *err);
/* "+01:00", "-0330" or "Z" to minutes. */
bool reading_offset_parse(const char *text, int *ret);
/* Sets one value. ERR_USAGE for no number, ERR_REFUSED by U5 for what no sensor can mean. */
int reading_set(struct reading *reading, enum quantity quantity, const char *text, struct error *err);

/* Whether there is one of that place and moment: 1 with the same values, 0 when there is none, ERR_CONFLICT when it
 * says otherwise. */
int reading_known(struct db *db, const struct reading *reading, struct error *err);

/* Records readings, sorted by place and time, none of them known, with the alerts and incidents that they cause,
 * and says those. */
int readings_record(struct act *act, const struct reading *readings, size_t n, struct error *err);

/* The gravest that a reading is, by U5 and by the limits of what is kept there; ret_quantity may be NULL. */
struct environment_limits {
        struct range ranges[QUANTITIES];
        char models[QUANTITIES][2][MEDIUM_FIELD]; /* whose limit is the least and the most; "" for none */
};
int environment_limits_load(struct act *act, const char *area, struct environment_limits *ret, struct error *err);
enum gravity reading_gravity(const struct reading *reading, const struct environment_limits *limits,
                             enum quantity *ret_quantity);
/* The newest reading of a place before a moment. ERR_NOT_FOUND without a message. */
int reading_before(struct db *db, const char *area, int64_t moment, struct reading *ret, struct error *err);
/* Calls each() for the newest reading of every place. */
int reading_each_place(struct db *db, int (*each)(void *context, const struct reading *reading), void *context,
                       struct error *err);

int environment_run_import(struct act *act, const json_t *args, json_t **ret, struct error *err);
int environment_run_show(struct act *act, const json_t *args, json_t **ret, struct error *err);
