/* KPIs and operational metrics (K1, K2, K3, X5): computed from what is on record, never typed in. docs/metrics.md
 * has the definitions. */
#pragma once

#include "act/act.h"
#include "policy/metrics.h"

extern const struct room metrics_room; /* verbs `report kpi` and `report metrics` */

/* A metric of K2 or X5 as it stands. */
struct metric_value {
        enum metric metric;
        bool known;              /* false: nothing to compute it of; `value` is 0 and the level METRIC_NO_DATA */
        int64_t value;           /* hundredths of metric_rows[metric].unit */
        enum metric_level level; /* by the thresholds of policy, or graver when the fact itself says so */
        int64_t cases;           /* how many media, accesses, readings, attempts … stand behind it */
        char about[64]; /* of the worst one: the room, the account or the medium; "" when there is no one */
};

/* For whoever alerts: calls each() for every metric in the order of enum metric, also for one without data, until
 * it returns non-zero, and gives that. `now` is the act's clock. It reads sums by index and not the events: a few
 * milliseconds, however many media and events there are. It neither writes nor needs the writer's lock, and works
 * inside the caller's transaction. An alert is to be opened when the level rises and ended when it falls: the same
 * level again is no news. */
int metrics_now(struct db *db, int64_t now, int (*each)(void *context, const struct metric_value *value),
                void *context, struct error *err);

/* For whoever opens a store: whether the room has followed all events, which it hasn't in one of an older version
 * that was just brought up to date; and makes it so, once, in one transaction. */
int metrics_is_caught_up(struct db *db, bool *ret, struct error *err);
int metrics_catch_up(struct db *db, struct error *err);
