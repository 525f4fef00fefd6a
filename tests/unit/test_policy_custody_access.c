/* U3, U4, U5, U7, U8, X1, X4, K2: each rule of access, loans and environment broken by exactly one case, at its
 * limit. */
#include "unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "policy/custody_access.h"
#include "policy/custody_environment.h"
#include "policy/custody_limits.h"

static void must_refuse(int r, const struct error *err, int code, const char *rule) {
        assert_int_equal(r, code);
        assert_string_equal(err->rule, rule);
        assert_true(err->what[LANG_ES][0] && err->what[LANG_EN][0] && err->hint[LANG_ES][0]);
}

static struct access_entry good_entry(void) {
        return (struct access_entry){ .visitor = "uli",
                                      .desk = "cus",
                                      .supervisor = "oto",
                                      .section = CLASS_SECRETO,
                                      .level = CATEGORY_ALTA,
                                      .credential = CREDENTIAL_BIOMETRIC,
                                      .until = "2026-11-27",
                                      .today = "2026-11-27",
                                      .is_signed = true };
}

static void u3_x1_entries(void **state) {
        struct access_entry entry = good_entry();
        struct error err;

        (void) state;
        assert_int_equal(access_judge_entry(&entry, &err), 0);
        entry.today = "2026-11-28";
        must_refuse(access_judge_entry(&entry, &err), &err, ERR_REFUSED, "U3");
        entry = good_entry();
        entry.is_signed = false;
        must_refuse(access_judge_entry(&entry, &err), &err, ERR_REFUSED, "U3");
        entry = good_entry();
        entry.supervisor = NULL;
        must_refuse(access_judge_entry(&entry, &err), &err, ERR_REFUSED, "U3");
        entry = good_entry();
        entry.supervisor = "uli";
        must_refuse(access_judge_entry(&entry, &err), &err, ERR_DENIED, "X1");
        entry = good_entry();
        entry.desk = "uli";
        must_refuse(access_judge_entry(&entry, &err), &err, ERR_DENIED, "X1");
        /* Two people: whoever opens is not the second. */
        entry = good_entry();
        entry.supervisor = "cus";
        must_refuse(access_judge_entry(&entry, &err), &err, ERR_DENIED, "X1");
        entry.level = CATEGORY_MEDIA;
        must_refuse(access_judge_entry(&entry, &err), &err, ERR_DENIED, "X1");
        entry.section = CLASS_CONFIDENCIAL;
        assert_int_equal(access_judge_entry(&entry, &err), 0);
}

static void u1_credentials_and_supervision_by_category(void **state) {
        struct error err;

        (void) state;
        for (int level = 0; level < CATEGORIES; level++)
                for (int credential = 0; credential < CREDENTIALS; credential++) {
                        struct access_entry entry = good_entry();
                        int r;

                        entry.level = (enum category) level;
                        entry.credential = (enum credential) credential;
                        r = access_judge_entry(&entry, &err);
                        if (credential >= level)
                                assert_int_equal(r, 0);
                        else
                                must_refuse(r, &err, ERR_REFUSED, "U1");
                }
        assert_int_equal(access_supervision(CLASS_INTERNO, CATEGORY_MEDIA), SUPERVISION_NONE);
        assert_int_equal(access_supervision(CLASS_CONFIDENCIAL, CATEGORY_BASICA), SUPERVISION_DESK);
        assert_int_equal(access_supervision(CLASS_SECRETO, CATEGORY_BASICA), SUPERVISION_TWO);
        assert_int_equal(access_supervision(CLASS_PUBLICO, CATEGORY_ALTA), SUPERVISION_TWO);
}

static void u3_x1_decisions(void **state) {
        struct error err;

        (void) state;
        assert_int_equal(access_judge_decision("olga", "olga", "uli", "oto", &err), 0);
        must_refuse(access_judge_decision("ana", "olga", "uli", "oto", &err), &err, ERR_DENIED, "U3");
        must_refuse(access_judge_decision("olga", "olga", "olga", "oto", &err), &err, ERR_DENIED, "X1");
        must_refuse(access_judge_decision("olga", "olga", "uli", "olga", &err), &err, ERR_DENIED, "X1");
}

static void x4_u4_visitors(void **state) {
        struct borrower visitor = { "uli", false, "2026-11-27", "2026-11-27", NULL };
        struct error err;

        (void) state;
        assert_int_equal(access_judge_visitor(&visitor, "2026-11-27", &err), 0);
        must_refuse(access_judge_visitor(&visitor, "2026-11-28", &err), &err, ERR_REFUSED, "X4");
        visitor.expires = "";
        must_refuse(access_judge_visitor(&visitor, "2026-11-28", &err), &err, ERR_REFUSED, "U4");
        visitor.blocked = true;
        must_refuse(access_judge_visitor(&visitor, "2026-11-27", &err), &err, ERR_REFUSED, "X4");
        assert_int_equal(access_judge_days("2026-11-27", "2026-11-27", &err), 0);
        assert_int_equal(access_judge_days("2026-12-27", "2026-11-27", &err), 0);
        must_refuse(access_judge_days("2026-12-28", "2026-11-27", &err), &err, ERR_REFUSED, "U3");
        must_refuse(access_judge_days("2026-11-26", "2026-11-27", &err), &err, ERR_REFUSED, "U3");
}

static void expect_overdue(const char *due, const char *today, int64_t days, enum gravity gravity) {
        int64_t found = 0;
        const struct loan_escalation *row = loan_escalation_of(due, today, &found);

        if (gravity == GRAVITY_NONE) {
                assert_null(row);
                return;
        }
        assert_non_null(row);
        assert_int_equal(found, days);
        assert_int_equal(row->gravity, gravity);
}

/* Days of the calendar: a leap day is one, and the nights on which Spain changes its clocks are no shorter. */
static void u4_overdue_by_the_calendar(void **state) {
        static const char *const zones[] = { "UTC", "Europe/Madrid", "Atlantic/Canary" };

        (void) state;
        for (size_t i = 0; i < COUNT(zones); i++) {
                (void) setenv("TZ", zones[i], 1);
                tzset();
                expect_overdue("2028-02-28", "2028-02-28", 0, GRAVITY_NONE);
                expect_overdue("2028-02-28", "2028-02-29", 1, GRAVITY_INFO);
                expect_overdue("2028-02-29", "2028-03-01", 1, GRAVITY_INFO);
                expect_overdue("2028-02-28", "2028-03-01", 2, GRAVITY_INFO);
                expect_overdue("2028-02-28", "2028-03-02", 3, GRAVITY_ALERT);
                expect_overdue("2027-02-28", "2027-03-01", 1, GRAVITY_INFO);
                expect_overdue("2026-03-28", "2026-03-29", 1, GRAVITY_INFO);
                expect_overdue("2026-03-27", "2026-03-30", 3, GRAVITY_ALERT);
                expect_overdue("2026-10-24", "2026-10-25", 1, GRAVITY_INFO);
                expect_overdue("2026-10-24", "2026-10-31", 7, GRAVITY_CRITICAL);
                expect_overdue("2026-10-24", "2026-10-30", 6, GRAVITY_ALERT);
                expect_overdue("2026-12-31", "2027-01-01", 1, GRAVITY_INFO);
        }
        (void) setenv("TZ", "UTC", 1);
        tzset();
}

static void u4_extensions(void **state) {
        struct error err;

        (void) state;
        assert_int_equal(loan_judge_extension(CATEGORY_ALTA, 0, "2028-02-25", "2028-03-03", "2028-02-20", &err), 0);
        must_refuse(loan_judge_extension(CATEGORY_ALTA, 0, "2028-02-25", "2028-03-04", "2028-02-20", &err), &err,
                    ERR_REFUSED, "U4");
        must_refuse(loan_judge_extension(CATEGORY_ALTA, 1, "2028-02-25", "2028-02-26", "2028-02-20", &err), &err,
                    ERR_REFUSED, "U4");
        assert_int_equal(loan_judge_extension(CATEGORY_MEDIA, 1, "2026-03-20", "2026-04-04", "2026-03-20", &err),
                         0);
        must_refuse(loan_judge_extension(CATEGORY_MEDIA, 2, "2026-03-20", "2026-03-21", "2026-03-20", &err), &err,
                    ERR_REFUSED, "U4");
        assert_int_equal(loan_judge_extension(CATEGORY_BASICA, 2, "2026-01-01", "2026-01-31", "2026-01-01", &err),
                         0);
        must_refuse(loan_judge_extension(CATEGORY_BASICA, 3, "2026-01-01", "2026-01-02", "2026-01-01", &err), &err,
                    ERR_REFUSED, "U4");
        /* One that is overdue counts from today; neither backwards nor to a day that is past. */
        assert_int_equal(loan_judge_extension(CATEGORY_ALTA, 0, "2026-01-01", "2026-02-08", "2026-02-01", &err), 0);
        must_refuse(loan_judge_extension(CATEGORY_ALTA, 0, "2026-01-01", "2026-01-20", "2026-02-01", &err), &err,
                    ERR_REFUSED, "U4");
        must_refuse(loan_judge_extension(CATEGORY_ALTA, 0, "2026-01-05", "2026-01-05", "2026-01-01", &err), &err,
                    ERR_REFUSED, "U4");
}

static void u3_supervision_of_loans(void **state) {
        struct error err;

        (void) state;
        for (int class = 0; class < CLASSIFICATIONS; class ++) {
                assert_int_equal(loan_judge_supervision((enum classification) class, "oto", &err), 0);
                if (class < CLASS_CONFIDENCIAL)
                        assert_int_equal(loan_judge_supervision((enum classification) class, NULL, &err), 0);
                else
                        must_refuse(loan_judge_supervision((enum classification) class, NULL, &err), &err,
                                    ERR_REFUSED, "U3");
        }
}

static void k2_u8_thresholds(void **state) {
        (void) state;
        assert_int_equal(not_located_gravity(0), GRAVITY_NONE);
        assert_int_equal(not_located_gravity(1), GRAVITY_INFO);
        assert_int_equal(not_located_gravity(2), GRAVITY_ALERT);
        assert_int_equal(not_located_gravity(3), GRAVITY_ALERT);
        assert_int_equal(not_located_gravity(4), GRAVITY_CRITICAL);
        assert_int_equal(locate_targets[CATEGORY_BASICA], 3600);
        assert_int_equal(locate_targets[CATEGORY_MEDIA], 1800);
        assert_int_equal(locate_targets[CATEGORY_ALTA], 600);
}

static void u5_thresholds(void **state) {
        static const struct {
                enum quantity quantity;
                const char *value;
                enum gravity gravity;
        } cases[] = {
                { QUANTITY_TEMPERATURE, "18", GRAVITY_NONE },
                { QUANTITY_TEMPERATURE, "22", GRAVITY_NONE },
                { QUANTITY_TEMPERATURE, "17.99", GRAVITY_INFO },
                { QUANTITY_TEMPERATURE, "22,01", GRAVITY_INFO },
                { QUANTITY_TEMPERATURE, "15", GRAVITY_INFO },
                { QUANTITY_TEMPERATURE, "25.00", GRAVITY_INFO },
                { QUANTITY_TEMPERATURE, "14.99", GRAVITY_ALERT },
                { QUANTITY_TEMPERATURE, "25.01", GRAVITY_ALERT },
                { QUANTITY_TEMPERATURE, "10", GRAVITY_ALERT },
                { QUANTITY_TEMPERATURE, "30", GRAVITY_ALERT },
                { QUANTITY_TEMPERATURE, "9.9", GRAVITY_CRITICAL },
                { QUANTITY_TEMPERATURE, "30.1", GRAVITY_CRITICAL },
                { QUANTITY_TEMPERATURE, "-3", GRAVITY_CRITICAL },
                { QUANTITY_HUMIDITY, "40", GRAVITY_NONE },
                { QUANTITY_HUMIDITY, "60", GRAVITY_NONE },
                { QUANTITY_HUMIDITY, "39.9", GRAVITY_INFO },
                { QUANTITY_HUMIDITY, "70", GRAVITY_INFO },
                { QUANTITY_HUMIDITY, "70.01", GRAVITY_CRITICAL },
                { QUANTITY_HUMIDITY, "29", GRAVITY_CRITICAL },
                { QUANTITY_FIELD, "49.99", GRAVITY_NONE },
                { QUANTITY_FIELD, "50", GRAVITY_INFO },
                { QUANTITY_FIELD, "100", GRAVITY_INFO },
                { QUANTITY_FIELD, "100.01", GRAVITY_CRITICAL },
        };

        (void) state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                int64_t value;

                assert_true(environment_parse(cases[i].value, &value));
                if (environment_gravity(cases[i].quantity, value) != cases[i].gravity)
                        fail_msg("%s %s", quantity_terms[cases[i].quantity].code, cases[i].value);
        }
}

static void u5_numbers(void **state) {
        static const struct {
                const char *text, *shown;
                int64_t value;
        } good[] = { { "21.5", "21.5", 2150 },
                     { "21,50", "21.5", 2150 },
                     { "-3", "-3", -300 },
                     { "+4.25", "4.25", 425 },
                     { "0", "0", 0 },
                     { "-0.05", "-0.05", -5 },
                     { "19.999", "19.99", 1999 },
                     { "123456789", "123456789", 12345678900 } };
        static const char *const bad[] = { "",   "-",  ".",   "1.",    ".5",         "nan", "1e3",
                                           "1 ", " 1", "0x1", "1.2.3", "1234567890", "--1" };
        char text[24];
        int64_t value = 7;

        (void) state;
        for (size_t i = 0; i < COUNT(good); i++) {
                assert_true(environment_parse(good[i].text, &value));
                assert_int_equal(value, good[i].value);
                environment_format(value, text);
                assert_string_equal(text, good[i].shown);
        }
        value = 7;
        for (size_t i = 0; i < COUNT(bad); i++)
                assert_false(environment_parse(bad[i], &value));
        assert_int_equal(value, 7);
        assert_false(environment_sane(QUANTITY_TEMPERATURE, -12700));
        assert_false(environment_sane(QUANTITY_HUMIDITY, 10001));
        assert_false(environment_sane(QUANTITY_FIELD, -1));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(u3_x1_entries),
                cmocka_unit_test(u1_credentials_and_supervision_by_category),
                cmocka_unit_test(u3_x1_decisions),
                cmocka_unit_test(x4_u4_visitors),
                cmocka_unit_test(u4_overdue_by_the_calendar),
                cmocka_unit_test(u4_extensions),
                cmocka_unit_test(u3_supervision_of_loans),
                cmocka_unit_test(k2_u8_thresholds),
                cmocka_unit_test(u5_thresholds),
                cmocka_unit_test(u5_numbers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
