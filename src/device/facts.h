/* What a block device (or an image file) says of itself: libudev, libblkid, sysfs. Asking never writes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "device/firmware.h"
#include "policy/terms.h"

enum { DEVICE_FIELD = 128 };

struct device_facts {
        char path[DEVICE_FIELD]; /* as canonical: /dev/loop0, or an image's absolute path */
        char name[64];           /* kernel name, or "" for an image */
        bool image;              /* a regular file */
        bool partition;          /* not a whole disk */
        int64_t size;            /* bytes */
        int64_t logical_block, physical_block;
        bool rotational, removable, read_only;
        char bus[32], vendor[DEVICE_FIELD], model[DEVICE_FIELD], serial[DEVICE_FIELD], wwn[DEVICE_FIELD];
        int64_t diskseq;                                    /* 0 unknown */
        char insertion[DEVICE_FIELD];                       /* "boot-id:diskseq"; image: "image:dev:inode" */
        char partition_table[32], partition_table_uuid[64]; /* "" none */
        char filesystem[32], filesystem_uuid[64], filesystem_label[DEVICE_FIELD]; /* on the whole device */
        int luks_version;                                                         /* 0 none, 1, 2 */
        char luks_uuid[48];
        bool system;               /* holds /, /boot, /usr, swap or the store */
        bool mounted, held, swap;  /* it or a partition of it */
        bool opened;               /* all of that by a mapping of `encrypt unlock` alone */
        char holder[DEVICE_FIELD]; /* who holds it or where it is mounted, in words, or "" */
        char gate[16];             /* what udev's rule says of it: "closed", "audit", "failed", "out"; "" nothing */
        enum medium_kind kind;     /* judged */
        struct device_firmware firmware; /* not asked until device_firmware_read() */
};

/* ERR_NOT_FOUND (no such node), ERR_USAGE (neither a block device nor a file), ERR_FAILED. Control characters
 * and invalid UTF-8 in what a device says are replaced. `store` (may be NULL) marks the disk that holds it. */
int device_facts_read(const char *path, const char *store, struct device_facts *ret, struct error *err);
/* The same without opening the device: what the kernel, udev and the mount table know. What stands on it (partition
 * table, file system, LUKS) is left empty, for probe_content(). */
int device_facts_outside(const char *path, const char *store, struct device_facts *ret, struct error *err);
/* The same as device_facts_read(), in a process of its own that may never come back from a dead disk: after
 * timeout_ms the facts are those from outside, and *ret_silent says so. */
int device_facts_patient(const char *path, const char *store, int timeout_ms, struct device_facts *ret,
                         bool *ret_silent, struct error *err);
json_t *device_facts_to_json(const struct device_facts *facts);
/* What a person compares with the disk in their hand: maker, model, serial number, size; what the device does not
 * say is left out. NULL when memory is out; the caller frees it. */
char *device_facts_described(const struct device_facts *facts, enum lang lang);

/* S6: refuses a system disk, a mounted, held or swap device, a partition or a read-only one, by rule. */
int device_refuse_in_use(const struct device_facts *facts, struct error *err);
