/* Commands straight to a device, past the block layer: SCSI (ATA ones inside) by SG_IO, NVMe by its admin ioctl.
 * What came back is handed over as it is; the parsers of ata.h, scsi.h and nvme.h read it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum passthrough_kind {
        PASSTHROUGH_NONE, /* loop devices, images, cards, virtual disks: no commands to ask by */
        PASSTHROUGH_SCSI,
        PASSTHROUGH_NVME,
};

enum passthrough_data { DATA_NONE, DATA_IN, DATA_OUT };
enum { CDB_MAX = 32, SENSE_MAX = 64 };

struct scsi_command {
        uint8_t cdb[CDB_MAX];
        size_t cdb_n;
        enum passthrough_data direction;
        void *data;
        size_t size;
        unsigned timeout_ms;
        /* the reply */
        uint8_t status;        /* SCSI status byte */
        uint16_t host, driver; /* of the kernel's transport; not 0: the command may never have arrived */
        uint8_t sense[SENSE_MAX];
        size_t sense_n;
        size_t got; /* bytes of data that came or went */
};

struct nvme_command {
        uint8_t opcode;
        uint32_t nsid;
        uint32_t cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
        enum passthrough_data direction;
        void *data;
        size_t size;
        unsigned timeout_ms;
        /* the reply */
        uint16_t status; /* status code and its type, without the phase bit; 0: done */
        uint32_t result;
};

struct device_facts;

/* How commands travel. The functions give 0 when a reply came, whatever it says, or -errno. */
struct passthrough {
        enum passthrough_kind (*kind)(const struct device_facts *facts);
        int (*scsi)(int fd, struct scsi_command *command);
        int (*nvme)(int fd, struct nvme_command *command);
        int (*nvme_namespace)(int fd, uint32_t *ret); /* the number of the namespace behind the node */
        int (*rescan)(int fd); /* the kernel asks the device for its size again; nobody but `fd` claims it */
};

/* The kernel's ioctls, unless passthrough_by() named another way for this process. */
const struct passthrough *passthrough(void);
void passthrough_by(const struct passthrough *other);
