#include "sanitize/ring.h"

#include <stdlib.h>

#include "sanitize/buffers.h"
#include "sanitize/engine.h"
#include "sanitize/thread.h"

static uint8_t *slot_at(const struct ring *ring, size_t slot) {
        return ring->slots + slot * ENGINE_BUFFER;
}

/* What the thread is to make next; false when it is to end. */
static bool take_work(struct ring *ring, uint8_t **ret_slot, int64_t *ret_offset, size_t *ret_n,
                      unsigned *ret_turn) {
        bool go_on;

        (void) pthread_mutex_lock(&ring->mutex);
        while (!ring->stop && (ring->made - ring->used == RING_SLOTS || ring->offset >= ring->size))
                (void) pthread_cond_wait(&ring->changed, &ring->mutex);
        go_on = !ring->stop && !ring->failed;
        *ret_slot = slot_at(ring, ring->made % RING_SLOTS);
        *ret_offset = ring->offset;
        *ret_n = (size_t) engine_request(ring->offset, ring->size);
        *ret_turn = ring->turn;
        (void) pthread_mutex_unlock(&ring->mutex);
        return go_on;
}

static void *make_pattern(void *argument) {
        struct ring *ring = argument;
        unsigned turn;
        uint8_t *slot;
        int64_t offset;
        size_t n;

        while (take_work(ring, &slot, &offset, &n, &turn)) {
                int r = generator_fill(ring->generator, offset, slot, n);

                (void) pthread_mutex_lock(&ring->mutex);
                if (turn == ring->turn) {
                        ring->failed = r < 0;
                        ring->offset += (int64_t) n;
                        ring->made++;
                        (void) pthread_cond_broadcast(&ring->changed);
                }
                (void) pthread_mutex_unlock(&ring->mutex);
        }
        return NULL;
}

static void stop_thread(struct ring *ring) {
        if (!ring->started)
                return;
        (void) pthread_mutex_lock(&ring->mutex);
        ring->stop = true;
        (void) pthread_cond_broadcast(&ring->changed);
        (void) pthread_mutex_unlock(&ring->mutex);
        (void) pthread_join(ring->thread, NULL);
        ring->started = false;
}

void ring_done(struct ring *ring) {
        stop_thread(ring);
        if (ring->ready) {
                (void) pthread_cond_destroy(&ring->changed);
                (void) pthread_mutex_destroy(&ring->mutex);
        }
        free(ring->slots);
        generator_free(ring->generator);
}

int ring_start(struct ring *ring, const struct pattern *pattern, int64_t from, int64_t size, struct error *err) {
        int r;

        ring->offset = from;
        ring->size = size;
        ring->constant = !pattern->stream;
        (void) pthread_mutex_init(&ring->mutex, NULL);
        (void) pthread_cond_init(&ring->changed, NULL);
        ring->ready = true;
        r = generator_new(pattern, &ring->generator, err);
        if (r < 0)
                return r;
        ring->slots = buffers_new(ring->constant ? 1 : RING_SLOTS);
        if (!ring->slots)
                return fail_memory(err);
        if (ring->constant)
                return generator_fill(ring->generator, 0, ring->slots, ENGINE_BUFFER);
        r = thread_start(&ring->thread, make_pattern, ring, err);
        ring->started = r == 0;
        return r;
}

const uint8_t *ring_next(struct ring *ring) {
        const uint8_t *slot;

        if (ring->constant)
                return ring->slots;
        (void) pthread_mutex_lock(&ring->mutex);
        while (ring->made == ring->used)
                (void) pthread_cond_wait(&ring->changed, &ring->mutex);
        slot = ring->failed && ring->made == ring->used + 1 ? NULL : slot_at(ring, ring->used % RING_SLOTS);
        (void) pthread_mutex_unlock(&ring->mutex);
        return slot;
}

void ring_used(struct ring *ring) {
        if (ring->constant)
                return;
        (void) pthread_mutex_lock(&ring->mutex);
        ring->used++;
        (void) pthread_cond_broadcast(&ring->changed);
        (void) pthread_mutex_unlock(&ring->mutex);
}

void ring_seek(struct ring *ring, int64_t offset) {
        if (ring->constant)
                return;
        (void) pthread_mutex_lock(&ring->mutex);
        ring->turn++;
        ring->offset = offset;
        ring->used = ring->made;
        (void) pthread_cond_broadcast(&ring->changed);
        (void) pthread_mutex_unlock(&ring->mutex);
}

const uint8_t *ring_piece(struct ring *ring, int64_t offset, size_t n) {
        if (ring->constant)
                return ring->slots;
        stop_thread(ring);
        return generator_fill(ring->generator, offset, ring->slots, n) < 0 ? NULL : ring->slots;
}
