/* Who uses a device now: mounts, swap, holders (dm, md, loop), and whether the system itself lives on it. Private
 * to the room. Mounts in other mount namespaces are not visible here; opening with O_EXCL finds those. */
#pragma once

#include "device/facts.h"

/* Fills system, mounted, held, swap and holder. `device` is the node's number, or 0 for an image, which is then
 * named by (image_dev, image_inode). */
struct usage_of {
        dev_t device;
        dev_t image_dev;
        ino_t image_inode;
};
int usage_read(const struct usage_of *of, const char *store, struct device_facts *facts, struct error *err);
