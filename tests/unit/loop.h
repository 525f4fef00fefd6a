/* Loop devices of the tests' own, made from a temporary file and detached at the end. */
#pragma once

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/test.h"

struct loop {
        char folder[64]; /* a temporary folder of its own */
        char image[96];  /* the backing file */
        char device[32]; /* /dev/loopN */
        int control;     /* open while attached: with LO_FLAGS_AUTOCLEAR a dying test leaves nothing behind */
};

static inline bool loop_possible(void) {
        return geteuid() == 0 && access("/dev/loop-control", R_OK | W_OK) == 0;
}

/* Skips the test loudly where no loop device can be had. */
#define LOOP_OR_SKIP()                                                                                             \
        do {                                                                                                       \
                if (!loop_possible()) {                                                                            \
                        print_message("SKIPPED: needs root and /dev/loop-control\n");                              \
                        skip();                                                                                    \
                }                                                                                                  \
        } while (0)

/* Every 16 bytes of the image hold `marker` (at most 16 characters; NULL leaves zeros). */
static inline void loop_image(struct loop *loop, const char *under, int64_t size, const char *marker) {
        char block[65536] = "";
        int fd;

        loop->control = -1;
        (void) snprintf(loop->folder, sizeof loop->folder, "%s/mpsi-test-XXXXXX", under);
        assert_non_null(mkdtemp(loop->folder));
        (void) snprintf(loop->image, sizeof loop->image, "%s/image", loop->folder);
        fd = open(loop->image, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        for (size_t i = 0; marker && i < sizeof block; i += 16)
                memcpy(block + i, marker, strnlen(marker, 16));
        for (int64_t at = 0; marker && at < size; at += (int64_t) sizeof block)
                assert_true(pwrite(fd, block, sizeof block, at) == (ssize_t) sizeof block);
        assert_int_equal(ftruncate(fd, size), 0);
        close(fd);
}

static inline void loop_attach(struct loop *loop, bool read_only) {
        int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), writable = 0;
        int image = open(loop->image, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
        struct loop_config config = { .fd = (uint32_t) image };

        assert_true(control >= 0 && image >= 0);
        config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0);
        for (int attempt = 0; attempt < 50; attempt++) {
                int number = ioctl(control, LOOP_CTL_GET_FREE);

                assert_true(number >= 0);
                (void) snprintf(loop->device, sizeof loop->device, "/dev/loop%d", number);
                /* opened read-only, the device would become read-only */
                loop->control = open(loop->device, O_RDWR | O_CLOEXEC);
                if (loop->control >= 0 && ioctl(loop->control, LOOP_CONFIGURE, &config) == 0)
                        break;
                if (loop->control >= 0) /* somebody was faster */
                        close(loop->control);
                loop->control = -1;
                usleep(20000);
        }
        assert_true(loop->control >= 0);
        /* BLKROSET outlives a loop device's image: whoever had this number before may have left it. */
        if (!read_only)
                assert_int_equal(ioctl(loop->control, BLKROSET, &writable), 0);
        close(image);
        close(control);
}

static inline void loop_make(struct loop *loop, const char *under, int64_t size, const char *marker) {
        loop_image(loop, under, size, marker);
        loop_attach(loop, false);
}

static inline void loop_detach(struct loop *loop) {
        if (loop->control >= 0) {
                (void) ioctl(loop->control, LOOP_CLR_FD);
                close(loop->control);
        }
        loop->control = -1;
}

static inline void loop_done(struct loop *loop) {
        loop_detach(loop);
        (void) unlink(loop->image);
        (void) rmdir(loop->folder);
}
