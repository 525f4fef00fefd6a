/* Media IDs: site (2 to 4 letters) + 8 digits + check character (ISO 7064 MOD 37,36). Only [A-Z0-9], so that a
 * scanner with another keyboard layout can't change one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "registry/medium.h"

/* Check character over [A-Z0-9]; 0 when there is another character in it. */
char medium_id_check(const char *body);
/* site "HQ", number 42 -> HQ00000042K. number 1 .. 99999999. */
void medium_id_format(const char *site, int64_t number, char out[MEDIUM_ID_TEXT]);
/* Whether the text is a whole ID with the right check character. */
bool medium_id_valid(const char *id);
/* What a scanner or a hand made of it: upper case, everything but [A-Z0-9] dropped; at most size - 1 characters. */
void medium_id_normalise(const char *text, char *out, size_t size);
