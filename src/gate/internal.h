/* Shared by the files of this room only. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "gate/gate.h"
#include "ledger/event.h"
#include "policy/rule.h"

extern const struct schema gate_schema;

/* The facts of args' device, when the gate has a say on it; ERR_CONFLICT for any other. */
int gate_read_device(struct act *act, const json_t *args, struct device_facts *ret, struct error *err);

int gate_apply_judged(struct db *db, const struct event *event, struct error *err);

/* Turns the answer into acceptance where `device allow` was given for this insertion. */
int gate_allowed(struct db *db, const struct device_facts *facts, struct gate_judgement *judgement,
                 struct error *err);
int gate_apply_allowed(struct db *db, const struct event *event, struct error *err);
int gate_run_allow(struct act *act, const json_t *args, json_t **ret, struct error *err);
