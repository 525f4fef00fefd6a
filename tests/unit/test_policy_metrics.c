/* K1, K2, X5, U8: targets and thresholds, to the last hundredth. */
#include <string.h>

#include "base/cleanup.h"
#include "policy/baseline.h"
#include "policy/metrics.h"
#include "unit/test.h"

static void judge(enum kpi kpi, enum category category, struct kpi_counts counts, enum kpi_state state,
                  int64_t value) {
        bool known = false;
        int64_t found = -1;

        assert_int_equal(kpi_judge(kpi, category, &counts, &known, &found), state);
        assert_int_equal(found, value);
        assert_int_equal(known, value >= 0);
}

static void k1_targets(void **state) {
        (void) state;
        /* Above 95, 98 and 99 %: as much is not above. */
        judge(KPI_LABELLED, CATEGORY_BASICA, (struct kpi_counts){ .cases = 100, .good = 95 }, KPI_NOT_MET, 9500);
        judge(KPI_LABELLED, CATEGORY_BASICA, (struct kpi_counts){ .cases = 1000, .good = 951 }, KPI_MET, 9510);
        judge(KPI_LABELLED, CATEGORY_MEDIA, (struct kpi_counts){ .cases = 50, .good = 49 }, KPI_NOT_MET, 9800);
        judge(KPI_LABELLED, CATEGORY_ALTA, (struct kpi_counts){ .cases = 1000, .good = 991 }, KPI_MET, 9910);
        /* A value that is cut to the target is judged by what was counted. */
        judge(KPI_LABELLED, CATEGORY_ALTA, (struct kpi_counts){ .cases = 1000000, .good = 990001 }, KPI_MET, 9900);
        judge(KPI_ENCRYPTED, CATEGORY_ALTA, (struct kpi_counts){ .cases = 1000000, .good = 999999 }, KPI_NOT_MET,
              9999);
        judge(KPI_ENCRYPTED, CATEGORY_MEDIA, (struct kpi_counts){ .cases = 3, .good = 3 }, KPI_MET, 10000);
        judge(KPI_ENCRYPTED, CATEGORY_BASICA, (struct kpi_counts){ .cases = 3, .good = 1 }, KPI_NOT_APPLICABLE,
              3333);
        judge(KPI_LOCATE, CATEGORY_ALTA, (struct kpi_counts){ .cases = 1, .most = 599 }, KPI_MET, 998);
        judge(KPI_LOCATE, CATEGORY_ALTA, (struct kpi_counts){ .cases = 1, .most = 600 }, KPI_NOT_MET, 1000);
        judge(KPI_LOCATE, CATEGORY_MEDIA, (struct kpi_counts){ .cases = 1, .most = 1799 }, KPI_MET, 2998);
        judge(KPI_LOCATE, CATEGORY_BASICA, (struct kpi_counts){ .cases = 1, .most = 3600 }, KPI_NOT_MET, 6000);
        judge(KPI_TRANSPORT, CATEGORY_ALTA, (struct kpi_counts){ .cases = 9 }, KPI_MET, 0);
        judge(KPI_TRANSPORT, CATEGORY_ALTA, (struct kpi_counts){ .cases = 9, .bad = 1 }, KPI_NOT_MET, 100);
        judge(KPI_TRANSPORT, CATEGORY_BASICA, (struct kpi_counts){ .bad = 1 }, KPI_NOT_MET, 100);
        judge(KPI_DESTRUCTION, CATEGORY_BASICA, (struct kpi_counts){ .cases = 7, .good = 7 }, KPI_MET, 10000);
        judge(KPI_DESTRUCTION, CATEGORY_ALTA, (struct kpi_counts){ .cases = 7, .good = 6 }, KPI_NOT_MET, 8571);
        /* Large counts don't overflow. */
        judge(KPI_LABELLED, CATEGORY_ALTA, (struct kpi_counts){ .cases = 100000000000, .good = 100000000000 },
              KPI_MET, 10000);
}

static void k1_nothing_is_no_data(void **state) {
        (void) state;
        for (int k = 0; k < KPIS; k++)
                for (int c = 0; c < CATEGORIES; c++)
                        judge((enum kpi) k, (enum category) c, (struct kpi_counts){ 0 },
                              k == KPI_ENCRYPTED && c == CATEGORY_BASICA ? KPI_NOT_APPLICABLE : KPI_NO_DATA, -1);
}

static void u8_targets_are_those_of_a_search(void **state) {
        (void) state;
        for (int c = 0; c < CATEGORIES; c++)
                assert_int_equal(kpi_rows[KPI_LOCATE].targets[c] * 60, locate_targets[c] * 100);
}

static void level(enum metric metric, int64_t value, enum metric_level wanted) {
        assert_int_equal(metric_judge(metric, value), wanted);
}

static void k2_thresholds(void **state) {
        (void) state;
        level(METRIC_NOT_LOCATED, 100, METRIC_OK);
        level(METRIC_NOT_LOCATED, 200, METRIC_ALERT);
        level(METRIC_NOT_LOCATED, 300, METRIC_ALERT);
        level(METRIC_NOT_LOCATED, 400, METRIC_CRITICAL);
        level(METRIC_UNAUTHORISED, 0, METRIC_OK);
        level(METRIC_UNAUTHORISED, 100, METRIC_CRITICAL);
        level(METRIC_TEMPERATURE, 1500, METRIC_OK);
        level(METRIC_TEMPERATURE, 1499, METRIC_ALERT);
        level(METRIC_TEMPERATURE, 999, METRIC_CRITICAL);
        level(METRIC_TEMPERATURE, 2501, METRIC_ALERT);
        level(METRIC_TEMPERATURE, 3001, METRIC_CRITICAL);
        level(METRIC_FAILED, 300, METRIC_OK);
        level(METRIC_FAILED, 400, METRIC_ALERT);
        level(METRIC_FAILED, 600, METRIC_CRITICAL);
        level(METRIC_DESTRUCTION_TIME, 700, METRIC_OK);
        level(METRIC_DESTRUCTION_TIME, 701, METRIC_ALERT);
        level(METRIC_DESTRUCTION_TIME, 1401, METRIC_CRITICAL);
        level(METRIC_COVERAGE, 10000, METRIC_OK);
        level(METRIC_COVERAGE, 9999, METRIC_ALERT);
        level(METRIC_COVERAGE, 9499, METRIC_CRITICAL);
        /* Seven days and a second are above seven days. */
        assert_int_equal(metric_mean_days(7 * 86400, 1), 700);
        assert_int_equal(metric_mean_days(7 * 86400 + 1, 1), 701);
        assert_int_equal(metric_mean_days(2 * 7 * 86400 + 1, 2), 701);
        assert_int_equal(metric_mean_days(-5, 1), 0);
}

/* What two families say of one thing is the same. */
static void u5_x5_thresholds_agree(void **state) {
        const struct environment_demand *demand = &environment_demands[QUANTITY_TEMPERATURE];
        const struct metric_row *row = &metric_rows[METRIC_TEMPERATURE];

        (void) state;
        assert_memory_equal(&row->alert, &demand->alert, sizeof row->alert);
        assert_memory_equal(&row->critical, &demand->critical, sizeof row->critical);
        for (int64_t media = 0; media < 6; media++)
                assert_int_equal(metric_judge(METRIC_NOT_LOCATED, media * 100) == METRIC_OK,
                                 not_located_gravity(media) < GRAVITY_ALERT);
        for (size_t i = 0; i < baseline_thresholds_n; i++) {
                const struct baseline_threshold *one = &baseline_thresholds[i];

                if (strcmp(one->metric, "key-drift") == 0) {
                        assert_int_equal(metric_rows[METRIC_DRIFT].alert.most, one->alert);
                        assert_int_equal(metric_rows[METRIC_DRIFT].critical.most, one->critical);
                }
                if (strcmp(one->metric, "key-coverage") == 0) {
                        assert_int_equal(metric_rows[METRIC_COVERAGE].alert.least, one->alert);
                        assert_int_equal(metric_rows[METRIC_COVERAGE].critical.least, one->critical);
                }
        }
}

static void k3_said(void **state) {
        char text[48];

        (void) state;
        kpi_target_format(KPI_LABELLED, CATEGORY_MEDIA, text);
        assert_string_equal(text, "> 98 %");
        kpi_target_format(KPI_LOCATE, CATEGORY_ALTA, text);
        assert_string_equal(text, "< 10 min");
        kpi_target_format(KPI_ENCRYPTED, CATEGORY_BASICA, text);
        assert_string_equal(text, "–");
        metric_threshold_format(METRIC_TEMPERATURE, true, text);
        assert_string_equal(text, "< 10, > 30 °C");
        metric_threshold_format(METRIC_COVERAGE, false, text);
        assert_string_equal(text, "< 100 %");
        assert_non_null(rule_find("K1"));
        assert_non_null(rule_find("K3"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(k1_targets),
                cmocka_unit_test(k1_nothing_is_no_data),
                cmocka_unit_test(u8_targets_are_those_of_a_search),
                cmocka_unit_test(k2_thresholds),
                cmocka_unit_test(u5_x5_thresholds_agree),
                cmocka_unit_test(k3_said),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
