/* A1, X1: due dates, sample sizes and what a finding goes through. */
#include "unit/test.h"

#include <string.h>

#include "base/cleanup.h"
#include "policy/audit_programme.h"

static void months_end_where_the_calendar_does(void **state) {
        static const struct {
                const char *from;
                int64_t months;
                const char *to;
        } cases[] = {
                { "2026-08-31", 6, "2027-02-28" },  { "2027-08-31", 6, "2028-02-29" },
                { "2028-02-29", 12, "2029-02-28" }, { "2026-01-31", 1, "2026-02-28" },
                { "2026-12-15", 1, "2027-01-15" },  { "2026-03-31", 3, "2026-06-30" },
                { "2096-02-29", 48, "2100-02-28" }, { "2026-11-30", 3, "2027-02-28" },
                { "2026-05-05", 0, "2026-05-05" },
        };
        char due[DATE_TEXT];

        (void) state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                assert_int_equal(audit_months_later(cases[i].from, cases[i].months, due), 0);
                assert_string_equal(due, cases[i].to);
        }
        assert_int_equal(audit_months_later("2026-02-30", 1, due), ERR_USAGE);
        assert_int_equal(audit_months_later("9999-12-01", 1, due), ERR_USAGE);
        assert_int_equal(audit_months_later("2026-01-01", -1, due), ERR_USAGE);
}

/* MP.SI's table, row by row. */
static void the_programme_is_the_procedure_s(void **state) {
        static const int64_t months[AUDIT_KINDS][CATEGORIES] = {
                { 12, 6, 3 }, { 6, 3, 1 }, { 0, 3, 1 }, { 12, 6, 3 }, { 12, 6, 3 }
        };
        char due[DATE_TEXT];

        (void) state;
        for (int k = 0; k < AUDIT_KINDS; k++)
                for (int c = 0; c < CATEGORIES; c++)
                        assert_int_equal(audit_programme[k].months[c], months[k][c]);
        assert_int_equal(audit_judge_due(AUDIT_ENCRYPTION, CATEGORY_BASICA, "2020-01-01", "2026-01-01", due),
                         AUDIT_EXEMPT);
        assert_string_equal(due, "");
}

static void it_is_overdue_on_the_day_after(void **state) {
        char due[DATE_TEXT];

        (void) state;
        assert_int_equal(audit_judge_due(AUDIT_LABELLING, CATEGORY_ALTA, "2026-01-31", "2026-02-20", due),
                         AUDIT_CURRENT);
        assert_string_equal(due, "2026-02-28");
        assert_int_equal(audit_judge_due(AUDIT_LABELLING, CATEGORY_ALTA, "2026-01-31", "2026-02-21", due),
                         AUDIT_SOON);
        assert_int_equal(audit_judge_due(AUDIT_LABELLING, CATEGORY_ALTA, "2026-01-31", "2026-02-28", due),
                         AUDIT_SOON);
        assert_int_equal(audit_judge_due(AUDIT_LABELLING, CATEGORY_ALTA, "2026-01-31", "2026-03-01", due),
                         AUDIT_OVERDUE);
        assert_int_equal(audit_due_gravity(AUDIT_LABELLING, CATEGORY_ALTA, "2026-02-28", "2026-02-01"),
                         GRAVITY_NONE);
        assert_int_equal(audit_due_gravity(AUDIT_LABELLING, CATEGORY_ALTA, "2026-02-28", "2026-02-28"),
                         GRAVITY_INFO);
        assert_int_equal(audit_due_gravity(AUDIT_LABELLING, CATEGORY_ALTA, "2026-02-28", "2026-03-01"),
                         GRAVITY_ALERT);
        assert_int_equal(audit_due_gravity(AUDIT_LABELLING, CATEGORY_ALTA, "2026-02-28", "2026-03-16"),
                         GRAVITY_CRITICAL);
}

/* Against the rule itself: with one more deficient than is tolerated, n miss them all with the risk at most, and
 * n - 1 with more. */
static double chance_of_none(int64_t population, int64_t deficient, int64_t n) {
        double chance = 1;

        for (int64_t i = 0; i < n; i++)
                chance *= (double) (population - deficient - i) / (double) (population - i);
        return chance < 0 ? 0 : chance;
}

static void a_sample_is_as_large_as_its_rule_asks(void **state) {
        (void) state;
        for (int c = 0; c < CATEGORIES; c++)
                for (int64_t n = 1; n < 100000; n = n * 3 / 2 + 1) {
                        const struct audit_sampling *rule = &audit_sampling[c];
                        int64_t size = audit_sample_size(n, (enum category) c);
                        int64_t deficient = n * rule->tolerated / 1000 + 1;
                        double risk = (double) (100 - rule->confidence) / 100;

                        assert_true(size >= 1 && size <= n);
                        assert_true(chance_of_none(n, deficient, size) <= risk);
                        assert_true(size == 1 || chance_of_none(n, deficient, size - 1) > risk);
                }
        assert_int_equal(audit_sample_size(0, CATEGORY_ALTA), 0);
        assert_int_equal(audit_sample_size(1, CATEGORY_ALTA), 1);
        /* Known from tables: 95 % and 1 % of a large population take 299, 95 % and 2 % 149, 90 % and 5 % 45. */
        assert_in_range(audit_sample_size(1000000, CATEGORY_ALTA), 298, 299);
        assert_in_range(audit_sample_size(1000000, CATEGORY_MEDIA), 148, 149);
        assert_in_range(audit_sample_size(1000000, CATEGORY_BASICA), 44, 45);
}

#define refused_by(id, code, call)                                                                                 \
        do {                                                                                                       \
                struct error _err = { 0 };                                                                         \
                assert_int_equal((call), (code));                                                                  \
                assert_string_equal(_err.rule, (id));                                                              \
                assert_true(_err.what[LANG_ES][0] && _err.what[LANG_EN][0] && _err.hint[LANG_ES][0]);              \
        } while (0)

static void nobody_audits_their_own_work(void **state) {
        struct audit_check check = { .auditor = "ana", .subject = "M", .kind = AUDIT_LABELLING, .seen = true };

        (void) state;
        assert_int_equal(audit_judge_check(&check, NULL), 0);
        check.own = true;
        refused_by("X1", ERR_DENIED, audit_judge_check(&check, &_err));
        refused_by("X1", ERR_DENIED, audit_judge_stocktake(AUDIT_INVENTORY, "ana", "R000001", true, 1, 1, &_err));
}

static void sound_is_what_was_seen(void **state) {
        struct audit_check label = { .auditor = "a", .subject = "M", .kind = AUDIT_LABELLING };
        struct audit_check header = {
                .auditor = "a", .subject = "M", .kind = AUDIT_ENCRYPTION, .electronic = true
        };

        (void) state;
        refused_by("A1", ERR_REFUSED, audit_judge_check(&label, &_err));
        label.result = AUDIT_DEFICIENT;
        assert_int_equal(audit_judge_check(&label, NULL), 0);
        refused_by("A1", ERR_REFUSED, audit_judge_check(&header, &_err));
        header.header = true;
        assert_int_equal(audit_judge_check(&header, NULL), 0);
        header.header = header.electronic = false; /* a tape: what the drive says is typed */
        assert_int_equal(audit_judge_check(&header, NULL), 0);
}

static void a_stocktake_is_of_these_days(void **state) {
        const int64_t start = 100 * DAY;

        (void) state;
        assert_int_equal(audit_judge_stocktake(AUDIT_INVENTORY, "a", "R", false, 70 * DAY, start, NULL), 0);
        refused_by("A1", ERR_REFUSED,
                   audit_judge_stocktake(AUDIT_INVENTORY, "a", "R", false, 70 * DAY - 1, start, &_err));
        refused_by("A1", ERR_CONFLICT, audit_judge_stocktake(AUDIT_INVENTORY, "a", "R", false, 0, start, &_err));
        refused_by("A1", ERR_REFUSED, audit_judge_stocktake(AUDIT_LABELLING, "a", "R", false, start, start, &_err));
}

static void what_an_audit_needs_to_begin_and_to_end(void **state) {
        (void) state;
        refused_by("A1", ERR_REFUSED, audit_judge_start(AUDIT_ENCRYPTION, CATEGORY_BASICA, 5, &_err));
        refused_by("A1", ERR_CONFLICT, audit_judge_start(AUDIT_INVENTORY, CATEGORY_ALTA, 0, &_err));
        assert_int_equal(audit_judge_start(AUDIT_TRANSPORT, CATEGORY_ALTA, 0, NULL), 0);
        refused_by("A1", ERR_CONFLICT, audit_judge_close("U000001", 1, NULL, &_err));
        refused_by("A1", ERR_CONFLICT, audit_judge_close("U000001", 0, "M", &_err));
        assert_int_equal(audit_judge_close("U000001", 0, NULL, NULL), 0);
}

static void a_finding_is_settled_by_two(void **state) {
        (void) state;
        refused_by("A1", ERR_REFUSED, audit_judge_finding(FINDING_MAJOR, "2026-01-01", "2026-01-02", &_err));
        assert_int_equal(audit_judge_finding(FINDING_MAJOR, "2026-02-01", "2026-01-02", NULL), 0);
        refused_by("A1", ERR_REFUSED, audit_judge_finding(FINDING_MAJOR, "2026-02-02", "2026-01-02", &_err));
        assert_int_equal(audit_judge_finding(FINDING_MINOR, "2026-02-02", "2026-01-02", NULL), 0);

        assert_int_equal(audit_judge_step(STEP_ACTION, FINDING_OPEN, "H", "ana", "ana", NULL, NULL), 0);
        refused_by("A1", ERR_CONFLICT, audit_judge_step(STEP_VERIFY, FINDING_OPEN, "H", "b", "ana", NULL, &_err));
        refused_by("X1", ERR_DENIED, audit_judge_step(STEP_VERIFY, FINDING_ACTED, "H", "ana", "ana", "b", &_err));
        refused_by("X1", ERR_DENIED, audit_judge_step(STEP_VERIFY, FINDING_ACTED, "H", "b", "ana", "b", &_err));
        assert_int_equal(audit_judge_step(STEP_VERIFY, FINDING_ACTED, "H", "c", "ana", "b", NULL), 0);
        assert_int_equal(audit_judge_step(STEP_REOPEN, FINDING_CLOSED, "H", "ana", "ana", "b", NULL), 0);
        refused_by("A1", ERR_CONFLICT, audit_judge_step(STEP_REOPEN, FINDING_OPEN, "H", "c", "ana", "b", &_err));

        assert_true(finding_is_overdue(FINDING_ACTED, "2026-01-01", "2026-01-02"));
        assert_false(finding_is_overdue(FINDING_OPEN, "2026-01-02", "2026-01-02"));
        assert_false(finding_is_overdue(FINDING_CLOSED, "2026-01-01", "2026-01-02"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(months_end_where_the_calendar_does),
                cmocka_unit_test(the_programme_is_the_procedure_s),
                cmocka_unit_test(it_is_overdue_on_the_day_after),
                cmocka_unit_test(a_sample_is_as_large_as_its_rule_asks),
                cmocka_unit_test(nobody_audits_their_own_work),
                cmocka_unit_test(sound_is_what_was_seen),
                cmocka_unit_test(a_stocktake_is_of_these_days),
                cmocka_unit_test(what_an_audit_needs_to_begin_and_to_end),
                cmocka_unit_test(a_finding_is_settled_by_two),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
