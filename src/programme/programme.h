/* The audit programme (A1): the calendar, audits with their samples, findings and what becomes of them. */
#pragma once

#include "act/act.h"
#include "policy/audit_programme.h"

extern const struct alert_family programme_alerts;
extern const struct room
        programme_room; /* the tables; verbs `audit calendar`, `list`, `show`, `start`, `check`, `close` */
extern const struct room finding_room; /* verbs `audit finding`, `follow`, `findings`; `report R-110-024` */

/* Something of the programme that asks for attention, for whoever shows or sends alerts. */
struct audit_alert {
        enum gravity gravity;  /* info: due soon; alert, critical: overdue */
        char key[64];          /* the same as long as it is the same matter: "inventory/ALTA", "H000001" */
        char due[DATE_TEXT];   /* the day until which it was to be done */
        bool finding;          /* else an audit of the calendar */
        char audit[16];        /* the audit that is under way, or that the finding belongs to; or "" */
        char responsible[40];  /* of a finding; or "" */
        char es[200], en[200]; /* one line for people */
};
/* Calls each() for every audit that is due soon or overdue at `now`, and every finding that is overdue or has a
 * week left, the gravest first among each, until it returns non-zero, and gives that. It reads tables only: no
 * device, no record. */
int audit_due(struct act *act, int64_t now, int (*each)(void *context, const struct audit_alert *alert),
              void *context, struct error *err);
