/* A sanitize that the device carries out itself: order it, follow it to its end, and look at what it left, since
 * not every device does what it acknowledges. This knows neither registry nor ledger. */
#pragma once

#include "device/facts.h"
#include "device/order.h"
#include "registry/medium.h"
#include "sanitize/areas.h"

enum { FIRMWARE_STATUS = 128, FIRMWARE_MARKER = 4096, FIRMWARE_SEED = 32 };

enum firmware_leaves {
        LEAVES_BYTE,    /* one and the same byte everywhere, whichever */
        LEAVES_PATTERN, /* FIRMWARE_PATTERN everywhere */
        LEAVES_CHANGED, /* anything but what was there: the key is another one */
};

struct firmware_run {
        int fd;
        struct device_facts *facts;
        char status[FIRMWARE_STATUS]; /* the device's own bytes, as it told them last */
        int progress;                 /* of 65536; -1 not said */
        bool completed;               /* it says so itself, not only that it is idle */
        void *context;
        /* The password that is about to be set on the device: kept where it is found again after a power loss. */
        int (*keep_password)(void *context, const uint8_t password[ATA_PASSWORD], struct error *err);
        /* The device has no password any more. */
        void (*forget_password)(void *context);
};

struct firmware_method {
        enum firmware_leaves leaves;
        bool waits; /* start() comes back only when it is over; there is no poll() */
        /* Seconds by the device's own word; 0 when it says nothing. May be NULL. */
        int64_t (*seconds)(const struct device_facts *facts);
        /* Orders it. ERR_VERIFY when the device refuses or fails. */
        int (*start)(struct firmware_run *run, struct error *err);
        /* *ret_done when nothing is under way (any more). ERR_VERIFY when the device says that it failed. */
        int (*poll)(struct firmware_run *run, bool *ret_done, struct error *err);
};

/* What was left, as read from the device. */
struct firmware_look {
        unsigned markers, survived; /* places written before it began, and those that still hold it */
        bool uniform;               /* LEAVES_BYTE, LEAVES_PATTERN: one byte everywhere */
        uint8_t byte;
        bool recognised; /* a file system or a partition table is still found */
        int64_t read;    /* bytes compared */
        bool clean;      /* all of it is as it should be */
};

/* Writes the markers, by the seed, and makes them durable. */
int firmware_mark(int fd, const struct device_facts *facts, const uint8_t seed[FIRMWARE_SEED], struct error *err);
/* How many markers are still there. */
int firmware_markers_left(int fd, const struct device_facts *facts, const uint8_t seed[FIRMWARE_SEED],
                          struct firmware_look *look, struct error *err);
/* Reads back: markers, then every byte where one can say what it must be. What differs or can't be read is added to
 * `unreached`. `reached` (may be NULL) is called as a pass's is. */
int firmware_look(int fd, const struct device_facts *facts, const uint8_t seed[FIRMWARE_SEED],
                  enum firmware_leaves leaves, void *context,
                  int (*reached)(void *context, int64_t offset, struct error *err), struct areas *unreached,
                  struct firmware_look *ret, struct error *err);

/* Takes a password that an interrupted erase of ours left on the device away again. ERR_CONFLICT when the device
 * does not take it; *ret_was says whether there was one. */
int firmware_release(struct firmware_run *run, const uint8_t password[ATA_PASSWORD], bool *ret_was,
                     struct error *err);

/* What every firmware technique asks first: a device that answers, and has it. ERR_REFUSED by S2. */
int firmware_offered(const struct medium *medium, const struct device_facts *facts, enum passthrough_kind kind,
                     bool has, const char *name, struct error *err);
