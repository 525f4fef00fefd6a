#include "device/mapping.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <keyutils.h>
#include <libdevmapper.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "base/str.h"
#include "policy/rule.h"

#ifndef BLKGETDISKSEQ
#define BLKGETDISKSEQ _IOR(0x12, 128, __u64)
#endif

/* The name is "mpsi-MEDIUM", and "mpsi-closed-N" once it is cut off; the UUID is "mpsi-UID-MEDIUM-MOMENT", so that
 * a medium can be opened again while somebody still holds on to a mapping that was cut off. */
#define PREFIX "mpsi-"
#define CLOSED PREFIX "closed-"

enum { SECTOR_BYTES = 512, KEY_SECONDS = 60, NAME = 64, TRIES = 10, TRY_MS = 50 };

static const struct mapping_power *by;

void mapping_by(const struct mapping_power *power) {
        by = power;
}

void mapping_node(const char *medium, char ret[MAPPING_NODE]) {
        (void) snprintf(ret, MAPPING_NODE, "/dev/mapper/" PREFIX "%.*s", MAPPING_MEDIUM - 1, medium);
}

/* --- the key ---------------------------------------------------------------------------------------------------
 */

int mapping_key_put(const struct secret *key, const char *medium, char ret_name[MAPPING_KEY], int32_t *ret_serial,
                    struct error *err) {
        struct timespec now;
        key_serial_t serial;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        (void) snprintf(ret_name, MAPPING_KEY, "mpsi:%.*s:%d:%lld%09ld", MAPPING_MEDIUM - 1, medium, (int) getpid(),
                        (long long) now.tv_sec, now.tv_nsec);
        /* A logon key can be used by the kernel and read by nobody. */
        serial = add_key("logon", ret_name, key->data, key->size, KEY_SPEC_SESSION_KEYRING);
        if (serial < 0)
                return fail_errno(err, errno, "El núcleo no guarda la clave", "The kernel does not keep the key");
        (void) keyctl_set_timeout(serial, KEY_SECONDS);
        *ret_serial = serial;
        return 0;
}

void mapping_key_forget(int32_t serial) {
        if (serial > 0 && keyctl_revoke(serial) == 0)
                (void) keyctl_unlink(serial, KEY_SPEC_SESSION_KEYRING);
}

/* --- libdevmapper ----------------------------------------------------------------------------------------------
 */

static inline void task_freep(struct dm_task **task) {
        if (*task)
                dm_task_destroy(*task);
}
#define _cleanup_task_ _cleanup_(task_freep)

/* What it says goes nowhere: its errno says what a person wants to know. */
__attribute__((format(printf, 5, 6))) static void no_words(int level, const char *file, int line, int no,
                                                           const char *format, ...) {
        (void) level, (void) file, (void) line, (void) no, (void) format;
}

static struct dm_task *task_new(int type, const char *name) {
        struct dm_task *task;

        dm_log_with_errno_init(no_words);
        task = dm_task_create(type);
        if (task && dm_task_set_name(task, name))
                return task;
        if (task)
                dm_task_destroy(task);
        return NULL;
}

/* 0 or an errno. With a cookie udev is waited for, so that the node is there, or gone, when this returns; nodes are
 * its alone to make. */
static int task_run(struct dm_task *task, bool waits) {
        uint32_t cookie = 0;
        int no = 0;

        if (!task)
                return ENOMEM;
        if (waits && !dm_task_set_cookie(task, &cookie, DM_UDEV_DISABLE_LIBRARY_FALLBACK))
                return EIO;
        if (!dm_task_run(task))
                no = dm_task_get_errno(task) ? dm_task_get_errno(task) : EIO;
        if (waits)
                (void) dm_udev_wait(cookie);
        return no;
}

static void mapping_name(const char *medium, char ret[NAME]) {
        (void) snprintf(ret, NAME, PREFIX "%.*s", MAPPING_MEDIUM - 1, medium);
}

static bool is_there(const char *name, uint64_t *ret_sectors, uint32_t *ret_minor) {
        _cleanup_task_ struct dm_task *task = task_new(DM_DEVICE_TABLE, name);
        uint64_t start = 0, length = 0;
        char *type = NULL, *params = NULL;
        struct dm_info info = { 0 };

        if (task_run(task, false) || !dm_task_get_info(task, &info) || !info.exists)
                return false;
        (void) dm_get_next_target(task, NULL, &start, &length, &type, &params);
        *ret_sectors = length;
        *ret_minor = info.minor;
        return true;
}

/* --- opening ---------------------------------------------------------------------------------------------------
 */

static bool is_medium(const char *text) {
        size_t n = strnlen(text, MAPPING_MEDIUM);

        for (size_t i = 0; i < n; i++)
                if (!isupper((unsigned char) text[i]) && !isdigit((unsigned char) text[i]))
                        return false;
        return n > 0 && n < MAPPING_MEDIUM;
}

static bool is_key_name(const char *text) {
        size_t n = strnlen(text, MAPPING_KEY);

        for (size_t i = 0; i < n; i++)
                if (!isalnum((unsigned char) text[i]) && text[i] != ':')
                        return false;
        return n > 5 && n < MAPPING_KEY && strncmp(text, "mpsi:", 5) == 0;
}

int mapping_check(const struct mapping_plan *plan, int64_t disk_bytes, struct error *err) {
        bool sound = is_medium(plan->medium) && is_key_name(plan->key) &&
                     memchr(plan->path, '\0', sizeof plan->path) && plan->path[0] == '/' &&
                     (plan->key_bytes == 32 || plan->key_bytes == 64) &&
                     (plan->sector_size == 512 || plan->sector_size == 4096) && plan->offset > 0 &&
                     plan->offset % 4096 == 0 && plan->offset < disk_bytes &&
                     disk_bytes - plan->offset >= plan->sector_size;

        return sound ? 0
                     : fail(err, ERR_USAGE, "No se puede abrir así un soporte cifrado.",
                            "An encrypted medium can't be opened like that.");
}

static int look_at_disk(const struct mapping_plan *plan, int fd, struct stat *ret_node, uint64_t *ret_bytes,
                        struct error *err) {
        uint64_t diskseq = 0;
        int read_only = 0, nothing = 0;

        if (fstat(fd, ret_node) < 0 || !S_ISBLK(ret_node->st_mode) || ioctl(fd, BLKGETSIZE64, ret_bytes) < 0)
                return fail(err, ERR_USAGE, "«%s» no es un disco.", "“%s” is no disk.", plan->path);
        if (plan->diskseq && (ioctl(fd, BLKGETDISKSEQ, &diskseq) < 0 || diskseq != (uint64_t) plan->diskseq))
                return refuse(err, ERR_REFUSED, "S6", "«%s» ha cambiado desde que se aprobó.",
                              "“%s” has changed since it was approved.", plan->path);
        if (plan->read_only)
                return 0;
        /* The kernel's mapper would write to a read-only disk, and only complain. */
        if (plan->lift && ioctl(fd, BLKROSET, &nothing) < 0)
                return fail_errno(err, errno, "No se puede cambiar la protección de escritura de «%s»",
                                  "The write protection of “%s” can't be changed", plan->path);
        if (ioctl(fd, BLKROGET, &read_only) < 0 || read_only)
                return refuse(err, ERR_REFUSED, "S6", "«%s» está protegido contra escritura.", "“%s” is read-only.",
                              plan->path);
        return 0;
}

static int create(const struct mapping_plan *plan, dev_t disk, uint64_t sectors) {
        _cleanup_task_ struct dm_task *task = NULL;
        char name[NAME], uuid[NAME + 64], params[256];
        struct timespec now;

        (void) clock_gettime(CLOCK_BOOTTIME, &now);
        mapping_name(plan->medium, name);
        (void) snprintf(uuid, sizeof uuid, PREFIX "%u-%s-%llx%08lx", (unsigned) plan->uid, plan->medium,
                        (unsigned long long) now.tv_sec, (unsigned long) now.tv_nsec);
        (void) snprintf(params, sizeof params, "aes-xts-plain64 :%d:logon:%s 0 %u:%u %llu%s", plan->key_bytes,
                        plan->key, major(disk), minor(disk), (unsigned long long) plan->offset / SECTOR_BYTES,
                        plan->sector_size == 4096 ? " 1 sector_size:4096" : "");
        task = task_new(DM_DEVICE_CREATE, name);
        if (!task || !dm_task_set_uuid(task, uuid) || !dm_task_add_target(task, 0, sectors, "crypt", params) ||
            (plan->read_only && !dm_task_set_ro(task)))
                return ENOMEM;
        return task_run(task, true);
}

int mapping_open(const struct mapping_plan *plan, struct error *err) {
        _cleanup_close_ int fd = -1;
        char name[NAME];
        uint64_t bytes = 0, sectors;
        uint32_t minor_number;
        struct stat node;
        int r, no;

        if (by)
                return by->open(plan, err);
        fd = open(plan->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return fail_errno(err, errno, "No se puede abrir «%s»", "“%s” can't be opened", plan->path);
        r = look_at_disk(plan, fd, &node, &bytes, err);
        if (r == 0)
                r = mapping_check(plan, (int64_t) bytes, err);
        if (r < 0)
                return r;
        mapping_name(plan->medium, name);
        if (is_there(name, &sectors, &minor_number))
                return fail(err, ERR_CONFLICT, "El soporte %s ya está abierto.", "Medium %s is open already.",
                            plan->medium);
        sectors = (bytes - (uint64_t) plan->offset) / (uint64_t) plan->sector_size *
                  ((uint64_t) plan->sector_size / SECTOR_BYTES);
        no = create(plan, node.st_rdev, sectors);
        if (no == EBUSY)
                return fail(err, ERR_BUSY, "«%s» está en uso.", "“%s” is in use.", plan->path);
        return no ? fail_errno(err, no, "El núcleo no abre el soporte %s", "The kernel does not open medium %s",
                               plan->medium)
                  : 0;
}

/* --- closing ---------------------------------------------------------------------------------------------------
 */

/* udev and whoever heard of it may still be looking at it for a moment. */
static int remove_politely(const char *name) {
        const struct timespec pause = { 0, TRY_MS * 1000000L };
        int no = EBUSY;

        for (int i = 0; i < TRIES && no == EBUSY; i++) {
                _cleanup_task_ struct dm_task *task = task_new(DM_DEVICE_REMOVE, name);

                if (i)
                        (void) nanosleep(&pause, NULL);
                no = task_run(task, true);
        }
        return no;
}

/* A table of errors in place of the one that holds the key. */
static int cut_off(const char *name, uint64_t sectors, uint32_t minor_number, bool flush) {
        _cleanup_task_ struct dm_task *suspend = task_new(DM_DEVICE_SUSPEND, name);
        _cleanup_task_ struct dm_task *load = task_new(DM_DEVICE_RELOAD, name);
        _cleanup_task_ struct dm_task *resume = task_new(DM_DEVICE_RESUME, name);
        _cleanup_task_ struct dm_task *rename = task_new(DM_DEVICE_RENAME, name);
        _cleanup_task_ struct dm_task *removal = NULL;
        char closed[NAME];
        int no;

        if (!suspend || !load || !resume || !rename || !dm_task_add_target(load, 0, sectors, "error", ""))
                return ENOMEM;
        if (!flush && (!dm_task_no_flush(suspend) || !dm_task_skip_lockfs(suspend)))
                return ENOMEM;
        no = task_run(load, false);
        if (!no)
                no = task_run(suspend, false);
        if (!no)
                no = task_run(resume, true);
        if (no)
                return no;
        /* The key is gone. What follows is tidying up: its name is free, and it goes when the last one lets go. */
        (void) snprintf(closed, sizeof closed, CLOSED "%u", minor_number);
        if (!dm_task_set_newname(rename, closed) || task_run(rename, true))
                return 0;
        removal = task_new(DM_DEVICE_REMOVE, closed);
        if (removal && dm_task_deferred_remove(removal))
                (void) task_run(removal, true);
        return 0;
}

int mapping_close(const char *medium, enum mapping_cut cut, struct error *err) {
        uint32_t minor_number = 0;
        uint64_t sectors = 0;
        char name[NAME];
        int no;

        if (by)
                return by->close(medium, cut, err);
        mapping_name(medium, name);
        if (!is_medium(medium) || !is_there(name, &sectors, &minor_number))
                return fail(err, ERR_NOT_FOUND, "El soporte %.15s no está abierto.", "Medium %.15s is not open.",
                            medium);
        no = cut == MAPPING_DROP ? EBUSY : remove_politely(name);
        if (no == EBUSY && cut == MAPPING_ASK) {
                (void) fail(err, ERR_BUSY, "El soporte %s está en uso.", "Medium %s is in use.", medium);
                return hint(err, "Desmóntelo antes, o use --force: quien lo tenga abierto recibirá errores.",
                            "Unmount it first, or use --force: whoever has it open will get errors.");
        }
        if (no == EBUSY)
                no = cut_off(name, sectors, minor_number, cut == MAPPING_FLUSH);
        return no ? fail_errno(err, no, "El núcleo no cierra el soporte %s", "The kernel does not close medium %s",
                               medium)
                  : 0;
}
