/* What devices answer, byte for byte (S2, S5): IDENTIFY, native size, DCO, vital product data, supported commands,
 * sense, NVMe Identify and its sanitize log. */
#include "unit/test.h"

#include <string.h>

#include "base/cleanup.h"
#include "device/facts.h"
#include "unit/firmware_replies.h"

static void test_identify(void **state) {
        struct ata_features f;
        uint8_t data[ATA_BLOCK];

        (void) state;
        identify(data, 1953525168, SANITIZE_ALL, SECURITY_READY | 8, 7200);
        assert_true(ata_identify_parse(data, &f));
        assert_string_equal(f.model, "WDC WD10EZEX-00BN5A0");
        assert_string_equal(f.serial, "WD-WX11A0000001");
        assert_string_equal(f.firmware, "01.01A01");
        assert_int_equal(f.sectors, 1953525168);
        assert_int_equal(f.logical_block, 512);
        assert_true(f.lba48 && f.hpa && f.hpa_enabled && f.dco && !f.ama);
        assert_true(f.sanitize && f.sanitize_crypto && f.sanitize_overwrite && f.sanitize_block);
        assert_true(f.security && f.security_frozen && f.security_enhanced);
        assert_false(f.security_enabled || f.security_locked || f.security_expired);
        assert_int_equal(f.erase_minutes, 100);
        assert_int_equal(f.enhanced_minutes, 600); /* the wide form, bit 15 */
        assert_int_equal(f.rotation, 7200);
        assert_int_equal(f.transport, 1);
        assert_false(f.trim);
        /* The feature bits count only with the set itself. */
        identify(data, 1000, 0xe000, 0, 1);
        assert_true(ata_identify_parse(data, &f));
        assert_false(f.sanitize_block || f.sanitize_crypto || f.sanitize_overwrite || f.security);
        assert_int_equal(f.rotation, 1);
}

static void test_identify_of_a_4k_ssd(void **state) {
        struct ata_features f;
        uint8_t data[ATA_BLOCK];

        (void) state;
        identify(data, 244190646, 0xb000, 0x29, 1);
        put_word(data, 106, 0x4000 | 1 << 12);
        put_words(data, 117, 2, 2048);
        put_word(data, 119, 0x411c);
        put_word(data, 169, 1);
        put_word(data, 69, 1 << 14 | 1 << 5);
        put_checksum(data);
        assert_true(ata_identify_parse(data, &f));
        assert_int_equal(f.logical_block, 4096);
        assert_true(f.ama && f.trim && f.trim_deterministic && f.trim_zeros);
        assert_true(f.sanitize_crypto && f.sanitize_block && !f.sanitize_overwrite);
}

/* What a bridge makes up, what was damaged on the way, an optical drive. */
static void test_identify_refused(void **state) {
        struct ata_features f;
        uint8_t data[ATA_BLOCK] = { 0 };

        (void) state;
        assert_false(ata_identify_parse(data, &f));
        memset(data, 0xff, sizeof data);
        assert_false(ata_identify_parse(data, &f));
        identify(data, 1000, SANITIZE_ALL, 0, 7200);
        data[118] ^= 1; /* its checksum no longer holds */
        assert_false(ata_identify_parse(data, &f));
        assert_int_equal(f.sectors, 0);
        identify(data, 1000, SANITIZE_ALL, 0, 7200);
        put_word(data, 0, 0x8580);
        put_checksum(data);
        assert_false(ata_identify_parse(data, &f));
        identify(data, 1000, 0, 0, 7200);
        data[510] = data[511] = 0; /* of before checksums */
        assert_true(ata_identify_parse(data, &f));
        assert_true(f.checksum_missing);
}

static void test_configuration(void **state) {
        uint8_t data[ATA_BLOCK] = { 0 };

        (void) state;
        assert_int_equal(ata_configuration_parse(data), 0);
        put_word(data, 0, 2);
        put_words(data, 3, 4, 1953525167);
        assert_int_equal(ata_configuration_parse(data), 0); /* unsigned: nothing can be built on it */
        put_checksum(data);
        assert_int_equal(ata_configuration_parse(data), 1953525168);
}

/* SAT's two envelopes, against what the standard prints. */
static void test_wrap(void **state) {
        const struct ata_taskfile task = ata_sanitize_task(ATA_SANITIZE_OVERWRITE, 0x55aa1234);
        static const uint8_t expected[16] = { 0x85, 0x07, 0x20, 0x00, 0x14, 0x00, 0x01, 0x55,
                                              0x34, 0x57, 0x12, 0x4f, 0xaa, 0x40, 0xb4, 0x00 };
        const struct ata_taskfile ask = { .command = ATA_IDENTIFY, .count = 1 };
        static const uint8_t twelve[12] = { 0xa1, 0x08, 0x0e, 0, 1, 0, 0, 0, 0, 0xec, 0, 0 };
        struct scsi_command command;
        uint8_t data[ATA_BLOCK];

        (void) state;
        assert_true(ata_wrap(&task, DATA_NONE, NULL, 0, false, 1000, &command));
        assert_int_equal(command.cdb_n, 16);
        assert_memory_equal(command.cdb, expected, 16);
        assert_false(ata_wrap(&task, DATA_NONE, NULL, 0, true, 1000, &command));
        assert_true(ata_wrap(&ask, DATA_IN, data, sizeof data, true, 1000, &command));
        assert_int_equal(command.cdb_n, 12);
        assert_memory_equal(command.cdb, twelve, 12);
        assert_int_equal(ata_sanitize_task(ATA_SANITIZE_CRYPTO, 0).lba, 0x43727970);
        assert_int_equal(ata_sanitize_task(ATA_SANITIZE_BLOCK, 0).lba, 0x426b4572);
}

static void test_registers(void **state) {
        /* READ NATIVE MAX ADDRESS EXT of a disk of a terabyte, as libata brings it */
        const uint8_t descriptor[] = { 0x72, 1, 0, 0x1d, 0,    0, 0,    14, 0x09, 12,   1,
                                       0,    0, 0, 0x74, 0xaf, 0, 0x6d, 0,  0x70, 0x40, 0x50 };
        const uint8_t fixed[] = { 0x70, 0, 1, 0x50, 0, 0, 0, 10, 0x80, 0xaf, 0x6d, 0x70, 0, 0x1d };
        struct ata_registers registers;

        (void) state;
        assert_true(ata_registers_parse(descriptor, sizeof descriptor, &registers));
        assert_true(registers.whole);
        assert_int_equal(registers.lba, 1953525167);
        assert_int_equal(registers.status, 0x50);
        assert_false(ata_registers_parse(descriptor, sizeof descriptor - 1, &registers));
        assert_true(ata_registers_parse(fixed, sizeof fixed, &registers));
        assert_false(registers.whole);
        assert_int_equal(registers.error, 0x50);
        assert_false(ata_registers_parse(fixed, 8, &registers));
        assert_false(ata_registers_parse(NULL, 0, &registers));
}

static void test_sanitize_status(void **state) {
        struct ata_registers working = { .status = 0x50, .count = 0x4000, .lba = 0x8000 };
        struct ata_registers done = { .status = 0x50, .count = 0x8000, .lba = 0xffff };
        struct ata_registers failed = { .status = 0x51, .error = 4, .lba = 1 };
        struct ata_registers frozen = { .status = 0x50, .count = 0x2000 };
        struct ata_sanitize_state s;

        (void) state;
        s = ata_sanitize_parse(&working);
        assert_true(s.in_progress && !s.completed && !s.failed);
        assert_int_equal(s.progress, 0x8000);
        s = ata_sanitize_parse(&done);
        assert_true(s.completed && !s.in_progress && !s.failed);
        s = ata_sanitize_parse(&failed);
        assert_true(s.failed && !s.completed && !s.in_progress);
        s = ata_sanitize_parse(&frozen);
        assert_true(s.frozen);
}

static void test_vital_product_data(void **state) {
        const uint8_t pages[] = { 0, 0, 0, 5, 0x00, 0x80, 0x83, 0xb1, 0xb2, 0x89 /* past its length */ };
        const uint8_t b1[64] = { 0, 0xb1, 0, 0x3c, 0x1c, 0x20 };
        const uint8_t b2[8] = { 0, 0xb2, 0, 4, 0, 0x84 };
        static uint8_t ata[60 + 512] = { 0, 0x89, 2, 0x38 };
        bool unmap, zeros;

        (void) state;
        assert_true(scsi_vpd_listed(pages, sizeof pages, 0xb1));
        assert_false(scsi_vpd_listed(pages, sizeof pages, 0x89));
        assert_false(scsi_vpd_listed(pages, 3, 0x00));
        assert_int_equal(scsi_vpd_rotation(b1, sizeof b1), 7200);
        assert_int_equal(scsi_vpd_rotation(b1, 5), 0);
        assert_int_equal(scsi_vpd_rotation(b2, sizeof b2), 0); /* another page */
        scsi_vpd_provisioning(b2, sizeof b2, &unmap, &zeros);
        assert_true(unmap && zeros);
        scsi_vpd_provisioning(b1, sizeof b1, &unmap, &zeros);
        assert_false(unmap || zeros);
        assert_ptr_equal(scsi_vpd_ata(ata, sizeof ata), ata + 60);
        assert_null(scsi_vpd_ata(ata, sizeof ata - 1));
}

static void test_supported_commands(void **state) {
        const uint8_t yes[] = { 0, 3, 0, 10 }, not_standard[] = { 0, 5, 0, 10 }, no[] = { 0, 1, 0, 0 },
                      unknown[] = { 0, 0, 0, 0 };
        uint8_t data[16];
        struct scsi_command command = scsi_supported(SCSI_SANITIZE, SCSI_SANITIZE_BLOCK, data, sizeof data);
        static const uint8_t expected[12] = { 0xa3, 0x0c, 2, 0x48, 0, 2, 0, 0, 0, 16, 0, 0 };

        (void) state;
        assert_true(scsi_command_supported(yes, 4));
        assert_true(scsi_command_supported(not_standard, 4));
        assert_false(scsi_command_supported(no, 4));
        assert_false(scsi_command_supported(unknown, 4));
        assert_false(scsi_command_supported(yes, 2));
        assert_memory_equal(command.cdb, expected, 12);
}

static void test_sense(void **state) {
        const uint8_t working[18] = { 0x70, 0, 2, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x04, 0x1b, 0, 0x80, 0x40, 0 };
        const uint8_t formatting[] = { 0x72, 2, 4, 4, 0, 0, 0, 8, 2, 6, 0, 0, 0x80, 0x20, 0, 0 };
        const uint8_t failed[18] = { 0x70, 0, 3, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x31, 0x03 };
        const uint8_t attention[18] = { 0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x2a, 0x01 };
        const uint8_t broken[18] = { 0x70, 0, 4, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x44, 0x00 };
        const uint8_t fine[18] = { 0x70 };
        struct scsi_sense s;

        (void) state;
        assert_true(scsi_sense_parse(working, sizeof working, &s));
        assert_true(s.progress_valid);
        assert_int_equal(s.progress, 0x4000);
        assert_int_equal(scsi_activity_of(&s), SCSI_AT_WORK);
        assert_true(scsi_sense_parse(formatting, sizeof formatting, &s));
        assert_int_equal(s.progress, 0x2000);
        assert_int_equal(scsi_activity_of(&s), SCSI_AT_WORK);
        assert_true(scsi_sense_parse(failed, sizeof failed, &s));
        assert_int_equal(scsi_activity_of(&s), SCSI_SANITIZE_FAILED);
        assert_true(scsi_sense_parse(attention, sizeof attention, &s));
        assert_int_equal(scsi_activity_of(&s), SCSI_IDLE);
        assert_true(scsi_sense_parse(broken, sizeof broken, &s));
        assert_int_equal(scsi_activity_of(&s), SCSI_TROUBLE);
        assert_true(scsi_sense_parse(fine, sizeof fine, &s));
        assert_int_equal(scsi_activity_of(&s), SCSI_IDLE);
        assert_false(scsi_sense_parse(working, 2, &s));
        assert_false(scsi_sense_parse((const uint8_t[]){ 0 }, 1, &s));
}

static void test_nvme(void **state) {
        static uint8_t page[NVME_PAGE];
        uint8_t log[NVME_SANITIZE_LOG] = { 0x00, 0x80, 0x02, 0x00 };
        struct nvme_features f;
        struct nvme_sanitize_state s;
        struct nvme_command command;

        (void) state;
        memset(page, 0, sizeof page);
        assert_false(nvme_controller_parse(page, &f));
        page[0] = 0x4d;
        page[1] = 0x14;
        memcpy(page + 4, "S4EWNX0R123456      ", 20);
        memcpy(page + 24, "Samsung SSD 970 EVO Plus 1TB            ", 40);
        page[76] = 2;
        page[256] = 0x17;
        page[328] = 3;
        page[520] = 0x5f;
        page[524] = 6;
        assert_true(nvme_controller_parse(page, &f));
        assert_string_equal(f.serial, "S4EWNX0R123456");
        assert_string_equal(f.model, "Samsung SSD 970 EVO Plus 1TB");
        assert_true(f.sanitize_crypto && f.sanitize_block && !f.sanitize_overwrite);
        assert_true(f.format && f.format_crypto && f.erase_all && !f.format_all && f.several_controllers);
        memset(page, 0, sizeof page);
        page[26] = 0x11;
        page[29] = 0x09;
        page[30] = 1;
        page[33] = 1;
        nvme_namespace_parse(page, &f);
        assert_true(f.shared && f.discard_zeros);
        command = nvme_format(&f, 1, 2);
        assert_int_equal(command.cdw10, 1 | 0x10 | 1 << 5 | 1 << 8 | 2 << 9);
        memset(page, 0, sizeof page);
        page[0] = 1;
        page[4] = 2;
        assert_int_equal(nvme_list_count(page), 2);
        memset(page, 1, sizeof page);
        assert_int_equal(nvme_list_count(page), 1024);
        memset(log + 8, 0xff, 4);
        log[12] = 60;
        s = nvme_sanitize_parse(log, sizeof log);
        assert_int_equal(s.status, NVME_IN_PROGRESS);
        assert_int_equal(s.progress, 0x8000);
        assert_int_equal(s.seconds_overwrite, 0);
        assert_int_equal(s.seconds_block, 60);
        log[2] = 7; /* reserved: no success */
        assert_int_equal(nvme_sanitize_parse(log, sizeof log).status, NVME_FAILED);
        assert_int_equal(nvme_sanitize_parse(log, 4).status, NVME_NEVER);
        assert_int_equal(nvme_sanitize(NVME_SANITIZE_OVERWRITE, 0x55555555).cdw10, 3 | 1 << 4);
}

/* S5: what is hidden, in bytes; a nonsense answer hides nothing and promises nothing. */
static void test_hidden(void **state) {
        struct device_firmware f = { .ata_answers = true, .ata = { .logical_block = 512 } };

        (void) state;
        f.hidden = (struct firmware_hidden){ true, true, 1000, 1000, 1000 };
        assert_int_equal(device_hidden_bytes(&f), 0);
        f.hidden.native = 1200;
        assert_int_equal(device_hidden_bytes(&f), 200 * 512);
        f.hidden.configured = 1500;
        assert_int_equal(device_hidden_bytes(&f), 500 * 512);
        f.hidden.native = 10;
        f.hidden.configured = 0;
        assert_int_equal(device_hidden_bytes(&f), 0);
}

static void test_rotation(void **state) {
        struct firmware_rotation r = { 1, 1, 1, 0 };

        (void) state;
        assert_false(device_rotation_contradicts(&r));
        r.identify = -1;
        assert_true(device_rotation_contradicts(&r));
        r = (struct firmware_rotation){ -1, 0, 0, -1 };
        assert_false(device_rotation_contradicts(&r));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_identify),
                cmocka_unit_test(test_identify_of_a_4k_ssd),
                cmocka_unit_test(test_identify_refused),
                cmocka_unit_test(test_configuration),
                cmocka_unit_test(test_wrap),
                cmocka_unit_test(test_registers),
                cmocka_unit_test(test_sanitize_status),
                cmocka_unit_test(test_vital_product_data),
                cmocka_unit_test(test_supported_commands),
                cmocka_unit_test(test_sense),
                cmocka_unit_test(test_nvme),
                cmocka_unit_test(test_hidden),
                cmocka_unit_test(test_rotation),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
