#include "sanitize/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/file.h"
#include "sanitize/ahead.h"
#include "sanitize/ring.h"
#include "sanitize/salvage.h"

int64_t engine_clock(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
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

static int fail_gone(struct error *err, int64_t offset) {
        return fail(err, ERR_NOT_FOUND, "El dispositivo desapareció en el byte %lld.",
                    "The device went away at byte %lld.", (long long) offset);
}

/* A block device of another size than it had is another device, one of no size was unplugged (del_gendisk()); an
 * image's end says so itself. */
static int check_size(const struct engine *engine, int64_t offset, struct error *err) {
        uint64_t size = 0;

        if (ioctl(engine->fd, BLKGETSIZE64, &size) < 0 || (int64_t) size == engine->size)
                return 0;
        if (size == 0)
                return fail_gone(err, offset);
        return fail(err, ERR_CONFLICT, "El dispositivo cambió de tamaño (en el byte %lld).",
                    "The device changed its size (at byte %lld).", (long long) offset);
}

/* 1 when it is the medium that fails there, else why the pass can't go on. */
static int judge_failure(const struct engine *engine, int no, bool writing, int64_t offset, struct error *err) {
        int r = is_gone(no) ? fail_gone(err, offset) : check_size(engine, offset, err);

        if (r == 0 && writing && is_read_only(engine->fd))
                r = fail(err, ERR_CONFLICT, "El dispositivo quedó protegido contra escritura en el byte %lld.",
                         "The device became read-only at byte %lld.", (long long) offset);
        return r < 0 ? r : 1;
}

/* Past the page cache and the device's own. BLKFLSBUF drops what others' reads left in the page cache; it wants
 * privileges that the passes themselves don't, and direct reads don't need it. */
static int make_durable(struct engine *engine, int64_t offset, struct error *err) {
        int r;

        if (fdatasync(engine->fd) < 0)
                return is_gone(errno) ? fail_gone(err, offset)
                                      : fail_errno(err, errno, "El dispositivo no asegura lo escrito",
                                                   "The device does not make durable what was written");
        r = check_size(engine, offset, err);
        if (r < 0)
                return r;
        (void) ioctl(engine->fd, BLKFLSBUF, 0);
        (void) posix_fadvise(engine->fd, 0, 0, POSIX_FADV_DONTNEED);
        return engine->durable ? engine->durable(engine->context, offset, err) : 0;
}

/* --- one pass ----------------------------------------------------------------------------------------------------
 */

struct sweep {
        struct engine *engine;
        bool verifies;
        struct ring ring;       /* of a pass that writes */
        struct checker checker; /* of one that reads back */
        struct ahead ahead;
        struct salvage salvage;
        struct areas own; /* put off, when the caller keeps no list */
        struct areas *later, *unreached;
};

static void sweep_done(struct sweep *sweep) {
        if (sweep->verifies) {
                ahead_done(&sweep->ahead);
                checker_done(&sweep->checker);
        } else
                ring_done(&sweep->ring);
        areas_done(&sweep->own);
}

/* 0, 1 when the medium fails there, or what ends the pass. `r` is the request's, 0 or -errno. */
static int judge(struct sweep *sweep, int r, int64_t offset, int64_t began, int64_t *ret_took, struct error *err) {
        if (r == 0)
                return 0;
        *ret_took = engine_clock() - began;
        return judge_failure(sweep->engine, -r, !sweep->verifies, offset, err);
}

/* `again`: it was passed by before. While the medium fails nothing is read ahead: each failure costs its time. */
static int read_back(struct sweep *sweep, bool again, int64_t offset, size_t n, int64_t *ret_took,
                     struct error *err) {
        int64_t began = engine_clock();
        int r = 0, collected;

        if (again || sweep->salvage.streak || !ahead_read(&sweep->ahead, offset, &r))
                r = transfer(sweep->engine, NULL, checker_slot(&sweep->checker, 0, true), offset, n);
        r = judge(sweep, r, offset, began, ret_took, err);
        if (r == 0)
                checker_give(&sweep->checker, offset, n);
        collected = checker_collect(&sweep->checker, again, sweep->unreached, err);
        return collected < 0 && r >= 0 ? collected : r;
}

static int write_one(struct sweep *sweep, const uint8_t *data, int64_t offset, size_t n, int64_t *ret_took,
                     struct error *err) {
        int64_t began = engine_clock();

        return data ? judge(sweep, transfer(sweep->engine, data, NULL, offset, n), offset, began, ret_took, err)
                    : fail(err, ERR_FAILED, "Falló el generador del patrón.", "The pattern's generator failed.");
}

/* Once more, in the order of salvage_rest(). */
static int attempt(void *context, int64_t offset, size_t n, int64_t *ret_took, struct error *err) {
        struct sweep *sweep = context;
        int r = sweep->verifies ? read_back(sweep, true, offset, n, ret_took, err)
                                : write_one(sweep, ring_piece(&sweep->ring, offset, n), offset, n, ret_took, err);
        int stop = 0;

        if (r >= 0 && sweep->engine->reached)
                stop = sweep->engine->reached(sweep->engine->context, sweep->engine->size, err);
        return stop < 0 ? stop : r;
}

/* Writing what was passed by may take long: the point before it is made durable too. */
static int do_rest(struct sweep *sweep, struct error *err) {
        int r = 0;

        if (sweep->later->n > 0 && !sweep->verifies)
                r = make_durable(sweep->engine, sweep->engine->size, err);
        if (sweep->later->n > 0 && r == 0)
                r = salvage_rest(&sweep->salvage, sweep->later, sweep->unreached, err);
        if (r == 0 && sweep->verifies)
                r = checker_collect(&sweep->checker, true, sweep->unreached, err);
        return r;
}

static int next_request(struct sweep *sweep, int64_t *offset, struct error *err) {
        int64_t n = engine_request(*offset, sweep->engine->size), took = 0, next;
        int r = sweep->verifies ? read_back(sweep, false, *offset, (size_t) n, &took, err)
                                : write_one(sweep, ring_next(&sweep->ring), *offset, (size_t) n, &took, err);

        if (r < 0)
                return r;
        if (!sweep->verifies)
                ring_used(&sweep->ring);
        if (r == 0) {
                salvage_reached(&sweep->salvage);
                *offset += n;
                return 0;
        }
        r = salvage_failed(&sweep->salvage, *offset, n, took, sweep->later, &next, err);
        if (r < 0)
                return r;
        if (!sweep->verifies && next != *offset + n)
                ring_seek(&sweep->ring, next);
        *offset = next;
        return 0;
}

static int run_sweep(struct sweep *sweep, int64_t from, struct error *err) {
        struct engine *engine = sweep->engine;
        int64_t last = engine_clock(), offset = from;
        int r = 0;

        while (r == 0 && offset < engine->size) {
                r = next_request(sweep, &offset, err);
                if (r == 0 && engine->durable_every && offset < engine->size && !sweep->verifies &&
                    engine_clock() - last >= engine->durable_every) {
                        r = make_durable(engine, offset, err);
                        last = engine_clock();
                }
                if (r == 0 && engine->reached)
                        r = engine->reached(engine->context, offset, err);
        }
        return r < 0 ? r : do_rest(sweep, err);
}

static void start_sweep(struct sweep *sweep, struct engine *engine, struct areas *unreached) {
        sweep->engine = engine;
        sweep->unreached = unreached;
        sweep->later = engine->later ? engine->later : &sweep->own;
        sweep->salvage = (struct salvage){ .size = engine->size,
                                           .block = engine->block,
                                           .request = ENGINE_BUFFER,
                                           .context = sweep,
                                           .attempt = attempt };
}

int engine_write(struct engine *engine, const struct pattern *pattern, int64_t from, struct areas *unreached,
                 struct error *err) {
        _cleanup_(sweep_done) struct sweep sweep = { 0 };
        int r = ring_start(&sweep.ring, pattern, from, engine->size, err);

        start_sweep(&sweep, engine, unreached);
        if (r == 0)
                r = run_sweep(&sweep, from, err);
        return r < 0 ? r : make_durable(engine, engine->size, err);
}

int engine_verify(struct engine *engine, const struct pattern *pattern, int64_t from, struct areas *unreached,
                  struct error *err) {
        _cleanup_(sweep_done) struct sweep sweep = { .verifies = true };
        int r = checker_start(&sweep.checker, pattern, engine->block, err);

        if (r == 0)
                ahead_start(&sweep.ahead, engine->fd, from, engine->size, engine->block, &sweep.checker);
        start_sweep(&sweep, engine, unreached);
        (void) posix_fadvise(engine->fd, 0, 0, POSIX_FADV_DONTNEED);
        return r < 0 ? r : run_sweep(&sweep, from, err);
}
