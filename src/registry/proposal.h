/* What a look at a medium's content proposed for its classification (L8): of a registered medium, or of a device
 * that is still to be registered (by its insertion). */
#pragma once

#include "act/act.h"
#include "device/facts.h"
#include "registry/medium.h"

struct proposal {
        bool there;
        enum classification classification;
        bool health;
        char tags[128];
};

int proposal_load(struct db *db, const char *subject, struct proposal *ret, struct error *err);
/* What a device is called in proposals while it is no medium: serial number, else insertion. */
const char *proposal_subject(const struct device_facts *facts);
/* The arguments of a registration with what was proposed for its device, when --proposed asks for it: a new
 * reference. ERR_USAGE when there is neither a classification nor a proposal. facts: NULL without a device. Says so
 * when less than proposed is asked for. */
int proposal_in_registration(struct act *act, const json_t *args, const struct device_facts *facts, json_t **ret,
                             struct error *err);
