/* What the rooms above may use of audit. */
#pragma once

#include "act/act.h"
#include "audit/incident.h"

extern const struct alert_family audit_alerts;
extern const struct room audit_room; /* verbs `incident ...` */
