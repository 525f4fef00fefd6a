/* Whether the station's clock was changed while a job ran: what it says is held against one that nobody sets and
 * that goes on while the machine sleeps. A certificate's times are the former's. */
#pragma once

#include <stdbool.h>

#include "base/json.h"

struct timing {
        int64_t wall, steady; /* when this process took the job up, by each clock; microseconds */
        int64_t jump;         /* the greatest that was seen, forth (+) or back (−), microseconds */
};

/* `before`: what the clock said last in this job, earlier than which it can't be now; 0 when it begins. */
void timing_start(struct timing *timing, int64_t wall, int64_t before);
void timing_look(struct timing *timing, int64_t wall);
/* {jump_seconds}, when it is over a minute; else NULL. New reference. */
json_t *timing_to_json(const struct timing *timing);
/* "+1000 d", "-3 h": in the greatest unit of which there are at least two, rounded. */
enum { TIMING_TEXT = 32 };
void timing_text(int64_t jump_seconds, char out[TIMING_TEXT]);
