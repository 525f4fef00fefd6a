/* A report that leaves as files: a form as PDF, its main table as CSV, all its data as JSON (A2), and the record of
 * it (A4, X2). */
#pragma once

#include "act/act.h"

struct report {
        const char *form;   /* "R-110-022" */
        const char *number; /* of this document */
        enum lang lang;
        const json_t *data;   /* of the form */
        const json_t *record; /* more members for the event "report.made" (NULL: none) */
        struct text name;     /* "Inventario de 3 soportes": what the person is told was written */
};

/* "HQ-20261123-000042": the site, the day and the ledger's size, which never repeats. */
void report_number(const struct act *act, char out[64]);

/* Writes what the arguments `pdf`, `csv` and `data` ask for; records it when there was any. In a dry run nothing is
 * written. */
int report_write(struct act *act, const json_t *args, const struct report *report, struct error *err);

/* Data as a file, in canonical form. */
int report_to_json(const json_t *data, const char *path, struct error *err);

/* The three parameters, for a verb's table. */
#define REPORT_PARAMS                                                                                              \
        { "pdf", PARAM_OUTPUT, 0, HELP("formulario en PDF", "the form as PDF"), 0, 0, NULL, 0 },                   \
                { "csv", PARAM_OUTPUT, 0, HELP("su tabla en CSV", "its table as CSV"), 0, 0, NULL, 0 }, {          \
                "data", PARAM_OUTPUT, 0, HELP("todos sus datos en JSON", "all its data as JSON"), 0, 0, NULL, 0    \
        }
