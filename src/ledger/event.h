/* An event: one fact that happened, and how it becomes rows. */
#pragma once

#include <stdint.h>

#include "base/json.h"
#include "store/db.h"

struct event {
        int64_t seq;         /* 1, 2, 3 ... on this station */
        int64_t time;        /* microseconds, UTC */
        const char *station; /* name of the station */
        const char *actor;   /* the person acting; "-" before there is one */
        const char *os_user; /* the operating-system user behind the request */
        const char *type;    /* "medium.registered" */
        const char *subject; /* usually a medium's ID */
        const json_t *data;  /* an object; canonical JSON without reals */
};

/* What a caller hands in to be recorded. */
struct fact {
        const char *type;
        const char *subject;
        json_t *data; /* borrowed; NULL means {} */
};

/* apply turns an event into rows. It is a pure function of the event and the rows so far: no clock, no files,
 * no devices, so that a replay ends with the same bytes. NULL when the event changes no row. A room may follow what
 * another room records: its row of the same name is applied after those of rooms that stand before it. */
struct event_type {
        const char *name;
        int (*apply)(struct db *db, const struct event *event, struct error *err);
};
