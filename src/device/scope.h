/* Which disks the gate concerns, and what mpsi-gate does with one while udev's rules are evaluated. */
#pragma once

#include "base/config.h"
#include "device/facts.h"

/* Ways in which a disk is attached: bits. */
enum scope_bus {
        BUS_USB = 1 << 0,
        BUS_MMC = 1 << 1,
        BUS_THUNDERBOLT = 1 << 2, /* whatever is behind an external PCI port */
        BUS_FIREWIRE = 1 << 3,
        BUS_MEMSTICK = 1 << 4,
        BUS_NVME = 1 << 5,
        BUS_SCSI = 1 << 6,
        BUS_ATA = 1 << 7,
        BUS_VIRTIO = 1 << 8,
        BUS_LOOP = 1 << 9, /* for tests and demonstrations */
        BUS_DEFAULT = BUS_USB | BUS_MMC | BUS_THUNDERBOLT,
        /* Whose devices a stranger can make, and which can therefore claim any serial number. */
        BUS_EXTERNAL = BUS_USB | BUS_MMC | BUS_THUNDERBOLT | BUS_FIREWIRE | BUS_MEMSTICK,
};

/* [gate] of the configuration. */
struct scope_rules {
        bool audit;        /* mode = audit */
        unsigned buses;    /* buses = usb mmc thunderbolt */
        const char *never; /* never = SERIAL… PLACE…; borrowed from the configuration */
        const char *store; /* [station] store; borrowed */
};

/* Always fills *ret. What can't be understood gives ERR_USAGE and the strict reading: enforced, on the buses that
 * were understood and the default ones. `config` may be NULL. */
int scope_rules_read(const struct config *config, struct scope_rules *ret, struct error *err);

struct scope_facts {
        char name[64];  /* kernel name */
        bool partition; /* not a whole disk */
        unsigned buses;
        char serial[DEVICE_FIELD], wwid[DEVICE_FIELD]; /* as the kernel has them */
        char place[DEVICE_FIELD];                      /* name in /dev/disk/by-path, or "" */
        bool system;                                   /* holds /, /boot, /usr, /var, swap or the store */
        bool used;                                     /* mounted or held */
        int64_t diskseq;                               /* of this insertion; 0 unknown */
        int64_t closed_diskseq;                        /* of the insertion that was closed before; 0 none */
};

/* From sysfs and the list of mounts; `place` and both numbers are the caller's. ERR_NOT_FOUND when the kernel has
 * no such device (any more), ERR_FAILED when nobody can say who uses it. */
int scope_facts_read(dev_t device, const struct scope_rules *rules, struct scope_facts *ret, struct error *err);

/* The part of it that a disk's folder in sysfs tells: name, buses, serial number, WWN. */
void scope_facts_of_folder(const char *disk, struct scope_facts *ret);

enum scope_answer {
        SCOPE_OUT,   /* none of the gate's business */
        SCOPE_AUDIT, /* it would be, but nothing is enforced */
        SCOPE_KEPT,  /* this insertion was closed before: what was decided about it since stays */
        SCOPE_CLOSE, /* make it read-only */
        SCOPE_ANSWERS
};
/* The words that udev's rules match: "out", "audit", "kept", "closed". */
extern const char *const scope_words[SCOPE_ANSWERS];

struct scope_decision {
        enum scope_answer answer;
        struct text why;
};
/* Pure. */
struct scope_decision scope_decide(const struct scope_rules *rules, const struct scope_facts *facts);

/* The word that the configuration uses for the lowest of these bits; "-" for none. */
const char *scope_bus_word(unsigned buses);
