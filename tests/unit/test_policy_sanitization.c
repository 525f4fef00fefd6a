/* The matrix S1, every kind and classification, as the source document prints it; plans over it (S2). */
#include "unit/test.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/rule.h"
#include "sanitize/plan.h"

static const struct {
        enum medium_kind kind;
        enum classification classification;
        const char *method;
        enum sanitize_level level;
        const char *accepted; /* codes of schemes, in table order */
        const char *preferred;
        bool forensic;
} cells[] = {
        { KIND_HDD, CLASS_PUBLICO, "format (Clear)", LEVEL_CLEAR,
          "single dod dod-ece secure-erase secure-erase-enhanced sanitize-overwrite sanitize-crypto format ",
          "single", false },
        { KIND_HDD, CLASS_INTERNO, "DoD 5220.22-M (3 passes)", LEVEL_CLEAR,
          "dod dod-ece secure-erase-enhanced sanitize-overwrite sanitize-crypto ", "dod", false },
        { KIND_HDD, CLASS_CONFIDENCIAL, "DoD 5220.22-M ECE (7 passes)", LEVEL_CLEAR, "dod-ece ", "dod-ece", true },
        { KIND_HDD, CLASS_SECRETO, "physical destruction", LEVEL_DESTROY, "", NULL, true },
        { KIND_SSD, CLASS_PUBLICO, "Secure Erase", LEVEL_CLEAR,
          "complement crypto-erase crypto-erase-purge secure-erase secure-erase-enhanced sanitize-overwrite "
          "sanitize-block sanitize-crypto crypto-erase-sanitize sanitize-crypto-block format format-crypto "
          "discard ",
          "complement", false },
        { KIND_SSD, CLASS_INTERNO, "Crypto Erase", LEVEL_PURGE,
          "crypto-erase crypto-erase-purge sanitize-block sanitize-crypto crypto-erase-sanitize "
          "sanitize-crypto-block ",
          "crypto-erase", false },
        { KIND_SSD, CLASS_CONFIDENCIAL, "Crypto Erase and Purge", LEVEL_PURGE,
          "crypto-erase-purge crypto-erase-sanitize sanitize-crypto-block ", "crypto-erase-purge", true },
        { KIND_SSD, CLASS_SECRETO, "physical destruction", LEVEL_DESTROY, "", NULL, true },
        { KIND_TAPE, CLASS_PUBLICO, "overwrite", LEVEL_CLEAR, "", NULL, false },
        { KIND_TAPE, CLASS_INTERNO, "degauss", LEVEL_PURGE, "", NULL, false },
        { KIND_TAPE, CLASS_CONFIDENCIAL, "degauss and verify", LEVEL_PURGE, "", NULL, true },
        { KIND_TAPE, CLASS_SECRETO, "incineration", LEVEL_DESTROY, "", NULL, true },
        { KIND_OPTICAL, CLASS_PUBLICO, "shred", LEVEL_DESTROY, "", NULL, false },
        { KIND_OPTICAL, CLASS_INTERNO, "shred", LEVEL_DESTROY, "", NULL, false },
        { KIND_OPTICAL, CLASS_CONFIDENCIAL, "fine shred", LEVEL_DESTROY, "", NULL, true },
        { KIND_OPTICAL, CLASS_SECRETO, "incineration", LEVEL_DESTROY, "", NULL, true },
        { KIND_PAPER, CLASS_PUBLICO, "recycling container", LEVEL_NONE, "", NULL, false },
        { KIND_PAPER, CLASS_INTERNO, "cross-cut shred", LEVEL_DESTROY, "", NULL, false },
        { KIND_PAPER, CLASS_CONFIDENCIAL, "DIN P-4 shred", LEVEL_DESTROY, "", NULL, true },
        { KIND_PAPER, CLASS_SECRETO, "DIN P-7 shred", LEVEL_DESTROY, "", NULL, true },
};

static struct medium medium_of(enum medium_kind kind, enum classification classification, bool encrypted) {
        struct medium medium = { .id = "HQ00000001V", .kind = kind, .classification = classification };

        if (encrypted) {
                (void) snprintf(medium.key_id, sizeof medium.key_id, "k");
                medium.filled = true;
        }
        return medium;
}

static void test_matrix(void **state) {
        (void) state;
        assert_int_equal(COUNT(cells), (int) MEDIUM_KINDS * (int) CLASSIFICATIONS);
        for (size_t i = 0; i < COUNT(cells); i++) {
                const struct sanitize_demand *demand = sanitize_demand(cells[i].kind, cells[i].classification);
                char accepted[256] = "";

                assert_string_equal(demand->method.en, cells[i].method);
                assert_true(strlen(demand->method.es) > 0);
                assert_int_equal(demand->level, cells[i].level);
                assert_int_equal(demand->forensic, cells[i].forensic);
                for (int scheme = 0; scheme < SCHEMES; scheme++)
                        if (sanitize_scheme_enough(demand, (enum scheme_id) scheme)) {
                                strcat(accepted, scheme_terms[scheme].code);
                                strcat(accepted, " ");
                        }
                assert_string_equal(accepted, cells[i].accepted);
                if (cells[i].preferred)
                        assert_string_equal(scheme_terms[demand->preferred].code, cells[i].preferred);
        }
}

/* A plan for each scheme in each cell, on a medium that offers everything: accepted exactly where the matrix says,
 * and it reaches the level that the cell demands; else it is refused by S1. */
static void test_plans(void **state) {
        (void) state;
        for (size_t i = 0; i < COUNT(cells); i++)
                for (int scheme = 0; scheme < SCHEMES; scheme++) {
                        struct medium medium = medium_of(cells[i].kind, cells[i].classification, true);
                        struct plan plan = { 0 };
                        struct error err = { 0 };
                        char code[40];
                        int r = plan_make(&medium, NULL, scheme_terms[scheme].code, &plan, &err);

                        (void) snprintf(code, sizeof code, "%s ", scheme_terms[scheme].code);
                        /* "dod " is in "dod-ece " no more than the other way round: codes end in a space */
                        if (sanitize_scheme_enough(sanitize_demand(cells[i].kind, cells[i].classification),
                                                   (enum scheme_id) scheme)) {
                                assert_int_equal(r, 0);
                                assert_non_null(strstr(cells[i].accepted, code));
                                assert_true(plan.reaches >= cells[i].level);
                                assert_true(plan_erases_keys(&plan)); /* a key we hold dies in every scheme */
                                assert_ptr_equal(plan.steps[0], &technique_crypto_erase);
                        } else {
                                assert_int_equal(r, ERR_REFUSED);
                                assert_string_equal(err.rule, "S1");
                        }
                }
}

static void test_default_is_the_matrix_method(void **state) {
        (void) state;
        for (size_t i = 0; i < COUNT(cells); i++) {
                struct medium medium = medium_of(cells[i].kind, cells[i].classification, true);
                struct plan plan = { 0 };
                struct error err = { 0 };
                int r = plan_make(&medium, NULL, NULL, &plan, &err);

                assert_int_equal(r, cells[i].preferred ? 0 : ERR_REFUSED);
                if (cells[i].preferred)
                        assert_string_equal(scheme_terms[plan.scheme].code, cells[i].preferred);
        }
}

/* S2: a technique that is not there is refused, never replaced by another. */
static void test_not_offered(void **state) {
        struct medium medium = medium_of(KIND_SSD, CLASS_CONFIDENCIAL, false);
        struct device_facts facts = { .path = "/dev/x", .size = 1 << 20 };
        struct plan plan = { 0 };
        struct error err = { 0 };

        (void) state;
        assert_int_equal(plan_make(&medium, &facts, NULL, &plan, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "S2");
        /* Our key is in the register, but the device has no LUKS2 header. */
        medium = medium_of(KIND_SSD, CLASS_CONFIDENCIAL, true);
        assert_int_equal(plan_make(&medium, &facts, NULL, &plan, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "S2");
        facts.luks_version = 1;
        assert_int_equal(plan_make(&medium, &facts, NULL, &plan, &err), ERR_REFUSED);
        facts.luks_version = 2;
        assert_int_equal(plan_make(&medium, &facts, NULL, &plan, &err), 0);
        facts.size = 0;
        assert_int_equal(plan_make(&medium, &facts, NULL, &plan, &err), ERR_REFUSED);
        assert_int_equal(plan_make(&medium, NULL, "no-such", &plan, &err), ERR_USAGE);
}

/* SP 800-88: a crypto erase is a Purge only if all was ciphertext from the start. */
static void test_crypto_erase_must_count(void **state) {
        struct medium medium = medium_of(KIND_SSD, CLASS_CONFIDENCIAL, true);
        struct plan plan = { 0 };
        struct error err = { 0 };

        (void) state;
        assert_int_equal(plan_make(&medium, NULL, NULL, &plan, &err), 0);
        assert_int_equal(plan.reaches, LEVEL_PURGE);
        medium.filled = false;
        assert_int_equal(plan_make(&medium, NULL, NULL, &plan, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "S1");
        /* A public memory stick is cleared by two passes, whatever its key was. */
        medium.classification = CLASS_PUBLICO;
        assert_int_equal(plan_make(&medium, NULL, NULL, &plan, &err), 0);
        assert_int_equal(plan.reaches, LEVEL_CLEAR);
}

/* A disk that is overwritten is cleared, never purged, however many passes (SP 800-88, S3). */
static void test_passes_are_clear(void **state) {
        struct medium medium = medium_of(KIND_HDD, CLASS_CONFIDENCIAL, false);
        struct plan plan = { 0 };
        struct error err = { 0 };

        (void) state;
        assert_int_equal(plan_make(&medium, NULL, NULL, &plan, &err), 0);
        assert_int_equal(plan.reaches, LEVEL_CLEAR);
        assert_int_equal(plan.steps_n, 1);
        assert_int_equal(plan_work(&plan, 1000), 8000); /* six writes, two read-backs */
}

/* S3: what a pass may be, and how a pattern is named. */
static void test_custom_passes(void **state) {
        static const char *const no_passes[] = { "",
                                                 " ,, ",
                                                 "verify",
                                                 "00 0",
                                                 "0x00",
                                                 "complement",
                                                 "00 complement",
                                                 "random verify complement",
                                                 "00 ff;",
                                                 "random verify verify",
                                                 "zeros",
                                                 "random randomrandomrandom" };
        const struct technique *technique, *again;
        struct error err = { 0 };
        char many[5 * CUSTOM_PASSES + 1] = "";

        (void) state;
        for (size_t i = 0; i < COUNT(no_passes); i++)
                assert_int_equal(technique_custom(no_passes[i], &technique, &err), ERR_USAGE);
        for (size_t i = 0; i < CUSTOM_PASSES; i++)
                strcat(many, "ff ");
        assert_int_equal(technique_custom(many, &technique, &err), ERR_USAGE); /* no room for the verification */
        many[3 * (CUSTOM_PASSES - 1)] = '\0';
        assert_int_equal(technique_custom(many, &technique, &err), 0);
        assert_int_equal(technique_custom("ff 00", &technique, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "S4");
        assert_int_equal(technique_custom("ff 00 verify", &technique, &err), ERR_REFUSED);

        assert_int_equal(technique_custom(" 00, FF random\tcomplement ", &technique, &err), 0);
        assert_string_equal(technique->name, "custom:00,ff,random,complement,verify");
        assert_int_equal(technique->passes_n, 5);
        assert_int_equal(technique->passes[4].act, PASS_VERIFY);
        assert_int_equal(technique->passes[4].fill, FILL_COMPLEMENT);
        assert_string_equal(technique->passes[1].says.en, "write 0xFF");
        assert_int_equal(technique_custom("00,ff,random,complement,verify", &again, &err), 0);
        assert_ptr_equal(again, technique);
        assert_ptr_equal(technique_named("custom:00,ff,random,complement,verify"), technique);
        assert_null(technique_named("custom:nothing"));
        assert_null(technique_named("of-tomorrow"));
        assert_ptr_equal(technique_named("dod-5220.22-m"), &technique_dod);
}

/* S1: a pattern of the house's own is enough where it makes all the passes of a scheme that is, and a Clear. */
static void test_custom_is_judged(void **state) {
        static const struct {
                const char *passes;
                enum medium_kind kind;
                enum classification classification;
                bool enough;
        } rows[] = {
                { "aa", KIND_HDD, CLASS_PUBLICO, true },
                { "aa", KIND_HDD, CLASS_INTERNO, false },
                { "00 ff random", KIND_HDD, CLASS_INTERNO, true },
                { "00 ff 00 ff 00 ff aa", KIND_HDD, CLASS_INTERNO, false },
                { "00 aa ff 55 random complement", KIND_HDD, CLASS_INTERNO, true },
                { "random 00 ff", KIND_HDD, CLASS_INTERNO, false },
                { "00 ff random 00 ff random", KIND_HDD, CLASS_CONFIDENCIAL, false }, /* no look in the middle */
                { "00 ff random verify 00 ff random", KIND_HDD, CLASS_CONFIDENCIAL, true },
                { "00 ff random 11 verify 00 ff random", KIND_HDD, CLASS_CONFIDENCIAL,
                  false }, /* at another pass */
                { "55 00 ff random verify aa 00 ff random ee random", KIND_HDD, CLASS_CONFIDENCIAL, true },
                { "00 ff random verify 00 ff random", KIND_HDD, CLASS_SECRETO, false },
                { "random", KIND_SSD, CLASS_PUBLICO, false },
                { "random complement", KIND_SSD, CLASS_PUBLICO, true },
                { "random complement", KIND_SSD, CLASS_INTERNO, false },
                { "random complement", KIND_TAPE, CLASS_PUBLICO, false },
        };

        (void) state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                struct medium medium = medium_of(rows[i].kind, rows[i].classification, false);
                struct plan plan = { 0 };
                struct error err = { 0 };
                int r = plan_custom(&medium, NULL, rows[i].passes, &plan, &err);

                assert_int_equal(r, rows[i].enough ? 0 : ERR_REFUSED);
                if (r < 0)
                        assert_string_equal(err.rule, "S1");
                else
                        assert_true(plan.reaches == LEVEL_CLEAR && plan.scheme == SCHEME_CUSTOM);
        }
}

static void test_rules_have_rows(void **state) {
        static const char *const used[] = { "S1", "S2", "S4", "S5", "S6", "S7" };

        (void) state;
        for (size_t i = 0; i < COUNT(used); i++) {
                const struct rule *rule = rule_find(used[i]);

                assert_non_null(rule);
                assert_int_equal(strncmp(rule->ens, "mp.si.5", 7), 0);
                assert_true(strlen(rule->says.es) > 20 && strlen(rule->says.en) > 20);
                assert_true(strlen(rule->remedy.es) > 10 && strlen(rule->remedy.en) > 10);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_matrix),
                cmocka_unit_test(test_plans),
                cmocka_unit_test(test_default_is_the_matrix_method),
                cmocka_unit_test(test_not_offered),
                cmocka_unit_test(test_crypto_erase_must_count),
                cmocka_unit_test(test_passes_are_clear),
                cmocka_unit_test(test_custom_passes),
                cmocka_unit_test(test_custom_is_judged),
                cmocka_unit_test(test_rules_have_rows),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
