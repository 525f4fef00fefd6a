/* X5, K2, X1: what of a configuration drifted, how bad it is, and who may approve; and what is wanted of a station.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/baseline.h"
#include "policy/station.h"
#include "unit/test.h"

static void x5_kpis(void **state) {
        struct baseline_kpis kpis;

        (void) state;
        baseline_kpis(&(struct baseline_counts){ .keys = 40, .now = 40 }, &kpis);
        assert_int_equal(kpis.drift_rate, 0);
        assert_int_equal(kpis.coverage, 100);
        assert_int_equal(kpis.key_drift, 0);
        assert_int_equal(kpis.key_coverage, 10000);
        /* One missing, one changed, two added. */
        baseline_kpis(&(struct baseline_counts){ .keys = 40, .now = 41, .missing = 1, .changed = 1, .added = 2 },
                      &kpis);
        assert_int_equal(kpis.drift_rate, 100);
        assert_int_equal(kpis.key_drift, 1000);
        assert_int_equal(kpis.key_coverage, 9512);
        /* Nothing to compare with is no coverage, and all that is there is drift. */
        baseline_kpis(&(struct baseline_counts){ .now = 3, .added = 3 }, &kpis);
        assert_int_equal(kpis.coverage, 0);
        assert_int_equal(kpis.key_coverage, 0);
        assert_int_equal(kpis.key_drift, 10000);
}

static void x5_levels(void **state) {
        (void) state;
        assert_int_equal(baseline_judge(&(struct baseline_counts){ .keys = 100, .now = 100 }), DRIFT_NONE);
        assert_int_equal(baseline_judge(&(struct baseline_counts){ .keys = 100, .now = 100, .changed = 1 }),
                         DRIFT_ALERT);
        assert_int_equal(baseline_judge(&(struct baseline_counts){ .keys = 100, .now = 100, .changed = 5 }),
                         DRIFT_ALERT);
        assert_int_equal(baseline_judge(&(struct baseline_counts){ .keys = 100, .now = 100, .changed = 6 }),
                         DRIFT_CRITICAL);
        /* One key of a critical kind is enough. */
        assert_int_equal(
                baseline_judge(&(struct baseline_counts){ .keys = 100, .now = 100, .changed = 1, .critical = 1 }),
                DRIFT_CRITICAL);
}

static void x5_kinds(void **state) {
        (void) state;
        assert_true(baseline_kind_of("rule:/etc/udev/rules.d/10-mpsi-gate.rules")->critical);
        assert_true(baseline_kind_of("unit:/etc/systemd/system/mpsid.service.d/x.conf")->critical);
        assert_false(baseline_kind_of("package:udev")->critical);
        assert_null(baseline_kind_of("rules:x"));
        assert_null(baseline_kind_of("rul"));
}

static void x1_nobody_approves_their_own(void **state) {
        struct error err = { 0 };

        (void) state;
        assert_int_equal(baseline_judge_approval("sara", "sara", &err), ERR_DENIED);
        assert_string_equal(err.rule, "X1");
        assert_true(err.what[LANG_ES][0] && err.what[LANG_EN][0] && err.hint[LANG_ES][0]);
        assert_int_equal(baseline_judge_approval("olga", "sara", &err), 0);
}

static void room_needs_share_and_bytes(void **state) {
        const struct space_demand demand = { "/var", 1000, 100, 10, 2 };

        (void) state;
        assert_int_equal(space_judge(&demand, 5000, 10000), SEVERITY_OK);
        assert_int_equal(space_judge(&demand, 999, 10000), SEVERITY_WARN);
        assert_int_equal(space_judge(&demand, 1000, 10000), SEVERITY_OK);
        assert_int_equal(space_judge(&demand, 99, 10000), SEVERITY_FAIL);
        assert_int_equal(space_judge(&demand, 999, 2000), SEVERITY_OK);     /* a small disk, half empty */
        assert_int_equal(space_judge(&demand, 5000, 1000000), SEVERITY_OK); /* 0.5 % of a large one */
        assert_int_equal(space_judge(&demand, 0, 0), SEVERITY_FAIL);
}

static void terms_have_their_days(void **state) {
        (void) state;
        assert_int_equal(term_judge_left(TERM_CERTIFICATE, 61 * DAY), SEVERITY_OK);
        assert_int_equal(term_judge_left(TERM_CERTIFICATE, 59 * DAY), SEVERITY_WARN);
        assert_int_equal(term_judge_left(TERM_CERTIFICATE, 0), SEVERITY_FAIL);
        assert_int_equal(term_judge_age(TERM_BACKUP, 7 * DAY), SEVERITY_OK);
        assert_int_equal(term_judge_age(TERM_BACKUP, 9 * DAY), SEVERITY_WARN);
        assert_int_equal(term_judge_age(TERM_BACKUP, 31 * DAY), SEVERITY_FAIL);
        assert_int_equal(term_judge_age(TERM_BACKUP, -1), SEVERITY_WARN);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(x5_kpis),
                cmocka_unit_test(x5_levels),
                cmocka_unit_test(x5_kinds),
                cmocka_unit_test(x1_nobody_approves_their_own),
                cmocka_unit_test(room_needs_share_and_bytes),
                cmocka_unit_test(terms_have_their_days),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
