/* Reading the figures: shared by the verbs of this room only. */
#pragma once

#include "act/act.h"
#include "metrics/metrics.h"

/* --- periods: days of UTC, as every date that mpsi records -------------------------------------------------- */

struct period {
        int64_t from, to; /* days since 1970-01-01, both in it */
        int64_t moment;   /* of which it tells: its end, or now */
        bool current;     /* it ends today, so what is still open counts */
};

struct period_demand {
        int months; /* so many calendar months, this one with them, when no --from says otherwise … */
        int days;   /* … or so many days */
        int most;   /* days that it may have; 0: any number */
};

/* Of --from and --to. Refused by K1: a period that ends before it begins, or is not over yet. */
int period_of(const struct act *act, const json_t *args, const struct period_demand *demand, struct period *ret,
              struct error *err);

enum { PIECES_MAX = 400, PIECES_OF_DAYS = 62 };
/* What a trend has a point for: the days of a period of at most PIECES_OF_DAYS, or else its months, the newest ones
 * when there are too many. Gives their number. */
size_t period_pieces(const struct period *period, struct period pieces[PIECES_MAX]);
void day_format(int64_t day, char out[DATE_TEXT]);

/* --- figures ------------------------------------------------------------------------------------------------- */

int kpi_count(struct db *db, enum kpi kpi, enum category category, const struct period *period,
              struct kpi_counts *ret, struct error *err);
int metric_read(struct db *db, enum metric metric, int64_t moment, struct metric_value *ret, struct error *err);

/* --- what stands behind one ---------------------------------------------------------------------------------- */

struct behind {
        struct act *act;
        const struct period *period;
        const char *category; /* NULL: all */
        bool all;             /* those that are as they should be too */
        int64_t limit;
        json_t *rows;
        bool more; /* there are more than `limit` */
};
int behind_kpi(struct behind *behind, enum kpi kpi, struct error *err);
int behind_metric(struct behind *behind, enum metric metric, struct error *err);

/* --- the verbs ----------------------------------------------------------------------------------------------- */

int report_run_kpi(struct act *act, const json_t *args, json_t **ret, struct error *err);
int report_run_metrics(struct act *act, const json_t *args, json_t **ret, struct error *err);
