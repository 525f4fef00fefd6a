/* What the rooms above may use of siem. */
#pragma once

#include "act/act.h"

extern const struct room siem_room; /* verb `siem status` */
