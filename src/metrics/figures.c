/* The figures, from the sums a day and the cases by time. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "metrics/internal.h"
#include "policy/baseline.h"

/* --- KPIs ----------------------------------------------------------------------------------------------------- */

/* How things stand is the sum of all changes so far; what happens is that of the period. */
static bool is_standing(enum kpi kpi) {
        return kpi == KPI_LABELLED || kpi == KPI_ENCRYPTED;
}

/* Those that nobody has found, once their target has passed: late, however soon they may end. */
static int add_open_searches(struct db *db, enum category category, int64_t now, struct kpi_counts *counts,
                             struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                db, &rows, err,
                "SELECT count(*), min(time) FROM metric_search WHERE category = ? AND ? - time >= target * "
                "1000000",
                "si", category_terms[category].code, now);

        if (r == 0)
                r = rows_next(rows, err);
        if (r <= 0 || rows_int(rows, 0) == 0)
                return r < 0 ? r : 0;
        counts->cases += rows_int(rows, 0);
        if ((now - rows_int(rows, 1)) / SECOND > counts->most)
                counts->most = (now - rows_int(rows, 1)) / SECOND;
        return 0;
}

int kpi_count(struct db *db, enum kpi kpi, enum category category, const struct period *period,
              struct kpi_counts *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                db, &rows, err,
                "SELECT coalesce(sum(cases), 0), coalesce(sum(good), 0), coalesce(sum(bad), 0), "
                "coalesce(max(most), 0) FROM metric_day WHERE figure = ? AND category = ? AND day >= ? AND "
                "day <= ?",
                "ssii", kpi_terms[kpi].code, category_terms[category].code,
                is_standing(kpi) ? (int64_t) 0 : period->from, period->to);

        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        *ret = (struct kpi_counts){ rows_int(rows, 0), rows_int(rows, 1), rows_int(rows, 2), rows_int(rows, 3) };
        return kpi == KPI_LOCATE && period->current ? add_open_searches(db, category, period->moment, ret, err) : 0;
}

/* --- metrics -------------------------------------------------------------------------------------------------- */

static int read_not_located(struct db *db, int64_t moment, struct metric_value *value, struct error *err) {
        static const char *const sql =
                "SELECT coalesce(sum(cases), 0) FROM metric_day WHERE figure = ? AND day <= ?";
        int64_t media = 0;
        int r = db_int(db, &media, err, sql, "si", kpi_terms[KPI_LABELLED].code, (int64_t) (moment / DAY));

        if (r == 0)
                r = db_int(db, &value->cases, err, sql, "si", metric_terms[METRIC_NOT_LOCATED].code,
                           (int64_t) (moment / DAY));
        value->known = media > 0;
        value->value = value->cases * 100;
        return r;
}

static void tell(struct metric_value *value, const char *about) {
        (void) snprintf(value->about, sizeof value->about, "%s", about ? about : "");
        utf8_trim(value->about);
}

/* The newest is named. */
static int read_unauthorised(struct db *db, int64_t moment, struct metric_value *value, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int64_t since = moment - metric_rows[METRIC_UNAUTHORISED].window * SECOND;
        int r = db_query(
                db, &rows, err,
                "SELECT subject FROM metric_case WHERE figure = ? AND time > ? AND time <= ? ORDER BY time, "
                "seq",
                "sii", metric_terms[METRIC_UNAUTHORISED].code, since, moment);

        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                value->cases++;
                tell(value, rows_text(rows, 0));
                r = 0;
        }
        value->known = true;
        value->value = value->cases * 100;
        return r;
}

/* The newest reading of each room; of the rooms the one that is furthest off. */
static int read_temperature(struct db *db, int64_t moment, struct metric_value *value, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int64_t since = moment - metric_rows[METRIC_TEMPERATURE].window * SECOND;
        int r = db_query(
                db, &rows, err,
                "SELECT area, (SELECT temperature FROM metric_reading AS r WHERE r.area = a.area AND time > ?1 AND "
                "time <= ?2 ORDER BY time DESC LIMIT 1) AS newest FROM metric_area AS a WHERE newest IS NOT NULL "
                "ORDER BY area",
                "ii", since, moment);

        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                int64_t newest = rows_int(rows, 1);

                if (!value->known || metric_temperature_off(newest) > metric_temperature_off(value->value)) {
                        value->value = newest;
                        tell(value, rows_text(rows, 0));
                }
                value->known = true;
                value->cases++;
                r = 0;
        }
        return r;
}

/* Of one account, or on one medium: attempts of many people are not those of one who guesses. */
static int read_failed(struct db *db, int64_t moment, struct metric_value *value, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int64_t since = moment - metric_rows[METRIC_FAILED].window * SECOND, most = 0;
        int r = db_query(
                db, &rows, err,
                "SELECT subject, sum(value) AS attempts FROM metric_case WHERE figure = ? AND time > ? AND "
                "time <= ? GROUP BY subject ORDER BY attempts DESC, subject",
                "sii", metric_terms[METRIC_FAILED].code, since, moment);

        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                if (most == 0) {
                        most = rows_int(rows, 1);
                        tell(value, rows_text(rows, 0));
                }
                value->cases += rows_int(rows, 1);
                r = 0;
        }
        value->known = true;
        value->value = most * 100;
        return r;
}

static int read_destruction_time(struct db *db, int64_t moment, struct metric_value *value, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int64_t since = moment - metric_rows[METRIC_DESTRUCTION_TIME].window * SECOND;
        int r = db_query(db, &rows, err,
                         "SELECT count(*), coalesce(sum(max((executed - requested) / 1000000, 0)), 0) FROM "
                         "metric_destruction "
                         "WHERE executed IS NOT NULL AND executed > ? AND executed <= ?",
                         "ii", since, moment);

        if (r == 0)
                r = rows_next(rows, err);
        if (r <= 0)
                return r;
        value->cases = rows_int(rows, 0);
        value->known = value->cases > 0;
        value->value = value->known ? metric_mean_days(rows_int(rows, 1), value->cases) : 0;
        return 0;
}

/* The newest comparison, and the level that it found itself. */
static int read_checked(struct db *db, enum metric metric, int64_t moment, struct metric_value *value,
                        struct error *err) {
        static const enum metric_level levels[DRIFT_LEVELS] = {
                [DRIFT_NONE] = METRIC_OK, [DRIFT_ALERT] = METRIC_ALERT, [DRIFT_CRITICAL] = METRIC_CRITICAL
        };
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err,
                         "SELECT value, mark, subject FROM metric_case WHERE figure = ? AND time <= ? ORDER BY "
                         "time DESC, seq "
                         "DESC LIMIT 1",
                         "si", metric_terms[metric].code, moment);

        if (r == 0)
                r = rows_next(rows, err);
        if (r <= 0)
                return r;
        value->known = true;
        value->cases = 1;
        value->value = rows_int(rows, 0);
        value->level = levels[rows_int(rows, 1) % DRIFT_LEVELS];
        tell(value, rows_text(rows, 2));
        return 0;
}

static int read_one(struct db *db, enum metric metric, int64_t moment, struct metric_value *value,
                    struct error *err) {
        switch (metric) {
        case METRIC_NOT_LOCATED: return read_not_located(db, moment, value, err);
        case METRIC_UNAUTHORISED: return read_unauthorised(db, moment, value, err);
        case METRIC_TEMPERATURE: return read_temperature(db, moment, value, err);
        case METRIC_FAILED: return read_failed(db, moment, value, err);
        case METRIC_DESTRUCTION_TIME: return read_destruction_time(db, moment, value, err);
        default: return read_checked(db, metric, moment, value, err);
        }
}

int metric_read(struct db *db, enum metric metric, int64_t moment, struct metric_value *ret, struct error *err) {
        struct metric_value value = { .metric = metric };
        int r = read_one(db, metric, moment, &value, err);

        if (r < 0)
                return r;
        if (value.known) {
                enum metric_level level = metric_judge(metric, value.value);

                value.level = level > value.level ? level : value.level;
        }
        *ret = value;
        return 0;
}

int metrics_now(struct db *db, int64_t now, int (*each)(void *context, const struct metric_value *value),
                void *context, struct error *err) {
        for (int m = 0; m < METRICS; m++) {
                struct metric_value value;
                int r = metric_read(db, (enum metric) m, now, &value, err);

                if (r == 0)
                        r = each(context, &value);
                if (r)
                        return r;
        }
        return 0;
}
