/* The table of verbs and the way through it: every verb, every parameter, wrong in every way (bad input), roles
 * (X1), accounts (X4), refusals as events (X2). */
#include "unit/test.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/session.h"
#include "api/verbs.h"
#include "base/str.h"
#include "ledger/ledger.h"
#include "policy/rule.h"
#include "registry/medium.h"
#include "registry/medium_id.h"

struct fixture {
        char parent[64], folder[96];
        int64_t now;
};

static int64_t fixed_now(void *context) {
        return ((struct fixture *) context)->now;
}

static int ask_secret(void *context, const char *purpose, struct text prompt, struct secret **ret,
                      struct error *err) {
        (void) context;
        (void) purpose;
        (void) prompt;
        return secret_copy("a-long-enough-secret", 20, ret, err);
}

static const struct act_ui ui = { .ask_secret = ask_secret };
static struct clock fixture_clock = { .now = fixed_now };

static int call_as(struct fixture *f, const char *as, const char *noun, const char *name, json_t *args,
                   json_t **ret, struct error *err) {
        struct session_options options = { .folder = f->folder, .as = as, .clock = &fixture_clock, .ui = &ui };
        const struct verb *verb = verb_find(noun, name);
        _cleanup_json_ json_t *answer = NULL, *said = NULL;
        struct session *session = NULL;
        int r;

        assert_non_null(verb);
        fixture_clock.context = f;
        assert_int_equal(session_open(&options, &session, err), 0);
        r = session_call(session, verb, args, &answer, &said, err);
        session_close(session);
        json_decref(args);
        if (ret)
                *ret = TAKE_PTR(answer);
        return r;
}

#define CALL(f, as, noun, name, ...) call_as(f, as, noun, name, json_pack(__VA_ARGS__), NULL, &err)

/* Its keys cost a second: the first is kept, and each test gets a copy. */
static struct fixture kept;

static void forget(void) {
        _cleanup_free_ char *command = str_format("rm -r %s", kept.parent);

        if (!command || system(command) != 0)
                (void) fprintf(stderr, "%s is left\n", kept.parent);
}

static void begin(struct fixture *f) {
        strcpy(f->parent, "/tmp/mpsi-api-XXXXXX");
        assert_non_null(mkdtemp(f->parent));
        (void) snprintf(f->folder, sizeof f->folder, "%s/store", f->parent);
        assert_int_equal(time_parse("2026-11-23T10:00:00Z", &f->now), 0);
}

static void first(struct fixture *f) {
        struct error err = { 0 };
        static const char *const people[][2] = {
                { "ana", "owner" }, { "carlos", "custodian" }, { "olga", "operator" }, { "uma", "user" }
        };

        begin(f);
        if (CALL(f, NULL, "init", "", "{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "organisation", "Hospital", "site",
                 "HQ", "category", "ALTA", "station", "desk", "language", "es", "admin", "sara", "admin-name",
                 "Sara") < 0)
                fail_msg("%s", err.what[LANG_EN]);
        for (size_t i = 0; i < COUNT(people); i++)
                assert_int_equal(CALL(f, "sara", "person", "add", "{s:s, s:s, s:s}", "name", people[i][0],
                                      "full-name", people[i][0], "roles", people[i][1]),
                                 0);
}

static int setup(void **state) {
        struct fixture *f = calloc(1, sizeof *f);
        _cleanup_free_ char *command = NULL;

        if (!*kept.folder) {
                first(&kept);
                assert_int_equal(atexit(forget), 0);
        }
        begin(f);
        command = str_format("cp -a %s %s", kept.folder, f->folder);
        assert_int_equal(system(command), 0);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *command = str_format("rm -r %s", f->parent);

        assert_int_equal(system(command), 0);
        free(f);
        return 0;
}

static int64_t events(struct fixture *f) {
        _cleanup_free_ char *path = str_format("%s/registry.db", f->folder);
        _cleanup_(db_closep) struct db *db = NULL;
        struct error err;
        int64_t n;

        assert_int_equal(db_open(path, DB_READ, &db, &err), 0);
        assert_int_equal(db_int(db, &n, &err, "SELECT count(*) FROM event WHERE type <> 'act.refused'", ""), 0);
        return n;
}

static int64_t refusals(struct fixture *f) {
        _cleanup_free_ char *path = str_format("%s/registry.db", f->folder);
        _cleanup_(db_closep) struct db *db = NULL;
        struct error err;
        int64_t n;

        assert_int_equal(db_open(path, DB_READ, &db, &err), 0);
        assert_int_equal(db_int(db, &n, &err, "SELECT count(*) FROM event WHERE type = 'act.refused'", ""), 0);
        return n;
}

static int register_tape(struct fixture *f, const char *serial, struct error *err) {
        return call_as(f, "carlos", "media", "register",
                       json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s}", "kind", "tape", "classification",
                                 "CONFIDENCIAL", "category", "MEDIA", "owner", "ana", "expires", "2030-01-01",
                                 "retention", 365, "serial", serial),
                       NULL, err);
}

/* --- the table ---------------------------------------------------------------------------------------------- */

static int verb_is_whole(void *context, const struct verb *verb) {
        int *n = context;

        (*n)++;
        assert_ptr_equal(verb_find(verb->noun, verb->name), verb);
        assert_false(str_empty(verb->help.es) || str_empty(verb->help.en));
        assert_true(verb->roles != 0 && verb->run != NULL);
        for (size_t i = 0; i < verb->params_n; i++) {
                const struct param *param = &verb->params[i];

                if (param_find(verb, param->name) != param)
                        fail_msg("%s %s: --%s twice", verb->noun, verb->name, param->name);
                assert_false(str_empty(param->help.es) || str_empty(param->help.en));
                assert_true(param->type != PARAM_TERM || param->terms_n > 0);
                assert_true(param->type != PARAM_INT || param->max > param->min);
        }
        for (size_t i = 0; i < verb->columns_n; i++) {
                const struct column_heading *title = &verb->columns[i].title;

                assert_false(str_empty(title->es) || str_empty(title->en));
                for (size_t t = 0; t < title->terms_n; t++)
                        assert_false(str_empty(title->terms[t].code) || str_empty(title->terms[t].name.es) ||
                                     str_empty(title->terms[t].name.en));
        }
        if (verb->flags & VERB_DESTRUCTIVE && !param_find(verb, "confirm"))
                fail_msg("%s %s destroys without --confirm", verb->noun, verb->name);
        return 0;
}

static void every_verb_is_whole(void **state) {
        int n = 0;

        (void) state;
        assert_int_equal(verbs_each(verb_is_whole, &n), 0);
        assert_true(n > 20);
}

/* --- bad input to every parameter of every verb --------------------------------------------------------------- */

struct bad {
        struct fixture *f;
        int tried;
};

/* A value that passes the checks of the type, so that only the one under test is wrong. */
static json_t *good_value(const struct param *param) {
        json_t *one;

        switch (param->type) {
        case PARAM_INT: one = json_integer(param->min); break;
        case PARAM_FLAG: one = json_true(); break;
        case PARAM_DATE: one = json_string("2030-01-01"); break;
        case PARAM_TERM: one = json_string(param->terms[0].code); break;
        case PARAM_MEDIUM: one = json_string("T-1"); break;
        case PARAM_PERSON: one = json_string("ana"); break;
        default: one = json_string("x"); break;
        }
        return one;
}

static void must_refuse(struct bad *bad, const struct verb *verb, const struct param *wrong, json_t *value,
                        const char *what) {
        struct fixture *f = bad->f;
        json_t *args = json_object();
        struct error err = { 0 };
        _cleanup_json_ json_t *answer = NULL;
        const char *as = verb->roles & ROLE_SECURITY    ? "sara"
                         : verb->roles & ROLE_CUSTODIAN ? "carlos"
                         : verb->roles & ROLE_OWNER     ? "ana"
                         : verb->roles & ROLE_OPERATOR  ? "olga"
                                                        : "uma";
        int r;

        for (size_t i = 0; i < verb->params_n; i++)
                if (verb->params[i].flags & PARAM_REQUIRED && &verb->params[i] != wrong)
                        assert_int_equal(
                                json_object_set_new(args, verb->params[i].name, good_value(&verb->params[i])), 0);
        if (value)
                assert_int_equal(json_object_set_new(args, wrong->name, value), 0);
        r = call_as(f, as, verb->noun, verb->name, args, &answer, &err);
        if (r != ERR_USAGE && r != ERR_NOT_FOUND)
                fail_msg("%s %s --%s: %s gave %d: %s", verb->noun, verb->name, wrong->name, what, r,
                         err.what[LANG_EN]);
        assert_false(str_empty(err.what[LANG_ES]) || str_empty(err.what[LANG_EN]));
        bad->tried++;
}

static int try_verb(void *context, const struct verb *verb) {
        struct bad *bad = context;
        const int64_t before = events(bad->f);
        _cleanup_free_ char *longest = malloc(70001);

        assert_non_null(longest);
        memset(longest, 'a', 70000);
        longest[70000] = '\0';
        if (verb->flags & VERB_NO_STORE)
                return 0;
        for (size_t i = 0; i < verb->params_n; i++) {
                const struct param *param = &verb->params[i];
                bool known = false; /* types are checked in one place: one of each in a verb stands for the rest */

                for (size_t k = 0; k < i; k++)
                        known |= verb->params[k].type == param->type;
                must_refuse(bad, verb, param, json_object(), "an object");
                if (param->flags & PARAM_REQUIRED)
                        must_refuse(bad, verb, param, NULL, "nothing");
                if (known)
                        continue;
                must_refuse(bad, verb, param, json_real(1.5), "a real");
                if (param->type == PARAM_FLAG)
                        continue;
                must_refuse(bad, verb, param, json_string("a\x1b[2Jb"), "control characters");
                must_refuse(bad, verb, param, json_stringn("a\0b", 3), "a NUL");
                must_refuse(bad, verb, param, json_string(""), "an empty text");
                must_refuse(bad, verb, param, json_string(longest), "70,000 characters");
                if (param->type == PARAM_INT) {
                        must_refuse(bad, verb, param, json_string("1e3"), "1e3");
                        must_refuse(bad, verb, param, json_string("99999999999999999999"), "more than 64 bits");
                        if (param->min > INT64_MIN)
                                must_refuse(bad, verb, param, json_integer(param->min - 1), "one too few");
                }
                if (param->type == PARAM_DATE)
                        must_refuse(bad, verb, param, json_string("2027-02-29"), "no day");
                if (param->type == PARAM_TERM || param->type == PARAM_PERSON || param->type == PARAM_MEDIUM)
                        must_refuse(bad, verb, param, json_string("nobody-knows"), "an unknown code");
                if (param->type == PARAM_NAME)
                        must_refuse(bad, verb, param, json_string("../../etc"), "a path");
        }
        assert_int_equal(events(bad->f), before);
        return 0;
}

static void bad_input_changes_nothing(void **state) {
        struct bad bad = { .f = *state };
        struct error err;

        assert_int_equal(register_tape(bad.f, "T-1", &err), 0);
        assert_int_equal(verbs_each(try_verb, &bad), 0);
        assert_true(bad.tried > 100);
}

static void unknown_parameters_are_named(void **state) {
        struct error err;

        assert_int_equal(CALL(*state, "sara", "person", "list", "{s:s}", "frob", "x"), ERR_USAGE);
        assert_non_null(strstr(err.what[LANG_ES], "frob"));
}

/* --- roles and accounts ------------------------------------------------------------------------------------- */

static void a_missing_right_is_refused_and_recorded(void **state) {
        struct fixture *f = *state;
        struct error err;
        int64_t before = refusals(f), facts = events(f);

        assert_int_equal(CALL(f, "uma", "person", "block", "{s:s, s:s}", "name", "ana", "reason", "x"), ERR_DENIED);
        assert_string_equal(err.rule, "X1");
        assert_true(strlen(err.hint[LANG_ES]) > 0 && strlen(err.hint[LANG_EN]) > 0);
        assert_int_equal(refusals(f), before + 1);
        assert_int_equal(events(f), facts);
        assert_int_equal(CALL(f, "nobody", "media", "list", "{}"), ERR_DENIED);
        assert_int_equal(refusals(f), before + 2);
}

static void nobody_changes_their_own_account(void **state) {
        struct error err;

        assert_int_equal(CALL(*state, "sara", "person", "grant", "{s:s, s:s, s:s}", "name", "sara", "roles",
                              "owner", "reason", "x"),
                         ERR_DENIED);
        assert_string_equal(err.rule, "X1");
}

static void blocked_and_expired_accounts_do_not_act(void **state) {
        struct fixture *f = *state;
        struct error err;

        assert_int_equal(CALL(f, "sara", "person", "block", "{s:s, s:s}", "name", "uma", "reason", "x"), 0);
        assert_int_equal(CALL(f, "uma", "media", "list", "{}"), ERR_DENIED);
        assert_string_equal(err.rule, "X4");
        assert_int_equal(CALL(f, "sara", "person", "unblock", "{s:s, s:s}", "name", "uma", "reason", "x"), 0);
        assert_int_equal(CALL(f, "uma", "media", "list", "{}"), 0);
        assert_int_equal(CALL(f, "sara", "person", "add", "{s:s, s:s, s:s, s:s}", "name", "tmp", "full-name", "T",
                              "roles", "user", "expires", "2026-12-01"),
                         0);
        assert_int_equal(CALL(f, "tmp", "media", "list", "{}"), 0);
        f->now += 30 * DAY;
        assert_int_equal(CALL(f, "tmp", "media", "list", "{}"), ERR_DENIED);
        assert_string_equal(err.rule, "X4");
}

static void auditors_are_temporary_and_alone(void **state) {
        struct fixture *f = *state;
        struct error err;

        assert_int_equal(CALL(f, "sara", "person", "add", "{s:s, s:s, s:s}", "name", "aud", "full-name", "A",
                              "roles", "auditor"),
                         ERR_REFUSED);
        assert_string_equal(err.rule, "A4");
        assert_int_equal(CALL(f, "sara", "person", "add", "{s:s, s:s, s:s, s:s}", "name", "aud", "full-name", "A",
                              "roles", "auditor,user", "expires", "2026-12-01"),
                         ERR_REFUSED);
        assert_int_equal(CALL(f, "sara", "person", "add", "{s:s, s:s, s:s, s:s}", "name", "aud", "full-name", "A",
                              "roles", "auditor", "expires", "2026-12-01"),
                         0);
        assert_int_equal(CALL(f, "aud", "media", "list", "{}"), 0);
        assert_int_equal(CALL(f, "aud", "ledger", "export", "{s:s}", "out", "/tmp/never"), ERR_DENIED);
}

/* --- media -------------------------------------------------------------------------------------------------- */

static void ids_have_a_check_character(void **state) {
        char id[MEDIUM_ID_TEXT];

        (void) state;
        /* ISO/IEC 7064's own example of MOD 37,36. */
        assert_int_equal(medium_id_check("A12425GABC1234002"), 'M');
        medium_id_format("HQ", 42, id);
        assert_int_equal(strlen(id), 11);
        assert_true(medium_id_valid(id));
        for (size_t i = 0; i < strlen(id); i++) {
                char changed[MEDIUM_ID_TEXT];

                memcpy(changed, id, sizeof changed);
                changed[i] = changed[i] == '7' ? '8' : '7';
                assert_false(medium_id_valid(changed));
        }
        /* ... and each pair of neighbours exchanged. */
        for (size_t i = 2; i + 1 < strlen(id); i++) {
                char changed[MEDIUM_ID_TEXT];

                memcpy(changed, id, sizeof changed);
                if (changed[i] == changed[i + 1])
                        continue;
                changed[i] = id[i + 1];
                changed[i + 1] = id[i];
                assert_false(medium_id_valid(changed));
        }
}

static void media_are_found_by_any_name(void **state) {
        static const char *const names[] = { "T-1", "hq00000001v", "HQ'00000001'V", "HQ-00000001-V" };
        struct fixture *f = *state;
        struct error err;

        assert_int_equal(register_tape(f, "T-1", &err), 0);
        for (size_t i = 0; i < COUNT(names); i++)
                if (CALL(f, "uma", "media", "show", "{s:s}", "medium", names[i]) < 0)
                        fail_msg("%s: %s", names[i], err.what[LANG_EN]);
        assert_int_equal(register_tape(f, "T-1", &err), ERR_CONFLICT);
        assert_int_equal(CALL(f, "uma", "media", "show", "{s:s}", "medium", "HQ00000001W"), ERR_NOT_FOUND);
}

static void health_data_are_confidential_and_lowering_is_the_owners(void **state) {
        struct fixture *f = *state;
        struct error err;

        assert_int_equal(CALL(f, "carlos", "media", "register", "{s:s, s:s, s:s, s:s, s:s, s:i, s:b}", "kind",
                              "tape", "classification", "INTERNO", "category", "MEDIA", "owner", "ana", "expires",
                              "2030-01-01", "retention", 365, "health", 1),
                         ERR_REFUSED);
        assert_string_equal(err.rule, "L4");
        assert_int_equal(register_tape(f, "T-1", &err), 0);
        assert_int_equal(CALL(f, "carlos", "media", "classify", "{s:s, s:s, s:s}", "medium", "T-1",
                              "classification", "INTERNO", "reason", "x"),
                         ERR_DENIED);
        assert_string_equal(err.rule, "L4");
        assert_int_equal(CALL(f, "ana", "media", "classify", "{s:s, s:s, s:s}", "medium", "T-1", "classification",
                              "INTERNO", "reason", "x"),
                         0);
        assert_int_equal(CALL(f, "carlos", "media", "classify", "{s:s, s:s, s:b, s:s}", "medium", "T-1",
                              "classification", "PUBLICO", "health", 1, "reason", "x"),
                         ERR_DENIED);
}

static void owner_and_expiry_are_checked(void **state) {
        struct fixture *f = *state;
        struct error err;

        assert_int_equal(CALL(f, "carlos", "media", "register", "{s:s, s:s, s:s, s:s, s:s, s:i}", "kind", "tape",
                              "classification", "INTERNO", "category", "MEDIA", "owner", "olga", "expires",
                              "2030-01-01", "retention", 365),
                         ERR_REFUSED);
        assert_string_equal(err.rule, "L1");
        assert_int_equal(CALL(f, "carlos", "media", "register", "{s:s, s:s, s:s, s:s, s:s, s:i}", "kind", "tape",
                              "classification", "INTERNO", "category", "MEDIA", "owner", "ana", "expires",
                              "2026-11-23", "retention", 365),
                         ERR_REFUSED);
        assert_int_equal(CALL(f, "carlos", "media", "register", "{s:s, s:s, s:s, s:s, s:i}", "classification",
                              "INTERNO", "category", "MEDIA", "owner", "ana", "expires", "2030-01-01", "retention",
                              365),
                         ERR_USAGE);
}

static void a_dry_run_changes_nothing(void **state) {
        struct fixture *f = *state;
        struct session_options options = {
                .folder = f->folder, .as = "sara", .clock = &fixture_clock, .ui = &ui, .dry_run = true
        };
        _cleanup_json_ json_t *args = json_pack("{s:s, s:s, s:s}", "name", "new", "full-name", "N", "roles",
                                                "user"),
                              *answer = NULL;
        struct session *session = NULL;
        int64_t before = events(f);
        struct error err;

        fixture_clock.context = f;
        assert_int_equal(session_open(&options, &session, &err), 0);
        assert_int_equal(session_call(session, verb_find("person", "add"), args, &answer, NULL, &err), 0);
        session_close(session);
        assert_int_equal(events(f), before);
        assert_int_equal(CALL(f, "sara", "person", "show", "{s:s}", "name", "new"), ERR_NOT_FOUND);
}

static void a_store_of_a_newer_version_is_left_alone(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *path = str_format("%s/registry.db", f->folder);
        _cleanup_(db_closep) struct db *db = NULL;
        struct error err;

        assert_int_equal(db_open(path, DB_WRITE, &db, &err), 0);
        assert_int_equal(db_exec(db, &err, "UPDATE schema SET version = 99 WHERE room = 'registry'", ""), 1);
        assert_int_equal(CALL(f, "sara", "media", "list", "{}"), ERR_CONFLICT);
        assert_non_null(strstr(err.hint[LANG_EN], "Update"));
}

static void an_older_store_is_brought_up_to_date_by_whoever_comes_first(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *path = str_format("%s/registry.db", f->folder);
        _cleanup_(db_closep) struct db *db = NULL;
        struct error err;

        assert_int_equal(db_open(path, DB_WRITE, &db, &err), 0);
        assert_int_equal(db_exec(db, &err, "DELETE FROM schema WHERE room = 'sanitize'", ""), 1);
        assert_true(db_exec(db, &err, "DROP TABLE sanitization_look", "") >= 0);
        assert_true(db_exec(db, &err, "DROP TABLE sanitization_validation", "") >= 0);
        assert_true(db_exec(db, &err, "DROP TABLE sanitization_pattern", "") >= 0);
        assert_true(db_exec(db, &err, "DROP TABLE sanitization", "") >= 0);
        assert_int_equal(CALL(f, "sara", "media", "list", "{}"), 0);
        assert_int_equal(CALL(f, "sara", "wipe", "status", "{}"), 0);
}

static void a_broken_store_is_said_to_be_one(void **state) {
        struct fixture *f = *state;
        _cleanup_free_ char *path = str_format("%s/registry.db", f->folder);
        struct error err;
        FILE *file;

        assert_int_equal(CALL(f, "sara", "init", "", "{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "organisation", "H",
                              "site", "HQ", "category", "ALTA", "station", "desk", "language", "es", "admin",
                              "sara", "admin-name", "S"),
                         ERR_CONFLICT);
        file = fopen(path, "r+");
        assert_non_null(file);
        assert_int_equal(fwrite("garbage garbage garbage garbage garbage", 1, 39, file), 39);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(CALL(f, "sara", "media", "list", "{}"), ERR_FAILED);
        assert_true(strlen(err.what[LANG_ES]) > 0);
}

static void a_missing_store_is_not_found(void **state) {
        struct fixture *f = *state;
        struct error err;

        strcat(f->folder, "x");
        assert_int_equal(CALL(f, "sara", "media", "list", "{}"), ERR_NOT_FOUND);
        assert_non_null(strstr(err.hint[LANG_ES], "init"));
        f->folder[strlen(f->folder) - 1] = '\0';
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_verb_is_whole),
                cmocka_unit_test(ids_have_a_check_character),
                TEST(bad_input_changes_nothing),
                TEST(unknown_parameters_are_named),
                TEST(a_missing_right_is_refused_and_recorded),
                TEST(nobody_changes_their_own_account),
                TEST(blocked_and_expired_accounts_do_not_act),
                TEST(auditors_are_temporary_and_alone),
                TEST(media_are_found_by_any_name),
                TEST(health_data_are_confidential_and_lowering_is_the_owners),
                TEST(owner_and_expiry_are_checked),
                TEST(a_dry_run_changes_nothing),
                TEST(a_store_of_a_newer_version_is_left_alone),
                TEST(an_older_store_is_brought_up_to_date_by_whoever_comes_first),
                TEST(a_broken_store_is_said_to_be_one),
                TEST(a_missing_store_is_not_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
