/* One certificate for many media. Private to the room. */
#pragma once

#include "certify/internal.h"

/* The twin of several acts of one kind, method and people: what they have in common above, and in "media" what is
 * each medium's own. Of one act it is that act. ERR_REFUSED by S9 when they can't share a certificate. */
int certify_combine(const json_t *acts, json_t **ret, struct error *err);
