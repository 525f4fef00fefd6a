/* Calling verbs as the station does: by the socket's peer credentials. */
#pragma once

#include "unit/store.h"

struct test_peer {
        const char *os_user;
        const char *groups[4];
        size_t groups_n;
        bool dry_run, installs;
};

/* args is taken. */
static inline int test_peer_call(struct test_store *store, const struct test_peer *peer, const struct verb *verb,
                                 json_t *args, json_t **ret_answer, struct error *err) {
        const struct session_options options = { .folder = store->folder,
                                                 .os_user = peer->os_user,
                                                 .os_groups = peer->groups,
                                                 .os_groups_n = peer->groups_n,
                                                 .peer = true,
                                                 .installs = peer->installs,
                                                 .lang = LANG_EN,
                                                 .dry_run = peer->dry_run,
                                                 .clock = &store->clock,
                                                 .ui = &store->ui };
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_json_ json_t *answer = NULL;
        int r;

        assert_non_null(verb);
        assert_non_null(args);
        memset(err, 0, sizeof *err);
        r = session_open(&options, &session, err);
        if (r == 0)
                r = session_call(session, verb, args, &answer, NULL, err);
        json_decref(args);
        if (ret_answer)
                *ret_answer = TAKE_PTR(answer);
        return r;
}

/* One number out of the store's database. */
static inline int64_t test_number(const struct test_store *store, const char *sql) {
        char path[96];
        _cleanup_(db_closep) struct db *db = NULL;
        struct error err;
        int64_t n = -1;

        (void) snprintf(path, sizeof path, "%s/registry.db", store->folder);
        assert_int_equal(db_open(path, DB_READ, &db, &err), 0);
        if (db_int(db, &n, &err, sql, "") < 0)
                fail_msg("%s: %s", sql, err.what[LANG_EN]);
        return n;
}

/* Changes the database behind the events' back, as no program of ours does. */
static inline void test_tamper(const struct test_store *store, const char *sql) {
        char path[96];
        _cleanup_(db_closep) struct db *db = NULL;
        struct error err;

        (void) snprintf(path, sizeof path, "%s/registry.db", store->folder);
        assert_int_equal(db_open(path, DB_WRITE, &db, &err), 0);
        if (db_exec(db, &err, sql, "") < 0)
                fail_msg("%s: %s", sql, err.what[LANG_EN]);
}
