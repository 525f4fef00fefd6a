/* The ATA sanitize device feature set (ACS-3): overwrite, block erase, crypto scramble. Once ordered it goes on
 * through resets and power loss, and nothing stops it. */
#include <stdio.h>

#include "policy/rule.h"
#include "sanitize/technique.h"

enum { ORDER_MS = 60000 };

static int offered(const struct medium *medium, const struct device_facts *facts, bool has, const char *name,
                   struct error *err) {
        const struct device_firmware *f = facts ? &facts->firmware : NULL;
        int r = firmware_offered(medium, facts, PASSTHROUGH_SCSI, f && f->ata_answers && !f->ata_twelve && has,
                                 name, err);

        if (r < 0 || !facts || !f->ata_state_known || !f->ata_state.frozen)
                return r;
        (void) refuse(err, ERR_REFUSED, "S2", "«%s» tiene SANITIZE congelado hasta que se apague.",
                      "“%s” has SANITIZE frozen until it is powered off.", facts->path);
        return hint(err, "Desconecte y reconecte el disco (o suspenda y despierte el equipo) y repita.",
                    "Unplug and replug the disk (or suspend and wake the machine) and try again.");
}

static int overwrite_offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        return offered(medium, facts, facts && facts->firmware.ata.sanitize_overwrite, "ATA SANITIZE OVERWRITE EXT",
                       err);
}

static int block_offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        return offered(medium, facts, facts && facts->firmware.ata.sanitize_block, "ATA SANITIZE BLOCK ERASE EXT",
                       err);
}

static int crypto_offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        return offered(medium, facts, facts && facts->firmware.ata.sanitize_crypto, "ATA CRYPTO SCRAMBLE EXT", err);
}

static int send(struct firmware_run *run, enum ata_sanitize_feature feature, struct ata_registers *ret) {
        const struct ata_taskfile task = ata_sanitize_task(feature, FIRMWARE_PATTERN * 0x01010101U);
        int r = ata_command(run->fd, &run->facts->firmware, &task, DATA_NONE, NULL, ORDER_MS, ret);

        (void) snprintf(run->status, sizeof run->status,
                        "SANITIZE %02x: STATUS=%02x ERROR=%02x COUNT=%04x LBA=%012llx", (unsigned) feature,
                        ret->status, ret->error, ret->count, (unsigned long long) ret->lba);
        return r;
}

static int failed(struct firmware_run *run, struct error *err) {
        return fail(err, ERR_VERIFY, "«%s» rechazó SANITIZE o fracasó en él (%s).",
                    "“%s” refused SANITIZE, or failed in it (%s).", run->facts->path, run->status);
}

static int start(struct firmware_run *run, enum ata_sanitize_feature feature, struct error *err) {
        struct ata_registers registers = { 0 };

        return send(run, feature, &registers) < 0 ? failed(run, err) : 0;
}

static int start_overwrite(struct firmware_run *run, struct error *err) {
        return start(run, ATA_SANITIZE_OVERWRITE, err);
}

static int start_block(struct firmware_run *run, struct error *err) {
        return start(run, ATA_SANITIZE_BLOCK, err);
}

static int start_crypto(struct firmware_run *run, struct error *err) {
        return start(run, ATA_SANITIZE_CRYPTO, err);
}

static int poll(struct firmware_run *run, bool *ret_done, struct error *err) {
        struct ata_registers registers = { 0 };
        struct ata_sanitize_state state;
        int r = send(run, ATA_SANITIZE_STATUS, &registers);

        state = ata_sanitize_parse(&registers);
        if (state.failed)
                return failed(run, err);
        if (r < 0)
                return fail(err, ERR_FAILED, "«%s» no dice cómo va su SANITIZE (%s).",
                            "“%s” does not say how its SANITIZE goes (%s).", run->facts->path, run->status);
        run->progress = state.progress;
        run->completed = state.completed;
        *ret_done = !state.in_progress;
        return 0;
}

static const struct firmware_method overwrite = { .leaves = LEAVES_PATTERN,
                                                  .start = start_overwrite,
                                                  .poll = poll };
static const struct firmware_method block = { .leaves = LEAVES_BYTE, .start = start_block, .poll = poll };
static const struct firmware_method crypto = { .leaves = LEAVES_CHANGED, .start = start_crypto, .poll = poll };

const struct technique technique_ata_sanitize_overwrite = {
        .name = "ata-sanitize-overwrite",
        .says = { "ATA SANITIZE OVERWRITE (lo hace el dispositivo)", "ATA SANITIZE OVERWRITE (by the device)" },
        .does_not_reach = SANITIZE_LEAVES,
        .reaches = { [KIND_HDD] = LEVEL_PURGE, [KIND_SSD] = LEVEL_CLEAR },
        .firmware = &overwrite,
        .offered = overwrite_offered,
};

const struct technique technique_ata_sanitize_block = {
        .name = "ata-sanitize-block",
        .says = { "ATA SANITIZE BLOCK ERASE (lo hace el dispositivo)", "ATA SANITIZE BLOCK ERASE (by the device)" },
        .does_not_reach = SANITIZE_LEAVES,
        .reaches = { [KIND_SSD] = LEVEL_PURGE },
        .firmware = &block,
        .offered = block_offered,
};

const struct technique technique_ata_sanitize_crypto = {
        .name = "ata-sanitize-crypto",
        .says = { "ATA CRYPTO SCRAMBLE (lo hace el dispositivo)", "ATA CRYPTO SCRAMBLE (by the device)" },
        .does_not_reach = SCRAMBLE_LEAVES,
        .reaches = { [KIND_HDD] = LEVEL_PURGE, [KIND_SSD] = LEVEL_PURGE },
        .firmware = &crypto,
        .offered = crypto_offered,
};
