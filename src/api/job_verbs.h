/* Verb `job list`: what the station is at work on. */
#pragma once

#include "act/act.h"

extern const struct room job_room;
