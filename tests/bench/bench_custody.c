/* The custody desk over a large registry: a scan of a stocktake, by itself and in a row, against an act that
 * records one bare fact in the same run; finish, the daily check. Limit wanted: a scan < 50 ms. Usage:
 * bench_custody [media, default 100000] [folder, default /var/tmp] */
#include "media.h"

enum { SCANS = 200, ROW = 900 };

static double scan(struct session *session, json_t *texts) {
        double start = seconds();

        json_decref(bench_call(session, "stocktake", "scan", json_pack("{s:o}", "text", texts)));
        return seconds() - start;
}

static double note(struct session *session) {
        double start = seconds();

        json_decref(bench_call(session, "incident", "note",
                               json_pack("{s:s, s:s}", "incident", "N000001", "text", "x")));
        return seconds() - start;
}

static void scans(struct session *session) {
        double *one = calloc(SCANS, sizeof *one), *bare = calloc(SCANS, sizeof *bare), middle, row;
        json_t *texts = json_array();

        for (int i = 0; i < SCANS; i++) {
                one[i] = scan(session, json_pack("[s]", media_id(i + 1)));
                bare[i] = note(session);
        }
        middle = median(one, SCANS);
        (void) printf(
                "a scan: median %.2f ms, p99 %.2f ms (limit 50 ms: %.3f of it); %.2f times an act that notes one "
                "line\n",
                middle * 1e3, one[SCANS * 99 / 100] * 1e3, middle / 0.05, middle / median(bare, SCANS));
        for (int i = 0; i < ROW; i++)
                (void) json_array_append_new(texts, json_string(media_id(SCANS + i + 1)));
        row = scan(session, texts);
        (void) printf("%d scans in one call: %.0f ms, %.3f ms each\n", ROW, row * 1e3, row * 1e3 / ROW);
        free(one);
        free(bare);
}

static void timed(struct session *session, const char *noun, const char *name, int64_t media) {
        struct error err;
        json_t *answer = NULL, *args = json_object();
        double start = seconds();
        int r = session_call(session, verb_find(noun, name), args, &answer, NULL, &err);

        if (r < 0 && r != ERR_VERIFY)
                stop(name, &err);
        (void) printf("%s %s of %lld media: %.2f s\n", noun, name, (long long) media, seconds() - start);
        json_decref(answer);
        json_decref(args);
}

int main(int argc, char **argv) {
        int64_t media = argc > 1 ? atoll(argv[1]) : 100000;
        _cleanup_free_ char *folder = str_format("%s/mpsi-bench-XXXXXX", argc > 2 ? argv[2] : "/var/tmp"),
                            *store = NULL, *command = NULL;
        struct session *session;
        struct act *act;
        struct error err;

        if (!folder || !mkdtemp(folder))
                stop("folder", NULL);
        store = str_format("%s/store", folder);
        session = bench_store(store, "carlos");
        if (session_act(session, &act, &err) < 0)
                stop("act", &err);
        media_generate(act, media);
        json_decref(bench_call(session, "location", "add",
                               json_pack("{s:s, s:s, s:s, s:s, s:i}", "code", "HQ-S03-A12-E04-P001", "kind",
                                         "fire-cabinet", "level", "MEDIA", "section", "CONFIDENCIAL", "capacity",
                                         100000)));
        json_decref(
                bench_call(session, "incident", "open", json_pack("{s:s, s:s}", "kind", "other", "what", "bench")));
        json_decref(bench_call(session, "stocktake", "start", json_pack("{s:s}", "area", "HQ")));
        (void) scan(session, json_pack("[s]", "HQ-S03-A12-E04-P001"));
        scans(session);
        timed(session, "stocktake", "finish", media);
        timed(session, "custody", "check", media);
        session_close(session);
        command = str_format("rm -rf %s", folder);
        return system(command);
}
