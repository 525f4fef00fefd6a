/* base: errors in two languages, UTF-8, dates, codes. */
#include "unit/test.h"

#include <string.h>

#include <stdlib.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/str.h"
#include "policy/rule.h"
#include "policy/terms.h"

static void errors_speak_both_languages(void **state) {
        struct error err;

        (void) state;
        assert_int_equal(fail(&err, ERR_CONFLICT, "hola %d", "hello %d", 7), ERR_CONFLICT);
        assert_string_equal(err.what[LANG_ES], "hola 7");
        assert_string_equal(err.what[LANG_EN], "hello 7");
        assert_int_equal(refuse(&err, ERR_REFUSED, "L4", "Soporte %s.", "Medium %s.", "X"), ERR_REFUSED);
        assert_string_equal(err.rule, "L4");
        assert_non_null(strstr(err.what[LANG_ES], "Soporte X. Los datos de salud"));
        assert_true(strlen(err.hint[LANG_EN]) > 0);
}

static void every_rule_is_whole(void **state) {
        (void) state;
        for (size_t f = 0; f < rule_families_n; f++)
                for (size_t i = 0; i < rule_families[f]->n; i++) {
                        const struct rule *rule = &rule_families[f]->rules[i];

                        assert_ptr_equal(rule_find(rule->id), rule);
                        assert_true(strlen(rule->id) < ERROR_RULE_MAX && strlen(rule->ens) < ERROR_RULE_MAX);
                        assert_true(!str_empty(rule->ens) && !str_empty(rule->says.es) &&
                                    !str_empty(rule->says.en));
                        assert_true(!str_empty(rule->remedy.es) && !str_empty(rule->remedy.en));
                }
}

static void utf8_is_strict(void **state) {
        char cut[] = "caf\xc3";
        struct error err = { 0 };

        (void) state;
        assert_true(utf8_valid("ñandú €", strlen("ñandú €")));
        assert_false(utf8_valid("\xc0\xaf", 2));
        assert_false(utf8_valid("\xed\xa0\x80", 3));
        assert_false(utf8_valid("\xf5\x80\x80\x80", 4));
        assert_false(text_is_plain("a\x1b[2J"));
        assert_false(text_is_plain("a\xe2\x80\xae"
                                   "b"));
        utf8_trim(cut);
        assert_string_equal(cut, "caf");
        /* A precision cuts anywhere in a message, and the message still becomes a fact. */
        (void) fail(&err, ERR_FAILED, "«%.3s» no", "“%.3s” no", "añn");
        assert_string_equal(err.what[LANG_EN], "“añ” no");
        (void) fail(&err, ERR_FAILED, "«%.2s» no", "“%.2s” no", "añn");
        assert_string_equal(err.what[LANG_EN], "“a” no");
        assert_string_equal(err.what[LANG_ES], "«a» no");
}

static void dates_are_real_days(void **state) {
        int64_t moment, again;
        char text[TIME_TEXT];

        (void) state;
        assert_true(date_valid("2028-02-29"));
        assert_false(date_valid("2027-02-29"));
        assert_false(date_valid("2027-13-01"));
        assert_false(date_valid("27-01-01"));
        assert_int_equal(time_parse("2026-11-23T14:43:00.123456Z", &moment), 0);
        time_format(moment, text);
        assert_string_equal(text, "2026-11-23T14:43:00.123456Z");
        assert_int_equal(time_parse("2026-11-23T14:43:00Z", &again), 0);
        assert_int_equal(moment - again, 123456);
        assert_int_equal(time_parse("2026-11-23T24:43:00Z", &again), ERR_USAGE);
}

/* X8: what a table shows can be typed; what is no code of ours stays as it is. */
static void terms_have_names(void **state) {
        static const struct term twice[] = { { "one", { "igual", "same" } }, { "two", { "igual", "other" } } };
        char roles[ROLES_TEXT];
        unsigned parsed;
        static const struct {
                const char *text, *es, *en;
        } cases[] = {
                { "hdd", "disco duro", "hard disk" },
                { "hdd,tape", "disco duro, cinta", "hard disk, tape" },
                { "optical (paper)", "óptico (papel)", "optical (paper)" },
                { "hdd of ana", "hdd of ana", "hdd of ana" },
                { "", "", "" },
        };

        (void) state;
        assert_int_equal(term_find(medium_kind_terms, MEDIUM_KINDS, "hdd"), KIND_HDD);
        assert_int_equal(term_find(medium_kind_terms, MEDIUM_KINDS, "Disco-duro"), KIND_HDD);
        assert_int_equal(term_find(medium_kind_terms, MEDIUM_KINDS, "hard disk"), KIND_HDD);
        assert_int_equal(term_find(medium_kind_terms, MEDIUM_KINDS, "OPTICO"), KIND_OPTICAL);
        assert_int_equal(term_find(medium_kind_terms, MEDIUM_KINDS, "disco"), ERR_USAGE);
        assert_int_equal(term_find(twice, COUNT(twice), "igual"), ERR_USAGE);
        assert_int_equal(term_find(twice, COUNT(twice), "other"), 1);
        for (size_t i = 0; i < COUNT(cases); i++) {
                char *es = terms_named(medium_kind_terms, MEDIUM_KINDS, cases[i].text, LANG_ES),
                     *en = terms_named(medium_kind_terms, MEDIUM_KINDS, cases[i].text, LANG_EN);

                assert_string_equal(es, cases[i].es);
                assert_string_equal(en, cases[i].en);
                free(es);
                free(en);
        }
        roles_named(ROLE_ANY, LANG_ES, roles);
        assert_string_equal(roles, "propietario, custodio, operador TI, seguridad, usuario, auditor");
        assert_int_equal(roles_parse(roles, &parsed), 0);
        assert_int_equal(parsed, ROLE_ANY);
        assert_int_equal(roles_parse("custodio,custodian", &parsed), ERR_USAGE);
}

static void terms_parse_with_accents(void **state) {
        unsigned roles;
        char text[64];

        (void) state;
        assert_int_equal(term_parse(classification_terms, CLASSIFICATIONS, "PÚBLICO"), CLASS_PUBLICO);
        assert_int_equal(term_parse(category_terms, CATEGORIES, "básica"), CATEGORY_BASICA);
        assert_int_equal(term_parse(category_terms, CATEGORIES, "low"), ERR_USAGE);
        assert_int_equal(roles_parse("operator,owner", &roles), 0);
        roles_format(roles, text);
        assert_string_equal(text, "owner,operator");
        assert_int_equal(roles_parse("owner,", &roles), ERR_USAGE);
        assert_int_equal(roles_parse("owner,owner", &roles), ERR_USAGE);
}

static void canonical_json_is_sorted_and_has_no_reals(void **state) {
        _cleanup_json_ json_t *good = json_pack("{s:i, s:s, s:{s:b}}", "b", 1, "a", "ñ", "c", "z", 1);
        _cleanup_json_ json_t *bad = json_pack("{s:[f]}", "b", 1.5);
        _cleanup_free_ char *text = NULL;
        struct error err;

        (void) state;
        assert_int_equal(json_canonical(good, &text, &err), 0);
        assert_string_equal(text, "{\"a\":\"ñ\",\"b\":1,\"c\":{\"z\":true}}");
        free(TAKE_PTR(text));
        assert_int_equal(json_canonical(bad, &text, &err), ERR_FAILED);
        assert_null(text);
}

static void secrets_are_locked_and_base64_is_strict(void **state) {
        _cleanup_secret_ struct secret *secret = NULL;
        uint8_t *raw = NULL;
        size_t n;
        struct error err;

        (void) state;
        assert_int_equal(secret_random(64, &secret, &err), 0);
        assert_int_equal(secret->size, 64);
        assert_int_equal(base64_decode("aGk=", &raw, &n), 0);
        assert_int_equal(n, 2);
        assert_memory_equal(raw, "hi", 2);
        free(raw);
        assert_int_equal(base64_decode("aGk", &raw, &n), ERR_USAGE);
        assert_int_equal(base64_decode("a=k=", &raw, &n), ERR_USAGE);
        assert_int_equal(base64_decode("aGl=", &raw, &n), ERR_USAGE); /* unused bits set */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(errors_speak_both_languages),
                cmocka_unit_test(every_rule_is_whole),
                cmocka_unit_test(utf8_is_strict),
                cmocka_unit_test(dates_are_real_days),
                cmocka_unit_test(terms_parse_with_accents),
                cmocka_unit_test(terms_have_names),
                cmocka_unit_test(canonical_json_is_sorted_and_has_no_reals),
                cmocka_unit_test(secrets_are_locked_and_base64_is_strict),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
