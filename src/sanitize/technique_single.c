/* One pass of a fixed byte: SP 800-88's Clear of a magnetic disk. The byte is not zero, since a device may
 * acknowledge zeros without writing them. */
#include "sanitize/technique.h"

static const struct pass passes[] = {
        { PASS_WRITE, FILL_BYTE, 0x55, { "escritura de 0x55", "write 0x55" } },
        { PASS_VERIFY, FILL_BYTE, 0, SAYS_VERIFY },
};

const struct technique technique_single = {
        .name = "overwrite-single",
        .says = { "sobrescritura de una pasada", "overwrite, one pass" },
        .does_not_reach = OVERWRITE_LEAVES,
        .reaches = { [KIND_HDD] = LEVEL_CLEAR },
        .passes = passes,
        .passes_n = sizeof passes / sizeof passes[0],
        .offered = technique_overwrite_offered,
};
