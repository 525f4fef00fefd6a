/* The disk's ATA side, behind ATA PASS-THROUGH: IDENTIFY, SECURITY, SANITIZE DEVICE, hidden areas. */
#include "firmware_disk.h"

#include <stdio.h>
#include <string.h>

enum {
        READ_NATIVE_MAX_EXT = 0x27,
        SET_MAX_EXT = 0x37,
        ACCESSIBLE_MAX = 0x78,
        DEVICE_CONFIGURATION = 0xb1,
        SANITIZE_DEVICE = 0xb4,
        CHECK_POWER = 0xe5,
        IDENTIFY = 0xec,
        SECURITY_SET_PASSWORD = 0xf1,
        SECURITY_UNLOCK = 0xf2,
        SECURITY_ERASE_PREPARE = 0xf3,
        SECURITY_ERASE_UNIT = 0xf4,
        SECURITY_FREEZE = 0xf5,
        SECURITY_DISABLE = 0xf6,
};
enum { READY = 0x50, ERROR = 0x51, ABORTED = 0x04 };

struct task {
        uint8_t command, device;
        bool extended;
        unsigned feature, count;
        uint64_t lba;
        /* the answer */
        uint8_t status, error;
};

uint64_t disk_shown(const struct disk *disk) {
        return disk->state.shown < disk->state.configured ? disk->state.shown : disk->state.configured;
}

/* --- IDENTIFY ---------------------------------------------------------------------------------------------------
 */

static void put_word(uint8_t *data, unsigned word, unsigned value) {
        data[2 * word] = (uint8_t) value;
        data[2 * word + 1] = (uint8_t) (value >> 8);
}

static void put_words(uint8_t *data, unsigned word, unsigned n, uint64_t value) {
        for (unsigned i = 0; i < n; i++)
                put_word(data, word + i, (unsigned) (value >> (16 * i)) & 0xffff);
}

/* Two characters a word, the first in the upper half. */
static void put_text(uint8_t *data, unsigned word, unsigned n, const char *text) {
        char padded[48];

        (void) snprintf(padded, sizeof padded, "%-*s", (int) (2 * n), text);
        for (unsigned i = 0; i < n; i++)
                put_word(data, word + i, (unsigned) (uint8_t) padded[2 * i] << 8 | (uint8_t) padded[2 * i + 1]);
}

static void seal(uint8_t data[SECTOR]) {
        uint8_t sum = 0;

        data[510] = 0xa5;
        for (int i = 0; i < 511; i++)
                sum = (uint8_t) (sum + data[i]);
        data[511] = (uint8_t) -sum;
}

static void put_security(const struct disk *disk, uint8_t *out) {
        const struct config *c = &disk->config;

        put_word(out, 128,
                 (unsigned) c->security | (unsigned) disk->state.security_enabled << 1 |
                         (unsigned) disk->locked << 2 | (unsigned) disk->frozen << 3 |
                         (unsigned) (disk->tries <= 0) << 4 | (unsigned) c->enhanced << 5);
        if (c->security)
                put_word(out, 89, 1);
        if (c->security && c->enhanced)
                put_word(out, 90, 1);
}

void ata_identify_data(const struct disk *disk, uint8_t out[SECTOR]) {
        const struct config *c = &disk->config;
        uint64_t shown = disk_shown(disk);

        memset(out, 0, SECTOR);
        put_word(out, 0, 0x0040);
        put_text(out, 10, 10, c->serial);
        put_text(out, 23, 4, "1.0");
        put_text(out, 27, 20, c->model);
        put_word(out, 49, 0x0300);
        put_word(out, 53, 0x0006);
        if (c->ata_sanitize)
                put_word(out, 59,
                         0x1000U | (c->ata_sanitize & CAN_CRYPTO ? 0x2000U : 0) |
                                 (c->ata_sanitize & CAN_OVERWRITE ? 0x4000U : 0) |
                                 (c->ata_sanitize & CAN_BLOCK ? 0x8000U : 0));
        put_words(out, 60, 2, shown > 0xfffffff ? 0xfffffff : shown);
        put_word(out, 80, 0x07f0); /* up to ACS-3 */
        put_word(out, 82, 0x4000U | (c->security ? 2U : 0) | (c->hpa ? 0x400U : 0));
        put_word(out, 83, 0x7400U | (c->dco ? 0x800U : 0));
        put_word(out, 84, 0x4000);
        put_word(out, 85, 0x4000U | (disk->state.security_enabled ? 2U : 0) | (c->hpa ? 0x400U : 0));
        put_word(out, 86, 0x3400);
        put_word(out, 87, 0x4000);
        put_security(disk, out);
        put_words(out, 100, 4, shown);
        put_word(out, 106, 0x4000);
        put_words(out, 108, 4, 0);
        if (c->wwn) {
                put_word(out, 87, 0x4100);
                for (unsigned i = 0; i < 4; i++)
                        put_word(out, 108 + i, (unsigned) (c->wwn >> (48 - 16 * i)) & 0xffff);
        }
        put_word(out, 119, 0x4000U | (c->ama ? 0x100U : 0));
        put_word(out, 217, c->rotation);
        put_word(out, 222, 0x10ff);
        seal(out);
}

/* --- SECURITY ---------------------------------------------------------------------------------------------------
 */

static bool fits(const struct disk *disk, const struct command *command) {
        return command->size >= SECTOR && memcmp(command->data + 2, disk->state.password, PASSWORD) == 0;
}

static bool set_password(struct disk *disk, const struct command *command) {
        if (disk->locked || disk->frozen || command->size < SECTOR || command->data[0] & 1)
                return false; /* a master password is nobody's business here */
        memcpy(disk->state.password, command->data + 2, PASSWORD);
        disk->state.security_enabled = true;
        disk_save(disk);
        return true;
}

static bool unlock(struct disk *disk, const struct command *command) {
        if (!disk->state.security_enabled || disk->frozen || disk->tries <= 0)
                return false;
        if (!fits(disk, command)) {
                disk->tries--;
                return false;
        }
        disk->locked = false;
        return true;
}

static bool disable(struct disk *disk, const struct command *command) {
        if (disk->locked || disk->frozen || (disk->state.security_enabled && !fits(disk, command)))
                return false;
        disk->state.security_enabled = false;
        disk_save(disk);
        return true;
}

/* It answers when it is done: the command's own time is the drive's. */
static bool erase_unit(struct disk *disk, const struct command *command, bool prepared) {
        static const uint8_t pattern[4] = { 0xa5, 0x5a, 0xa5, 0x5a };
        bool enhanced = command->size >= 1 && command->data[0] & 2;

        if (!prepared || disk->frozen || !disk->state.security_enabled || !fits(disk, command) ||
            (enhanced && !disk->config.enhanced) || disk->config.mode == MODE_ABORTS)
                return false;
        erase_start(disk, WORK_SECURITY, enhanced ? FILL_PATTERN : FILL_ZEROS, pattern);
        return erase_wait(disk);
}

static bool security(struct disk *disk, struct task *task, const struct command *command) {
        bool prepared = disk->prepared;

        disk->prepared = false;
        if (!disk->config.security)
                return false;
        switch (task->command) {
        case SECURITY_SET_PASSWORD: return set_password(disk, command);
        case SECURITY_UNLOCK: return unlock(disk, command);
        case SECURITY_DISABLE: return disable(disk, command);
        case SECURITY_FREEZE: disk->frozen = true; return true;
        case SECURITY_ERASE_PREPARE: disk->prepared = !disk->frozen; return !disk->frozen;
        default: return erase_unit(disk, command, prepared);
        }
}

/* --- SANITIZE DEVICE ---------------------------------------------------------------------------------------------
 */

static bool sanitize_status(struct disk *disk, struct task *task) {
        bool over = erase_advance(disk);

        if (over && disk->state.sanitize_failed) {
                task->lba = 1; /* the last one was not successful */
                return false;
        }
        task->count = (over && disk->state.sanitize_done ? 0x8000U : 0) | (over ? 0 : 0x4000U) |
                      (disk->sanitize_frozen ? 0x2000U : 0);
        task->lba = over ? 0xffff : erase_progress(disk);
        return true;
}

static bool refuse_sanitize(struct task *task, unsigned reason) {
        task->lba = reason;
        return false;
}

static bool sanitize(struct disk *disk, struct task *task) {
        static const struct {
                unsigned feature, ability;
                uint64_t mask, key;
        } kinds[] = {
                { 0x11, CAN_CRYPTO, UINT64_C(0xffffffffffff), 0x43727970 },
                { 0x12, CAN_BLOCK, UINT64_C(0xffffffffffff), 0x426b4572 },
                { 0x14, CAN_OVERWRITE, UINT64_C(0xffff00000000), UINT64_C(0x4f5700000000) },
        };

        if (task->feature == 0x00)
                return sanitize_status(disk, task);
        if (disk->sanitize_frozen || disk->locked)
                return refuse_sanitize(task, 3);
        if (!erase_advance(disk) || disk->config.mode == MODE_ABORTS)
                return refuse_sanitize(task, 0);
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
                const uint8_t pattern[4] = { (uint8_t) (task->lba >> 24), (uint8_t) (task->lba >> 16),
                                             (uint8_t) (task->lba >> 8), (uint8_t) task->lba };

                if (kinds[i].feature != task->feature)
                        continue;
                if (!(disk->config.ata_sanitize & kinds[i].ability) || (task->lba & kinds[i].mask) != kinds[i].key)
                        return refuse_sanitize(task, 2);
                erase_start(disk, WORK_SANITIZE,
                            task->feature == 0x14   ? FILL_PATTERN
                            : task->feature == 0x11 ? FILL_RANDOM
                                                    : FILL_ZEROS,
                            pattern);
                task->count = 0x4000;
                return true;
        }
        return refuse_sanitize(task, 2);
}

/* --- what it hides
 * ------------------------------------------------------------------------------------------------- */

static bool native_max(struct disk *disk, struct task *task) {
        task->lba = disk->state.configured - 1;
        disk->native_read = true;
        return true;
}

/* Until the power goes, or for good: that once a power cycle. */
static bool set_max(struct disk *disk, const struct task *task, bool asked, bool for_good) {
        if (!asked || disk->frozen || disk->config.hpa_frozen || task->lba >= disk->state.configured ||
            (for_good && disk->end_kept))
                return false;
        disk->state.shown = task->lba + 1;
        if (for_good) {
                disk->state.kept = disk->state.shown;
                disk->end_kept = true;
        }
        disk_save(disk);
        return true;
}

static bool accessible_max(struct disk *disk, struct task *task, bool asked) {
        if (!disk->config.ama)
                return false;
        return task->feature == 0 ? native_max(disk, task) : task->feature == 1 && set_max(disk, task, asked, true);
}

static bool configuration(struct disk *disk, const struct task *task, const struct command *command,
                          struct reply *reply) {
        if (!disk->config.dco || disk->config.dco_frozen)
                return false;
        switch (task->feature & 0xff) {
        case 0xc0: /* RESTORE */
                if (disk->state.shown < disk->state.configured)
                        return false; /* not while a host protected area is set */
                disk->state.shown = disk->state.kept = disk->state.configured = disk->state.sectors;
                disk_save(disk);
                return true;
        case 0xc1: disk->config.dco_frozen = true; return true;
        case 0xc2:
                if (command->size < SECTOR)
                        return false;
                memset(command->data, 0, SECTOR);
                put_word(command->data, 0, 2);
                put_words(command->data, 3, 4, disk->state.sectors - 1);
                seal(command->data);
                reply->got = SECTOR;
                return true;
        default: return false;
        }
}

/* --- together
 * -------------------------------------------------------------------------------------------------------- */

static bool carry_out(struct disk *disk, struct task *task, const struct command *command, struct reply *reply) {
        bool asked = disk->native_read;

        disk->native_read = false;
        if (disk->state.bricked)
                return false;
        switch (task->command) {
        case IDENTIFY:
                if (command->size < SECTOR)
                        return false;
                ata_identify_data(disk, command->data);
                reply->got = SECTOR;
                return true;
        case CHECK_POWER: task->count = 0xff; return true;
        case SANITIZE_DEVICE: return disk->config.ata_sanitize && sanitize(disk, task);
        default: break;
        }
        if (!erase_advance(disk) || disk->state.sanitize_failed)
                return false;
        switch (task->command) {
        case READ_NATIVE_MAX_EXT: return disk->config.hpa && native_max(disk, task);
        case SET_MAX_EXT: return disk->config.hpa && set_max(disk, task, asked, task->count & 1);
        case ACCESSIBLE_MAX: return accessible_max(disk, task, asked);
        case DEVICE_CONFIGURATION: return configuration(disk, task, command, reply);
        case SECURITY_SET_PASSWORD:
        case SECURITY_UNLOCK:
        case SECURITY_ERASE_PREPARE:
        case SECURITY_ERASE_UNIT:
        case SECURITY_FREEZE:
        case SECURITY_DISABLE: return security(disk, task, command);
        default: return false;
        }
}

static struct task task_of(const uint8_t *cdb) {
        struct task task = { .status = READY };

        if (cdb[0] == 0xa1) {
                task.feature = cdb[3];
                task.count = cdb[4];
                task.lba = (uint64_t) cdb[5] | (uint64_t) cdb[6] << 8 | (uint64_t) cdb[7] << 16;
                task.device = cdb[8];
                task.command = cdb[9];
                return task;
        }
        task.extended = cdb[1] & 1;
        task.feature = task.extended ? get16(cdb + 3) : cdb[4];
        task.count = task.extended ? get16(cdb + 5) : cdb[6];
        task.lba = (uint64_t) cdb[8] | (uint64_t) cdb[10] << 8 | (uint64_t) cdb[12] << 16;
        if (task.extended)
                task.lba |= (uint64_t) cdb[7] << 24 | (uint64_t) cdb[9] << 32 | (uint64_t) cdb[11] << 40;
        task.device = cdb[13];
        task.command = cdb[14];
        return task;
}

static void put_registers(const struct disk *disk, const struct task *task, struct reply *reply) {
        bool bad = task->status & 1;
        uint8_t *s = reply->sense;

        memset(s, 0, SENSE);
        reply->status = 2;
        if (disk->config.fixed_sense) {
                s[0] = 0x70;
                s[2] = bad ? 0x0b : 0x01;
                s[3] = task->error;
                s[4] = task->status;
                s[5] = task->device;
                s[6] = (uint8_t) task->count;
                s[7] = 10;
                s[9] = (uint8_t) task->lba;
                s[10] = (uint8_t) (task->lba >> 8);
                s[11] = (uint8_t) (task->lba >> 16);
                s[13] = 0x1d;
                return;
        }
        s[0] = 0x72;
        s[1] = bad ? 0x0b : 0x01;
        s[3] = bad ? 0x00 : 0x1d;
        s[7] = 14;
        s[8] = 0x09;
        s[9] = 12;
        s[10] = task->extended;
        s[11] = task->error;
        put16(s + 12, task->count);
        s[14] = (uint8_t) (task->lba >> 24);
        s[15] = (uint8_t) task->lba;
        s[16] = (uint8_t) (task->lba >> 32);
        s[17] = (uint8_t) (task->lba >> 8);
        s[18] = (uint8_t) (task->lba >> 40);
        s[19] = (uint8_t) (task->lba >> 16);
        s[20] = task->device;
        s[21] = task->status;
}

void ata_answer(struct disk *disk, const struct command *command, struct reply *reply) {
        struct task task = task_of(command->cdb);
        bool done = carry_out(disk, &task, command, reply);

        if (task.command != IDENTIFY && task.command != CHECK_POWER &&
            !(task.command == SANITIZE_DEVICE && task.feature == 0))
                disk_log(disk, "ATA %02X %02X%s", task.command, task.feature, done ? "" : ", refused");
        if (!done) {
                task.status = ERROR;
                task.error = ABORTED;
        }
        if (!done || command->cdb[2] & 0x20)
                put_registers(disk, &task, reply);
}
