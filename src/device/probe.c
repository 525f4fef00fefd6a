#include "device/probe.h"

#include <blkid/blkid.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "device/text.h"

static inline void probe_freep(blkid_probe *probe) {
        if (*probe)
                blkid_free_probe(*probe);
}

static void take(blkid_probe probe, const char *key, char *out, size_t size) {
        const char *value = NULL;

        if (blkid_probe_lookup_value(probe, key, &value, NULL) == 0)
                device_text(value, out, size);
}

void probe_content(int fd, struct device_facts *facts) {
        _cleanup_(probe_freep) blkid_probe probe = blkid_new_probe();

        if (!probe || blkid_probe_set_device(probe, fd, 0, 0) < 0)
                return;
        (void) blkid_probe_enable_superblocks(probe, 1);
        (void) blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID | BLKID_SUBLKS_TYPE |
                                                                BLKID_SUBLKS_VERSION);
        (void) blkid_probe_enable_partitions(probe, 1);
        (void) blkid_probe_set_partitions_flags(probe, BLKID_PARTS_ENTRY_DETAILS);
        /* Not "safe" probing: a device with two signatures must still show one rather than look blank. */
        if (blkid_do_fullprobe(probe) < 0)
                return;
        take(probe, "TYPE", facts->filesystem, sizeof facts->filesystem);
        take(probe, "UUID", facts->filesystem_uuid, sizeof facts->filesystem_uuid);
        take(probe, "LABEL", facts->filesystem_label, sizeof facts->filesystem_label);
        take(probe, "PTTYPE", facts->partition_table, sizeof facts->partition_table);
        take(probe, "PTUUID", facts->partition_table_uuid, sizeof facts->partition_table_uuid);
        if (strcmp(facts->filesystem, "crypto_LUKS") == 0) {
                char version[8] = "";

                take(probe, "VERSION", version, sizeof version);
                facts->luks_version = version[0] == '2' ? 2 : 1;
                (void) snprintf(facts->luks_uuid, sizeof facts->luks_uuid, "%.47s", facts->filesystem_uuid);
        }
}
