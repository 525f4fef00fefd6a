/* S4.1 to S4.3: where sampling is enough, the arithmetic of second looks, who validates; and the measurement of
 * constants. */
#include "unit/test.h"

#include <string.h>

#include "base/cleanup.h"
#include "policy/rule.h"
#include "policy/verification.h"
#include "sanitize/calibrate.h"

static void test_sampling(void **state) {
        struct error err = { 0 };

        (void) state;
        for (int c = 0; c < CLASSIFICATIONS; c++) {
                bool allowed = c < CLASS_CONFIDENCIAL;

                assert_int_equal(verification_judge((enum classification) c, VERIFY_FULL, &err), 0);
                assert_int_equal(verification_judge((enum classification) c, VERIFY_SAMPLE, &err),
                                 allowed ? 0 : ERR_REFUSED);
                if (!allowed)
                        assert_string_equal(err.rule, "S4.1");
        }
        assert_non_null(rule_find("S4.1"));
        assert_non_null(rule_find("S4.2"));
        assert_non_null(rule_find("S4.3"));
}

/* --- second looks ------------------------------------------------------------------------------------------------
 */

static const int64_t now = SECOND_LOOK_PERIOD * 3;

static void fill(struct second_look *looks, size_t n, size_t looked) {
        for (size_t i = 0; i < n; i++)
                looks[i] = (struct second_look){ .ended = now - 1000 * (int64_t) (n - i),
                                                 .draw = (i * 7919) % 1009, /* all different */
                                                 .looked = i < looked,
                                                 .there = true };
}

static void test_percentage(void **state) {
        static const struct {
                size_t n, looked;
                int64_t wanted, due, permille;
        } rows[] = {
                { 0, 0, 0, 0, 1000 }, { 1, 0, 1, 1, 0 },       { 1, 1, 1, 0, 1000 },    { 4, 0, 1, 1, 0 },
                { 5, 0, 1, 1, 0 },    { 5, 1, 1, 0, 200 },     { 6, 1, 2, 1, 166 },     { 10, 2, 2, 0, 200 },
                { 11, 2, 3, 1, 181 }, { 100, 19, 20, 1, 190 }, { 100, 20, 20, 0, 200 }, { 100, 60, 20, 0, 600 },
        };
        struct second_look looks[100];

        (void) state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct second_looks sum;
                int64_t due = 0;

                fill(looks, rows[i].n, rows[i].looked);
                sum = second_looks_judge(looks, rows[i].n, now);
                for (size_t k = 0; k < rows[i].n; k++) {
                        due += looks[k].ret_due;
                        assert_false(looks[k].ret_due && looks[k].looked);
                }
                assert_int_equal(sum.wipes, rows[i].n);
                assert_int_equal(sum.looked, rows[i].looked);
                assert_int_equal(sum.wanted, rows[i].wanted);
                assert_int_equal(sum.due, rows[i].due);
                assert_int_equal(due, rows[i].due);
                assert_int_equal(sum.permille, rows[i].permille);
        }
}

/* The smallest draws of what is still there; a year ago no longer counts; the order of rows does not matter. */
static void test_draw(void **state) {
        struct second_look looks[10], turned[10];
        struct second_looks sum;

        (void) state;
        fill(looks, 10, 0);
        looks[0].draw = 1;
        looks[0].there = false; /* used again */
        looks[1].draw = 2;
        looks[1].ended = now - SECOND_LOOK_PERIOD; /* too long ago */
        looks[7].draw = 3;
        looks[4].draw = 4;
        for (size_t i = 0; i < 10; i++)
                turned[i] = looks[9 - i];
        sum = second_looks_judge(looks, 10, now);
        assert_int_equal(sum.wipes, 9);
        assert_int_equal(sum.wanted, 2);
        for (size_t i = 0; i < 10; i++)
                assert_int_equal(looks[i].ret_due, i == 7 || i == 4);
        (void) second_looks_judge(turned, 10, now);
        for (size_t i = 0; i < 10; i++)
                assert_int_equal(turned[i].ret_due, looks[9 - i].ret_due);
        for (size_t i = 0; i < 10; i++)
                looks[i].there = false; /* nothing is left that could be looked at */
        sum = second_looks_judge(looks, 10, now);
        assert_int_equal(sum.wanted, 2);
        assert_int_equal(sum.due, 0);
}

/* --- validation --------------------------------------------------------------------------------------------------
 */

static void test_validation(void **state) {
        static const struct {
                struct validation_case facts;
                int code;
        } rows[] = {
                { { .ended = true, .sanitized = true, .decision = VALIDATION_ACCEPT }, 0 },
                { { .ended = true, .sanitized = true, .decision = VALIDATION_REPEAT }, 0 },
                { { .ended = true, .decision = VALIDATION_ESCALATE }, 0 },
                { { .ended = true, .decision = VALIDATION_ACCEPT }, ERR_REFUSED },
                { { .sanitized = true, .decision = VALIDATION_ACCEPT }, ERR_CONFLICT },
                { { .same_person = true, .ended = true, .sanitized = true }, ERR_DENIED },
                { { .ended = true, .sanitized = true, .decided = true, .before = VALIDATION_ACCEPT },
                  ERR_CONFLICT },
                { { .ended = true,
                    .sanitized = true,
                    .decided = true,
                    .before = VALIDATION_ACCEPT,
                    .decision = VALIDATION_ESCALATE },
                  0 },
                { { .ended = true,
                    .sanitized = true,
                    .decided = true,
                    .before = VALIDATION_REPEAT,
                    .decision = VALIDATION_ACCEPT },
                  ERR_CONFLICT },
        };
        struct error err = { 0 };

        (void) state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                assert_int_equal(validation_judge(&rows[i].facts, &err), rows[i].code);
                if (rows[i].code)
                        assert_string_equal(err.rule, "S4.3");
        }
}

static void test_certificate(void **state) {
        struct error err = { 0 };

        (void) state;
        assert_int_equal(validation_allows_certificate(VALIDATED_BY_SIGNATURE, false, VALIDATION_ACCEPT, &err), 0);
        assert_int_equal(validation_allows_certificate(VALIDATED_BY_ACT, false, VALIDATION_ACCEPT, &err),
                         ERR_REFUSED);
        for (int v = 0; v < 2; v++) {
                enum validated validation = v ? VALIDATED_BY_ACT : VALIDATED_BY_SIGNATURE;

                assert_int_equal(validation_allows_certificate(validation, true, VALIDATION_ACCEPT, &err), 0);
                assert_int_equal(validation_allows_certificate(validation, true, VALIDATION_REPEAT, &err),
                                 ERR_REFUSED);
                assert_int_equal(validation_allows_certificate(validation, true, VALIDATION_ESCALATE, &err),
                                 ERR_REFUSED);
        }
}

/* --- constants that may not be written ---------------------------------------------------------------------------
 */

/* Only a difference that no single round contradicts is told. */
static void test_suspicion(void **state) {
        static const struct {
                int64_t constants[CALIBRATION_ROUNDS], randoms[CALIBRATION_ROUNDS];
                bool suspects;
        } rows[] = {
                { { 900, 1000, 1100, 950, 990 }, { 20000, 21000, 19000, 25000, 20000 }, true },
                { { 900, 1000, 15000, 950, 990 }, { 20000, 21000, 19000, 25000, 20000 }, false }, /* one was slow */
                { { 900, 1000, 1100, 950, 990 }, { 20000, 21000, 2000, 25000, 20000 }, false },   /* one was fast */
                { { 10, 11, 12, 10, 11 }, { 500, 600, 400, 500, 500 }, false }, /* caches: too short to tell */
                { { 20000, 20100, 19900, 20000, 20500 }, { 20000, 21000, 19000, 25000, 20000 }, false },
                { { 40000, 41000, 42000, 40000, 43000 }, { 20000, 21000, 19000, 25000, 20000 }, false },
                { { 10000, 9000, 9000, 9500, 9400 }, { 20000, 21000, 20500, 25000, 20000 }, true },
        };

        (void) state;
        for (size_t i = 0; i < COUNT(rows); i++)
                assert_int_equal(calibration_suspects(rows[i].constants, rows[i].randoms), rows[i].suspects);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sampling),    cmocka_unit_test(test_percentage),
                cmocka_unit_test(test_draw),        cmocka_unit_test(test_validation),
                cmocka_unit_test(test_certificate), cmocka_unit_test(test_suspicion),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
