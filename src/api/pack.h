/* `report pack`: everything that an auditor asks for in one folder or archive (A2, A4). */
#pragma once

#include "act/act.h"

extern const struct room pack_room;
