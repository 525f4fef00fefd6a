/* Following what other rooms record: the apply functions, and what they share. Used by this room only. */
#pragma once

#include "act/act.h"
#include "metrics/metrics.h"

enum { METRICS_EVENTS = 41 };
extern const struct event_type metrics_events[METRICS_EVENTS];
extern const struct schema metrics_schema;

/* How a medium stands. */
enum medium_bit {
        MEDIUM_LIVE = 1,      /* neither destroyed nor retired */
        MEDIUM_LABELLED = 2,  /* its label was printed, and nothing made it void */
        MEDIUM_ENCRYPTED = 4, /* it has a header or a key of ours */
        MEDIUM_EMPTY = 8,     /* sanitized, and not in use again */
        MEDIUM_MISSING = 16,  /* not found, and not seen since */
        MEDIUM_CAN = 32,      /* of a kind that can be encrypted */
};

enum { CATEGORY_TEXT = 8 };

/* What is added to a day's sums. */
struct day_sums {
        int64_t cases, good, bad, total;
        bool measured; /* `value` goes into the least and the most */
        int64_t value;
};
int day_add(struct db *db, const char *figure, const char *category, int64_t time, const struct day_sums *sums,
            struct error *err);

/* One thing that was counted, so that a figure can show what stands behind it; at most one a figure and event. */
struct metric_case {
        const char *figure, *category;
        const char *subject, *about;
        int64_t value, mark;
};
int case_add(struct db *db, const struct event *event, const struct metric_case *one, struct error *err);

/* A medium's category; "" when the medium is not known. */
int medium_category(struct db *db, const char *medium, char ret[CATEGORY_TEXT], struct error *err);
/* Sets and clears bits of a medium, and keeps the sums of the day. One that is not known changes nothing. */
int medium_change(struct db *db, const struct event *event, const char *medium, int64_t set, int64_t clear,
                  struct error *err);

typedef int follow(struct db *db, const struct event *event, struct error *err);

/* follow_media.c */
follow follow_registered, follow_changed, follow_retired, follow_printed, follow_encrypting, follow_encrypted,
        follow_header, follow_joined, follow_wiping, follow_wiped, follow_looked, follow_validated, follow_missed,
        follow_scanned, follow_seen, follow_lost, follow_put_back;
/* follow_cases.c */
follow follow_sought, follow_located, follow_shipment, follow_dispatched, follow_incident, follow_act_refused,
        follow_open_failed, follow_measured, follow_baseline;
/* follow_destructions.c */
follow follow_requested, follow_request_refused, follow_executed, follow_certificate, follow_signed,
        follow_withdrawn;
