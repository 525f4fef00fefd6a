/* NVMe: the Sanitize command, which strikes the whole subsystem, and Format with a secure erase, which standards
 * call a "possible purge" and is counted as the Clear that it surely is. A device with several namespaces is
 * refused: the others are not the medium that was approved. */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "policy/rule.h"
#include "sanitize/technique.h"

static int alone(const struct device_facts *facts, struct error *err) {
        uint32_t n = facts->firmware.nvme.namespaces;

        if (n == 1)
                return 0;
        return refuse(err, ERR_REFUSED, "S6",
                      "«%s» borraría con este los demás espacios de nombres del dispositivo (activos: %u).",
                      "“%s” would take the device's other namespaces with it (active: %u).", facts->path, n);
}

static int offered(const struct medium *medium, const struct device_facts *facts, bool has, bool strikes_all,
                   const char *name, struct error *err) {
        int r = firmware_offered(medium, facts, PASSTHROUGH_NVME, facts && facts->firmware.nvme.answers && has,
                                 name, err);

        return r < 0 || !facts || !strikes_all ? r : alone(facts, err);
}

static int overwrite_offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        return offered(medium, facts, facts && facts->firmware.nvme.sanitize_overwrite, true,
                       "NVMe Sanitize (overwrite)", err);
}

static int block_offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        return offered(medium, facts, facts && facts->firmware.nvme.sanitize_block, true,
                       "NVMe Sanitize (block erase)", err);
}

static int crypto_offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        return offered(medium, facts, facts && facts->firmware.nvme.sanitize_crypto, true,
                       "NVMe Sanitize (crypto erase)", err);
}

/* FNA: whether a format, or the erase in it, strikes every namespace. */
static bool format_strikes_all(const struct device_facts *facts) {
        return facts && (facts->firmware.nvme.format_all || facts->firmware.nvme.erase_all);
}

static int format_offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        return offered(medium, facts, facts && facts->firmware.nvme.format, format_strikes_all(facts),
                       "NVMe Format (SES=1)", err);
}

static int format_crypto_offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        return offered(medium, facts, facts && facts->firmware.nvme.format && facts->firmware.nvme.format_crypto,
                       format_strikes_all(facts), "NVMe Format (SES=2)", err);
}

static int send(struct firmware_run *run, struct nvme_command *command, const char *name, struct error *err) {
        int r = passthrough()->nvme(run->fd, command);

        (void) snprintf(run->status, sizeof run->status, "%s: STATUS=%04x", name, command->status);
        if (r == -ENODEV || r == -ENXIO)
                return fail(err, ERR_NOT_FOUND, "El dispositivo desapareció.", "The device went away.");
        if (r < 0)
                return fail_errno(err, -r, "«%s»: la orden no llegó", "“%s”: the command did not get there",
                                  run->facts->path);
        if (command->status != 0)
                return fail(err, ERR_VERIFY, "«%s» rechazó %s (%s).", "“%s” refused %s (%s).", run->facts->path,
                            name, run->status);
        return 0;
}

static int sanitize(struct firmware_run *run, enum nvme_sanitize_action action, struct error *err) {
        struct nvme_command command = nvme_sanitize(action, FIRMWARE_PATTERN * 0x01010101U);

        return send(run, &command, "NVMe Sanitize", err);
}

static int start_overwrite(struct firmware_run *run, struct error *err) {
        return sanitize(run, NVME_SANITIZE_OVERWRITE, err);
}

static int start_block(struct firmware_run *run, struct error *err) {
        return sanitize(run, NVME_SANITIZE_BLOCK, err);
}

static int start_crypto(struct firmware_run *run, struct error *err) {
        return sanitize(run, NVME_SANITIZE_CRYPTO, err);
}

static int poll(struct firmware_run *run, bool *ret_done, struct error *err) {
        _cleanup_free_ uint8_t *log = calloc(1, NVME_SANITIZE_LOG);
        struct nvme_sanitize_state state;
        struct nvme_command command;
        int r;

        if (!log)
                return fail_memory(err);
        command = nvme_sanitize_log(log);
        r = send(run, &command, "NVMe Get Log Page 81", err);
        if (r < 0)
                return r;
        state = nvme_sanitize_parse(log, NVME_SANITIZE_LOG);
        (void) snprintf(run->status, sizeof run->status, "SSTAT=%04x SPROG=%04x", state.sstat, state.progress);
        if (state.status == NVME_FAILED)
                return fail(err, ERR_VERIFY, "«%s» fracasó en su borrado (%s).", "“%s” failed in its erase (%s).",
                            run->facts->path, run->status);
        run->progress = state.progress;
        run->completed = state.status == NVME_COMPLETED || state.status == NVME_COMPLETED_NO_DEALLOCATE;
        *ret_done = state.status != NVME_IN_PROGRESS;
        return 0;
}

static int format(struct firmware_run *run, unsigned secure_erase, struct error *err) {
        struct nvme_command command;
        uint32_t nsid = 0;

        if (passthrough()->nvme_namespace(run->fd, &nsid) < 0)
                return fail(err, ERR_NOT_FOUND, "El dispositivo desapareció.", "The device went away.");
        command = nvme_format(&run->facts->firmware.nvme, nsid, secure_erase);
        return send(run, &command, "NVMe Format", err);
}

static int start_format(struct firmware_run *run, struct error *err) {
        return format(run, 1, err);
}

static int start_format_crypto(struct firmware_run *run, struct error *err) {
        return format(run, 2, err);
}

static int64_t seconds_overwrite(const struct device_facts *facts) {
        return facts->firmware.nvme_log.seconds_overwrite;
}

static int64_t seconds_block(const struct device_facts *facts) {
        return facts->firmware.nvme_log.seconds_block;
}

static int64_t seconds_crypto(const struct device_facts *facts) {
        return facts->firmware.nvme_log.seconds_crypto;
}

static const struct firmware_method overwrite = {
        .leaves = LEAVES_PATTERN, .seconds = seconds_overwrite, .start = start_overwrite, .poll = poll
};
static const struct firmware_method block = {
        .leaves = LEAVES_BYTE, .seconds = seconds_block, .start = start_block, .poll = poll
};
static const struct firmware_method crypto = {
        .leaves = LEAVES_CHANGED, .seconds = seconds_crypto, .start = start_crypto, .poll = poll
};
static const struct firmware_method format_user = { .leaves = LEAVES_BYTE, .waits = true, .start = start_format };
static const struct firmware_method format_key = { .leaves = LEAVES_CHANGED,
                                                   .waits = true,
                                                   .start = start_format_crypto };

const struct technique technique_nvme_sanitize_overwrite = {
        .name = "nvme-sanitize-overwrite",
        .says = { "NVMe Sanitize, sobrescritura (lo hace el dispositivo)",
                  "NVMe Sanitize, overwrite (by the device)" },
        .does_not_reach = SANITIZE_LEAVES,
        .reaches = { [KIND_SSD] = LEVEL_PURGE },
        .firmware = &overwrite,
        .offered = overwrite_offered,
};

const struct technique technique_nvme_sanitize_block = {
        .name = "nvme-sanitize-block",
        .says = { "NVMe Sanitize, borrado de bloques (lo hace el dispositivo)",
                  "NVMe Sanitize, block erase (by the device)" },
        .does_not_reach = SANITIZE_LEAVES,
        .reaches = { [KIND_SSD] = LEVEL_PURGE },
        .firmware = &block,
        .offered = block_offered,
};

const struct technique technique_nvme_sanitize_crypto = {
        .name = "nvme-sanitize-crypto",
        .says = { "NVMe Sanitize, borrado criptográfico (lo hace el dispositivo)",
                  "NVMe Sanitize, crypto erase (by the device)" },
        .does_not_reach = SCRAMBLE_LEAVES,
        .reaches = { [KIND_SSD] = LEVEL_PURGE },
        .firmware = &crypto,
        .offered = crypto_offered,
};

const struct technique technique_nvme_format = {
        .name = "nvme-format",
        .says = { "NVMe Format con borrado de datos (SES=1; lo hace el dispositivo)",
                  "NVMe Format with user data erase (SES=1; by the device)" },
        .does_not_reach = FORMAT_LEAVES,
        .reaches = { [KIND_SSD] = LEVEL_CLEAR },
        .firmware = &format_user,
        .offered = format_offered,
};

const struct technique technique_nvme_format_crypto = {
        .name = "nvme-format-crypto",
        .says = { "NVMe Format con borrado criptográfico (SES=2; lo hace el dispositivo)",
                  "NVMe Format with crypto erase (SES=2; by the device)" },
        .does_not_reach = FORMAT_LEAVES,
        .reaches = { [KIND_SSD] = LEVEL_CLEAR },
        .firmware = &format_key,
        .offered = format_crypto_offered,
};
