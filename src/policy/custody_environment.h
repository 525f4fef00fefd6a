/* The environment of custody (U5, K2): ranges of temperature, humidity and magnetic field, and how grave a reading
 * is. Values are hundredths: 21.50 °C is 2150. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/custody_limits.h"

enum quantity { QUANTITY_TEMPERATURE, QUANTITY_HUMIDITY, QUANTITY_FIELD, QUANTITIES };
extern const struct term quantity_terms[QUANTITIES];

struct range {
        int64_t least, most; /* both still inside */
};

/* One row a quantity. Outside `best` is a notice, outside `alert` an alert, outside `critical` critical; `sane` is
 * what a sensor can say at all: beyond it is a broken one. */
struct environment_demand {
        const char *unit;
        struct range best, alert, critical, sane;
        const char *source;
};
extern const struct environment_demand environment_demands[QUANTITIES];

enum gravity environment_gravity(enum quantity quantity, int64_t value);
/* A maker's limits for a model: outside of them is an alert at least. */
enum gravity environment_gravity_of_model(const struct range *limits, int64_t value);
bool environment_sane(enum quantity quantity, int64_t value);

/* A place without a reading for so many hours is one nobody looks at. */
enum { ENVIRONMENT_SILENT_HOURS = 24 };

/* "21.5", "21,50", "-3", "+4.25" to hundredths; further digits are cut. False for anything else. */
bool environment_parse(const char *text, int64_t *ret);
/* "21.5", without needless zeros. */
void environment_format(int64_t value, char out[24]);
