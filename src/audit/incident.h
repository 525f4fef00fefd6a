/* Incidents (U9, op.exp.7): opened by people, or by an act that finds what should not be; closed by the security
 * administrator. While one is open, its subject and its media are flagged. */
#pragma once

#include "act/act.h"

enum incident_kind {
        INCIDENT_BREACH, /* personal data may be lost: the 72 hours of GDPR art. 33 run */
        INCIDENT_SEAL,
        INCIDENT_HEADER,
        INCIDENT_INDICATOR,
        INCIDENT_CONTENTS,
        INCIDENT_LATE,
        INCIDENT_NOT_LOCATED,
        INCIDENT_ACCESS,
        INCIDENT_DAMAGE,
        INCIDENT_ENVIRONMENT, /* temperature, humidity or field beyond a critical limit (U5) */
        INCIDENT_REVIEW,      /* of an act done under an emergency (T6) */
        INCIDENT_OTHER,
        INCIDENT_KINDS
};
extern const struct term incident_kind_terms[INCIDENT_KINDS];

enum { INCIDENT_ID = 16, INCIDENT_WHAT = 4 * 1000 + 1 /* of 1000 characters */ };

struct incident_draft {
        enum incident_kind kind;
        const char *subject; /* a loan, a shipment, a medium or a location; "" for none */
        const json_t *media; /* array of medium IDs, or NULL */
};

/* The fact "incident.opened" for the act's own act_record() array. `ahead` counts the incidents that come before
 * it in the same array, so that numbers stay gapless. ret->data is a new reference that the caller releases;
 * ret->subject, the incident's ID, lives as long. */
int incident_fact(struct db *db, unsigned ahead, const struct incident_draft *draft, struct fact *ret,
                  struct error *err, const char *es, const char *en, ...)
        __attribute__((format(printf, 6, 8), format(printf, 7, 8)));

/* The oldest open incident whose subject or one of whose media is `about`. 0, or ERR_NOT_FOUND without a
 * message. */
int incident_open_about(struct db *db, const char *about, char ret_id[INCIDENT_ID], struct error *err);

/* What is on record about a medium's loss: the breaches that name it, open or not, and what else is open about it;
 * an array of {id, kind, state} in their order. */
int incident_about_loss(struct db *db, const char *medium, json_t **ret, struct error *err);

/* For other rooms' verbs: ERR_CONFLICT by `rule` while an incident about it is open. */
int incident_refuse_open(struct db *db, const char *about, const char *rule, struct error *err);
