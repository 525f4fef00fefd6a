/* The counter over a large registry: from a scan to what is shown, with every verb that the desk calls for it, in
 * one session as the program has it. Limit wanted: 50 ms a scan. Usage: bench_counter [media, default 1000000]
 * [events, default 10000000] [folder, default /var/tmp] */
#include "media.h"

#include "counter/counter.h"

enum { LOANS = 200 };
static const char place[] = "HQ-S03-A12-E04-P001";

struct timing {
        const char *what;
        double times[LOANS];
        size_t n;
};

static const char *store_folder;
static struct session *desk;
static int64_t moment = (int64_t) 1795000000 * SECOND;

static void run_call(struct counter *counter) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err = { 0 };
        int r = session_call(desk, verb_find(counter->call.noun, counter->call.name), counter->call.args, &answer,
                             NULL, &err);

        counter_answer(counter, r, answer, NULL, &err, false, moment);
}

static void scan(struct counter *counter, const char *text, struct timing *timing) {
        double start = seconds();

        moment += 20 * SECOND; /* nobody waits here, and no scan is a repetition */
        counter_scan(counter, text, SCAN_SOUND, moment);
        while (counter->call.noun)
                run_call(counter);
        if (timing && timing->n < LOANS)
                timing->times[timing->n++] = seconds() - start;
}

static void expect(const struct counter *counter, enum counter_tone tone, const char *what) {
        if (counter->view.tone == tone)
                return;
        (void) fprintf(stderr, "bench: %s: %s: %s\n", what, counter->view.word, counter->view.sentence);
        exit(1);
}

static void print(struct timing *timing) {
        double middle = median(timing->times, timing->n);

        (void) printf("%-22s median %6.2f ms, p99 %6.2f ms (limit 50 ms: %.3f of it)\n", timing->what, middle * 1e3,
                      timing->times[timing->n * 99 / 100] * 1e3, middle / 0.05);
}

/* Tapes of the bench's own, each with a loan that its owner approved. */
static void prepare(char *ids[LOANS]) {
        static const struct act_ui ui = { .ask_secret = bench_secret };
        struct session_options options = { .folder = store_folder, .as = "carlos", .ui = &ui };
        struct session *owner;
        struct error err;

        if (session_open(&options, &desk, &err) < 0)
                stop("open", &err);
        options.as = "ana";
        if (session_open(&options, &owner, &err) < 0)
                stop("open", &err);
        json_decref(bench_call(desk, "location", "add",
                               json_pack("{s:s, s:s, s:s, s:s, s:i}", "code", place, "kind", "fire-cabinet",
                                         "level", "MEDIA", "section", "INTERNO", "capacity", 1000)));
        for (int i = 0; i < LOANS; i++) {
                json_t *tape = bench_call(desk, "media", "register",
                                          json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "kind", "tape",
                                                    "classification", "INTERNO", "category", "MEDIA", "owner",
                                                    "ana", "expires", "2040-01-01", "retention", 3650)),
                       *loan;

                ids[i] = strdup(json_text_or_empty(tape, "id"));
                json_decref(bench_call(desk, "media", "move",
                                       json_pack("{s:s, s:s}", "medium", ids[i], "location", place)));
                loan = bench_call(desk, "loan", "request",
                                  json_pack("{s:s, s:s, s:s, s:s, s:s}", "medium", ids[i], "to", "uli", "reason",
                                            "bench", "due", "2039-01-01", "location", "x"));
                json_decref(bench_call(owner, "loan", "approve",
                                       json_pack("{s:s}", "loan", json_text_or_empty(loan, "loan"))));
                json_decref(loan);
                json_decref(tape);
        }
        session_close(owner);
}

static void lend(char *ids[LOANS]) {
        struct timing medium = { .what = "a medium" }, person = { .what = "a person" },
                      seal = { .what = "seal and loan out" }, back = { .what = "seal, state and in" };
        struct counter counter;
        char number[32];

        counter_begin(&counter, LANG_EN, 7, moment);
        for (int i = 0; i < LOANS; i++) {
                scan(&counter, ids[i], &medium);
                scan(&counter, "@uli", &person);
                (void) snprintf(number, sizeof number, "SEAL-%04d", i);
                scan(&counter, number, &seal);
                expect(&counter, TONE_DONE, "out");
                scan(&counter, ids[i], NULL);
                scan(&counter, number, NULL);
                scan(&counter, "MPSIGOOD", &back);
                expect(&counter, TONE_DONE, "in");
        }
        counter_end(&counter);
        print(&medium);
        print(&person);
        print(&seal);
        print(&back);
}

static void count(char *ids[LOANS]) {
        struct timing one = { .what = "a stocktake's medium" };
        struct counter counter;
        double start;

        counter_begin(&counter, LANG_EN, 7, moment);
        scan(&counter, "MPSISTOCKTAKE", NULL);
        scan(&counter, place, NULL);
        scan(&counter, "MPSIYES", NULL);
        start = seconds();
        for (int i = 0; i < LOANS; i++) {
                scan(&counter, ids[i], &one);
                expect(&counter, TONE_DONE, "count");
        }
        (void) printf("a stocktake: %.0f media a minute as fast as they are scanned (wanted: 20)\n",
                      LOANS * 60 / (seconds() - start));
        counter_end(&counter);
        print(&one);
}

static void look(int64_t media) {
        struct timing by_id = { .what = "any medium by its ID" }, by_serial = { .what = "any by its serial" };
        struct counter counter;
        unsigned seed = 1;

        counter_begin(&counter, LANG_EN, 7, moment);
        for (int i = 0; i < LOANS; i++) {
                int64_t number = rand_r(&seed) % media + 1;
                _cleanup_free_ char *id = media_id(number), *serial = str_format("S%010lld", (long long) number);

                scan(&counter, id, &by_id);
                scan(&counter, serial, &by_serial);
                expect(&counter, TONE_ASK, serial);
        }
        counter_end(&counter);
        print(&by_id);
        print(&by_serial);
}

int main(int argc, char **argv) {
        int64_t media = argc > 1 ? atoll(argv[1]) : 1000000, events = argc > 2 ? atoll(argv[2]) : 10000000;
        _cleanup_free_ char *folder = str_format("%s/mpsi-bench-XXXXXX", argc > 3 ? argv[3] : "/var/tmp"),
                            *store = NULL, *command = NULL;
        char *ids[LOANS];
        struct session *session;
        struct act *act;
        struct error err;

        if (!folder || !mkdtemp(folder))
                stop("folder", NULL);
        store = str_format("%s/store", folder);
        store_folder = store;
        session_close(bench_store(store, "carlos"));
        session = NULL;
        const struct session_options options = { .folder = store, .as = "sara" };

        if (session_open(&options, &session, &err) < 0)
                stop("open", &err);
        json_decref(bench_call(session, "person", "add",
                               json_pack("{s:s, s:s, s:s}", "name", "uli", "full-name", "Uli", "roles", "user")));
        if (session_act(session, &act, &err) < 0)
                stop("act", &err);
        media_history(act, media, events);
        session_close(session);
        prepare(ids);
        lend(ids);
        count(ids);
        look(media);
        session_close(desk);
        for (int i = 0; i < LOANS; i++)
                free(ids[i]);
        command = str_format("rm -rf %s", folder);
        return system(command);
}
