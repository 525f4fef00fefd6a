/* The way to the SIEM: connects, sends what comes after the cursor, and moves the cursor over what the peer's
 * kernel has acknowledged. */
#pragma once

#include "forward/keeper.h"
#include "forward/link.h"
#include "forward/reader.h"

struct network;

struct network_options {
        sd_event *event;
        const struct siem_settings *settings;
        const char *state; /* folder of the cursor */
        const struct siem_origin *origin;
        struct reader *reader;
        /* Reading the store failed: network_wake() is to be called again after a while. */
        void (*on_trouble)(void *context, const struct error *err);
        void *context;
};

int network_new(const struct network_options *options, struct network **ret, struct error *err);
/* The ledger may have grown. */
void network_wake(struct network *network);
/* Writes the cursor and says good-bye. */
void network_free(struct network *network);
