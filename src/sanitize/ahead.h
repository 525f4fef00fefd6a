/* Reading ahead: a pass that reads back keeps some requests with the device at once, as fast drives want it. Only a
 * faster way to the same bytes: whoever gets no answer here reads by themselves. Private to the engine.
 *
 * Threads that wait, and not the kernel's asynchronous reads: those may hold the device open for a moment after its
 * last descriptor was closed, and whoever opens it next finds it busy. */
#pragma once

#include "sanitize/checker.h"

enum { AHEAD_REQUESTS = CHECKER_SLOTS - 1 /* with the device, while the checker has one */ };

struct ahead_request {
        int64_t offset;
        size_t n;
        uint8_t *into;
        enum { AHEAD_WANTED, AHEAD_BEING_READ, AHEAD_ANSWERED } state;
        int64_t got; /* bytes, or -errno */
};

struct ahead {
        struct checker *checker; /* in whose slots it reads, in their order */
        int fd;
        int64_t size;
        size_t block;
        pthread_t threads[AHEAD_REQUESTS];
        size_t threads_n;
        pthread_mutex_t mutex;
        pthread_cond_t changed;
        bool ready, stop;
        struct ahead_request requests[AHEAD_REQUESTS];
        size_t first, n; /* of those with the device, in order of their offsets */
        int64_t next;    /* offset of the next to be sent */
};

/* Of a pass over [from, size). Never fails: without threads there is no reading ahead. `fd` and `checker` outlive
 * it. */
void ahead_start(struct ahead *ahead, int fd, int64_t from, int64_t size, size_t block, struct checker *checker);
/* The request at `offset`, which may be another than the one after the last: then what is with the device is thrown
 * away. false when it has to be read in another way; else *ret is 0 and the bytes are in the checker's next slot,
 * to be given, or -errno. */
bool ahead_read(struct ahead *ahead, int64_t offset, int *ret);
/* Waits for all that is with the device: its buffers are not the checker's to free before. */
void ahead_done(struct ahead *ahead);
