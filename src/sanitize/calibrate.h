/* Does a device write zeros and other constants at all, or only say so? A short measurement before the passes (S4).
 */
#pragma once

#include "sanitize/pattern.h"

#include "base/json.h"

enum { CALIBRATION_ROUNDS = 5 };

/* Microseconds that writing the stretch took, round by round. */
struct calibration {
        int64_t offset, bytes;
        uint8_t constant; /* the other byte than zero */
        int64_t zeros[CALIBRATION_ROUNDS], constants[CALIBRATION_ROUNDS], randoms[CALIBRATION_ROUNDS];
};

/* Writes the same stretch in the middle of the medium with random bytes, zeros and a constant byte by turns, each
 * made durable, and leaves random bytes there; the passes follow and write over it. ERR_NOT_FOUND when the medium
 * is too small for a measurement, ERR_FAILED when it can't be written there: the passes will say more. */
int calibrate(int fd, int64_t size, uint8_t constant, struct calibration *ret, struct error *err);

/* Whether even the slowest of these rounds was at least twice as fast as the fastest of the random ones, and by
 * more than a clock can be wrong. Time proves nothing: it makes a limitation that the record states. */
bool calibration_suspects(const int64_t rounds[CALIBRATION_ROUNDS], const int64_t randoms[CALIBRATION_ROUNDS]);
/* {offset, bytes, constant, zeros_us, constant_us, random_us, zeros_elided, constant_elided}. New reference. */
json_t *calibration_to_json(const struct calibration *calibration);
