/* KPIs and metrics over a large store: media that are labelled, encrypted, sought and destroyed, refused accesses
 * and readings over five years, through the same apply code as every act. Limits wanted: `report kpi` and `report
 * metrics` < 2 s, metrics_now() < 50 ms. Usage: bench_metrics [media, default 1000000] [events, default 10000000]
 * [folder, default /var/tmp] */
#include "media.h"

#include "metrics/metrics.h"

enum { YEARS = 5, RUNS = 20 };

static int64_t moment;

static int64_t bench_now(void *context) {
        (void) context;
        return moment;
}

static const struct clock bench_clock = { .now = bench_now };

/* The n-th event after the media: one of what the figures follow, in turn. */
static struct fact nth(int64_t n, int64_t media) {
        char *id = media_id(n / 8 % media + 1);
        int64_t turn = n / 8 / media;

        switch (n % 8) {
        case 0: return (struct fact){ "label.printed", id, json_pack("{s:I}", "revision", (json_int_t) turn + 1) };
        case 1:
                return (struct fact){ "medium.changed", id,
                                      json_pack("{s:s, s:s}", "expires", "2039-01-01", "reason", "r") };
        case 2: return (struct fact){ "label.printed", id, json_pack("{s:I}", "revision", (json_int_t) turn + 2) };
        case 3:
                return (struct fact){ "medium.sought", id,
                                      json_pack("{s:o, s:I, s:i}", "search", json_sprintf("B%lld", (long long) n),
                                                "number", (json_int_t) n, "target", 600) };
        case 4:
                return (struct fact){ "medium.located", id,
                                      json_pack("{s:o, s:s, s:I, s:i, s:b}", "search",
                                                json_sprintf("B%lld", (long long) n - 1), "location", "", "seconds",
                                                (json_int_t) (n % 700), "target", 600, "met", n % 700 < 600) };
        case 5:
                return (struct fact){ "act.refused", id,
                                      json_pack("{s:s, s:s, s:s, s:s}", "verb", "encrypt unlock", "outcome",
                                                "denied", "rule", "X1", "why", "-") };
        case 6:
                free(id);
                return (struct fact){ "environment.measured", strdup("HQ-S03"),
                                      json_pack("{s:[[I, i, n, n]]}", "readings", (json_int_t) moment + n,
                                                (int) (1800 + n % 500)) };
        default: return (struct fact){ "label.voided", id, json_pack("{s:i, s:s}", "revision", 1, "reason", "r") };
        }
}

static void generate(struct act *act, int64_t media, int64_t events) {
        const int64_t step = (int64_t) YEARS * 365 * DAY / (events - media + 1) * MEDIA_BATCH;
        struct fact facts[MEDIA_BATCH];
        size_t n = 0;

        media_generate(act, media);
        for (int64_t i = media; i < events; i++) {
                if (n == 0)
                        moment += step;
                facts[n++] = nth(i - media, media);
                if (n == MEDIA_BATCH)
                        media_append(act, facts, &n);
        }
        media_append(act, facts, &n);
        /* What is read now must see the newest of them: of fewer events a batch's step is longer than the hours
         * that a metric looks back. */
        moment += 60 * SECOND;
}

static int count(void *context, const struct metric_value *value) {
        int64_t *cases = context;

        *cases += value->cases;
        return 0;
}

static void measure(const char *store) {
        static const struct act_ui ui = { .ask_secret = bench_secret };
        struct session_options options = { .folder = store, .as = "carlos", .ui = &ui, .clock = &bench_clock };
        double times[RUNS], start;
        struct session *session;
        int64_t cases = 0;
        struct act *act;
        struct error err;

        if (session_open(&options, &session, &err) < 0 || session_act(session, &act, &err) < 0)
                stop("open", &err);
        start = seconds();
        json_decref(bench_call(session, "report", "kpi", json_object()));
        (void) printf("report kpi: %.3f s (limit 2 s)\n", seconds() - start);
        start = seconds();
        json_decref(bench_call(session, "report", "metrics", json_object()));
        (void) printf("report metrics: %.3f s (limit 2 s)\n", seconds() - start);
        start = seconds();
        json_decref(bench_call(session, "report", "kpi", json_pack("{s:s}", "behind", "labelled")));
        (void) printf("report kpi --behind labelled: %.3f s\n", seconds() - start);
        for (int i = 0; i < RUNS; i++) {
                start = seconds();
                if (metrics_now(act->db, act_now(act), count, &cases, &err) < 0)
                        stop("metrics", &err);
                times[i] = seconds() - start;
        }
        if (cases == 0)
                stop("nothing to count", NULL);
        (void) printf("metrics_now: median %.2f ms (limit 50 ms), %lld cases\n", median(times, RUNS) * 1e3,
                      (long long) cases / RUNS);
        session_close(session);
}

int main(int argc, char **argv) {
        int64_t media = argc > 1 ? atoll(argv[1]) : 1000000, events = argc > 2 ? atoll(argv[2]) : 10000000;
        _cleanup_free_ char *folder = str_format("%s/mpsi-bench-XXXXXX", argc > 3 ? argv[3] : "/var/tmp"),
                            *store = NULL, *command = NULL;
        static const struct act_ui ui = { .ask_secret = bench_secret };
        struct session_options options = { .as = "carlos", .ui = &ui, .clock = &bench_clock };
        struct session *session;
        struct act *act;
        struct error err;
        double start;

        if (!folder || !mkdtemp(folder))
                stop("folder", NULL);
        store = str_format("%s/store", folder);
        session_close(bench_store(store, "carlos"));
        moment = clock_now(&clock_system);
        options.folder = store;
        if (session_open(&options, &session, &err) < 0 || session_act(session, &act, &err) < 0)
                stop("open", &err);
        start = seconds();
        generate(act, media, events);
        (void) printf("generated %lld media and %lld events in %.0f s\n", (long long) media, (long long) events,
                      seconds() - start);
        (void) fflush(stdout);
        session_close(session);
        measure(store);
        command = str_format("rm -rf %s", folder);
        return system(command);
}
