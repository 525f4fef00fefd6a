/* How far a receiver has got: a small file outside the store, which this program never writes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"

/* A place in the ledger: up to and including this event, and the checkpoint of this size. */
struct siem_place {
        int64_t seq; /* 0: before the first */
        uint8_t hash[SHA256_SIZE];
        int64_t checkpoint;
};

struct siem_cursor {
        char station[64];
        struct siem_place done;  /* acknowledged */
        struct siem_place again; /* from here it is sent once more when a connection broke: done, or before it */
        bool broken;             /* the last connection broke: what lies between the two is to be sent again */
        int64_t time;            /* of the newest acknowledgement; 0: none yet */
};

/* ERR_NOT_FOUND: there is none; ERR_VERIFY: it can't be understood. */
int siem_cursor_load(const char *path, struct siem_cursor *ret, struct error *err);
int siem_cursor_save(const char *path, const struct siem_cursor *cursor, struct error *err);

/* "STORE-siem" beside the store; the caller frees it. NULL: out of memory. */
char *siem_state_folder(const char *store);
/* The cursors in it. */
#define SIEM_CURSOR_NETWORK "network"
#define SIEM_CURSOR_JOURNAL "journal"
