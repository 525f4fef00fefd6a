/* What is open, from sysfs alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "device/mapping.h"
#include "device/sysfs.h"

bool mapping_uuid_user(const char *uuid, uid_t *ret) {
        char *end;
        unsigned long value;

        if (strncmp(uuid, "mpsi-", 5) != 0 || uuid[5] < '0' || uuid[5] > '9')
                return false;
        value = strtoul(uuid + 5, &end, 10);
        if (*end != '-' || value >= UINT32_MAX)
                return false;
        *ret = (uid_t) value;
        return true;
}

static bool note_disk(void *context, const char *folder) {
        struct mapping *mapping = context;

        (void) snprintf(mapping->disk, sizeof mapping->disk, "%.63s", sysfs_name(folder));
        return false;
}

/* Requests that ended, of each kind, and those under way: Documentation/block/stat.rst. */
static uint64_t work_of(const char *folder) {
        unsigned long long n[16] = { 0 };
        char text[256];

        if (!sysfs_text(folder, "stat", text, sizeof text))
                return 0;
        (void) sscanf(text, "%llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu",
                      &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7], &n[8], &n[9], &n[10], &n[11], &n[12],
                      &n[13], &n[14], &n[15]);
        return n[0] + n[4] + n[8] + n[11] + n[15];
}

bool mapping_of_folder(const char *folder, struct mapping *ret) {
        struct mapping mapping = { .medium = "" };
        char name[64], uuid[130], inside[64];
        const char *medium;

        if (!sysfs_text(folder, "dm/name", name, sizeof name) ||
            !sysfs_text(folder, "dm/uuid", uuid, sizeof uuid) || !mapping_uuid_user(uuid, &mapping.uid) ||
            strncmp(name, "mpsi-", 5) != 0)
                return false;
        medium = name + 5;
        (void) snprintf(inside, sizeof inside, "-%.40s-", medium);
        /* One that was cut off has another name than its UUID says. */
        if (strlen(medium) >= sizeof mapping.medium || !strstr(uuid, inside))
                return false;
        memcpy(mapping.medium, medium, strlen(medium));
        (void) snprintf(mapping.name, sizeof mapping.name, "%.63s", sysfs_name(folder));
        mapping.read_only = sysfs_int(folder, "ro", 0) != 0;
        mapping.work = work_of(folder);
        sysfs_each(folder, "slaves", note_disk, &mapping);
        if (ret)
                *ret = mapping;
        return true;
}

struct search {
        bool (*found)(void *context, const struct mapping *mapping);
        void *context;
        const char *medium;
        struct mapping *ret;
        bool there;
};

static bool each(void *context, const char *folder) {
        struct search *search = context;
        struct mapping mapping;

        if (strncmp(sysfs_name(folder), "dm-", 3) != 0 || !mapping_of_folder(folder, &mapping))
                return true;
        if (search->found)
                return search->found(search->context, &mapping);
        if (strcmp(mapping.medium, search->medium) != 0)
                return true;
        search->there = true;
        if (search->ret)
                *search->ret = mapping;
        return false;
}

void mapping_each(bool (*found)(void *context, const struct mapping *mapping), void *context) {
        struct search search = { .found = found, .context = context };

        sysfs_each_disk(each, &search);
}

bool mapping_find(const char *medium, struct mapping *ret) {
        struct search search = { .medium = medium, .ret = ret };

        sysfs_each_disk(each, &search);
        return search.there;
}
