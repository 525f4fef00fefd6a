/* Cards that people show at the counter: a number that anybody may read and a text for the scanner that nobody can
 * guess. A card says who somebody is and proves nothing: signatures are made with a PIN. */
#pragma once

#include "act/act.h"

enum { BADGE_NUMBER = 8, BADGE_TEXT = 17 }; /* with the terminating byte */

extern const struct room badge_room;

/* Whether a text in upper case, [A-Z0-9] only, is a card's, by its form and check character. */
bool badge_text_valid(const char *plain);
