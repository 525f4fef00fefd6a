#include "sanitize/checker.h"

#include <stdlib.h>
#include <string.h>

#include "sanitize/buffers.h"
#include "sanitize/engine.h"
#include "sanitize/thread.h"

enum { SLICE = 16 << 10 };

static uint8_t *slot_at(const struct checker *checker, size_t slot) {
        return checker->slots + slot * ENGINE_BUFFER;
}

/* Adds each block of the slice that differs. */
static int compare_slice(struct checker *checker, const uint8_t *got, int64_t offset, size_t n) {
        if (memcmp(checker->scratch, got, n) == 0)
                return 0;
        for (size_t at = 0; at < n; at += checker->block) {
                size_t length = n - at < checker->block ? n - at : checker->block;
                int r = 0;

                if (memcmp(checker->scratch + at, got + at, length) == 0)
                        continue;
                (void) pthread_mutex_lock(&checker->mutex);
                r = areas_add(&checker->differing, offset + (int64_t) at, (int64_t) length, &checker->trouble);
                (void) pthread_mutex_unlock(&checker->mutex);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int compare(struct checker *checker, const uint8_t *got, int64_t offset, size_t n) {
        for (size_t at = 0; at < n; at += SLICE) {
                size_t length = n - at < SLICE ? n - at : SLICE;
                int r = 0;

                if (!checker->constant &&
                    generator_fill(checker->generator, offset + (int64_t) at, checker->scratch, length) < 0)
                        return fail(&checker->trouble, ERR_FAILED, "Falló el generador del patrón.",
                                    "The pattern's generator failed.");
                r = compare_slice(checker, got + at, offset + (int64_t) at, length);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void *check(void *argument) {
        struct checker *checker = argument;

        for (;;) {
                size_t slot;
                bool stop;

                (void) pthread_mutex_lock(&checker->mutex);
                while (!checker->stop && checker->given_n == checker->checked_n)
                        (void) pthread_cond_wait(&checker->changed, &checker->mutex);
                slot = checker->checked_n % CHECKER_SLOTS;
                stop = checker->stop;
                (void) pthread_mutex_unlock(&checker->mutex);
                if (stop)
                        break;
                if (!checker->trouble.code)
                        (void) compare(checker, slot_at(checker, slot), checker->given[slot].offset,
                                       checker->given[slot].n);
                (void) pthread_mutex_lock(&checker->mutex);
                checker->checked_n++;
                (void) pthread_cond_broadcast(&checker->changed);
                (void) pthread_mutex_unlock(&checker->mutex);
        }
        return NULL;
}

void checker_done(struct checker *checker) {
        if (checker->started) {
                (void) pthread_mutex_lock(&checker->mutex);
                checker->stop = true;
                (void) pthread_cond_broadcast(&checker->changed);
                (void) pthread_mutex_unlock(&checker->mutex);
                (void) pthread_join(checker->thread, NULL);
        }
        if (checker->ready) {
                (void) pthread_cond_destroy(&checker->changed);
                (void) pthread_mutex_destroy(&checker->mutex);
        }
        free(checker->slots);
        free(checker->scratch);
        areas_done(&checker->differing);
        generator_free(checker->generator);
}

int checker_start(struct checker *checker, const struct pattern *pattern, size_t block, struct error *err) {
        int r = generator_new(pattern, &checker->generator, err);

        if (r < 0)
                return r;
        checker->block = block;
        checker->constant = !pattern->stream;
        (void) pthread_mutex_init(&checker->mutex, NULL);
        (void) pthread_cond_init(&checker->changed, NULL);
        checker->ready = true;
        checker->scratch = aligned_alloc(4096, SLICE);
        checker->slots = buffers_new(CHECKER_SLOTS);
        if (!checker->scratch || !checker->slots)
                return fail_memory(err);
        if (checker->constant && generator_fill(checker->generator, 0, checker->scratch, SLICE) < 0)
                return ERR_FAILED;
        r = thread_start(&checker->thread, check, checker, err);
        checker->started = r == 0;
        return r;
}

uint8_t *checker_slot(struct checker *checker, size_t ahead, bool wait) {
        uint8_t *slot;

        (void) pthread_mutex_lock(&checker->mutex);
        while (wait && checker->given_n + ahead - checker->checked_n >= CHECKER_SLOTS)
                (void) pthread_cond_wait(&checker->changed, &checker->mutex);
        slot = checker->given_n + ahead - checker->checked_n < CHECKER_SLOTS
                       ? slot_at(checker, (checker->given_n + ahead) % CHECKER_SLOTS)
                       : NULL;
        (void) pthread_mutex_unlock(&checker->mutex);
        return slot;
}

void checker_give(struct checker *checker, int64_t offset, size_t n) {
        (void) pthread_mutex_lock(&checker->mutex);
        checker->given[checker->given_n % CHECKER_SLOTS].offset = offset;
        checker->given[checker->given_n % CHECKER_SLOTS].n = n;
        checker->given_n++;
        (void) pthread_cond_broadcast(&checker->changed);
        (void) pthread_mutex_unlock(&checker->mutex);
}

int checker_collect(struct checker *checker, bool all, struct areas *ret, struct error *err) {
        int r = 0;

        (void) pthread_mutex_lock(&checker->mutex);
        while (all && checker->checked_n < checker->given_n)
                (void) pthread_cond_wait(&checker->changed, &checker->mutex);
        if (checker->checked_n == checker->given_n && checker->trouble.code) {
                r = checker->trouble.code;
                if (err)
                        *err = checker->trouble;
        }
        if (r == 0 && checker->differing.n > 0) {
                r = areas_join(ret, &checker->differing, err);
                areas_done(&checker->differing);
        }
        (void) pthread_mutex_unlock(&checker->mutex);
        return r;
}
