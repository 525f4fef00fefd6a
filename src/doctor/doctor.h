/* The station's own health (X5, OP.EXP.2): `doctor` looks and changes nothing; the baseline records how the station
 * is configured, and what drifts from it. */
#pragma once

#include "act/act.h"

extern const struct alert_family doctor_alerts;
extern const struct room doctor_room;   /* verb `doctor` */
extern const struct room baseline_room; /* verbs `baseline ...`; events baseline.* */

/* Where a station's things are, and how the machine is asked. */
struct doctor_context;
extern const struct doctor_context doctor_station; /* this machine */

/* Compares the present configuration with the baseline in force and records it: baseline.checked always,
 * baseline.drift with what differs. For the verb, and for a program that checks every day on its own (the act then
 * has no person). *ret: {baseline, level, keys, missing, changed, added, ..., rows}; drift is no error here.
 * ERR_NOT_FOUND by X5 when no baseline is in force; ERR_VERIFY when its map is not what was recorded. */
int baseline_check_run(struct act *act, const struct doctor_context *context, json_t **ret, struct error *err);

/* Whether a baseline is in force and was not compared for a day. */
int baseline_check_due(struct act *act, bool *ret, struct error *err);
