/* SCSI SANITIZE (SBC-3): overwrite, block erase, cryptographic erase; and FORMAT UNIT, which on many devices is
 * acknowledged and does nothing, and never more than a Clear. Both are followed by REQUEST SENSE. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policy/rule.h"
#include "sanitize/technique.h"

static int overwrite_offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        return firmware_offered(medium, facts, PASSTHROUGH_SCSI, facts && facts->firmware.scsi.sanitize_overwrite,
                                "SCSI SANITIZE OVERWRITE", err);
}

static int block_offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        return firmware_offered(medium, facts, PASSTHROUGH_SCSI, facts && facts->firmware.scsi.sanitize_block,
                                "SCSI SANITIZE BLOCK ERASE", err);
}

static int crypto_offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        return firmware_offered(medium, facts, PASSTHROUGH_SCSI, facts && facts->firmware.scsi.sanitize_crypto,
                                "SCSI SANITIZE CRYPTOGRAPHIC ERASE", err);
}

static int format_offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        return firmware_offered(medium, facts, PASSTHROUGH_SCSI, facts && facts->firmware.scsi.format,
                                "SCSI FORMAT UNIT", err);
}

static int send(struct firmware_run *run, struct scsi_command *command, const char *name, struct error *err) {
        struct scsi_sense sense;
        int r = scsi_send(run->fd, command);

        (void) scsi_sense_parse(command->sense, command->sense_n, &sense);
        (void) snprintf(run->status, sizeof run->status, "%s: STATUS=%02x HOST=%02x SENSE=%x/%02x/%02x", name,
                        command->status, command->host, sense.key, sense.asc, sense.ascq);
        if (r == -ENODEV || r == -ENXIO)
                return fail(err, ERR_NOT_FOUND, "El dispositivo desapareció.", "The device went away.");
        if (r < 0)
                return fail_errno(err, -r, "«%s»: la orden no llegó", "“%s”: the command did not get there",
                                  run->facts->path);
        return 0;
}

static int order(struct firmware_run *run, struct scsi_command *command, const char *name, struct error *err) {
        int r = send(run, command, name, err);

        if (r < 0)
                return r;
        if (command->status == 0 && command->host == 0)
                return 0;
        return fail(err, ERR_VERIFY, "«%s» rechazó %s (%s).", "“%s” refused %s (%s).", run->facts->path, name,
                    run->status);
}

static int start_overwrite(struct firmware_run *run, struct error *err) {
        uint8_t list[8];
        struct scsi_command command = scsi_sanitize(SCSI_SANITIZE_OVERWRITE, FIRMWARE_PATTERN * 0x01010101U, list);

        return order(run, &command, "SANITIZE OVERWRITE", err);
}

static int start_block(struct firmware_run *run, struct error *err) {
        uint8_t list[8];
        struct scsi_command command = scsi_sanitize(SCSI_SANITIZE_BLOCK, 0, list);

        return order(run, &command, "SANITIZE BLOCK ERASE", err);
}

static int start_crypto(struct firmware_run *run, struct error *err) {
        uint8_t list[8];
        struct scsi_command command = scsi_sanitize(SCSI_SANITIZE_CRYPTO, 0, list);

        return order(run, &command, "SANITIZE CRYPTOGRAPHIC ERASE", err);
}

static int start_format(struct firmware_run *run, struct error *err) {
        uint8_t list[4];
        struct scsi_command command = scsi_format(list);

        return order(run, &command, "FORMAT UNIT", err);
}

/* REQUEST SENSE succeeds and brings the state as data; while it works a device may also refuse with it. */
static int poll(struct firmware_run *run, bool *ret_done, struct error *err) {
        uint8_t data[96] = { 0 };
        struct scsi_command command = scsi_request_sense(data, sizeof data);
        struct scsi_sense sense = { 0 };
        int r = send(run, &command, "REQUEST SENSE", err);

        if (r < 0)
                return r;
        if (command.status == 0 && command.host == 0)
                (void) scsi_sense_parse(data, command.got, &sense);
        else
                (void) scsi_sense_parse(command.sense, command.sense_n, &sense);
        (void) snprintf(run->status, sizeof run->status, "REQUEST SENSE: %x/%02x/%02x PROGRESS=%04x", sense.key,
                        sense.asc, sense.ascq, sense.progress);
        run->progress = sense.progress_valid ? sense.progress : -1;
        switch (scsi_activity_of(&sense)) {
        case SCSI_IDLE: *ret_done = true; return 0;
        case SCSI_AT_WORK: *ret_done = false; return 0;
        case SCSI_SANITIZE_FAILED:
        case SCSI_TROUBLE:
                return fail(err, ERR_VERIFY, "«%s» fracasó en su borrado (%s).", "“%s” failed in its erase (%s).",
                            run->facts->path, run->status);
        }
        return 0;
}

static const struct firmware_method overwrite = { .leaves = LEAVES_PATTERN,
                                                  .start = start_overwrite,
                                                  .poll = poll };
static const struct firmware_method block = { .leaves = LEAVES_BYTE, .start = start_block, .poll = poll };
static const struct firmware_method crypto = { .leaves = LEAVES_CHANGED, .start = start_crypto, .poll = poll };
static const struct firmware_method format = { .leaves = LEAVES_BYTE, .start = start_format, .poll = poll };

const struct technique technique_scsi_sanitize_overwrite = {
        .name = "scsi-sanitize-overwrite",
        .says = { "SCSI SANITIZE OVERWRITE (lo hace el dispositivo)", "SCSI SANITIZE OVERWRITE (by the device)" },
        .does_not_reach = SANITIZE_LEAVES,
        .reaches = { [KIND_HDD] = LEVEL_PURGE, [KIND_SSD] = LEVEL_PURGE },
        .firmware = &overwrite,
        .offered = overwrite_offered,
};

const struct technique technique_scsi_sanitize_block = {
        .name = "scsi-sanitize-block",
        .says = { "SCSI SANITIZE BLOCK ERASE (lo hace el dispositivo)",
                  "SCSI SANITIZE BLOCK ERASE (by the device)" },
        .does_not_reach = SANITIZE_LEAVES,
        .reaches = { [KIND_HDD] = LEVEL_PURGE, [KIND_SSD] = LEVEL_PURGE },
        .firmware = &block,
        .offered = block_offered,
};

const struct technique technique_scsi_sanitize_crypto = {
        .name = "scsi-sanitize-crypto",
        .says = { "SCSI SANITIZE CRYPTOGRAPHIC ERASE (lo hace el dispositivo)",
                  "SCSI SANITIZE CRYPTOGRAPHIC ERASE (by the device)" },
        .does_not_reach = SCRAMBLE_LEAVES,
        .reaches = { [KIND_HDD] = LEVEL_PURGE, [KIND_SSD] = LEVEL_PURGE },
        .firmware = &crypto,
        .offered = crypto_offered,
};

const struct technique technique_scsi_format = {
        .name = "scsi-format",
        .says = { "SCSI FORMAT UNIT (lo hace el dispositivo)", "SCSI FORMAT UNIT (by the device)" },
        .does_not_reach = { "sectores reasignados y bloques fuera de lo direccionable; la norma no le pide borrar "
                            "nada",
                            "reallocated sectors and blocks outside of what can be addressed; the standard does "
                            "not even "
                            "ask it to erase" },
        .reaches = { [KIND_HDD] = LEVEL_CLEAR, [KIND_SSD] = LEVEL_CLEAR },
        .firmware = &format,
        .offered = format_offered,
};
