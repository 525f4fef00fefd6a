/* All jobs of a station at one glance: what a screen shows of many drives at once. */
#pragma once

#include "base/json.h"
#include "policy/terms.h"

/* How a job stands, in the order in which a person wants to see them: trouble first. */
enum rack_state {
        RACK_FAILED,        /* given up by an error */
        RACK_NOT_SANITIZED, /* ended, but something was not reached */
        RACK_STOPPED,       /* at a durable point: nobody works on it */
        RACK_STALLED,       /* its process lives and has said nothing for a while */
        RACK_ERRORS,        /* works, and something could not be reached so far */
        RACK_HOT,           /* waits until the disk has cooled */
        RACK_WORKING,
        RACK_CANCELLED,
        RACK_SANITIZED,
        RACK_STATES
};
extern const struct term rack_state_terms[RACK_STATES];

enum { RACK_STALLED_AFTER = 60 }; /* seconds */

/* Merges what the jobs under way say of themselves (act_jobs()) with what is on record (sanitization_recent()): one
 * row a medium, sorted by state and, where they work, by the time that they still take. Pure. `now` in
 * microseconds. New reference, or NULL when memory is out. */
json_t *rack_rows(const json_t *live, const json_t *records, int64_t now);
