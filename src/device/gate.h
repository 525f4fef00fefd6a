/* The read-only gate (C3) and the opening of a device that was approved (S6). */
#pragma once

#include <stdbool.h>

#include "device/facts.h"

/* BLKROSET on a whole disk: later writes, discards and rw mounts fail, on its partitions too. It does not stop a
 * file system that was mounted rw before. ERR_NOT_FOUND, ERR_FAILED. */
int gate_set(const char *path, bool read_only, struct error *err);
/* Has somebody with the power for it (mpsid's guard) do what gate_set() does, from now on in this process. */
void gate_set_by(int (*set)(const char *path, bool read_only, struct error *err));
int gate_get(const char *path, bool *ret, struct error *err);

enum device_open_flags {
        DEVICE_OPEN_WRITE = 1,
        DEVICE_OPEN_DIRECT = 2, /* past the page cache: buffers, offsets and lengths in whole blocks */
};

/* Opens exactly what `approved` describes. A block device is opened O_EXCL, so that no mount, md, dm or second job
 * holds it, also from another mount namespace, and none can take it while the descriptor lives; an image is
 * locked with flock() instead. ERR_REFUSED by S6 when the node, insertion, or size behind the path is not the
 * approved one any more; ERR_BUSY when somebody holds it. */
int device_open(const struct device_facts *approved, unsigned flags, int *ret_fd, struct error *err);
/* Takes the station's own write protection (C3) off; what stays is the medium's own: ERR_REFUSED by S6. *ret_lifted
 * is set when something was taken off, on failure too: gate_set() puts it back. Until the block-device lock is held
 * mpsid may do so as well. */
int gate_lift(const struct device_facts *approved, bool *ret_lifted, struct error *err);
/* device_open() for writing and past the cache, lifted before, and again once the lock is ours. */
int device_open_lifted(const struct device_facts *approved, bool *ret_lifted, int *ret_fd, struct error *err);
/* Takes the block-device lock. udev holds a shared one for the moment of its probing: that is waited for. -1 when
 * somebody keeps it. */
int device_lock(int fd);
/* Whether a program holds the block-device lock (an exclusive flock, as systemd's block-device locking and
 * device_open() take it): it is at work on the device, and nobody else should judge, probe or gate it meanwhile. */
bool device_is_locked(const char *path);
/* Whether an open descriptor is still what `approved` describes. The same errors. */
int device_check_fd(const struct device_facts *approved, int fd, struct error *err);
