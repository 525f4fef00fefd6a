/* Ceremonies of the master key (C4, C5): how often, how many custodians, how many have to come. Pure. */
#pragma once

#include <stdint.h>

#include "base/clock.h"
#include "policy/rule.h"

/* Every number of this family, one row each, with where it comes from. */
enum ceremony_limit {
        CEREMONY_CUSTODIANS_LEAST,
        CEREMONY_CUSTODIANS_MOST,
        CEREMONY_THRESHOLD_LEAST,
        CEREMONY_TRIES,        /* at typing back two words */
        CEREMONY_MASTER_DAYS,  /* a master key serves so long */
        CEREMONY_WARNING_DAYS, /* and this long before is said so */
        CEREMONY_LIMITS
};
struct ceremony_limit_row {
        int64_t value;
        const char *rule, *source;
        struct text what;
};
extern const struct ceremony_limit_row ceremony_limits[CEREMONY_LIMITS];

/* C5.1: as many custodians and as large a threshold as the house demands. */
int ceremony_judge(int64_t threshold, int64_t custodians, struct error *err);

enum master_age { MASTER_FRESH, MASTER_DUE_SOON, MASTER_OVERDUE };
/* C5: of a master key made at `created`, at `now`; *ret_due is when its year ends. Microseconds. */
enum master_age master_judge_age(int64_t created, int64_t now, int64_t *ret_due);
