/* Shared by the files of this room only. */
#pragma once

#include "act/alert_internal.h"
#include "alert/alert.h"

extern const struct alert_family *const alert_families[];
extern const size_t alert_families_n;
/* NULL when there is none. */
const struct alert_source *alert_source_find(const char *id);
