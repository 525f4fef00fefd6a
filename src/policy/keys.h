/* The numbers of keys: how long a vault stays unlocked, how old keys grow (C4, C5). */
#pragma once

#include <stdint.h>

#include "base/error.h"

enum key_limit { KEY_UNLOCK_MINUTES, KEY_UNLOCK_MINUTES_MOST, KEY_LIMITS };
struct key_limit_row {
        int64_t value;
        const char *rule, *source;
        struct text what;
};
extern const struct key_limit_row key_limits[KEY_LIMITS];
