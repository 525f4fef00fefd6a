/* Shared by the files about openings only. */
#pragma once

#include "gate/internal.h"
#include "gate/opening.h"

extern const struct schema opening_schema;
enum { OPENING_EVENTS = 3 };
extern const struct event_type opening_events[OPENING_EVENTS];

struct opening_row {
        char medium[MEDIUM_ID_TEXT];
        char device[DEVICE_FIELD], insertion[DEVICE_FIELD];
        char person[40], account[40];
        enum opening_mode mode;
        unsigned roles; /* of that person, then */
        int64_t time;
};
/* 1 with a row, 0 without. */
int opening_load(struct db *db, const char *medium, struct opening_row *ret, struct error *err);
int opening_each(struct db *db, int (*each)(void *context, const struct opening_row *row), void *context,
                 struct error *err);
/* Failed attempts so far, and the newest of them; zeros without. */
int opening_failures(struct db *db, const char *medium, int64_t *ret_failed, int64_t *ret_at, struct error *err);

int opening_run_unlock(struct act *act, const json_t *args, json_t **ret, struct error *err);
int opening_run_lock(struct act *act, const json_t *args, json_t **ret, struct error *err);
int opening_run_status(struct act *act, const json_t *args, json_t **ret, struct error *err);
