/* For who walks through the sources. */
#pragma once

#include "act/alert.h"

struct alerts {
        struct act *act;
        const struct alert_source *source;
        json_t *rows; /* array of the findings */
        size_t found; /* of this source */
};

/* Asks one source. What it can't tell is a critical alert of its own: a list that lacks something must say so. */
int alerts_ask(struct alerts *alerts, const struct alert_source *source, struct error *err);
