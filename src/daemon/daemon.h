/* mpsid: the station's guard. Its main process holds the privileges and nothing else: it hears udev, closes and
 * opens devices, accepts clients and starts the processes that do the rest. It opens neither the store nor a
 * medium, and parses nothing that a medium or a client sends.
 *
 *   guard   root, few capabilities   udev's messages, BLKROSET and holds (through hands), the socket
 *   probe   confined by seccomp      one look at one device: its content, parsed, as facts
 *   hand    root, for a moment       one call on one device that may never return
 *   judge   the store's account      facts to verdicts, on record; follows the registry
 *   worker  the store's account      one client, or one job that is resumed */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { DAEMON_PATTERNS = 16 };

struct daemon_options {
        const char *store;  /* NULL: the configuration's, else STATION_STORE */
        const char *config; /* path of the configuration, or NULL */
        const char *socket; /* path to listen on when systemd hands no socket over, or NULL: none */
        const char
                *account; /* who judge and workers are; NULL: the configuration's or STATION_USER where it exists */
        const char *patterns[DAEMON_PATTERNS]; /* kernel names that are judged too, such as "loop*" */
        size_t patterns_n;
        bool order;      /* send one firmware command, and end (mpsid-order@.service) */
        bool audit_only; /* judge and record, change nothing on devices */
        enum lang lang;
};

/* Runs until SIGTERM or SIGINT. */
int daemon_run(const struct daemon_options *options, struct error *err);
