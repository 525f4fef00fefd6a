/* One call on one device, in a process of its own: a disk that does not answer keeps that process, and nobody else.
 */
#pragma once

#include "daemon/child.h"
#include "device/facts.h"

enum hand_does {
        HAND_CLOSE,   /* read-only, and held when `hold` */
        HAND_OPEN,    /* writable */
        HAND_RELEASE, /* lets go of a descriptor: the last one's release talks to the device too */
};

struct hand {
        enum hand_does does;
        char path[DEVICE_FIELD];
        int64_t diskseq; /* of the insertion that is meant; 0: any */
        bool hold;       /* O_EXCL, against mounts */
        bool spare_busy; /* EBUSY while a program holds the block-device lock */
        /* Outcome (0 or an errno): called once. `held` is the exclusive descriptor, or -1, and belongs to the
         * callee. */
        void (*done)(void *context, struct hand *hand, int result, int held);
        void *context;
        /* kept by hand.c */
        int result, held;
};

/* Has one ready, so that the next verdict waits for no fork. Without it a fork is waited for. */
void hand_ready(sd_event *event);

/* `extra`: the descriptor to let go of (HAND_RELEASE), not closed here. The hand is copied. ERR_FAILED when no
 * process can be made: done() is not called then. */
int hand_start(sd_event *event, const struct hand *hand, int extra, struct error *err);
