#include "sanitize/forensic.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "sanitize/signatures.h"

enum { BLOCK = 4096, MARKERS = 64, EDGE = 1 << 20 };

/* A block of 4096 random bytes has 7.955 bits a byte on average, with a deviation of 0.004. */
enum { RANDOM_MILLIBITS = 7800 };

/* Reads at whole blocks, as direct I/O wants it; short at the end of an image. */
static ssize_t read_block(int fd, uint8_t *block, int64_t size, int64_t offset) {
        ssize_t n = pread_all(fd, block, BLOCK, offset / BLOCK * BLOCK);

        if (n < 0 || offset / BLOCK * BLOCK + n > size)
                return n < 0 ? n : (ssize_t) (size - offset / BLOCK * BLOCK);
        return n;
}

int forensic_markers(int fd, int64_t size, char ret_digest[65], struct error *err) {
        _cleanup_free_ uint8_t *blocks = aligned_alloc(BLOCK, MARKERS * BLOCK);

        if (!blocks)
                return fail_memory(err);
        memset(blocks, 0, MARKERS * BLOCK);
        for (int64_t i = 0; i < MARKERS; i++) {
                int64_t last = size > BLOCK ? (size - 1) / BLOCK : 0;

                /* What can't be read counts as zeros: it is reported by the passes, not here. */
                (void) read_block(fd, blocks + i * BLOCK, size, last * i / (MARKERS - 1) * BLOCK);
        }
        return sha256_text(blocks, MARKERS * BLOCK, ret_digest) < 0
                       ? fail(err, ERR_FAILED, "Falló SHA-256.", "SHA-256 failed.")
                       : 0;
}

static uint64_t entropy_millibits(const uint8_t *bytes, size_t n) {
        size_t counts[256] = { 0 };
        double bits = 0;

        for (size_t i = 0; i < n; i++)
                counts[bytes[i]]++;
        for (size_t i = 0; i < 256; i++)
                if (counts[i] > 0)
                        bits -= (double) counts[i] / (double) n * log2((double) counts[i] / (double) n);
        return (uint64_t) (bits * 1000);
}

/* --- one sample --------------------------------------------------------------------------------------------------
 */

struct sample {
        struct forensic *forensic;
        struct forensic_cell *cell;
        int64_t offset;
};

static void note_signature(void *context, size_t at, const char *what) {
        struct sample *sample = context;
        struct forensic *f = sample->forensic;

        f->signatures_n++;
        sample->cell->signatures++;
        if (json_array_size(f->signatures) < FORENSIC_LISTED)
                (void) json_array_append_new(f->signatures,
                                             json_pack("{s:I, s:s}", "offset",
                                                       (json_int_t) (sample->offset + (int64_t) at), "what", what));
}

static void note_string(void *context, size_t at, size_t length, enum string_class what) {
        struct sample *sample = context;
        struct forensic *f = sample->forensic;

        f->strings_n++;
        f->strings_by_class[what]++;
        sample->cell->strings++;
        if (json_array_size(f->strings) < FORENSIC_LISTED)
                (void) json_array_append_new(f->strings,
                                             json_pack("{s:I, s:I, s:s}", "offset",
                                                       (json_int_t) (sample->offset + (int64_t) at), "length",
                                                       (json_int_t) length, "what", string_class_terms[what].code));
}

static int64_t blocks_of(int64_t size) {
        return (size + BLOCK - 1) / BLOCK;
}

static int64_t first_block(const struct forensic *f, int64_t cell) {
        return (int64_t) ((double) blocks_of(f->size) * (double) cell / (double) f->cells_n);
}

static struct forensic_cell *cell_of(struct forensic *f, int64_t block) {
        int64_t cell = (int64_t) ((double) block * (double) f->cells_n / (double) blocks_of(f->size));

        while (cell + 1 < f->cells_n && first_block(f, cell + 1) <= block)
                cell++;
        while (cell > 0 && first_block(f, cell) > block)
                cell--;
        return &f->cells[cell];
}

static int look_at(struct forensic *f, int fd, int64_t offset, uint8_t *block, struct error *err) {
        struct sample sample = { .forensic = f, .offset = offset / BLOCK * BLOCK };
        ssize_t n = read_block(fd, block, f->size, offset);
        uint64_t entropy;

        if (n < 0)
                return fail_errno(err, (int) -n, "No se puede leer la muestra en el byte %lld",
                                  "The sample at byte %lld can't be read", (long long) offset);
        sample.cell = cell_of(f, offset / BLOCK);
        f->bytes += n;
        signatures_find(block, (size_t) n, note_signature, &sample);
        strings_find(block, (size_t) n, note_string, &sample);
        if (n < BLOCK)
                return 0;
        entropy = entropy_millibits(block, (size_t) n);
        f->entropy_sum += entropy;
        f->entropy_least = f->samples == 0 || entropy < f->entropy_least ? entropy : f->entropy_least;
        f->samples++;
        sample.cell->least = sample.cell->samples == 0 || entropy < sample.cell->least ? entropy
                                                                                       : sample.cell->least;
        sample.cell->samples++;
        return 0;
}

/* --- all samples -------------------------------------------------------------------------------------------------
 */

static int draw_places(const uint8_t seed[PATTERN_KEY], uint64_t *places, size_t n, struct error *err) {
        struct pattern pattern = { .stream = true };
        struct generator *generator = NULL;
        int r;

        memcpy(pattern.key, seed, PATTERN_KEY);
        r = generator_new(&pattern, &generator, err);
        if (r == 0 && generator_fill(generator, INT64_C(1) << 62, (uint8_t *) places, n * sizeof *places) < 0)
                r = fail(err, ERR_FAILED, "Falló el generador.", "The generator failed.");
        generator_free(generator);
        return r;
}

static int look_at_cells(struct forensic *f, int fd, const uint64_t *places, uint8_t *block, struct error *err) {
        int r = 0;

        for (int64_t cell = 0; r == 0 && cell < f->cells_n; cell++) {
                int64_t first = first_block(f, cell), end = first_block(f, cell + 1);

                end = cell + 1 == f->cells_n ? blocks_of(f->size) : end;
                for (int64_t i = 0; r == 0 && i < FORENSIC_SAMPLES && i < end - first; i++)
                        r = look_at(f, fd,
                                    (first +
                                     (int64_t) (places[FORENSIC_SAMPLES * cell + i] % (uint64_t) (end - first))) *
                                            BLOCK,
                                    block, err);
        }
        return r;
}

static int take_samples(struct forensic *f, int fd, const uint8_t seed[PATTERN_KEY], struct error *err) {
        _cleanup_free_ uint64_t *places = calloc((size_t) FORENSIC_SAMPLES * FORENSIC_CELLS, sizeof *places);
        _cleanup_free_ uint8_t *block = aligned_alloc(BLOCK, BLOCK);
        int64_t size = f->size;
        int r = block && places ? draw_places(seed, places, (size_t) FORENSIC_SAMPLES * FORENSIC_CELLS, err)
                                : fail_memory(err);

        for (int64_t at = 0; r == 0 && at < EDGE && at < size; at += BLOCK)
                r = look_at(f, fd, at, block, err);
        for (int64_t at = size > EDGE ? (size - EDGE) / BLOCK * BLOCK : EDGE; r == 0 && at < size; at += BLOCK)
                r = look_at(f, fd, at, block, err);
        return r < 0 ? r : look_at_cells(f, fd, places, block, err);
}

void forensic_done(struct forensic *forensic) {
        json_decref(forensic->signatures);
        json_decref(forensic->strings);
        forensic->signatures = forensic->strings = NULL;
}

int forensic_check(int fd, const struct device_facts *facts, const uint8_t seed[PATTERN_KEY],
                   enum forensic_left left, struct forensic *ret, struct error *err) {
        _cleanup_forensic_ struct forensic f = { .size = facts->size, .left = left };
        struct device_facts now;
        int r;

        f.signatures = json_array();
        f.strings = json_array();
        f.cells_n = blocks_of(f.size) < FORENSIC_CELLS ? blocks_of(f.size) : FORENSIC_CELLS;
        hex_encode(seed, PATTERN_KEY, f.seed);
        r = f.signatures && f.strings ? take_samples(&f, fd, seed, err) : fail_memory(err);
        if (r == 0)
                r = device_facts_read(facts->path, NULL, &now, err);
        if (r < 0)
                return r;
        (void) snprintf(f.recognised, sizeof f.recognised, "%s",
                        now.filesystem[0] ? now.filesystem : now.partition_table);
        f.passed = f.signatures_n == 0 && f.strings_n == 0 && !f.recognised[0] &&
                   (left != LEFT_RANDOM || f.entropy_least >= RANDOM_MILLIBITS);
        *ret = f;
        f.signatures = f.strings = NULL;
        return 0;
}

/* --- in numbers --------------------------------------------------------------------------------------------------
 */

const struct term entropy_class_terms[ENTROPY_CLASSES] = {
        [ENTROPY_CONSTANT] = { "constant", { "constante (menos de 1)", "constant (below 1)" } },
        [ENTROPY_LOW] = { "low", { "baja (1 a 4): tablas, texto", "low (1 to 4): tables, text" } },
        [ENTROPY_MIDDLE] = { "middle",
                             { "media (4 a 7): documentos, programas", "middle (4 to 7): documents, programs" } },
        [ENTROPY_HIGH] = { "high", { "alta (7 a 7,8): comprimido", "high (7 to 7.8): compressed" } },
        [ENTROPY_RANDOM] = { "random", { "aleatoria (7,8 o más)", "random (7.8 or more)" } },
};

enum entropy_class entropy_class_of(uint64_t millibits) {
        return millibits < 1000               ? ENTROPY_CONSTANT
               : millibits < 4000             ? ENTROPY_LOW
               : millibits < 7000             ? ENTROPY_MIDDLE
               : millibits < RANDOM_MILLIBITS ? ENTROPY_HIGH
                                              : ENTROPY_RANDOM;
}

void forensic_classes(const struct forensic *forensic, int64_t ret[ENTROPY_CLASSES]) {
        memset(ret, 0, ENTROPY_CLASSES * sizeof *ret);
        for (int64_t i = 0; i < forensic->cells_n; i++)
                if (forensic->cells[i].samples > 0)
                        ret[entropy_class_of(forensic->cells[i].least)]++;
}

static json_t *map_to_json(const struct forensic *f) {
        json_t *least = json_array(), *classes = json_object();
        int64_t counts[ENTROPY_CLASSES];

        forensic_classes(f, counts);
        for (int i = 0; classes && i < ENTROPY_CLASSES; i++)
                (void) json_object_set_new(classes, entropy_class_terms[i].code, json_integer(counts[i]));
        for (int64_t i = 0; least && i < f->cells_n; i++)
                (void) json_array_append_new(least, json_integer((json_int_t) f->cells[i].least));
        return json_pack("{s:I, s:i, s:I, s:o, s:o}", "cells", (json_int_t) f->cells_n, "columns", FORENSIC_COLUMNS,
                         "cell_bytes", (json_int_t) (f->cells_n ? f->size / f->cells_n : 0), "classes", classes,
                         "least_millibits", least);
}

static json_t *strings_to_json(const struct forensic *f) {
        json_t *by_class = json_object();

        for (int i = 0; by_class && i < STRING_CLASSES; i++)
                if (f->strings_by_class[i] > 0)
                        (void) json_object_set_new(by_class, string_class_terms[i].code,
                                                   json_integer((json_int_t) f->strings_by_class[i]));
        return json_pack("{s:I, s:o, s:O}", "count", (json_int_t) f->strings_n, "by_class", by_class, "first",
                         f->strings);
}

static const char *const left_words[] = {
        [LEFT_CONSTANT] = "constant", [LEFT_RANDOM] = "random", [LEFT_UNKNOWN] = "unknown"
};

json_t *forensic_to_json(const struct forensic *f) {
        return json_pack("{s:I, s:I, s:s, s:I, s:I, s:s, s:O, s:I, s:o, s:s, s:o, s:b}", "samples",
                         (json_int_t) f->samples, "sample_bytes", (json_int_t) f->bytes, "seed", f->seed,
                         "entropy_min_millibits", (json_int_t) f->entropy_least, "entropy_mean_millibits",
                         (json_int_t) (f->samples ? f->entropy_sum / f->samples : 0), "expected",
                         left_words[f->left], "signatures", f->signatures, "signatures_count",
                         (json_int_t) f->signatures_n, "strings", strings_to_json(f), "filesystem", f->recognised,
                         "map", map_to_json(f), "passed", f->passed);
}
