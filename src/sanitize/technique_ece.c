/* DoD 5220.22-M ECE, 7 passes in the order of the source document (S3): the fourth is a verification, and the last
 * write is read back too (S4). */
#include "sanitize/technique.h"

static const struct pass passes[] = {
        { PASS_WRITE, FILL_BYTE, 0x00, SAYS_ZEROS }, { PASS_WRITE, FILL_BYTE, 0xff, SAYS_ONES },
        { PASS_WRITE, FILL_STREAM, 0, SAYS_RANDOM }, { PASS_VERIFY, FILL_STREAM, 0, SAYS_VERIFY },
        { PASS_WRITE, FILL_BYTE, 0x00, SAYS_ZEROS }, { PASS_WRITE, FILL_BYTE, 0xff, SAYS_ONES },
        { PASS_WRITE, FILL_STREAM, 0, SAYS_RANDOM }, { PASS_VERIFY, FILL_STREAM, 0, SAYS_VERIFY },
};

const struct technique technique_ece = {
        .name = "dod-5220.22-m-ece",
        .says = { "DoD 5220.22-M ECE (7 pasadas)", "DoD 5220.22-M ECE (7 passes)" },
        .does_not_reach = OVERWRITE_LEAVES,
        .reaches = { [KIND_HDD] = LEVEL_CLEAR, [KIND_SSD] = LEVEL_CLEAR },
        .passes = passes,
        .passes_n = sizeof passes / sizeof passes[0],
        .offered = technique_overwrite_offered,
};
