/* `report kpi` and `report metrics`: the rows, from the figures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "metrics/internal.h"
#include "metrics/output.h"
#include "metrics/trend.h"
#include "policy/rule.h"

/* "98,5 %", or "–" when it is not known: a number as people read it, in data it has a point. */
static void shown(enum lang lang, bool known, int64_t value, const char *unit, char out[48]) {
        char number[24], *point;

        environment_format(value, number);
        point = lang == LANG_ES ? strchr(number, '.') : NULL;
        if (point)
                *point = ',';
        if (known)
                (void) snprintf(out, 48, "%s%s%s", number, *unit ? " " : "", unit);
        else
                (void) snprintf(out, 48, "–");
}

static int set_value(enum lang lang, json_t *row, bool known, int64_t value, const char *unit, struct error *err) {
        char number[24], text[48];

        environment_format(value, number);
        shown(lang, known, value, unit, text);
        return json_object_set_new(row, "value", known ? json_string(number) : json_null()) ||
                               json_object_set_new(row, "unit", json_string(unit)) ||
                               json_object_set_new(row, "shown", json_string(text))
                       ? fail_memory(err)
                       : 0;
}

static int set_trend(json_t *row, json_t *trend, const struct trend_point *points, size_t n, struct error *err) {
        _cleanup_free_ char *spark = trend_spark(points, n);

        return !spark || json_object_set(row, "trend", trend) ||
                               json_object_set_new(row, "spark", json_string(spark))
                       ? fail_memory(err)
                       : 0;
}

/* --- KPIs ----------------------------------------------------------------------------------------------------- */

/* Minutes as long as a person reads them at a glance, then hours, then days. */
static int show_duration(json_t *row, int64_t seconds, struct error *err) {
        char text[48];

        if (seconds < 2 * 3600)
                return 0;
        if (seconds < 2 * 86400)
                (void) snprintf(text, sizeof text, "%lld h %lld min", (long long) seconds / 3600,
                                (long long) seconds / 60 % 60);
        else
                (void) snprintf(text, sizeof text, "%lld d %lld h", (long long) seconds / 86400,
                                (long long) seconds / 3600 % 24);
        return json_object_set_new(row, "shown", json_string(text)) ? fail_memory(err) : 0;
}

static int kpi_trend(struct act *act, enum kpi kpi, enum category category, const struct period *period,
                     json_t *row, struct error *err) {
        struct period pieces[PIECES_MAX];
        struct trend_point points[PIECES_MAX] = { 0 };
        size_t n = period_pieces(period, pieces);
        _cleanup_json_ json_t *trend = json_array();
        int r = trend ? 0 : fail_memory(err);

        for (size_t i = 0; r == 0 && i < n; i++) {
                struct kpi_counts counts;
                enum kpi_state state;

                r = kpi_count(act->db, kpi, category, &pieces[i], &counts, err);
                if (r < 0)
                        return r;
                state = kpi_judge(kpi, category, &counts, &points[i].known, &points[i].value);
                r = trend_add(trend, &pieces[i], &points[i], kpi_state_terms[state].code, err);
        }
        return r < 0 ? r : set_trend(row, trend, points, n, err);
}

static int add_kpi(struct act *act, enum kpi kpi, enum category category, const struct period *period, json_t *rows,
                   struct error *err) {
        const struct kpi_row *policy = &kpi_rows[kpi];
        struct kpi_counts counts;
        enum kpi_state state;
        bool known = false;
        int64_t value = 0;
        char target[32];
        json_t *row;
        int r = kpi_count(act->db, kpi, category, period, &counts, err);

        if (r < 0)
                return r;
        state = kpi_judge(kpi, category, &counts, &known, &value);
        kpi_target_format(kpi, category, target);
        row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:s}", "kpi", kpi_terms[kpi].code,
                        "name", text_in(policy->title, act->lang), "measure", policy->measure, "category",
                        category_terms[category].code, "target", target, "cases", (json_int_t) counts.cases, "good",
                        (json_int_t) counts.good, "bad", (json_int_t) counts.bad, "seconds",
                        (json_int_t) (kpi == KPI_LOCATE ? counts.most : 0), "state", kpi_state_terms[state].code,
                        "verdict", text_in(kpi_state_terms[state].name, act->lang));
        r = row ? set_value(act->lang, row, known, value, policy->unit, err) : fail_memory(err);
        if (r == 0 && kpi == KPI_LOCATE && known)
                r = show_duration(row, counts.most, err);
        if (r == 0)
                r = kpi_trend(act, kpi, category, period, row, err);
        if (r < 0) {
                json_decref(row);
                return r;
        }
        return json_array_append_new(rows, row) ? fail_memory(err) : 0;
}

int report_kpis(struct act *act, const struct period *period, const char *category, json_t **ret,
                struct error *err) {
        _cleanup_json_ json_t *rows = json_array();
        int r = rows ? 0 : fail_memory(err);

        for (int k = 0; k < KPIS; k++)
                for (int c = 0; r == 0 && c < CATEGORIES; c++)
                        if (!category || strcmp(category, category_terms[c].code) == 0)
                                r = add_kpi(act, (enum kpi) k, (enum category) c, period, rows, err);
        if (r == 0)
                *ret = TAKE_PTR(rows);
        return r;
}

/* --- metrics -------------------------------------------------------------------------------------------------- */

static int metric_trend(struct act *act, enum metric metric, const struct period *period, json_t *row,
                        struct error *err) {
        struct trend_point points[PIECES_MAX] = { 0 };
        _cleanup_json_ json_t *trend = json_array();
        size_t n = 0;
        int r = trend ? 0 : fail_memory(err);

        for (int64_t day = period->from; r == 0 && day <= period->to && n < PIECES_MAX; day++) {
                struct period piece = { .from = day, .to = day, .moment = (day + 1) * DAY - 1 };
                struct metric_value value;

                if (day == period->to)
                        piece.moment = period->moment;
                r = metric_read(act->db, metric, piece.moment, &value, err);
                if (r < 0)
                        return r;
                points[n] = (struct trend_point){ value.known, value.value };
                r = trend_add(trend, &piece, &points[n++], metric_level_terms[value.level].code, err);
        }
        return r < 0 ? r : set_trend(row, trend, points, n, err);
}

static int add_metric(struct act *act, enum metric metric, const struct period *period, json_t *rows,
                      struct error *err) {
        const struct metric_row *policy = &metric_rows[metric];
        char alert[48], critical[48];
        struct metric_value value;
        json_t *row;
        int r = metric_read(act->db, metric, period->moment, &value, err);

        if (r < 0)
                return r;
        metric_threshold_format(metric, false, alert);
        metric_threshold_format(metric, true, critical);
        row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s}", "metric", metric_terms[metric].code,
                        "name", text_in(policy->title, act->lang), "measure", policy->measure, "alert", alert,
                        "critical", critical, "cases", (json_int_t) value.cases, "about", value.about, "every",
                        text_in(policy->every, act->lang), "level", metric_level_terms[value.level].code, "verdict",
                        text_in(metric_level_terms[value.level].name, act->lang));
        r = row ? set_value(act->lang, row, value.known, value.value, policy->unit, err) : fail_memory(err);
        if (r == 0)
                r = metric_trend(act, metric, period, row, err);
        if (r < 0) {
                json_decref(row);
                return r;
        }
        return json_array_append_new(rows, row) ? fail_memory(err) : 0;
}

int report_metrics(struct act *act, const struct period *period, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = json_array();
        int r = rows ? 0 : fail_memory(err);

        for (int m = 0; r == 0 && m < METRICS; m++)
                r = add_metric(act, (enum metric) m, period, rows, err);
        if (r == 0)
                *ret = TAKE_PTR(rows);
        return r;
}

/* --- the verbs ------------------------------------------------------------------------------------------------ */

static const struct period_demand kpi_demand = { .months = 12 };
static const struct period_demand metrics_demand = { .days = 30, .most = PIECES_MAX };

static int answer(struct act *act, const struct period *period, json_t *rows, json_t **ret, struct error *err) {
        char from[DATE_TEXT], to[DATE_TEXT], moment[TIME_TEXT];

        day_format(period->from, from);
        day_format(period->to, to);
        time_format(period->moment, moment);
        act_say(act, "Del %s al %s, días de UTC.", "From %s to %s, days of UTC.", from, to);
        *ret = json_pack("{s:s, s:s, s:s, s:O}", "from", from, "to", to, "moment", moment, "rows", rows);
        return *ret ? 0 : fail_memory(err);
}

static int list_behind(struct act *act, const json_t *args, const struct period *period, const struct term *terms,
                       size_t n, int (*list)(struct behind *behind, int figure, struct error *err), json_t **ret,
                       struct error *err) {
        _cleanup_json_ json_t *rows = json_array();
        struct behind behind = { .act = act,
                                 .period = period,
                                 .category = json_text(args, "category"),
                                 .all = json_flag(args, "all"),
                                 .limit = json_int(args, "limit", 1000),
                                 .rows = rows };
        int r;

        if (output_wanted(args))
                return refuse(err, ERR_USAGE, "K3", "La lista de lo que hay detrás no sale en un fichero.",
                              "The list of what stands behind does not go into a file.");
        r = rows ? list(&behind, term_parse(terms, n, json_text(args, "behind")), err) : fail_memory(err);
        if (r < 0)
                return r;
        if (behind.more)
                act_say(act, "Hay más: aumente --limit.", "There is more: raise --limit.");
        return answer(act, period, rows, ret, err);
}

static int list_kpi(struct behind *behind, int figure, struct error *err) {
        return behind_kpi(behind, (enum kpi) figure, err);
}

static int list_metric(struct behind *behind, int figure, struct error *err) {
        return behind_metric(behind, (enum metric) figure, err);
}

int report_run_kpi(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = NULL;
        struct period period;
        int r = period_of(act, args, &kpi_demand, &period, err);

        if (r == 0 && json_text(args, "behind"))
                return list_behind(act, args, &period, kpi_terms, KPIS, list_kpi, ret, err);
        if (r == 0)
                r = report_kpis(act, &period, json_text(args, "category"), &rows, err);
        if (r == 0)
                r = answer(act, &period, rows, ret, err);
        return r < 0 ? r : output_kpis(act, args, *ret, err);
}

int report_run_metrics(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = NULL;
        struct period period;
        int r = period_of(act, args, &metrics_demand, &period, err);

        if (r == 0 && json_text(args, "behind"))
                return list_behind(act, args, &period, metric_terms, METRICS, list_metric, ret, err);
        if (r == 0)
                r = report_metrics(act, &period, &rows, err);
        if (r == 0)
                r = answer(act, &period, rows, ret, err);
        return r < 0 ? r : output_metrics(act, args, *ret, err);
}
