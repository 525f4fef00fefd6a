/* What was read back against the pattern, by a thread of its own while the device reads on. Private to the engine.
 *
 * The pattern is made and compared in slices that never leave the first-level cache. */
#pragma once

#include <pthread.h>

#include "sanitize/areas.h"
#include "sanitize/pattern.h"

enum { CHECKER_SLOTS = 4 /* three being read, one being compared */ };

struct checker {
        struct generator *generator;
        pthread_t thread;
        pthread_mutex_t mutex;
        pthread_cond_t changed;
        uint8_t *slots, *scratch; /* CHECKER_SLOTS buffers of ENGINE_BUFFER bytes; a slice */
        struct {
                int64_t offset;
                size_t n;
        } given[CHECKER_SLOTS];
        uint64_t given_n, checked_n; /* buffers so far */
        size_t block;
        bool constant, stop, ready, started;
        struct areas differing;
        struct error trouble; /* of the thread */
};

int checker_start(struct checker *checker, const struct pattern *pattern, size_t block, struct error *err);
/* The buffer of ENGINE_BUFFER bytes to read into that is given after `ahead` others: it is the caller's until
 * checker_give(). NULL when it is not free yet and nobody is to wait for it. */
uint8_t *checker_slot(struct checker *checker, size_t ahead, bool wait);
/* The n bytes that were read into it at `offset`, a multiple of 16: they are compared while others are read. */
void checker_give(struct checker *checker, int64_t offset, size_t n);
/* Moves the blocks found to differ so far to `ret`; `all`: after everything that was given is compared. */
int checker_collect(struct checker *checker, bool all, struct areas *ret, struct error *err);
void checker_done(struct checker *checker);
