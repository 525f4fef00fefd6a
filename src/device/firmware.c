#include "device/firmware.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "device/facts.h"
#include "device/sysfs.h"

enum { ASK_MS = 10000, ASKED_MAX = 1024 };
enum { CHECK_CONDITION = 2, UNIT_ATTENTION = 6, ATTENTIONS = 3 };

/* --- one command ----------------------------------------------------------------------------------------- */

/* The kernel's words for "not without CAP_SYS_RAWIO or CAP_SYS_ADMIN". */
static bool is_denied(int r) {
        return r == -EPERM || r == -EACCES;
}

int scsi_send(int fd, struct scsi_command *command) {
        const struct scsi_command fresh = *command;
        struct scsi_sense sense;
        int r = passthrough()->scsi(fd, command);

        for (int i = 0; i < ATTENTIONS && r == 0 && command->status == CHECK_CONDITION; i++) {
                if (!scsi_sense_parse(command->sense, command->sense_n, &sense) || sense.key != UNIT_ATTENTION)
                        break;
                *command = fresh;
                r = passthrough()->scsi(fd, command);
        }
        return r;
}

static int scsi_ask(int fd, struct scsi_command *command) {
        int r = scsi_send(fd, command);

        if (r < 0)
                return r;
        if (command->host != 0 || (command->driver & 0xf7) != 0)
                return -EIO;
        return command->status == 0 ? 0 : -EPROTO;
}

int ata_command(int fd, const struct device_firmware *firmware, const struct ata_taskfile *task,
                enum passthrough_data direction, void *data, unsigned timeout_ms, struct ata_registers *ret) {
        struct ata_registers registers = { 0 };
        struct scsi_command command;
        bool known;
        int r;

        if (!ata_wrap(task, direction, data, direction == DATA_NONE ? 0 : ATA_BLOCK, firmware->ata_twelve,
                      timeout_ms, &command))
                return -EOPNOTSUPP;
        r = scsi_send(fd, &command);
        if (r < 0)
                return r;
        known = ata_registers_parse(command.sense, command.sense_n, &registers);
        if (ret)
                *ret = registers;
        if (command.host != 0)
                return -EIO;
        if (known)
                return registers.status & (ATA_STATUS_ERR | ATA_STATUS_DF) ? -EPROTO : 0;
        /* Registers were asked for: without them nothing shows that the command went further than the bridge. */
        return command.status == 0 && direction != DATA_NONE ? 0 : -EPROTO;
}

int ata_identify(int fd, const struct device_firmware *firmware, struct ata_features *ret) {
        const struct ata_taskfile task = { .command = ATA_IDENTIFY, .count = 1 };
        uint8_t data[ATA_BLOCK] = { 0 };
        int r = ata_command(fd, firmware, &task, DATA_IN, data, ASK_MS, NULL);

        if (r < 0)
                return r;
        return ata_identify_parse(data, ret) ? 0 : -EPROTO;
}

/* --- ATA ---------------------------------------------------------------------------------------------------------
 */

static void ask_native(int fd, struct device_firmware *f) {
        static const struct ata_taskfile hpa = { .command = ATA_READ_NATIVE_MAX_EXT,
                                                 .extended = true,
                                                 .device = 0x40 };
        static const struct ata_taskfile ama = {
                .command = ATA_ACCESSIBLE_MAX, .feature = ATA_GET_NATIVE_MAX, .extended = true, .device = 0x40
        };
        struct ata_registers registers;

        if (f->ata_twelve || !(f->ata.hpa || f->ata.ama) || !f->ata.lba48)
                return;
        if (ata_command(fd, f, f->ata.ama ? &ama : &hpa, DATA_NONE, NULL, ASK_MS, &registers) < 0 ||
            !registers.whole)
                return;
        f->hidden.asked_native = true;
        f->hidden.native = registers.lba + 1;
}

static void ask_configuration(int fd, struct device_firmware *f) {
        static const struct ata_taskfile task = { .command = ATA_DEVICE_CONFIGURATION,
                                                  .feature = ATA_CONFIGURATION_IDENTIFY,
                                                  .count = 1 };
        uint8_t data[ATA_BLOCK] = { 0 };

        if (!f->ata.dco || ata_command(fd, f, &task, DATA_IN, data, ASK_MS, NULL) < 0)
                return;
        f->hidden.configured = ata_configuration_parse(data);
        f->hidden.asked_configuration = f->hidden.configured > 0;
}

static void ask_sanitize_state(int fd, struct device_firmware *f) {
        const struct ata_taskfile task = ata_sanitize_task(ATA_SANITIZE_STATUS, 0);
        struct ata_registers registers = { 0 };
        int r;

        if (!f->ata.sanitize || f->ata_twelve)
                return;
        r = ata_command(fd, f, &task, DATA_NONE, NULL, ASK_MS, &registers);
        f->ata_state_known = r == 0 || registers.status != 0;
        if (f->ata_state_known)
                f->ata_state = ata_sanitize_parse(&registers);
}

/* A bridge may pass the form of 16 bytes, only the old one of 12, or neither: it is tried, never assumed. */
static int ask_ata(int fd, struct device_firmware *f) {
        int r = ata_identify(fd, f, &f->ata);

        if (r < 0 && !is_denied(r)) {
                f->ata_twelve = true;
                r = ata_identify(fd, f, &f->ata);
                f->ata_twelve = r == 0;
        }
        if (r < 0)
                return r;
        f->ata_answers = true;
        f->hidden.current = f->ata.sectors;
        ask_native(fd, f);
        ask_configuration(fd, f);
        ask_sanitize_state(fd, f);
        return 0;
}

/* --- SCSI -------------------------------------------------------------------------------------------------------
 */

static size_t ask_page(int fd, uint8_t page, uint8_t data[ASKED_MAX]) {
        struct scsi_command command = scsi_inquiry(true, page, data, ASKED_MAX);

        memset(data, 0, ASKED_MAX);
        return scsi_ask(fd, &command) == 0 ? command.got : 0;
}

static bool ask_supported(int fd, uint8_t opcode, int action) {
        uint8_t data[64] = { 0 };
        struct scsi_command command = scsi_supported(opcode, action, data, sizeof data);

        return scsi_ask(fd, &command) == 0 && scsi_command_supported(data, command.got);
}

static int ask_scsi(int fd, struct device_firmware *f) {
        uint8_t pages[ASKED_MAX], data[ASKED_MAX];
        struct scsi_command inquiry = scsi_inquiry(false, 0, data, 96);
        struct scsi_features *s = &f->scsi;
        size_t n;
        int r = scsi_ask(fd, &inquiry);

        if (r < 0)
                return r;
        s->answers = true;
        n = ask_page(fd, VPD_PAGES, pages);
        if (scsi_vpd_listed(pages, n, VPD_CHARACTERISTICS))
                s->rotation = scsi_vpd_rotation(data, ask_page(fd, VPD_CHARACTERISTICS, data));
        if (scsi_vpd_listed(pages, n, VPD_PROVISIONING))
                scsi_vpd_provisioning(data, ask_page(fd, VPD_PROVISIONING, data), &s->unmap, &s->unmap_zeros);
        if (scsi_vpd_listed(pages, n, VPD_ATA))
                s->ata_page = scsi_vpd_ata(data, ask_page(fd, VPD_ATA, data)) != NULL;
        s->lists_commands = ask_supported(fd, SCSI_INQUIRY, -1);
        if (!s->lists_commands)
                return 0;
        s->format = ask_supported(fd, SCSI_FORMAT_UNIT, -1);
        s->sanitize_overwrite = ask_supported(fd, SCSI_SANITIZE, SCSI_SANITIZE_OVERWRITE);
        s->sanitize_block = ask_supported(fd, SCSI_SANITIZE, SCSI_SANITIZE_BLOCK);
        s->sanitize_crypto = ask_supported(fd, SCSI_SANITIZE, SCSI_SANITIZE_CRYPTO);
        return 0;
}

/* --- NVMe -------------------------------------------------------------------------------------------------------
 */

static int nvme_ask(int fd, struct nvme_command command) {
        int r = passthrough()->nvme(fd, &command);

        return r < 0 ? r : command.status == 0 ? 0 : -EPROTO;
}

static int ask_nvme(int fd, struct device_firmware *f) {
        _cleanup_free_ uint8_t *data = calloc(1, NVME_PAGE);
        uint32_t nsid = 0;
        int r = data ? nvme_ask(fd, nvme_identify(1, 0, data)) : -ENOMEM;

        if (r < 0)
                return r;
        if (!nvme_controller_parse(data, &f->nvme))
                return -EPROTO;
        memset(data, 0, NVME_PAGE);
        if (passthrough()->nvme_namespace(fd, &nsid) == 0 && nvme_ask(fd, nvme_identify(0, nsid, data)) == 0)
                nvme_namespace_parse(data, &f->nvme);
        memset(data, 0, NVME_PAGE);
        if (nvme_ask(fd, nvme_identify(2, 0, data)) == 0)
                f->nvme.namespaces = nvme_list_count(data);
        memset(data, 0, NVME_PAGE);
        if ((f->nvme.sanitize_block || f->nvme.sanitize_crypto || f->nvme.sanitize_overwrite) &&
            nvme_ask(fd, nvme_sanitize_log(data)) == 0)
                f->nvme_log = nvme_sanitize_parse(data, NVME_SANITIZE_LOG);
        return 0;
}

/* --- together ---------------------------------------------------------------------------------------------------
 */

static int rotates(int rate) {
        return rate == 0 ? 0 : rate == 1 ? -1 : 1;
}

static void judge_rotation(const struct device_facts *facts, struct device_firmware *f) {
        f->rotation = (struct firmware_rotation){
                .kernel = facts->rotational ? 1 : -1,
                .vpd = rotates(f->scsi.rotation),
                .identify = f->ata_answers ? rotates(f->ata.rotation) : 0,
                .name = f->kind == PASSTHROUGH_NVME || strncmp(facts->name, "mmcblk", 6) == 0 ? -1 : 0,
        };
}

/* Zeros are a promise of the device's own, or of the file system under a loop device. */
static void judge_discard(const struct device_facts *facts, struct device_firmware *f) {
        char attribute[96];

        (void) snprintf(attribute, sizeof attribute, "%s/queue/discard_max_bytes", facts->name);
        f->discard = !facts->image && sysfs_int("/sys/class/block", attribute, 0) > 0;
        f->discard_zeros = f->discard && ((f->ata_answers && f->ata.trim_zeros) || f->scsi.unmap_zeros ||
                                          f->nvme.discard_zeros || strcmp(facts->bus, "loop") == 0);
}

void device_firmware_ask(int fd, struct device_facts *facts) {
        struct device_firmware f = { .kind = passthrough()->kind(facts),
                                     .gap = FIRMWARE_NONE,
                                     .bridge = strcmp(facts->bus, "usb") == 0 };
        int r = 0, ata = 0;

        if (f.kind == PASSTHROUGH_SCSI) {
                r = ask_scsi(fd, &f);
                ata = r < 0 ? r : ask_ata(fd, &f);
        } else if (f.kind == PASSTHROUGH_NVME) {
                r = ask_nvme(fd, &f);
        }
        if (f.kind != PASSTHROUGH_NONE)
                f.gap = is_denied(r) || is_denied(ata) ? FIRMWARE_NO_RIGHTS
                        : r < 0                        ? FIRMWARE_SILENT
                                                       : FIRMWARE_ANSWERED;
        judge_rotation(facts, &f);
        judge_discard(facts, &f);
        facts->firmware = f;
}

void device_firmware_read(struct device_facts *facts) {
        _cleanup_close_ int fd = open(facts->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

        if (fd >= 0)
                device_firmware_ask(fd, facts);
        else
                facts->firmware = (struct device_firmware){ .gap = errno == EACCES || errno == EPERM
                                                                           ? FIRMWARE_NO_RIGHTS
                                                                           : FIRMWARE_SILENT };
}

int64_t device_hidden_bytes(const struct device_firmware *firmware) {
        const struct firmware_hidden *h = &firmware->hidden;
        uint64_t most = h->native > h->configured ? h->native : h->configured;

        if (!firmware->ata_answers || most <= h->current || most > UINT64_C(1) << 48)
                return 0;
        return (int64_t) ((most - h->current) * firmware->ata.logical_block);
}

bool device_hidden_unknown(const struct device_firmware *firmware) {
        const struct ata_features *a = &firmware->ata;

        return firmware->ata_answers && (((a->hpa || a->ama) && !firmware->hidden.asked_native) ||
                                         (a->dco && !firmware->hidden.asked_configuration));
}

bool device_rotation_contradicts(const struct firmware_rotation *rotation) {
        const int signs[] = { rotation->kernel, rotation->vpd, rotation->identify, rotation->name };
        bool yes = false, no = false;

        for (size_t i = 0; i < COUNT(signs); i++) {
                yes = yes || signs[i] > 0;
                no = no || signs[i] < 0;
        }
        return yes && no;
}
