#include "policy/metrics.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "policy/baseline.h"
#include "policy/families.h"

static const struct rule rules[] = {
        { "K1",
          "mp.si",
          { "La eficacia se mide con indicadores y sus objetivos por categoría, calculados de los hechos "
            "registrados.",
            "Efficacy is measured by indicators and their targets by category, computed from the facts on "
            "record." },
          { "Elija un periodo que ya haya empezado, con «--from» anterior a «--to».",
            "Choose a period that has begun, with “--from” before “--to”." } },
        { "K3",
          "op.exp.8",
          { "Los indicadores salen como tabla, JSON, CSV, PDF y OpenMetrics, sin datos sensibles en los ficheros.",
            "Indicators come as a table, JSON, CSV, PDF and OpenMetrics, with no sensitive data in the files." },
          { "Pida la lista sin fichero, o el fichero sin «--behind».",
            "Ask for the list without a file, or for the file without “--behind”." } },
};

const struct rule_family metrics_rules = { rules, COUNT(rules) };

/* --- K1 -------------------------------------------------------------------------------------------------- */

const struct term kpi_terms[KPIS] = {
        [KPI_LABELLED] = { "labelled", { "soportes correctamente etiquetados", "media labelled correctly" } },
        [KPI_ENCRYPTED] = { "encrypted", { "soportes cifrados", "media encrypted" } },
        [KPI_LOCATE] = { "locate", { "tiempo de localización", "time to locate" } },
        [KPI_TRANSPORT] = { "transport", { "incidentes en transporte", "incidents in transport" } },
        [KPI_DESTRUCTION] = { "destruction", { "destrucciones certificadas", "certified destructions" } },
};

const struct kpi_row kpi_rows[KPIS] = {
        [KPI_LABELLED] = { "mp.si.1",
                           "MP.SI",
                           "%",
                           KPI_ABOVE,
                           { 9500, 9800, 9900 },
                           { "Soportes correctamente etiquetados", "Media labelled correctly" } },
        [KPI_ENCRYPTED] = { "mp.si.2",
                            "MP.SI",
                            "%",
                            KPI_AT_LEAST,
                            { KPI_NO_TARGET, 10000, 10000 },
                            { "Soportes cifrados", "Media encrypted" } },
        [KPI_LOCATE] = { "mp.si.3",
                         "MP.SI",
                         "min",
                         KPI_BELOW,
                         { 6000, 3000, 1000 },
                         { "Tiempo de localización, el más largo", "Time to locate, the longest" } },
        [KPI_TRANSPORT] = { "mp.si.4",
                            "MP.SI",
                            "",
                            KPI_AT_MOST,
                            { 0, 0, 0 },
                            { "Incidentes en transporte", "Incidents in transport" } },
        [KPI_DESTRUCTION] = { "mp.si.5",
                              "MP.SI",
                              "%",
                              KPI_AT_LEAST,
                              { 10000, 10000, 10000 },
                              { "Destrucciones certificadas", "Certified destructions" } },
};

const struct term kpi_state_terms[KPI_STATES] = {
        [KPI_MET] = { "met", { "cumple", "met" } },
        [KPI_NOT_MET] = { "not-met", { "no cumple", "not met" } },
        [KPI_NO_DATA] = { "no-data", { "sin datos", "no data" } },
        [KPI_NOT_APPLICABLE] = { "not-applicable", { "no aplica", "not applicable" } },
};

/* Both sides as integers of one scale, so that nothing is rounded: the target as it is, and what was counted times
 * what the target's unit is divided by. */
static bool reaches(enum kpi_sense sense, int64_t counted, int64_t wanted) {
        switch (sense) {
        case KPI_ABOVE: return counted > wanted;
        case KPI_AT_LEAST: return counted >= wanted;
        case KPI_BELOW: return counted < wanted;
        default: return counted <= wanted;
        }
}

enum kpi_state kpi_judge(enum kpi kpi, enum category category, const struct kpi_counts *counts, bool *ret_known,
                         int64_t *ret_value) {
        const struct kpi_row *row = &kpi_rows[kpi];
        const int64_t target = row->targets[category];
        int64_t counted, wanted;

        *ret_known = counts->cases > 0 || (kpi == KPI_TRANSPORT && counts->bad > 0);
        if (!*ret_known)
                return target == KPI_NO_TARGET ? KPI_NOT_APPLICABLE : KPI_NO_DATA;
        if (kpi == KPI_TRANSPORT) {
                *ret_value = counted = counts->bad * 100;
                wanted = target;
        } else if (kpi == KPI_LOCATE) {
                *ret_value = counts->most * 100 / 60;
                counted = counts->most * 100;
                wanted = target * 60;
        } else {
                *ret_value = counts->good * 10000 / counts->cases;
                counted = counts->good * 10000;
                wanted = target * counts->cases;
        }
        if (target == KPI_NO_TARGET)
                return KPI_NOT_APPLICABLE;
        return reaches(row->sense, counted, wanted) ? KPI_MET : KPI_NOT_MET;
}

void kpi_target_format(enum kpi kpi, enum category category, char out[32]) {
        static const char *const signs[] = {
                [KPI_ABOVE] = "> ", [KPI_AT_LEAST] = "", [KPI_BELOW] = "< ", [KPI_AT_MOST] = ""
        };
        const struct kpi_row *row = &kpi_rows[kpi];
        char value[24];

        if (row->targets[category] == KPI_NO_TARGET) {
                (void) snprintf(out, 32, "–");
                return;
        }
        environment_format(row->targets[category], value);
        (void) snprintf(out, 32, "%s%s%s%s", signs[row->sense], value, *row->unit ? " " : "", row->unit);
}

/* --- K2, X5 ---------------------------------------------------------------------------------------------- */

const struct term metric_terms[METRICS] = {
        [METRIC_NOT_LOCATED] = { "not-located", { "soportes sin localizar", "media not located" } },
        [METRIC_UNAUTHORISED] = { "unauthorised", { "accesos no autorizados", "unauthorised accesses" } },
        [METRIC_TEMPERATURE] = { "temperature",
                                 { "temperatura de la sala de custodia", "custody-room temperature" } },
        [METRIC_FAILED] = { "failed", { "intentos de acceso fallidos", "failed access attempts" } },
        [METRIC_DESTRUCTION_TIME] = { "destruction-time",
                                      { "tiempo medio de destrucción", "mean destruction time" } },
        [METRIC_DRIFT] = { "drift", { "desvío de la configuración", "configuration drift" } },
        [METRIC_COVERAGE] = { "coverage", { "cobertura de la configuración", "configuration coverage" } },
};

enum { FAR = 1000000000 };
#define AT_MOST(value)                                                                                             \
        { -FAR, (value) }
#define AT_LEAST(value)                                                                                            \
        { (value), FAR }

/* Those of the temperature are U5's, and those of the configuration the baseline's own (policy/baseline.c): a unit
 * test holds that they are the same. */
const struct metric_row metric_rows[METRICS] = {
        [METRIC_NOT_LOCATED] = { "K2",
                                 "mp.si.3",
                                 "MP.SI",
                                 "",
                                 AT_MOST(100),
                                 AT_MOST(300),
                                 0,
                                 { "diaria", "daily" },
                                 { "Soportes sin localizar", "Media not located" } },
        [METRIC_UNAUTHORISED] = { "K2",
                                  "mp.si.3",
                                  "MP.SI",
                                  "",
                                  AT_MOST(0),
                                  AT_MOST(0),
                                  86400,
                                  { "continua", "continuous" },
                                  { "Accesos no autorizados", "Unauthorised accesses" } },
        [METRIC_TEMPERATURE] = { "K2",
                                 "mp.si.3",
                                 "MP.SI",
                                 "°C",
                                 { 1500, 2500 },
                                 { 1000, 3000 },
                                 ENVIRONMENT_SILENT_HOURS * 3600,
                                 { "continua", "continuous" },
                                 { "Temperatura de la sala de custodia", "Custody-room temperature" } },
        [METRIC_FAILED] = { "K2",
                            "op.acc.6",
                            "MP.SI",
                            "",
                            AT_MOST(300),
                            AT_MOST(500),
                            86400,
                            { "tiempo real", "real time" },
                            { "Intentos de acceso fallidos", "Failed access attempts" } },
        [METRIC_DESTRUCTION_TIME] = { "K2",
                                      "mp.si.5",
                                      "MP.SI",
                                      "d",
                                      AT_MOST(700),
                                      AT_MOST(1400),
                                      (int64_t) 30 * 86400,
                                      { "mensual", "monthly" },
                                      { "Tiempo medio de destrucción", "Mean destruction time" } },
        [METRIC_DRIFT] = { "X5",
                           "op.exp.2",
                           "OP.EXP.2",
                           "%",
                           AT_MOST(0),
                           AT_MOST(500),
                           0,
                           { "diaria", "daily" },
                           { "Desvío de la configuración", "Configuration drift" } },
        [METRIC_COVERAGE] = { "X5",
                              "op.exp.2",
                              "OP.EXP.2",
                              "%",
                              AT_LEAST(10000),
                              AT_LEAST(9500),
                              0,
                              { "diaria", "daily" },
                              { "Cobertura de la configuración", "Configuration coverage" } },
};

const struct term metric_level_terms[METRIC_LEVELS] = {
        [METRIC_NO_DATA] = { "no-data", { "sin datos", "no data" } },
        [METRIC_OK] = { "ok", { "correcto", "sound" } },
        [METRIC_ALERT] = { "alert", { "alerta", "alert" } },
        [METRIC_CRITICAL] = { "critical", { "crítico", "critical" } },
};

static bool outside(const struct range *range, int64_t value) {
        return value < range->least || value > range->most;
}

enum metric_level metric_judge(enum metric metric, int64_t value) {
        const struct metric_row *row = &metric_rows[metric];

        return outside(&row->critical, value) ? METRIC_CRITICAL
               : outside(&row->alert, value)  ? METRIC_ALERT
                                              : METRIC_OK;
}

void metric_threshold_format(enum metric metric, bool critical, char out[48]) {
        const struct metric_row *row = &metric_rows[metric];
        const struct range *range = critical ? &row->critical : &row->alert;
        const char *space = *row->unit ? " " : "";
        char least[24], most[24];

        environment_format(range->least, least);
        environment_format(range->most, most);
        if (range->least == -FAR)
                (void) snprintf(out, 48, "> %s%s%s", most, space, row->unit);
        else if (range->most == FAR)
                (void) snprintf(out, 48, "< %s%s%s", least, space, row->unit);
        else
                (void) snprintf(out, 48, "< %.12s, > %.12s%s%s", least, most, space, row->unit);
}

int64_t metric_temperature_off(int64_t value) {
        const struct range *best = &environment_demands[QUANTITY_TEMPERATURE].best;

        return value < best->least ? best->least - value : value > best->most ? value - best->most : 0;
}

int64_t metric_mean_days(int64_t seconds, int64_t cases) {
        const int64_t unit = 864 * cases; /* a hundredth of a day, for each case */

        return seconds <= 0 ? 0 : (seconds + unit - 1) / unit;
}
