#include "device/temperature.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "device/sysfs.h"
#include "device/text.h"

enum { MILLI = 1000, LEAST = -60, MOST = 200, DIGITS = 7 };

bool temperature_parse(const char *text, size_t n, int *ret) {
        bool minus = n > 0 && text[0] == '-';
        size_t at = minus ? 1 : 0, first = at;
        long value = 0;

        for (; at < n && isdigit((unsigned char) text[at]) && at - first < DIGITS; at++)
                value = value * 10 + (text[at] - '0');
        if (at == first || (at < n && text[at] != '\n') || (at + 1 < n))
                return false;
        value = minus ? -(value / MILLI) : (value + MILLI - 1) / MILLI;
        if (value < LEAST || value > MOST)
                return false;
        *ret = (int) value;
        return true;
}

static bool read_degrees(const char *folder, const char *attribute, int *ret) {
        char text[32];

        return sysfs_text(folder, attribute, text, sizeof text) && temperature_parse(text, strlen(text), ret);
}

/* SCSI and ATA disks have it under their own device, NVMe under the controller: older kernels beside its other
 * files, and below the subsystem where several controllers may lead to one disk. */
static bool find_folder(const char *root, const char *disk, char out[TEMPERATURE_PATH]) {
        static const char *const places[] = { "device/hwmon/hwmon*", "device/hwmon*", "device/nvme*/hwmon*",
                                              "device/device/hwmon/hwmon*", "device/nvme*/hwmon/hwmon*" };
        bool found = false;

        for (size_t i = 0; i < COUNT(places) && !found; i++) {
                char pattern[TEMPERATURE_PATH];
                glob_t hits = { 0 };

                if (snprintf(pattern, sizeof pattern, "%s/sys/class/block/%s/%s", root, disk, places[i]) >=
                    (int) sizeof pattern)
                        return false;
                if (glob(pattern, GLOB_NOSORT, NULL, &hits) == 0)
                        for (size_t k = 0; k < hits.gl_pathc && !found; k++) {
                                int now;

                                found = strlen(hits.gl_pathv[k]) < TEMPERATURE_PATH &&
                                        read_degrees(hits.gl_pathv[k], "temp1_input", &now);
                                if (found)
                                        memcpy(out, hits.gl_pathv[k], strlen(hits.gl_pathv[k]) + 1);
                        }
                globfree(&hits);
        }
        return found;
}

/* A kernel name is a file's name: nothing in it is a pattern or a path. */
static bool is_name(const char *disk) {
        return *disk &&
               strspn(disk, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_!") == strlen(disk);
}

bool temperature_find(const char *root, const char *disk, struct temperature_sensor *ret) {
        struct temperature_sensor sensor = { .most = 0 };
        char name[64];

        if (!is_name(disk) || !find_folder(root, disk, sensor.folder))
                return false;
        (void) sysfs_text(sensor.folder, "name", name, sizeof name);
        device_text(name, sensor.name, sizeof sensor.name);
        if (!read_degrees(sensor.folder, "temp1_max", &sensor.most) || sensor.most < 0)
                sensor.most = 0;
        if (!read_degrees(sensor.folder, "temp1_crit", &sensor.critical) || sensor.critical < 0)
                sensor.critical = 0;
        *ret = sensor;
        return true;
}

bool temperature_read(const struct temperature_sensor *sensor, int *ret) {
        return *sensor->folder && read_degrees(sensor->folder, "temp1_input", ret);
}
