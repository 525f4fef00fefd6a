#include "sanitize/ahead.h"

#include "base/file.h"
#include "sanitize/engine.h"
#include "sanitize/thread.h"

#define AHEAD_LEAST (4 * (int64_t) ENGINE_BUFFER) /* less is read before a thread has begun */

/* The oldest that nobody reads yet, or NULL. */
static struct ahead_request *wanted(struct ahead *ahead) {
        for (size_t i = 0; i < ahead->n; i++) {
                struct ahead_request *request = &ahead->requests[(ahead->first + i) % AHEAD_REQUESTS];

                if (request->state == AHEAD_WANTED)
                        return request;
        }
        return NULL;
}

static void *read_requests(void *argument) {
        struct ahead *ahead = argument;
        struct ahead_request *request;

        (void) pthread_mutex_lock(&ahead->mutex);
        while (!ahead->stop) {
                int64_t got;

                request = wanted(ahead);
                if (!request) {
                        (void) pthread_cond_wait(&ahead->changed, &ahead->mutex);
                        continue;
                }
                request->state = AHEAD_BEING_READ;
                (void) pthread_mutex_unlock(&ahead->mutex);
                got = pread_all(ahead->fd, request->into, request->n, request->offset);
                (void) pthread_mutex_lock(&ahead->mutex);
                request->got = got;
                request->state = AHEAD_ANSWERED;
                (void) pthread_cond_broadcast(&ahead->changed);
        }
        (void) pthread_mutex_unlock(&ahead->mutex);
        return NULL;
}

void ahead_start(struct ahead *ahead, int fd, int64_t from, int64_t size, size_t block, struct checker *checker) {
        *ahead = (struct ahead){ .checker = checker, .fd = fd, .size = size, .block = block };
        if (size - from < AHEAD_LEAST)
                return;
        (void) pthread_mutex_init(&ahead->mutex, NULL);
        (void) pthread_cond_init(&ahead->changed, NULL);
        ahead->ready = true;
        while (ahead->threads_n < AHEAD_REQUESTS &&
               thread_start(&ahead->threads[ahead->threads_n], read_requests, ahead, NULL) == 0)
                ahead->threads_n++;
}

static int64_t take_first(struct ahead *ahead) {
        const struct ahead_request *request = &ahead->requests[ahead->first];
        int64_t got;

        (void) pthread_mutex_lock(&ahead->mutex);
        while (request->state != AHEAD_ANSWERED)
                (void) pthread_cond_wait(&ahead->changed, &ahead->mutex);
        got = request->got;
        ahead->first = (ahead->first + 1) % AHEAD_REQUESTS;
        ahead->n--;
        (void) pthread_mutex_unlock(&ahead->mutex);
        return got;
}

static void drain(struct ahead *ahead) {
        while (ahead->n > 0)
                (void) take_first(ahead);
}

void ahead_done(struct ahead *ahead) {
        if (!ahead->ready)
                return;
        drain(ahead);
        (void) pthread_mutex_lock(&ahead->mutex);
        ahead->stop = true;
        (void) pthread_cond_broadcast(&ahead->changed);
        (void) pthread_mutex_unlock(&ahead->mutex);
        for (size_t i = 0; i < ahead->threads_n; i++)
                (void) pthread_join(ahead->threads[i], NULL);
        (void) pthread_cond_destroy(&ahead->changed);
        (void) pthread_mutex_destroy(&ahead->mutex);
        ahead->ready = false;
}

/* A file's last piece that is no whole block can't be read directly. */
static bool send(struct ahead *ahead) {
        size_t which = (ahead->first + ahead->n) % AHEAD_REQUESTS;
        int64_t n = engine_request(ahead->next, ahead->size);
        uint8_t *into = n > 0 && n % (int64_t) ahead->block == 0
                                ? checker_slot(ahead->checker, ahead->n, ahead->n == 0)
                                : NULL;

        if (!into)
                return false;
        (void) pthread_mutex_lock(&ahead->mutex);
        ahead->requests[which] = (struct ahead_request){ .offset = ahead->next, .n = (size_t) n, .into = into };
        ahead->n++;
        ahead->next += n;
        (void) pthread_cond_broadcast(&ahead->changed);
        (void) pthread_mutex_unlock(&ahead->mutex);
        return true;
}

bool ahead_read(struct ahead *ahead, int64_t offset, int *ret) {
        int64_t wants = engine_request(offset, ahead->size), got;

        if (ahead->threads_n == 0)
                return false;
        if (ahead->n > 0 && ahead->requests[ahead->first].offset != offset)
                drain(ahead);
        if (ahead->n == 0)
                ahead->next = offset;
        while (ahead->n < AHEAD_REQUESTS && send(ahead))
                ;
        if (ahead->n == 0)
                return false;
        got = take_first(ahead);
        if (got == wants) {
                *ret = 0;
                return true;
        }
        drain(ahead); /* in slots of requests that will not be the next ones now */
        *ret = (int) got;
        return got < 0;
}
