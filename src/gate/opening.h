/* Media that are open (C9): what the registry holds of it, for the verbs and for mpsid. */
#pragma once

#include "gate/gate.h"
#include "policy/opening.h"

extern const struct room opening_room; /* verbs `encrypt unlock`, `lock`, `status`; events encryption.opened ... */

/* Whether what is open on this device may stay so, by its newest judgement. */
enum opening_standing {
        OPENING_NONE, /* nothing is on record as open there */
        OPENING_STAYS,
        OPENING_ENDS_NOW, /* a verdict, a loan or a person has changed */
};
int opening_stands(struct act *act, const struct device_facts *facts, const struct gate_judgement *judgement,
                   enum opening_standing *ret, struct error *err);

/* Records that it was closed, unless it is open after all or the registry knows that already. With the writer's
 * lock held. */
int opening_closed(struct act *act, const char *medium, enum opening_end why, struct error *err);
/* The same for all that is on record as open and is not: after a stop that nobody could record. */
int opening_reconcile(struct act *act, struct error *err);
