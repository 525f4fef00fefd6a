/* SCSI replies (SPC-4, SBC-3): vital product data, supported commands, sense. Pure. */
#pragma once

#include "device/passthrough.h"

enum scsi_opcode {
        SCSI_TEST_UNIT_READY = 0x00,
        SCSI_REQUEST_SENSE = 0x03,
        SCSI_FORMAT_UNIT = 0x04,
        SCSI_INQUIRY = 0x12,
        SCSI_SANITIZE = 0x48,
        SCSI_MAINTENANCE_IN = 0xa3,
};
enum scsi_sanitize_action { SCSI_SANITIZE_OVERWRITE = 1, SCSI_SANITIZE_BLOCK = 2, SCSI_SANITIZE_CRYPTO = 3 };
enum {
        VPD_PAGES = 0x00,
        VPD_SERIAL = 0x80,
        VPD_ATA = 0x89,
        VPD_LIMITS = 0xb0,
        VPD_CHARACTERISTICS = 0xb1,
        VPD_PROVISIONING = 0xb2,
};

struct scsi_features {
        bool answers;            /* INQUIRY did */
        bool ata_page;           /* VPD 89: a SATL stands before an ATA device */
        int rotation;            /* VPD B1: rounds a minute; 1: does not rotate; 0: not said */
        bool unmap, unmap_zeros; /* VPD B2 */
        bool lists_commands;     /* REPORT SUPPORTED OPERATION CODES works */
        bool format, sanitize_overwrite, sanitize_block, sanitize_crypto;
};

/* Whether a page is in the list of page 00. */
bool scsi_vpd_listed(const uint8_t *data, size_t n, uint8_t page);
int scsi_vpd_rotation(const uint8_t *data, size_t n);
void scsi_vpd_provisioning(const uint8_t *data, size_t n, bool *ret_unmap, bool *ret_zeros);
/* The IDENTIFY data that page 89 repeats; NULL when there is none. It may be old: it is no proof of a way through.
 */
const uint8_t *scsi_vpd_ata(const uint8_t *data, size_t n);
/* REPORT SUPPORTED OPERATION CODES of one command (and service action): is it there? */
bool scsi_command_supported(const uint8_t *data, size_t n);

struct scsi_sense {
        bool valid;
        uint8_t key, asc, ascq;
        bool progress_valid;
        uint16_t progress; /* of 65536 */
};
bool scsi_sense_parse(const uint8_t *sense, size_t n, struct scsi_sense *ret);

enum scsi_activity { SCSI_IDLE, SCSI_AT_WORK, SCSI_SANITIZE_FAILED, SCSI_TROUBLE };
/* What sense data says of a sanitize or a format under way. */
enum scsi_activity scsi_activity_of(const struct scsi_sense *sense);

struct scsi_command scsi_inquiry(bool vpd, uint8_t page, void *data, size_t size);
struct scsi_command scsi_supported(uint8_t opcode, int action, void *data, size_t size);
struct scsi_command scsi_request_sense(void *data, size_t size);
/* `list` holds 8 bytes, used by an overwrite: one pass of `pattern`. */
struct scsi_command scsi_sanitize(enum scsi_sanitize_action action, uint32_t pattern, uint8_t list[8]);
/* `list` holds 4 bytes. */
struct scsi_command scsi_format(uint8_t list[4]);
