/* Reads a medium for content_scan() in a process of its own that can do nothing else: no file, no socket, no
 * process, and, when the medium does not answer, no parent that waits for ever. Private to the room. */
#pragma once

#include "base/error.h"
#include "content/scan.h"
#include "device/facts.h"

struct reading {
        int64_t limit; /* bytes to read at most; a larger medium is read in samples */
        void (*progress)(void *context, int64_t done, int64_t total);
        bool (*cancelled)(void *context);
        void *context;
};

enum { CONTENT_WINDOW = 1 << 20, CONTENT_SILENCE = 30 };

/* Where the i-th window lies: the first half of the limit from the start on, the other half spread over the rest.
 * Pure. *ret_n: how many windows there are. */
int64_t content_window(int64_t size, int64_t limit, int64_t i, int64_t *ret_n);

/* ERR_FAILED for one that can't be read or does not answer. Never writes. */
int content_read(const struct device_facts *facts, const struct reading *reading, struct content_report *ret,
                 struct error *err);
