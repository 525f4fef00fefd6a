/* mpsi-siem: hands every event of a store on to the journal and to a SIEM. */
#pragma once

#include "siem/settings.h"

struct forward_options {
        const char *store; /* folder; only read */
        const char *state; /* folder of the cursors */
        struct siem_settings settings;
        enum lang lang; /* of its own lines; messages are in the station's */
};

/* Runs until SIGTERM or SIGINT. */
int forward_run(const struct forward_options *options, struct error *err);
