#include "base/cleanup.h"
#include "metrics/follow.h"
#include "metrics/internal.h"
#include "metrics/output.h"

static const struct term formats[] = { { "openmetrics", { "OpenMetrics", "OpenMetrics" } } };

#define PERIOD                                                                                                     \
        { "from", PARAM_DATE, 0, HELP("primer día, de UTC", "first day, of UTC"), 0, 0, NULL, 0 }, {               \
                "to", PARAM_DATE, 0, HELP("último día, de UTC (hoy)", "last day, of UTC (today)"), 0, 0, NULL, 0   \
        }
#define BEHIND(terms, n)                                                                                           \
        { "behind", PARAM_TERM, 0,     HELP("lo que hay detrás de una cifra", "what stands behind a figure"),      \
          0,        0,          terms, n },                                                                        \
                { "category", PARAM_TERM,     0,         HELP("solo esta categoría", "this category only"), 0,     \
                  0,          category_terms, CATEGORIES },                                                        \
                { "all", PARAM_FLAG,                                                                               \
                  0,     HELP("en la lista, también lo correcto", "in the list, what is sound too"),               \
                  0,     0,                                                                                        \
                  NULL,  0 },                                                                                      \
        {                                                                                                          \
                "limit", PARAM_INT, 0, HELP("cuántas filas de la lista", "how many rows of the list"), 1,          \
                        10000000, NULL, 0                                                                          \
        }
#define FILES                                                                                                      \
        {                                                                                                          \
                "pdf", PARAM_OUTPUT, 0, HELP("informe en PDF con gráficos", "report as PDF with charts"), 0,       \
                0,     NULL,         0                                                                             \
        },                                                                                                         \
                { "csv", PARAM_OUTPUT, 0, HELP("las cifras en CSV", "the figures as CSV"), 0, 0, NULL, 0 },        \
                { "format", PARAM_TERM, 0,       HELP("formato de «--out»", "format of “--out”"),                  \
                  0,        0,          formats, COUNT(formats) },                                                 \
        {                                                                                                          \
                "out", PARAM_OUTPUT, 0, HELP("fichero para un recolector", "file for a collector"), 0, 0, NULL, 0  \
        }

static const struct param kpi_params[] = { PERIOD, BEHIND(kpi_terms, KPIS), FILES };
static const struct param metrics_params[] = { PERIOD, BEHIND(metric_terms, METRICS), FILES };

/* First the figures' own, then those of a list of what stands behind one. */
/* clang-format off */
static const struct column kpi_columns[] = {
        { "name", HELP("INDICADOR", "KPI") },
        { "subject", HELP("ASUNTO", "SUBJECT") },
        { "about", HELP("DE", "OF") },
        { "category", HELP("CATEGORÍA", "CATEGORY") },
        { "time", HELP("CUÁNDO", "WHEN") },
        { "target", HELP("OBJETIVO", "TARGET") },
        { "shown", HELP("VALOR", "VALUE") },
        { "cases", HELP("CASOS", "CASES") },
        { "verdict", HELP("ESTADO", "STATE") },
        { "why", HELP("QUÉ", "WHAT") },
        { "spark", HELP("TENDENCIA", "TREND") },
};
static const struct column metrics_columns[] = {
        { "name", HELP("MÉTRICA", "METRIC") },
        { "subject", HELP("ASUNTO", "SUBJECT") },
        { "time", HELP("CUÁNDO", "WHEN") },
        { "shown", HELP("VALOR", "VALUE") },
        { "alert", HELP("ALERTA", "ALERT") },
        { "critical", HELP("CRÍTICO", "CRITICAL") },
        { "verdict", HELP("ESTADO", "STATE") },
        { "about", HELP("DE", "OF") },
        { "why", HELP("QUÉ", "WHAT") },
        { "spark", HELP("TENDENCIA", "TREND") },
};
/* clang-format on */

/* Aggregated figures are for an auditor too, as files; a list is cut as every answer to an auditor is (A4). */
#define WHO (ROLE_CUSTODIAN | ROLE_OWNER | ROLE_SECURITY | ROLE_AUDITOR)

static const struct verb verbs[] = {
        { "report", "kpi", WHO, VERB_READS,
          HELP("Indicadores clave por categoría, con sus objetivos (K1)",
               "KPIs by category, with their targets (K1)"),
          PARAMS(kpi_params), COLUMNS(kpi_columns), .run = report_run_kpi },
        { "report", "metrics", WHO, VERB_READS,
          HELP("Métricas operacionales, con sus umbrales (K2, X5)",
               "Operational metrics, with their thresholds (K2, X5)"),
          PARAMS(metrics_params), COLUMNS(metrics_columns), .run = report_run_metrics },
};

const struct room metrics_room = { .schema = &metrics_schema,
                                   .verbs = verbs,
                                   .verbs_n = COUNT(verbs),
                                   .events = metrics_events,
                                   .events_n = METRICS_EVENTS };
