/* What a device's firmware may answer to what it is asked. The first byte chooses the parser. */
#include <stdlib.h>
#include <string.h>

#include "device/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ends(const char *text, size_t size) {
        if (strnlen(text, size) >= size)
                abort();
}

static void ata(const uint8_t *block) {
        struct ata_features f;
        struct device_firmware firmware = { .ata_answers = true };

        (void) ata_identify_parse(block, &f);
        ends(f.model, sizeof f.model);
        ends(f.serial, sizeof f.serial);
        ends(f.firmware, sizeof f.firmware);
        firmware.ata = f;
        firmware.hidden = (struct firmware_hidden){ true, true, f.sectors, f.sectors,
                                                    ata_configuration_parse(block) };
        if (device_hidden_bytes(&firmware) < 0)
                abort();
}

static void nvme(const uint8_t *page) {
        struct nvme_features f;

        (void) nvme_controller_parse(page, &f);
        ends(f.model, sizeof f.model);
        ends(f.serial, sizeof f.serial);
        nvme_namespace_parse(page, &f);
        if (nvme_list_count(page) > NVME_PAGE / 4 || nvme_format(&f, 1, 1).cdw10 >> 9 & 6)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static uint8_t page[NVME_PAGE];
        struct ata_registers registers;
        struct scsi_sense sense;
        bool unmap, zeros;

        if (size < 1)
                return 0;
        memset(page, 0, sizeof page);
        memcpy(page, data + 1, size - 1 < sizeof page ? size - 1 : sizeof page);
        switch (data[0] % 5) {
        case 0: ata(page); break;
        case 1: nvme(page); break;
        case 2:
                if (ata_registers_parse(data + 1, size - 1, &registers))
                        (void) ata_sanitize_parse(&registers);
                break;
        case 3:
                (void) scsi_sense_parse(data + 1, size - 1, &sense);
                (void) scsi_activity_of(&sense);
                break;
        default:
                (void) scsi_vpd_listed(data + 1, size - 1, 0xb1);
                (void) scsi_vpd_rotation(data + 1, size - 1);
                scsi_vpd_provisioning(data + 1, size - 1, &unmap, &zeros);
                (void) scsi_vpd_ata(data + 1, size - 1);
                (void) scsi_command_supported(data + 1, size - 1);
                (void) nvme_sanitize_parse(data + 1, size - 1);
        }
        return 0;
}
