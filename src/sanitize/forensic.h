/* What remains to be found on a wiped medium (S4): samples' entropy, known signatures, digests of markers. */
#pragma once

#include "device/facts.h"
#include "sanitize/pattern.h"

/* SHA-256 over 64 blocks of 4096 bytes spread evenly over the medium, the first and the last among them: read
 * before and after, it shows that the content changed. */
int forensic_markers(int fd, int64_t size, char ret_digest[65], struct error *err);

/* Pseudo-random samples chosen by `seed`, the first and the last MiB, and what libblkid recognises on the device.
 * `random` says what was left: a random pattern (high entropy) or a constant one. The report: {samples,
 * sample_bytes, seed, entropy_min_millibits, entropy_mean_millibits, expected, signatures: [{offset, what}],
 * filesystem, passed}. */
int forensic_check(int fd, const struct device_facts *facts, const uint8_t seed[PATTERN_KEY], bool random,
                   json_t **ret, bool *ret_passed, struct error *err);
