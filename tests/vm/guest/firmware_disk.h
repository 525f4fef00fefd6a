/* A disk of the lab's own whose firmware erases, fails or lies as it is told: SCSI commands come from the kernel
 * over target_core_user. For tests of what asks firmware to erase; it is no firmware, and proves nothing about any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SECTOR = 512, PASSWORD = 32, SENSE = 96 };
enum { CAN_OVERWRITE = 1, CAN_BLOCK = 2, CAN_CRYPTO = 4 };

/* What an order to erase comes to. */
enum mode {
        MODE_HONEST,
        MODE_LIES,   /* it says that it is done, and everything is still there */
        MODE_LEAVES, /* it says that it is done, and 64 sectors in the middle are still there */
        MODE_FAILS,  /* half of it, then an error */
        MODE_ABORTS, /* it offers the command and refuses it */
        MODES
};

/* From the file that the command line names, read anew whenever the power comes back: name=value, a line each. */
struct config {
        char serial[24], model[44], vendor[12];
        uint64_t wwn;
        unsigned rotation; /* as in VPD page B1 */
        enum mode mode;
        unsigned seconds;   /* that an erasing takes */
        bool drops, alters; /* every eighth write: forgotten, or one bit of it */
        bool forgets;       /* every write */
        bool bricks;        /* a power loss in mid-erase is its end */
        bool hangs;         /* an erasing never comes to its end */
        /* SCSI */
        unsigned sanitize; /* CAN_… */
        bool format, lists_commands;
        /* ATA behind a SATL */
        bool ata, only_twelve, fixed_sense;
        bool security, enhanced, frozen;
        unsigned ata_sanitize; /* CAN_… */
        bool sanitize_frozen;
        bool hpa, ama, dco, dco_frozen, hpa_frozen;
        uint64_t hpa_hides, dco_hides; /* sectors, from the factory on */
};

enum work { WORK_NONE, WORK_SECURITY, WORK_SANITIZE, WORK_FORMAT };
enum fill { FILL_ZEROS, FILL_PATTERN, FILL_RANDOM };

/* What survives the power: in a file beside the image. */
struct state {
        uint64_t sectors;           /* all there are */
        uint64_t shown, configured; /* SET MAX ADDRESS, DEVICE CONFIGURATION */
        uint64_t kept;              /* what is shown when the power comes back */
        bool security_enabled;
        uint8_t password[PASSWORD];
        enum work work;
        enum fill fill;
        uint8_t pattern[4];
        bool sanitize_failed, sanitize_done, format_broken, bricked;
};

struct disk {
        struct config config;
        struct state state;
        const char *config_path, *state_path;
        uint8_t *data; /* the image, mapped */
        int log;
        /* what the power takes along */
        bool locked, frozen, sanitize_frozen, prepared, native_read, attention, end_kept;
        int tries;
        int64_t began; /* milliseconds */
        unsigned long writes;
};

struct command {
        const uint8_t *cdb;
        uint8_t *data; /* what came with it, or room for the answer */
        size_t size;
};

struct reply {
        uint8_t status;
        uint8_t sense[SENSE];
        size_t got; /* bytes of the answer */
};

/* --- firmware_disk.c --- */
void disk_log(struct disk *disk, const char *format, ...) __attribute__((format(printf, 2, 3)));
void disk_save(struct disk *disk);
int64_t now_ms(void);
/* Set by a signal: the power was off. */
bool power_was_cut(void);

/* --- firmware_erase.c --- */
/* Starts an erasing, which takes its time. */
void erase_start(struct disk *disk, enum work work, enum fill fill, const uint8_t pattern[4]);
/* Brings to its end what had its time. False while one is under way. */
bool erase_advance(struct disk *disk);
/* Waits for the end, as a command without IMMED does. False when the power went, or it failed. */
bool erase_wait(struct disk *disk);
/* The power went in the middle of it. */
void erase_cut(struct disk *disk);
/* 0 to 65535 */
uint16_t erase_progress(const struct disk *disk);

/* --- firmware_scsi.c --- */
void scsi_answer(struct disk *disk, const struct command *command, struct reply *reply);
bool scsi_has_data_out(const uint8_t *cdb);
void sense(struct reply *reply, uint8_t key, uint8_t asc, uint8_t ascq);

/* --- firmware_ata.c --- */
void ata_answer(struct disk *disk, const struct command *command, struct reply *reply);
void ata_identify_data(const struct disk *disk, uint8_t out[SECTOR]);
uint64_t disk_shown(const struct disk *disk);

static inline void put16(uint8_t *at, unsigned value) {
        at[0] = (uint8_t) (value >> 8);
        at[1] = (uint8_t) value;
}
static inline void put32(uint8_t *at, uint32_t value) {
        put16(at, value >> 16);
        put16(at + 2, value & 0xffff);
}
static inline void put64(uint8_t *at, uint64_t value) {
        put32(at, (uint32_t) (value >> 32));
        put32(at + 4, (uint32_t) value);
}
static inline unsigned get16(const uint8_t *at) {
        return (unsigned) at[0] << 8 | at[1];
}
static inline uint32_t get32(const uint8_t *at) {
        return (uint32_t) get16(at) << 16 | get16(at + 2);
}
static inline uint64_t get64(const uint8_t *at) {
        return (uint64_t) get32(at) << 32 | get32(at + 4);
}
