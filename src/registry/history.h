/* What happened to a medium, event by event. */
#pragma once

#include "act/act.h"

/* media history: of each event the number, the moment, who, its type, its name and what of its data tells people
 * something, and the data themselves. */
int media_run_history(struct act *act, const json_t *args, json_t **ret, struct error *err);
