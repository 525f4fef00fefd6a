/* How fast a job is and how long it still takes. Pure: it is told when how much was done. */
#pragma once

#include "sanitize/technique.h"

enum { PACE_ACTS = 2 }; /* writing and reading back differ in speed: enum pass_act */

struct pace {
        /* In all sessions of the job. */
        struct {
                int64_t bytes, took; /* microseconds */
        } done[PACE_ACTS];
        double rate; /* bytes a second in the last seconds of this pass; 0 unknown */
        size_t pass;
        int64_t offset, at; /* when last told, microseconds; at 0: not yet */
};

/* `offset` bytes of pass number `pass` are behind now (microseconds of a clock that nobody sets). */
void pace_note(struct pace *pace, const struct technique *technique, size_t pass, int64_t offset, int64_t now);
/* What passes until the next pace_note() is not the job's: it waited. */
void pace_rest(struct pace *pace);
/* Bytes a second, now; 0 unknown. */
int64_t pace_rate(const struct pace *pace, const struct technique *technique);
/* Bytes a second of all that was done. */
int64_t pace_mean(const struct pace *pace);
/* Seconds that the passes still take, -1 unknown. */
int64_t pace_eta(const struct pace *pace, const struct technique *technique, int64_t size);
