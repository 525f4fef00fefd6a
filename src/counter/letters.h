/* Capitals of five by five dots, for the one word that is read from three metres away. */
#pragma once

#include <stdint.h>

enum { LETTER_WIDTH = 5, LETTER_ROWS = 5 };

/* Five rows of five dots, the leftmost in bit 4; NULL for a letter that there is none of. `n` bytes of UTF-8;
 * *ret_accent says that a dot stands above. */
const uint8_t *letter_dots(const char *letter, unsigned n, int *ret_accent);
