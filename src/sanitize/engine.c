#include "sanitize/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/file.h"

enum {
        SLOTS = 2,           /* one being written, one being made: both stay in the cache */
        TRIES = 3,           /* of a single block */
        UNREACHED_MAX = 4096 /* stretches: more is a medium that has failed, not a worn one */
};

/* --- the ring between the generator's thread and the device's --------------------------------------------------
 */

struct ring {
        struct generator *generator;
        pthread_t thread;
        pthread_mutex_t mutex;
        pthread_cond_t changed;
        uint8_t *slots[SLOTS];
        uint64_t made, used; /* buffers so far */
        bool stop, failed, started;
        int64_t from, size;
};

static int64_t request_size(int64_t offset, int64_t size) {
        return size - offset < ENGINE_BUFFER ? size - offset : ENGINE_BUFFER;
}

static void *make_pattern(void *argument) {
        struct ring *ring = argument;

        for (int64_t offset = ring->from; offset < ring->size; offset += ENGINE_BUFFER) {
                uint64_t mine;
                bool stop;
                int r;

                (void) pthread_mutex_lock(&ring->mutex);
                while (!ring->stop && ring->made - ring->used == SLOTS)
                        (void) pthread_cond_wait(&ring->changed, &ring->mutex);
                stop = ring->stop;
                mine = ring->made;
                (void) pthread_mutex_unlock(&ring->mutex);
                if (stop)
                        break;
                r = generator_fill(ring->generator, offset, ring->slots[mine % SLOTS],
                                   (size_t) request_size(offset, ring->size));
                (void) pthread_mutex_lock(&ring->mutex);
                ring->failed = r < 0;
                ring->made++;
                (void) pthread_cond_signal(&ring->changed);
                (void) pthread_mutex_unlock(&ring->mutex);
                if (r < 0)
                        break;
        }
        return NULL;
}

static void ring_done(struct ring *ring) {
        if (ring->started) {
                (void) pthread_mutex_lock(&ring->mutex);
                ring->stop = true;
                (void) pthread_cond_signal(&ring->changed);
                (void) pthread_mutex_unlock(&ring->mutex);
                (void) pthread_join(ring->thread, NULL);
        }
        (void) pthread_cond_destroy(&ring->changed);
        (void) pthread_mutex_destroy(&ring->mutex);
        for (size_t i = 0; i < SLOTS; i++)
                free(ring->slots[i]);
        generator_free(ring->generator);
}

static int ring_start(struct ring *ring, const struct pattern *pattern, int64_t from, int64_t size,
                      struct error *err) {
        int r;

        ring->from = from;
        ring->size = size;
        (void) pthread_mutex_init(&ring->mutex, NULL);
        (void) pthread_cond_init(&ring->changed, NULL);
        r = generator_new(pattern, &ring->generator, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < SLOTS; i++) {
                ring->slots[i] = aligned_alloc(4096, ENGINE_BUFFER);
                if (!ring->slots[i])
                        return fail_memory(err);
        }
        if (pthread_create(&ring->thread, NULL, make_pattern, ring) != 0)
                return fail(err, ERR_FAILED, "No se puede crear el hilo generador.",
                            "The generator's thread can't be created.");
        ring->started = true;
        return 0;
}

/* The next buffer of the pattern; valid until ring_used(). */
static const uint8_t *ring_next(struct ring *ring) {
        const uint8_t *slot;

        (void) pthread_mutex_lock(&ring->mutex);
        while (ring->made == ring->used)
                (void) pthread_cond_wait(&ring->changed, &ring->mutex);
        slot = ring->failed && ring->made == ring->used + 1 ? NULL : ring->slots[ring->used % SLOTS];
        (void) pthread_mutex_unlock(&ring->mutex);
        return slot;
}

static void ring_used(struct ring *ring) {
        (void) pthread_mutex_lock(&ring->mutex);
        ring->used++;
        (void) pthread_cond_signal(&ring->changed);
        (void) pthread_mutex_unlock(&ring->mutex);
}

/* --- the device --------------------------------------------------------------------------------------------------
 */

static bool is_gone(int no) {
        return no == ENODEV || no == ENXIO || no == ENOMEDIUM || no == EBADF;
}

/* Somebody closed the gate: no block is bad, the whole device refuses. */
static bool is_read_only(int fd) {
        int value = 0;

        return ioctl(fd, BLKROGET, &value) == 0 && value != 0;
}

/* An image may end in the middle of a block, where direct I/O is not possible. */
static void direct(struct engine *engine, bool on) {
        int flags = fcntl(engine->fd, F_GETFL);

        if (flags >= 0)
                (void) fcntl(engine->fd, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT);
}

/* Writes (or reads, when `into` is given) one stretch: 0 or -errno. */
static int transfer(struct engine *engine, const uint8_t *data, uint8_t *into, int64_t offset, size_t n) {
        bool partial = n % engine->block != 0 && fcntl(engine->fd, F_GETFL) & O_DIRECT;
        ssize_t done;

        if (partial)
                direct(engine, false);
        done = into ? pread_all(engine->fd, into, n, offset) : pwrite_all(engine->fd, data, n, offset);
        if (partial) {
                if (done >= 0 && !into && fdatasync(engine->fd) < 0)
                        done = -errno;
                direct(engine, true);
        }
        if (done < 0)
                return (int) done;
        return into && (size_t) done < n ? -EIO : 0; /* the end came too early: it was truncated */
}

/* What fails is halved until single blocks are left; each of those is tried again and then given up. */
static int transfer_hard(struct engine *engine, const uint8_t *data, uint8_t *into, int64_t offset, size_t n,
                         struct areas *unreached, struct error *err) {
        size_t half;
        int r = transfer(engine, data, into, offset, n);

        for (int i = 1; r < 0 && n <= engine->block && i < TRIES; i++)
                r = transfer(engine, data, into, offset, n);
        if (r == 0)
                return 0;
        if (is_gone(-r))
                return fail(err, ERR_NOT_FOUND, "El dispositivo desapareció en el byte %lld.",
                            "The device went away at byte %lld.", (long long) offset);
        if (!into && is_read_only(engine->fd))
                return fail(err, ERR_CONFLICT, "El dispositivo quedó protegido contra escritura en el byte %lld.",
                            "The device became read-only at byte %lld.", (long long) offset);
        if (unreached->n > UNREACHED_MAX)
                return fail(err, ERR_VERIFY, "El soporte falla en más de %d zonas: no se puede borrar.",
                            "The medium fails in more than %d areas: it can't be wiped.", UNREACHED_MAX);
        if (n <= engine->block) {
                if (into)
                        memset(into, 0, n);
                return areas_add(unreached, offset, (int64_t) n, err);
        }
        half = n / 2 / engine->block * engine->block;
        if (half == 0)
                half = engine->block;
        r = transfer_hard(engine, data, into, offset, half, unreached, err);
        if (r < 0)
                return r;
        return transfer_hard(engine, data ? data + half : NULL, into ? into + half : NULL, offset + (int64_t) half,
                             n - half, unreached, err);
}

static int64_t monotonic(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Past the page cache and the device's own. BLKFLSBUF drops what others' reads left in the page cache; it wants
 * privileges that the passes themselves don't, and direct reads don't need it. */
static int make_durable(struct engine *engine, int64_t offset, struct error *err) {
        if (fdatasync(engine->fd) < 0)
                return is_gone(errno)
                               ? fail(err, ERR_NOT_FOUND, "El dispositivo desapareció.", "The device went away.")
                               : fail_errno(err, errno, "El dispositivo no asegura lo escrito",
                                            "The device does not make durable what was written");
        (void) ioctl(engine->fd, BLKFLSBUF, 0);
        (void) posix_fadvise(engine->fd, 0, 0, POSIX_FADV_DONTNEED);
        return engine->durable ? engine->durable(engine->context, offset, err) : 0;
}

static int fail_generator(struct error *err) {
        return fail(err, ERR_FAILED, "Falló el generador del patrón.", "The pattern's generator failed.");
}

int engine_write(struct engine *engine, const struct pattern *pattern, int64_t from, struct areas *unreached,
                 struct error *err) {
        _cleanup_(ring_done) struct ring ring = { 0 };
        int64_t last = monotonic();
        int r = ring_start(&ring, pattern, from, engine->size, err);

        for (int64_t offset = from; r == 0 && offset < engine->size;) {
                const uint8_t *data = ring_next(&ring);
                int64_t n = request_size(offset, engine->size);

                if (!data)
                        return fail_generator(err);
                r = transfer_hard(engine, data, NULL, offset, (size_t) n, unreached, err);
                if (r < 0)
                        return r;
                ring_used(&ring);
                offset += n;
                if (engine->durable_every && monotonic() - last >= engine->durable_every && offset < engine->size) {
                        r = make_durable(engine, offset, err);
                        last = monotonic();
                }
                if (r == 0 && engine->reached)
                        r = engine->reached(engine->context, offset, err);
        }
        return r == 0 ? make_durable(engine, engine->size, err) : r;
}

/* Adds each block that differs. */
static int compare(struct engine *engine, const uint8_t *expected, const uint8_t *got, int64_t offset, size_t n,
                   struct areas *unreached, struct error *err) {
        if (memcmp(expected, got, n) == 0)
                return 0;
        for (size_t at = 0; at < n; at += engine->block) {
                size_t length = n - at < engine->block ? n - at : engine->block;
                int r = 0;

                if (memcmp(expected + at, got + at, length) != 0)
                        r = areas_add(unreached, offset + (int64_t) at, (int64_t) length, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

int engine_verify(struct engine *engine, const struct pattern *pattern, int64_t from, struct areas *unreached,
                  struct error *err) {
        _cleanup_(ring_done) struct ring ring = { 0 };
        _cleanup_free_ uint8_t *got = aligned_alloc(4096, ENGINE_BUFFER);
        int64_t last = monotonic();
        int r = got ? ring_start(&ring, pattern, from, engine->size, err) : fail_memory(err);

        (void) posix_fadvise(engine->fd, 0, 0, POSIX_FADV_DONTNEED);
        for (int64_t offset = from; r == 0 && offset < engine->size;) {
                int64_t n = request_size(offset, engine->size);
                const uint8_t *expected;

                r = transfer_hard(engine, NULL, got, offset, (size_t) n, unreached, err);
                if (r < 0)
                        return r;
                expected = ring_next(&ring);
                if (!expected)
                        return fail_generator(err);
                r = compare(engine, expected, got, offset, (size_t) n, unreached, err);
                ring_used(&ring);
                offset += n;
                if (r == 0 && engine->durable && engine->durable_every &&
                    monotonic() - last >= engine->durable_every && offset < engine->size) {
                        r = engine->durable(engine->context, offset, err);
                        last = monotonic();
                }
                if (r == 0 && engine->reached)
                        r = engine->reached(engine->context, offset, err);
        }
        return r;
}
