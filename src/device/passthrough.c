#include "device/passthrough.h"

#include <errno.h>
#include <linux/fs.h>
#include <linux/nvme_ioctl.h>
#include <scsi/sg.h>
#include <string.h>
#include <sys/ioctl.h>

#include "device/facts.h"

/* sd's node takes SG_IO itself. A CD drive burns and blanks by commands of the same numbers: it is never asked. */
static enum passthrough_kind kernel_kind(const struct device_facts *facts) {
        if (facts->image || facts->partition)
                return PASSTHROUGH_NONE;
        if (strncmp(facts->name, "sd", 2) == 0)
                return PASSTHROUGH_SCSI;
        return strncmp(facts->name, "nvme", 4) == 0 ? PASSTHROUGH_NVME : PASSTHROUGH_NONE;
}

static int kernel_scsi(int fd, struct scsi_command *command) {
        sg_io_hdr_t header = {
                .interface_id = 'S',
                .dxfer_direction = command->direction == DATA_IN    ? SG_DXFER_FROM_DEV
                                   : command->direction == DATA_OUT ? SG_DXFER_TO_DEV
                                                                    : SG_DXFER_NONE,
                .cmd_len = (unsigned char) command->cdb_n,
                .cmdp = command->cdb,
                .dxferp = command->data,
                .dxfer_len = (unsigned) command->size,
                .mx_sb_len = SENSE_MAX,
                .sbp = command->sense,
                .timeout = command->timeout_ms,
        };

        if (ioctl(fd, SG_IO, &header) < 0)
                return -errno;
        command->status = header.status;
        command->host = header.host_status;
        command->driver = header.driver_status;
        command->sense_n = header.sb_len_wr;
        command->got = header.resid > 0 && (size_t) header.resid <= command->size
                               ? command->size - (size_t) header.resid
                               : command->size;
        return 0;
}

static int kernel_nvme(int fd, struct nvme_command *command) {
        struct nvme_admin_cmd admin = {
                .opcode = command->opcode,
                .nsid = command->nsid,
                .addr = (uint64_t) (uintptr_t) command->data,
                .data_len = (uint32_t) command->size,
                .cdw10 = command->cdw10,
                .cdw11 = command->cdw11,
                .cdw12 = command->cdw12,
                .cdw13 = command->cdw13,
                .cdw14 = command->cdw14,
                .cdw15 = command->cdw15,
                .timeout_ms = command->timeout_ms,
        };
        int r = ioctl(fd, NVME_IOCTL_ADMIN_CMD, &admin);

        if (r < 0)
                return -errno;
        command->status = (uint16_t) (r & 0x7ff);
        command->result = admin.result;
        return 0;
}

static int kernel_namespace(int fd, uint32_t *ret) {
        int id = ioctl(fd, NVME_IOCTL_ID);

        if (id < 0)
                return -errno;
        *ret = (uint32_t) id;
        return 0;
}

/* A full look at the disk, though its name speaks of partitions (drivers/scsi/sd.c: sd_need_revalidate). */
static int kernel_rescan(int fd) {
        return ioctl(fd, BLKRRPART) < 0 ? -errno : 0;
}

static const struct passthrough kernel = { kernel_kind, kernel_scsi, kernel_nvme, kernel_namespace, kernel_rescan };
static const struct passthrough *way = &kernel;

const struct passthrough *passthrough(void) {
        return way;
}

void passthrough_by(const struct passthrough *other) {
        way = other ? other : &kernel;
}
