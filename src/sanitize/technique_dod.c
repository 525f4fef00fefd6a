/* DoD 5220.22-M, 3 passes (S3): zeros, ones, random, and the read-back that S4 asks for. A house rule and a Clear
 * by SP 800-88; it is never called Purge. On flash it clears like any two passes of different patterns. */
#include "sanitize/technique.h"

static const struct pass passes[] = {
        { PASS_WRITE, FILL_BYTE, 0x00, SAYS_ZEROS },
        { PASS_WRITE, FILL_BYTE, 0xff, SAYS_ONES },
        { PASS_WRITE, FILL_STREAM, 0, SAYS_RANDOM },
        { PASS_VERIFY, FILL_STREAM, 0, SAYS_VERIFY },
};

const struct technique technique_dod = {
        .name = "dod-5220.22-m",
        .says = { "DoD 5220.22-M (3 pasadas)", "DoD 5220.22-M (3 passes)" },
        .does_not_reach = OVERWRITE_LEAVES,
        .reaches = { [KIND_HDD] = LEVEL_CLEAR, [KIND_SSD] = LEVEL_CLEAR },
        .passes = passes,
        .passes_n = sizeof passes / sizeof passes[0],
        .offered = technique_overwrite_offered,
};
