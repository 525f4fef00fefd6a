#include "device/scsi.h"

#include <string.h>

enum { ASK_MS = 10000, ORDER_MS = 60000 };

static unsigned be16(const uint8_t *at) {
        return (unsigned) at[0] << 8 | at[1];
}

/* What a page says of its own length, or what came, whichever is less. */
static size_t page_size(const uint8_t *data, size_t n, uint8_t page) {
        size_t said;

        if (n < 4 || data[1] != page)
                return 0;
        said = (size_t) be16(data + 2) + 4;
        return said < n ? said : n;
}

bool scsi_vpd_listed(const uint8_t *data, size_t n, uint8_t page) {
        size_t size = page_size(data, n, VPD_PAGES);

        for (size_t i = 4; i < size; i++)
                if (data[i] == page)
                        return true;
        return false;
}

int scsi_vpd_rotation(const uint8_t *data, size_t n) {
        unsigned rate;

        if (page_size(data, n, VPD_CHARACTERISTICS) < 6)
                return 0;
        rate = be16(data + 4);
        return rate == 1 || (rate >= 0x401 && rate < 0xffff) ? (int) rate : 0;
}

void scsi_vpd_provisioning(const uint8_t *data, size_t n, bool *ret_unmap, bool *ret_zeros) {
        *ret_unmap = *ret_zeros = false;
        if (page_size(data, n, VPD_PROVISIONING) < 6)
                return;
        *ret_unmap = data[5] & 0x80;
        *ret_zeros = *ret_unmap && (data[5] >> 2 & 1); /* LBPRZ 001b or 1b: zeros */
}

const uint8_t *scsi_vpd_ata(const uint8_t *data, size_t n) {
        return page_size(data, n, VPD_ATA) >= 60 + 512 ? data + 60 : NULL;
}

bool scsi_command_supported(const uint8_t *data, size_t n) {
        return n >= 4 && ((data[1] & 7) == 3 || (data[1] & 7) == 5);
}

static bool sense_fixed(const uint8_t *sense, size_t n, struct scsi_sense *ret) {
        if (n < 3)
                return false;
        *ret = (struct scsi_sense){ .valid = true, .key = sense[2] & 0xf };
        if (n >= 14) {
                ret->asc = sense[12];
                ret->ascq = sense[13];
        }
        if (n >= 18 && sense[15] & 0x80) {
                ret->progress_valid = true;
                ret->progress = (uint16_t) be16(sense + 16);
        }
        return true;
}

static bool sense_descriptors(const uint8_t *sense, size_t n, struct scsi_sense *ret) {
        if (n < 4)
                return false;
        *ret = (struct scsi_sense){ .valid = true, .key = sense[1] & 0xf, .asc = sense[2], .ascq = sense[3] };
        for (size_t at = 8; at + 8 <= n; at += (size_t) sense[at + 1] + 2)
                if (sense[at] == 0x02 && sense[at + 1] == 6 && sense[at + 4] & 0x80) {
                        ret->progress_valid = true;
                        ret->progress = (uint16_t) be16(sense + at + 5);
                }
        return true;
}

bool scsi_sense_parse(const uint8_t *sense, size_t n, struct scsi_sense *ret) {
        uint8_t format = n > 0 ? sense[0] & 0x7f : 0;

        *ret = (struct scsi_sense){ 0 };
        if (format == 0x70 || format == 0x71)
                return sense_fixed(sense, n, ret);
        return (format == 0x72 || format == 0x73) && sense_descriptors(sense, n, ret);
}

enum scsi_activity scsi_activity_of(const struct scsi_sense *sense) {
        if (!sense->valid || sense->key == 0)
                return sense->valid && sense->asc == 0x04 && (sense->ascq == 0x04 || sense->ascq == 0x1b)
                               ? SCSI_AT_WORK
                               : SCSI_IDLE;
        if (sense->asc == 0x04 && (sense->ascq == 0x04 || sense->ascq == 0x1b))
                return SCSI_AT_WORK;
        if (sense->asc == 0x31) /* 01 format command failed, 03 sanitize command failed */
                return SCSI_SANITIZE_FAILED;
        if (sense->key == 6 || sense->key == 1) /* a unit attention, a recovered error: news, no state */
                return SCSI_IDLE;
        return SCSI_TROUBLE;
}

struct scsi_command scsi_inquiry(bool vpd, uint8_t page, void *data, size_t size) {
        return (struct scsi_command){
                .cdb = { SCSI_INQUIRY, vpd ? 1 : 0, page, (uint8_t) (size >> 8), (uint8_t) size, 0 },
                .cdb_n = 6,
                .direction = DATA_IN,
                .data = data,
                .size = size,
                .timeout_ms = ASK_MS,
        };
}

struct scsi_command scsi_supported(uint8_t opcode, int action, void *data, size_t size) {
        return (struct scsi_command){
                .cdb = { SCSI_MAINTENANCE_IN, 0x0c, action >= 0 ? 2 : 1, opcode, 0,
                         action >= 0 ? (uint8_t) action : 0, 0, 0, (uint8_t) (size >> 8), (uint8_t) size, 0, 0 },
                .cdb_n = 12,
                .direction = DATA_IN,
                .data = data,
                .size = size,
                .timeout_ms = ASK_MS,
        };
}

struct scsi_command scsi_request_sense(void *data, size_t size) {
        return (struct scsi_command){
                .cdb = { SCSI_REQUEST_SENSE, 0, 0, 0, (uint8_t) size, 0 },
                .cdb_n = 6,
                .direction = DATA_IN,
                .data = data,
                .size = size,
                .timeout_ms = ASK_MS,
        };
}

/* IMMED: the device answers at once and works on. No AUSE: after a failure it stays shut until one succeeds. */
struct scsi_command scsi_sanitize(enum scsi_sanitize_action action, uint32_t pattern, uint8_t list[8]) {
        struct scsi_command command = {
                .cdb = { SCSI_SANITIZE, (uint8_t) (0x80 | action) },
                .cdb_n = 10,
                .timeout_ms = ORDER_MS,
        };

        if (action == SCSI_SANITIZE_OVERWRITE) {
                const uint8_t parameters[8] = { 1,
                                                0,
                                                0,
                                                4,
                                                (uint8_t) (pattern >> 24),
                                                (uint8_t) (pattern >> 16),
                                                (uint8_t) (pattern >> 8),
                                                (uint8_t) pattern };

                memcpy(list, parameters, sizeof parameters);
                command.cdb[8] = sizeof parameters;
                command.direction = DATA_OUT;
                command.data = list;
                command.size = sizeof parameters;
        }
        return command;
}

/* FMTDATA with a short header: IMMED, everything else the device's own default. */
struct scsi_command scsi_format(uint8_t list[4]) {
        const uint8_t parameters[4] = { 0, 0x02, 0, 0 };

        memcpy(list, parameters, sizeof parameters);
        return (struct scsi_command){
                .cdb = { SCSI_FORMAT_UNIT, 0x10 },
                .cdb_n = 6,
                .direction = DATA_OUT,
                .data = list,
                .size = sizeof parameters,
                .timeout_ms = ORDER_MS,
        };
}
