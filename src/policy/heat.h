/* S7: how warm a disk may become while it is wiped. Pure data and decisions. */
#pragma once

#include <stdbool.h>

#include "policy/terms.h"

/* The limit where neither the disk nor the station's configuration names one. */
struct heat_row {
        int limit; /* °C */
        const char *source;
};
extern const struct heat_row heat_limits[MEDIUM_KINDS]; /* 0: not a disk */

enum heat_source { HEAT_TABLE, HEAT_DEVICE, HEAT_STATION, HEAT_SOURCES };
extern const struct term heat_source_terms[HEAT_SOURCES]; /* "table", "device", "station" */

enum {
        HEAT_LEAST = 30, /* what a configured limit may be */
        HEAT_MOST = 85,
        HEAT_RELIEF = 5, /* degrees below the limit, at which it goes on */
};

struct heat_limit {
        int celsius; /* 0: none */
        enum heat_source source;
};

/* `device`: the most that the disk's maker allows for long, 0 unknown; `critical` likewise; `configured`: the
 * station's, 0 none. What the station says counts, but never above what the disk calls critical. */
struct heat_limit heat_limit(enum medium_kind kind, int device, int critical, int configured);
/* "55" or "55 C" is 55. 0 for NULL, -1 for what is no limit from HEAT_LEAST to HEAT_MOST. */
int heat_configured(const char *text);
/* Whether to wait: from the limit on, until it is cooler by HEAT_RELIEF. */
bool heat_waits(bool waiting, int celsius, struct heat_limit limit);
