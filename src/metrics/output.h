/* The figures as files: PDF and CSV by their form, OpenMetrics for a collector. */
#pragma once

#include "metrics/internal.h"

/* Whether a file was asked for. */
bool output_wanted(const json_t *args);
/* `answer` is the verb's: {from, to, moment, rows}. */
int output_kpis(struct act *act, const json_t *args, const json_t *answer, struct error *err);
int output_metrics(struct act *act, const json_t *args, const json_t *answer, struct error *err);

int report_kpis(struct act *act, const struct period *period, const char *category, json_t **ret,
                struct error *err);
int report_metrics(struct act *act, const struct period *period, json_t **ret, struct error *err);
int openmetrics_write(struct act *act, const json_t *kpis, const json_t *metrics, int64_t moment, const char *path,
                      struct error *err);
