/* The representative sampling of NIST SP 800-88 Rev. 1, 4.7: which stretches of a medium are read back, and what
 * they would have shown. Pure functions of size, block and seed. */
#pragma once

#include <stdbool.h>

#include "sanitize/areas.h"

enum {
        SAMPLING_SECTIONS = 1000,    /* equal subsections of the medium */
        SAMPLING_SAMPLE_PERCENT = 5, /* of its subsection, the least that each of the two samples covers */
        SAMPLING_SEED = 32,
};

/* Whether a medium has room for the rule: at least two blocks a subsection. A smaller one is read whole. */
bool sampling_fits(int64_t size, size_t block);
/* In each subsection two samples that do not overlap, at places drawn from the seed, and the first and the last
 * block. In rising order, neighbours joined, whole blocks (a last one that the size cuts is short). */
int sampling_places(int64_t size, size_t block, const uint8_t seed[SAMPLING_SEED], struct areas *ret,
                    struct error *err);

/* How many of a million equally likely places of a stretch of `bytes` bad bytes (whole blocks, anywhere on the
 * medium) touch a sample: exact for these places, not an estimate. */
int64_t sampling_detection(const struct areas *places, int64_t size, size_t block, int64_t bytes);
/* The longest stretch that no sample touches: whatever is longer has been seen. */
int64_t sampling_longest_gap(const struct areas *places, int64_t size);
/* {sections, sample_percent, seed, block, places, bytes, permille, longest_unread, detection: [{bytes, ppm}]}. */
json_t *sampling_to_json(const struct areas *places, int64_t size, size_t block, const uint8_t seed[SAMPLING_SEED]);
