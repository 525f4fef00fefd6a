/* C5: the clock of a volume key. */
#include "unit/test.h"

#include "base/clock.h"
#include "policy/rotation.h"

static enum rotation_standing at(enum category category, int64_t days, int64_t waived_days) {
        const struct rotation_case facts = { .category = category,
                                             .rekeyed = 1000 * DAY,
                                             .now = (1000 + days) * DAY,
                                             .waived_until = waived_days ? (1000 + waived_days) * DAY : 0 };

        return rotation_judge(&facts, NULL);
}

static void a_key_lives_ninety_days(void **state) {
        (void) state;
        assert_int_equal(at(CATEGORY_MEDIA, 0, 0), ROTATION_CURRENT);
        assert_int_equal(at(CATEGORY_MEDIA, 75, 0), ROTATION_CURRENT);
        assert_int_equal(at(CATEGORY_MEDIA, 76, 0), ROTATION_SOON);
        assert_int_equal(at(CATEGORY_MEDIA, 89, 0), ROTATION_SOON);
        assert_int_equal(at(CATEGORY_MEDIA, 90, 0), ROTATION_OVERDUE);
        assert_int_equal(at(CATEGORY_ALTA, 90, 0), ROTATION_OVERDUE);
        assert_int_equal(at(CATEGORY_BASICA, 900, 0), ROTATION_EXEMPT);
}

static void a_waiver_ends(void **state) {
        (void) state;
        assert_int_equal(at(CATEGORY_ALTA, 95, 100), ROTATION_WAIVED);
        assert_int_equal(at(CATEGORY_ALTA, 100, 100), ROTATION_OVERDUE);
        assert_int_equal(at(CATEGORY_ALTA, 80, 100), ROTATION_SOON); /* it is no younger for it */
}

static void a_medium_without_a_key_of_ours_is_exempt(void **state) {
        const struct rotation_case facts = { .category = CATEGORY_ALTA, .rekeyed = 0, .now = 5000 * DAY };
        int64_t due = 1;

        (void) state;
        assert_int_equal(rotation_judge(&facts, &due), ROTATION_EXEMPT);
        assert_int_equal(due, 0);
        assert_non_null(rule_find("C5"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_key_lives_ninety_days),
                cmocka_unit_test(a_waiver_ends),
                cmocka_unit_test(a_medium_without_a_key_of_ours_is_exempt),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
