/* Reading sysfs: one attribute a file, text of one line. Private to the room. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { SYSFS_PATH = 512 };

/* The folder of a block device, /sys/devices/...; false when the kernel has none for that number. */
bool sysfs_folder(dev_t device, char out[SYSFS_PATH]);
/* The folder of the whole disk: the parent when `folder` is a partition's, else the same. */
void sysfs_disk(const char *folder, char out[SYSFS_PATH]);
/* An attribute without its line break; false (and out empty) when it can't be read. */
bool sysfs_text(const char *folder, const char *attribute, char *out, size_t size);
int64_t sysfs_int(const char *folder, const char *attribute, int64_t otherwise);
bool sysfs_has(const char *folder, const char *attribute);
/* The device number in an attribute "dev" such as "8:1"; 0 when unreadable. */
dev_t sysfs_devno(const char *folder);
/* Kernel name: the folder's last part. */
const char *sysfs_name(const char *folder);

/* Calls found() with the folder of each entry of folder/sub that is a block device: "holders", "slaves", or ""
 * for a disk's own partitions. Stops when found() gives false. */
void sysfs_each(const char *folder, const char *sub, bool (*found)(void *context, const char *folder),
                void *context);
/* Each block device of the machine, partitions not counted. */
void sysfs_each_disk(bool (*found)(void *context, const char *folder), void *context);
/* Each loop device that stands on something, with the path of that. */
void sysfs_each_loop(void (*found)(void *context, const char *folder, const char *backing), void *context);
