/* One wipe, from its locks to its record. */
#pragma once

#include "device/identity.h"
#include "policy/verification.h"
#include "sanitize/firmware_job.h"
#include "sanitize/hidden.h"
#include "sanitize/internal.h"
#include "sanitize/plan.h"
#include "sanitize/timing.h"
#include "sanitize/watch.h"

struct job {
        struct act *act;
        char id[SANITIZATION_JOB];
        struct medium medium;
        struct device_facts facts; /* as approved: the descriptor is held against them */
        enum identity identity;
        struct plan plan;
        enum verify_kind verify; /* of the last pass */
        struct overwrite overwrite;
        struct firmware_job firmware;
        struct hidden_job hidden;
        char commitment[65]; /* SHA-256 of the seed, recorded before the first write */
        char markers[65];    /* before */
        json_t *evidence;    /* of the crypto erase, or NULL */
        int lock;            /* flock: one process a job */
        int fd;              /* the device */
        bool gated; /* the gate had made it read-only: lifted for this job, closed again if it doesn't end well */
        bool lifted;
        bool cancel_asked; /* by `wipe cancel` in another process */
        struct watch watch;
        struct timing timing;
        int64_t passed[CUSTOM_PASSES]; /* when each pass of the overwriting technique ended; 0: not yet */
};

void job_done(struct job *job);
#define _cleanup_job_ _cleanup_(job_done)

/* Loads the medium and the device, and holds them against each other: state, roles, identity, uses (S6). `device`
 * may be NULL when only policy is asked. Changes nothing. */
int job_guard(struct act *act, const char *medium, const char *device, struct job *ret, struct error *err);
/* Takes the job's lock: ERR_BUSY when another process runs it. */
int job_lock(struct job *job, struct error *err);
/* Starts a new job, after `typed` (may be NULL: then it is asked for) named the medium, and carries it to its end.
 * *ret is the answer. ERR_VERIFY by S5 when it ends "not sanitized". */
int job_run(struct job *job, const char *typed, json_t **ret, struct error *err);
/* Goes on with the medium's running or interrupted job. */
int job_resume(struct job *job, const char *typed, json_t **ret, struct error *err);
/* Gives up the medium's job; asks the process that runs it to stop, if one does. *ret_asked says which. */
int job_cancel(struct act *act, const char *medium, const char *reason, bool *ret_asked, struct error *err);
/* Reads the medium again against what the last job left, and records what came out. */
int job_verify(struct job *job, json_t **ret, struct error *err);
/* Takes what mpsi-verify-wipe found on the medium, from its file, for such a look. */
int job_verify_import(struct act *act, const char *medium, const char *path, json_t **ret, struct error *err);
/* Measures, once a job and before its first pass, whether the device writes constants at all; on record. */
int job_calibrate(struct job *job, struct error *err);
/* A seed for samples that nobody knew before: a verification's own. */
int job_sample_seed(struct job *job, struct error *err);

/* Bytes a second of the job's passes, pauses not counted; 0 when there were none. */
int64_t job_rate(const struct job *job);

/* --- the checkpoint file, work/wipe-MEDIUM.json -------------------------------------------------------------- */

int checkpoint_save(const struct job *job, struct error *err);
/* Fills seed, pass, offset and areas. ERR_NOT_FOUND when there is none for this job. */
int checkpoint_load(struct job *job, struct error *err);
void checkpoint_remove(const struct job *job);
/* When the passes ended so far: an array of moments, 0 where one has not. New reference, or NULL. */
json_t *checkpoint_passed(const struct job *job);
/* Path of work/wipe-MEDIUM.<extension>; new string or NULL. */
char *checkpoint_path(const struct act *act, const char *medium, const char *extension);
