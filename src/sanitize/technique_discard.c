/* TRIM/UNMAP of everything, and the read-back of every byte. It tells the device that nobody needs the blocks; when
 * they are really erased the device decides. So it counts as a Clear at best, only where zeros are promised to be
 * read afterwards, and only if they are. */
#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "policy/rule.h"
#include "sanitize/technique.h"

static int offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        int r = technique_overwrite_offered(medium, facts, err);

        if (r < 0 || !facts)
                return r;
        if (!facts->firmware.discard)
                return refuse(err, ERR_REFUSED, "S2", "«%s» no admite TRIM/UNMAP.", "“%s” takes no TRIM/UNMAP.",
                              facts->path);
        if (!facts->firmware.discard_zeros)
                return refuse(err, ERR_REFUSED, "S2", "«%s» no promete que tras TRIM/UNMAP se lean ceros.",
                              "“%s” does not promise that zeros are read after TRIM/UNMAP.", facts->path);
        return 0;
}

static int start(struct firmware_run *run, struct error *err) {
        const uint64_t step = UINT64_C(1) << 30, size = (uint64_t) run->facts->size;

        for (uint64_t at = 0; at < size; at += step) {
                uint64_t range[2] = { at, size - at < step ? size - at : step };

                if (ioctl(run->fd, BLKDISCARD, range) < 0) {
                        (void) snprintf(run->status, sizeof run->status, "BLKDISCARD %llu: errno %d",
                                        (unsigned long long) at, errno);
                        return errno == ENODEV || errno == ENXIO
                                       ? fail(err, ERR_NOT_FOUND, "El dispositivo desapareció.",
                                              "The device went away.")
                                       : fail(err, ERR_VERIFY, "«%s» rechazó TRIM/UNMAP (%s).",
                                              "“%s” refused TRIM/UNMAP (%s).", run->facts->path, run->status);
                }
        }
        (void) snprintf(run->status, sizeof run->status, "BLKDISCARD: 0");
        return 0;
}

static const struct firmware_method discard = { .leaves = LEAVES_BYTE, .waits = true, .start = start };

const struct technique technique_discard = {
        .name = "block-discard",
        .says = { "TRIM/UNMAP de todo el soporte (lo hace el dispositivo)",
                  "TRIM/UNMAP of everything (by the device)" },
        .does_not_reach = { "las celdas: el dispositivo las borra cuando quiere, si quiere; solo deja de "
                            "mostrarlas",
                            "the cells: the device erases them when it likes, if ever; it only stops showing "
                            "them" },
        .reaches = { [KIND_SSD] = LEVEL_CLEAR },
        .firmware = &discard,
        .offered = offered,
};
