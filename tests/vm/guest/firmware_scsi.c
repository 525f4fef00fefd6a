/* The disk's SCSI side: what it is, reading and writing, SANITIZE and FORMAT UNIT. */
#include "firmware_disk.h"

#include <string.h>

enum {
        TEST_UNIT_READY = 0x00,
        REQUEST_SENSE = 0x03,
        FORMAT_UNIT = 0x04,
        INQUIRY = 0x12,
        MODE_SENSE_6 = 0x1a,
        START_STOP = 0x1b,
        PREVENT_ALLOW = 0x1e,
        READ_CAPACITY_10 = 0x25,
        READ_10 = 0x28,
        WRITE_10 = 0x2a,
        SYNCHRONIZE_10 = 0x35,
        SANITIZE = 0x48,
        MODE_SENSE_10 = 0x5a,
        ATA_16 = 0x85,
        READ_16 = 0x88,
        WRITE_16 = 0x8a,
        SYNCHRONIZE_16 = 0x91,
        SERVICE_IN_16 = 0x9e,
        ATA_12 = 0xa1,
        MAINTENANCE_IN = 0xa3,
};
enum { NOT_READY = 2, MEDIUM_ERROR = 3, HARDWARE_ERROR = 4, ILLEGAL = 5, ATTENTION = 6, PROTECTED = 7 };

static const struct listed {
        uint8_t opcode;
        int action; /* -1: none */
        uint8_t size;
} commands[] = {
        { TEST_UNIT_READY, -1, 6 },   { REQUEST_SENSE, -1, 6 },     { FORMAT_UNIT, -1, 6 },
        { INQUIRY, -1, 6 },           { MODE_SENSE_6, -1, 6 },      { START_STOP, -1, 6 },
        { PREVENT_ALLOW, -1, 6 },     { READ_CAPACITY_10, -1, 10 }, { READ_10, -1, 10 },
        { WRITE_10, -1, 10 },         { SYNCHRONIZE_10, -1, 10 },   { SANITIZE, 1, 10 },
        { SANITIZE, 2, 10 },          { SANITIZE, 3, 10 },          { MODE_SENSE_10, -1, 10 },
        { ATA_16, -1, 16 },           { READ_16, -1, 16 },          { WRITE_16, -1, 16 },
        { SYNCHRONIZE_16, -1, 16 },   { SERVICE_IN_16, 0x10, 16 },  { ATA_12, -1, 12 },
        { MAINTENANCE_IN, 0x0c, 12 },
};

void sense(struct reply *reply, uint8_t key, uint8_t asc, uint8_t ascq) {
        memset(reply->sense, 0, SENSE);
        reply->status = 2; /* CHECK CONDITION */
        reply->sense[0] = 0x70;
        reply->sense[2] = key;
        reply->sense[7] = 10;
        reply->sense[12] = asc;
        reply->sense[13] = ascq;
}

static void sense_progress(const struct disk *disk, struct reply *reply) {
        sense(reply, NOT_READY, 0x04, disk->state.work == WORK_FORMAT ? 0x04 : 0x1b);
        reply->sense[15] = 0x80;
        put16(reply->sense + 16, erase_progress(disk));
}

bool scsi_has_data_out(const uint8_t *cdb) {
        switch (cdb[0]) {
        case WRITE_10:
        case WRITE_16:
        case FORMAT_UNIT:
        case SANITIZE: return true;
        case ATA_12:
        case ATA_16: return (cdb[2] & 3) != 0 && !(cdb[2] & 8);
        default: return false;
        }
}

/* An answer of n bytes, of which at most `room` are wanted. */
static void give(const struct command *command, const uint8_t *answer, size_t n, size_t room, struct reply *reply) {
        reply->got = n < room ? n : room;
        if (reply->got > command->size)
                reply->got = command->size;
        memcpy(command->data, answer, reply->got);
}

static void pad(uint8_t *at, const char *text, size_t n) {
        size_t length = strlen(text);

        memset(at, ' ', n);
        memcpy(at, text, length < n ? length : n);
}

/* --- what it is -------------------------------------------------------------------------------------------------
 */

static size_t page_numbers(const struct disk *disk, uint8_t *page) {
        size_t n = 4;

        page[n++] = 0x00;
        page[n++] = 0x80;
        page[n++] = 0x83;
        if (disk->config.ata)
                page[n++] = 0x89;
        page[n++] = 0xb0;
        page[n++] = 0xb1;
        page[n++] = 0xb2;
        return n;
}

static size_t page_identification(const struct disk *disk, uint8_t *page) {
        uint8_t *d = page + 4;

        d[0] = 0x02; /* T10 vendor ID, ASCII */
        d[1] = 0x01;
        d[3] = 8 + 16 + 20;
        pad(d + 4, disk->config.vendor, 8);
        pad(d + 12, disk->config.model, 16);
        pad(d + 28, disk->config.serial, 20);
        if (!disk->config.wwn)
                return 4 + 48;
        d += 48;
        d[0] = 0x01; /* NAA, binary */
        d[1] = 0x03;
        d[3] = 8;
        put64(d + 4, disk->config.wwn);
        return 4 + 48 + 12;
}

static size_t page_ata(const struct disk *disk, uint8_t *page) {
        pad(page + 8, "LAB", 8);
        pad(page + 16, "SATL", 16);
        pad(page + 32, "1", 4);
        page[56] = 0xec;
        ata_identify_data(disk, page + 60);
        return 572;
}

/* The page's length with its head, or 0 when there is none of this number. */
static size_t vital_page(const struct disk *disk, uint8_t number, uint8_t *page) {
        size_t n = 0;

        switch (number) {
        case 0x00: n = page_numbers(disk, page); break;
        case 0x80:
                pad(page + 4, disk->config.serial, 20);
                n = 24;
                break;
        case 0x83: n = page_identification(disk, page); break;
        case 0x89: n = disk->config.ata ? page_ata(disk, page) : 0; break;
        case 0xb0:
                put32(page + 8, 4096); /* blocks in one request */
                n = 64;
                break;
        case 0xb1:
                put16(page + 4, disk->config.rotation);
                n = 64;
                break;
        case 0xb2: n = 8; break;
        default: break;
        }
        page[1] = number;
        if (n > 0)
                put16(page + 2, (unsigned) n - 4);
        return n;
}

static void inquiry(struct disk *disk, const struct command *command, struct reply *reply) {
        uint8_t answer[640] = { 0 };
        size_t n = 96;

        if (command->cdb[1] & 1) {
                n = vital_page(disk, command->cdb[2], answer);
        } else {
                answer[2] = 6; /* SPC-4 */
                answer[3] = 2;
                answer[4] = 91;
                pad(answer + 8, disk->config.ata ? "ATA" : disk->config.vendor, 8);
                pad(answer + 16, disk->config.model, 16);
                pad(answer + 32, "1.0", 4);
        }
        if (n == 0)
                sense(reply, ILLEGAL, 0x24, 0x00);
        else
                give(command, answer, n, get16(command->cdb + 3), reply);
}

/* One page with its head; the number of bytes. */
static size_t put_page(uint8_t *at, uint8_t page, uint8_t size) {
        at[0] = page;
        at[1] = (uint8_t) (size - 2);
        return size;
}

static void mode_sense(const struct disk *disk, const struct command *command, struct reply *reply) {
        bool ten = command->cdb[0] == MODE_SENSE_10, described = !(command->cdb[1] & 0x08);
        uint8_t answer[96] = { 0 }, page = command->cdb[2] & 0x3f;
        size_t head = ten ? 8 : 4, n = head + (described ? 8 : 0), before = n;

        if (page == 0x01 || page == 0x3f)
                n += put_page(answer + n, 0x01, 12);
        if (page == 0x08 || page == 0x3f)
                n += put_page(answer + n, 0x08, 20); /* no write cache: what it took it has */
        if (page == 0x0a || page == 0x3f)
                n += put_page(answer + n, 0x0a, 12);
        if (n == before) {
                sense(reply, ILLEGAL, 0x24, 0x00);
                return;
        }
        if (described) {
                answer[head - 1] = 8;
                put32(answer + head, (uint32_t) disk_shown(disk));
                put32(answer + head + 4, SECTOR);
        }
        if (ten)
                put16(answer, (unsigned) n - 2);
        else
                answer[0] = (uint8_t) (n - 1);
        give(command, answer, n, ten ? get16(command->cdb + 7) : command->cdb[4], reply);
}

static void capacity(struct disk *disk, const struct command *command, struct reply *reply) {
        uint8_t answer[32] = { 0 };
        uint64_t last = disk_shown(disk) - 1;

        if (command->cdb[0] == READ_CAPACITY_10) {
                put32(answer, last > 0xffffffff ? 0xffffffff : (uint32_t) last);
                put32(answer + 4, SECTOR);
                give(command, answer, 8, 8, reply);
        } else if ((command->cdb[1] & 0x1f) != 0x10) {
                sense(reply, ILLEGAL, 0x20, 0x00);
        } else {
                put64(answer, last);
                put32(answer + 8, SECTOR);
                give(command, answer, 32, get32(command->cdb + 10), reply);
        }
}

static bool is_offered(const struct config *config, const struct listed *listed) {
        if (listed->opcode == SANITIZE)
                return config->sanitize >> (listed->action - 1) & 1;
        if (listed->opcode == FORMAT_UNIT)
                return config->format;
        if (listed->opcode == ATA_16)
                return config->ata && !config->only_twelve;
        return listed->opcode != ATA_12 || config->ata;
}

static void supported_one(struct disk *disk, const struct command *command, struct reply *reply) {
        const uint8_t *cdb = command->cdb;
        uint8_t answer[4 + 16] = { 0, 1 }; /* 1: not supported */
        size_t n = 4;

        for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
                if (commands[i].opcode == cdb[3] && is_offered(&disk->config, &commands[i]) &&
                    ((cdb[2] & 7) == 1 || commands[i].action < 0 || commands[i].action == (int) get16(cdb + 4))) {
                        answer[1] = 3;
                        put16(answer + 2, commands[i].size);
                        memset(answer + 4, 0xff, commands[i].size);
                        answer[4] = cdb[3];
                        n = 4 + commands[i].size;
                }
        give(command, answer, n, get32(cdb + 6), reply);
}

static void supported(struct disk *disk, const struct command *command, struct reply *reply) {
        uint8_t answer[4 + 8 * 32] = { 0 };
        size_t n = 4;

        if ((command->cdb[1] & 0x1f) != 0x0c || !disk->config.lists_commands) {
                sense(reply, ILLEGAL, 0x20, 0x00);
                return;
        }
        if ((command->cdb[2] & 7) != 0) {
                supported_one(disk, command, reply);
                return;
        }
        for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
                if (!is_offered(&disk->config, &commands[i]))
                        continue;
                answer[n] = commands[i].opcode;
                if (commands[i].action >= 0) {
                        put16(answer + n + 2, (unsigned) commands[i].action);
                        answer[n + 5] = 1;
                }
                put16(answer + n + 6, commands[i].size);
                n += 8;
        }
        put32(answer, (uint32_t) n - 4);
        give(command, answer, n, get32(command->cdb + 6), reply);
}

/* --- reading and writing
 * ------------------------------------------------------------------------------------------- */

static void transfer(struct disk *disk, const struct command *command, bool write, struct reply *reply) {
        bool ten = command->cdb[0] == READ_10 || command->cdb[0] == WRITE_10;
        uint64_t at = ten ? get32(command->cdb + 2) : get64(command->cdb + 2);
        uint64_t n = ten ? get16(command->cdb + 7) : get32(command->cdb + 10);
        uint8_t *place = disk->data + at * SECTOR;

        if (at + n > disk_shown(disk) || n * SECTOR > command->size) {
                sense(reply, ILLEGAL, 0x21, 0x00);
                return;
        }
        if (!write) {
                memcpy(command->data, place, n * SECTOR);
                reply->got = n * SECTOR;
                return;
        }
        disk->writes++;
        if (disk->config.forgets || (disk->config.drops && disk->writes % 8 == 0))
                return;
        memcpy(place, command->data, n * SECTOR);
        if (disk->config.alters && disk->writes % 8 == 0 && n > 0)
                place[n * SECTOR / 2] ^= 0x10;
}

/* --- erasing
 * ------------------------------------------------------------------------------------------------------ */

static void after_start(struct disk *disk, bool immediate, struct reply *reply) {
        if (immediate || erase_wait(disk))
                return;
        if (power_was_cut())
                sense(reply, HARDWARE_ERROR, 0x44, 0x00);
        else
                sense(reply, MEDIUM_ERROR, 0x31, disk->state.sanitize_failed ? 0x03 : 0x01);
}

static void sanitize(struct disk *disk, const struct command *command, struct reply *reply) {
        unsigned action = command->cdb[1] & 0x1f;
        static const uint8_t none[4];
        uint8_t pattern[4] = { 0 };

        disk_log(disk, "SANITIZE %u%s", action, command->cdb[1] & 0x80 ? " IMMED" : "");
        if (action < 1 || action > 3 || !(disk->config.sanitize >> (action - 1) & 1)) {
                sense(reply, ILLEGAL, 0x20, 0x00);
        } else if (disk->config.mode == MODE_ABORTS) {
                sense(reply, ILLEGAL, 0x24, 0x00);
        } else if (action == 1) {
                unsigned length = command->size >= 4 ? get16(command->data + 2) : 0;

                if (length < 1 || length > command->size - 4 || (command->data[0] & 0x1f) == 0) {
                        sense(reply, ILLEGAL, 0x26, 0x00);
                        return;
                }
                for (size_t i = 0; i < 4; i++)
                        pattern[i] = command->data[4 + i % length];
                erase_start(disk, WORK_SANITIZE, FILL_PATTERN, pattern);
                after_start(disk, command->cdb[1] & 0x80, reply);
        } else {
                erase_start(disk, WORK_SANITIZE, action == 3 ? FILL_RANDOM : FILL_ZEROS, none);
                after_start(disk, command->cdb[1] & 0x80, reply);
        }
}

static void format(struct disk *disk, const struct command *command, struct reply *reply) {
        static const uint8_t none[4];
        bool immediate = command->cdb[1] & 0x10 && command->size >= 2 && command->data[1] & 0x02;

        disk_log(disk, "FORMAT UNIT%s", immediate ? " IMMED" : "");
        if (!disk->config.format) {
                sense(reply, ILLEGAL, 0x20, 0x00);
        } else if (disk->config.mode == MODE_ABORTS) {
                sense(reply, ILLEGAL, 0x24, 0x00);
        } else {
                erase_start(disk, WORK_FORMAT, FILL_ZEROS, none);
                after_start(disk, immediate, reply);
        }
}

/* --- together
 * -------------------------------------------------------------------------------------------------------- */

static void request_sense(struct disk *disk, const struct command *command, struct reply *reply) {
        struct reply said = { 0 };

        if (!erase_advance(disk))
                sense_progress(disk, &said);
        else if (disk->state.sanitize_failed)
                sense(&said, MEDIUM_ERROR, 0x31, 0x03);
        else if (disk->state.format_broken)
                sense(&said, MEDIUM_ERROR, 0x31, 0x01);
        else
                sense(&said, 0, 0, 0);
        give(command, said.sense, 18, command->cdb[4], reply);
}

/* What keeps it from its medium now; false when nothing does. */
static bool is_barred(struct disk *disk, uint8_t opcode, struct reply *reply) {
        bool medium = opcode != SANITIZE && opcode != FORMAT_UNIT && opcode != MODE_SENSE_6 &&
                      opcode != MODE_SENSE_10 && opcode != MAINTENANCE_IN;
        bool reads = opcode == READ_10 || opcode == READ_16 || opcode == WRITE_10 || opcode == WRITE_16;

        if (disk->state.bricked) {
                sense(reply, HARDWARE_ERROR, 0x44, 0x00);
        } else if (!erase_advance(disk)) {
                sense_progress(disk, reply);
        } else if (disk->attention) {
                disk->attention = false;
                sense(reply, ATTENTION, 0x29, 0x00);
        } else if (disk->state.sanitize_failed && (medium || opcode == FORMAT_UNIT)) {
                sense(reply, MEDIUM_ERROR, 0x31, 0x03);
        } else if (disk->state.format_broken && medium) {
                sense(reply, MEDIUM_ERROR, 0x31, 0x00);
        } else if (disk->locked && reads) {
                sense(reply, PROTECTED, 0x74, 0x71);
        } else {
                return false;
        }
        return true;
}

static void medium_answer(struct disk *disk, const struct command *command, struct reply *reply) {
        uint8_t opcode = command->cdb[0];

        if (is_barred(disk, opcode, reply))
                return;
        switch (opcode) {
        case TEST_UNIT_READY:
        case START_STOP:
        case PREVENT_ALLOW:
        case SYNCHRONIZE_10:
        case SYNCHRONIZE_16: return;
        case READ_10:
        case READ_16: transfer(disk, command, false, reply); return;
        case WRITE_10:
        case WRITE_16: transfer(disk, command, true, reply); return;
        case READ_CAPACITY_10:
        case SERVICE_IN_16: capacity(disk, command, reply); return;
        case MODE_SENSE_6:
        case MODE_SENSE_10: mode_sense(disk, command, reply); return;
        case MAINTENANCE_IN: supported(disk, command, reply); return;
        case SANITIZE: sanitize(disk, command, reply); return;
        case FORMAT_UNIT: format(disk, command, reply); return;
        default: sense(reply, ILLEGAL, 0x20, 0x00);
        }
}

void scsi_answer(struct disk *disk, const struct command *command, struct reply *reply) {
        switch (command->cdb[0]) {
        case INQUIRY: inquiry(disk, command, reply); return;
        case REQUEST_SENSE: request_sense(disk, command, reply); return;
        case ATA_12:
        case ATA_16:
                if (disk->config.ata && !(command->cdb[0] == ATA_16 && disk->config.only_twelve))
                        ata_answer(disk, command, reply);
                else
                        sense(reply, ILLEGAL, 0x20, 0x00);
                return;
        default: medium_answer(disk, command, reply);
        }
}
