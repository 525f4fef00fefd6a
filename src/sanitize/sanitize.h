/* Sanitization of media: what other rooms may use. */
#pragma once

#include "act/act.h"
#include "policy/sanitization.h"
#include "registry/medium.h"

extern const struct alert_family sanitize_alerts;
extern const struct room sanitize_room; /* verbs `wipe ...` */

/* How a job stands. */
enum sanitization_state {
        SANITIZATION_RUNNING,       /* started; also what a crash leaves behind */
        SANITIZATION_INTERRUPTED,   /* stopped at a durable point: `wipe resume` goes on */
        SANITIZATION_SANITIZED,     /* finished and verified, every area reached */
        SANITIZATION_NOT_SANITIZED, /* finished, but something was not reached or does not verify (S5) */
        SANITIZATION_FAILED,        /* given up by an error of the machine or the device */
        SANITIZATION_CANCELLED,     /* given up by a person */
        SANITIZATION_STATES
};
extern const struct term sanitization_state_terms[SANITIZATION_STATES];

enum { SANITIZATION_JOB = 40 };

/* One job, as its events left it. */
struct sanitization_record {
        char job[SANITIZATION_JOB]; /* HQ00000042K-W1 */
        char medium[MEDIUM_ID_TEXT];
        enum sanitization_state state;
        enum scheme_id scheme;                 /* method: scheme_terms[scheme].name */
        enum sanitize_level demanded, reached; /* SP 800-88 */
        enum classification classification;    /* at the start */
        enum medium_kind kind;
        char operator[40];              /* who started it */
        int64_t started, ended;         /* microseconds; ended 0 while it runs */
        int64_t started_seq, ended_seq; /* the events in the ledger */
        /* Data of the events sanitization.started and sanitization.finished (or .failed, .cancelled; NULL while it
         * runs). Owned. docs/sanitization.md lists the members; a certificate wants from `finished`: techniques,
         * verification {kind, bytes, differing_bytes}, areas_not_reached [[start, length]], bytes_not_reached,
         * device {vendor, model, serial, wwn, size, bus}, device_status, identity, tool, tool_version, seed,
         * seed_commitment, markers_before, markers_after, forensic (or null), limits [{es, en}], attachments
         * (absent or
         * [{name, sha256, media_type, es, en}]: files of the store, by digest), calibration (or absent). */
        json_t *started_data, *ended_data;
};

/* The newest job of a medium. ERR_NOT_FOUND when it was never wiped. Release with sanitization_record_done(). */
int sanitization_last(struct db *db, const char *medium, struct sanitization_record *ret, struct error *err);
/* Whether the newest job of a medium is on record as at work on this insertion, and by whom: who started it, or
 * resumed it last. ERR_NOT_FOUND when the medium was never wiped. */
enum { SANITIZATION_PERSON = 40 };
int sanitization_at_work(struct db *db, const char *medium, const char *insertion, char person[SANITIZATION_PERSON],
                         bool *ret, struct error *err);
/* How many jobs are neither finished nor given up. */
int sanitization_unfinished(struct db *db, int64_t *ret, struct error *err);
/* S4.3: the signed validation of a job: {decision, reason, person, time, statement, signature, certificate}. *ret
 * is untouched when nobody validated it. New reference. */
int sanitization_validation(struct db *db, const char *job, json_t **ret, struct error *err);
/* Calls each() for the newest wipe of each medium that ended sanitized in from..to and that no act of its own
 * validated, the oldest first, until it returns non-zero, and gives that. */
int sanitization_each_unvalidated(struct db *db, int64_t from, int64_t to,
                                  int (*each)(void *context, const char *job, const char *medium, int64_t ended),
                                  void *context, struct error *err);
/* Whether a certificate may be issued on this wipe: ERR_REFUSED by S4.3 when its result was not accepted, or when
 * its classification demands an act of its own and there is none. *ret as above. */
int sanitization_demand_validation(struct db *db, const struct sanitization_record *record, json_t **ret,
                                   struct error *err);
/* S1: whether what the job did is enough for a medium of this kind and classification. Of the house's own passes
 * those count that are on record. */
bool sanitization_enough(const struct sanitization_record *record, enum medium_kind kind,
                         enum classification classification);
void sanitization_record_done(struct sanitization_record *record);
#define _cleanup_sanitization_ _cleanup_(sanitization_record_done)
