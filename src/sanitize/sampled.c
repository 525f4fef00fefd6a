#include "sanitize/sampled.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"

enum { PIECE = 1 << 20 };

/* The common case, in one buffer and without a thread: most samples are small, and on a disk with heads the way to
 * the next one takes longer than anything else. Whatever isn't plainly right is left to the engine. */
static bool is_as_expected(const struct engine *engine, struct generator *generator, uint8_t *expected,
                           uint8_t *got, int64_t offset, size_t n) {
        return n % engine->block == 0 && pread_all(engine->fd, got, n, offset) == (ssize_t) n &&
               generator_fill(generator, offset, expected, n) == 0 && memcmp(expected, got, n) == 0;
}

/* Block by block, with its patience for what is hard to read. */
static int look_closely(const struct engine *engine, const struct pattern *pattern, int64_t offset, int64_t n,
                        struct areas *unreached, struct error *err) {
        struct engine part = *engine;

        part.size = offset + n;
        part.reached = NULL; /* the place's end is told, not this */
        part.durable = NULL;
        return engine_verify(&part, pattern, offset, unreached, err);
}

static int verify_place(const struct engine *engine, const struct pattern *pattern, struct generator *generator,
                        const struct area *place, uint8_t *buffers, struct areas *unreached, struct error *err) {
        int64_t end = place->start + place->length;

        for (int64_t at = place->start; at < end; at += PIECE) {
                int64_t n = end - at < PIECE ? end - at : PIECE;
                int r = 0;

                if (!is_as_expected(engine, generator, buffers, buffers + PIECE, at, (size_t) n))
                        r = look_closely(engine, pattern, at, n, unreached, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

int sampled_verify(const struct engine *engine, const struct pattern *pattern, const struct areas *places,
                   struct areas *unreached, struct error *err) {
        _cleanup_(generator_freep) struct generator *generator = NULL;
        _cleanup_free_ uint8_t *buffers = aligned_alloc(4096, 2 * (size_t) PIECE);
        int r = buffers ? generator_new(pattern, &generator, err) : fail_memory(err);

        (void) posix_fadvise(engine->fd, 0, 0, POSIX_FADV_DONTNEED);
        for (size_t i = 0; r == 0 && i < places->n; i++) {
                r = verify_place(engine, pattern, generator, &places->list[i], buffers, unreached, err);
                if (r == 0 && engine->reached)
                        r = engine->reached(engine->context, places->list[i].start + places->list[i].length, err);
        }
        return r;
}
