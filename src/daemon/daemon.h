/* mpsid: watches block devices and puts the gate's verdict into force. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { DAEMON_PATTERNS = 16 };

struct daemon_options {
        const char *store; /* folder */
        enum lang lang;
        bool audit_only;                       /* judge and record, but leave every device as it is */
        const char *patterns[DAEMON_PATTERNS]; /* kernel names that are looked at, as shell patterns */
        size_t patterns_n;                     /* 0: all */
};

/* Runs until SIGTERM or SIGINT. Tells the service manager when the devices that were there at the start are
 * judged. */
int daemon_run(const struct daemon_options *options, struct error *err);
