/* Sizes of shredded remains by ISO/IEC 21964-1 (DIN 66399): six classes of material, seven levels. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/terms.h"

enum { SHRED_LEVELS = 7 };

/* 'P' paper, 'O' optical, 'T' magnetic, 'H' hard disk, 'E' electronic. */
char shred_class(enum medium_kind kind);
/* The highest level whose largest particle is not under `area` (hundredths of mm²); 0: none. */
int shred_level(enum medium_kind kind, int64_t area);
/* The level that a classification asks for at least, by the standard's protection classes. */
int shred_demanded(enum medium_kind kind, enum classification classification);
/* The largest particle of a level, hundredths of mm²; -1 when the standard gives no area for it. */
int64_t shred_area(enum medium_kind kind, int level);
/* Whether this class's numbers could not be confirmed by a public text: said on the certificate. */
bool shred_unconfirmed(enum medium_kind kind);
