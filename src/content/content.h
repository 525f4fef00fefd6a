/* Tags from a medium's content (mp.si.1, L8): `media inspect`. Below api, above registry and device. */
#pragma once

#include "act/act.h"

extern const struct room content_room;
