/* Block devices as they come and go: udev's messages, after its rules have run, and a look at all that is there. */
#pragma once

#include "device/facts.h"

struct monitor;

enum monitor_action {
        MONITOR_CHANGED, /* came, or has another content: look at it */
        MONITOR_REMOVED,
        MONITOR_OVERFLOW, /* messages were lost: look at everything */
};

struct monitor_event {
        enum monitor_action action;
        char path[DEVICE_FIELD]; /* /dev/sdb; "" on overflow */
        char name[64];           /* sdb */
};

/* Listens from now on. A partition's message is told of its whole disk. */
int monitor_new(struct monitor **ret, struct error *err);
void monitor_free(struct monitor *monitor);
DEFINE_CLEANUP(struct monitor, monitor_free)
/* To poll for input. */
int monitor_fd(const struct monitor *monitor);
/* 1 and the next event, 0 when there is none now, or an error. */
int monitor_next(struct monitor *monitor, struct monitor_event *ret, struct error *err);

/* Calls found() with the node of every whole disk that is there. */
int monitor_enumerate(void (*found)(void *context, const char *path), void *context, struct error *err);
