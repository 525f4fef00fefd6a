/* A report that leaves as files: a form as PDF, its main table as CSV, all its data as JSON (A2), and the record of
 * it (A4, X2). */
#pragma once

#include "act/act.h"

struct report {
        const char *form; /* "R-110-022" */
        char number[64];  /* of this document: given, unless the reader names it after what it is about */
        enum lang lang;
        json_t *data;        /* of the form */
        json_t *answer;      /* of the verb, for its handler to take */
        json_t *record;      /* more members for the event "report.made" (NULL: none) */
        char es[80], en[80]; /* "Inventario de 3 soportes": what the person is told was written */
};

void report_done(struct report *report);
#define _cleanup_report_ _cleanup_(report_done)

/* Fills `data` (and `record`, texts, `number`) from the store. May be called again, then for another moment. */
typedef int (*report_reader)(struct act *act, const json_t *args, struct report *report, struct error *err);

/* Reads, draws what the arguments `pdf`, `csv` and `data` ask for, records it when there was any, and then puts the
 * files in place. Others write while it reads and draws: all of it is of one moment, whose place in the ledger its
 * number tells ("HQ-20261123-000042": the site, the day and the next event's place), and no two documents have the
 * same. In a dry run nothing is written. */
int report_make(struct act *act, const json_t *args, report_reader read, struct report *report, struct error *err);

/* For an act that gives many reports out at once: from here on those that are made are all of this moment, others
 * may write, and what is to be recorded is kept. Their numbers are those of event `seq`, which is the act's own. */
int report_hold(struct act *act, int64_t seq, struct error *err);
/* The end of that: records them all, if `result` says that nothing failed. Gives `result`, or why it did not. */
int report_release(struct act *act, int result, struct error *err);

/* "report.made" with this data, at once or when it is released. */
int report_record(struct act *act, const char *number, json_t *data, struct error *err);

/* Data as a file, in canonical form. */
int report_to_json(const json_t *data, const char *path, struct error *err);

/* The three parameters, for a verb's table. */
#define REPORT_PARAMS                                                                                              \
        { "pdf", PARAM_OUTPUT, 0, HELP("formulario en PDF", "the form as PDF"), 0, 0, NULL, 0 },                   \
                { "csv", PARAM_OUTPUT, 0, HELP("su tabla en CSV", "its table as CSV"), 0, 0, NULL, 0 }, {          \
                "data", PARAM_OUTPUT, 0, HELP("todos sus datos en JSON", "all its data as JSON"), 0, 0, NULL, 0    \
        }
