/* Shared by the files of this room only. */
#pragma once

#include "custody/custody.h"

extern const struct schema custody_schema;

enum { LOCATION_EVENTS = 2, LOAN_EVENTS = 6 };
extern const struct event_type location_events[], loan_events[];

/* A place with its occupancy, not counting the medium `except` (may be NULL). place->code points into the argument.
 */
int location_load(struct db *db, const char *code, const char *except, struct place *ret, struct error *err);

enum loan_state { LOAN_REQUESTED, LOAN_APPROVED, LOAN_REFUSED, LOAN_OUT, LOAN_RETURNED, LOAN_STATES };
extern const struct term loan_state_terms[LOAN_STATES];

/* A loan is read as one JSON object: the members of docs/verbs, moments as ISO text, "overdue" for the day of
 * `now`. ERR_NOT_FOUND with a message. */
int loan_load(struct db *db, const char *id, int64_t now, json_t **ret, struct error *err);
/* By its number, or by any name of a medium: then its newest loan in that state. ERR_NOT_FOUND, ERR_CONFLICT by U3
 * when the loan is in another state. */
int loan_find(struct act *act, const char *text, enum loan_state state, json_t **ret, struct error *err);
bool loan_is(const json_t *loan, enum loan_state state);

/* U4 and X4 for one who is to have a medium now. */
int loan_refuse_borrower(struct act *act, const char *name, struct error *err);

/* The receipt of a loan that is out or back, as PDF. */
int loan_receipt(struct act *act, const json_t *loan, const char *path, struct error *err);

/* The verbs `loan out` and `loan in`. */
int loan_run_out(struct act *act, const json_t *args, json_t **ret, struct error *err);
int loan_run_in(struct act *act, const json_t *args, json_t **ret, struct error *err);
