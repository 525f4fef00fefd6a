/* Shared by the files of this room only. */
#pragma once

#include "audit/audit.h"

extern const struct schema audit_schema;

enum { INCIDENT_EVENTS = 3 };
extern const struct event_type incident_events[];

/* Writes the draft of the notification of a breach as text. ERR_CONFLICT for another kind of incident. */
int incident_write_draft(const struct act *act, const json_t *incident, const char *path, struct error *err);

/* "n 1", "N000001" or what a scanner made of it, to "N000001". ERR_USAGE. */
int incident_id_parse(const char *text, char ret[INCIDENT_ID], struct error *err);
