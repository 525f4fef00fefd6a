#include "sanitize/calibrate.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

enum {
        STRETCH = 2 << 20,
        STRETCH_LEAST = 64 << 10,
        ALIGNED = 4096,
        TIMES_FASTER = 2,
        NOISE = 2000 /* microseconds: less is a matter of caches and of the scheduler */
};

static int64_t monotonic(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int timed_write(int fd, const uint8_t *data, const struct calibration *c, int64_t *ret_took,
                       struct error *err) {
        int64_t began = monotonic();
        int r = pwrite_all(fd, data, (size_t) c->bytes, c->offset);

        if (r == 0 && fdatasync(fd) < 0)
                r = -errno;
        if (r < 0)
                return fail_errno(err, -r, "No se puede medir la escritura", "Writing can't be measured");
        *ret_took = monotonic() - began;
        return 0;
}

static int fill_random(uint8_t *data, size_t n, struct error *err) {
        struct pattern pattern = { .stream = true };
        _cleanup_(generator_freep) struct generator *generator = NULL;
        int r;

        if (getrandom(pattern.key, sizeof pattern.key, 0) != sizeof pattern.key)
                return fail_errno(err, errno, "El núcleo no da números aleatorios",
                                  "The kernel gives no random bytes");
        r = generator_new(&pattern, &generator, err);
        if (r == 0 && generator_fill(generator, 0, data, n) < 0)
                r = fail(err, ERR_FAILED, "Falló el generador.", "The generator failed.");
        return r;
}

/* One round: every kind of bytes is written over another kind, so none is a repetition of what is there. */
static int run_round(int fd, uint8_t *data, struct calibration *c, int round, struct error *err) {
        size_t n = (size_t) c->bytes;
        int r = fill_random(data, n, err);

        if (r == 0)
                r = timed_write(fd, data, c, &c->randoms[round], err);
        memset(data, 0, n);
        if (r == 0)
                r = timed_write(fd, data, c, &c->zeros[round], err);
        memset(data, c->constant, n);
        if (r == 0)
                r = timed_write(fd, data, c, &c->constants[round], err);
        return r;
}

int calibrate(int fd, int64_t size, uint8_t constant, struct calibration *ret, struct error *err) {
        struct calibration c = { .constant = constant, .bytes = STRETCH };
        _cleanup_free_ uint8_t *data = aligned_alloc(ALIGNED, STRETCH);
        int64_t ignored;
        int r;

        if (!data)
                return fail_memory(err);
        if (c.bytes > size / 8)
                c.bytes = size / 8 / ALIGNED * ALIGNED;
        if (c.bytes < STRETCH_LEAST)
                return fail(err, ERR_NOT_FOUND, "El soporte es demasiado pequeño para medirlo.",
                            "The medium is too small to be measured.");
        c.offset = size / 2 / ALIGNED * ALIGNED;
        /* What is written for the first time may cost an allocation that the later rounds don't have. */
        r = fill_random(data, (size_t) c.bytes, err);
        if (r == 0)
                r = timed_write(fd, data, &c, &ignored, err);
        for (int round = 0; r == 0 && round < CALIBRATION_ROUNDS; round++)
                r = run_round(fd, data, &c, round, err);
        if (r == 0)
                r = fill_random(data, (size_t) c.bytes, err);
        if (r == 0)
                r = timed_write(fd, data, &c, &ignored, err);
        if (r < 0)
                return r;
        *ret = c;
        return 0;
}

static int64_t extreme(const int64_t rounds[CALIBRATION_ROUNDS], bool slowest) {
        int64_t value = rounds[0];

        for (int i = 1; i < CALIBRATION_ROUNDS; i++)
                if (slowest ? rounds[i] > value : rounds[i] < value)
                        value = rounds[i];
        return value;
}

bool calibration_suspects(const int64_t rounds[CALIBRATION_ROUNDS], const int64_t randoms[CALIBRATION_ROUNDS]) {
        int64_t slowest = extreme(rounds, true), fastest_random = extreme(randoms, false);

        return slowest * TIMES_FASTER <= fastest_random && fastest_random - slowest >= NOISE;
}

static json_t *rounds_to_json(const int64_t rounds[CALIBRATION_ROUNDS]) {
        json_t *list = json_array();

        for (int i = 0; list && i < CALIBRATION_ROUNDS; i++)
                (void) json_array_append_new(list, json_integer((json_int_t) rounds[i]));
        return list;
}

json_t *calibration_to_json(const struct calibration *c) {
        return json_pack("{s:I, s:I, s:i, s:o, s:o, s:o, s:b, s:b}", "offset", (json_int_t) c->offset, "bytes",
                         (json_int_t) c->bytes, "constant", (int) c->constant, "zeros_us", rounds_to_json(c->zeros),
                         "constant_us", rounds_to_json(c->constants), "random_us", rounds_to_json(c->randoms),
                         "zeros_elided", calibration_suspects(c->zeros, c->randoms), "constant_elided",
                         calibration_suspects(c->constants, c->randoms));
}
