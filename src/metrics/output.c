#include "metrics/output.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "policy/rule.h"
#include "print/form.h"

bool output_wanted(const json_t *args) {
        return json_text(args, "pdf") || json_text(args, "csv") || json_text(args, "out");
}

/* --- forms ---------------------------------------------------------------------------------------------------- */

/* A decimal number in text to hundredths, or null. */
static json_t *hundredths(const json_t *object, const char *key) {
        const char *text = json_text(object, key);
        int64_t value;

        return text && environment_parse(text, &value) ? json_integer((json_int_t) value) : json_null();
}

static bool is_good(const char *state) {
        return strcmp(state, kpi_state_terms[KPI_NOT_MET].code) != 0 &&
               strcmp(state, metric_level_terms[METRIC_ALERT].code) != 0 &&
               strcmp(state, metric_level_terms[METRIC_CRITICAL].code) != 0;
}

static json_t *chart_points(const json_t *row) {
        json_t *points = json_array();
        const json_t *one;
        size_t i;

        json_array_foreach(json_object_get(row, "trend"), i, one)(void)
                json_array_append_new(points, json_pack("{s:o, s:b}", "value", hundredths(one, "value"), "good",
                                                        (int) is_good(json_text_or_empty(one, "state"))));
        return points;
}

/* What the dashed lines of a chart stand at. */
static json_t *chart_limits(const json_t *row) {
        int kpi = term_parse(kpi_terms, KPIS, json_text_or_empty(row, "kpi"));
        int metric = term_parse(metric_terms, METRICS, json_text_or_empty(row, "metric"));
        int category = term_parse(category_terms, CATEGORIES, json_text_or_empty(row, "category"));
        const struct range *sane = &environment_demands[QUANTITY_TEMPERATURE].sane;
        json_t *limits = json_array();

        if (kpi >= 0 && category >= 0 && kpi_rows[kpi].targets[category] != KPI_NO_TARGET)
                (void) json_array_append_new(limits, json_integer(kpi_rows[kpi].targets[category]));
        for (int end = 0; metric >= 0 && end < 2; end++) {
                int64_t limit = end ? metric_rows[metric].alert.most : metric_rows[metric].alert.least;

                if (limit >= sane->least && limit <= 10000)
                        (void) json_array_append_new(limits, json_integer(limit));
        }
        return limits;
}

static json_t *chart_of(const struct act *act, const json_t *row, const json_t *answer) {
        const bool en = act->lang == LANG_EN;
        const char *category = json_text(row, "category");
        int index = category ? term_parse(category_terms, CATEGORIES, category) : -1;
        _cleanup_free_ char *subtitle =
                index >= 0 ? str_format("%s · %s %s", text_in(category_terms[index].name, act->lang),
                                        en ? "target" : "objetivo", json_text_or_empty(row, "target"))
                           : str_format("%s %s · %s %s", en ? "alert" : "alerta", json_text_or_empty(row, "alert"),
                                        en ? "critical" : "crítico", json_text_or_empty(row, "critical"));

        return json_pack("{s:O, s:s?, s:O, s:O, s:O, s:s, s:o, s:o}", "title", json_object_get(row, "name"),
                         "subtitle", subtitle, "shown", json_object_get(row, "shown"), "from",
                         json_object_get(answer, "from"), "to", json_object_get(answer, "to"), "empty",
                         en ? "no data" : "sin datos", "limits", chart_limits(row), "points", chart_points(row));
}

/* "No cumplen 3 de 15": of what could be judged. */
static char *summary_of(const struct act *act, const json_t *rows) {
        const bool kpis = json_object_get(json_array_get(rows, 0), "kpi"), en = act->lang == LANG_EN;
        size_t judged = 0, bad = 0, i;
        const json_t *row;

        json_array_foreach(rows, i, row) {
                const char *state = json_text(row, kpis ? "state" : "level");

                judged += strcmp(state, kpi_state_terms[KPI_NO_DATA].code) != 0 &&
                          strcmp(state, kpi_state_terms[KPI_NOT_APPLICABLE].code) != 0;
                bad += !is_good(state);
        }
        if (kpis)
                return str_format(en ? "%zu of %zu not met" : "No cumplen %zu de %zu", bad, judged);
        return str_format(en ? "%zu of %zu in alert or critical" : "%zu de %zu en alerta o críticas", bad, judged);
}

/* HQ-20260101-20261127: the site and the period. */
static char *number_of_report(const struct act *act, const json_t *answer) {
        const char *from = json_text_or_empty(answer, "from"), *to = json_text_or_empty(answer, "to");

        return str_format("%s-%.4s%.2s%.2s-%.4s%.2s%.2s", act->site, from, from + 5, from + 8, to, to + 5, to + 8);
}

static json_t *form_data(const struct act *act, const json_t *answer) {
        json_t *rows = json_deep_copy(json_object_get(answer, "rows")), *charts = json_array(), *row;
        _cleanup_free_ char *summary = summary_of(act, rows), *number = number_of_report(act, answer);
        size_t i;

        json_array_foreach(rows, i, row) {
                (void) json_array_append_new(charts, chart_of(act, row, answer));
                (void) json_object_del(row, "trend");
                (void) json_object_update_missing(row, (json_t *) (uintptr_t) answer);
                (void) json_object_del(row, "rows");
        }
        return json_pack("{s:s?, s:s, s:s, s:s, s:O, s:O, s:O, s:O, s:s?, s:o, s:o}", "number", number,
                         "organisation", act->organisation, "site", act->site, "station", act->station, "issued",
                         json_object_get(answer, "moment"), "from", json_object_get(answer, "from"), "to",
                         json_object_get(answer, "to"), "moment", json_object_get(answer, "moment"), "summary",
                         summary, "rows", rows, "charts", charts);
}

static int write_forms(struct act *act, const json_t *args, const char *form, const json_t *answer,
                       struct error *err) {
        _cleanup_free_ char *forms = act_path(act, NULL, "forms");
        _cleanup_json_ json_t *data = NULL;
        const char *pdf = json_text(args, "pdf"), *csv = json_text(args, "csv");
        int r = 0;

        if (act->dry_run || (!pdf && !csv))
                return 0;
        data = form_data(act, answer);
        if (!data || !forms)
                return fail_memory(err);
        if (pdf)
                r = form_to_pdf(forms, form, act->lang, data, pdf, err);
        if (r == 0 && csv)
                r = form_to_csv(forms, form, act->lang, data, csv, err);
        return r;
}

/* --- OpenMetrics ---------------------------------------------------------------------------------------------- */

/* By --format and --out, which go together: both kinds of figures, so that one file is enough. */
static int write_openmetrics(struct act *act, const json_t *args, const json_t *kpis, const json_t *metrics,
                             const json_t *answer, struct error *err) {
        const char *out = json_text(args, "out");
        int64_t moment = 0;

        if (!out != !json_text(args, "format"))
                return fail(err, ERR_USAGE, "«--format» y «--out» van juntos.",
                            "“--format” and “--out” go together.");
        (void) time_parse(json_text_or_empty(answer, "moment"), &moment);
        return out && !act->dry_run ? openmetrics_write(act, kpis, metrics, moment, out, err) : 0;
}

int output_kpis(struct act *act, const json_t *args, const json_t *answer, struct error *err) {
        _cleanup_json_ json_t *metrics = NULL;
        int64_t moment = 0;
        int r = write_forms(act, args, "kpi", answer, err);

        (void) time_parse(json_text_or_empty(answer, "moment"), &moment);
        if (r == 0 && json_text(args, "out")) {
                const struct period day = { .from = moment / DAY, .to = moment / DAY, .moment = moment };

                r = report_metrics(act, &day, &metrics, err);
        }
        return r < 0 ? r : write_openmetrics(act, args, json_object_get(answer, "rows"), metrics, answer, err);
}

int output_metrics(struct act *act, const json_t *args, const json_t *answer, struct error *err) {
        static const struct period_demand year = { .months = 12 };
        _cleanup_json_ json_t *kpis = NULL, *until = json_pack("{s:O*}", "to", json_object_get(args, "to"));
        struct period period;
        int r = until ? write_forms(act, args, "metrics", answer, err) : fail_memory(err);

        if (r == 0 && json_text(args, "out"))
                r = period_of(act, until, &year, &period, err);
        if (r == 0 && json_text(args, "out"))
                r = report_kpis(act, &period, NULL, &kpis, err);
        return r < 0 ? r : write_openmetrics(act, args, kpis, json_object_get(answer, "rows"), answer, err);
}
