/* What is looked at while the passes of a job run: pace, temperature, whether somebody cancels it. */
#pragma once

#include "device/temperature.h"
#include "policy/heat.h"
#include "sanitize/pace.h"

struct job;
struct overwrite;

struct watch {
        struct pace pace;
        struct temperature_sensor sensor;
        struct heat_limit limit;
        bool waiting;           /* until it is cooler */
        bool known;             /* the sensor has said something */
        int celsius, warmest;   /* warmest in all sessions */
        int64_t pauses, paused; /* in all sessions: how often, microseconds */
        int64_t looked, shown;  /* microseconds */
};

/* Finds the disk's sensor and its limit. Says so where there is none. */
void watch_start(struct job *job);
/* An overwrite's progress(): tells, and ends the job when that is wanted. Waits while the disk is too warm. */
int watch_progress(void *context, const struct overwrite *overwrite, int64_t done, struct error *err);

/* {sensor, warmest, limit, limit_from, pauses, paused_seconds}, or null where nothing was measured. New reference.
 */
json_t *watch_temperature(const struct job *job);
/* What a checkpoint keeps, so that a resumed job knows its pace. New reference. */
json_t *watch_to_json(const struct watch *watch);
void watch_from_json(const json_t *kept, struct watch *ret);

/* The store's lock again, however long others hold it: a job that worked for hours does not end for that. */
int watch_lock(struct job *job, struct error *err);
