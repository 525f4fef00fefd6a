#include "device/order.h"

#include <string.h>

#include "base/cleanup.h"

enum { ASK_MS = 10000, WORK_MS = 60000, FORMAT_MS = 6 * 3600 * 1000, MARGIN_MS = 10000 };
enum { STANDARD_SIZE = 96, PAGE_SIZE = 1024, SUPPORTED_SIZE = 64, SENSE_SIZE = 96, NO_FORMAT = 0xf };
enum { LBA = 0x40, PATTERN = FIRMWARE_PATTERN * 0x01010101 };

enum kind { KIND_KERNEL = 1, KIND_SCSI, KIND_ATA, KIND_NVME };

/* For ATA rows the task, and which way a block of data goes. */
static const struct row {
        const char *name;
        enum kind speaks;
        enum order_class class;
        struct ata_taskfile task;
        enum passthrough_data direction;
        bool password, enhanced, own_time, lba;
} rows[ORDERS] = {
        [ORDER_INQUIRY] = { "INQUIRY", KIND_SCSI, .class = ORDER_ASKS },
        [ORDER_INQUIRY_PAGE] = { "INQUIRY (VPD)", KIND_SCSI, .class = ORDER_ASKS },
        [ORDER_SUPPORTED] = { "REPORT SUPPORTED OPERATION CODES", KIND_SCSI, .class = ORDER_ASKS },
        [ORDER_SUPPORTED_ACTION] = { "REPORT SUPPORTED OPERATION CODES (SANITIZE)", KIND_SCSI,
                                     .class = ORDER_ASKS },
        [ORDER_REQUEST_SENSE] = { "REQUEST SENSE", KIND_SCSI, .class = ORDER_ASKS },
        [ORDER_ATA_IDENTIFY] = { "IDENTIFY DEVICE", KIND_ATA, .task = { ATA_IDENTIFY, .count = 1 }, DATA_IN },
        [ORDER_ATA_NATIVE_MAX] = { "READ NATIVE MAX ADDRESS EXT", KIND_ATA,
                                   .task = { ATA_READ_NATIVE_MAX_EXT, .device = LBA, .extended = true } },
        [ORDER_ATA_ACCESSIBLE_MAX] = { "GET NATIVE MAX ADDRESS EXT", KIND_ATA,
                                       .task = { ATA_ACCESSIBLE_MAX, ATA_GET_NATIVE_MAX, .device = LBA,
                                                 .extended = true } },
        [ORDER_ATA_CONFIGURATION] = { "DEVICE CONFIGURATION IDENTIFY", KIND_ATA,
                                      .task = { ATA_DEVICE_CONFIGURATION, ATA_CONFIGURATION_IDENTIFY, .count = 1 },
                                      .direction = DATA_IN },
        [ORDER_ATA_SANITIZE_STATUS] = { "SANITIZE STATUS EXT", KIND_ATA, .class = ORDER_ASKS },
        [ORDER_NVME_CONTROLLER] = { "Identify Controller", KIND_NVME, .class = ORDER_ASKS },
        [ORDER_NVME_NAMESPACE] = { "Identify Namespace", KIND_NVME, .class = ORDER_ASKS },
        [ORDER_NVME_LIST] = { "Identify Active Namespaces", KIND_NVME, .class = ORDER_ASKS },
        [ORDER_NVME_LOG] = { "Get Log Page 81", KIND_NVME, .class = ORDER_ASKS },
        [ORDER_RESCAN] = { "rescan", KIND_KERNEL, .class = ORDER_ASKS },
        [ORDER_ATA_UNLOCK] = { "SECURITY UNLOCK",
                               KIND_ATA,
                               ORDER_RELEASES,
                               { ATA_SECURITY_UNLOCK, .count = 1 },
                               DATA_OUT,
                               .password = true },
        [ORDER_ATA_DISABLE_PASSWORD] = { "SECURITY DISABLE PASSWORD",
                                         KIND_ATA,
                                         ORDER_RELEASES,
                                         { ATA_SECURITY_DISABLE_PASSWORD, .count = 1 },
                                         DATA_OUT,
                                         .password = true },
        [ORDER_ATA_SET_PASSWORD] = { "SECURITY SET PASSWORD",
                                     KIND_ATA,
                                     ORDER_CHANGES,
                                     { ATA_SECURITY_SET_PASSWORD, .count = 1 },
                                     DATA_OUT,
                                     .password = true },
        [ORDER_ATA_ERASE_PREPARE] = { "SECURITY ERASE PREPARE", KIND_ATA, ORDER_CHANGES,
                                      .task = { .command = ATA_SECURITY_ERASE_PREPARE } },
        [ORDER_ATA_ERASE] = { "SECURITY ERASE UNIT",
                              KIND_ATA,
                              ORDER_CHANGES,
                              { ATA_SECURITY_ERASE_UNIT, .count = 1 },
                              DATA_OUT,
                              .password = true,
                              .own_time = true },
        [ORDER_ATA_ERASE_ENHANCED] = { "SECURITY ERASE UNIT (enhanced)",
                                       KIND_ATA,
                                       ORDER_CHANGES,
                                       { ATA_SECURITY_ERASE_UNIT, .count = 1 },
                                       DATA_OUT,
                                       .password = true,
                                       .enhanced = true,
                                       .own_time = true },
        [ORDER_ATA_SANITIZE_CRYPTO] = { "CRYPTO SCRAMBLE EXT", KIND_ATA, .class = ORDER_CHANGES },
        [ORDER_ATA_SANITIZE_BLOCK] = { "BLOCK ERASE EXT", KIND_ATA, .class = ORDER_CHANGES },
        [ORDER_ATA_SANITIZE_OVERWRITE] = { "OVERWRITE EXT", KIND_ATA, .class = ORDER_CHANGES },
        /* For this power cycle: what the disk hides it hides again when it is switched off and on. */
        [ORDER_ATA_SET_MAX] = { "SET MAX ADDRESS EXT",
                                KIND_ATA,
                                ORDER_CHANGES,
                                { ATA_SET_MAX_EXT, .device = LBA, .extended = true },
                                .lba = true },
        [ORDER_ATA_KEEP_MAX] = { "SET MAX ADDRESS EXT (kept)",
                                 KIND_ATA,
                                 ORDER_CHANGES,
                                 { ATA_SET_MAX_EXT, .count = 1, .device = LBA, .extended = true },
                                 .lba = true },
        [ORDER_ATA_SET_ACCESSIBLE_MAX] = { "SET ACCESSIBLE MAX ADDRESS EXT",
                                           KIND_ATA,
                                           ORDER_CHANGES,
                                           { ATA_ACCESSIBLE_MAX, ATA_SET_ACCESSIBLE_MAX, .device = LBA,
                                             .extended = true },
                                           .lba = true },
        [ORDER_ATA_RESTORE_CONFIGURATION] = { "DEVICE CONFIGURATION RESTORE", KIND_ATA, ORDER_CHANGES,
                                              .task = { ATA_DEVICE_CONFIGURATION,
                                                        .feature = ATA_CONFIGURATION_RESTORE } },
        [ORDER_SCSI_SANITIZE_OVERWRITE] = { "SANITIZE OVERWRITE", KIND_SCSI, .class = ORDER_CHANGES },
        [ORDER_SCSI_SANITIZE_BLOCK] = { "SANITIZE BLOCK ERASE", KIND_SCSI, .class = ORDER_CHANGES },
        [ORDER_SCSI_SANITIZE_CRYPTO] = { "SANITIZE CRYPTOGRAPHIC ERASE", KIND_SCSI, .class = ORDER_CHANGES },
        [ORDER_SCSI_FORMAT] = { "FORMAT UNIT", KIND_SCSI, .class = ORDER_CHANGES },
        [ORDER_NVME_SANITIZE_OVERWRITE] = { "NVMe Sanitize (overwrite)", KIND_NVME, .class = ORDER_CHANGES },
        [ORDER_NVME_SANITIZE_BLOCK] = { "NVMe Sanitize (block erase)", KIND_NVME, .class = ORDER_CHANGES },
        [ORDER_NVME_SANITIZE_CRYPTO] = { "NVMe Sanitize (crypto erase)", KIND_NVME, .class = ORDER_CHANGES },
        [ORDER_NVME_FORMAT] = { "NVMe Format (SES=1)", KIND_NVME, .class = ORDER_CHANGES },
        [ORDER_NVME_FORMAT_CRYPTO] = { "NVMe Format (SES=2)", KIND_NVME, .class = ORDER_CHANGES },
};

/* --- the table ---------------------------------------------------------------------------------------------------
 */

static bool is_page_of(uint32_t id, uint8_t page) {
        static const uint8_t pages[] = { VPD_PAGES,  VPD_SERIAL,          VPD_ATA,
                                         VPD_LIMITS, VPD_CHARACTERISTICS, VPD_PROVISIONING };

        switch (id) {
        case ORDER_INQUIRY_PAGE: return memchr(pages, page, sizeof pages) != NULL;
        case ORDER_SUPPORTED: return page == SCSI_INQUIRY || page == SCSI_FORMAT_UNIT;
        case ORDER_SUPPORTED_ACTION: return page >= SCSI_SANITIZE_OVERWRITE && page <= SCSI_SANITIZE_CRYPTO;
        default: return page == 0;
        }
}

bool order_sane(const struct order *order) {
        static const uint8_t zeros[sizeof order->unused];
        const struct row *row = order->id > 0 && order->id < ORDERS ? &rows[order->id] : NULL;

        if (!row || memcmp(order->unused, zeros, sizeof zeros) != 0 || order->twelve > 1)
                return false;
        if (order->twelve && (row->speaks != KIND_ATA || row->task.extended || row->task.command == 0))
                return false; /* 48 bits don't fit into it */
        if (row->own_time ? order->timeout_ms == 0 || order->timeout_ms > ORDER_LONGEST_MS : order->timeout_ms != 0)
                return false;
        if (row->lba ? order->lba == 0 || order->lba >> 48 : order->lba != 0)
                return false;
        return is_page_of(order->id, order->page);
}

enum order_class order_class(const struct order *order) {
        return rows[order->id].class;
}

bool order_is_nvme(const struct order *order) {
        return rows[order->id].speaks == KIND_NVME;
}

bool order_wants_password(const struct order *order) {
        return rows[order->id].password;
}

const char *order_name(const struct order *order) {
        return rows[order->id].name;
}

unsigned order_timeout_ms(const struct order *order) {
        const struct row *row = &rows[order->id];
        bool format = order->id == ORDER_NVME_FORMAT || order->id == ORDER_NVME_FORMAT_CRYPTO;

        return (row->own_time ? order->timeout_ms : format ? (unsigned) FORMAT_MS : (unsigned) WORK_MS) + MARGIN_MS;
}

/* --- building ----------------------------------------------------------------------------------------------------
 */

static struct ata_taskfile task_of(const struct order *order) {
        struct ata_taskfile task = rows[order->id].task;

        switch (order->id) {
        case ORDER_ATA_SANITIZE_STATUS: return ata_sanitize_task(ATA_SANITIZE_STATUS, PATTERN);
        case ORDER_ATA_SANITIZE_CRYPTO: return ata_sanitize_task(ATA_SANITIZE_CRYPTO, PATTERN);
        case ORDER_ATA_SANITIZE_BLOCK: return ata_sanitize_task(ATA_SANITIZE_BLOCK, PATTERN);
        case ORDER_ATA_SANITIZE_OVERWRITE: return ata_sanitize_task(ATA_SANITIZE_OVERWRITE, PATTERN);
        default: task.lba = order->lba; return task;
        }
}

static bool build_ata(const struct order *order, const uint8_t password[ATA_PASSWORD], uint8_t *data,
                      struct scsi_command *ret) {
        const struct row *row = &rows[order->id];
        const struct ata_taskfile task = task_of(order);
        bool asks = row->class == ORDER_ASKS;

        if (row->password)
                ata_security_block(password, row->enhanced, data);
        return ata_wrap(&task, row->direction, row->direction == DATA_NONE ? NULL : data,
                        row->direction == DATA_NONE ? 0 : ATA_BLOCK, order->twelve,
                        row->own_time ? order->timeout_ms
                        : asks        ? (unsigned) ASK_MS
                                      : (unsigned) WORK_MS,
                        ret);
}

bool order_scsi(const struct order *order, const uint8_t password[ATA_PASSWORD], uint8_t data[ORDER_DATA],
                struct scsi_command *ret) {
        switch (order->id) {
        case ORDER_INQUIRY: *ret = scsi_inquiry(false, 0, data, STANDARD_SIZE); return true;
        case ORDER_INQUIRY_PAGE: *ret = scsi_inquiry(true, order->page, data, PAGE_SIZE); return true;
        case ORDER_SUPPORTED: *ret = scsi_supported(order->page, -1, data, SUPPORTED_SIZE); return true;
        case ORDER_SUPPORTED_ACTION:
                *ret = scsi_supported(SCSI_SANITIZE, order->page, data, SUPPORTED_SIZE);
                return true;
        case ORDER_REQUEST_SENSE: *ret = scsi_request_sense(data, SENSE_SIZE); return true;
        case ORDER_SCSI_SANITIZE_OVERWRITE:
                *ret = scsi_sanitize(SCSI_SANITIZE_OVERWRITE, PATTERN, data);
                return true;
        case ORDER_SCSI_SANITIZE_BLOCK: *ret = scsi_sanitize(SCSI_SANITIZE_BLOCK, 0, data); return true;
        case ORDER_SCSI_SANITIZE_CRYPTO: *ret = scsi_sanitize(SCSI_SANITIZE_CRYPTO, 0, data); return true;
        case ORDER_SCSI_FORMAT: *ret = scsi_format(data); return true;
        default: return rows[order->id].speaks == KIND_ATA && build_ata(order, password, data, ret);
        }
}

bool order_nvme(const struct order *order, const struct nvme_features *features, uint32_t nsid,
                uint8_t data[ORDER_DATA], struct nvme_command *ret) {
        switch (order->id) {
        case ORDER_NVME_CONTROLLER: *ret = nvme_identify(1, 0, data); return true;
        case ORDER_NVME_NAMESPACE: *ret = nvme_identify(0, nsid, data); return true;
        case ORDER_NVME_LIST: *ret = nvme_identify(2, 0, data); return true;
        case ORDER_NVME_LOG: *ret = nvme_sanitize_log(data); return true;
        case ORDER_NVME_SANITIZE_OVERWRITE: *ret = nvme_sanitize(NVME_SANITIZE_OVERWRITE, PATTERN); return true;
        case ORDER_NVME_SANITIZE_BLOCK: *ret = nvme_sanitize(NVME_SANITIZE_BLOCK, PATTERN); return true;
        case ORDER_NVME_SANITIZE_CRYPTO: *ret = nvme_sanitize(NVME_SANITIZE_CRYPTO, PATTERN); return true;
        case ORDER_NVME_FORMAT: *ret = nvme_format(features, nsid, 1); return true;
        case ORDER_NVME_FORMAT_CRYPTO: *ret = nvme_format(features, nsid, 2); return true;
        default: return false;
        }
}

/* --- recognising -------------------------------------------------------------------------------------------------
 */

/* What a command of this row would be with the parameters that the command in hand may have. */
static struct order guess(uint32_t id, const struct scsi_command *command) {
        const struct row *row = &rows[id];
        const uint8_t *cdb = command->cdb;
        struct order order = { .id = id };

        order.twelve = row->speaks == KIND_ATA && cdb[0] == 0xa1;
        order.timeout_ms = row->own_time ? command->timeout_ms : 0;
        if (row->lba)
                order.lba = (uint64_t) cdb[8] | (uint64_t) cdb[10] << 8 | (uint64_t) cdb[12] << 16 |
                            (uint64_t) cdb[7] << 24 | (uint64_t) cdb[9] << 32 | (uint64_t) cdb[11] << 40;
        if (id == ORDER_INQUIRY_PAGE)
                order.page = cdb[2];
        else if (id == ORDER_SUPPORTED)
                order.page = cdb[3];
        else if (id == ORDER_SUPPORTED_ACTION)
                order.page = cdb[5];
        return order;
}

bool order_of_scsi(const struct scsi_command *command, struct order *ret, uint8_t password[ATA_PASSWORD]) {
        bool found = false;

        for (uint32_t id = 1; id < ORDERS && !found; id++) {
                const struct order order = guess(id, command);
                uint8_t data[ORDER_DATA] = { 0 }, taken[ATA_PASSWORD] = { 0 };
                struct scsi_command built;

                if (rows[id].password && command->direction == DATA_OUT && command->size == ATA_BLOCK)
                        memcpy(taken, (const uint8_t *) command->data + 2, sizeof taken);
                found = rows[id].speaks != KIND_NVME && order_sane(&order) &&
                        order_scsi(&order, taken, data, &built) && built.cdb_n == command->cdb_n &&
                        memcmp(built.cdb, command->cdb, built.cdb_n) == 0 &&
                        built.direction == command->direction && built.size == command->size &&
                        (built.direction != DATA_OUT || memcmp(data, command->data, built.size) == 0);
                if (found) {
                        *ret = order;
                        memcpy(password, taken, sizeof taken);
                }
                explicit_bzero(data, sizeof data);
                explicit_bzero(taken, sizeof taken);
        }
        return found;
}

/* What the namespace's format must keep is asked of the device again by whoever sends it: it is no parameter. */
static bool same_nvme(const struct nvme_command *a, const struct nvme_command *b) {
        const uint32_t mine = b->opcode == NVME_FORMAT ? UINT32_C(7) << 9 : UINT32_MAX;

        return a->opcode == b->opcode && (a->cdw10 & mine) == (b->cdw10 & mine) && a->cdw11 == b->cdw11 &&
               a->cdw12 == b->cdw12 && a->cdw13 == b->cdw13 && a->cdw14 == b->cdw14 && a->cdw15 == b->cdw15 &&
               a->direction == b->direction && a->size == b->size;
}

bool order_of_nvme(const struct nvme_command *command, struct order *ret) {
        static const struct nvme_features none = { .lbaf = NO_FORMAT };
        uint8_t data[ORDER_DATA];

        for (uint32_t id = 1; id < ORDERS; id++) {
                const struct order order = { .id = id };
                struct nvme_command built;

                if (!order_nvme(&order, &none, command->nsid, data, &built) || !same_nvme(command, &built) ||
                    built.nsid != command->nsid)
                        continue;
                *ret = order;
                return true;
        }
        return false;
}
