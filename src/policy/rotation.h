/* C5: how old a volume key may become. Pure: facts in, where the medium stands out. */
#pragma once

#include <stdint.h>

#include "policy/rule.h"
#include "policy/terms.h"

struct rotation_policy {
        int64_t volume_key_days; /* life of a volume key */
        int64_t warning_days;    /* before its end */
        int64_t waiver_days;     /* the longest waiver of an overdue rotation */
};
extern const struct rotation_policy rotation_policy;

enum rotation_standing {
        ROTATION_EXEMPT, /* the category asks for none, or the medium has no volume key of ours */
        ROTATION_CURRENT,
        ROTATION_SOON,
        ROTATION_OVERDUE,
        ROTATION_WAIVED, /* overdue, and a waiver holds */
        ROTATION_STANDINGS
};
extern const struct term rotation_standing_terms[ROTATION_STANDINGS];

struct rotation_case {
        enum category category;
        int64_t rekeyed;      /* moment at which the volume key was made; 0: none of ours */
        int64_t waived_until; /* moment; 0: no waiver that holds */
        int64_t now;
};

/* *ret_due: the moment at which the key is overdue; 0 when it never is. May be NULL. */
enum rotation_standing rotation_judge(const struct rotation_case *facts, int64_t *ret_due);
