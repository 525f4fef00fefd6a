/* ATA as it travels inside SCSI (SAT: ATA PASS-THROUGH 12 and 16), and what its replies mean (ACS-3 and before).
 * Pure. */
#pragma once

#include "device/passthrough.h"

enum { ATA_BLOCK = 512, ATA_PASSWORD = 32 };

enum ata_opcode {
        ATA_READ_NATIVE_MAX_EXT = 0x27,
        ATA_SET_MAX_EXT = 0x37,
        ATA_ACCESSIBLE_MAX = 0x78,
        ATA_DEVICE_CONFIGURATION = 0xb1,
        ATA_SANITIZE = 0xb4,
        ATA_IDENTIFY = 0xec,
        ATA_SECURITY_SET_PASSWORD = 0xf1,
        ATA_SECURITY_UNLOCK = 0xf2,
        ATA_SECURITY_ERASE_PREPARE = 0xf3,
        ATA_SECURITY_ERASE_UNIT = 0xf4,
        ATA_SECURITY_DISABLE_PASSWORD = 0xf6,
};
enum { ATA_CONFIGURATION_RESTORE = 0xc0, ATA_CONFIGURATION_IDENTIFY = 0xc2 };
enum { ATA_GET_NATIVE_MAX = 0, ATA_SET_ACCESSIBLE_MAX = 1 };
enum ata_sanitize_feature {
        ATA_SANITIZE_STATUS = 0x00,
        ATA_SANITIZE_CRYPTO = 0x11,
        ATA_SANITIZE_BLOCK = 0x12,
        ATA_SANITIZE_OVERWRITE = 0x14,
};

/* One command. Those that need the upper halves of the registers are 48-bit: only the form of 16 bytes carries
 * them. */
struct ata_taskfile {
        uint8_t command;
        uint16_t feature, count;
        uint64_t lba;
        uint8_t device;
        bool extended;
};

/* The registers at the end, as the ATA status return descriptor or fixed sense data brings them. */
struct ata_registers {
        uint8_t status, error, device;
        uint16_t count;
        uint64_t lba;
        bool whole; /* with the upper halves; fixed sense data brings them cut */
};

enum { ATA_STATUS_ERR = 1, ATA_STATUS_DF = 0x20, ATA_ERROR_ABRT = 4 };

struct ata_features {
        bool valid;            /* it looks like an answer to IDENTIFY, and its checksum holds if it has one */
        bool checksum_missing; /* word 255 has no signature: older than ATA-5 */
        char model[41], serial[21], firmware[9];
        uint64_t sectors; /* addressable now */
        uint32_t logical_block;
        bool lba48;
        bool sanitize, sanitize_crypto, sanitize_overwrite, sanitize_block; /* word 59 */
        bool hpa, hpa_enabled, dco, ama;                                    /* words 82, 83, 85, 119 */
        bool security, security_enabled, security_locked, security_frozen, security_expired, security_enhanced;
        uint16_t security_word;              /* 128, as it came */
        int erase_minutes, enhanced_minutes; /* words 89, 90; 0: not said. An upper end means "more than" */
        bool trim, trim_deterministic, trim_zeros;
        int rotation;  /* rounds a minute; 1: does not rotate; 0: not said */
        int transport; /* word 222, 15:12: 0 parallel, 1 serial, 0xe PCIe; -1 not said */
};

/* false when 512 bytes can't be an answer to IDENTIFY DEVICE; *ret is then zeros. */
bool ata_identify_parse(const uint8_t data[ATA_BLOCK], struct ata_features *ret);
/* The number of sectors that DEVICE CONFIGURATION IDENTIFY says the device could have; 0 when it is no such answer.
 */
uint64_t ata_configuration_parse(const uint8_t data[ATA_BLOCK]);

/* Wraps it for SG_IO. `twelve`: in the form of 12 bytes, for bridges that know no other; false when it doesn't fit.
 */
bool ata_wrap(const struct ata_taskfile *task, enum passthrough_data direction, void *data, size_t size,
              bool twelve, unsigned timeout_ms, struct scsi_command *ret);
/* The registers that came back with CHECK CONDITION; false when the sense data has none. */
bool ata_registers_parse(const uint8_t *sense, size_t n, struct ata_registers *ret);

/* SANITIZE STATUS EXT. */
struct ata_sanitize_state {
        bool completed, in_progress, frozen, failed;
        uint16_t progress; /* of 65536 */
};
struct ata_sanitize_state ata_sanitize_parse(const struct ata_registers *registers);

struct ata_taskfile ata_sanitize_task(enum ata_sanitize_feature feature, uint32_t pattern);
/* The block of the SECURITY commands: a user's password of 32 bytes, and whether an ERASE UNIT is an enhanced one.
 */
void ata_security_block(const uint8_t password[ATA_PASSWORD], bool enhanced, uint8_t out[ATA_BLOCK]);
