/* Handlers of the verbs about finished wipes, for the room's table. */
#pragma once

#include "act/act.h"

int wipe_validate(struct act *act, const json_t *args, json_t **ret, struct error *err);
int wipe_due(struct act *act, const json_t *args, json_t **ret, struct error *err);
int wipe_show(struct act *act, const json_t *args, json_t **ret, struct error *err);
