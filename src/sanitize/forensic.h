/* What remains to be found on a wiped medium (S4): entropy of samples from everywhere, known signatures, readable
 * strings, digests of markers. */
#pragma once

#include "device/facts.h"
#include "sanitize/pattern.h"
#include "sanitize/strings.h"

enum {
        FORENSIC_COLUMNS = 32,
        FORENSIC_CELLS = FORENSIC_COLUMNS * FORENSIC_COLUMNS, /* equal parts of the medium, a map of it */
        FORENSIC_SAMPLES = 2,                                 /* blocks of 4096 bytes in each, at least */
        FORENSIC_LISTED = 32,
};

/* Classes of entropy, for the map: bits a byte. */
enum entropy_class {
        ENTROPY_CONSTANT, /* < 1 */
        ENTROPY_LOW,      /* < 4 */
        ENTROPY_MIDDLE,   /* < 7 */
        ENTROPY_HIGH,     /* < 7.8 */
        ENTROPY_RANDOM,
        ENTROPY_CLASSES
};

/* What was left: a constant, a random pattern, or whatever the device made of it (a crypto erase of its own). */
enum forensic_left { LEFT_CONSTANT, LEFT_RANDOM, LEFT_UNKNOWN };

struct forensic_cell {
        uint64_t least; /* millibits a byte, of its samples */
        unsigned samples, signatures, strings;
};

struct forensic {
        int64_t size, bytes; /* of the medium; read of it */
        char seed[2 * PATTERN_KEY + 1];
        enum forensic_left left;
        bool passed;
        struct forensic_cell cells[FORENSIC_CELLS];
        int64_t cells_n; /* fewer on a medium of fewer blocks */
        uint64_t samples, entropy_sum, entropy_least;
        uint64_t signatures_n, strings_n, strings_by_class[STRING_CLASSES];
        json_t *signatures, *strings; /* the first ones: [{offset, what}], [{offset, length, what}] */
        char recognised[32];          /* by libblkid on the whole device, or "" */
};

/* SHA-256 over 64 blocks of 4096 bytes spread evenly over the medium, the first and the last among them: read
 * before and after, it shows that the content changed. */
int forensic_markers(int fd, int64_t size, char ret_digest[65], struct error *err);

/* Samples from each cell at places that `seed` chooses, the first and the last MiB, and what libblkid recognises on
 * the device. Release with forensic_done(). */
int forensic_check(int fd, const struct device_facts *facts, const uint8_t seed[PATTERN_KEY],
                   enum forensic_left left, struct forensic *ret, struct error *err);
void forensic_done(struct forensic *forensic);
#define _cleanup_forensic_ _cleanup_(forensic_done)

enum entropy_class entropy_class_of(uint64_t millibits);
extern const struct term entropy_class_terms[ENTROPY_CLASSES];
/* How many cells are of each class. */
void forensic_classes(const struct forensic *forensic, int64_t ret[ENTROPY_CLASSES]);

/* {samples, sample_bytes, seed, entropy_min_millibits, entropy_mean_millibits, expected, signatures,
 * signatures_count, strings: {count, by_class, first}, filesystem, map: {cells, columns, cell_bytes, classes,
 * least_millibits: [...]}, passed}: some 8 KiB. New reference. */
json_t *forensic_to_json(const struct forensic *forensic);
/* The map as a picture, with its legend in both languages and the same in numbers: PNG. The caller frees *ret. */
int forensic_picture(const struct forensic *forensic, const char *job, uint8_t **ret, size_t *ret_n,
                     struct error *err);
