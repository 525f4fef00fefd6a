/* How grave an event is for those who watch: rows of data, of which the first that fits speaks. */
#pragma once

#include "base/error.h"
#include "base/json.h"

struct siem_level {
        const char *pattern;        /* of the event's type, as fnmatch(3) */
        const char *member, *value; /* and data[member] is this text; NULL: whatever the data */
        int severity;               /* RFC 5424, table 2 */
        int cef;                    /* 0 to 10 */
        struct text name;           /* NULL: the type itself says it */
};

const struct siem_level *siem_level(const char *type, const json_t *data);

extern const struct siem_level siem_levels[];
extern const size_t siem_levels_n;
