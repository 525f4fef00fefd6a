/* What an order to erase does to the medium, and when. */
#include "firmware_disk.h"

#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { LEFT = 64 }; /* sectors that MODE_LEAVES leaves */

static int64_t duration(const struct disk *disk) {
        return (int64_t) disk->config.seconds * 1000;
}

static void fill(struct disk *disk, uint64_t from, uint64_t to) {
        for (uint64_t at = from * SECTOR; at < to * SECTOR;) {
                size_t n = to * SECTOR - at < 65536 ? to * SECTOR - at : 65536;

                if (disk->state.fill == FILL_RANDOM) {
                        size_t piece = n < 256 ? n : 256;

                        (void) getrandom(disk->data + at, piece, 0);
                        for (size_t done = piece; done < n; done += piece)
                                memcpy(disk->data + at + done, disk->data + at, piece);
                } else if (disk->state.fill == FILL_ZEROS) {
                        memset(disk->data + at, 0, n);
                } else {
                        for (size_t i = 0; i < n; i += 4)
                                memcpy(disk->data + at + i, disk->state.pattern, 4);
                }
                at += n;
        }
}

/* A SECURITY ERASE UNIT in its normal form reaches what it shows; everything else reaches all. */
static uint64_t reach(const struct disk *disk) {
        return disk->state.work == WORK_SECURITY && disk->state.fill == FILL_ZEROS ? disk_shown(disk)
                                                                                   : disk->state.sectors;
}

static void finish(struct disk *disk) {
        uint64_t end = reach(disk), middle = end / 2;
        enum work work = disk->state.work;
        bool failed = disk->config.mode == MODE_FAILS;

        if (disk->config.mode == MODE_HONEST)
                fill(disk, 0, end);
        else if (failed)
                fill(disk, 0, middle);
        else if (disk->config.mode == MODE_LEAVES) {
                fill(disk, 0, middle);
                fill(disk, middle + LEFT, end);
        }
        disk->state.work = WORK_NONE;
        if (work == WORK_SANITIZE) {
                disk->state.sanitize_failed = failed;
                disk->state.sanitize_done = !failed;
        } else if (work == WORK_FORMAT) {
                disk->state.format_broken = failed;
        } else if (!failed) {
                disk->state.security_enabled = false;
                disk->locked = false;
        }
        disk_log(disk, "erased%s", failed ? ", failed" : "");
        disk_save(disk);
}

void erase_start(struct disk *disk, enum work work, enum fill how, const uint8_t pattern[4]) {
        disk->state.work = work;
        disk->state.fill = how;
        memcpy(disk->state.pattern, pattern, 4);
        disk->state.sanitize_done = disk->state.sanitize_failed = false;
        disk->began = now_ms();
        disk_save(disk);
}

bool erase_advance(struct disk *disk) {
        if (disk->state.work == WORK_NONE)
                return true;
        if (disk->config.hangs || now_ms() - disk->began < duration(disk))
                return false;
        finish(disk);
        return true;
}

bool erase_wait(struct disk *disk) {
        enum work work = disk->state.work;

        while (!erase_advance(disk)) {
                if (power_was_cut())
                        return false;
                (void) usleep(20000);
        }
        return work == WORK_SANITIZE ? !disk->state.sanitize_failed
               : work == WORK_FORMAT ? !disk->state.format_broken
                                     : !disk->state.security_enabled;
}

/* A sanitize goes on when the power is back, a format is broken, and a security erase leaves the drive locked. */
void erase_cut(struct disk *disk) {
        if (disk->state.work == WORK_NONE)
                return;
        disk_log(disk, "cut off while erasing");
        if (disk->config.bricks)
                disk->state.bricked = true;
        if (disk->state.work == WORK_FORMAT)
                disk->state.format_broken = true;
        if (disk->config.mode == MODE_HONEST)
                fill(disk, 0, reach(disk) / 4);
        if (disk->state.work != WORK_SANITIZE)
                disk->state.work = WORK_NONE;
        disk_save(disk);
}

uint16_t erase_progress(const struct disk *disk) {
        int64_t whole = duration(disk), done = now_ms() - disk->began;

        return whole <= 0 ? 0 : done >= whole ? 0xfffe : (uint16_t) (done * 0xffff / whole);
}
