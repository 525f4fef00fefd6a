/* One device that is plugged in, as the guard keeps it; shared by devices.c and enforce.c only. */
#pragma once

#include "daemon/guard.h"

enum stage {
        STAGE_REST,
        STAGE_WAITS,  /* to be looked at */
        STAGE_PROBED, /* being looked at */
        STAGE_READ,   /* to be judged */
        STAGE_JUDGED, /* being judged */
};

struct device {
        struct device *next;
        struct guard *guard;
        char name[64], path[DEVICE_FIELD];
        enum stage stage;
        bool named;      /* by --devices */
        bool again;      /* something happened meanwhile: once more round */
        bool gone;       /* unplugged while somebody still points here */
        bool unjudged;   /* it could not be judged: try again */
        bool untold;     /* the judge has yet to hear that it is gone */
        bool answered;   /* the look under way has said its first word */
        bool empty;      /* a fixed disk that showed no size in that look */
        bool stuck;      /* said already that its verdict can't be put into force */
        bool known;      /* the facts below are of a device that the gate has a say on */
        bool judged;     /* there is a verdict on this insertion */
        bool registered; /* in that verdict */
        bool waiting;    /* a job of it was cut off and waits for the vault to be unlocked */
        struct device_facts facts;
        enum gate_verdict verdict;
        int hold;           /* exclusive descriptor, or -1 */
        uint64_t opened_by; /* the worker that works on it, or 0 */
        struct child *probe;
        void *content; /* of the look that is to be judged, without its last zeros; NULL: it did not answer */
        size_t content_n;
        uint64_t look_at, patience_s; /* when one that did not answer is looked at again; the pause before that */
        pid_t lost;                   /* the look that did not answer, a dead disk may keep it for ever; 0: none */
        char complaint[3 * ERROR_TEXT_MAX]; /* said last, so that it is said once */
        char resumed[DEVICE_FIELD];         /* the insertion in which an unfinished job was started again */
};

/* devices.c */
void device_release_hold(struct device *device);
/* It could not be judged, or its verdict is not in force: it is tried again. */
void device_retry_later(struct guard *guard, struct device *device);

/* enforce.c: puts the verdict into force, by a hand. */
void device_enforce(struct device *device);
/* The verdict is not in force: the next look puts it there. */
void device_enforce_later(struct device *device);
