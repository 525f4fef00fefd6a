/* A device for tests, behind the one function table of device/passthrough.h: it answers ATA, SCSI and NVMe commands
 * as the standards have it, and erases the loop device that stands for its cells. */
#pragma once

#include <errno.h>
#include <sys/mman.h>

#include "device/facts.h"
#include "unit/firmware_replies.h"
#include "unit/loop.h"

struct fake_device {
        enum passthrough_kind kind;
        bool ata; /* IDENTIFY comes through */
        bool denied;
        unsigned sanitize_word, security_word;
        uint64_t sectors, native, configured;
        char image[96];
        int64_t size;
        /* what it does */
        bool lies;        /* acknowledges an erase and does nothing */
        int polls;        /* how often it says "in progress" */
        bool fails;       /* the sanitize fails */
        bool fails_erase; /* ERASE UNIT aborts */
        bool frozen;
        uint32_t namespaces;
        /* where it is */
        int working; /* polls left; 0 idle */
        bool failed, done;
        int pending; /* byte to fill with, -1 noise */
        bool enabled, locked;
        uint8_t password[ATA_PASSWORD];
        bool prepared;
        int orders, statuses, unlocks; /* how often each came */
        int attentions;                /* news before anything else, as after a reset */
        bool only_twelve;              /* a bridge that passes the old form only */
        bool dies_erasing, dies_asked; /* the program that asks is gone in mid-erase, as by a power loss */
};
static struct fake_device *fake_state; /* shared with the children that die in the middle */
#define fake (*fake_state)

static void fake_fill(int byte) {
        uint8_t block[65536];
        int fd = open(fake.image, O_WRONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        memset(block, byte < 0 ? 0 : byte, sizeof block);
        for (int64_t at = 0; at < fake.size; at += (int64_t) sizeof block) {
                size_t n = fake.size - at < (int64_t) sizeof block ? (size_t) (fake.size - at) : sizeof block;

                for (size_t i = 0; byte < 0 && i < n; i++)
                        block[i] = (uint8_t) (rand() >> 7);
                assert_true(pwrite(fd, block, n, at) == (ssize_t) n);
        }
        (void) fsync(fd);
        close(fd);
}

static void fake_order(int byte) {
        fake.orders++;
        fake.working = fake.polls + 1;
        fake.pending = byte;
        fake.done = fake.failed = false;
}

/* One look at it: true while it works. */
static bool fake_works(void) {
        if (fake.working > 0 && --fake.working == 0) {
                fake.failed = fake.fails;
                fake.done = !fake.fails;
                if (!fake.fails && !fake.lies)
                        fake_fill(fake.pending);
        }
        return fake.working > 0;
}

static void fake_registers(struct scsi_command *c, uint8_t status, uint8_t error, unsigned count, uint64_t lba) {
        const uint8_t sense[22] = { 0x72,
                                    1,
                                    0,
                                    0x1d,
                                    0,
                                    0,
                                    0,
                                    14,
                                    0x09,
                                    12,
                                    1,
                                    error,
                                    (uint8_t) (count >> 8),
                                    (uint8_t) count,
                                    (uint8_t) (lba >> 24),
                                    (uint8_t) lba,
                                    (uint8_t) (lba >> 32),
                                    (uint8_t) (lba >> 8),
                                    (uint8_t) (lba >> 40),
                                    (uint8_t) (lba >> 16),
                                    0x40,
                                    status };

        memcpy(c->sense, sense, sizeof sense);
        c->sense_n = sizeof sense;
        c->status = 2;
        c->driver = 8;
}

static void fake_ok(struct scsi_command *c) {
        if (c->direction == DATA_NONE)
                fake_registers(c, 0x50, 0, 0, 0);
        c->got = c->size;
}

static void fake_abort(struct scsi_command *c) {
        fake_registers(c, 0x51, 4, 0, 0);
}

static void fake_identify(struct scsi_command *c) {
        unsigned security = fake.security_word | (fake.enabled ? 2U : 0) | (fake.locked ? 4U : 0) |
                            (fake.frozen ? 8U : 0);

        identify(c->data, fake.sectors, fake.sanitize_word, security, 7200);
        fake_ok(c);
}

static void fake_sanitize(struct scsi_command *c) {
        switch (c->cdb[4]) {
        case ATA_SANITIZE_STATUS: {
                bool works;

                fake.statuses++;
                if (fake.dies_asked && fake.working > 0)
                        _exit(9);
                works = fake_works();
                if (fake.failed)
                        fake_registers(c, 0x51, 4, 0, 1);
                else
                        fake_registers(c, 0x50, 0,
                                       works       ? 0x4000
                                       : fake.done ? 0x8000
                                                   : 0,
                                       works ? 0x4000 : 0xffff);
                return;
        }
        case ATA_SANITIZE_CRYPTO: fake_order(-1); break;
        case ATA_SANITIZE_BLOCK: fake_order(0); break;
        case ATA_SANITIZE_OVERWRITE:
                assert_int_equal(c->cdb[7], 0x55);
                fake_order(0x55);
                break;
        default: fake_abort(c); return;
        }
        fake_ok(c);
}

static void fake_security(struct scsi_command *c, uint8_t opcode) {
        const uint8_t *block = c->data;
        bool same = block && memcmp(block + 2, fake.password, ATA_PASSWORD) == 0;

        if (fake.frozen) {
                fake_abort(c);
                return;
        }
        if (opcode != ATA_SECURITY_ERASE_UNIT && opcode != ATA_SECURITY_ERASE_PREPARE)
                fake.prepared = false;
        switch (opcode) {
        case ATA_SECURITY_SET_PASSWORD:
                memcpy(fake.password, block + 2, ATA_PASSWORD);
                fake.enabled = true;
                break;
        case ATA_SECURITY_UNLOCK:
                if (!same) {
                        fake_abort(c);
                        return;
                }
                fake.unlocks++;
                fake.locked = false;
                break;
        case ATA_SECURITY_DISABLE_PASSWORD:
                if (!same || fake.locked) {
                        fake_abort(c);
                        return;
                }
                fake.enabled = false;
                break;
        case ATA_SECURITY_ERASE_PREPARE: fake.prepared = true; break;
        default: /* ERASE UNIT */
                if (!fake.prepared || !same || fake.fails_erase) {
                        fake_abort(c);
                        return;
                }
                fake.orders++;
                if (fake.dies_erasing) {
                        fake.locked = true; /* as it comes back with its power */
                        _exit(9);
                }
                if (!fake.lies)
                        fake_fill(block[0] & 2 ? -1 : 0);
                fake.enabled = fake.locked = false;
        }
        fake_ok(c);
}

static void fake_ata(struct scsi_command *c) {
        bool twelve = c->cdb[0] == 0xa1;
        uint8_t opcode = c->cdb[twelve ? 9 : 14];

        if (!fake.ata || fake.only_twelve != twelve) {
                static const uint8_t unknown[18] = { 0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x20 };

                memcpy(c->sense, unknown, sizeof unknown);
                c->sense_n = sizeof unknown;
                c->status = 2;
                return;
        }
        switch (opcode) {
        case ATA_IDENTIFY: fake_identify(c); return;
        case ATA_READ_NATIVE_MAX_EXT: fake_registers(c, 0x50, 0, 0, fake.native - 1); return;
        case ATA_DEVICE_CONFIGURATION:
                memset(c->data, 0, ATA_BLOCK);
                put_word(c->data, 0, 2);
                put_words(c->data, 3, 4, fake.configured - 1);
                put_checksum(c->data);
                fake_ok(c);
                return;
        case ATA_SANITIZE: fake_sanitize(c); return;
        case ATA_SECURITY_SET_PASSWORD:
        case ATA_SECURITY_UNLOCK:
        case ATA_SECURITY_ERASE_PREPARE:
        case ATA_SECURITY_ERASE_UNIT:
        case ATA_SECURITY_DISABLE_PASSWORD: fake_security(c, opcode); return;
        default: fake_abort(c);
        }
}

static void fake_sense(struct scsi_command *c) {
        uint8_t *sense = c->data;
        bool works = fake_works();

        memset(sense, 0, c->size);
        sense[0] = 0x70;
        sense[7] = 10;
        if (works) {
                sense[2] = 2;
                sense[12] = 4;
                sense[13] = 0x1b;
                sense[15] = 0x80;
                sense[16] = 0x20;
        } else if (fake.failed) {
                sense[2] = 3;
                sense[12] = 0x31;
                sense[13] = 3;
        }
        c->got = 18;
}

static int fake_scsi(int fd, struct scsi_command *c) {
        (void) fd;
        if (fake.denied)
                return -EPERM;
        if (fake.attentions > 0 && c->cdb[0] != SCSI_INQUIRY && c->cdb[0] != SCSI_REQUEST_SENSE) {
                static const uint8_t news[18] = { 0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x29 };

                fake.attentions--;
                memcpy(c->sense, news, sizeof news);
                c->sense_n = sizeof news;
                c->status = 2;
                return 0;
        }
        switch (c->cdb[0]) {
        case SCSI_INQUIRY:
                memset(c->data, 0, c->size);
                c->got = c->size;
                return 0;
        case SCSI_MAINTENANCE_IN:
                memset(c->data, 0, c->size);
                ((uint8_t *) c->data)[1] = fake.ata ? 1 : 3;
                c->got = c->size;
                return 0;
        case SCSI_REQUEST_SENSE: fake_sense(c); return 0;
        case SCSI_SANITIZE:
                fake_order((c->cdb[1] & 0x1f) == SCSI_SANITIZE_OVERWRITE ? 0x55
                           : (c->cdb[1] & 0x1f) == SCSI_SANITIZE_BLOCK   ? 0
                                                                         : -1);
                return 0;
        case SCSI_FORMAT_UNIT: fake_order(0); return 0;
        case 0xa1:
        case 0x85: fake_ata(c); return 0;
        default: c->status = 2; return 0;
        }
}

static int fake_nvme(int fd, struct nvme_command *c) {
        uint8_t *data = c->data;

        (void) fd;
        if (fake.denied)
                return -EACCES;
        if (data)
                memset(data, 0, c->size);
        switch (c->opcode) {
        case NVME_IDENTIFY:
                if (c->cdw10 == 1) {
                        data[0] = 0x36;
                        data[1] = 0x1b;
                        memcpy(data + 4, "NV1                 ", 20);
                        memcpy(data + 24, "QEMU NVMe Ctrl                          ", 40);
                        data[256] = 2;
                        data[328] = 7;
                        data[516] = 1;
                        data[524] = 4;
                } else if (c->cdw10 == 2) {
                        for (uint32_t i = 0; i < fake.namespaces; i++)
                                data[4 * i] = (uint8_t) (i + 1);
                }
                return 0;
        case NVME_GET_LOG: {
                bool works = fake_works();

                data[1] = works ? 0x80 : 0xff;
                data[2] = works ? 2 : fake.failed ? 3 : fake.done ? 1 : 0;
                memset(data + 8, 0xff, 12);
                data[12] = 30;
                data[13] = data[14] = data[15] = 0;
                return 0;
        }
        case NVME_SANITIZE:
                fake_order((c->cdw10 & 7) == NVME_SANITIZE_OVERWRITE ? 0x55
                           : (c->cdw10 & 7) == NVME_SANITIZE_BLOCK   ? 0
                                                                     : -1);
                return 0;
        case NVME_FORMAT:
                fake.orders++;
                if (!fake.lies)
                        fake_fill((c->cdw10 >> 9 & 7) == 2 ? -1 : 0);
                return 0;
        default: c->status = 1; return 0;
        }
}

static enum passthrough_kind fake_kind(const struct device_facts *facts) {
        (void) facts;
        return fake.kind;
}

static int fake_namespace(int fd, uint32_t *ret) {
        (void) fd;
        *ret = 1;
        return 0;
}

static int fake_rescan(int fd) {
        (void) fd;
        return 0;
}

static const struct passthrough fake_way = { fake_kind, fake_scsi, fake_nvme, fake_namespace, fake_rescan };

/* An ATA disk that offers everything, on this loop device. */
static inline void fake_on(const struct loop *loop, int64_t size) {
        uint64_t sectors = (uint64_t) size / 512;

        if (!fake_state)
                fake_state = mmap(NULL, sizeof *fake_state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                                  0);
        assert_true(fake_state != MAP_FAILED);
        fake = (struct fake_device){ .kind = PASSTHROUGH_SCSI,
                                     .ata = true,
                                     .sanitize_word = SANITIZE_ALL,
                                     .security_word = SECURITY_READY,
                                     .sectors = sectors,
                                     .native = sectors,
                                     .configured = sectors,
                                     .size = size,
                                     .polls = 2,
                                     .namespaces = 1 };
        (void) snprintf(fake.image, sizeof fake.image, "%s", loop->image);
        passthrough_by(&fake_way);
}
