/* `env show`: the newest readings, or those of one place with their charts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "custody/environment.h"
#include "print/chart.h"

enum { ROWS_SHOWN = 24, READINGS_MAX = 2000000 };

struct view {
        struct act *act;
        struct error *err;
        json_t *rows;
};

static int add_row(struct view *view, const struct reading *reading, const struct environment_limits *limits) {
        enum quantity quantity = QUANTITY_TEMPERATURE;
        enum gravity gravity = reading_gravity(reading, limits, &quantity);
        char moment[TIME_TEXT], value[24];
        json_t *row;

        time_format(reading->time, moment);
        row = json_pack("{s:s, s:s, s:s}", "location", reading->area, "time", moment, "gravity",
                        gravity_terms[gravity].code);
        for (int q = 0; row && q < QUANTITIES; q++) {
                if (!reading->has[q])
                        continue;
                environment_format(reading->values[q], value);
                (void) json_object_set_new(row, quantity_terms[q].code, json_string(value));
        }
        if (row && gravity > GRAVITY_NONE)
                (void) json_object_set_new(row, "because", json_string(quantity_terms[quantity].code));
        return json_array_append_new(view->rows, row) ? fail_memory(view->err) : 0;
}

static int add_newest(void *context, const struct reading *reading) {
        struct view *view = context;
        struct environment_limits limits;
        int r = environment_limits_load(view->act, reading->area, &limits, view->err);

        return r < 0 ? r : add_row(view, reading, &limits);
}

/* --- one place --------------------------------------------------------------------------------------------- */

struct period {
        int64_t from, to; /* to: not in it any more */
};

/* The days asked for; without them the last day that has readings, to its newest. */
static int period_of(struct act *act, const json_t *args, const char *area, struct period *ret, struct error *err) {
        const char *from = json_text(args, "from"), *to = json_text(args, "to");
        struct reading newest;
        int r = reading_before(act->db, area, INT64_MAX, &newest, err);

        if (r == ERR_NOT_FOUND)
                return fail(err, r, "No hay lecturas de %s.", "There are no readings of %s.", area);
        if (r < 0)
                return r;
        ret->to = newest.time + 1;
        if (to && date_parse(to, &ret->to) == 0)
                ret->to += DAY;
        ret->from = ret->to - DAY;
        if (from)
                (void) date_parse(from, &ret->from);
        if (ret->from < ret->to)
                return 0;
        return fail(err, ERR_USAGE, "El periodo termina antes de empezar.", "The period ends before it begins.");
}

static int load_readings(struct act *act, const char *area, const struct period *period, struct reading **ret,
                         size_t *ret_n, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int64_t count = 0;
        struct reading *list;
        size_t n = 0;
        int r = db_int(act->db, &count, err,
                       "SELECT count(*) FROM environment_reading WHERE area = ? AND time >= ? AND time < ?", "sii",
                       area, period->from, period->to);

        if (r < 0)
                return r;
        if (count == 0 || count > READINGS_MAX)
                return fail(err, count ? ERR_USAGE : ERR_NOT_FOUND, "Hay %lld lecturas de %s en ese periodo.",
                            "There are %lld readings of %s in that period.", (long long) count, area);
        list = calloc((size_t) count, sizeof *list);
        if (!list)
                return fail_memory(err);
        r = db_query(
                act->db, &rows, err,
                "SELECT time, temperature, humidity, field FROM environment_reading WHERE area = ? AND time >= ? "
                "AND time < ? ORDER BY time",
                "sii", area, period->from, period->to);
        while (r == 0 && n < (size_t) count && (r = rows_next(rows, err)) > 0) {
                struct reading *one = &list[n++];

                one->time = rows_int(rows, 0);
                (void) snprintf(one->area, sizeof one->area, "%s", area);
                for (int q = 0; q < QUANTITIES; q++) {
                        one->has[q] = !rows_null(rows, 1 + q);
                        one->values[q] = one->has[q] ? rows_int(rows, 1 + q) : 0;
                }
                r = 0;
        }
        if (r < 0) {
                free(list);
                return r;
        }
        *ret = list;
        *ret_n = n;
        return 0;
}

static struct chart_range range_of(const struct range *range) {
        return (struct chart_range){ (double) range->least / 100, (double) range->most / 100 };
}

/* A quantity's chart; its points are the caller's to free. False when nothing was measured of it. */
static bool make_chart(struct act *act, const struct reading *readings, size_t n,
                       const struct environment_limits *limits, enum quantity q, struct chart *ret) {
        static const struct text titles[QUANTITIES] = {
                [QUANTITY_TEMPERATURE] = { "Temperatura", "Temperature" },
                [QUANTITY_HUMIDITY] = { "Humedad relativa", "Relative humidity" },
                [QUANTITY_FIELD] = { "Campo magnético", "Magnetic field" },
        };
        const struct environment_demand *demand = &environment_demands[q];
        struct chart_point *points = calloc(n + 1, sizeof *points);
        size_t used = 0;

        for (size_t i = 0; points && i < n; i++) {
                enum gravity own, model;

                if (!readings[i].has[q])
                        continue;
                own = environment_gravity(q, readings[i].values[q]);
                model = environment_gravity_of_model(&limits->ranges[q], readings[i].values[q]);
                points[used++] = (struct chart_point){ readings[i].time, (double) readings[i].values[q] / 100,
                                                       (int) (own > model ? own : model) };
        }
        if (used == 0) {
                free(points);
                return false;
        }
        *ret = (struct chart){ .title = text_in(titles[q], act->lang),
                               .unit = demand->unit,
                               .points = points,
                               .n = used,
                               .best = range_of(&demand->best),
                               .alert = range_of(&demand->alert),
                               .critical = range_of(&demand->critical) };
        return true;
}

static void say_chart(struct act *act, const struct chart *chart) {
        char lines[CHART_LINES][CHART_LINE];

        chart_to_text(chart, lines);
        act_say(act, "%s", "%s", chart->title);
        for (size_t i = 0; i < CHART_LINES; i++)
                act_say(act, "%s", "%s", lines[i]);
}

static int draw(struct act *act, const json_t *args, const char *area, const struct chart *charts, size_t n,
                struct error *err) {
        char heading[LOCATION_CODE + 40], sub[256];
        int r = 0;

        (void) snprintf(heading, sizeof heading, act->lang == LANG_EN ? "Environment of %s" : "Ambiente de %s",
                        area);
        (void) snprintf(sub, sizeof sub, "%.120s · %s · %s", act->organisation, act->station,
                        "ENS mp.si.3, mp.if.3");
        utf8_trim(sub);
        if (n == 0 || act->dry_run)
                return 0;
        if (json_text(args, "pdf"))
                r = chart_to_pdf(heading, sub, charts, n, act->lang, json_text(args, "pdf"), err);
        if (r == 0 && json_text(args, "png"))
                r = chart_to_png(heading, sub, charts, n, act->lang, json_text(args, "png"), err);
        return r;
}

static int show_charts(struct act *act, const json_t *args, const char *area, const struct reading *readings,
                       size_t n, const struct environment_limits *limits, struct error *err) {
        struct chart charts[QUANTITIES];
        size_t made = 0;
        int r;

        for (int q = 0; q < QUANTITIES; q++)
                made += make_chart(act, readings, n, limits, (enum quantity) q, &charts[made]);
        for (size_t i = 0; i < made; i++)
                if (charts[i].n > 1)
                        say_chart(act, &charts[i]);
        r = draw(act, args, area, charts, made, err);
        for (size_t i = 0; i < made; i++)
                free((struct chart_point *) (uintptr_t) charts[i].points);
        return r;
}

static int show_place(struct view *view, const json_t *args, const char *area) {
        struct reading *readings = NULL;
        struct environment_limits limits;
        struct period period;
        size_t n = 0, first, most = (size_t) json_int(args, "limit", ROWS_SHOWN);
        int r = period_of(view->act, args, area, &period, view->err);

        if (r == 0)
                r = environment_limits_load(view->act, area, &limits, view->err);
        if (r == 0)
                r = load_readings(view->act, area, &period, &readings, &n, view->err);
        first = n > most ? n - most : 0;
        for (size_t i = first; r == 0 && i < n; i++)
                r = add_row(view, &readings[i], &limits);
        if (r == 0)
                r = show_charts(view->act, args, area, readings, n, &limits, view->err);
        if (r == 0 && first)
                act_say(view->act, "%zu lecturas; arriba las %zu últimas.", "%zu readings; above the last %zu.", n,
                        most);
        free(readings);
        return r;
}

int environment_run_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = json_array();
        struct view view = { .act = act, .err = err, .rows = rows };
        char area[LOCATION_CODE];
        int r;

        if (json_text(args, "location")) {
                r = custody_area_parse(json_text(args, "location"), area, NULL, err);
                if (r == 0)
                        r = show_place(&view, args, area);
        } else {
                r = reading_each_place(act->db, add_newest, &view, err);
        }
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", rows);
        return *ret ? 0 : fail_memory(err);
}
