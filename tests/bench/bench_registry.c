/* A large registry, generated in bulk through the same apply code: lookups by every identity, the first page of a
 * list, R-110-022 of 10,000 rows as PDF, memory, and `ledger verify` in events a second. Limits wanted: lookup < 1
 * ms median, first page < 20 ms, PDF < 3 s, memory < 200 MB, 400,000 events/s. Usage: bench_registry [media,
 * default 1000000] [events, default 10000000] [folder, default /var/tmp] */
#include "media.h"

#include "registry/medium.h"

enum { LOOKUPS = 2000 };

static void lookups(struct act *act, int64_t media, const char *what, char *(*name)(int64_t)) {
        double *times = calloc(LOOKUPS, sizeof *times);
        unsigned seed = 1;

        for (int i = 0; i < LOOKUPS; i++) {
                _cleanup_free_ char *text = name(rand_r(&seed) % media + 1);
                char id[MEDIUM_ID_TEXT];
                struct medium medium;
                struct error err;
                double start = seconds();

                if (medium_resolve(act->db, text, id, NULL, &err) < 0 ||
                    medium_load(act->db, id, &medium, &err) < 0)
                        stop(text, &err);
                times[i] = seconds() - start;
        }
        (void) printf("lookup by %-6s median %.3f ms (limit 1 ms: %.3f of it)\n", what,
                      median(times, LOOKUPS) * 1e3, times[LOOKUPS / 2] * 1e3);
        free(times);
}

static char *serial_of(int64_t number) {
        return str_format("S%010lld", (long long) number);
}

static char *wwn_of(int64_t number) {
        return str_format("0x5000%012llx", (long long) number);
}

static double peak_mb(void) {
        struct rusage usage;

        (void) getrusage(RUSAGE_SELF, &usage);
        return (double) usage.ru_maxrss / 1024;
}

/* Measured in a fresh process, so that the generation's memory does not count. */
static int measure(const char *store, int64_t media) {
        static const struct act_ui ui = { .ask_secret = bench_secret };
        struct session_options options = { .folder = store, .as = "carlos", .ui = &ui };
        _cleanup_free_ char *pdf = str_format("%s/../inventory.pdf", store);
        struct session *session;
        double start, took;
        json_t *answer;
        struct act *act;
        struct error err;

        if (session_open(&options, &session, &err) < 0 || session_act(session, &act, &err) < 0)
                stop("open", &err);
        lookups(act, media, "ID", media_id);
        lookups(act, media, "serial", serial_of);
        lookups(act, media, "WWN", wwn_of);
        start = seconds();
        json_decref(bench_call(session, "media", "list", json_object()));
        (void) printf("media list, first page: %.2f ms (limit 20 ms)\n", (seconds() - start) * 1e3);
        start = seconds();
        answer = bench_call(session, "report", "R-110-022",
                            json_pack("{s:s, s:s}", "classification", "SECRETO", "pdf", pdf));
        (void) printf("R-110-022 of %zu rows to PDF: %.2f s (limit 3 s)\n",
                      json_array_size(json_object_get(answer, "rows")), seconds() - start);
        json_decref(answer);
        (void) printf("peak memory so far: %.0f MB (limit 200 MB)\n", peak_mb());
        start = seconds();
        answer = bench_call(session, "ledger", "verify", json_pack("{s:b}", "events-only", 1));
        took = seconds() - start;
        (void) printf("ledger verify: %.0f events/s (wanted 400,000: %.2f of it)\n",
                      (double) json_integer_value(json_object_get(answer, "events")) / took,
                      (double) json_integer_value(json_object_get(answer, "events")) / took / 400000);
        json_decref(answer);
        (void) printf("peak memory: %.0f MB (limit 200 MB)\n", peak_mb());
        session_close(session);
        return 0;
}

int main(int argc, char **argv) {
        int64_t media = argc > 1 ? atoll(argv[1]) : 1000000, events = argc > 2 ? atoll(argv[2]) : 10000000;
        _cleanup_free_ char *folder = str_format("%s/mpsi-bench-XXXXXX", argc > 3 ? argv[3] : "/var/tmp"),
                            *store = NULL, *command = NULL;
        struct session *session;
        struct act *act;
        struct error err;
        double start;

        if (argc == 4 && strcmp(argv[1], "--measure") == 0)
                return measure(argv[2], atoll(argv[3]));
        if (!folder || !mkdtemp(folder))
                stop("folder", NULL);
        store = str_format("%s/store", folder);
        session = bench_store(store, "carlos");
        if (session_act(session, &act, &err) < 0)
                stop("act", &err);
        start = seconds();
        media_history(act, media, events);
        (void) printf("generated %lld media and %lld events in %.0f s\n", (long long) media, (long long) events,
                      seconds() - start);
        (void) fflush(stdout);
        session_close(session);
        command = str_format("%s --measure %s %lld; rm -rf %s", argv[0], store, (long long) media, folder);
        return system(command);
}
