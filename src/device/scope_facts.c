#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "device/scope.h"
#include "device/sysfs.h"
#include "device/text.h"
#include "device/usage.h"

/* The subsystems on the way from a disk to the root of sysfs that say how it is attached. */
static const struct {
        const char *subsystem;
        unsigned bus;
} subsystems[] = {
        { "usb", BUS_USB },           { "mmc", BUS_MMC },   { "thunderbolt", BUS_THUNDERBOLT },
        { "firewire", BUS_FIREWIRE }, { "nvme", BUS_NVME }, { "nvme-subsystem", BUS_NVME },
        { "memstick", BUS_MEMSTICK }, { "scsi", BUS_SCSI }, { "virtio", BUS_VIRTIO },
};

static unsigned bus_of_folder(const char *folder) {
        char link[SYSFS_PATH + 16], target[SYSFS_PATH], removable[32];
        unsigned number;
        ssize_t n;

        if (sscanf(sysfs_name(folder), "ata%u", &number) == 1)
                return BUS_ATA; /* libata's port has no subsystem */
        if (snprintf(link, sizeof link, "%s/subsystem", folder) >= (int) sizeof link)
                return 0;
        n = readlink(link, target, sizeof target - 1);
        if (n < 0)
                return 0;
        target[n] = '\0';
        for (size_t i = 0; i < COUNT(subsystems); i++)
                if (strcmp(sysfs_name(target), subsystems[i].subsystem) == 0)
                        return subsystems[i].bus;
        /* Thunderbolt and USB4 tunnel PCI, and a tunnelled device has no thunderbolt parent: the kernel marks what
         * is behind an external port (Documentation/ABI/testing/sysfs-devices-removable). */
        if (strcmp(sysfs_name(target), "pci") == 0 &&
            sysfs_text(folder, "removable", removable, sizeof removable) && strcmp(removable, "removable") == 0)
                return BUS_THUNDERBOLT;
        return 0;
}

static unsigned buses_of(const char *disk) {
        unsigned buses = strncmp(sysfs_name(disk), "loop", 4) == 0 ? BUS_LOOP : 0;
        char at[SYSFS_PATH], *slash;

        (void) snprintf(at, sizeof at, "%s", disk);
        while ((slash = strrchr(at, '/')) && slash != at) {
                *slash = '\0';
                buses |= bus_of_folder(at);
        }
        /* USB sticks and SATA disks are SCSI disks to the kernel, and a SCSI controller may be a virtio device; who
         * names "scsi" or "virtio" means neither. */
        if (buses & (BUS_USB | BUS_FIREWIRE | BUS_ATA))
                buses &= ~(unsigned) BUS_SCSI;
        if (buses & (BUS_USB | BUS_FIREWIRE | BUS_ATA | BUS_SCSI))
                buses &= ~(unsigned) BUS_VIRTIO;
        return buses;
}

/* SCSI's unit serial number page (SPC-4, 7.8.15): four bytes of header, the last two its length. */
static void serial_of_page(const char *disk, char *out, size_t size) {
        char path[SYSFS_PATH + 64], page[4 + 256] = "";
        _cleanup_close_ int fd = -1;
        size_t length;
        ssize_t n;

        (void) snprintf(path, sizeof path, "%s/device/vpd_pg80", disk);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return;
        n = read(fd, page, sizeof page - 1);
        if (n <= 4)
                return;
        length = (size_t) (unsigned char) page[2] << 8 | (unsigned char) page[3];
        page[length < (size_t) n - 4 ? 4 + length : (size_t) n] = '\0';
        device_text(page + 4, out, size);
}

void scope_facts_of_folder(const char *disk, struct scope_facts *ret) {
        struct scope_facts facts = { .buses = buses_of(disk) };
        char text[DEVICE_FIELD];

        (void) snprintf(facts.name, sizeof facts.name, "%.63s", sysfs_name(disk));
        if (sysfs_text(disk, "device/serial", text, sizeof text) || sysfs_text(disk, "serial", text, sizeof text))
                device_text(text, facts.serial, sizeof facts.serial);
        else
                serial_of_page(disk, facts.serial, sizeof facts.serial);
        if (sysfs_text(disk, "wwid", text, sizeof text) || sysfs_text(disk, "device/wwid", text, sizeof text))
                device_text(text, facts.wwid, sizeof facts.wwid);
        *ret = facts;
}

int scope_facts_read(dev_t device, const struct scope_rules *rules, struct scope_facts *ret, struct error *err) {
        const struct usage_of of = { .device = device };
        struct device_facts usage = { 0 };
        struct scope_facts facts;
        char folder[SYSFS_PATH], disk[SYSFS_PATH];
        int r;

        if (!sysfs_folder(device, folder))
                return fail(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_FAILED,
                            "El núcleo no conoce ese dispositivo.", "The kernel knows no such device.");
        sysfs_disk(folder, disk);
        scope_facts_of_folder(disk, &facts);
        facts.partition = strcmp(folder, disk) != 0;
        /* Who uses it costs more, and nobody asks about a disk on a bus that is not watched. */
        if (!facts.partition && facts.buses & rules->buses) {
                r = usage_read(&of, rules->store, &usage, err);
                if (r < 0)
                        return r;
                facts.system = usage.system || usage.swap;
                facts.used = usage.mounted || usage.held;
        }
        *ret = facts;
        return 0;
}
