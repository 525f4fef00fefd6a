/* KPIs and operational metrics (K1, K2, X5): what is aimed at by category, and where alerts begin. Pure: counts in,
 * a verdict out. Values are hundredths of the row's unit: 98.50 % is 9850, 21.5 °C is 2150, 3 media are 300. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/custody_environment.h"
#include "policy/rule.h"
#include "policy/terms.h"

/* --- K1 -------------------------------------------------------------------------------------------------- */

enum kpi { KPI_LABELLED, KPI_ENCRYPTED, KPI_LOCATE, KPI_TRANSPORT, KPI_DESTRUCTION, KPIS };
extern const struct term kpi_terms[KPIS];

enum kpi_sense { KPI_ABOVE, KPI_AT_LEAST, KPI_BELOW, KPI_AT_MOST };
enum { KPI_NO_TARGET = -1 };

struct kpi_row {
        const char *measure; /* of the ENS */
        const char *source;
        const char *unit; /* "%", "min", "" */
        enum kpi_sense sense;
        int64_t targets[CATEGORIES]; /* hundredths; KPI_NO_TARGET where none is set */
        struct text title;           /* above its chart */
};
extern const struct kpi_row kpi_rows[KPIS];

/* What was counted of one KPI in one category. */
struct kpi_counts {
        int64_t cases; /* media, searches, shipments, destructions */
        int64_t good;  /* how many of them are as they should be */
        int64_t bad;   /* incidents, of shipments */
        int64_t most;  /* seconds, of searches */
};

enum kpi_state { KPI_MET, KPI_NOT_MET, KPI_NO_DATA, KPI_NOT_APPLICABLE, KPI_STATES };
extern const struct term kpi_state_terms[KPI_STATES];

/* Out of nothing there is no data, and no value. The state is judged on the counts, not on the value, which is cut
 * to hundredths and so never says 100 % of less. *ret_value is set only when it is known: met or not, or without a
 * target. */
enum kpi_state kpi_judge(enum kpi kpi, enum category category, const struct kpi_counts *counts, bool *ret_known,
                         int64_t *ret_value);
/* "> 98 %", "< 30 min", "0"; "–" without a target. */
void kpi_target_format(enum kpi kpi, enum category category, char out[32]);

/* --- K2, X5 ---------------------------------------------------------------------------------------------- */

enum metric {
        METRIC_NOT_LOCATED,
        METRIC_UNAUTHORISED,
        METRIC_TEMPERATURE,
        METRIC_FAILED,
        METRIC_DESTRUCTION_TIME,
        METRIC_DRIFT,
        METRIC_COVERAGE,
        METRICS
};
extern const struct term metric_terms[METRICS];

struct metric_row {
        const char *rule, *measure, *source;
        const char *unit;
        struct range alert, critical; /* outside of which it is one; both ends are still sound */
        int64_t window;               /* seconds that it looks back; 0: how things stand */
        struct text every;            /* how often it is measured */
        struct text title;
};
extern const struct metric_row metric_rows[METRICS];

enum metric_level { METRIC_NO_DATA, METRIC_OK, METRIC_ALERT, METRIC_CRITICAL, METRIC_LEVELS };
extern const struct term metric_level_terms[METRIC_LEVELS];

enum metric_level metric_judge(enum metric metric, int64_t value);
/* "> 1", "<15 / >25 °C": one threshold of a row. */
void metric_threshold_format(enum metric metric, bool critical, char out[48]);

/* How far a temperature is from the best range: which of two readings is worse. */
int64_t metric_temperature_off(int64_t value);
/* The mean of so many seconds over so many cases as hundredths of a day, rounded up: above a threshold when the
 * mean is. */
int64_t metric_mean_days(int64_t seconds, int64_t cases);
