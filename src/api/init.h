/* `init`: a new store. Above the rooms, since it opens the ledger with the whole catalogue. */
#pragma once

#include "act/act.h"

extern const struct room init_room;
