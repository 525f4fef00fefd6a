#include "device/ata.h"

#include <string.h>

static unsigned word(const uint8_t *data, size_t i) {
        return (unsigned) data[2 * i] | (unsigned) data[2 * i + 1] << 8;
}

static uint64_t words(const uint8_t *data, size_t i, size_t n) {
        uint64_t value = 0;

        while (n-- > 0)
                value = value << 16 | word(data, i + n);
        return value;
}

/* Two characters a word, the first in the upper half; spaces around are no part of it. */
static void text(const uint8_t *data, size_t first, size_t n, char *out) {
        size_t at = 0, begin = 0;

        for (size_t i = 0; i < n; i++) {
                unsigned value = word(data, first + i);
                char pair[2] = { (char) (value >> 8), (char) (value & 0xff) };

                for (size_t j = 0; j < 2; j++)
                        out[at++] = pair[j] >= ' ' && pair[j] < 127 ? pair[j] : ' ';
        }
        while (at > 0 && out[at - 1] == ' ')
                at--;
        while (begin < at && out[begin] == ' ')
                begin++;
        memmove(out, out + begin, at - begin);
        out[at - begin] = '\0';
}

static bool sums_to_zero(const uint8_t data[ATA_BLOCK]) {
        uint8_t sum = 0;

        for (size_t i = 0; i < ATA_BLOCK; i++)
                sum = (uint8_t) (sum + data[i]);
        return sum == 0;
}

/* Words 82 and following hold only where 83 says so, 119 where it says so itself. */
static bool holds(unsigned value) {
        return (value & 0xc000) == 0x4000;
}

/* ACS-3 widened the field and marks that by bit 15; before, only the lower byte counts. In units of two minutes. */
static int minutes(unsigned value) {
        return (int) (value & 0x8000 ? value & 0x7fff : value & 0xff) * 2;
}

static void parse_security(const uint8_t *data, struct ata_features *f) {
        unsigned state = word(data, 128);

        f->security_word = (uint16_t) state;
        f->security = (state & 1) != 0;
        f->security_enabled = f->security && state & 2;
        f->security_locked = f->security && state & 4;
        f->security_frozen = f->security && state & 8;
        f->security_expired = f->security && state & 16;
        f->security_enhanced = f->security && state & 32;
        f->erase_minutes = f->security ? minutes(word(data, 89)) : 0;
        f->enhanced_minutes = f->security_enhanced ? minutes(word(data, 90)) : 0;
}

static void parse_capacity(const uint8_t *data, struct ata_features *f) {
        unsigned sector = word(data, 106);

        f->lba48 = holds(word(data, 83)) && word(data, 83) & 1 << 10;
        f->sectors = f->lba48 ? words(data, 100, 4) & 0xffffffffffff : words(data, 60, 2);
        f->logical_block = 512;
        if (holds(sector) && sector & 1 << 12 && words(data, 117, 2) >= 256 && words(data, 117, 2) <= 1 << 20)
                f->logical_block = (uint32_t) words(data, 117, 2) * 2;
}

bool ata_identify_parse(const uint8_t data[ATA_BLOCK], struct ata_features *ret) {
        struct ata_features f = { .valid = true, .transport = -1 };
        unsigned sets = holds(word(data, 83)) ? word(data, 82) : 0,
                 more = holds(word(data, 83)) ? word(data, 83) : 0;
        unsigned sanitize = word(data, 59), rate = word(data, 217), major = word(data, 222);
        bool signature = data[510] == 0xa5;

        *ret = (struct ata_features){ .transport = -1 };
        /* Bit 15 set is an ATAPI device; all zeros or ones is a bridge that made it up. */
        if (word(data, 0) & 0x8000 || word(data, 80) == 0 || word(data, 80) == 0xffff)
                return false;
        if (signature && !sums_to_zero(data))
                return false;
        f.checksum_missing = !signature;
        text(data, 10, 10, f.serial);
        text(data, 23, 4, f.firmware);
        text(data, 27, 20, f.model);
        parse_capacity(data, &f);
        f.sanitize = sanitize & 1 << 12;
        f.sanitize_crypto = f.sanitize && sanitize & 1 << 13;
        f.sanitize_overwrite = f.sanitize && sanitize & 1 << 14;
        f.sanitize_block = f.sanitize && sanitize & 1 << 15;
        f.hpa = sets & 1 << 10;
        f.hpa_enabled = f.hpa && word(data, 85) & 1 << 10;
        f.dco = more & 1 << 11;
        f.ama = holds(word(data, 119)) && word(data, 119) & 1 << 8;
        parse_security(data, &f);
        f.trim = word(data, 169) & 1;
        f.trim_deterministic = f.trim && word(data, 69) & 1 << 14;
        f.trim_zeros = f.trim_deterministic && word(data, 69) & 1 << 5;
        f.rotation = rate == 1 || (rate >= 0x401 && rate < 0xffff) ? (int) rate : 0;
        if (major != 0 && major != 0xffff)
                f.transport = (int) (major >> 12);
        *ret = f;
        return true;
}

uint64_t ata_configuration_parse(const uint8_t data[ATA_BLOCK]) {
        uint64_t most = words(data, 3, 4) & 0xffffffffffff;

        if (data[510] != 0xa5 || !sums_to_zero(data) || word(data, 0) == 0 || most == 0)
                return 0;
        return most + 1;
}

/* Byte 1: protocol. Byte 2: where the length stands and which way the data goes; a command without data has the
 * registers sent back even when all is well, which with data some bridges take badly. */
bool ata_wrap(const struct ata_taskfile *task, enum passthrough_data direction, void *data, size_t size,
              bool twelve, unsigned timeout_ms, struct scsi_command *ret) {
        uint8_t protocol = direction == DATA_IN ? 4 : direction == DATA_OUT ? 5 : 3;
        uint8_t flags = direction == DATA_IN ? 0x0e : direction == DATA_OUT ? 0x06 : 0x20;
        struct scsi_command command = {
                .direction = direction, .data = data, .size = size, .timeout_ms = timeout_ms
        };
        uint8_t *cdb = command.cdb;

        if (twelve && (task->extended || task->feature > 0xff || task->count > 0xff || task->lba > 0xfffffff))
                return false;
        cdb[0] = twelve ? 0xa1 : 0x85;
        cdb[1] = (uint8_t) (protocol << 1 | (task->extended ? 1 : 0));
        cdb[2] = flags;
        command.cdb_n = twelve ? 12 : 16;
        if (twelve) {
                const uint8_t registers[] = { (uint8_t) task->feature,
                                              (uint8_t) task->count,
                                              (uint8_t) task->lba,
                                              (uint8_t) (task->lba >> 8),
                                              (uint8_t) (task->lba >> 16),
                                              task->device,
                                              task->command };

                memcpy(cdb + 3, registers, sizeof registers);
        } else {
                const uint8_t registers[] = { (uint8_t) (task->feature >> 8),
                                              (uint8_t) task->feature,
                                              (uint8_t) (task->count >> 8),
                                              (uint8_t) task->count,
                                              (uint8_t) (task->lba >> 24),
                                              (uint8_t) task->lba,
                                              (uint8_t) (task->lba >> 32),
                                              (uint8_t) (task->lba >> 8),
                                              (uint8_t) (task->lba >> 40),
                                              (uint8_t) (task->lba >> 16),
                                              task->device,
                                              task->command };

                memcpy(cdb + 3, registers, sizeof registers);
        }
        *ret = command;
        return true;
}

static bool from_descriptor(const uint8_t *sense, size_t n, struct ata_registers *ret) {
        for (size_t at = 8; at + 2 <= n; at += (size_t) sense[at + 1] + 2) {
                const uint8_t *d = sense + at;

                if (d[0] != 0x09 || d[1] != 12 || at + 14 > n)
                        continue;
                *ret = (struct ata_registers){
                        .error = d[3],
                        .count = (uint16_t) (d[4] << 8 | d[5]),
                        .lba = (uint64_t) d[7] | (uint64_t) d[9] << 8 | (uint64_t) d[11] << 16 |
                               (uint64_t) d[6] << 24 | (uint64_t) d[8] << 32 | (uint64_t) d[10] << 40,
                        .device = d[12],
                        .status = d[13],
                        .whole = d[2] & 1,
                };
                return true;
        }
        return false;
}

/* Fixed format: 00/1D, "ATA pass-through information available". */
static bool from_fixed(const uint8_t *sense, size_t n, struct ata_registers *ret) {
        if (n < 14 || sense[12] != 0x00 || sense[13] != 0x1d)
                return false;
        *ret = (struct ata_registers){
                .error = sense[3],
                .status = sense[4],
                .device = sense[5],
                .count = sense[6],
                .lba = (uint64_t) sense[9] | (uint64_t) sense[10] << 8 | (uint64_t) sense[11] << 16,
        };
        return true;
}

bool ata_registers_parse(const uint8_t *sense, size_t n, struct ata_registers *ret) {
        uint8_t format = n > 0 ? sense[0] & 0x7f : 0;

        if (format == 0x72 || format == 0x73)
                return from_descriptor(sense, n, ret);
        return (format == 0x70 || format == 0x71) && from_fixed(sense, n, ret);
}

struct ata_sanitize_state ata_sanitize_parse(const struct ata_registers *registers) {
        bool error = registers->status & (ATA_STATUS_ERR | ATA_STATUS_DF);

        return (struct ata_sanitize_state){
                .completed = !error && registers->count & 0x8000,
                .in_progress = !error && registers->count & 0x4000,
                .frozen = !error && registers->count & 0x2000,
                /* with an error the lower byte says why: 1 is "the last one was not successful" */
                .failed = error && (registers->lba & 0xff) == 1,
                .progress = (uint16_t) registers->lba,
        };
}

/* The keys in the LBA are the standard's own guards against a stray command. No failure mode bit: a device whose
 * sanitize failed stays shut until another one succeeds. */
struct ata_taskfile ata_sanitize_task(enum ata_sanitize_feature feature, uint32_t pattern) {
        struct ata_taskfile task = {
                .command = ATA_SANITIZE, .feature = (uint16_t) feature, .extended = true, .device = 0x40
        };

        if (feature == ATA_SANITIZE_CRYPTO)
                task.lba = 0x43727970;
        else if (feature == ATA_SANITIZE_BLOCK)
                task.lba = 0x426b4572;
        else if (feature == ATA_SANITIZE_OVERWRITE) {
                task.lba = UINT64_C(0x4f57) << 32 | pattern;
                task.count = 1; /* pass */
        }
        return task;
}

void ata_security_block(const uint8_t password[ATA_PASSWORD], bool enhanced, uint8_t out[ATA_BLOCK]) {
        memset(out, 0, ATA_BLOCK);
        out[0] = enhanced ? 2 : 0; /* the user's password, security "high": a master password opens it too */
        memcpy(out + 2, password, ATA_PASSWORD);
}
