/* How long the verdict on a LUKS header takes beyond reading it, as mpsid's judge and `encrypt check` make it: our
 * parser, the acceptance table, the registry, the token's signature. Printed against the limit of 2 ms, the 99th of
 * a hundred (the middle beside it); and the largest header that the format has, full of what can be put there.
 *
 *     bench_header [rounds] */
#include <fcntl.h>
#include <sys/mman.h>

#include "base/digest.h"
#include "bench.h"
#include "encrypt/copy.h"
#include "encrypt/encrypt.h"

enum { IMAGE = 24 << 20, LARGEST = 4 << 20 };

static const double limit = 0.002;

static struct medium medium;

/* A registered medium of ALTA, encrypted by the product. */
static void prepare(const char *folder, const char *image) {
        struct session *session = bench_store(folder, "carlos");
        static const struct act_ui ui = { .ask_secret = bench_secret };
        const struct session_options options = { .folder = folder, .as = "sara", .ui = &ui };
        struct error err;
        json_t *answer = bench_call(session, "media", "register",
                                    json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "device", image, "classification",
                                              "SECRETO", "category", "ALTA", "owner", "ana", "expires",
                                              "2036-01-01", "retention", 3650));
        _cleanup_free_ char *id = strdup(json_text_or_empty(answer, "id"));

        json_decref(answer);
        session_close(session);
        if (session_open(&options, &session, &err) < 0)
                stop("open", &err);
        json_decref(bench_call(session, "encrypt", "run",
                               json_pack("{s:s, s:s, s:s, s:s, s:b}", "medium", id, "device", image, "confirm", id,
                                         "waiver", "bench", "no-fill", 1)));
        session_close(session);
        (void) snprintf(medium.id, sizeof medium.id, "%s", id);
}

static double verdict(struct act *act, const uint8_t *bytes, size_t n, enum luks_decision *ret) {
        static struct luks_facts facts;
        static struct luks_verdict verdict;
        double start = seconds();
        struct error err;

        if (luks_parse(bytes, n, &facts, &err) < 0 || encrypt_judge_facts(act, &medium, &facts, &verdict, &err) < 0)
                stop("verdict", &err);
        luks_facts_done(&facts);
        *ret = verdict.decision;
        return seconds() - start;
}

static void measure(struct act *act, const char *name, const uint8_t *bytes, size_t n, size_t rounds) {
        double *times = malloc(rounds * sizeof *times);
        enum luks_decision decision = LUKS_ACCEPT;

        if (!times)
                stop("memory", NULL);
        for (size_t i = 0; i < rounds; i++)
                times[i] = verdict(act, bytes, n, &decision);
        (void) median(times, rounds);
        (void) printf("%-44s %6.3f of the limit (middle %.3f): %s\n", name, times[rounds * 99 / 100] / limit,
                      times[rounds / 2] / limit, luks_decision_terms[decision].code);
        free(times);
}

/* The same header in copies of 4 MiB, with text to the end of the JSON area. */
static uint8_t *largest(const uint8_t *bytes) {
        uint8_t *large = calloc(2, LARGEST);

        for (int copy = 0; large && copy < 2; copy++) {
                uint8_t *header = large + (size_t) copy * LARGEST;
                char *json = (char *) header + LUKS_HEADER_MIN;
                size_t length;

                memcpy(header, bytes + (size_t) copy * LUKS_HEADER_SMALLEST, LUKS_HEADER_SMALLEST);
                memcpy(header + 8, "\0\0\0\0\0\x40\0\0", 8);
                memcpy(header + 256, copy ? "\0\0\0\0\0\x40\0\0" : "\0\0\0\0\0\0\0\0", 8);
                length = strlen(json);
                (void) snprintf(json + length - 1, 16, ",\"x\":\"");
                length += 5;
                memset(json + length, 'x', LARGEST - LUKS_HEADER_MIN - length - 3);
                memcpy(header + LARGEST - 3, "\"}\0", 3);
                memset(header + 448, 0, 64);
                if (sha256(header, LARGEST, header + 448) < 0)
                        stop("checksum", NULL);
        }
        return large;
}

int main(int argc, char *argv[]) {
        size_t rounds = argc > 1 ? (size_t) strtoul(argv[1], NULL, 10) : 2000;
        char root[] = "/tmp/mpsi-bench-XXXXXX", folder[64], image[64], command[96];
        static const struct act_ui ui = { .ask_secret = bench_secret };
        struct session_options options = { .folder = folder, .as = "sara", .ui = &ui };
        _cleanup_luks_copy_ struct luks_copy copy = { 0 };
        struct session *session;
        struct act *act;
        struct error err;
        uint8_t *large;
        int fd;

        if (!mkdtemp(root))
                stop("no folder", NULL);
        (void) snprintf(folder, sizeof folder, "%s/store", root);
        (void) snprintf(image, sizeof image, "%s/image", root);
        fd = open(image, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || ftruncate(fd, IMAGE) < 0)
                stop("no image", NULL);
        prepare(folder, image);
        if (session_open(&options, &session, &err) < 0 || session_act(session, &act, &err) < 0 ||
            medium_load(act->db, medium.id, &medium, &err) < 0 || luks_copy_read(fd, false, &copy, &err) < 0)
                stop("read", &err);
        measure(act, "header verdict (ALTA)", copy.bytes, copy.n, rounds);
        large = largest(copy.bytes);
        if (!large)
                stop("memory", NULL);
        measure(act, "header verdict, two headers of 4 MiB", large, (size_t) 2 * LARGEST, rounds / 20 + 1);
        free(large);
        (void) close(fd);
        session_close(session);
        (void) snprintf(command, sizeof command, "rm -r '%s'", root);
        return system(command) == 0 ? 0 : 1;
}
