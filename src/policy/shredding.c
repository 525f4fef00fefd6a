#include "policy/shredding.h"

struct shred_row {
        char letter;
        bool unconfirmed;
        int64_t most[SHRED_LEVELS]; /* hundredths of mm²; -1: the level is no area (cut through, deformed ...) */
};

/* Largest particles, from the standard's table as public texts cite it. P-1 is also 12 mm strips. The rows of H and
 * E come from suppliers' sheets that do not all agree. */
static const struct shred_row rows[MEDIUM_KINDS] = {
        [KIND_PAPER] = { 'P', false, { 200000, 80000, 32000, 16000, 3000, 1000, 500 } },
        [KIND_OPTICAL] = { 'O', false, { 200000, 80000, 16000, 3000, 1000, 500, 20 } },
        [KIND_TAPE] = { 'T', false, { -1, 200000, 32000, 16000, 3000, 1000, 250 } },
        [KIND_HDD] = { 'H', true, { -1, -1, -1, 200000, 32000, 1000, 500 } },
        [KIND_SSD] = { 'E', true, { -1, -1, 16000, 3000, 1000, 100, 50 } },
};

/* Protection class 1 is served by levels 1 to 3, 2 by 3 to 5, 3 by 5 to 7; the source document names P-3, P-4 and
 * P-7 for paper. */
static const int demanded[CLASSIFICATIONS] = { 1, 3, 4, 5 };

char shred_class(enum medium_kind kind) {
        return rows[kind].letter;
}

int shred_level(enum medium_kind kind, int64_t area) {
        for (int level = SHRED_LEVELS; level > 0; level--)
                if (rows[kind].most[level - 1] >= 0 && area <= rows[kind].most[level - 1])
                        return level;
        return 0;
}

int shred_demanded(enum medium_kind kind, enum classification classification) {
        return kind == KIND_PAPER && classification == CLASS_SECRETO ? SHRED_LEVELS : demanded[classification];
}

int64_t shred_area(enum medium_kind kind, int level) {
        return level >= 1 && level <= SHRED_LEVELS ? rows[kind].most[level - 1] : -1;
}

bool shred_unconfirmed(enum medium_kind kind) {
        return rows[kind].unconfirmed;
}
