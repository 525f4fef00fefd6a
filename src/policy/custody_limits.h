/* Numbers of custody: overdue loans, extensions, time to locate, media that were not found (U4, U8, K1, K2). Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/custody.h"

/* How grave a finding is, in rising order; the codes are those of alerts. */
enum gravity { GRAVITY_NONE, GRAVITY_INFO, GRAVITY_ALERT, GRAVITY_CRITICAL, GRAVITIES };
extern const struct term gravity_terms[GRAVITIES];

/* U4: the longer overdue, the higher it goes. Rows in rising order of days. */
struct loan_escalation {
        int64_t days; /* overdue at least */
        enum gravity gravity;
        struct text tell; /* who is told */
};
enum { LOAN_ALERT_DAYS = 3, LOAN_CRITICAL_DAYS = 7 };
extern const struct loan_escalation loan_escalations[];
extern const size_t loan_escalations_n;
/* The row for a loan that was due on `due`; NULL when it is not overdue. Days of the calendar, so that neither a
 * leap day nor a change of the clock makes one longer. ret_days may be NULL. */
const struct loan_escalation *loan_escalation_of(const char *due, const char *today, int64_t *ret_days);

/* U4, by the medium's category: how often a loan is extended, and by how many days each time. */
struct extension_limit {
        int64_t times, days;
};
extern const struct extension_limit extension_limits[CATEGORIES];
int loan_judge_extension(enum category category, int64_t extensions, const char *due, const char *until,
                         const char *today, struct error *err);
/* U3: CONFIDENCIAL and above is handed over before a supervisor. */
int loan_judge_supervision(enum classification classification, const char *supervisor, struct error *err);

/* U8, K1: seconds within which any medium is found. */
extern const int64_t locate_targets[CATEGORIES];

/* K2: media not located, more than 1 and more than 3. */
enum { NOT_LOCATED_ALERT = 2, NOT_LOCATED_CRITICAL = 4 };
enum gravity not_located_gravity(int64_t media);
