/* The counter: what a custodian does with a scanner alone. `counter` and `counter sheet`; the desk itself is a
 * client of the verbs (counter.h, drawn by draw.h). */
#pragma once

#include "act/act.h"

extern const struct room counter_room;
