#include "device/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "device/probe.h"
#include "device/sysfs.h"
#include "device/text.h"
#include "device/usage.h"
#include "policy/rule.h"

static inline void udev_freep(struct udev **udev) {
        (void) udev_unref(*udev);
}
static inline void udev_device_freep(struct udev_device **device) {
        (void) udev_device_unref(*device);
}

static const char *property(struct udev_device *device, const char *key) {
        const char *value = device ? udev_device_get_property_value(device, key) : NULL;

        return value && *value ? value : NULL;
}

/* The first of several properties that udev's database has. */
static bool first_property(struct udev_device *device, const char *const *keys,
                           void (*take)(const char *said, char *out, size_t size), char *out, size_t size) {
        for (; *keys; keys++) {
                const char *value = property(device, *keys);
                size_t n = strlen(*keys);

                if (!value)
                        continue;
                if (n > 4 && strcmp(*keys + n - 4, "_ENC") == 0)
                        device_text_encoded(value, out, size);
                else
                        take(value, out, size);
                if (*out)
                        return true;
        }
        return false;
}

/* Without udev's database (a container, early boot) the kernel's own attributes must do. */
static void identity_from_sysfs(struct udev_device *device, const char *disk, struct device_facts *facts) {
        struct udev_device *usb =
                device ? udev_device_get_parent_with_subsystem_devtype(device, "usb", "usb_device") : NULL;
        char text[1024]; /* more than any of them is long */

        if (!facts->serial[0] && usb)
                device_text_identity(udev_device_get_sysattr_value(usb, "serial"), facts->serial,
                                     sizeof facts->serial);
        if (!facts->serial[0] &&
            (sysfs_text(disk, "device/serial", text, sizeof text) || sysfs_text(disk, "serial", text, sizeof text)))
                device_text_identity(text, facts->serial, sizeof facts->serial);
        if (!facts->model[0] && (sysfs_text(disk, "device/model", text, sizeof text) ||
                                 sysfs_text(disk, "device/name", text, sizeof text)))
                device_text(text, facts->model, sizeof facts->model);
        if (!facts->vendor[0] && sysfs_text(disk, "device/vendor", text, sizeof text))
                device_text(text, facts->vendor, sizeof facts->vendor);
        if (!facts->wwn[0] &&
            (sysfs_text(disk, "wwid", text, sizeof text) || sysfs_text(disk, "device/wwid", text, sizeof text)))
                device_text_identity(text, facts->wwn, sizeof facts->wwn);
        if (!facts->bus[0] && usb)
                (void) snprintf(facts->bus, sizeof facts->bus, "usb");
}

static void read_identity(struct udev_device *device, const char *disk, struct device_facts *facts) {
        /* For a SCSI disk ID_SERIAL_SHORT is its NAA designator; the printed serial is ID_SCSI_SERIAL. */
        static const char *const serial[] = { "ID_SCSI_SERIAL", "ID_SERIAL_SHORT", NULL };
        static const char *const model[] = { "ID_MODEL_ENC", "ID_MODEL", NULL };
        static const char *const vendor[] = { "ID_VENDOR_ENC", "ID_VENDOR", NULL };
        static const char *const wwn[] = { "ID_WWN_WITH_EXTENSION", "ID_WWN", NULL };
        const char *bus = property(device, "ID_BUS"), *gate = property(device, "MPSI_GATE");

        if (gate)
                device_text(gate, facts->gate, sizeof facts->gate);
        if (bus)
                device_text(bus, facts->bus, sizeof facts->bus);
        else if (strncmp(facts->name, "nvme", 4) == 0)
                (void) snprintf(facts->bus, sizeof facts->bus, "nvme");
        else if (strncmp(facts->name, "mmcblk", 6) == 0)
                (void) snprintf(facts->bus, sizeof facts->bus, "mmc");
        else if (strncmp(facts->name, "loop", 4) == 0)
                (void) snprintf(facts->bus, sizeof facts->bus, "loop");
        (void) first_property(device, serial, device_text_identity, facts->serial, sizeof facts->serial);
        (void) first_property(device, model, device_text, facts->model, sizeof facts->model);
        (void) first_property(device, vendor, device_text, facts->vendor, sizeof facts->vendor);
        (void) first_property(device, wwn, device_text_identity, facts->wwn, sizeof facts->wwn);
        identity_from_sysfs(device, disk, facts);
}

/* The kernel's "rotational" is 1 for many USB sticks, since their bridge doesn't say: a stick is told by what udev
 * knows of it, by its bus, or by being removable. */
static enum medium_kind judge_kind(struct udev_device *device, const struct device_facts *facts) {
        const char *rpm = property(device, "ID_ATA_ROTATION_RATE_RPM");

        if (strncmp(facts->name, "sr", 2) == 0 || property(device, "ID_CDROM"))
                return KIND_OPTICAL;
        if (strncmp(facts->name, "nvme", 4) == 0 || strncmp(facts->name, "mmcblk", 6) == 0 || !facts->rotational)
                return KIND_SSD;
        if (rpm)
                return strcmp(rpm, "0") == 0 ? KIND_SSD : KIND_HDD;
        if (property(device, "ID_DRIVE_THUMB") || property(device, "ID_DRIVE_FLASH") ||
            property(device, "ID_DRIVE_FLASH_SD"))
                return KIND_SSD;
        return strcmp(facts->bus, "usb") == 0 && facts->removable ? KIND_SSD : KIND_HDD;
}

static void read_insertion(struct device_facts *facts) {
        char boot[64];

        if (facts->diskseq && sysfs_text("/proc/sys/kernel/random", "boot_id", boot, sizeof boot) && *boot)
                (void) snprintf(facts->insertion, sizeof facts->insertion, "%s:%lld", boot,
                                (long long) facts->diskseq);
}

static int read_block(dev_t number, struct device_facts *facts, struct error *err) {
        _cleanup_(udev_freep) struct udev *udev = udev_new();
        _cleanup_(udev_device_freep) struct udev_device *device = NULL;
        char folder[SYSFS_PATH], disk[SYSFS_PATH];

        if (!sysfs_folder(number, folder))
                return fail(err, ERR_NOT_FOUND, "El núcleo no conoce el dispositivo de «%s».",
                            "The kernel knows no device behind “%s”.", facts->path);
        sysfs_disk(folder, disk);
        device = udev ? udev_device_new_from_devnum(udev, 'b', sysfs_devno(disk)) : NULL;
        (void) snprintf(facts->name, sizeof facts->name, "%.63s", sysfs_name(folder));
        facts->partition = strcmp(folder, disk) != 0;
        facts->size = sysfs_int(folder, "size", 0) * 512; /* always in units of 512 bytes */
        facts->logical_block = sysfs_int(disk, "queue/logical_block_size", 512);
        facts->physical_block = sysfs_int(disk, "queue/physical_block_size", facts->logical_block);
        facts->rotational = sysfs_int(disk, "queue/rotational", 0) == 1;
        facts->removable = sysfs_int(disk, "removable", 0) == 1;
        facts->read_only = sysfs_int(folder, "ro", 0) == 1 || sysfs_int(disk, "ro", 0) == 1;
        facts->diskseq = sysfs_int(disk, "diskseq", 0);
        read_insertion(facts);
        read_identity(device, disk, facts);
        facts->kind = judge_kind(device, facts);
        return 0;
}

/* An image is judged by the disk that its file lies on. */
static void read_image(const struct stat *st, struct device_facts *facts) {
        char folder[SYSFS_PATH], disk[SYSFS_PATH];

        facts->image = true;
        facts->size = st->st_size;
        facts->logical_block = facts->physical_block = 512;
        facts->read_only = access(facts->path, W_OK) < 0;
        (void) snprintf(facts->bus, sizeof facts->bus, "file");
        (void) snprintf(facts->insertion, sizeof facts->insertion, "image:%llu:%llu",
                        (unsigned long long) st->st_dev, (unsigned long long) st->st_ino);
        if (sysfs_folder(st->st_dev, folder)) {
                sysfs_disk(folder, disk);
                facts->rotational = sysfs_int(disk, "queue/rotational", 0) == 1;
        }
        facts->kind = facts->rotational ? KIND_HDD : KIND_SSD;
}

/* A file of the store itself must never pass for a medium's image. */
static bool lies_in(const char *path, const char *folder) {
        char full[PATH_MAX];
        size_t n;

        if (!folder || !realpath(folder, full))
                return false;
        n = strlen(full);
        return strncmp(path, full, n) == 0 && (path[n] == '/' || n == 1);
}

static int resolve_path(const char *path, struct device_facts *facts, struct stat *st, struct error *err) {
        char full[PATH_MAX];

        if (!realpath(path, full) || stat(full, st) < 0) {
                if (errno == ENOENT || errno == ENOTDIR || errno == ENXIO)
                        return fail(err, ERR_NOT_FOUND, "No existe el dispositivo «%s».",
                                    "There is no device “%s”.", path);
                return fail_errno(err, errno, "No se puede mirar «%s»", "“%s” can't be looked at", path);
        }
        if (!S_ISBLK(st->st_mode) && !S_ISREG(st->st_mode))
                return fail(err, ERR_USAGE, "«%s» no es un dispositivo de bloques ni un fichero de imagen.",
                            "“%s” is neither a block device nor an image file.", path);
        if (strlen(full) >= sizeof facts->path)
                return fail(err, ERR_USAGE, "La ruta «%s» pasa de %zu bytes.", "The path “%s” is over %zu bytes.",
                            path, sizeof facts->path - 1);
        memcpy(facts->path, full, strlen(full) + 1);
        return 0;
}

int device_facts_outside(const char *path, const char *store, struct device_facts *ret, struct error *err) {
        struct device_facts facts = { .kind = KIND_SSD };
        struct usage_of usage = { 0 };
        struct stat st;
        int r = resolve_path(path, &facts, &st, err);

        if (r < 0)
                return r;
        if (S_ISBLK(st.st_mode)) {
                usage.device = st.st_rdev;
                r = read_block(st.st_rdev, &facts, err);
        } else {
                usage.image_dev = st.st_dev;
                usage.image_inode = st.st_ino;
                read_image(&st, &facts);
        }
        if (r == 0)
                r = usage_read(&usage, store, &facts, err);
        if (r < 0)
                return r;
        facts.system = facts.system || (facts.image && lies_in(facts.path, store));
        *ret = facts;
        return 0;
}

int device_facts_read(const char *path, const char *store, struct device_facts *ret, struct error *err) {
        struct device_facts facts;
        _cleanup_close_ int fd = -1;
        int r = device_facts_outside(path, store, &facts, err);

        if (r < 0)
                return r;
        /* Who may not open it still gets every other fact. O_NONBLOCK: an empty drive must not close its tray. */
        fd = open(facts.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd >= 0 && facts.size > 0)
                probe_content(fd, &facts);
        *ret = facts;
        return 0;
}

json_t *device_facts_to_json(const struct device_facts *facts) {
        return json_pack("{s:s, s:s, s:b, s:b, s:I, s:I, s:I, s:b, s:b, s:b, s:s, s:s, s:s, s:s, s:s, s:I, s:s,"
                         " s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:b, s:b, s:b, s:b, s:s, s:s, s:s}",
                         "path", facts->path, "name", facts->name, "image", facts->image, "partition",
                         facts->partition, "size", (json_int_t) facts->size, "logical_block",
                         (json_int_t) facts->logical_block, "physical_block", (json_int_t) facts->physical_block,
                         "rotational", facts->rotational, "removable", facts->removable, "read_only",
                         facts->read_only, "bus", facts->bus, "vendor", facts->vendor, "model", facts->model,
                         "serial", facts->serial, "wwn", facts->wwn, "diskseq", (json_int_t) facts->diskseq,
                         "insertion", facts->insertion, "partition_table", facts->partition_table,
                         "partition_table_uuid", facts->partition_table_uuid, "filesystem", facts->filesystem,
                         "filesystem_uuid", facts->filesystem_uuid, "filesystem_label", facts->filesystem_label,
                         "luks_version", facts->luks_version, "luks_uuid", facts->luks_uuid, "system",
                         facts->system, "mounted", facts->mounted, "held", facts->held, "swap", facts->swap,
                         "holder", facts->holder, "kind", medium_kind_terms[facts->kind].code, "gate", facts->gate);
}

char *device_facts_described(const struct device_facts *facts, enum lang lang) {
        bool both = facts->vendor[0] && facts->model[0], named = facts->vendor[0] || facts->model[0];
        const char *serial = lang == LANG_EN ? "serial number " : "n.º de serie ";

        return str_format("%s%s%s%s%s%s%s%lld MB", facts->vendor, both ? " " : "", facts->model, named ? ", " : "",
                          facts->serial[0] ? serial : "", facts->serial, facts->serial[0] ? ", " : "",
                          (long long) (facts->size + 500000) / 1000000);
}
