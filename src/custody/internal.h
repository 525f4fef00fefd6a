/* Shared by the files of this room only. */
#pragma once

#include "audit/incident.h"
#include "custody/custody.h"
#include "custody/signature.h"
#include "policy/custody_access.h"
#include "policy/custody_limits.h"

extern const struct schema custody_schema;

enum { LOCATION_EVENTS = 2, LOAN_EVENTS = 6 };
extern const struct event_type location_events[], loan_events[];

/* A place with its occupancy, not counting the medium `except` (may be NULL). place->code points into the argument.
 */
int location_load(struct db *db, const char *code, const char *except, struct place *ret, struct error *err);

/* --- areas -------------------------------------------------------------------------------------------------- */

/* Whether a location's code lies in it; "" holds all. */
bool custody_area_holds(const char *area, const char *code);
struct area {
        bool places;
        enum category level;         /* the highest of its places */
        enum classification section; /* the highest */
};
/* ERR_NOT_FOUND when no location lies in it. */
int custody_area_load(struct db *db, const char *area, struct area *ret, struct error *err);

/* --- loans -------------------------------------------------------------------------------------------------- */

enum loan_state { LOAN_REQUESTED, LOAN_APPROVED, LOAN_REFUSED, LOAN_OUT, LOAN_RETURNED, LOAN_STATES };
extern const struct term loan_state_terms[LOAN_STATES];

/* A loan is read as one JSON object: the members of docs/verbs, moments as ISO text, "overdue" for the day of
 * `now`. ERR_NOT_FOUND with a message. */
int loan_load(struct db *db, const char *id, int64_t now, json_t **ret, struct error *err);
/* By its number, or by any name of a medium: then its newest loan in that state. ERR_NOT_FOUND, ERR_CONFLICT by U3
 * when the loan is in another state. */
int loan_find(struct act *act, const char *text, enum loan_state state, json_t **ret, struct error *err);
bool loan_is(const json_t *loan, enum loan_state state);
/* Adds the member `signatures`: what the borrower signed at the hand-over, and the custodian at the return. */
int loan_add_signatures(struct act *act, json_t *loan, struct error *err);

/* U4 and X4 for one who is to have a medium now. */
int loan_refuse_borrower(struct act *act, const char *name, struct error *err);
/* X4, U4 of the person who supervises a hand-over. */
int loan_refuse_supervisor(struct act *act, const char *name, struct error *err);

/* The receipt of a loan that is out or back, as PDF. */
int loan_receipt(struct act *act, const json_t *loan, const char *path, struct error *err);

/* The verbs `loan out` and `loan in`. */
int loan_run_out(struct act *act, const json_t *args, json_t **ret, struct error *err);
int loan_run_in(struct act *act, const json_t *args, json_t **ret, struct error *err);

/* --- access to custody -------------------------------------------------------------------------------------- */

enum access_state { ACCESS_REQUESTED, ACCESS_APPROVED, ACCESS_DENIED, ACCESS_INSIDE, ACCESS_LEFT, ACCESS_STATES };
extern const struct term access_state_terms[ACCESS_STATES];
enum { INTEGRITIES = 3 };
extern const struct term
        integrity_terms[INTEGRITIES]; /* of media that are checked: "intact", "changed", "missing" */

enum { CUSTODY_ACCESS_EVENTS = 7 };
extern const struct event_type custody_access_events[];

/* An access as one JSON object with its array `media` and its `signatures`; moments as ISO text. By its number,
 * however scanned. ERR_USAGE, ERR_NOT_FOUND. */
int access_load(struct act *act, const char *text, json_t **ret, struct error *err);
/* The same, or ERR_CONFLICT by U7 when it is in another state. */
int access_load_in(struct act *act, const char *text, enum access_state state, json_t **ret, struct error *err);
bool access_is(const json_t *access, enum access_state state);
/* X4, U4 for one who is to enter now. */
int access_refuse_visitor(struct act *act, const char *name, struct error *err);

/* A verb's repeated parameter "MEDIUM=VALUE", with any name of a medium: an object from ID to value. ERR_USAGE. */
int custody_pairs(struct act *act, const json_t *args, const char *param, json_t **ret, struct error *err);

int access_run_enter(struct act *act, const json_t *args, json_t **ret, struct error *err);
int access_run_leave(struct act *act, const json_t *args, json_t **ret, struct error *err);

/* Facts of one act, with the references that they need. */
struct custody_facts {
        struct fact *facts;
        char (*subjects)[LOCATION_CODE];
        size_t n, most;
        unsigned incidents;
};
int custody_facts_new(size_t most, struct custody_facts *ret, struct error *err);
void custody_facts_done(struct custody_facts *facts);
#define _cleanup_custody_facts_ _cleanup_(custody_facts_done)
/* Takes the reference `data` over, also on failure. */
int custody_facts_add(struct custody_facts *facts, const char *type, const char *subject, json_t *data,
                      struct error *err);
/* Says which incidents were opened. */
void custody_facts_say(struct act *act, const struct custody_facts *facts);
/* Adds an incident about `draft`. */
int custody_facts_incident(struct act *act, struct custody_facts *facts, const struct incident_draft *draft,
                           struct error *err, const char *es, const char *en, ...)
        __attribute__((format(printf, 5, 7), format(printf, 6, 7)));
