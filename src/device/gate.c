#include "device/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "device/sysfs.h"
#include "policy/rule.h"

#ifndef BLKGETDISKSEQ
#define BLKGETDISKSEQ _IOR(0x12, 128, __u64)
#endif

enum { LOCK_WAIT_MS = 3000, LOCK_STEP_MS = 50 };

static int open_node(const char *path, int *ret, struct error *err) {
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

        if (fd < 0 && errno == ENOENT)
                return fail(err, ERR_NOT_FOUND, "No existe el dispositivo «%s».", "There is no device “%s”.", path);
        if (fd < 0)
                return fail_errno(err, errno, "No se puede abrir «%s»", "“%s” can't be opened", path);
        *ret = fd;
        return 0;
}

static int (*set_by)(const char *path, bool read_only, struct error *err);

void gate_set_by(int (*set)(const char *path, bool read_only, struct error *err)) {
        set_by = set;
}

int gate_set(const char *path, bool read_only, struct error *err) {
        _cleanup_close_ int fd = -1;
        int value = read_only, r;

        if (set_by)
                return set_by(path, read_only, err);
        r = open_node(path, &fd, err);
        if (r < 0)
                return r;
        if (ioctl(fd, BLKROSET, &value) < 0)
                return fail_errno(err, errno, "No se puede cambiar la protección de escritura de «%s»",
                                  "The write protection of “%s” can't be changed", path);
        return 0;
}

int gate_get(const char *path, bool *ret, struct error *err) {
        _cleanup_close_ int fd = -1;
        int value = 0, r = open_node(path, &fd, err);

        if (r < 0)
                return r;
        if (ioctl(fd, BLKROGET, &value) < 0)
                return fail_errno(err, errno, "No se puede leer la protección de escritura de «%s»",
                                  "The write protection of “%s” can't be read", path);
        *ret = value != 0;
        return 0;
}

static int changed(const struct device_facts *approved, struct error *err) {
        return refuse(err, ERR_REFUSED, "S6", "«%s» ha cambiado desde que se aprobó.",
                      "“%s” has changed since it was approved.", approved->path);
}

int device_check_fd(const struct device_facts *approved, int fd, struct error *err) {
        char folder[SYSFS_PATH], insertion[DEVICE_FIELD];
        uint64_t bytes = 0, diskseq = 0;
        struct stat st;

        if (fstat(fd, &st) < 0)
                return fail_errno(err, errno, "No se puede mirar «%s»", "“%s” can't be looked at", approved->path);
        if (approved->image) {
                (void) snprintf(insertion, sizeof insertion, "image:%llu:%llu", (unsigned long long) st.st_dev,
                                (unsigned long long) st.st_ino);
                if (!S_ISREG(st.st_mode) || strcmp(insertion, approved->insertion) != 0 ||
                    st.st_size != approved->size)
                        return changed(approved, err);
                return 0;
        }
        if (!S_ISBLK(st.st_mode) || !sysfs_folder(st.st_rdev, folder) ||
            strcmp(sysfs_name(folder), approved->name) != 0)
                return changed(approved, err);
        /* The size of the open descriptor, which a change of the medium behind it can't fake. */
        if (ioctl(fd, BLKGETSIZE64, &bytes) < 0 || bytes != (uint64_t) approved->size)
                return changed(approved, err);
        if (approved->diskseq &&
            (ioctl(fd, BLKGETDISKSEQ, &diskseq) < 0 || diskseq != (uint64_t) approved->diskseq))
                return changed(approved, err);
        return 0;
}

bool device_is_locked(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

        return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

int device_lock(int fd) {
        for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += LOCK_STEP_MS) {
                if (errno != EWOULDBLOCK || waited >= LOCK_WAIT_MS)
                        return -1;
                (void) usleep(LOCK_STEP_MS * 1000);
        }
        return 0;
}

/* What mpsid holds it lets go of by a process of its own, which may be a moment behind its word: that is waited for
 * too. Whoever really uses the device keeps it for longer. */
static int open_free(const char *path, int mode) {
        for (int waited = 0;; waited += LOCK_STEP_MS) {
                int fd = open(path, mode);

                if (fd >= 0 || errno != EBUSY || waited >= LOCK_WAIT_MS)
                        return fd;
                (void) usleep(LOCK_STEP_MS * 1000);
        }
}

int device_open(const struct device_facts *approved, unsigned flags, int *ret_fd, struct error *err) {
        int mode = O_CLOEXEC | (flags & DEVICE_OPEN_WRITE ? O_RDWR : O_RDONLY) |
                   (flags & DEVICE_OPEN_DIRECT ? O_DIRECT : 0);
        _cleanup_close_ int fd = -1;
        int r;

        if (!approved->image)
                mode |= O_EXCL; /* without O_CREAT: the kernel's claim on a block device */
        fd = open_free(approved->path, mode);
        if (fd < 0 && errno == EINVAL && approved->image && flags & DEVICE_OPEN_DIRECT)
                fd = open(approved->path, mode & ~O_DIRECT); /* a file system without direct I/O */
        if (fd < 0 && errno == EBUSY) {
                (void) fail(err, ERR_BUSY, "«%s» está en uso.", "“%s” is in use.", approved->path);
                return hint(err, "Si lo retiene mpsid, haga el acto a través del puesto, sin --store.",
                            "If mpsid holds it, do the act by way of the station, without --store.");
        }
        if (fd < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV))
                return fail(err, ERR_NOT_FOUND, "Ya no está el dispositivo «%s».", "Device “%s” is gone.",
                            approved->path);
        if (fd < 0)
                return fail_errno(err, errno, "No se puede abrir «%s»", "“%s” can't be opened", approved->path);
        /* The lock keeps udev from probing while we write, and a second job off an image. */
        if (device_lock(fd) < 0)
                return fail(err, ERR_BUSY, "Otro programa tiene bloqueado «%s».", "Another program locks “%s”.",
                            approved->path);
        r = device_check_fd(approved, fd, err);
        if (r < 0)
                return r;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int gate_lift(const struct device_facts *approved, bool *ret_lifted, struct error *err) {
        struct device_facts closed = *approved;
        bool still = false;
        int r = approved->image ? 0 : gate_get(approved->path, &still, err);

        if (r < 0 || !still)
                return r;
        r = gate_set(approved->path, false, err);
        if (r < 0)
                return r;
        *ret_lifted = true;
        r = gate_get(approved->path, &closed.read_only, err);
        return r < 0 ? r : device_refuse_in_use(&closed, err);
}

int device_open_lifted(const struct device_facts *approved, bool *ret_lifted, int *ret_fd, struct error *err) {
        _cleanup_close_ int fd = -1;
        int r = gate_lift(approved, ret_lifted, err);

        if (r == 0)
                r = device_open(approved, DEVICE_OPEN_WRITE | DEVICE_OPEN_DIRECT, &fd, err);
        if (r == 0)
                r = gate_lift(approved, ret_lifted, err);
        if (r == 0)
                *ret_fd = TAKE_FD(fd);
        return r;
}
