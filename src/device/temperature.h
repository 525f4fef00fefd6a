/* How warm a disk is, as the kernel's sensor of it says (hwmon of drivetemp and nvme). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { TEMPERATURE_PATH = 512 };

struct temperature_sensor {
        char folder[TEMPERATURE_PATH]; /* "" none */
        char name[32];                 /* "drivetemp", "nvme" */
        int most;                      /* °C that the disk's maker allows for long; 0: it does not say */
        int critical;                  /* °C at which it stops or is harmed; 0: it does not say */
};

/* The sensor of the disk with this kernel name. `root` is put before /sys: "" but for tests. False when it has
 * none. */
bool temperature_find(const char *root, const char *disk, struct temperature_sensor *ret);
/* Degrees Celsius now. False when the sensor gives none (any more). */
bool temperature_read(const struct temperature_sensor *sensor, int *ret);

/* What a sensor's file says, thousandths of a degree, as whole degrees rounded up. False for what is no number, or
 * no temperature of a disk (-60 to 200 °C). */
bool temperature_parse(const char *text, size_t n, int *ret);
