/* Reading ahead: a pass that reads back keeps some requests with the device at once, as fast drives want it. Only a
 * faster way to the same bytes: whoever gets no answer here reads by themselves. Private to the engine. */
#pragma once

#include <libaio.h>

#include "sanitize/checker.h"

enum { AHEAD_REQUESTS = CHECKER_SLOTS - 1 /* with the device, while the checker has one */ };

struct ahead {
        struct checker *checker; /* in whose slots it reads, in their order */
        int fd;
        int64_t size;
        size_t block;
        io_context_t context; /* NULL: the kernel has none for us */
        struct iocb requests[AHEAD_REQUESTS];
        long results[AHEAD_REQUESTS];
        bool answered[AHEAD_REQUESTS];
        size_t first, n; /* of those with the device, in order of their offsets */
        int64_t next;    /* offset of the next to be sent */
};

/* Of a pass over [from, size). Never fails: without a context there is no reading ahead. `fd` and `checker` outlive
 * it. */
void ahead_start(struct ahead *ahead, int fd, int64_t from, int64_t size, size_t block, struct checker *checker);
/* The request at `offset`, which may be another than the one after the last: then what is with the device is thrown
 * away. false when it has to be read in another way; else *ret is 0 and the bytes are in the checker's next slot,
 * to be given, or -errno. */
bool ahead_read(struct ahead *ahead, int64_t offset, int *ret);
/* Waits for all that is with the device: its buffers are not the checker's to free before. */
void ahead_done(struct ahead *ahead);
