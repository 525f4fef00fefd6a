/* --behind: the media, searches, incidents, destructions, readings or checks that a figure counts. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "metrics/follow.h"
#include "metrics/internal.h"
#include "policy/rule.h"

/* One line of the list; NULL members are left out. */
struct line {
        const char *subject, *about, *category;
        int64_t time; /* 0: none */
        const char *value;
        bool good;
        struct text why;
};

static int add(struct behind *behind, const struct line *line, struct error *err) {
        char moment[TIME_TEXT] = "";
        json_t *row;

        if ((int64_t) json_array_size(behind->rows) >= behind->limit) {
                behind->more = true;
                return 0;
        }
        if (line->time)
                time_format(line->time, moment);
        row = json_pack("{s:s, s:s*, s:s*, s:s*, s:s*, s:b, s:s*}", "subject", line->subject, "about", line->about,
                        "category", line->category, "time", *moment ? moment : NULL, "shown", line->value, "good",
                        (int) line->good, "why", text_in(line->why, behind->act->lang));
        return json_array_append_new(behind->rows, row) ? fail_memory(err) : 0;
}

/* --- media ---------------------------------------------------------------------------------------------------- */

/* Whether a medium that stands like this is in the figure, and what is wrong with it. */
static bool judge(const char *figure, int64_t bits, bool *ret_good, struct text *ret_why) {
        static const struct text unlabelled = { "sin etiqueta vigente", "without a valid label" };
        static const struct text missing = { "sin localizar", "not located" };
        static const struct text plain = { "sin cifrar", "not encrypted" };
        const bool lost = bits & MEDIUM_MISSING;

        *ret_why = (struct text){ NULL, NULL };
        if (!(bits & MEDIUM_LIVE))
                return false;
        if (strcmp(figure, kpi_terms[KPI_ENCRYPTED].code) == 0) {
                *ret_good = bits & MEDIUM_ENCRYPTED;
                if (!*ret_good)
                        *ret_why = plain;
                return bits & MEDIUM_CAN && !(bits & MEDIUM_EMPTY);
        }
        if (strcmp(figure, kpi_terms[KPI_LABELLED].code) == 0) {
                *ret_good = bits & MEDIUM_LABELLED && !lost;
                if (!*ret_good)
                        *ret_why = bits & MEDIUM_LABELLED ? missing : unlabelled;
                return true;
        }
        *ret_good = false;
        *ret_why = missing;
        return lost;
}

/* How each medium stood in the past is not kept: the list is of now. */
static int behind_media(struct behind *behind, const char *figure, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r;

        if (!behind->period->current)
                return refuse(err, ERR_USAGE, "K1",
                              "De los soportes se sabe cómo están hoy: pida la lista sin «--to».",
                              "How media stand is known as of today: ask for the list without “--to”.");
        r = db_query(behind->act->db, &rows, err,
                     "SELECT medium, category, bits FROM metric_medium WHERE ?1 IS NULL OR category = ?1 ORDER BY "
                     "medium",
                     "s", behind->category);
        while (r == 0 && !behind->more && (r = rows_next(rows, err)) > 0) {
                struct line line = { .subject = rows_text(rows, 0), .category = rows_text(rows, 1) };

                r = 0;
                if (judge(figure, rows_int(rows, 2), &line.good, &line.why) && (!line.good || behind->all))
                        r = add(behind, &line, err);
        }
        return r < 0 ? r : 0;
}

/* --- cases ---------------------------------------------------------------------------------------------------- */

/* What a case's value is, for a person. */
static void value_text(const char *figure, int64_t value, char out[48]) {
        char number[24];

        if (strcmp(figure, kpi_terms[KPI_LOCATE].code) == 0) {
                (void) snprintf(out, 48, "%lld s", (long long) value);
        } else if (strcmp(figure, metric_terms[METRIC_DRIFT].code) == 0 ||
                   strcmp(figure, metric_terms[METRIC_COVERAGE].code) == 0) {
                environment_format(value, number);
                (void) snprintf(out, 48, "%s %%", number);
        } else {
                (void) snprintf(out, 48, "%lld", (long long) value);
        }
}

static bool case_good(const char *figure, int64_t value, int64_t mark) {
        if (strcmp(figure, kpi_terms[KPI_LOCATE].code) == 0)
                return mark;
        if (strcmp(figure, metric_terms[METRIC_DRIFT].code) == 0)
                return mark == 0;
        return strcmp(figure, metric_terms[METRIC_COVERAGE].code) == 0 &&
               metric_judge(METRIC_COVERAGE, value) == METRIC_OK;
}

static int behind_cases(struct behind *behind, const char *figure, bool all, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                behind->act->db, &rows, err,
                "SELECT subject, about, category, time, value, mark FROM metric_case WHERE figure = ?1 AND "
                "time >= ?2 AND time <= ?3 AND (?4 IS NULL OR category IN (?4, '')) ORDER BY time, seq",
                "siis", figure, (int64_t) (behind->period->from * DAY), behind->period->moment, behind->category);

        while (r == 0 && !behind->more && (r = rows_next(rows, err)) > 0) {
                char value[48];
                struct line line = { .subject = rows_text(rows, 0),
                                     .about = rows_text(rows, 1),
                                     .category = rows_text(rows, 2),
                                     .time = rows_int(rows, 3),
                                     .value = value,
                                     .good = case_good(figure, rows_int(rows, 4), rows_int(rows, 5)) };

                value_text(figure, rows_int(rows, 4), value);
                r = line.good && !all ? 0 : add(behind, &line, err);
        }
        return r < 0 ? r : 0;
}

static int behind_open_searches(struct behind *behind, struct error *err) {
        static const struct text open = { "sin encontrar todavía", "not found yet" };
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                behind->act->db, &rows, err,
                "SELECT search, medium, category, time FROM metric_search WHERE ?1 - time >= target * 1000000 "
                "AND (?2 IS NULL OR category = ?2) ORDER BY time, search",
                "is", behind->period->moment, behind->category);

        while (r == 0 && !behind->more && (r = rows_next(rows, err)) > 0) {
                char value[48];
                const struct line line = { .subject = rows_text(rows, 0),
                                           .about = rows_text(rows, 1),
                                           .category = rows_text(rows, 2),
                                           .time = rows_int(rows, 3),
                                           .value = value,
                                           .why = open };

                value_text(kpi_terms[KPI_LOCATE].code, (behind->period->moment - line.time) / SECOND, value);
                r = add(behind, &line, err);
        }
        return r < 0 ? r : 0;
}

static int behind_destructions(struct behind *behind, int64_t since, bool all, struct error *err) {
        static const struct text uncertified = { "sin certificado vigente", "without a valid certificate" };
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                behind->act->db, &rows, err,
                "SELECT destruction, medium, category, executed, requested, certified FROM "
                "metric_destruction WHERE executed IS NOT NULL AND executed >= ?1 AND executed <= ?2 AND (?3 "
                "IS NULL OR category = ?3) ORDER BY executed, destruction",
                "iis", since, behind->period->moment, behind->category);

        while (r == 0 && !behind->more && (r = rows_next(rows, err)) > 0) {
                const bool certified = rows_int(rows, 5) > 0;
                char days[24], value[48];
                const struct line line = { .subject = rows_text(rows, 0),
                                           .about = rows_text(rows, 1),
                                           .category = rows_text(rows, 2),
                                           .time = rows_int(rows, 3),
                                           .value = value,
                                           .good = certified,
                                           .why = certified ? (struct text){ NULL, NULL } : uncertified };

                environment_format(metric_mean_days((line.time - rows_int(rows, 4)) / SECOND, 1), days);
                (void) snprintf(value, sizeof value, "%s d", days);
                r = certified && !all ? 0 : add(behind, &line, err);
        }
        return r < 0 ? r : 0;
}

/* Readings that are not sound, or all of them. */
static int behind_readings(struct behind *behind, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(behind->act->db, &rows, err,
                         "SELECT area, time, temperature FROM metric_reading WHERE area IN (SELECT area FROM "
                         "metric_area) AND time >= ? AND time <= ? ORDER BY area, time",
                         "ii", (int64_t) (behind->period->from * DAY), behind->period->moment);

        while (r == 0 && !behind->more && (r = rows_next(rows, err)) > 0) {
                const enum metric_level level = metric_judge(METRIC_TEMPERATURE, rows_int(rows, 2));
                char degrees[24], value[48];
                const struct line line = { .subject = rows_text(rows, 0),
                                           .time = rows_int(rows, 1),
                                           .value = value,
                                           .good = level == METRIC_OK,
                                           .why = metric_level_terms[level].name };

                environment_format(rows_int(rows, 2), degrees);
                (void) snprintf(value, sizeof value, "%s °C", degrees);
                r = line.good && !behind->all ? 0 : add(behind, &line, err);
        }
        return r < 0 ? r : 0;
}

/* --- which ---------------------------------------------------------------------------------------------------- */

int behind_kpi(struct behind *behind, enum kpi kpi, struct error *err) {
        const char *figure = kpi_terms[kpi].code;
        int r;

        switch (kpi) {
        case KPI_LABELLED:
        case KPI_ENCRYPTED: return behind_media(behind, figure, err);
        case KPI_LOCATE:
                r = behind_cases(behind, figure, behind->all, err);
                return r < 0 || !behind->period->current ? r : behind_open_searches(behind, err);
        case KPI_TRANSPORT: return behind_cases(behind, figure, true, err);
        default: return behind_destructions(behind, behind->period->from * DAY, behind->all, err);
        }
}

int behind_metric(struct behind *behind, enum metric metric, struct error *err) {
        switch (metric) {
        case METRIC_NOT_LOCATED: return behind_media(behind, metric_terms[metric].code, err);
        case METRIC_TEMPERATURE: return behind_readings(behind, err);
        case METRIC_DESTRUCTION_TIME: return behind_destructions(behind, behind->period->from * DAY, true, err);
        default: return behind_cases(behind, metric_terms[metric].code, true, err);
        }
}
