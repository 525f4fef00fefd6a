/* Training (A3): who needs how many hours how often, which acts need which training, and how a person stands. Pure.
 */
#pragma once

#include <stdint.h>

#include "base/clock.h"
#include "policy/rule.h"
#include "policy/terms.h"

enum training { TRAINING_GENERAL, TRAINING_IT, TRAINING_CUSTODY, TRAINING_TRANSPORT, TRAININGS };
extern const struct term training_terms[TRAININGS];

/* One row a training, as the source document has them. */
struct training_demand {
        unsigned roles; /* whose it is; 0: of whoever does the acts that need it */
        int64_t hours, months;
        struct text content;
};
extern const struct training_demand training_demands[TRAININGS];

/* A person without any training of a kind has this long from when they were given their roles. Who was trained once
 * has no grace when it expires. */
enum { TRAINING_GRACE_DAYS = 30, TRAINING_RECORDS = 64 };

/* The acts that need a training: one row each. */
struct training_act {
        const char *noun, *name;
        enum training training;
};
extern const struct training_act training_acts[];
extern const size_t training_acts_n;
/* -1 when it needs none. */
int training_of_act(const char *noun, const char *name);

/* One course: its hours count from its day to `until`, both days included. */
struct training_record {
        char day[DATE_TEXT], until[DATE_TEXT];
        int64_t hours;
};
/* The last day on which a course of that day counts: months later; of 31 August to 28 or 29 February. A day that is
 * asked for (may be NULL) makes it shorter, never longer. */
void training_until(enum training training, const char *day, const char *wanted, char out[DATE_TEXT]);

enum training_standing {
        TRAINING_CURRENT,
        TRAINING_GRACE,   /* never trained, and still new */
        TRAINING_MISSING, /* never enough hours */
        TRAINING_EXPIRED,
        TRAINING_STANDINGS
};
extern const struct term training_standing_terms[TRAINING_STANDINGS];

struct training_case {
        enum training training;
        const struct training_record *records;
        size_t n;
        int64_t granted; /* moment at which the person was given their roles */
        int64_t now;
};
struct training_result {
        enum training_standing standing;
        int64_t hours;         /* that count today */
        char until[DATE_TEXT]; /* the last day that is covered, or was, or of the grace */
};
void training_judge(const struct training_case *facts, struct training_result *ret);

/* ERR_REFUSED by A3 when an act needs what is missing or expired. */
int training_refuse(const char *person, enum training training, const struct training_result *result,
                    struct error *err);
