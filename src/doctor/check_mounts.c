/* A file system that was mounted for writing before the gate closed its disk: no read-only state stops it, so it is
 * an alarm. Only names and numbers of the kernel and of udev are read here, never the medium. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/internal.h"
#include "registry/medium.h"

enum { DEPTH_MAX = 8, FIELD = 256, DISKS_MAX = 64 };

struct mount {
        char device[32], where[FIELD];
        bool writes;
};

/* mountinfo: "36 35 8:17 / /mnt rw,noatime … - ext4 /dev/sdb1 rw,…" (proc(5)). */
static bool parse_mount(const char *line, struct mount *ret) {
        const char *dash = strstr(line, " - ");
        char options[FIELD], super[FIELD];

        if (!dash || sscanf(line, "%*d %*d %31s %*s %255s %255s", ret->device, ret->where, options) != 3 ||
            sscanf(dash + 3, "%*s %*s %255s", super) != 1)
                return false;
        ret->writes = strncmp(options, "rw", 2) == 0 && strncmp(super, "rw", 2) == 0;
        return true;
}

struct walk {
        struct doctor *doctor;
        char disks[DISKS_MAX][FIELD]; /* kernel names of the whole disks below */
        char folders[DISKS_MAX][PATH_MAX];
        size_t n;
        int depth;
};

static void walk_down(struct walk *walk, const char *link);

static int walk_slave(void *data, const char *path, const char *name) {
        (void) name;
        walk_down(data, path);
        return 0;
}

/* From a node's folder in sysfs to the whole disks that it stands on. `link` is a path under the root. */
static void walk_down(struct walk *walk, const char *link) {
        const char *root = walk->doctor->context->root, *slash;
        char full[ROOT_PATH], folder[PATH_MAX], path[ROOT_PATH + 32];
        size_t root_n = strlen(root), before = walk->n;

        if (walk->depth == DEPTH_MAX || walk->n == DISKS_MAX || !root_path(walk->doctor->context, link, full) ||
            !realpath(full, folder))
                return;
        (void) snprintf(path, sizeof path, "%s/partition", folder);
        if (access(path, F_OK) == 0)
                *strrchr(folder, '/') = '\0';
        walk->depth++;
        (void) snprintf(path, sizeof path, "%s/slaves", folder + root_n);
        (void) root_each(walk->doctor->context, path, "", walk_slave, walk);
        walk->depth--;
        slash = strrchr(folder, '/');
        if (walk->n > before || walk->n == DISKS_MAX || !slash)
                return;
        (void) snprintf(walk->disks[walk->n], FIELD, "%.200s", slash + 1);
        (void) snprintf(walk->folders[walk->n++], PATH_MAX, "%s", folder + root_n);
}

static void disks_of(struct walk *walk, const char *device) {
        char link[64];

        (void) snprintf(link, sizeof link, "/sys/dev/block/%s", device);
        walk_down(walk, link);
}

/* A disk that can be carried away: its bus is one that the gate guards, or it says that it is removable. */
static bool is_carried(const struct doctor *d, const char *folder) {
        char file[PATH_MAX + 16], value[16];

        if (strstr(folder, "/usb") || strstr(folder, "/mmc"))
                return true;
        (void) snprintf(file, sizeof file, "%s/removable", folder);
        return root_line(d->context, file, value, sizeof value) && strcmp(value, "1") == 0;
}

/* What udev knows of the disk: E:ID_SERIAL_SHORT=… in its database. */
static bool serial_of(const struct doctor *d, const char *folder, char out[FIELD]) {
        char file[PATH_MAX + 16], number[32];
        _cleanup_free_ char *text = NULL;

        (void) snprintf(file, sizeof file, "%s/dev", folder);
        if (!root_line(d->context, file, number, sizeof number))
                return false;
        (void) snprintf(file, sizeof file, "/run/udev/data/b%s", number);
        text = root_text(d->context, file);
        for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
                if (sscanf(line, "E:ID_SERIAL_SHORT=%255[^\n]", out) == 1)
                        return true;
        return false;
}

static void judge_mount(struct doctor *d, const struct mount *mount, const struct walk *walk, size_t i) {
        char serial[FIELD] = "", id[MEDIUM_ID_TEXT];

        if (serial_of(d, walk->folders[i], serial) && medium_resolve(d->act->db, serial, id, NULL, NULL) == 0)
                found(d, SEVERITY_INFO, "el soporte %s (%s) está montado en escritura en «%s»",
                      "medium %s (%s) is mounted for writing at “%s”", id, walk->disks[i], mount->where);
        else
                found(d, SEVERITY_FAIL, "%s, que no está registrado, está montado en escritura en «%s»",
                      "%s, which is not registered, is mounted for writing at “%s”", walk->disks[i], mount->where);
}

static bool is_system_mount(const char *where) {
        static const char *const homes[] = { "/", "/boot", "/boot/efi", "/usr", "/var", STATION_STORE };

        for (size_t i = 0; i < COUNT(homes); i++)
                if (strcmp(where, homes[i]) == 0)
                        return true;
        return false;
}

static bool holds(const struct walk *walk, const char *disk) {
        for (size_t i = 0; i < walk->n; i++)
                if (strcmp(walk->disks[i], disk) == 0)
                        return true;
        return false;
}

/* Two passes: on which disks the system lives (it may have been started from a stick), then the others. */
static void look_at_mounts(struct doctor *d, const char *text, struct walk *system, struct walk *other) {
        for (int pass = 0; pass < 2; pass++)
                for (const char *line = text; line && *line;
                     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
                        struct mount mount;

                        if (!parse_mount(line, &mount))
                                continue;
                        if (pass == 0) {
                                if (is_system_mount(mount.where))
                                        disks_of(system, mount.device);
                                continue;
                        }
                        other->n = 0;
                        if (mount.writes)
                                disks_of(other, mount.device);
                        for (size_t i = 0; i < other->n; i++)
                                if (is_carried(d, other->folders[i]) && !holds(system, other->disks[i]))
                                        judge_mount(d, &mount, other, i);
                }
}

void check_foreign_mounts(struct doctor *d) {
        /* The machine's first process sees every mount; we may live in a namespace. */
        _cleanup_free_ char *first = root_text(d->context, "/proc/1/mountinfo");
        _cleanup_free_ char *own = first ? NULL : root_text(d->context, "/proc/self/mountinfo");
        _cleanup_free_ struct walk *walks = calloc(2, sizeof *walks);

        if (!walks) {
                d->no_memory = true;
                return;
        }
        if (!first && !own) {
                found(d, SEVERITY_WARN, "no se puede leer la lista de montajes",
                      "the list of mounts can't be read");
                return;
        }
        walks[0].doctor = walks[1].doctor = d;
        look_at_mounts(d, first ? first : own, &walks[0], &walks[1]);
}
