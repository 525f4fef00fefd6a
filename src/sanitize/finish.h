/* The end of a job: checks, verdict, record. Private to the room. */
#pragma once

#include "sanitize/job.h"

/* Judges what the steps left, records sanitization.finished, and answers. ERR_VERIFY by S5 when it is not
 * sanitized. */
int job_finish(struct job *job, json_t **ret, struct error *err);
