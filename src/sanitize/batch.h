/* Verbs about many media at once: `wipe batch`, `wipe rack`. Private to the room. */
#pragma once

#include "act/act.h"

int batch_check(struct act *act, const json_t *args, json_t **ret, struct error *err);
int rack_show(struct act *act, const json_t *args, json_t **ret, struct error *err);
