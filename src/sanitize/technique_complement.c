/* A pattern and its complement: SP 800-88 Rev. 1, table A-8, for memory sticks and cards. The pattern is random, so
 * that no controller compresses it away or maps equal blocks onto one. */
#include "sanitize/technique.h"

static const struct pass passes[] = {
        { PASS_WRITE, FILL_STREAM, 0, SAYS_RANDOM },
        { PASS_WRITE, FILL_COMPLEMENT, 0, SAYS_COMPLEMENT },
        { PASS_VERIFY, FILL_COMPLEMENT, 0, SAYS_VERIFY },
};

const struct technique technique_complement = {
        .name = "overwrite-complement",
        .says = { "sobrescritura con patrón y complemento", "overwrite, pattern and complement" },
        .does_not_reach = OVERWRITE_LEAVES,
        .reaches = { [KIND_HDD] = LEVEL_CLEAR, [KIND_SSD] = LEVEL_CLEAR },
        .passes = passes,
        .passes_n = sizeof passes / sizeof passes[0],
        .offered = technique_overwrite_offered,
};
