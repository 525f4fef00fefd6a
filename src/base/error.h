/* What went wrong, which rule says so, and what to do about it, in both languages at once.
 *
 * Every function of mpsi that can fail returns 0 or one of these negative codes and explains itself in one
 * struct error that its caller gave. Nothing below the edge prints. Both texts are made where the facts are
 * known, so that the ledger, a Spanish terminal and an English client tell the same story. */
#pragma once

#include <stddef.h>

enum lang { LANG_ES, LANG_EN, LANGS };

/* The code's absolute value is the exit status of the command line (docs/verbs). */
enum error_code {
        ERR_FAILED = -1, /* the machine failed us: I/O, memory, a library */
        ERR_USAGE = -2,  /* the request itself is wrong */
        ERR_DENIED = -3, /* the person may not do this (X1) */
        ERR_NOT_FOUND = -4,
        ERR_REFUSED = -5,  /* a rule of policy says no */
        ERR_VERIFY = -6,   /* something that should match does not: a proof, a signature, a read-back */
        ERR_CONFLICT = -7, /* not in this state */
        ERR_BUSY = -75,    /* try again */
};

enum { ERROR_TEXT_MAX = 512, ERROR_RULE_MAX = 24 };

struct error {
        int code;                         /* 0: no error */
        char rule[ERROR_RULE_MAX];        /* the requirement's ID, such as "U3"; "" when no rule speaks */
        char ens[ERROR_RULE_MAX];         /* the ENS measure, such as "mp.si.3" */
        char what[LANGS][ERROR_TEXT_MAX]; /* what is wrong */
        char hint[LANGS][ERROR_TEXT_MAX]; /* what to do next */
};

/* Sets *err (NULL is allowed) and returns code, so that `return fail(...)` reads well. The two formats must
 * use the same arguments in the same order. A text too long for the buffer is cut at a character. */
int fail(struct error *err, int code, const char *es, const char *en, ...)
        __attribute__((format(printf, 3, 5), format(printf, 4, 5)));

/* As fail(), and appends what errno value `no` means. Always ERR_FAILED. */
int fail_errno(struct error *err, int no, const char *es, const char *en, ...)
        __attribute__((format(printf, 3, 5), format(printf, 4, 5)));

/* Out of memory. */
int fail_memory(struct error *err);

/* Adds what to do next to an error that is already set; returns its code. */
int hint(struct error *err, const char *es, const char *en, ...)
        __attribute__((format(printf, 2, 4), format(printf, 3, 4)));

/* Names the rule that an error comes from; returns its code. */
int error_by_rule(struct error *err, const char *rule, const char *ens);

/* "denied", "refused" ...: the stable word for a code in JSON answers and events. */
const char *error_word(int code);

/* A text of the product in both languages. */
struct text {
        const char *es, *en;
};

static inline const char *text_in(struct text t, enum lang lang) {
        return lang == LANG_EN ? t.en : t.es;
}
