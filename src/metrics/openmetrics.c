/* OpenMetrics 1.0 for a collector of text files, such as node_exporter's: figures by category, without the name of
 * any medium, person or place. What is not known has no sample. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "metrics/output.h"

/* A family; its name ends in its unit, which may be "". `scale`: what a value as text is divided by. */
struct family {
        const char *of; /* code of the KPI or metric */
        const char *name, *unit;
        double scale;
        const char *help;
};

static const struct family kpi_families[KPIS] = {
        [KPI_LABELLED] = { "labelled", "mpsi_media_labelled_ratio", "ratio", 100,
                           "Media labelled correctly (K1)." },
        [KPI_ENCRYPTED] = { "encrypted", "mpsi_media_encrypted_ratio", "ratio", 100, "Media encrypted (K1)." },
        [KPI_LOCATE] = { "locate", "mpsi_locate_longest_seconds", "seconds", 1,
                         "Longest time to locate a medium (K1)." },
        [KPI_TRANSPORT] = { "transport", "mpsi_transport_incidents", "", 1, "Incidents in transport (K1)." },
        [KPI_DESTRUCTION] = { "destruction", "mpsi_destructions_certified_ratio", "ratio", 100,
                              "Destructions with a valid certificate (K1)." },
};

static const struct family metric_families[METRICS] = {
        [METRIC_NOT_LOCATED] = { "not-located", "mpsi_media_not_located", "", 1, "Media not located (K2)." },
        [METRIC_UNAUTHORISED] = { "unauthorised", "mpsi_unauthorised_accesses", "", 1,
                                  "Unauthorised accesses in 24 hours (K2)." },
        [METRIC_TEMPERATURE] = { "temperature", "mpsi_custody_temperature_celsius", "celsius", 1,
                                 "Temperature of the custody room that is furthest off (K2)." },
        [METRIC_FAILED] = { "failed", "mpsi_failed_access_attempts", "", 1,
                            "Most failed access attempts of one account or on one medium in 24 hours (K2)." },
        [METRIC_DESTRUCTION_TIME] = { "destruction-time", "mpsi_destruction_time_seconds", "seconds", 1.0 / 86400,
                                      "Mean time from a destruction's request to its execution in 30 days (K2)." },
        [METRIC_DRIFT] = { "drift", "mpsi_configuration_drift_ratio", "ratio", 100,
                           "Keys that differ from the baseline (X5)." },
        [METRIC_COVERAGE] = { "coverage", "mpsi_configuration_coverage_ratio", "ratio", 100,
                              "Keys that the baseline covers (X5)." },
};

static void put_label(FILE *out, const char *value) {
        for (; *value; value++)
                if (*value == '\n')
                        (void) fputs("\\n", out);
                else if (*value == '"' || *value == '\\')
                        (void) fprintf(out, "\\%c", *value);
                else
                        (void) fputc(*value, out);
}

static void put_head(FILE *out, const char *name, const char *unit, const char *help) {
        (void) fprintf(out, "# TYPE %s gauge\n", name);
        if (*unit)
                (void) fprintf(out, "# UNIT %s %s\n", name, unit);
        (void) fprintf(out, "# HELP %s %s\n", name, help);
}

/* With the site, and one more label (NULL: none). */
static void put_sample(FILE *out, const struct act *act, const char *name, const char *label, const char *labelled,
                       double value) {
        (void) fprintf(out, "%s{site=\"", name);
        put_label(out, act->site);
        if (label) {
                (void) fprintf(out, "\",%s=\"", label);
                put_label(out, labelled);
        }
        (void) fprintf(out, "\"} %.10g\n", value);
}

/* A decimal number as text, whatever the locale's comma. */
static double number_of(const char *text, double scale) {
        int64_t hundredths = 0;

        (void) environment_parse(text, &hundredths);
        return (double) hundredths / 100 / scale;
}

static double value_of(const json_t *row, const struct family *family) {
        return json_object_get(row, "seconds") && strcmp(family->unit, "seconds") == 0
                       ? (double) json_int(row, "seconds", 0)
                       : number_of(json_text_or_empty(row, "value"), family->scale);
}

static void put_families(FILE *out, const struct act *act, const json_t *rows, const char *key, const char *label,
                         const struct family *families, size_t n) {
        for (size_t f = 0; f < n; f++) {
                const json_t *row;
                size_t i;

                put_head(out, families[f].name, families[f].unit, families[f].help);
                json_array_foreach(rows, i, row) {
                        if (json_text(row, "value") && strcmp(json_text_or_empty(row, key), families[f].of) == 0)
                                put_sample(out, act, families[f].name, label,
                                           label ? json_text_or_empty(row, label) : "",
                                           value_of(row, &families[f]));
                }
        }
}

/* 1 while the target is met, 0 while it is not. */
static void put_targets(FILE *out, const struct act *act, const json_t *rows) {
        const json_t *row;
        size_t i;

        put_head(out, "mpsi_kpi_target_met", "", "Whether a KPI meets its target (K1): 1 or 0.");
        json_array_foreach(rows, i, row) {
                const char *state = json_text_or_empty(row, "state");
                bool met = strcmp(state, kpi_state_terms[KPI_MET].code) == 0;

                if (!met && strcmp(state, kpi_state_terms[KPI_NOT_MET].code) != 0)
                        continue;
                (void) fputs("mpsi_kpi_target_met{site=\"", out);
                put_label(out, act->site);
                (void) fprintf(out, "\",kpi=\"%s\",category=\"%s\"} %d\n", json_text_or_empty(row, "kpi"),
                               json_text_or_empty(row, "category"), met);
        }
}

static void put_levels(FILE *out, const struct act *act, const json_t *rows) {
        const json_t *row;
        size_t i;

        put_head(out, "mpsi_metric_level", "", "Level of a metric (K2, X5): 0 sound, 1 alert, 2 critical.");
        json_array_foreach(rows, i, row) {
                int level = term_parse(metric_level_terms, METRIC_LEVELS, json_text_or_empty(row, "level"));

                if (level >= METRIC_OK)
                        put_sample(out, act, "mpsi_metric_level", "metric", json_text_or_empty(row, "metric"),
                                   level - METRIC_OK);
        }
}

int openmetrics_write(struct act *act, const json_t *kpis, const json_t *metrics, int64_t moment, const char *path,
                      struct error *err) {
        _cleanup_free_ char *text = NULL;
        size_t n = 0;
        FILE *out = open_memstream(&text, &n);

        if (!out)
                return fail_memory(err);
        put_families(out, act, kpis, "kpi", "category", kpi_families, KPIS);
        put_targets(out, act, kpis);
        put_families(out, act, metrics, "metric", NULL, metric_families, METRICS);
        put_levels(out, act, metrics);
        put_head(out, "mpsi_figures_timestamp_seconds", "seconds", "Moment of which these figures tell.");
        (void) fprintf(out, "mpsi_figures_timestamp_seconds{site=\"");
        put_label(out, act->site);
        (void) fprintf(out, "\"} %" PRId64 "\n# EOF\n", moment / SECOND);
        if (fclose(out) != 0)
                return fail_memory(err);
        return file_write(path, text, n, 0644, err);
}
