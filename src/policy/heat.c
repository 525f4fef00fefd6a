#include "policy/heat.h"

#include <stdlib.h>

/* Makers print 60 °C as the most of a hard disk at work, and 70 °C of flash (JESD218 tests at 55 and 40 °C): hard
 * disks get five degrees less, since their sensor is not where they are warmest. */
const struct heat_row heat_limits[MEDIUM_KINDS] = {
        [KIND_HDD] = { 55, "60 °C, the usual operating maximum of hard disks, less 5" },
        [KIND_SSD] = { 70, "the usual operating maximum of flash disks" },
};

const struct term heat_source_terms[HEAT_SOURCES] = {
        [HEAT_TABLE] = { "table", { "valor habitual", "usual value" } },
        [HEAT_DEVICE] = { "device", { "el propio dispositivo", "the device itself" } },
        [HEAT_STATION] = { "station", { "configuración del puesto", "the station's configuration" } },
};

struct heat_limit heat_limit(enum medium_kind kind, int device, int critical, int configured) {
        struct heat_limit limit = { heat_limits[kind].limit, HEAT_TABLE };

        if (device >= HEAT_LEAST && device <= HEAT_MOST)
                limit = (struct heat_limit){ device, HEAT_DEVICE };
        if (configured > 0)
                limit = (struct heat_limit){ configured, HEAT_STATION };
        if (critical >= HEAT_LEAST && limit.celsius >= critical)
                limit = (struct heat_limit){ critical - HEAT_RELIEF, HEAT_DEVICE };
        return limit;
}

int heat_configured(const char *text) {
        char *end;
        long value;

        if (!text)
                return 0;
        value = strtol(text, &end, 10);
        while (*end == ' ')
                end++;
        if (*end == 'C')
                end++;
        return end == text || *end || value < HEAT_LEAST || value > HEAT_MOST ? -1 : (int) value;
}

bool heat_waits(bool waiting, int celsius, struct heat_limit limit) {
        if (limit.celsius <= 0)
                return false;
        return celsius >= (waiting ? limit.celsius - HEAT_RELIEF + 1 : limit.celsius);
}
