/* The firmware commands that mpsi sends, as one table: what a process without rights may have another one send for
 * it. A process that has the rights builds a command from its row here, never from bytes that somebody else wrote.
 * Pure.
 */
#pragma once

#include "device/ata.h"
#include "device/nvme.h"
#include "device/scsi.h"

enum order_id {
        /* they only ask */
        ORDER_INQUIRY = 1,
        ORDER_INQUIRY_PAGE,     /* page */
        ORDER_SUPPORTED,        /* page: the opcode */
        ORDER_SUPPORTED_ACTION, /* page: the action of SANITIZE */
        ORDER_REQUEST_SENSE,
        ORDER_ATA_IDENTIFY,
        ORDER_ATA_NATIVE_MAX,
        ORDER_ATA_ACCESSIBLE_MAX,
        ORDER_ATA_CONFIGURATION,
        ORDER_ATA_SANITIZE_STATUS,
        ORDER_NVME_CONTROLLER,
        ORDER_NVME_NAMESPACE,
        ORDER_NVME_LIST,
        ORDER_NVME_LOG,
        ORDER_RESCAN, /* the kernel's own: it asks the device for its size again */
        /* they take a password off */
        ORDER_ATA_UNLOCK,
        ORDER_ATA_DISABLE_PASSWORD,
        /* they change something for good */
        ORDER_ATA_SET_PASSWORD,
        ORDER_ATA_ERASE_PREPARE,
        ORDER_ATA_ERASE, /* timeout_ms */
        ORDER_ATA_ERASE_ENHANCED,
        ORDER_ATA_SANITIZE_CRYPTO,
        ORDER_ATA_SANITIZE_BLOCK,
        ORDER_ATA_SANITIZE_OVERWRITE,
        ORDER_ATA_SET_MAX,  /* lba */
        ORDER_ATA_KEEP_MAX, /* lba: the same, for good */
        ORDER_ATA_SET_ACCESSIBLE_MAX,
        ORDER_ATA_RESTORE_CONFIGURATION,
        ORDER_SCSI_SANITIZE_OVERWRITE,
        ORDER_SCSI_SANITIZE_BLOCK,
        ORDER_SCSI_SANITIZE_CRYPTO,
        ORDER_SCSI_FORMAT,
        ORDER_NVME_SANITIZE_OVERWRITE,
        ORDER_NVME_SANITIZE_BLOCK,
        ORDER_NVME_SANITIZE_CRYPTO,
        ORDER_NVME_FORMAT,
        ORDER_NVME_FORMAT_CRYPTO,
        ORDERS
};

enum order_class {
        ORDER_ASKS,     /* reads, and changes nothing */
        ORDER_RELEASES, /* takes a password off that its sender knows */
        ORDER_CHANGES,  /* erases, or is a step of it */
};

/* One command. What its row has no use for is zero. */
struct order {
        uint32_t id;
        uint32_t timeout_ms; /* of an ATA security erase, which takes its own time; at most ORDER_LONGEST_MS */
        uint64_t lba;        /* the last sector to be shown */
        uint8_t page;
        uint8_t twelve;    /* ATA in the form of 12 bytes */
        uint8_t unused[6]; /* zeros: the struct has no hole */
};
_Static_assert(sizeof(struct order) == 24, "an order has no hole");

enum { ORDER_DATA = 4096, ORDER_LONGEST_MS = 1200000000, FIRMWARE_PATTERN = 0x55 /* an overwrite's byte */ };

/* Whether it is a row of the table, with parameters within their bounds. */
bool order_sane(const struct order *order);
enum order_class order_class(const struct order *order);
bool order_is_nvme(const struct order *order);
/* Whether an ATA password goes with it. */
bool order_wants_password(const struct order *order);
/* How long it may take before whoever sends it is lost, the kernel's own time-out being past. */
unsigned order_timeout_ms(const struct order *order);
/* For people and journals. */
const char *order_name(const struct order *order);

/* The command of a sane order; `data` has room for what goes and comes. False: of the other kind. An NVMe format
 * keeps what `features` says of the namespace; both are asked of the device by whoever sends it. */
bool order_scsi(const struct order *order, const uint8_t password[ATA_PASSWORD], uint8_t data[ORDER_DATA],
                struct scsi_command *ret);
bool order_nvme(const struct order *order, const struct nvme_features *features, uint32_t nsid,
                uint8_t data[ORDER_DATA], struct nvme_command *ret);

/* The row that a command is, to the last byte; false when there is none. The password is taken out of it. */
bool order_of_scsi(const struct scsi_command *command, struct order *ret, uint8_t password[ATA_PASSWORD]);
bool order_of_nvme(const struct nvme_command *command, struct order *ret);
