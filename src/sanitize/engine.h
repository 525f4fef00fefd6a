/* One pass over a whole medium: writing a pattern, or reading it back and comparing every byte. A second thread
 * makes the pattern while this one waits for the device. */
#pragma once

#include "sanitize/areas.h"
#include "sanitize/pattern.h"

/* Bytes in one request. A job holds two of the pattern while it writes, four of the device's while it reads back.
 */
enum { ENGINE_BUFFER = 1 << 20 };

struct engine {
        int fd;                /* opened by device_open(), O_DIRECT where the medium allows it */
        int64_t size;          /* bytes */
        size_t block;          /* logical block: the least that a bad stretch can be */
        int64_t durable_every; /* microseconds between two durable points */
        struct areas *later;   /* stretches that were passed by, to be tried again at the pass's end */
        void *context;
        /* After every request: what was reached. Not 0 stops the pass with that value. May be NULL. */
        int (*reached)(void *context, int64_t offset, struct error *err);
        /* All before `offset`, except `later`, is on the medium, past its cache. Not 0 stops the pass. May be NULL.
         */
        int (*durable)(void *context, int64_t offset, struct error *err);
};

/* Writes [from, size) and what is in `later`, and makes it durable. Stretches that can't be written are passed by
 * and tried again at the end (salvage.h), and then added to `unreached`; the pass goes on. ERR_NOT_FOUND when the
 * device went away, ERR_CONFLICT when it became read-only or another size, ERR_VERIFY when so much fails that going
 * on is senseless. `from` is a multiple of the buffer's size, or the size itself. */
int engine_write(struct engine *engine, const struct pattern *pattern, int64_t from, struct areas *unreached,
                 struct error *err);
/* Reads [from, size) from the device and compares every byte. Blocks that can't be read or that differ are added
 * to `unreached`; the answer is 0 all the same. */
int engine_verify(struct engine *engine, const struct pattern *pattern, int64_t from, struct areas *unreached,
                  struct error *err);

/* Bytes of the request at `offset`. */
static inline int64_t engine_request(int64_t offset, int64_t size) {
        return size - offset < ENGINE_BUFFER ? size - offset : ENGINE_BUFFER;
}
/* Microseconds of a clock that nobody sets. */
int64_t engine_clock(void);
