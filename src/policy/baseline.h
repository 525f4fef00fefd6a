/* The station's configuration baseline (X5, op.exp.2): what it covers, how far a configuration may drift from it,
 * and the KPIs. Pure: numbers in, a verdict out. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/rule.h"
#include "policy/terms.h"

/* A key of the baseline is "<kind>:<name>"; one row a kind. */
struct baseline_kind {
        const char *code;
        bool critical; /* any change of such a key is a critical deviation */
        struct text covers;
};
extern const struct baseline_kind baseline_kinds[];
extern const size_t baseline_kinds_n;
/* Of a key, or NULL when its kind is unknown (a baseline of another version). */
const struct baseline_kind *baseline_kind_of(const char *key);

enum drift_level { DRIFT_NONE, DRIFT_ALERT, DRIFT_CRITICAL, DRIFT_LEVELS };
extern const struct term drift_level_terms[DRIFT_LEVELS];

/* What a comparison counted. */
struct baseline_counts {
        int64_t keys; /* in the baseline */
        int64_t now;  /* in the present configuration */
        int64_t missing, changed, added;
        int64_t critical; /* how many of the three are of a critical kind */
};

/* The KPIs of OP.EXP.2. A station is one system: over several stations they are summed before they are divided. */
struct baseline_kpis {
        int64_t drift_rate;   /* % of systems that deviate from their baseline */
        int64_t coverage;     /* % of systems that have a baseline */
        int64_t key_drift;    /* hundredths of % of the baseline's keys that are missing, changed or added */
        int64_t key_coverage; /* hundredths of % of the present keys that the baseline knows */
};
void baseline_kpis(const struct baseline_counts *counts, struct baseline_kpis *ret);

/* Thresholds as data: above `alert` or `critical` the level is reached; coverage counts below. */
struct baseline_threshold {
        const char *metric; /* "key-drift", "critical-keys", "key-coverage" */
        int64_t alert, critical;
        bool below;
        const char *source;
};
extern const struct baseline_threshold baseline_thresholds[];
extern const size_t baseline_thresholds_n;
enum drift_level baseline_judge(const struct baseline_counts *counts);

/* X1: who approves a baseline is neither who recorded it nor without the role. */
int baseline_judge_approval(const char *approver, const char *recorder, struct error *err);
