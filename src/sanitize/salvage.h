/* What becomes of the parts of a medium that fail: passed by in growing steps, so that a scratch does not hold the
 * pass up, and looked at again at its end, in ever smaller pieces down to single blocks. Knows no device: it is
 * told what an attempt gave and how long it took. */
#pragma once

#include <stdbool.h>

#include "sanitize/areas.h"

enum {
        SALVAGE_STRETCHES = 1024, /* more is a medium that has failed, not a worn one */
        SALVAGE_TRIES = 3,        /* of a single block */
};
#define SALVAGE_STRETCH_TIME                                                                                       \
        (20 * INT64_C(1000000)) /* microseconds that failing may cost in one stretch, per size of piece */
#define SALVAGE_PASS_TIME (900 * INT64_C(1000000)) /* and in a whole pass */

struct salvage {
        int64_t size;   /* bytes of the medium */
        size_t block;   /* the least that can be bad */
        size_t request; /* the most that one attempt may move: a multiple of the block */
        int64_t streak; /* bytes passed by at the last failure; 0: the last request was sound */
        int64_t lost;   /* microseconds that failing has cost in this pass */
        void *context;
        /* 0: reached. 1: this stretch fails. Negative: the work ends with that. *ret_took: microseconds. */
        int (*attempt)(void *context, int64_t offset, size_t n, int64_t *ret_took, struct error *err);
};

/* A request of n bytes has failed: it and what is passed by with it are put off. *ret_next is where to go on.
 * ERR_VERIFY when so much fails that going on is senseless. */
int salvage_failed(struct salvage *salvage, int64_t offset, int64_t n, int64_t took, struct areas *later,
                   int64_t *ret_next, struct error *err);
static inline void salvage_reached(struct salvage *salvage) {
        salvage->streak = 0;
}
/* Tries again all that was put off, and empties `later`. What stays unreached is exact to the block where time
 * allows, else the whole stretch that was not reached. ERR_VERIFY as above: `unreached` then holds all of it. */
int salvage_rest(struct salvage *salvage, struct areas *later, struct areas *unreached, struct error *err);
