/* The facts of a job and how they become rows. From the start until a verified end the medium is "unsanitized": a
 * crash at any point leaves it barred from reuse (S5). */
#include <string.h>

#include "policy/verification.h"
#include "sanitize/house.h"
#include "sanitize/internal.h"

static const char *job_of(const struct event *event) {
        return json_text_or_empty(event->data, "job");
}

static int one_row(int changed, const struct event *event, struct error *err) {
        if (changed < 0)
                return changed;
        if (changed != 1)
                return fail(err, ERR_CONFLICT, "El trabajo %s no está en un estado que lo permita.",
                            "Job %s is not in a state that allows it.", job_of(event));
        return 0;
}

static int apply_started(struct db *db, const struct event *event, struct error *err) {
        _cleanup_free_ char *data = NULL;
        const char *insertion = json_text_or_empty(event->data, "insertion");
        int r = json_canonical(event->data, &data, err);

        if (r == 0)
                r = db_exec(db, err,
                            "INSERT INTO sanitization (job, medium, number, state, scheme, demanded, reached, "
                            "classification, kind, operator, started, started_seq, started_data) "
                            "VALUES (?, ?, ?, 'running', ?, ?, 'none', ?, ?, ?, ?, ?, ?)",
                            "ssisssssiis", job_of(event), event->subject, json_int(event->data, "number", 0),
                            json_text(event->data, "scheme"), json_text(event->data, "demanded_level"),
                            json_text(event->data, "classification"), json_text(event->data, "kind"), event->actor,
                            event->time, event->seq, data);
        if (r >= 0)
                r = medium_apply_state(db, event->subject, MEDIUM_UNSANITIZED, "", err);
        /* Once its header is gone, a medium without a serial is known by this insertion only. */
        if (r >= 0 && *insertion)
                r = medium_apply_insertion(db, event->subject, insertion, err);
        return r < 0 ? r : 0;
}

/* A step on keys is done and will not be done again. */
static int apply_step(struct db *db, const struct event *event, struct error *err) {
        const json_t *evidence = json_object_get(event->data, "evidence");
        _cleanup_free_ char *text = NULL;
        int r = evidence ? json_canonical(evidence, &text, err) : 0;

        if (r < 0)
                return r;
        return one_row(db_exec(db, err, "UPDATE sanitization SET evidence = ? WHERE job = ? AND state = 'running'",
                               "ss", text, job_of(event)),
                       event, err);
}

static int apply_interrupted(struct db *db, const struct event *event, struct error *err) {
        return one_row(db_exec(db, err,
                               "UPDATE sanitization SET state = 'interrupted' WHERE job = ? AND state = 'running'",
                               "s", job_of(event)),
                       event, err);
}

static int apply_resumed(struct db *db, const struct event *event, struct error *err) {
        const char *insertion = json_text_or_empty(event->data, "insertion");
        int r = one_row(db_exec(db, err,
                                "UPDATE sanitization SET state = 'running', resumed = resumed + 1 "
                                "WHERE job = ? AND state IN ('running', 'interrupted')",
                                "s", job_of(event)),
                        event, err);

        if (r == 0 && *insertion)
                r = medium_apply_insertion(db, event->subject, insertion, err);
        return r;
}

static int end_job(struct db *db, const struct event *event, const char *state, struct error *err) {
        _cleanup_free_ char *data = NULL;
        const char *reached = json_text_or_empty(event->data, "reached_level");
        int r = json_canonical(event->data, &data, err);

        if (r < 0)
                return r;
        return one_row(
                db_exec(db, err,
                        "UPDATE sanitization SET state = ?, reached = ?, ended = ?, ended_seq = ?, ended_data = ? "
                        "WHERE job = ? AND state IN ('running', 'interrupted')",
                        "ssiiss", state, *reached ? reached : "none", event->time, event->seq, data, job_of(event)),
                event, err);
}

/* S5: a disk that is left open is as big as that now. */
static int apply_hidden(struct db *db, const struct event *event, struct error *err) {
        const json_t *hidden = json_object_get(event->data, "hidden");

        if (strcmp(json_text_or_empty(hidden, "afterwards"), "open") != 0)
                return 0;
        return medium_apply_sizes(db, event->subject, json_int(hidden, "whole_bytes", 0),
                                  json_int(hidden, "shown_bytes", 0), err);
}

static int apply_finished(struct db *db, const struct event *event, struct error *err) {
        bool sanitized = strcmp(json_text_or_empty(event->data, "result"), "sanitized") == 0;
        int r = end_job(db, event, sanitized ? "sanitized" : "not-sanitized", err);

        if (r == 0)
                r = medium_apply_luks(db, event->subject, "", 0, "", "", false, err);
        if (r >= 0)
                r = apply_hidden(db, event, err);
        if (r >= 0)
                r = medium_apply_state(db, event->subject, sanitized ? MEDIUM_SANITIZED : MEDIUM_UNSANITIZED, "",
                                       err);
        return r < 0 ? r : 0;
}

static int apply_failed(struct db *db, const struct event *event, struct error *err) {
        return end_job(db, event, "failed", err);
}

static int apply_cancelled(struct db *db, const struct event *event, struct error *err) {
        return end_job(db, event, "cancelled", err);
}

/* Facts of before there were kinds of looks have no row. */
static int add_look(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;

        if (!json_text(data, "kind"))
                return 0;
        return db_exec(
                db, err,
                "INSERT INTO sanitization_look (seq, job, kind, tool, person, other, holds, bytes, differing, "
                "result, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                "issssiiiisi", event->seq, job_of(event), json_text(data, "kind"), json_text_or_empty(data, "tool"),
                event->actor, (int64_t) json_flag(data, "other"), (int64_t) json_flag(data, "holds"),
                json_int(data, "bytes", 0), json_int(data, "differing_bytes", 0),
                json_text_or_empty(data, "result_file"), event->time);
}

/* Somebody read the medium again. What doesn't verify any more is not sanitized. */
static int apply_verified(struct db *db, const struct event *event, struct error *err) {
        int r = one_row(db_exec(db, err, "UPDATE sanitization SET verified = ?, verified_by = ? WHERE job = ?",
                                "iss", event->time, event->actor, job_of(event)),
                        event, err);

        if (r == 0)
                r = add_look(db, event, err);
        if (r >= 0 && !json_flag(event->data, "holds")) {
                r = db_exec(db, err, "UPDATE sanitization SET state = 'not-sanitized' WHERE job = ?", "s",
                            job_of(event));
                if (r >= 0)
                        r = medium_apply_state(db, event->subject, MEDIUM_UNSANITIZED, "", err);
        }
        return r < 0 ? r : 0;
}

static int apply_calibrated(struct db *db, const struct event *event, struct error *err) {
        _cleanup_free_ char *data = NULL;
        int r = json_canonical(event->data, &data, err);

        if (r < 0)
                return r;
        return one_row(db_exec(db, err,
                               "UPDATE sanitization SET calibration = ? WHERE job = ? AND state = 'running'", "ss",
                               data, job_of(event)),
                       event, err);
}

/* S4.3: what is not accepted is not fit for use, whatever the verification found. */
static int apply_validated(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        _cleanup_free_ char *statement = NULL;
        const char *decision = json_text_or_empty(data, "decision");
        int r = json_canonical(json_object_get(data, "statement"), &statement, err);

        if (r < 0)
                return r;
        r = one_row(
                db_exec(db, err,
                        "INSERT OR REPLACE INTO sanitization_validation (job, decision, reason, person, statement, "
                        "signature, certificate, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                        "sssssssi", job_of(event), decision, json_text_or_empty(data, "reason"), event->actor,
                        statement, json_text_or_empty(data, "signature"), json_text_or_empty(data, "certificate"),
                        event->time),
                event, err);
        if (r == 0 && strcmp(decision, validation_terms[VALIDATION_ACCEPT].code) != 0)
                r = medium_apply_state(db, event->subject, MEDIUM_UNSANITIZED, "", err);
        return r < 0 ? r : 0;
}

/* What the device hides is about to be open, or is: the medium may have either size from here on. */
static int apply_opening(struct db *db, const struct event *event, struct error *err) {
        return medium_apply_sizes(db, event->subject, json_int(event->data, "shown_bytes", 0),
                                  json_int(event->data, "whole_bytes", 0), err);
}

/* The disk was too warm and the job waits, or goes on: the fact alone. */
static int apply_temperature(struct db *db, const struct event *event, struct error *err) {
        int64_t running = 0;
        int r = db_int(db, &running, err, "SELECT count(*) FROM sanitization WHERE job = ? AND state = 'running'",
                       "s", job_of(event));

        return r < 0 ? r : one_row((int) running, event, err);
}

const struct event_type sanitize_events[SANITIZE_EVENTS] = {
        { "sanitization.started", apply_started },
        { "sanitization.keys-erased", apply_step },
        { "sanitization.interrupted", apply_interrupted },
        { "sanitization.resumed", apply_resumed },
        { "sanitization.finished", apply_finished },
        { "sanitization.failed", apply_failed },
        { "sanitization.cancelled", apply_cancelled },
        { "sanitization.verified", apply_verified },
        { "sanitization.calibrated", apply_calibrated },
        { "sanitization.validated", apply_validated },
        { "sanitization.temperature", apply_temperature },
        { "sanitization.opening", apply_opening },
        { "sanitization.opened", apply_opening },
        { "sanitization.pattern-set", house_apply_set },
        { "sanitization.pattern-retired", house_apply_retired },
};
