/* The training plan as policy: hours in their period, months and leap days, grace, and what each act needs (A3). */
#include "unit/store.h"

#include "base/str.h"
#include "policy/training.h"
#include "registry/training.h"

static int64_t at(const char *date) {
        int64_t moment;

        assert_int_equal(date_parse(date, &moment), 0);
        return moment + DAY / 2;
}

static void the_plan_is_that_of_the_source(void **state) {
        static const struct {
                int64_t hours, months;
        } plan[TRAININGS] = { { 1, 12 }, { 4, 12 }, { 8, 6 }, { 2, 12 } };

        (void) state;
        for (int t = 0; t < TRAININGS; t++) {
                assert_int_equal(training_demands[t].hours, plan[t].hours);
                assert_int_equal(training_demands[t].months, plan[t].months);
        }
        assert_int_equal(training_demands[TRAINING_GENERAL].roles & ROLE_USER, ROLE_USER);
        assert_int_equal(training_demands[TRAINING_IT].roles, ROLE_OPERATOR);
        assert_int_equal(training_demands[TRAINING_CUSTODY].roles, ROLE_CUSTODIAN);
}

static void months_end_on_days_that_exist(void **state) {
        static const struct {
                enum training training;
                const char *day, *wanted, *until;
        } cases[] = {
                { TRAINING_GENERAL, "2026-11-27", NULL, "2027-11-27" },
                { TRAINING_GENERAL, "2028-02-29", NULL, "2029-02-28" },
                { TRAINING_GENERAL, "2027-02-28", NULL, "2028-02-28" },
                { TRAINING_CUSTODY, "2027-08-31", NULL, "2028-02-29" },
                { TRAINING_CUSTODY, "2026-08-31", NULL, "2027-02-28" },
                { TRAINING_CUSTODY, "2026-12-31", NULL, "2027-06-30" },
                { TRAINING_CUSTODY, "2026-07-15", NULL, "2027-01-15" },
                { TRAINING_GENERAL, "2026-11-27", "2027-01-01", "2027-01-01" },
                { TRAINING_GENERAL, "2026-11-27", "2040-01-01", "2027-11-27" },
        };

        (void) state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                char until[DATE_TEXT];

                training_until(cases[i].training, cases[i].day, cases[i].wanted, until);
                assert_string_equal(until, cases[i].until);
        }
}

static struct training_result judge(enum training training, const struct training_record *records, size_t n,
                                    const char *granted, const char *today) {
        const struct training_case facts = { training, records, n, at(granted), at(today) };
        struct training_result result;

        training_judge(&facts, &result);
        return result;
}

static void whoever_is_new_has_thirty_days(void **state) {
        struct training_result result = judge(TRAINING_IT, NULL, 0, "2027-01-31", "2027-03-02");

        (void) state;
        assert_int_equal(result.standing, TRAINING_GRACE);
        assert_string_equal(result.until, "2027-03-02");
        assert_int_equal(judge(TRAINING_IT, NULL, 0, "2027-01-31", "2027-03-03").standing, TRAINING_MISSING);
}

static void hours_add_up_within_their_period(void **state) {
        static const struct training_record records[] = {
                { "2026-01-10", "2026-07-10", 4 },
                { "2026-03-10", "2026-09-10", 4 },
                { "2026-08-01", "2027-02-01", 4 },
        };

        (void) state;
        /* Half of them are not enough, and a course to come counts for nothing yet. */
        assert_int_equal(judge(TRAINING_CUSTODY, records, 1, "2025-01-01", "2026-02-01").standing,
                         TRAINING_MISSING);
        assert_int_equal(judge(TRAINING_CUSTODY, records, 2, "2025-01-01", "2026-04-01").standing,
                         TRAINING_CURRENT);
        assert_string_equal(judge(TRAINING_CUSTODY, records, 2, "2025-01-01", "2026-04-01").until, "2026-07-10");
        assert_int_equal(judge(TRAINING_CUSTODY, records, 2, "2025-01-01", "2026-07-10").standing,
                         TRAINING_CURRENT);
        assert_int_equal(judge(TRAINING_CUSTODY, records, 2, "2025-01-01", "2026-07-11").standing,
                         TRAINING_EXPIRED);
        assert_int_equal(judge(TRAINING_CUSTODY, records, 2, "2025-01-01", "2026-07-11").hours, 4);
        /* The third carries it on to the end of the second. */
        assert_string_equal(judge(TRAINING_CUSTODY, records, 3, "2025-01-01", "2026-08-02").until, "2026-09-10");
        assert_int_equal(judge(TRAINING_CUSTODY, records, 3, "2025-01-01", "2026-09-11").standing,
                         TRAINING_EXPIRED);
        /* Who was trained once has no grace, however new their roles are. */
        assert_int_equal(judge(TRAINING_CUSTODY, records, 3, "2026-09-10", "2026-09-11").standing,
                         TRAINING_EXPIRED);
}

static void refusals_name_rule_and_remedy(void **state) {
        const struct training_result expired = { TRAINING_EXPIRED, 1, "2026-07-10" },
                                     grace = { TRAINING_GRACE, 0, "" };
        struct error err = { 0 };

        (void) state;
        assert_int_equal(training_refuse("cus", TRAINING_CUSTODY, &grace, &err), 0);
        assert_int_equal(training_refuse("cus", TRAINING_CUSTODY, &expired, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "A3");
        assert_non_null(strstr(err.what[LANG_ES], "Procedimientos completos"));
        assert_non_null(strstr(err.what[LANG_EN], "The whole procedures"));
        assert_null(strstr(err.what[LANG_EN], "Procedimientos"));
        assert_non_null(strstr(err.hint[LANG_EN], "person train"));
}

/* A row for a verb that does not exist would protect nothing; what only reads needs no course. */
static void every_row_is_a_verb_that_changes_something(void **state) {
        (void) state;
        for (size_t i = 0; i < training_acts_n; i++) {
                const struct verb *verb = verb_find(training_acts[i].noun, training_acts[i].name);

                if (!verb || !(verb->flags & VERB_WRITES))
                        fail_msg("%s %s", training_acts[i].noun, training_acts[i].name);
        }
        assert_int_equal(training_of_act("media", "move"), TRAINING_CUSTODY);
        assert_int_equal(training_of_act("loan", "in"), -1);
        assert_int_equal(training_of_act("person", "train"), -1);
}

/* Each act of the table, by one whose grace is over and after their course: refused by A3 before anything else is
 * looked at, and not any more. */
static void expired_training_blocks_each_act(void **state) {
        static const char *const people[] = { "olga", "cus", "oto", "sara" };
        struct test_store store;

        (void) state;
        test_store_make(&store);
        store.now += 40 * DAY;
        for (int round = 0; round < 2; round++) {
                for (size_t i = 0; i < training_acts_n; i++) {
                        const struct verb *verb = verb_find(training_acts[i].noun, training_acts[i].name);
                        const char *who = verb->roles & ROLE_OWNER       ? "olga"
                                          : verb->roles & ROLE_CUSTODIAN ? "cus"
                                          : verb->roles & ROLE_OPERATOR  ? "oto"
                                                                         : "sara";
                        struct error err = { 0 };
                        int r = test_call(&store, who, training_acts[i].noun, training_acts[i].name, NULL, &err,
                                          "{}");

                        if (round == 0 && (r != ERR_REFUSED || strcmp(err.rule, "A3") != 0))
                                fail_msg("%s %s: %d [%s] %s", verb->noun, verb->name, r, err.rule,
                                         err.what[LANG_EN]);
                        if (round == 1 && r != ERR_USAGE)
                                fail_msg("%s %s: %d [%s] %s", verb->noun, verb->name, r, err.rule,
                                         err.what[LANG_EN]);
                }
                for (size_t p = 0; round == 0 && p < COUNT(people); p++)
                        for (int t = 0; t < TRAININGS; t++)
                                test_expect(0, &store, "sara", "person", "train", "{s:s, s:s, s:s}", "name",
                                            people[p], "course", "c", "training", training_terms[t].code);
        }
        test_expect(0, &store, "sara", "ledger", "replay", "{}");
        test_store_drop(&store);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_plan_is_that_of_the_source),
                cmocka_unit_test(months_end_on_days_that_exist),
                cmocka_unit_test(whoever_is_new_has_thirty_days),
                cmocka_unit_test(hours_add_up_within_their_period),
                cmocka_unit_test(refusals_name_rule_and_remedy),
                cmocka_unit_test(every_row_is_a_verb_that_changes_something),
                cmocka_unit_test(expired_training_blocks_each_act),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
