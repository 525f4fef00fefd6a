/* Rules of policy: one row of data each, with the requirement's ID, the ENS measure it comes from, what it
 * says and what a person can do when it says no. The tables live in policy/<family>.c; rules.c lists them. */
#pragma once

#include "base/error.h"

struct rule {
        const char *id;     /* "U3" */
        const char *ens;    /* "mp.si.3" */
        struct text says;   /* the rule, one sentence */
        struct text remedy; /* what to do when it refuses */
};

struct rule_family {
        const struct rule *rules;
        size_t n;
};

/* A unit test holds that every ID that refuse() is called with has its row. */
extern const struct rule_family *const rule_families[];
extern const size_t rule_families_n;

/* The row with this ID, or NULL. */
const struct rule *rule_find(const char *id);

/* Refuses by a rule: `es`/`en` say what breaks it here; the rule's own sentence is appended and its remedy
 * becomes the hint. `code` is ERR_REFUSED, or ERR_DENIED for rules about who may do what. Returns code. */
int refuse(struct error *err, int code, const char *rule_id, const char *es, const char *en, ...)
        __attribute__((format(printf, 4, 6), format(printf, 5, 6)));
