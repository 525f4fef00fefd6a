/*
 * A writer that races the plug-in: racer SECONDS, or until SIGTERM. It tries every disk that comes, as fast as it
 * can, in each way that a program has of writing (direct, through the cache, through a mapping), and keeps what it
 * could open, so that a gate that closes late is too late. Prints how often it could open, and how often the kernel
 * took a write.
 *
 * What it wrote begins with RACE and a number that grows, so that whoever looks at the image knows it again, and
 * sees whether it still gets through.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifndef BLKGETDISKSEQ
#define BLKGETDISKSEQ _IOR(0x12, 128, uint64_t)
#endif

enum { BLOCK = 4096, DISKS = 64, NAME = 32 };

struct disk {
        char name[NAME];
        uint64_t insertion;
        int direct, cached;
        char *mapping;
};

static struct disk disks[DISKS];
static unsigned long opened, written, tries;
static sigjmp_buf unmapped;
static volatile sig_atomic_t told_to_stop;

static int is_disk(const char *name) {
        return (strncmp(name, "sd", 2) == 0 || strncmp(name, "nvme", 4) == 0 || strncmp(name, "mmcblk", 6) == 0) &&
               strlen(name) < NAME;
}

static struct disk *find(const char *name) {
        struct disk *unused = NULL;

        for (size_t i = 0; i < DISKS; i++) {
                if (strcmp(disks[i].name, name) == 0)
                        return &disks[i];
                if (!unused && !disks[i].name[0])
                        unused = &disks[i];
        }
        return unused;
}

static void drop(struct disk *disk) {
        if (disk->mapping)
                (void) munmap(disk->mapping, BLOCK);
        if (disk->direct >= 0)
                (void) close(disk->direct);
        if (disk->cached >= 0)
                (void) close(disk->cached);
        memset(disk, 0, sizeof *disk);
}

/* The same name may be another disk by now: what was opened before is kept as long as it is the same. */
static void try_open(const char *name) {
        struct disk *disk = find(name);
        uint64_t insertion = 0;
        char path[NAME + 8];
        int fd;

        (void) snprintf(path, sizeof path, "/dev/%s", name);
        fd = disk ? open(path, O_RDWR | O_CLOEXEC) : -1;
        if (fd < 0)
                return;
        (void) ioctl(fd, BLKGETDISKSEQ, &insertion);
        if (disk->name[0] && disk->insertion == insertion) {
                (void) close(fd);
                return;
        }
        if (disk->name[0])
                drop(disk);
        opened++;
        (void) snprintf(disk->name, sizeof disk->name, "%s", name);
        disk->insertion = insertion;
        disk->cached = fd;
        disk->direct = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
        disk->mapping = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 3 * (off_t) BLOCK);
        if (disk->mapping == MAP_FAILED)
                disk->mapping = NULL;
}

static void on_bus_error(int number) {
        (void) number;
        siglongjmp(unmapped, 1);
}

static void on_stop(int number) {
        (void) number;
        told_to_stop = 1;
}

/* A page of a disk that is gone can't be touched. */
static int write_mapping(struct disk *disk, const void *block) {
        if (sigsetjmp(unmapped, 1))
                return 0;
        memcpy(disk->mapping, block, 64);
        return msync(disk->mapping, BLOCK, MS_SYNC) == 0;
}

/* A disk that is gone says ENODEV, EIO or ENOSPC; one that is closed to us EPERM: that one may open yet. */
static int try_write(struct disk *disk, const void *block) {
        ssize_t direct = disk->direct < 0 ? -1 : pwrite(disk->direct, block, BLOCK, BLOCK);
        int gone = direct < 0 && (errno == ENODEV || errno == EIO || errno == ENOSPC || errno == ENXIO);
        ssize_t cached = pwrite(disk->cached, block, BLOCK, 2 * (off_t) BLOCK);

        if (cached == BLOCK && fdatasync(disk->cached) < 0)
                cached = -1;
        if (cached < 0 && (errno == ENODEV || errno == EIO || errno == ENOSPC || errno == ENXIO))
                gone = 1;
        written += (unsigned long) ((direct == BLOCK) + (cached == BLOCK));
        if (disk->mapping && !gone)
                written += (unsigned long) write_mapping(disk, block);
        return !gone;
}

static void look(char *block) {
        DIR *dev = opendir("/dev");
        struct dirent *entry;

        while (dev && (entry = readdir(dev)))
                if (is_disk(entry->d_name))
                        try_open(entry->d_name);
        if (dev)
                (void) closedir(dev);
        tries++;
        memcpy(block + 8, &tries, sizeof tries);
        for (size_t i = 0; i < DISKS; i++)
                if (disks[i].name[0] && !try_write(&disks[i], block))
                        drop(&disks[i]);
}

int main(int argc, char **argv) {
        time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
        char *block = aligned_alloc(BLOCK, BLOCK);

        if (!block)
                return 1;
        (void) signal(SIGBUS, on_bus_error);
        (void) signal(SIGTERM, on_stop);
        for (size_t i = 0; i < BLOCK; i += 8)
                memcpy(block + i, "RACE-RAC", 8);
        do
                look(block);
        while (!told_to_stop && time(NULL) < end);
        printf("opened %lu written %lu\n", opened, written);
        return 0;
}
