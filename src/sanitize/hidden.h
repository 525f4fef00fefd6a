/* What the device hides, in a job: opened before the first pass, on record before and after. Private to the room.
 */
#pragma once

#include "base/json.h"
#include "device/hidden.h"

struct job;

struct hidden_job {
        bool opened;          /* by this job, maybe in an earlier process */
        bool kept;            /* it stays so without power */
        int64_t shown, whole; /* bytes, before and after */
        struct hidden_opening how;
};

/* Opens it where policy wants that. The job's size is the whole one from here on. */
int job_hidden_open(struct job *job, struct error *err);
/* Once all of it is known to be wiped: leaves it open for good. What fails is said and recorded. */
void job_hidden_keep(struct job *job);
/* Adds `hidden` to what is recorded at the end, and a line to its limits. */
int job_hidden_describe(const struct job *job, json_t *data, struct error *err);
