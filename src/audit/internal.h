/* Shared by the files of this room only. */
#pragma once

#include "audit/audit.h"

extern const struct schema audit_schema;

enum { INCIDENT_EVENTS = 3 };
extern const struct event_type incident_events[];

/* "n 1", "N000001" or what a scanner made of it, to "N000001". ERR_USAGE. */
int incident_id_parse(const char *text, char ret[INCIDENT_ID], struct error *err);
