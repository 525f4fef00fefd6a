/* C3: each row of the gate's table, with a medium that breaks just that row. */
#include "unit/test.h"

#include "policy/gate.h"

static const struct gate_case sound = {
        .registered = true,
        .category = CATEGORY_MEDIA,
        .standing = GATE_IN_CUSTODY,
        .expires = "2030-01-31",
        .today = "2030-01-31",
        .luks = true,
        .header = LUKS_ACCEPT,
};

static void holds(const struct gate_case *facts, enum gate_verdict verdict, const char *rule) {
        struct gate_answer answer;

        gate_decide(facts, &answer);
        assert_int_equal(answer.verdict, verdict);
        assert_string_equal(answer.rule, rule);
        if (verdict == GATE_ACCEPT)
                return;
        assert_non_null(rule_find(rule));
        assert_true(*answer.why.es && *answer.why.en);
}

static void a_sound_medium_is_accepted(void **state) {
        struct gate_case facts = sound;

        (void) state;
        holds(&facts, GATE_ACCEPT, "");
        facts.header = LUKS_WARN;
        holds(&facts, GATE_ACCEPT, "");
        facts.expires = ""; /* no date: it does not expire */
        holds(&facts, GATE_ACCEPT, "");
}

static void what_is_not_registered_is_read_only(void **state) {
        struct gate_case facts = { .registered = false };

        (void) state;
        holds(&facts, GATE_READ_ONLY, "C3");
        facts.identity_differs = true;
        holds(&facts, GATE_REFUSE, "S6");
}

static void encryption_is_demanded_by_category(void **state) {
        struct gate_case facts = sound;

        (void) state;
        facts.luks = false;
        facts.header = LUKS_REFUSE; /* the verdict on a header that is not there */
        holds(&facts, GATE_READ_ONLY, "C3");
        facts.category = CATEGORY_ALTA;
        holds(&facts, GATE_READ_ONLY, "C3");
        facts.category = CATEGORY_BASICA;
        holds(&facts, GATE_ACCEPT, "");
        facts.luks = true; /* but a bad header is refused even there */
        holds(&facts, GATE_REFUSE, "C2");
        facts.header = LUKS_READ_ONLY;
        holds(&facts, GATE_READ_ONLY, "C2");
}

static void its_standing_counts(void **state) {
        static const struct {
                enum gate_standing standing;
                enum gate_verdict verdict;
                const char *rule;
        } rows[] = {
                { GATE_ON_LOAN, GATE_READ_ONLY, "U3" },  { GATE_IN_TRANSIT, GATE_READ_ONLY, "T4" },
                { GATE_LOST, GATE_REFUSE, "U9" },        { GATE_UNSANITIZED, GATE_REFUSE, "S5" },
                { GATE_DESTROYED, GATE_REFUSE, "U9" },   { GATE_RETIRED, GATE_READ_ONLY, "C3" },
                { GATE_QUARANTINED, GATE_REFUSE, "U9" },
        };

        (void) state;
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct gate_case facts = sound;

                facts.standing = rows[i].standing;
                holds(&facts, rows[i].verdict, rows[i].rule);
        }
}

static void an_expired_medium_is_read_only(void **state) {
        struct gate_case facts = sound;

        (void) state;
        facts.today = "2030-02-01";
        holds(&facts, GATE_READ_ONLY, "L1");
}

static void the_strictest_wins(void **state) {
        struct gate_case facts = sound;

        (void) state;
        facts.today = "2031-01-01";
        facts.luks = false;
        facts.standing = GATE_LOST;
        holds(&facts, GATE_REFUSE, "U9");
        facts.identity_differs = true;
        holds(&facts, GATE_REFUSE, "S6");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_sound_medium_is_accepted),
                cmocka_unit_test(what_is_not_registered_is_read_only),
                cmocka_unit_test(encryption_is_demanded_by_category),
                cmocka_unit_test(its_standing_counts),
                cmocka_unit_test(an_expired_medium_is_read_only),
                cmocka_unit_test(the_strictest_wins),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
