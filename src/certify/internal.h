/* Shared by the files of this room only. */
#pragma once

#include "certify/certify.h"
#include "policy/destruction.h"
#include "registry/medium.h"
#include "registry/person.h"
#include "sign/pades.h"

extern const struct schema certify_schema;
enum {
        DESTRUCTION_EVENTS = 4,
        CERTIFICATE_EVENTS = 7,
        PROVIDER_EVENTS = 3,
        DESTROY_VERBS = 7,
        CERTIFICATE_VERBS = 9,
        PROVIDER_VERBS = 5
};
extern const struct event_type destruction_events[], certificate_events[], provider_events[];
extern const struct verb destroy_verbs[], certificate_verbs[], provider_verbs[];

/* --- destruction ----------------------------------------------------------------------------------------- */

enum destruction_state {
        DESTRUCTION_REQUESTED,
        DESTRUCTION_APPROVED,
        DESTRUCTION_REFUSED,
        DESTRUCTION_EXECUTED,
        DESTRUCTION_STATES
};
extern const struct term destruction_state_terms[DESTRUCTION_STATES];

enum { PHOTO_MAX_BYTES = 32 * 1024 * 1024, PHOTOS_MAX = 24, DESTRUCTION_ID = 24, BATCH_MAX = 100 };

/* A destruction is read as one JSON object, moments as ISO text, with its photos [{moment, name, sha256}]. By its
 * ID, or by any name of a medium: then its newest. ERR_NOT_FOUND with a message. */
int destruction_find(struct act *act, const char *text, json_t **ret, struct error *err);
/* Those that were asked for together with it, itself among them, in their order; itself alone when there are none.
 */
int destruction_together(struct act *act, const json_t *destruction, json_t **ret, struct error *err);
bool destruction_is(const json_t *destruction, enum destruction_state state);
/* ERR_CONFLICT by S8 when it is in another state. */
int destruction_demand_state(const json_t *destruction, enum destruction_state state, struct error *err);
/* A medium that is out of the house or gone can't be destroyed here: ERR_CONFLICT by S8. */
int destruction_refuse_absent(const struct medium *medium, struct error *err);
/* The form R-110-020 as PDF. */
int destruction_form(struct act *act, const json_t *destruction, const char *path, struct error *err);
/* `report R-110-020` */
int destruction_run_report(struct act *act, const json_t *args, json_t **ret, struct error *err);
int destroy_run_execute(struct act *act, const json_t *args, json_t **ret, struct error *err);

/* --- providers (S11) -------------------------------------------------------------------------------------- */

/* A provider as one JSON object with its documents by kind, and what they are worth today. ERR_NOT_FOUND. */
int provider_find(struct act *act, const char *name, json_t **ret, struct error *err);
/* ERR_REFUSED by S11 when one of its papers is missing or not valid today, or it was withdrawn. */
int provider_demand(struct act *act, const char *name, json_t **ret, struct error *err);

/* --- certificates ---------------------------------------------------------------------------------------- */

/* The three signatures, in their order. */
enum { SIGN_EXECUTOR, SIGN_SUPERVISOR, SIGN_SEAL, SIGNATURES };
extern const char *const signature_fields[SIGNATURES];
extern const struct term signature_terms[SIGNATURES];
enum certificate_state {
        CERTIFICATE_UNSIGNED,
        CERTIFICATE_VALID,
        CERTIFICATE_REVOKED,
        CERTIFICATE_SUPERSEDED,
        CERTIFICATE_STATES
};
extern const struct term certificate_state_terms[CERTIFICATE_STATES];

enum { CERTIFICATE_MAX_BYTES = 64 * 1024 * 1024, CERTIFICATE_NUMBER = 32, CERTIFICATE_MEDIA_MAX = 500 };

/* ERR_CONFLICT by S9 when it was revoked or superseded. */
int certify_demand_live(const json_t *certificate, struct error *err);
/* A certificate's row as one JSON object with its signatures. ERR_NOT_FOUND with a message. */
int certify_load(struct db *db, const char *number, json_t **ret, struct error *err);
/* As certify_load for a number as typed or scanned (any case, any separators), or any name of a medium. */
int certify_find(struct act *act, const char *text, json_t **ret, struct error *err);
/* What is to be certified of these media, all of them by one kind of act, one method, the same people: the twin
 * without number and issue. Refused by S5 (not sanitized), S8 (not destroyed). */
int certify_gather(struct act *act, const json_t *media, const char *supervisor, json_t **ret, struct error *err);
/* The media that one certificate of this medium is about: those destroyed with it too. New array of IDs. */
int certify_media(struct act *act, const json_t *media, json_t **ret, struct error *err);
/* The twin as the data of form R-110-021. */
int certify_form_data(const json_t *twin, const char *digest, json_t **ret, struct error *err);
/* The language of documents, as `init` settled it; whoever acts may speak another. */
enum lang certify_lang(struct act *act);
/* {account, name, title} of a person. */
int certify_person(struct act *act, const char *name, json_t **ret, struct error *err);
/* The ledger's proof that event `seq` is in it. */
int certify_proof(struct act *act, int64_t seq, json_t **ret, struct error *err);
/* Reads an attachment and checks it against its digest. ERR_VERIFY by S9 when it differs. */
int certify_attachment(struct act *act, const char *digest, char **ret, size_t *ret_n, struct error *err);
/* Writes an attachment to a path of the person's. */
int certify_export(struct act *act, const char *digest, const char *path, struct error *err);
/* "mpsi 0.1.0 rules 1a2b3c4d": the version and a digest over every rule of policy. */
int certify_policy_version(char out[64], struct error *err);

int certificate_run_issue(struct act *act, const json_t *args, json_t **ret, struct error *err);
int certificate_run_sign(struct act *act, const json_t *args, json_t **ret, struct error *err);
int certificate_run_timestamp(struct act *act, const json_t *args, json_t **ret, struct error *err);
int certificate_run_supersede(struct act *act, const json_t *args, json_t **ret, struct error *err);
int certificate_run_verify(struct act *act, const json_t *args, json_t **ret, struct error *err);
