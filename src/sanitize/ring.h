/* The pattern's bytes, made by a thread of its own while the device works. Private to the engine.
 *
 * Two buffers go round, and nothing is copied: what the thread made is what the device is given. A constant pattern
 * needs neither thread nor second buffer. */
#pragma once

#include <pthread.h>

#include "sanitize/pattern.h"

enum { RING_SLOTS = 2 }; /* one being written, one being made: both stay in the cache */

struct ring {
        struct generator *generator;
        pthread_t thread;
        pthread_mutex_t mutex;
        pthread_cond_t changed;
        uint8_t *slots;       /* RING_SLOTS buffers of ENGINE_BUFFER bytes, of a constant pattern one */
        uint64_t made, used;  /* buffers so far */
        unsigned turn;        /* of the thread's work: what it began before a seek is thrown away */
        int64_t offset, size; /* of the next buffer to make */
        bool constant, stop, failed, ready, started;
};

/* Buffers of ENGINE_BUFFER bytes from `from` on. Release with ring_done(), also after a failure. */
int ring_start(struct ring *ring, const struct pattern *pattern, int64_t from, int64_t size, struct error *err);
/* The next buffer of the pattern, or NULL when the generator failed; valid until ring_used(). */
const uint8_t *ring_next(struct ring *ring);
void ring_used(struct ring *ring);
/* The next buffer will be that of another offset. */
void ring_seek(struct ring *ring, int64_t offset);
/* Ends the thread, and gives single pieces from then on: n <= ENGINE_BUFFER bytes at `offset`, a multiple of 16.
 * NULL when the generator failed. */
const uint8_t *ring_piece(struct ring *ring, int64_t offset, size_t n);
void ring_done(struct ring *ring);
