/* Alerts: one list of what needs somebody, computed from the facts of all rooms and the clock; acknowledgements;
 * and what of it is news to those who are told by mail or by a program of theirs. */
#pragma once

#include "act/act.h"
#include "base/config.h"
#include "policy/alert.h"

extern const struct room alert_room; /* verbs `alert ...`; events alert.* */

/* The list as an array of objects, critical ones first, then the oldest: key, source, rule, object, level, since,
 * what, todo, for, and, while an acknowledgement holds, acknowledged_by, acknowledged_until and reason. New
 * reference. */
int alerts_list(struct act *act, json_t **ret, struct error *err);
