/* Verbs on what is plugged in: they join the device's facts to the registry's media. */
#pragma once

#include "act/act.h"

extern const struct room device_room;
