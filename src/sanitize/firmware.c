#include "sanitize/firmware.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "policy/rule.h"
#include "sanitize/engine.h"
#include "sanitize/technique.h"

enum { SPACING = 256 << 10, MARKERS_LEAST = 64, MARKERS_MOST = 2048 };

/* --- offered? ----------------------------------------------------------------------------------------------------
 */

static int refuse_gap(const struct device_facts *facts, const char *name, struct error *err) {
        if (facts->firmware.gap == FIRMWARE_NO_RIGHTS)
                return refuse(
                        err, ERR_REFUSED, "S2", "«%s»: no se ha podido preguntar si ofrece %s (solo root puede).",
                        "“%s”: it could not be asked whether it offers %s (only root can).", facts->path, name);
        return refuse(err, ERR_REFUSED, "S2", "«%s» no contesta órdenes de firmware: no ofrece %s.",
                      "“%s” answers no firmware commands: it does not offer %s.", facts->path, name);
}

int firmware_offered(const struct medium *medium, const struct device_facts *facts, enum passthrough_kind kind,
                     bool has, const char *name, struct error *err) {
        int r = technique_overwrite_offered(medium, facts, err);

        if (r < 0 || !facts)
                return r;
        if (facts->firmware.gap != FIRMWARE_ANSWERED)
                return refuse_gap(facts, name, err);
        if (facts->firmware.kind != kind || !has)
                return refuse(err, ERR_REFUSED, "S2", "«%s» no ofrece %s.", "“%s” does not offer %s.", facts->path,
                              name);
        return 0;
}

/* --- markers -----------------------------------------------------------------------------------------------------
 */

/* One in 256 KiB, from 64 to 2048 of them: some twenty seconds of a magnetic disk at most. */
static unsigned marker_count(int64_t size) {
        int64_t blocks = size / FIRMWARE_MARKER, n = size / SPACING;

        n = n < MARKERS_LEAST ? MARKERS_LEAST : n > MARKERS_MOST ? MARKERS_MOST : n;
        return (unsigned) (blocks < n ? blocks : n);
}

/* Spread evenly, the first and the last block among them. */
static int64_t marker_place(int64_t size, unsigned i) {
        int64_t last = size / FIRMWARE_MARKER - 1, n = marker_count(size);

        return n > 1 ? last * (int64_t) i / (n - 1) * FIRMWARE_MARKER : 0;
}

static int marker_pattern(const uint8_t seed[FIRMWARE_SEED], struct generator **ret, struct error *err) {
        uint8_t material[16 + FIRMWARE_SEED] = "mpsi markers";
        struct pattern pattern = { .stream = true };

        memcpy(material + 16, seed, FIRMWARE_SEED);
        if (sha256(material, sizeof material, pattern.key) < 0)
                return fail(err, ERR_FAILED, "Falló SHA-256.", "SHA-256 failed.");
        return generator_new(&pattern, ret, err);
}

/* A marker that is gone afterwards shows something only if it was there before: a device may drop what it is told
 * to write, and do as little when it is told to erase. */
static int marks_are_there(int fd, const struct device_facts *facts, const uint8_t seed[FIRMWARE_SEED],
                           struct error *err) {
        struct firmware_look look = { 0 };
        int r = firmware_markers_left(fd, facts, seed, &look, err);

        if (r == 0 && look.survived < look.markers)
                return fail(err, ERR_VERIFY, "El dispositivo no guarda lo que se le escribe: %u de %u marcas.",
                            "The device does not keep what is written to it: %u of %u markers.", look.survived,
                            look.markers);
        return r;
}

int firmware_mark(int fd, const struct device_facts *facts, const uint8_t seed[FIRMWARE_SEED], struct error *err) {
        _cleanup_free_ uint8_t *block = aligned_alloc(FIRMWARE_MARKER, FIRMWARE_MARKER);
        _cleanup_(generator_freep) struct generator *generator = NULL;
        unsigned n = marker_count(facts->size);
        int r = block ? marker_pattern(seed, &generator, err) : fail_memory(err);

        for (unsigned i = 0; r == 0 && i < n; i++) {
                int64_t place = marker_place(facts->size, i);

                if (generator_fill(generator, place, block, FIRMWARE_MARKER) < 0)
                        return fail(err, ERR_FAILED, "Falló el generador.", "The generator failed.");
                r = pwrite_all(fd, block, FIRMWARE_MARKER, place);
                if (r < 0)
                        return fail_errno(err, -r, "No se puede escribir la marca en el byte %lld",
                                          "The marker at byte %lld can't be written", (long long) place);
        }
        if (r == 0 && fsync(fd) < 0)
                return fail_errno(err, errno, "El dispositivo no asegura las marcas",
                                  "The device does not make the markers durable");
        return r < 0 ? r : marks_are_there(fd, facts, seed, err);
}

int firmware_markers_left(int fd, const struct device_facts *facts, const uint8_t seed[FIRMWARE_SEED],
                          struct firmware_look *look, struct error *err) {
        _cleanup_free_ uint8_t *blocks = aligned_alloc(FIRMWARE_MARKER, 2L * FIRMWARE_MARKER);
        _cleanup_(generator_freep) struct generator *generator = NULL;
        uint8_t *expected = blocks, *got = blocks + FIRMWARE_MARKER;
        int r = blocks ? marker_pattern(seed, &generator, err) : fail_memory(err);

        look->markers = marker_count(facts->size);
        look->survived = 0;
        for (unsigned i = 0; r == 0 && i < look->markers; i++) {
                int64_t place = marker_place(facts->size, i);
                ssize_t n = pread_all(fd, got, FIRMWARE_MARKER, place);
                bool same = n < 0; /* what can't be read can't be shown to be gone */

                if (generator_fill(generator, place, expected, FIRMWARE_MARKER) < 0)
                        return fail(err, ERR_FAILED, "Falló el generador.", "The generator failed.");
                for (size_t at = 0; !same && at < FIRMWARE_MARKER; at += 512)
                        same = memcmp(expected + at, got + at, 512) == 0;
                look->survived += same;
        }
        return r;
}

/* --- what it left ------------------------------------------------------------------------------------------------
 */

/* Every byte against one value: that of the pattern, or the medium's first byte. */
static int look_at_all(int fd, const struct device_facts *facts, enum firmware_leaves leaves, void *context,
                       int (*reached)(void *context, int64_t offset, struct error *err), struct areas *unreached,
                       struct firmware_look *look, struct error *err) {
        struct engine engine = { .fd = fd,
                                 .size = facts->size,
                                 .block = (size_t) facts->logical_block,
                                 .context = context,
                                 .reached = reached };
        _cleanup_free_ uint8_t *first = aligned_alloc(FIRMWARE_MARKER, FIRMWARE_MARKER);
        struct pattern pattern = { .byte = FIRMWARE_PATTERN };
        int64_t before = unreached->bytes;
        int r;

        if (!first)
                return fail_memory(err);
        if (leaves == LEAVES_BYTE)
                pattern.byte = pread_all(fd, first, FIRMWARE_MARKER, 0) > 0 ? first[0] : 0;
        r = engine_verify(&engine, &pattern, 0, unreached, err);
        if (r < 0)
                return r;
        look->byte = pattern.byte;
        look->read = facts->size;
        look->uniform = unreached->bytes == before;
        return 0;
}

int firmware_look(int fd, const struct device_facts *facts, const uint8_t seed[FIRMWARE_SEED],
                  enum firmware_leaves leaves, void *context,
                  int (*reached)(void *context, int64_t offset, struct error *err), struct areas *unreached,
                  struct firmware_look *ret, struct error *err) {
        struct firmware_look look = { 0 };
        struct device_facts now;
        int r = firmware_markers_left(fd, facts, seed, &look, err);

        if (r == 0 && leaves != LEAVES_CHANGED)
                r = look_at_all(fd, facts, leaves, context, reached, unreached, &look, err);
        if (r == 0)
                r = device_facts_read(facts->path, NULL, &now, err);
        if (r < 0)
                return r;
        if (leaves == LEAVES_CHANGED)
                look.read = (int64_t) look.markers * FIRMWARE_MARKER;
        look.recognised = now.filesystem[0] || now.partition_table[0];
        look.clean = look.markers > 0 && look.survived == 0 && !look.recognised &&
                     (leaves == LEAVES_CHANGED || look.uniform);
        *ret = look;
        return 0;
}
