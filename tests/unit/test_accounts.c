/* Accounts at the station (X1, X4, A4, K2, op.acc.3, op.acc.6): who is who, groups, failed attempts and locks,
 * floods of refusals, idle accounts, auditors, and that two people stay two whatever account they use. */
#include "unit/peer.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sys/wait.h>

#include "base/str.h"
#include "registry/person.h"

static struct test_store store;
static const char *pin; /* what is typed as a PIN */

static int type_pin(void *context, const char *purpose, struct text prompt, struct secret **ret,
                    struct error *err) {
        if (strncmp(purpose, "pin:", 4) != 0)
                return test_store_secret(context, purpose, prompt, ret, err);
        return secret_copy(pin, strlen(pin), ret, err);
}

static int peer_call(const struct test_peer *peer, const char *noun, const char *name, json_t *args, json_t **ret,
                     struct error *err) {
        return test_peer_call(&store, peer, verb_find(noun, name), args, ret, err);
}

#define PEER(user, ...) (&(const struct test_peer){ .os_user = (user), __VA_ARGS__ })
#define IN(group) .groups = { "users", (group) }, .groups_n = 2

#define expect(code, rule_id, peer, noun, name, ...)                                                               \
        do {                                                                                                       \
                struct error _e;                                                                                   \
                int _r = peer_call((peer), (noun), (name), json_pack(__VA_ARGS__), NULL, &_e);                     \
                if (_r != (code) || strcmp(_e.rule, (rule_id)) != 0)                                               \
                        fail_msg("line %d: %s %s: %d [%s] instead of %d [%s]: %s", __LINE__, (noun), (name), _r,   \
                                 _e.rule, (code), (rule_id), _e.what[LANG_EN]);                                    \
        } while (0)

static int64_t count(const char *type) {
        _cleanup_free_ char *sql = str_format("SELECT count(*) FROM event WHERE type = '%s'", type);

        return test_number(&store, sql);
}

/* A member of the newest event of a type. */
static int64_t newest(const char *type, const char *member) {
        _cleanup_free_ char *sql = str_format(
                "SELECT json_extract(data, '$.%s') FROM event WHERE type = '%s' ORDER BY seq DESC LIMIT 1", member,
                type);

        return test_number(&store, sql);
}

static void add(const char *name, const char *roles, const char *expires) {
        test_expect(0, &store, "sara", "person", "add", "{s:s, s:s, s:s, s:s, s:s*}", "name", name, "full-name",
                    name, "roles", roles, "os-user", name, "expires", expires);
}

static int setup(void **state) {
        (void) state;
        pin = "correct horse battery";
        test_store_make(&store);
        store.ui.ask_secret = type_pin;
        add("susi", "security", NULL);
        add("uma", "user", NULL);
        add("boss", "owner,custodian,operator,security", NULL);
        test_expect(0, &store, "susi", "person", "account", "{s:s, s:s, s:s}", "name", "sara", "os-user", "sara-os",
                    "reason", "x");
        test_expect(0, &store, "susi", "person", "account", "{s:s, s:s, s:s}", "name", "boss", "os-user", "root",
                    "reason", "x");
        return 0;
}

/* Whatever a test did, the events explain the state (X2). */
static int teardown(void **state) {
        struct error err;
        int r;

        (void) state;
        r = test_call(&store, "sara", "ledger", "verify", NULL, &err, "{}");
        if (r < 0)
                print_error("ledger verify: %s\n", err.what[LANG_EN]);
        test_store_drop(&store);
        return r;
}

/* --- verbs of the test's own: a PIN that is asked for, and a long answer ---------------------------------------
 */

static int run_sign(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_person_ struct person person = { 0 };
        EVP_PKEY *key = NULL;
        X509 *certificate = NULL;
        int r = person_load(act->db, json_text(args, "name"), &person, err);

        (void) ret;
        if (r == 0)
                r = person_key_load(act, &person, &key, &certificate, err);
        EVP_PKEY_free(key);
        X509_free(certificate);
        return r;
}

static int run_many(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        json_t *rows = json_array();

        (void) act;
        (void) args;
        (void) err;
        for (int i = 0; i < 250; i++)
                (void) json_array_append_new(rows, json_pack("{s:i}", "n", i));
        *ret = json_pack("{s:o}", "rows", rows);
        return 0;
}

static const struct param name_params[] = { { "name", PARAM_PERSON, PARAM_REQUIRED, { "", "" }, 0, 0, NULL, 0 } };
static const struct verb sign = { .noun = "test",
                                  .name = "sign",
                                  .roles = ROLE_ANY,
                                  .flags = VERB_WRITES,
                                  PARAMS(name_params),
                                  .run = run_sign };
static const struct verb many = { .noun = "test", .name = "many", .roles = ROLE_ANY, .run = run_many };

static int signs(const struct test_peer *peer, const char *whose, const char *typed, struct error *err) {
        pin = typed;
        return test_peer_call(&store, peer, &sign, json_pack("{s:s}", "name", whose), NULL, err);
}

/* --- who is who ----------------------------------------------------------------------------------------------- */

static void x1_the_peer_acts_and_nobody_in_its_name(void **state) {
        struct session_options options = { .folder = store.folder, .as = "sara", .os_user = "uma", .peer = true };
        _cleanup_(session_closep) struct session *session = NULL;
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        (void) state;
        assert_int_equal(session_open(&options, &session, &err), ERR_USAGE);
        options.as = NULL;
        options.os_user = NULL; /* never the daemon's own account */
        assert_int_equal(session_open(&options, &session, &err), ERR_USAGE);
        assert_int_equal(peer_call(PEER("sara-os"), "person", "whoami", json_object(), &answer, &err), 0);
        assert_string_equal(json_text(answer, "name"), "sara");
        expect(ERR_DENIED, "X1", PEER("sara"), "person", "whoami", "{}"); /* a person's name is no account */
        expect(ERR_DENIED, "X1", PEER(""), "person", "whoami", "{}");
        expect(ERR_DENIED, "X1", PEER("sara-os"), "init", "", "{}");
        /* Whoever installs the machine makes a store where there is none, and is nobody in this one. */
        expect(ERR_CONFLICT, "", PEER("nobody", .installs = true), "init", "",
               "{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "organisation", "H", "site", "HQ", "category", "ALTA",
               "station", "desk", "language", "es", "admin", "eve", "admin-name", "Eve");
        expect(ERR_DENIED, "X1", PEER("nobody", .installs = true), "person", "list", "{}");
        expect(ERR_DENIED, "X1", PEER("nobody", .installs = true), "certificate", "verify", "{s:s}", "file", "x");
}

static void x1_root_is_whoever_the_registry_says(void **state) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        (void) state;
        assert_int_equal(peer_call(PEER("root"), "person", "whoami", json_object(), &answer, &err), 0);
        assert_string_equal(json_text(answer, "name"), "boss");
        expect(0, "", PEER("sara-os"), "person", "account", "{s:s, s:s, s:s}", "name", "boss", "os-user", "boss",
               "reason", "x");
        expect(ERR_DENIED, "X1", PEER("root"), "person", "whoami", "{}");
        expect(ERR_DENIED, "X1", PEER("root"), "certificate", "verify", "{s:s}", "file", "/etc/passwd");
}

static void x1_an_os_account_is_one_persons(void **state) {
        (void) state;
        expect(ERR_CONFLICT, "", PEER("sara-os"), "person", "add", "{s:s, s:s, s:s, s:s}", "name", "eva",
               "full-name", "Eva", "roles", "owner", "os-user", "uma");
        expect(ERR_CONFLICT, "", PEER("sara-os"), "person", "account", "{s:s, s:s, s:s}", "name", "olga", "os-user",
               "uma", "reason", "x");
        expect(ERR_DENIED, "X1", PEER("sara-os"), "person", "account", "{s:s, s:s, s:s}", "name", "sara", "os-user",
               "other", "reason", "x");
        expect(ERR_USAGE, "", PEER("sara-os"), "person", "account", "{s:s, s:s}", "name", "olga", "os-user",
               "olga");
}

static void x1_groups_give_roles(void **state) {
        char month[DATE_TEXT];

        (void) state;
        expect(0, "", PEER("sara-os"), "person", "map-group", "{s:s, s:s, s:s}", "group", "desk", "roles",
               "custodian,user", "reason", "x");
        /* An unknown argument: how far a person gets who may. */
        expect(ERR_USAGE, "", PEER("uma", IN("desk")), "media", "register", "{s:i}", "frob", 1);
        expect(ERR_DENIED, "X1", PEER("uma", IN("other")), "media", "register", "{s:i}", "frob", 1);
        expect(ERR_DENIED, "X1", PEER("uma"), "media", "register", "{s:i}", "frob", 1);
        /* Nobody registered gets nothing, in a mapped group too. */
        expect(ERR_DENIED, "X1", PEER("stranger", IN("desk")), "media", "list", "{}");
        /* A local store knows no groups. */
        test_expect(ERR_DENIED, &store, "uma", "media", "register", "{s:i}", "frob", 1);
        /* A4: an auditor stays one. */
        date_of(store.now + 29 * DAY, month);
        add("aud", "auditor", month);
        expect(ERR_DENIED, "X1", PEER("aud", IN("desk")), "media", "register", "{s:i}", "frob", 1);
        expect(0, "", PEER("aud", IN("desk")), "media", "list", "{}");
        expect(ERR_REFUSED, "A4", PEER("sara-os"), "person", "map-group", "{s:s, s:s, s:s}", "group", "audit",
               "roles", "auditor", "reason", "x");
        /* Nobody gives themselves roles by way of their group. */
        expect(ERR_DENIED, "X1", PEER("sara-os", IN("desk")), "person", "map-group", "{s:s, s:s, s:s}", "group",
               "desk", "roles", "owner", "reason", "x");
        expect(ERR_DENIED, "X1", PEER("sara-os", IN("desk")), "person", "unmap-group", "{s:s, s:s}", "group",
               "desk", "reason", "x");
        expect(0, "", PEER("sara-os"), "person", "unmap-group", "{s:s, s:s}", "group", "desk", "reason", "x");
        expect(ERR_NOT_FOUND, "", PEER("sara-os"), "person", "unmap-group", "{s:s, s:s}", "group", "desk", "reason",
               "x");
        expect(ERR_DENIED, "X1", PEER("uma", IN("desk")), "media", "register", "{s:i}", "frob", 1);
}

/* --- failed attempts -------------------------------------------------------------------------------------------
 */

static void deny(const char *os_user, int times) {
        for (int i = 0; i < times; i++)
                expect(ERR_DENIED, "X1", PEER(os_user), "person", "block", "{s:s, s:s}", "name", "olga", "reason",
                       "x");
}

static void x4_k2_alta_locks_above_three(void **state) {
        struct error err;

        (void) state;
        deny("uma", 3);
        expect(0, "", PEER("uma"), "media", "list", "{}");
        assert_int_equal(count("access.alert") + count("access.locked"), 0);
        deny("uma", 1);
        assert_int_equal(count("access.alert"), 1);
        assert_int_equal(newest("access.alert", "failed"), 4);
        assert_int_equal(count("access.locked"), 1);
        assert_int_equal(peer_call(PEER("uma"), "media", "list", json_object(), NULL, &err), ERR_DENIED);
        assert_string_equal(err.rule, "X4");
        /* op.acc.6: neither how often, nor of what, nor for how long. */
        assert_null(strpbrk(err.what[LANG_EN], "0123456789"));
        assert_null(strstr(err.what[LANG_EN], "PIN"));
        /* In the local store it is locked as well, and so for whom somebody names. */
        test_expect(ERR_DENIED, &store, "uma", "media", "list", "{}");
        expect(0, "", PEER("sara-os"), "person", "unblock", "{s:s, s:s}", "name", "uma", "reason", "spoke to her");
        expect(0, "", PEER("uma"), "media", "list", "{}");
        deny("uma", 3);
        expect(0, "", PEER("uma"), "media", "list", "{}");
}

static void x4_k2_media_locks_above_five(void **state) {
        (void) state;
        test_tamper(&store, "UPDATE station SET category = 'MEDIA'");
        deny("uma", 5);
        assert_int_equal(count("access.alert"), 1);
        expect(0, "", PEER("uma"), "media", "list", "{}");
        deny("uma", 1);
        expect(ERR_DENIED, "X4", PEER("uma"), "media", "list", "{}");
        assert_int_equal(count("access.alert"), 1);
        test_tamper(&store, "UPDATE station SET category = 'ALTA'"); /* or ledger verify would tell */
}

static void x4_wrong_pins_count_and_a_right_one_settles(void **state) {
        const struct test_peer *uma = PEER("uma"), *dry = PEER("uma", .dry_run = true);
        struct error err;

        (void) state;
        test_expect(0, &store, "sara", "person", "enrol", "{s:s}", "name", "uma");
        for (int i = 0; i < 3; i++)
                assert_int_equal(signs(uma, "uma", "wrong pin", &err), ERR_DENIED);
        assert_int_equal(test_number(&store, "SELECT failed FROM account WHERE name = 'uma'"), 3);
        assert_int_equal(signs(uma, "uma", "correct horse battery", &err), 0);
        assert_int_equal(test_number(&store, "SELECT failed FROM account WHERE name = 'uma'"), 0);
        assert_int_equal(count("access.proved"), 1);
        /* A dry run is no way to try PINs. */
        for (int i = 0; i < 4; i++)
                assert_int_equal(signs(dry, "uma", "wrong pin", &err), ERR_DENIED);
        assert_int_equal(signs(uma, "uma", "correct horse battery", &err), ERR_DENIED);
        assert_string_equal(err.rule, "X4");
}

/* From many connections at once no more PINs are tried than one after the other. */
static void x4_attempts_at_once_are_counted_one_by_one(void **state) {
        enum { AT_ONCE = 8 };
        pid_t children[AT_ONCE];
        int tried = 0;

        (void) state;
        test_expect(0, &store, "sara", "person", "enrol", "{s:s}", "name", "uma");
        for (int i = 0; i < AT_ONCE; i++) {
                children[i] = fork();
                assert_true(children[i] >= 0);
                if (children[i] == 0) {
                        struct error err;
                        int r = signs(PEER("uma"), "uma", "wrong pin", &err);

                        _exit(r == ERR_DENIED && strcmp(err.rule, "X4") == 0 ? 4 : r == ERR_DENIED ? 3 : 1);
                }
        }
        for (int i = 0; i < AT_ONCE; i++) {
                int status;

                assert_int_equal(waitpid(children[i], &status, 0), children[i]);
                assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 3 || WEXITSTATUS(status) == 4));
                tried += WEXITSTATUS(status) == 3;
        }
        assert_int_equal(tried, 4);
        assert_int_equal(test_number(&store, "SELECT failed FROM account WHERE name = 'uma'"), 4);
        assert_int_equal(count("access.locked"), 1);
}

/* Whoever types a wrong PIN of another is the one who failed: nobody locks somebody else's account. */
static void x4_a_wrong_pin_counts_for_who_typed_it(void **state) {
        struct error err;

        (void) state;
        test_expect(0, &store, "sara", "person", "enrol", "{s:s}", "name", "susi");
        for (int i = 0; i < 4; i++)
                assert_int_equal(signs(PEER("uma"), "susi", "wrong pin", &err), ERR_DENIED);
        expect(0, "", PEER("susi"), "media", "list", "{}");
        expect(ERR_DENIED, "X4", PEER("uma"), "media", "list", "{}");
        /* Another's right PIN proves nothing of one's own. */
        assert_int_equal(signs(PEER("root"), "susi", "wrong pin", &err), ERR_DENIED);
        assert_int_equal(signs(PEER("root"), "susi", "correct horse battery", &err), 0);
        assert_int_equal(test_number(&store, "SELECT failed FROM account WHERE name = 'boss'"), 1);
}

static void x4_a_refusal_by_policy_is_no_failed_attempt(void **state) {
        (void) state;
        for (int i = 0; i < 6; i++)
                expect(ERR_REFUSED, "A4", PEER("sara-os"), "person", "add", "{s:s, s:s, s:s}", "name", "aud",
                       "full-name", "A", "roles", "auditor");
        assert_int_equal(test_number(&store, "SELECT failed FROM account WHERE name = 'sara'"), 0);
        expect(0, "", PEER("sara-os"), "media", "list", "{}");
}

/* In a local store who acts is a claim: a wrong one says nothing about the person who is named. */
static void x4_a_local_store_counts_nothing(void **state) {
        (void) state;
        for (int i = 0; i < 8; i++)
                test_expect(ERR_DENIED, &store, "uma", "person", "block", "{s:s, s:s}", "name", "olga", "reason",
                            "x");
        assert_int_equal(test_number(&store, "SELECT failed FROM account WHERE name = 'uma'"), 0);
        assert_int_equal(count("act.refused"), 8);
}

static void x4_attempts_grow_old_but_not_by_a_clock_set_back(void **state) {
        (void) state;
        deny("uma", 3);
        store.now -= 10 * DAY;
        deny("uma", 1);
        expect(ERR_DENIED, "X4", PEER("uma"), "media", "list", "{}");
        store.now += 10 * DAY;
        expect(0, "", PEER("sara-os"), "person", "unblock", "{s:s, s:s}", "name", "uma", "reason", "x");
        deny("uma", 3);
        store.now += DAY + SECOND;
        deny("uma", 3);
        expect(0, "", PEER("uma"), "media", "list", "{}");
}

/* The last one who could lift a lock gets back in after half an hour, and only then. */
static void x4_the_only_security_administrator(void **state) {
        (void) state;
        test_expect(0, &store, "sara", "person", "block", "{s:s, s:s}", "name", "susi", "reason", "x");
        test_expect(0, &store, "sara", "person", "block", "{s:s, s:s}", "name", "boss", "reason", "x");
        for (int i = 0; i < 4; i++)
                expect(ERR_DENIED, "X1", PEER("sara-os"), "loan", "approve", "{s:s}", "loan", "x");
        expect(ERR_DENIED, "X4", PEER("sara-os"), "person", "list", "{}");
        store.now += 29 * 60 * SECOND;
        expect(ERR_DENIED, "X4", PEER("sara-os"), "person", "list", "{}");
        store.now -= 5 * DAY;
        expect(ERR_DENIED, "X4", PEER("sara-os"), "person", "list", "{}");
        store.now += 5 * DAY + 2 * 60 * SECOND;
        expect(0, "", PEER("sara-os"), "person", "list", "{}");
        /* The attempts are not forgotten: one more locks at once. */
        expect(ERR_DENIED, "X1", PEER("sara-os"), "loan", "approve", "{s:s}", "loan", "x");
        expect(ERR_DENIED, "X4", PEER("sara-os"), "person", "list", "{}");
        store.now += 31 * 60 * SECOND;
        /* Since there is another one again, it is for them to lift. */
        expect(0, "", PEER("sara-os"), "person", "unblock", "{s:s, s:s}", "name", "susi", "reason", "x");
        expect(ERR_DENIED, "X4", PEER("sara-os"), "person", "list", "{}");
        expect(0, "", PEER("susi"), "person", "unblock", "{s:s, s:s}", "name", "sara", "reason", "x");
        expect(0, "", PEER("sara-os"), "person", "list", "{}");
}

/* --- floods ----------------------------------------------------------------------------------------------------
 */

static void x2_a_stranger_does_not_fill_the_ledger(void **state) {
        int64_t before = test_number(&store, "SELECT count(*) FROM event");

        (void) state;
        for (int i = 0; i < 40; i++)
                expect(ERR_DENIED, "X1", PEER("stranger"), "media", "list", "{s:s}", "medium",
                       "something they sent");
        assert_int_equal(test_number(&store, "SELECT count(*) FROM event"), before + 3);
        assert_int_equal(test_number(&store, "SELECT count(*) FROM event WHERE subject LIKE 'something%'"), 0);
        /* Another verb and another account are counted apart. */
        expect(ERR_DENIED, "X1", PEER("stranger"), "person", "list", "{}");
        expect(ERR_DENIED, "X1", PEER("other"), "media", "list", "{}");
        assert_int_equal(test_number(&store, "SELECT count(*) FROM event"), before + 5);
        /* A clock that is set back opens no new hour. */
        store.now -= 3 * DAY;
        expect(ERR_DENIED, "X1", PEER("stranger"), "media", "list", "{}");
        assert_int_equal(test_number(&store, "SELECT count(*) FROM event"), before + 5);
        store.now += 3 * DAY + 3600 * SECOND;
        expect(ERR_DENIED, "X1", PEER("stranger"), "media", "list", "{}");
        assert_int_equal(test_number(&store, "SELECT count(*) FROM event"), before + 6);
        assert_int_equal(newest("act.refused", "suppressed"), 38);
        expect(ERR_DENIED, "X1", PEER("stranger"), "media", "list", "{}");
        assert_int_equal(newest("act.refused", "suppressed"), 0);
}

static void x2_nor_does_a_locked_account(void **state) {
        int64_t before;

        (void) state;
        deny("uma", 4);
        before = test_number(&store, "SELECT count(*) FROM event");
        for (int i = 0; i < 20; i++)
                expect(ERR_DENIED, "X4", PEER("uma"), "media", "list", "{}");
        assert_int_equal(test_number(&store, "SELECT count(*) FROM event"), before + 3);
        assert_int_equal(test_number(&store, "SELECT failed FROM account WHERE name = 'uma'"), 4);
}

/* --- time ------------------------------------------------------------------------------------------------------
 */

static void x4_expiry_and_a_clock_set_back(void **state) {
        char day[DATE_TEXT];

        (void) state;
        date_of(store.now + 10 * DAY, day);
        add("tom", "operator", day);
        expect(0, "", PEER("tom"), "media", "list", "{}");
        store.now += 10 * DAY;
        expect(0, "", PEER("tom"), "media", "list", "{}"); /* the day itself still counts */
        store.now += DAY;
        expect(ERR_DENIED, "X4", PEER("tom"), "media", "list", "{}");
        store.now -= 8 * DAY;
        expect(ERR_DENIED, "X4", PEER("tom"), "media", "list", "{}");
        expect(0, "", PEER("uma"), "media", "list", "{}");
        expect(ERR_DENIED, "X4", PEER("tom"), "media", "list", "{}"); /* whatever was recorded since */
}

static void x4_idle_accounts_are_suspended(void **state) {
        (void) state;
        expect(0, "", PEER("uma"), "media", "list", "{}");
        store.now += 89 * DAY;
        expect(0, "", PEER("uma"), "media", "list", "{}");
        expect(0, "", PEER("sara-os"), "media", "list", "{}");
        store.now += 91 * DAY;
        test_expect(0, &store, "uma", "media", "list", "{}"); /* a local store notes no accesses */
        expect(ERR_DENIED, "X4", PEER("uma"), "media", "list", "{}");
        assert_int_equal(test_number(&store, "SELECT cause = 'idle' FROM account WHERE name = 'uma'"), 1);
        expect(ERR_DENIED, "X4", PEER("uma"), "media", "list", "{}");
        assert_int_equal(count("access.locked"), 1);
        /* Not the last security administrator, whom nobody could help; the others were never here at all. */
        expect(ERR_DENIED, "X4", PEER("susi"), "media", "list", "{}");
        expect(ERR_DENIED, "X4", PEER("root"), "media", "list", "{}");
        expect(0, "", PEER("sara-os"), "person", "unblock", "{s:s, s:s}", "name", "uma", "reason", "back");
        expect(0, "", PEER("uma"), "media", "list", "{}");
}

static void x4_whoami_shows_the_last_accesses(void **state) {
        _cleanup_json_ json_t *first = NULL, *second = NULL;
        char when[TIME_TEXT];
        struct error err;

        (void) state;
        assert_int_equal(peer_call(PEER("uma"), "person", "whoami", json_object(), &first, &err), 0);
        assert_string_equal(json_text(first, "last_access"), "");
        assert_string_equal(json_text(first, "last_failed"), "");
        assert_int_equal(json_int(first, "session_minutes", 0), 480);
        time_format(store.now, when);
        deny("uma", 2);
        store.now += DAY;
        assert_int_equal(peer_call(PEER("uma"), "person", "whoami", json_object(), &second, &err), 0);
        assert_int_equal(json_int(second, "failed", 0), 2);
        assert_memory_equal(json_text(second, "last_access"), when, 16);
        assert_memory_equal(json_text(second, "last_failed"), when, 16);
        assert_string_equal(json_text(second, "roles"), "user");
}

/* --- auditors --------------------------------------------------------------------------------------------------
 */

/* op.acc.6: why an account is locked is for those who answer for it. */
static void x4_the_administrator_sees_why(void **state) {
        _cleanup_json_ json_t *hers = NULL, *others = NULL;
        struct error err;

        (void) state;
        deny("uma", 4);
        assert_int_equal(peer_call(PEER("susi"), "person", "show", json_pack("{s:s}", "name", "uma"), &hers, &err),
                         0);
        assert_string_equal(json_text(hers, "cause"), "attempts");
        assert_int_equal(json_int(hers, "failed", 0), 4);
        assert_true(json_flag(hers, "blocked"));
        expect(0, "", PEER("sara-os"), "person", "account", "{s:s, s:s, s:s}", "name", "olga", "os-user", "olga",
               "reason", "x");
        assert_int_equal(
                peer_call(PEER("olga"), "person", "show", json_pack("{s:s}", "name", "uma"), &others, &err), 0);
        assert_null(json_text(others, "cause"));
        assert_null(json_object_get(others, "failed"));
}

static void add_auditor(void) {
        char month[DATE_TEXT];

        date_of(store.now + 29 * DAY, month);
        add("aud", "auditor", month);
}

static void a4_an_auditors_access_ends(void **state) {
        _cleanup_free_ char *mend = NULL;
        char month[DATE_TEXT];

        (void) state;
        date_of(store.now + 29 * DAY, month);
        add_auditor();
        expect(0, "", PEER("aud"), "media", "list", "{}");
        /* Rows that no verb makes: without an end, or with one too far away. */
        test_tamper(&store, "UPDATE person SET expires = '' WHERE name = 'aud'");
        expect(ERR_DENIED, "A4", PEER("aud"), "media", "list", "{}");
        test_expect(ERR_DENIED, &store, "aud", "media", "list", "{}");
        test_tamper(&store, "UPDATE person SET expires = '2099-01-01' WHERE name = 'aud'");
        expect(ERR_DENIED, "A4", PEER("aud"), "media", "list", "{}");
        mend = str_format("UPDATE person SET expires = '%s' WHERE name = 'aud'", month);
        test_tamper(&store, mend);
        store.now += 29 * DAY;
        expect(0, "", PEER("aud"), "media", "list", "{}");
        store.now += DAY;
        expect(ERR_DENIED, "X4", PEER("aud"), "media", "list", "{}");
        store.now -= 5 * DAY;
        expect(ERR_DENIED, "X4", PEER("aud"), "media", "list", "{}");
}

static void a4_no_bulk_export(void **state) {
        char out[96];

        (void) state;
        add_auditor();
        (void) snprintf(out, sizeof out, "%s/out", store.root);
        expect(0, "", PEER("aud"), "report", "R-110-022", "{}");
        expect(ERR_DENIED, "A4", PEER("aud"), "report", "R-110-022", "{s:s}", "csv", out);
        expect(ERR_DENIED, "A4", PEER("aud"), "report", "R-110-022", "{s:s}", "pdf", out);
        expect(ERR_DENIED, "A4", PEER("aud"), "ledger", "export", "{s:s}", "out", out);
        test_expect(ERR_DENIED, &store, "aud", "report", "R-110-022", "{s:s}", "csv", out);
        assert_int_equal(access(out, F_OK), -1);
        expect(0, "", PEER("sara-os"), "ledger", "export", "{s:s}", "out", out);
}

static void a4_every_reading_is_on_record_and_cut(void **state) {
        const struct test_peer *dry = PEER("aud", .dry_run = true);
        _cleanup_json_ json_t *answer = NULL, *other = NULL;
        struct error err;
        int64_t before;

        (void) state;
        add_auditor();
        assert_int_equal(test_peer_call(&store, PEER("aud"), &many, json_object(), &answer, &err), 0);
        assert_int_equal(json_array_size(json_object_get(answer, "rows")), 100);
        assert_int_equal(json_int(answer, "total", 0), 250);
        assert_int_equal(newest("audit.accessed", "rows"), 250);
        assert_int_equal(test_peer_call(&store, PEER("uma"), &many, json_object(), &other, &err), 0);
        assert_int_equal(json_array_size(json_object_get(other, "rows")), 250);
        before = count("audit.accessed");
        expect(0, "", PEER("aud"), "media", "list", "{s:s}", "owner", "olga");
        expect(0, "", dry, "media", "list", "{s:s}", "owner", "olga");
        test_expect(0, &store, "aud", "media", "list", "{s:s}", "owner", "olga");
        assert_int_equal(count("audit.accessed"), before + 3);
        assert_int_equal(test_number(&store, "SELECT count(*) FROM event WHERE type = 'audit.accessed' AND "
                                             "json_extract(data, '$.arguments.owner') = 'olga' AND actor = 'aud'"),
                         3);
}

static void a4_no_record_no_answer(void **state) {
        _cleanup_free_ char *key = str_format("%s/station.key", store.folder),
                            *away = str_format("%s/away", store.folder);
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        (void) state;
        add_auditor();
        assert_int_equal(rename(key, away), 0);
        assert_true(peer_call(PEER("aud"), "media", "list", json_object(), &answer, &err) < 0);
        assert_null(answer);
        expect(0, "", PEER("uma"), "media", "list", "{}"); /* the others read on, though it can't be noted */
        assert_int_equal(rename(away, key), 0);
}

/* --- two people ------------------------------------------------------------------------------------------------
 */

static void tape(const char *owner, char ret_id[16]) {
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        if (peer_call(PEER("root"), "media", "register",
                      json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "kind", "tape", "classification", "PUBLICO",
                                "category", "BASICA", "owner", owner, "expires", "2036-01-01", "retention", 365),
                      &answer, &err) < 0)
                fail_msg("media register: %s", err.what[LANG_EN]);
        (void) snprintf(ret_id, 16, "%s", json_text(answer, "id"));
}

static void pardon(void) {
        test_tamper(&store, "UPDATE account SET failed = 0, failed_at = 0, locked = 0, cause = 'none'");
}

/* root holds every role that can be held at once, and is still one person. */
static void x1_root_alone_is_not_two(void **state) {
        char hers[16], own[16], due[DATE_TEXT];
        _cleanup_json_ json_t *answer = NULL;
        struct error err;

        (void) state;
        tape("olga", hers);
        tape("boss", own);
        date_of(store.now + 7 * DAY, due);
        expect(0, "", PEER("root"), "loan", "request", "{s:s, s:s, s:s, s:s, s:s}", "medium", own, "to", "uma",
               "reason", "r", "due", due, "location", "x");
        expect(ERR_DENIED, "X1", PEER("root"), "loan", "approve", "{s:s}", "loan", own);
        expect(0, "", PEER("root"), "destroy", "request", "{s:s, s:s, s:s}", "medium", hers, "reason", "r",
               "method", "incinerate");
        expect(ERR_DENIED, "S8", PEER("root"), "destroy", "approve", "{s:s}", "destruction", hers);
        expect(ERR_DENIED, "X1", PEER("root"), "destroy", "request", "{s:s, s:s, s:s}", "medium", own, "reason",
               "r", "method", "incinerate"); /* what they would then approve themselves */
        pardon();
        test_expect(0, &store, "olga", "destroy", "approve", "{s:s}", "destruction", hers);
        expect(ERR_DENIED, "X1", PEER("root"), "destroy", "execute",
               "{s:s, s:s, s:s, s:[s], s:[s], s:s, s:s, s:b, s:s}", "destruction", hers, "supervisor", "boss",
               "seen", "x", "before", "/dev/null", "after", "/dev/null", "equipment", "x", "place", "x", "complete",
               1, "confirm", hers);
        pardon();
        tape("boss", own);
        if (peer_call(PEER("root"), "ship", "create",
                      json_pack("{s:s, s:s, s:s, s:[s], s:s, s:s, s:i, s:s}", "from", "a", "to", "b", "recipient",
                                "uma", "media", own, "method", "standard-courier", "route", "r", "limit", 24,
                                "reason", "r"),
                      &answer, &err) < 0)
                fail_msg("ship create: %s", err.what[LANG_EN]);
        test_tamper(&store, "UPDATE shipment SET state = 'packed'");
        expect(ERR_DENIED, "X1", PEER("root"), "ship", "authorise", "{s:s}", "shipment",
               json_text(answer, "shipment"));
        test_tamper(&store, "UPDATE shipment SET state = 'created'");
        pardon();
        /* Nor does anybody change what they may do. */
        expect(ERR_DENIED, "X1", PEER("root"), "person", "grant", "{s:s, s:s, s:s}", "name", "boss", "roles",
               "user", "reason", "x");
        expect(ERR_DENIED, "X1", PEER("root"), "person", "unblock", "{s:s, s:s}", "name", "boss", "reason", "x");
        test_expect(0, &store, "sara", "person", "unblock", "{s:s, s:s}", "name", "boss", "reason", "x");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(x1_the_peer_acts_and_nobody_in_its_name),
                TEST(x1_root_is_whoever_the_registry_says),
                TEST(x1_an_os_account_is_one_persons),
                TEST(x1_groups_give_roles),
                TEST(x4_k2_alta_locks_above_three),
                TEST(x4_k2_media_locks_above_five),
                TEST(x4_wrong_pins_count_and_a_right_one_settles),
                TEST(x4_attempts_at_once_are_counted_one_by_one),
                TEST(x4_a_wrong_pin_counts_for_who_typed_it),
                TEST(x4_a_refusal_by_policy_is_no_failed_attempt),
                TEST(x4_a_local_store_counts_nothing),
                TEST(x4_attempts_grow_old_but_not_by_a_clock_set_back),
                TEST(x4_the_only_security_administrator),
                TEST(x2_a_stranger_does_not_fill_the_ledger),
                TEST(x2_nor_does_a_locked_account),
                TEST(x4_expiry_and_a_clock_set_back),
                TEST(x4_idle_accounts_are_suspended),
                TEST(x4_whoami_shows_the_last_accesses),
                TEST(x4_the_administrator_sees_why),
                TEST(a4_an_auditors_access_ends),
                TEST(a4_no_bulk_export),
                TEST(a4_every_reading_is_on_record_and_cut),
                TEST(a4_no_record_no_answer),
                TEST(x1_root_alone_is_not_two),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
