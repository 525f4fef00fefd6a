/* `media import`: a spreadsheet's inventory. Above the registry, since each row passes the checks of `media
 * register`. */
#pragma once

#include "act/act.h"

extern const struct room import_room;
