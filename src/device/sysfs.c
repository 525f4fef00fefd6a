#include "device/sysfs.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"

static bool resolve(const char *path, char out[SYSFS_PATH]) {
        char full[PATH_MAX];

        if (!realpath(path, full) || strlen(full) >= SYSFS_PATH)
                return false;
        memcpy(out, full, strlen(full) + 1);
        return true;
}

bool sysfs_folder(dev_t device, char out[SYSFS_PATH]) {
        char path[64];

        (void) snprintf(path, sizeof path, "/sys/dev/block/%u:%u", major(device), minor(device));
        return resolve(path, out);
}

void sysfs_disk(const char *folder, char out[SYSFS_PATH]) {
        (void) snprintf(out, SYSFS_PATH, "%s", folder);
        if (sysfs_has(folder, "partition")) {
                char *slash = strrchr(out, '/');

                if (slash)
                        *slash = '\0';
        }
}

bool sysfs_text(const char *folder, const char *attribute, char *out, size_t size) {
        char path[SYSFS_PATH + 64];
        _cleanup_close_ int fd = -1;
        ssize_t n;

        out[0] = '\0';
        if (snprintf(path, sizeof path, "%s/%s", folder, attribute) >= (int) sizeof path)
                return false;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return false;
        n = read(fd, out, size - 1);
        out[n > 0 ? n : 0] = '\0';
        out[strcspn(out, "\n")] = '\0';
        return n >= 0;
}

int64_t sysfs_int(const char *folder, const char *attribute, int64_t otherwise) {
        char text[32], *end;
        long long value;

        if (!sysfs_text(folder, attribute, text, sizeof text) || !*text)
                return otherwise;
        value = strtoll(text, &end, 10);
        return *end ? otherwise : value;
}

bool sysfs_has(const char *folder, const char *attribute) {
        char path[SYSFS_PATH + 64];

        if (snprintf(path, sizeof path, "%s/%s", folder, attribute) >= (int) sizeof path)
                return false;
        return access(path, F_OK) == 0;
}

dev_t sysfs_devno(const char *folder) {
        char text[32];
        unsigned int first, second;

        if (!sysfs_text(folder, "dev", text, sizeof text) || sscanf(text, "%u:%u", &first, &second) != 2)
                return 0;
        return makedev(first, second);
}

const char *sysfs_name(const char *folder) {
        const char *slash = strrchr(folder, '/');

        return slash ? slash + 1 : folder;
}

static void each_entry(const char *path, bool partitions, bool (*found)(void *context, const char *folder),
                       void *context) {
        _cleanup_closedir_ DIR *dir = opendir(path);
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                char child[SYSFS_PATH + 300], real[SYSFS_PATH];

                if (entry->d_name[0] == '.' ||
                    snprintf(child, sizeof child, "%s/%s", path, entry->d_name) >= (int) sizeof child)
                        continue;
                if (!sysfs_has(child, partitions ? "partition" : "dev") || !resolve(child, real))
                        continue;
                if (!found(context, real))
                        return;
        }
}

void sysfs_each(const char *folder, const char *sub, bool (*found)(void *context, const char *folder),
                void *context) {
        char path[SYSFS_PATH + 64];

        if (snprintf(path, sizeof path, "%s/%s", folder, sub) >= (int) sizeof path)
                return;
        each_entry(path, !*sub, found, context);
}

void sysfs_each_disk(bool (*found)(void *context, const char *folder), void *context) {
        each_entry("/sys/block", false, found, context);
}

/* There may be hundreds: nothing is asked about them but this. */
void sysfs_each_loop(void (*found)(void *context, const char *folder, const char *backing), void *context) {
        _cleanup_closedir_ DIR *dir = opendir("/sys/devices/virtual/block");
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                char attached[sizeof entry->d_name + sizeof "/loop"], folder[SYSFS_PATH], backing[SYSFS_PATH];

                (void) snprintf(attached, sizeof attached, "%s/loop", entry->d_name);
                if (strncmp(entry->d_name, "loop", 4) != 0 || faccessat(dirfd(dir), attached, F_OK, 0) < 0 ||
                    snprintf(folder, sizeof folder, "/sys/devices/virtual/block/%s", entry->d_name) >=
                            (int) sizeof folder)
                        continue;
                if (sysfs_text(folder, "loop/backing_file", backing, sizeof backing))
                        found(context, folder, backing);
        }
}
