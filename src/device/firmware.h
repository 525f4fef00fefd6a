/* What a device's firmware says it can do, asked by commands that only read: nothing is assumed of a model or a
 * bus. */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "device/ata.h"
#include "device/nvme.h"
#include "device/scsi.h"

enum firmware_gap {
        FIRMWARE_NOT_ASKED, /* nobody asked yet */
        FIRMWARE_ANSWERED,
        FIRMWARE_NONE,      /* no commands to ask by: a loop device, an image, a card */
        FIRMWARE_NO_RIGHTS, /* the kernel lets only root send them */
        FIRMWARE_SILENT,    /* asked, and no usable answer came */
};

/* Sectors that the drive has and does not show (S5). */
struct firmware_hidden {
        bool asked_native, asked_configuration; /* whether an answer came */
        uint64_t current, native, configured;   /* sectors; 0 not known */
};

/* Each sign of whether it rotates; -1 no, 1 yes, 0 nothing said. */
struct firmware_rotation {
        int kernel, vpd, identify, name;
};

struct device_firmware {
        enum firmware_gap gap;
        enum passthrough_kind kind;
        bool ata_answers; /* IDENTIFY DEVICE came through: directly, or past a bridge */
        bool ata_twelve;  /* only in the form of 12 bytes: no 48-bit commands */
        bool bridge;      /* on a USB bus: something stands between */
        struct ata_features ata;
        struct firmware_hidden hidden;
        struct scsi_features scsi;
        struct nvme_features nvme;
        struct nvme_sanitize_state nvme_log;
        struct ata_sanitize_state ata_state; /* SANITIZE STATUS EXT */
        bool ata_state_known;
        bool discard, discard_zeros; /* the kernel can discard, and it is promised that zeros are read after it */
        struct firmware_rotation rotation;
};

struct device_facts;

/* Asks the device behind an open descriptor and fills facts->firmware. Never fails: what didn't answer says so. */
void device_firmware_ask(int fd, struct device_facts *facts);
/* The same, opening the device for it. */
void device_firmware_read(struct device_facts *facts);

/* Bytes that are known to be hidden by HPA, AMA or DCO. */
int64_t device_hidden_bytes(const struct device_firmware *firmware);
/* Whether it has a feature that hides areas, and did not answer about it. */
bool device_hidden_unknown(const struct device_firmware *firmware);
/* Whether the signs of rotation contradict each other. */
bool device_rotation_contradicts(const struct firmware_rotation *rotation);
/* New reference. */
json_t *device_firmware_to_json(const struct device_facts *facts);
/* Lines for a person: what it offers, its security state, what it hides, how its signs agree. */
void device_firmware_say(const struct device_facts *facts, void *context,
                         void (*tell)(void *context, struct text line));

/* Sends it, and again when the device only told news first (a unit attention: it was reset, its medium changed).
 * What the kernel's call gives. */
int scsi_send(int fd, struct scsi_command *command);
/* One ATA command past SG_IO, in the form that this device takes. 0 when it came to an end without an error, else
 * -errno: -EPROTO when the device (or its bridge) refused it. The registers are zeros when none came. */
int ata_command(int fd, const struct device_firmware *firmware, const struct ata_taskfile *task,
                enum passthrough_data direction, void *data, unsigned timeout_ms, struct ata_registers *ret);
/* IDENTIFY DEVICE anew. */
int ata_identify(int fd, const struct device_firmware *firmware, struct ata_features *ret);
