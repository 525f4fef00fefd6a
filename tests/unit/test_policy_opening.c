/* C9: who may open a medium, and for what: each row with a case that breaks just that one. */
#include "unit/test.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/opening.h"

static const struct gate_answer accepted = { GATE_ACCEPT, "", { "", "" } };
static const struct gate_answer lent = { GATE_READ_ONLY, "U3", { "está prestado", "it is on loan" } };

static const struct opening_case kept = {
        .person = "ana",
        .roles = ROLE_OPERATOR,
        .ours = true,
        .standing = GATE_IN_CUSTODY,
        .holder = "",
        .gate = { GATE_ACCEPT, "", { "", "" } },
        .but_loan = { GATE_ACCEPT, "", { "", "" } },
};

static void decides(const struct opening_case *facts, enum opening_mode mode, const char *rule) {
        struct opening_answer answer;

        opening_decide(facts, &answer);
        assert_int_equal(answer.mode, mode);
        assert_string_equal(answer.rule, rule);
        if (mode == OPENING_READ_WRITE)
                return;
        assert_non_null(rule_find(rule));
        assert_true(*answer.why.es && *answer.why.en);
}

static struct opening_case on_loan_to(const char *holder) {
        struct opening_case facts = kept;

        facts.standing = GATE_ON_LOAN;
        facts.holder = holder;
        facts.gate = lent;
        return facts;
}

static struct opening_case judged(enum gate_verdict verdict, const char *rule) {
        struct opening_case facts = kept;

        facts.gate = (struct gate_answer){ verdict, rule, { "por algo", "for some reason" } };
        facts.but_loan = facts.gate;
        return facts;
}

static void c9_in_custody_by_role(void **state) {
        struct opening_case facts = kept;

        (void) state;
        for (unsigned bit = 0; bit < ROLES; bit++) {
                bool may = 1U << bit == ROLE_OPERATOR || 1U << bit == ROLE_CUSTODIAN;

                facts.roles = 1U << bit;
                decides(&facts, may ? OPENING_READ_WRITE : OPENING_REFUSED, may ? "" : "C9");
        }
}

static void c9_on_loan_by_its_holder_alone(void **state) {
        struct opening_case facts = on_loan_to("luis");

        (void) state;
        decides(&facts, OPENING_REFUSED, "C9");
        facts.person = "luis";
        for (unsigned bit = 0; bit < ROLES; bit++) {
                unsigned role = 1U << bit;
                bool may = role == ROLE_OPERATOR || role == ROLE_CUSTODIAN || role == ROLE_USER;

                facts.roles = role;
                decides(&facts, may ? OPENING_READ_WRITE : OPENING_REFUSED, may ? "" : "C9");
        }
        /* Nobody is nobody's holder. */
        facts.person = facts.holder = "";
        facts.roles = ROLE_OPERATOR;
        decides(&facts, OPENING_REFUSED, "C9");
}

/* U3 keeps others off; any other reason holds for the holder too. */
static void c9_a_loan_lifts_nothing_but_itself(void **state) {
        struct opening_case facts = on_loan_to("ana");

        (void) state;
        facts.but_loan = (struct gate_answer){ GATE_READ_ONLY, "L1", { "ha caducado", "it has expired" } };
        decides(&facts, OPENING_READ_ONLY, "L1");
        facts.but_loan = (struct gate_answer){ GATE_REFUSE, "C2", { "no se acepta", "not accepted" } };
        decides(&facts, OPENING_REFUSED, "C2");
        facts.gate = facts.but_loan;
        facts.but_loan = accepted;
        decides(&facts, OPENING_REFUSED, "C2");
        facts.gate = accepted; /* let in by name */
        facts.but_loan = (struct gate_answer){ GATE_READ_ONLY, "C2", { "antigua", "old" } };
        decides(&facts, OPENING_READ_WRITE, "");
}

static void c9_what_the_gate_leaves(void **state) {
        static const struct {
                const char *rule;
                enum opening_mode mode;
        } rows[] = { { "C2", OPENING_READ_ONLY },
                     { "C5", OPENING_READ_ONLY },
                     { "L1", OPENING_READ_ONLY },
                     { "C3", OPENING_REFUSED },
                     { "T4", OPENING_REFUSED } };

        (void) state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct opening_case facts = judged(GATE_READ_ONLY, rows[i].rule);
                struct opening_answer answer;

                opening_decide(&facts, &answer);
                assert_int_equal(answer.mode, rows[i].mode);
                assert_string_equal(answer.rule, rows[i].rule);
                facts = judged(GATE_REFUSE, rows[i].rule);
                opening_decide(&facts, &answer);
                assert_int_equal(answer.mode, OPENING_REFUSED);
        }
}

static void c9_only_what_is_ours_and_here(void **state) {
        static const enum gate_standing elsewhere[] = { GATE_IN_TRANSIT, GATE_LOST,    GATE_UNSANITIZED,
                                                        GATE_DESTROYED,  GATE_RETIRED, GATE_QUARANTINED };
        struct opening_case facts = kept;

        (void) state;
        facts.ours = false;
        decides(&facts, OPENING_REFUSED, "C9");
        facts = kept;
        for (size_t i = 0; i < COUNT(elsewhere); i++) {
                facts.standing = elsewhere[i];
                decides(&facts, OPENING_REFUSED, "C9"); /* even if the gate had let it in */
        }
}

static void c9_who_closes_and_who_sees(void **state) {
        (void) state;
        assert_true(opening_may_close("luis", ROLE_USER, "luis"));
        assert_false(opening_may_close("luis", ROLE_USER, "ana"));
        assert_true(opening_may_close("sara", ROLE_SECURITY, "ana"));
        assert_true(opening_may_close("carlos", ROLE_CUSTODIAN, "ana"));
        assert_false(opening_sees_all(ROLE_USER | ROLE_OWNER));
        assert_true(opening_sees_all(ROLE_AUDITOR));
}

static void c9_failures_are_counted(void **state) {
        static const char *const levels[] = { "", "", "", "alert", "alert", "critical", "critical" };
        const int64_t start = 1000 * DAY;
        const char *level;
        int64_t failed = 0;

        (void) state;
        for (size_t i = 0; i < COUNT(levels); i++) {
                failed = opening_fail(failed, start + (int64_t) i * SECOND, start + (int64_t) (i + 1) * SECOND,
                                      &level);
                assert_int_equal(failed, i + 1);
                assert_string_equal(level, levels[i]);
        }
        assert_int_equal(opening_fail(5, start, start - DAY, &level),
                         6); /* a clock that went back forgets nothing */
        assert_int_equal(opening_fail(5, start, start + DAY + SECOND, &level), 1);
        assert_string_equal(level, "");
        for (size_t i = 0; i < OPENING_LIMITS; i++)
                assert_non_null(rule_find(opening_limits[i].rule));
}

static void c9_idle_is_a_time(void **state) {
        static const struct {
                const char *text;
                int64_t seconds;
        } good[] = { { "30", 1800 }, { "30m", 1800 }, { "90s", 90 }, { "2h", 7200 }, { "0", 0 } };
        static const char *const bad[] = { "", "m", "-1", "1d", "30 m", "99999999", "0x10", "+5" };
        struct error err;
        int64_t seconds;

        (void) state;
        assert_int_equal(opening_idle(NULL, &seconds, &err), 0);
        assert_int_equal(seconds, 1800);
        for (size_t i = 0; i < COUNT(good); i++) {
                assert_int_equal(opening_idle(good[i].text, &seconds, &err), 0);
                assert_int_equal(seconds, good[i].seconds);
        }
        for (size_t i = 0; i < COUNT(bad); i++)
                assert_int_equal(opening_idle(bad[i], &seconds, &err), ERR_USAGE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(c9_in_custody_by_role),
                cmocka_unit_test(c9_on_loan_by_its_holder_alone),
                cmocka_unit_test(c9_a_loan_lifts_nothing_but_itself),
                cmocka_unit_test(c9_what_the_gate_leaves),
                cmocka_unit_test(c9_only_what_is_ours_and_here),
                cmocka_unit_test(c9_who_closes_and_who_sees),
                cmocka_unit_test(c9_failures_are_counted),
                cmocka_unit_test(c9_idle_is_a_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
