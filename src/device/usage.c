#include "device/usage.h"

#include <libmount/libmount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "device/mapping.h"
#include "device/sysfs.h"

enum { DEPTH_MAX = 16 };

/* One use of a block device: a mount, or swap. */
struct use {
        dev_t device;
        bool swap;
        char where[DEVICE_FIELD];
};

struct scan {
        const struct usage_of *of;
        struct device_facts *facts;
        struct use *uses;
        size_t uses_n, uses_size;
        bool no_memory;
        int depth;
        char disk[SYSFS_PATH]; /* whole disk that a walk downwards wants to meet; "" for an image */
        bool met;
        size_t ours, others; /* uses of the disk itself: mappings of `encrypt unlock`, and any other */
};

static inline void table_freep(struct libmnt_table **table) {
        mnt_unref_table(*table);
}
static inline void iter_freep(struct libmnt_iter **iter) {
        mnt_free_iter(*iter);
}

static void note_use(struct scan *scan, dev_t device, bool swap, const char *where) {
        struct use *use;

        if (!device)
                return;
        if (scan->uses_n == scan->uses_size) {
                size_t size = scan->uses_size ? 2 * scan->uses_size : 64;
                struct use *more = realloc(scan->uses, size * sizeof *more);

                if (!more) {
                        scan->no_memory = true;
                        return;
                }
                scan->uses = more;
                scan->uses_size = size;
        }
        use = &scan->uses[scan->uses_n++];
        use->device = device;
        use->swap = swap;
        (void) snprintf(use->where, sizeof use->where, "%s", where);
}

/* btrfs and others mount with an anonymous device number; the source's own number is then the one that counts. */
static dev_t device_of_mount(struct libmnt_fs *fs) {
        const char *source = mnt_fs_get_source(fs);
        struct stat st;

        if (source && *source == '/' && stat(source, &st) == 0 && S_ISBLK(st.st_mode))
                return st.st_rdev;
        return major(mnt_fs_get_devno(fs)) ? mnt_fs_get_devno(fs) : 0;
}

static int read_mounts_of(struct scan *scan, const char *mountinfo) {
        _cleanup_(table_freep) struct libmnt_table *table = mnt_new_table_from_file(mountinfo);
        _cleanup_(iter_freep) struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
        struct libmnt_fs *fs;

        if (!table || !iter)
                return ERR_FAILED;
        while (mnt_table_next_fs(table, iter, &fs) == 0)
                note_use(scan, device_of_mount(fs), false, mnt_fs_get_target(fs) ? mnt_fs_get_target(fs) : "?");
        return 0;
}

/* Our own mounts, and those that the machine's first process sees: from inside a namespace or a changed root the
 * system's disk would look unused. */
static int read_mounts(struct scan *scan, struct error *err) {
        if (read_mounts_of(scan, "/proc/self/mountinfo") < 0)
                return fail(err, ERR_FAILED, "No se puede leer la lista de montajes.",
                            "The list of mounts can't be read.");
        (void) read_mounts_of(scan, "/proc/1/mountinfo"); /* not for everybody to read */
        return 0;
}

static void read_swaps(struct scan *scan) {
        _cleanup_(table_freep) struct libmnt_table *table = mnt_new_table();
        _cleanup_(iter_freep) struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
        struct libmnt_fs *fs;

        if (!table || !iter || mnt_table_parse_swaps(table, "/proc/swaps") != 0)
                return; /* a kernel without swap has no such file */
        while (mnt_table_next_fs(table, iter, &fs) == 0) {
                const char *source = mnt_fs_get_source(fs);
                struct stat st;

                if (!source || stat(source, &st) < 0)
                        continue;
                if (scan->of->image_inode && st.st_ino == scan->of->image_inode && st.st_dev == scan->of->image_dev)
                        scan->facts->swap = true;
                note_use(scan, S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev, true, source);
        }
}

/* --- downwards: on which disks does something live? ----------------------------------------------------------- */

static bool walk_down(void *context, const char *folder);

static void walk_down_device(struct scan *scan, dev_t device) {
        char folder[SYSFS_PATH];

        if (sysfs_folder(device, folder))
                (void) walk_down(scan, folder);
}

static void walk_down_loop(struct scan *scan, const char *folder) {
        char backing[SYSFS_PATH];
        struct stat st;

        if (!sysfs_text(folder, "loop/backing_file", backing, sizeof backing) || stat(backing, &st) < 0)
                return;
        if (S_ISBLK(st.st_mode)) {
                walk_down_device(scan, st.st_rdev);
                return;
        }
        if (scan->of->image_inode && st.st_ino == scan->of->image_inode && st.st_dev == scan->of->image_dev)
                scan->met = true;
        walk_down_device(scan, st.st_dev);
}

static bool walk_down(void *context, const char *folder) {
        struct scan *scan = context;
        char disk[SYSFS_PATH];

        if (scan->met || scan->depth == DEPTH_MAX)
                return false;
        scan->depth++;
        sysfs_disk(folder, disk);
        if (scan->disk[0] && strcmp(disk, scan->disk) == 0)
                scan->met = true;
        sysfs_each(folder, "slaves", walk_down, scan);
        if (strcmp(disk, folder) != 0)
                sysfs_each(disk, "slaves", walk_down, scan);
        walk_down_loop(scan, disk);
        scan->depth--;
        return !scan->met;
}

/* The file system that a path lies on, also where its device number is anonymous. */
static dev_t device_under(const struct scan *scan, const char *path) {
        size_t best = 0;
        dev_t device = 0;
        struct stat st;
        char full[4096];

        if (stat(path, &st) == 0 && major(st.st_dev))
                return st.st_dev;
        if (!realpath(path, full))
                return 0;
        for (size_t i = 0; i < scan->uses_n; i++) {
                size_t n = strlen(scan->uses[i].where);

                if (scan->uses[i].swap || n < best || strncmp(full, scan->uses[i].where, n) != 0)
                        continue;
                if (n > 1 && full[n] && full[n] != '/')
                        continue;
                best = n;
                device = scan->uses[i].device;
        }
        return device;
}

static bool is_system(struct scan *scan, const char *store) {
        const char *const homes[] = { "/", "/boot", "/boot/efi", "/usr", "/var", store };

        scan->met = false;
        for (size_t i = 0; i < COUNT(homes) && !scan->met; i++)
                if (homes[i] && access(homes[i], F_OK) == 0)
                        walk_down_device(scan, device_under(scan, homes[i]));
        for (size_t i = 0; i < scan->uses_n && !scan->met; i++)
                if (scan->uses[i].swap)
                        walk_down_device(scan, scan->uses[i].device);
        return scan->met;
}

/* --- upwards: who stands on this device? ---------------------------------------------------------------------- */

static void name_holder(struct device_facts *facts, const char *name) {
        if (!facts->holder[0])
                (void) snprintf(facts->holder, sizeof facts->holder, "%s", name);
}

static void look_at_uses(struct scan *scan, dev_t device) {
        for (size_t i = 0; i < scan->uses_n; i++) {
                const struct use *use = &scan->uses[i];

                if (use->device != device)
                        continue;
                scan->others += scan->depth == 0;
                if (use->swap)
                        scan->facts->swap = true;
                else
                        scan->facts->mounted = true;
                name_holder(scan->facts, use->where);
        }
}

static bool walk_up(void *context, const char *folder) {
        struct scan *scan = context;
        char name[64], dm[64];

        if (scan->depth == DEPTH_MAX)
                return false;
        if (scan->depth == 0 && mapping_of_folder(folder, NULL))
                scan->ours++;
        else
                scan->others += scan->depth == 0;
        scan->depth++;
        scan->facts->held = true;
        look_at_uses(scan, sysfs_devno(folder));
        if (sysfs_text(folder, "dm/name", dm, sizeof dm))
                (void) snprintf(name, sizeof name, "%s", dm);
        else
                (void) snprintf(name, sizeof name, "%.63s", sysfs_name(folder));
        sysfs_each(folder, "", walk_up, scan);
        sysfs_each(folder, "holders", walk_up, scan);
        name_holder(scan->facts, name);
        scan->depth--;
        return true;
}

/* A loop device whose backing file is this image, or this block device or a partition of it. */
static void look_at_loop(void *context, const char *folder, const char *backing) {
        struct scan *scan = context;
        char behind[SYSFS_PATH], disk[SYSFS_PATH];
        struct stat st;

        if (stat(backing, &st) < 0)
                return;
        if (scan->of->image_inode) {
                if (st.st_ino == scan->of->image_inode && st.st_dev == scan->of->image_dev)
                        (void) walk_up(scan, folder);
                return;
        }
        if (!S_ISBLK(st.st_mode) || !sysfs_folder(st.st_rdev, behind))
                return;
        sysfs_disk(behind, disk);
        if (strcmp(disk, scan->disk) == 0)
                (void) walk_up(scan, folder);
}

static bool look_at_node(void *context, const char *folder) {
        struct scan *scan = context;

        look_at_uses(scan, sysfs_devno(folder));
        sysfs_each(folder, "holders", walk_up, scan);
        return true;
}

static void scan_done(struct scan *scan) {
        free(scan->uses);
}

int usage_read(const struct usage_of *of, const char *store, struct device_facts *facts, struct error *err) {
        _cleanup_(scan_done) struct scan scan = { .of = of, .facts = facts };
        char folder[SYSFS_PATH];
        int r = read_mounts(&scan, err);

        if (r < 0)
                return r;
        read_swaps(&scan);
        if (scan.no_memory)
                return fail_memory(err);
        if (of->device && sysfs_folder(of->device, folder)) {
                sysfs_disk(folder, scan.disk);
                (void) look_at_node(&scan, scan.disk);
                sysfs_each(scan.disk, "", look_at_node, &scan);
        }
        sysfs_each_loop(look_at_loop, &scan);
        facts->opened = scan.ours == 1 && scan.others == 0;
        facts->system = is_system(&scan, store);
        return 0;
}
