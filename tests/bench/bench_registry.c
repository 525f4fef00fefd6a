/* A large registry, generated in bulk through the same apply code: lookups by every identity, the first page of a
 * list, the list of alerts, R-110-022 of 10,000 rows as PDF, memory, and `ledger verify` in events a second. Limits
 * wanted: lookup < 1 ms median, first page < 20 ms, alerts < 200 ms, PDF < 3 s, memory < 200 MB, 400,000 events/s.
 * Usage: bench_registry [media, default 1000000] [events, default 10000000] [folder, default /var/tmp] */
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

/* What alerts are made of, at the size of the registry: keys, labels, loans, wipes, readings; a few of each are
 * due. */
static void fill_alerts(struct act *act, int64_t media) {
        static const char *const rows[] = {
                "INSERT INTO encryption (medium, state, key, cipher, key_bits, filled, uuid, seqid, data_offset, "
                "digest, "
                "slots, started, rekeyed) SELECT id, 'done', 'k', 'aes-xts-plain64', 512, 1, 'u', 1, 1, 'd', '[]', "
                "1, ?1 - "
                "(number % 76) * 86400000000 - CASE WHEN number % 20000 = 0 THEN 100 * 86400000000 ELSE 0 END FROM "
                "medium",
                "INSERT INTO label SELECT id, 1, 'printed', '', '', '', 1, '', '', '', 1, '2031-01-01' FROM medium "
                "WHERE "
                "?1 > 0",
                "INSERT INTO loan (id, number, medium, borrower, requester, reason, due, place, state, requested) "
                "SELECT 'P' "
                "|| number, number, id, 'carlos', 'carlos', '', '2026-01-01', '', CASE WHEN number % 20000 = 0 "
                "THEN 'out' "
                "ELSE 'returned' END, 1 FROM medium WHERE ?1 > 0",
                "INSERT INTO sanitization (job, medium, number, state, scheme, demanded, reached, classification, "
                "kind, "
                "operator, started, started_seq, started_data, ended, ended_data) SELECT id || '-W1', id, 1, "
                "'sanitized', "
                "'single', 'clear', 'clear', 'INTERNO', 'hdd', 'carlos', 1, 1, '{}', ?1 - number * 3600000000, "
                "'{\"result\":\"sanitized\",\"seed\":\"00000000000000000000000000000000\"}' FROM medium WHERE "
                "number "
                "<= 100000",
                "INSERT INTO environment_reading SELECT 'HQ-S' || (10 + number % 20), ?1 - number * 60000000, "
                "2000, 5000, "
                "1000 FROM medium",
                "UPDATE medium SET expires = '2026-01-01' WHERE number % 20000 = 0 AND ?1 > 0",
        };
        const int64_t now = act_now(act);
        struct error err;

        for (size_t i = 0; i < COUNT(rows); i++)
                if (db_exec(act->db, &err, rows[i], "i", now) < 0)
                        stop(rows[i], &err);
        (void) printf("facts for alerts about %lld media\n", (long long) media);
}

static void alerts(struct session *session) {
        double times[9];
        size_t n = 0;

        for (size_t i = 0; i < COUNT(times); i++) {
                double start = seconds();
                json_t *answer = bench_call(session, "alert", "list", json_object());

                times[i] = seconds() - start;
                n = json_array_size(json_object_get(answer, "rows"));
                json_decref(answer);
        }
        (void) printf("alert list, %zu rows: first %.1f ms, median %.1f ms (limit 200 ms)\n", n, times[0] * 1e3,
                      median(times, COUNT(times)) * 1e3);
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
        alerts(session);
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
        fill_alerts(act, media);
        (void) fflush(stdout);
        session_close(session);
        command = str_format("%s --measure %s %lld; rm -rf %s", argv[0], store, (long long) media, folder);
        return system(command);
}
