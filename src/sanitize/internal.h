/* Between the files of this room. */
#pragma once

#include "sanitize/sanitize.h"

extern const struct schema sanitize_schema;
enum { SANITIZE_EVENTS = 15 };
extern const struct event_type sanitize_events[SANITIZE_EVENTS];

/* The job with this ID. The same ownership as sanitization_last(). */
int sanitization_load(struct db *db, const char *job, struct sanitization_record *ret, struct error *err);
/* Rows for `wipe status`: of one medium (NULL: of all). New reference. */
int sanitization_rows(struct db *db, const char *medium, json_t **ret, struct error *err);
/* Rows of the jobs that are unfinished or ended since that moment, the older first: {job, medium, state, ...,
 * device, model, serial, size, not_reached}. New reference. */
int sanitization_recent(struct db *db, int64_t since, json_t **ret, struct error *err);
/* How many jobs a medium has had. */
int sanitization_count(struct db *db, const char *medium, int64_t *ret, struct error *err);
/* Evidence of a crypto erase that this job has already recorded, or NULL. New reference. */
int sanitization_evidence(struct db *db, const char *job, json_t **ret, struct error *err);
/* What was measured before the passes of this job, or NULL. New reference. */
int sanitization_calibration(struct db *db, const char *job, json_t **ret, struct error *err);
