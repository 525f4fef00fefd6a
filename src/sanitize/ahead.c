#include "sanitize/ahead.h"

#include <errno.h>

#include "sanitize/engine.h"

#define AHEAD_LEAST (4 * (int64_t) ENGINE_BUFFER) /* to end a context costs some 30 ms */

void ahead_start(struct ahead *ahead, int fd, int64_t from, int64_t size, size_t block, struct checker *checker) {
        *ahead = (struct ahead){ .checker = checker, .fd = fd, .size = size, .block = block };
        if (size - from >= AHEAD_LEAST && io_setup(AHEAD_REQUESTS, &ahead->context) < 0)
                ahead->context = NULL;
}

/* No more of this: what is with the device ends first, and none of it counts. */
static void give_up(struct ahead *ahead) {
        (void) io_destroy(ahead->context);
        ahead->context = NULL;
        for (size_t i = 0; i < AHEAD_REQUESTS; i++) {
                ahead->results[i] = 0;
                ahead->answered[i] = true;
        }
}

/* Until the first of them is answered. */
static void wait_first(struct ahead *ahead) {
        while (!ahead->answered[ahead->first]) {
                struct io_event events[AHEAD_REQUESTS];
                int n = io_getevents(ahead->context, 1, AHEAD_REQUESTS, events, NULL);

                if (n < 0 && n != -EINTR)
                        give_up(ahead);
                for (int i = 0; i < n; i++) {
                        size_t which = (size_t) (events[i].obj - ahead->requests);

                        ahead->results[which] = (long) events[i].res;
                        ahead->answered[which] = true;
                }
        }
}

static long take_first(struct ahead *ahead) {
        long result;

        wait_first(ahead);
        result = ahead->results[ahead->first];
        ahead->first = (ahead->first + 1) % AHEAD_REQUESTS;
        ahead->n--;
        return result;
}

static void drain(struct ahead *ahead) {
        while (ahead->n > 0)
                (void) take_first(ahead);
}

void ahead_done(struct ahead *ahead) {
        if (ahead->context)
                drain(ahead);
        if (ahead->context)
                give_up(ahead);
}

/* A file's last piece that is no whole block can't be read directly. */
static bool send(struct ahead *ahead) {
        size_t which = (ahead->first + ahead->n) % AHEAD_REQUESTS;
        int64_t n = engine_request(ahead->next, ahead->size);
        struct iocb *request = &ahead->requests[which];
        uint8_t *into = n > 0 && n % (int64_t) ahead->block == 0
                                ? checker_slot(ahead->checker, ahead->n, ahead->n == 0)
                                : NULL;

        if (!into)
                return false;
        io_prep_pread(request, ahead->fd, into, (size_t) n, ahead->next);
        ahead->answered[which] = false;
        if (io_submit(ahead->context, 1, &request) != 1)
                return false;
        ahead->n++;
        ahead->next += n;
        return true;
}

bool ahead_read(struct ahead *ahead, int64_t offset, int *ret) {
        int64_t wanted = engine_request(offset, ahead->size);
        long got;

        if (!ahead->context)
                return false;
        if (ahead->n > 0 && ahead->requests[ahead->first].u.c.offset != offset)
                drain(ahead);
        if (ahead->n == 0)
                ahead->next = offset;
        while (ahead->n < AHEAD_REQUESTS && send(ahead))
                ;
        if (ahead->n == 0)
                return false;
        got = take_first(ahead);
        if (got == wanted) {
                *ret = 0;
                return true;
        }
        drain(ahead); /* in slots of requests that will not be the next ones now */
        *ret = (int) got;
        return got < 0;
}
