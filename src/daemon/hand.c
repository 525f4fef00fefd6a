#include "daemon/hand.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "device/gate.h"

#ifndef BLKGETDISKSEQ
#define BLKGETDISKSEQ _IOR(0x12, 128, __u64)
#endif

/* SCSI's own time-outs are half a minute; whoever takes longer is dead. */
enum { HAND_MS = 20000 };

/* Another medium may be behind the node by now: then this verdict is not about it. */
static bool is_meant(int fd, int64_t diskseq) {
        uint64_t now = 0;

        return !diskseq || (ioctl(fd, BLKGETDISKSEQ, &now) == 0 && now == (uint64_t) diskseq);
}

static int do_it(const struct hand *hand, int fd) {
        _cleanup_close_ int node = -1, held = -1;
        int value = hand->does == HAND_CLOSE, result = 0;

        node = open(hand->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (node < 0 || !is_meant(node, hand->diskseq))
                result = node < 0 ? errno : ENODEV;
        /* A wipe or an encryption of a local `mpsi`, or a partitioner: nothing is pulled from under it. */
        else if (hand->spare_busy && flock(node, LOCK_SH | LOCK_NB) < 0)
                result = EBUSY;
        else if (ioctl(node, BLKROSET, &value) < 0)
                result = errno;
        /* It may have been exchanged between the two: what came is nobody's verdict, and new is closed. */
        if (result == 0 && !is_meant(node, hand->diskseq)) {
                value = 1;
                (void) ioctl(node, BLKROSET, &value);
                result = ENODEV;
        }
        /* Somebody may hold it already: then nobody else can. */
        if (result == 0 && hand->does == HAND_CLOSE && hand->hold)
                held = open(hand->path, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK);
        return child_answer(fd, &result, sizeof result, held) < 0;
}

/* One that was forked for this, or one that waits for its order. */
static int hand_run(void *context, int fd, int extra) {
        const struct hand *hand = context;
        struct hand order;

        (void) extra; /* HAND_RELEASE: it is closed by ending */
        if (!hand) {
                if (recv(fd, &order, sizeof order, 0) != (ssize_t) sizeof order)
                        return 0; /* the guard has ended */
                hand = &order;
        }
        return hand->does == HAND_RELEASE ? 0 : do_it(hand, fd);
}

static void on_message(void *context, struct child *child, const void *data, size_t n, int passed) {
        struct hand *hand = context;

        (void) child;
        if (n == sizeof hand->result)
                memcpy(&hand->result, data, n);
        close_fd(&hand->held);
        hand->held = passed;
}

static struct child *ready; /* one that waits for its order, or NULL */

static void on_end(void *context, struct child *child, int status) {
        struct hand *hand = context;

        (void) child;
        if (hand->does == HAND_RELEASE)
                hand->result = 0;
        else if (status)
                hand->result = ETIMEDOUT;
        if (hand->done)
                hand->done(hand->context, hand, hand->result, hand->held);
        else
                close_fd(&hand->held);
        free(hand);
}

static void outlived(void *context) {
        struct hand *hand = context;

        close_fd(&hand->held);
        free(hand);
}

static const struct child_kind hand_kind = {
        .name = "mpsid-hand",
        .run = hand_run,
        .message = on_message,
        .ended = on_end,
        .outlived = outlived,
        .limit_ms = HAND_MS,
        .message_max = sizeof(int),
};

void hand_ready(sd_event *event) {
        (void) child_ready(event, &hand_kind, NULL, &ready, NULL);
}

int hand_start(sd_event *event, const struct hand *hand, int extra, struct error *err) {
        struct hand *copy = malloc(sizeof *copy);
        struct child *child;
        int r;

        if (!copy)
                return fail_memory(err);
        *copy = *hand;
        copy->result = EIO;
        copy->held = -1;
        /* A descriptor is handed over by the fork alone. */
        r = extra < 0 && ready ? child_take(&ready, copy, copy, sizeof *copy, &child, NULL) : ERR_NOT_FOUND;
        if (r < 0)
                r = child_start(event, &hand_kind, copy, extra, &child, err);
        if (r < 0)
                free(copy);
        return r;
}
