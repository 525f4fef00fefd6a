/* What the benchmarks share: a clock, medians, a store in a temporary folder. Figures are printed as ratios against
 * a rival or a limit measured in the same run. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "api/session.h"
#include "base/str.h"
#include "ledger/ledger.h"

static inline double seconds(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

static inline int by_value(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

static inline double median(double *values, size_t n) {
        qsort(values, n, sizeof *values, by_value);
        return values[n / 2];
}

static inline _Noreturn void stop(const char *what, const struct error *err) {
        (void) fprintf(stderr, "bench: %s: %s\n", what, err ? err->what[LANG_EN] : "");
        exit(1);
}

static inline int bench_secret(void *context, const char *purpose, struct text prompt, struct secret **ret,
                               struct error *err) {
        (void) context;
        (void) purpose;
        (void) prompt;
        return secret_copy("a-long-enough-secret", 20, ret, err);
}

/* Calls a verb; args is consumed. */
static inline json_t *bench_call(struct session *session, const char *noun, const char *name, json_t *args) {
        json_t *answer = NULL;
        struct error err;

        if (session_call(session, verb_find(noun, name), args, &answer, NULL, &err) < 0)
                stop(name, &err);
        json_decref(args);
        return answer;
}

/* A new store with an owner (ana) and a custodian (carlos), opened as `as`. */
static inline struct session *bench_store(const char *folder, const char *as) {
        static const struct act_ui ui = { .ask_secret = bench_secret };
        struct session_options options = { .folder = folder, .as = "sara", .ui = &ui };
        struct session *session;
        struct error err;

        if (session_open(&options, &session, &err) < 0)
                stop("open", &err);
        json_decref(bench_call(session, "init", "",
                               json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "organisation", "Hospital", "site",
                                         "HQ", "category", "ALTA", "station", "desk", "language", "es", "admin",
                                         "sara", "admin-name", "Sara")));
        json_decref(bench_call(session, "person", "add",
                               json_pack("{s:s, s:s, s:s}", "name", "ana", "full-name", "Ana", "roles", "owner")));
        json_decref(bench_call(
                session, "person", "add",
                json_pack("{s:s, s:s, s:s}", "name", "carlos", "full-name", "Carlos", "roles", "custodian")));
        session_close(session);
        options.as = as;
        if (session_open(&options, &session, &err) < 0)
                stop("open", &err);
        return session;
}
