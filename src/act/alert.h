/* What a room offers to the list of alerts: one row a source, in a file alerts.c of the room that owns the facts
 * (src/alert/sources.c lists the rooms). The list is computed from facts and the clock each time; nothing of it is
 * stored. */
#pragma once

#include "act/act.h"
#include "policy/alert.h"

struct alerts;

struct alert_source {
        const char *id;   /* stable: the beginning of its alerts' keys */
        const char *rule; /* the requirement's ID */
        struct text what; /* what it tells of */
        struct text todo; /* what to do next; {} stands for the object */
        unsigned roles;   /* who must act */
        struct alert_levels levels;
        int64_t unit; /* of the measure: HOUR or DAY, 0 for a number of things, ALERT_GRADE */
        /* Finds what is now, the gravest first, with alert_due() or alert_raise(); stops when those say 1. */
        int (*query)(struct alerts *alerts, struct error *err);
};
#define HOUR (3600 * SECOND)
/* The measure is a grade that another table of policy gives: its thresholds are no numbers to show. */
#define ALERT_GRADE (-1)

struct alert_family {
        const struct alert_source *sources;
        size_t n;
};

/* A longer list of one source helps nobody: the rest is one row that says so. */
enum { ALERTS_A_SOURCE = 100 };

/* The act that asks, for its database and its clock; and what the query belongs to. */
struct act *alerts_act(const struct alerts *alerts);
const struct alert_source *alerts_source(const struct alerts *alerts);

/* Something with a moment at which it is due: its measure is how long that is past. A query has only to leave out
 * what is not due before alert_horizon(). 0, 1 when the source has told enough, or an error. */
int alert_due(struct alerts *alerts, const char *object, int64_t due, struct error *err, const char *es,
              const char *en, ...) __attribute__((format(printf, 5, 7), format(printf, 6, 7)));
/* The same for what is good until the end of a day. */
int alert_ends(struct alerts *alerts, const char *object, const char *date, struct error *err, const char *es,
               const char *en, ...) __attribute__((format(printf, 5, 7), format(printf, 6, 7)));
/* Something with a measure of its own, that has it since a moment. */
int alert_raise(struct alerts *alerts, const char *object, int64_t measure, int64_t since, struct error *err,
                const char *es, const char *en, ...) __attribute__((format(printf, 6, 8), format(printf, 7, 8)));

/* What is due later is no alert yet. */
int64_t alert_horizon(const struct alerts *alerts);
/* The last day whose end may be an alert now. */
void alert_horizon_day(const struct alerts *alerts, char out[DATE_TEXT]);
