/* A store of its own for a test, made by the verbs themselves: people olga (owner), cus (custodian), oto and tia
 * (operators), sara (security), and a clock that the test moves. */
#pragma once

#include "unit/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/session.h"
#include "api/verbs.h"
#include "base/clock.h"

struct test_store {
        char root[32], folder[48];
        int64_t now; /* what the clock says */
        struct clock clock;
        struct act_ui ui;
        const char *master; /* what act_ask_secret answers */
        bool cancelled;
};

static inline int64_t test_store_now(void *context) {
        struct test_store *store = context;

        /* Every look takes a microsecond, so that nothing happens twice at one time. */
        return store->now++;
}

static inline int test_store_secret(void *context, const char *purpose, struct text prompt, struct secret **ret,
                                    struct error *err) {
        const struct test_store *store = context;
        const char *secret = strcmp(purpose, "master") == 0 ? store->master : "correct horse battery";

        (void) prompt;
        return secret_copy(secret, strlen(secret), ret, err);
}

static inline bool test_store_cancelled(void *context) {
        return ((const struct test_store *) context)->cancelled;
}

/* Calls a verb as a person; `format` and what follows are json_pack's for the arguments. */
static inline int test_call(struct test_store *store, const char *person, const char *noun, const char *name,
                            json_t **ret_answer, struct error *err, const char *format, ...) {
        const struct session_options options = { .folder = store->folder,
                                                 .as = person,
                                                 .os_user = "tester",
                                                 .lang = LANG_EN,
                                                 .clock = &store->clock,
                                                 .ui = &store->ui };
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_json_ json_t *args = NULL, *answer = NULL;
        const struct verb *verb = verb_find(noun, name);
        va_list list;
        int r;

        va_start(list, format);
        args = json_vpack_ex(NULL, 0, format, list);
        va_end(list);
        if (!args || !verb)
                fail_msg("%s %s: no such verb, or bad arguments in the test", noun, name ? name : "");
        memset(err, 0, sizeof *err);
        r = session_open(&options, &session, err);
        if (r == 0)
                r = session_call(session, verb, args, &answer, NULL, err);
        if (ret_answer)
                *ret_answer = TAKE_PTR(answer);
        return r;
}

/* The same, and the test ends when it does not end with this code. */
#define test_expect(code, store, person, noun, name, ...)                                                          \
        do {                                                                                                       \
                struct error _err;                                                                                 \
                int _r = test_call((store), (person), (noun), (name), NULL, &_err, __VA_ARGS__);                   \
                if (_r != (code))                                                                                  \
                        fail_msg("%s %s: %d instead of %d: [%s] %s", (noun), (name) ? (name) : "", _r, (code),     \
                                 _err.rule, _err.what[LANG_EN]);                                                   \
        } while (0)

static inline int test_store_remove(const char *path, const struct stat *st, int kind, struct FTW *walk) {
        (void) st;
        (void) kind;
        (void) walk;
        return remove(path);
}

static inline void test_store_drop(struct test_store *store) {
        (void) nftw(store->root, test_store_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* The keys of a store cost a second: a program's first is kept, and what the tests get are copies of it. */
static struct test_store_kept {
        struct test_store store;
        pid_t made_by;
} test_store_kept;

static inline void test_store_forget(void) {
        if (test_store_kept.made_by == getpid())
                test_store_drop(&test_store_kept.store);
}

static inline void test_store_begin(struct test_store *store) {
        const char *tmp = getenv("TMPDIR");
        bool short_tmp = tmp && *tmp && strlen(tmp) <= 12;

        *store = (struct test_store){ .now = (int64_t) 1795000000 * SECOND, .master = "correct horse battery" };
        (void) snprintf(store->root, sizeof store->root, "%s/mpsi-test-XXXXXX", short_tmp ? tmp : "/tmp");
        assert_non_null(mkdtemp(store->root));
        (void) snprintf(store->folder, sizeof store->folder, "%s/store", store->root);
        store->clock = (struct clock){ .now = test_store_now, .context = store };
        store->ui = (struct act_ui){ .context = store,
                                     .ask_secret = test_store_secret,
                                     .cancelled = test_store_cancelled };
}

static inline void test_store_first(struct test_store *store) {
        static const struct {
                const char *name, *roles;
        } people[] = { { "olga", "owner" }, { "cus", "custodian" }, { "oto", "operator" }, { "tia", "operator" } };

        test_store_begin(store);
        test_expect(0, store, NULL, "init", NULL, "{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "organisation", "Hospital",
                    "site", "HQ", "category", "ALTA", "station", "desk", "language", "es", "admin", "sara",
                    "admin-name", "Sara Gil");
        for (size_t i = 0; i < COUNT(people); i++)
                test_expect(0, store, "sara", "person", "add", "{s:s, s:s, s:s}", "name", people[i].name,
                            "full-name", people[i].name, "roles", people[i].roles);
}

static inline void test_store_make(struct test_store *store) {
        char command[160];

        if (!test_store_kept.made_by) {
                test_store_first(&test_store_kept.store);
                test_store_kept.made_by = getpid();
                assert_int_equal(atexit(test_store_forget), 0);
        }
        test_store_begin(store);
        (void) snprintf(command, sizeof command, "cp -a %s %s", test_store_kept.store.folder, store->folder);
        assert_int_equal(system(command), 0);
        store->now = test_store_kept.store.now;
}

/* An image file of that many bytes in the store's root; out holds 96. */
static inline void test_image(const struct test_store *store, const char *name, off_t size, char *out) {
        int fd;

        (void) snprintf(out, 96, "%s/%s.img", store->root, name);
        fd = open(out, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        assert_true(fd >= 0 && ftruncate(fd, size) == 0);
        (void) close(fd);
}

/* Registers an image as a medium; ret_id holds 16. */
static inline void test_register(struct test_store *store, const char *image, const char *classification,
                                 const char *category, char *ret_id) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;
        const char *id;

        if (test_call(store, "cus", "media", "register", &answer, &err, "{s:s, s:s, s:s, s:s, s:s, s:i}", "device",
                      image, "classification", classification, "category", category, "owner", "olga", "expires",
                      "2036-01-01", "retention", 3650) < 0)
                fail_msg("media register: %s", err.what[LANG_EN]);
        id = json_text(answer, "id") ? json_text(answer, "id") : json_text(answer, "medium");
        assert_non_null(id);
        (void) snprintf(ret_id, 16, "%s", id);
}

/* The act of a person, for calling a room's functions; valid until the session closes. */
static inline struct act *test_act(struct test_store *store, const char *person, struct session **ret) {
        const struct session_options options = { .folder = store->folder,
                                                 .as = person,
                                                 .os_user = "tester",
                                                 .lang = LANG_EN,
                                                 .clock = &store->clock,
                                                 .ui = &store->ui };
        struct error err;
        struct act *act;

        assert_int_equal(session_open(&options, ret, &err), 0);
        assert_int_equal(session_act(*ret, &act, &err), 0);
        return act;
}
