/* The audit programme (A1): what is audited how often, how large a sample is, and how a finding is followed to its
 * end. Pure; days are calendar days. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "policy/custody_limits.h"
#include "policy/rule.h"
#include "policy/terms.h"

enum audit_kind {
        AUDIT_INVENTORY,
        AUDIT_LABELLING,
        AUDIT_ENCRYPTION,
        AUDIT_TRANSPORT,
        AUDIT_DESTRUCTION,
        AUDIT_KINDS
};
extern const struct term audit_kind_terms[AUDIT_KINDS];

struct audit_programme {
        int64_t months[CATEGORIES]; /* between two audits; 0: not demanded */
        bool whole;                 /* everything is looked at, not a sample */
        const char *measure;        /* ENS */
};
extern const struct audit_programme audit_programme[AUDIT_KINDS];

/* --- when -------------------------------------------------------------------------------------------------- */

/* The same day so many months later, or the last of a month that has no such day: 31 August and six months is 28 or
 * 29 February. 0 or ERR_USAGE. */
int audit_months_later(const char *from, int64_t months, char ret[DATE_TEXT]);

enum audit_standing { AUDIT_EXEMPT, AUDIT_CURRENT, AUDIT_SOON, AUDIT_OVERDUE, AUDIT_STANDINGS };
extern const struct term audit_standing_terms[AUDIT_STANDINGS];
/* One that was closed on `last` (or a store that began then, when there was none). ret_due holds the day, "" when
 * exempt. It is overdue on the day after. */
enum audit_standing audit_judge_due(enum audit_kind kind, enum category category, const char *last,
                                    const char *today, char ret_due[DATE_TEXT]);
/* How grave that is: soon is a notice; overdue an alert, and critical after another half of the interval. */
enum gravity audit_due_gravity(enum audit_kind kind, enum category category, const char *due, const char *today);

/* --- how many ---------------------------------------------------------------------------------------------- */

/* When no deficient one is in the sample, then with this confidence fewer than so many of the population are
 * deficient. The tolerated shares are those of K1 for labels. */
struct audit_sampling {
        int64_t confidence; /* per cent */
        int64_t tolerated;  /* per thousand */
};
extern const struct audit_sampling audit_sampling[CATEGORIES];
/* The smallest such sample, exactly (hypergeometric): all of a small population. */
int64_t audit_sample_size(int64_t population, enum category category);

/* --- what is looked at besides the sample ------------------------------------------------------------------- */

struct audit_criterion {
        enum audit_kind kind;
        const char *code;
        struct text name;
};
extern const struct audit_criterion audit_criteria[];
extern const size_t audit_criteria_n;
/* NULL when there is none. */
const struct audit_criterion *audit_criterion_find(enum audit_kind kind, const char *code);

/* --- verdicts ---------------------------------------------------------------------------------------------- */

enum audit_result { AUDIT_SOUND, AUDIT_DEFICIENT, AUDIT_NOT_SEEN, AUDIT_RESULTS };
extern const struct term audit_result_terms[AUDIT_RESULTS];

/* A1: not of a kind that the category's programme does not have. */
int audit_judge_start(enum audit_kind kind, enum category category, int64_t population, struct error *err);

struct audit_check {
        const char *auditor, *subject;
        enum audit_kind kind;
        enum audit_result result;
        bool own;        /* what is looked at is the auditor's own work */
        bool criterion;  /* of the process, not of the sample */
        bool seen;       /* what was read on it names it */
        bool electronic; /* it has a header that can be read */
        bool header;     /* the header was read, and accepted */
};
int audit_judge_check(const struct audit_check *check, struct error *err);

/* A stocktake counts for an inventory that began up to so many days after it was finished. */
enum { AUDIT_STOCKTAKE_DAYS = 30 };
/* own: the auditor counted in it. finished: its moment, 0 while it is open. */
int audit_judge_stocktake(enum audit_kind kind, const char *auditor, const char *stocktake, bool own,
                          int64_t finished, int64_t started, struct error *err);

enum finding_severity { FINDING_OBSERVATION, FINDING_MINOR, FINDING_MAJOR, FINDING_SEVERITIES };
extern const struct term finding_severity_terms[FINDING_SEVERITIES];
/* Days within which it is dealt with, at most. */
extern const int64_t finding_days[FINDING_SEVERITIES];
enum finding_state { FINDING_OPEN, FINDING_ACTED, FINDING_CLOSED, FINDING_STATES };
extern const struct term finding_state_terms[FINDING_STATES];

int audit_judge_finding(enum finding_severity severity, const char *deadline, const char *today, struct error *err);
enum finding_step { STEP_ACTION, STEP_VERIFY, STEP_REOPEN };
/* X1: whoever acted, or answers for it, does not say that it is done. */
int audit_judge_step(enum finding_step step, enum finding_state state, const char *finding, const char *person,
                     const char *responsible, const char *acted_by, struct error *err);
/* A closed finding is never overdue. */
bool finding_is_overdue(enum finding_state state, const char *deadline, const char *today);

/* A1: every one of the sample and every criterion is decided, and what is deficient has its finding. */
int audit_judge_close(const char *audit, int64_t undecided, const char *without_finding, struct error *err);
