/* A person's own ECDSA signature over a statement in canonical JSON, typed in with their PIN at the desk. */
#pragma once

#include <stdbool.h>

#include "act/act.h"

/* Asks for pin:NAME and adds the members statement, signature (base64) and certificate (PEM) to `data`. ERR_REFUSED
 * by `rule` when the person has no key. */
int custody_sign(struct act *act, const char *person, const char *rule, const json_t *statement, json_t *data,
                 struct error *err);

/* "valid", "invalid", "unknown-algorithm" (C7) or "none", for a record with time (ISO), person, statement (text),
 * signature and certificate. A valid one gives its statement (new reference): whether that is about the record is
 * the caller's to see. */
const char *custody_signature_check(const struct act *act, const json_t *record, json_t **ret_statement);

/* What every statement of custody begins with: {format, algorithm, subject, step, person, signed}. New reference.
 */
int custody_statement(const struct act *act, const char *format, const char *subject, const char *step,
                      const char *person, json_t **ret, struct error *err);

/* For apply functions: keeps what the event's data says of a signature (members signer, and statement, signature,
 * certificate or paper). Nothing where there is none. */
int custody_apply_signature(struct db *db, const struct event *event, const char *subject, const char *step,
                            struct error *err);
/* What was signed about a subject: an array of {step, person, time, standing, paper, statement, signature,
 * certificate}; standing "paper" is a sheet's number. */
int custody_signatures(const struct act *act, const char *subject, json_t **ret, struct error *err);
/* Whether this step stands there with a valid signature. */
bool custody_signed(const json_t *signatures, const char *step);
