/* key rotate over many media with a software master key, as a ratio to the minute that it may take for 100,000.
 *   bench_keys [MEDIA] */
#include "bench.h"

#include "keys/internal.h"

/* Copies of one wrapped key under other names: what is wrapped does not matter to the time that wrapping takes. */
static void fill(struct keys *keys, struct act *act, int64_t media) {
        struct medium_key key;
        struct error err;

        if (keys_medium_create(keys, "HQ00000001V", &key, &err) < 0 ||
            act_record_one(act, "key.created", "HQ00000001V", key.fact_data, &err) < 0 ||
            db_exec(keys->vault, &err,
                    "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
                    " INSERT INTO wrapped_key SELECT printf('HQ%08dX', i), 1, algorithm, wrapped_by, wrapped, "
                    "created"
                    " FROM n, (SELECT * FROM wrapped_key WHERE id = 'HQ00000001V')",
                    "i", media) < 0)
                stop("fill", &err);
        medium_key_done(&key);
}

int main(int argc, char **argv) {
        const int64_t media = argc > 1 ? atoll(argv[1]) : 100000;
        const double limit = 60.0 * (double) media / 100000.0;
        char root[] = "/var/tmp/mpsi-bench-XXXXXX";
        char *folder = mkdtemp(root) ? str_format("%s/store", root) : NULL;
        struct session *session = folder ? bench_store(folder, "sara") : NULL;
        struct keys *keys = NULL;
        int64_t count = 0;
        struct error err;
        struct act *act;
        double began, took;

        if (!session || session_act(session, &act, &err) < 0 || keys_open_unlocked(act, &keys, &err) < 0)
                stop("open", &err);
        fill(keys, act, media);
        began = seconds();
        if (keys_rotate(keys, &count, &err) < 0)
                stop("rotate", &err);
        took = seconds() - began;
        (void) printf("rotation A of %lld keys: %.2f s, %.3f of the limit of %.0f s\n", (long long) count, took,
                      took / limit, limit);
        keys_close(keys);
        session_close(session);
        {
                char *command = str_format("rm -rf %s", root);

                if (!command || system(command) != 0)
                        (void) fprintf(stderr, "left in %s\n", root);
                free(command);
        }
        free(folder);
        return 0;
}
