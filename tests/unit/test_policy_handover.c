/* C8: to whom, by which channel and how strong a passphrase is handed over; C4, C6: whose key a tape set's may be.
 */
#include "unit/test.h"

#include <string.h>

#include "policy/handover.h"
#include "policy/tapes.h"

static struct handover_wish sound(void) {
        return (struct handover_wish){ .medium = "HQ00000042K",
                                       .classification = CLASS_CONFIDENCIAL,
                                       .in_custody = true,
                                       .actor = "cus",
                                       .recipient = "ana",
                                       .recipient_is_known = true,
                                       .words = 8,
                                       .channel = CHANNEL_SEALED_LETTER,
                                       .letter = true };
}

static void refused(struct handover_wish wish, int code) {
        struct error err = { 0 };

        assert_int_equal(handover_judge(&wish, &err), code);
        if (code != ERR_USAGE)
                assert_string_equal(err.rule, "C8");
}

static void each_demand_refuses_alone(void **state) {
        struct handover_wish wish = sound();
        struct error err = { 0 };

        (void) state;
        assert_int_equal(handover_judge(&wish, &err), 0);
        wish.in_custody = false;
        refused(wish, ERR_CONFLICT);
        wish = sound();
        wish.recipient = "cus";
        refused(wish, ERR_REFUSED);
        wish = sound();
        wish.recipient_is_known = false;
        refused(wish, ERR_REFUSED);
        wish.classification = CLASS_INTERNO;
        assert_int_equal(handover_judge(&wish, &err), 0);
        wish = sound();
        wish.live = "F000001";
        refused(wish, ERR_CONFLICT);
        wish = sound();
        wish.words = 7;
        refused(wish, ERR_REFUSED);
        wish = sound();
        wish.letter = false;
        refused(wish, ERR_USAGE);
        wish.channel = CHANNEL_TELEPHONE;
        assert_int_equal(handover_judge(&wish, &err), 0);
        wish.classification = CLASS_SECRETO;
        wish.words = 10;
        refused(wish, ERR_REFUSED);
}

static void no_classification_gets_less_than_80_bits(void **state) {
        (void) state;
        for (int class = 0; class < CLASSIFICATIONS; class ++) {
                int64_t words = handover_words((enum classification) class);

                assert_true(words * HANDOVER_WORD_BITS >= 80);
                assert_true(words * HANDOVER_WORD_BITS >= handover_bits[class]);
                assert_true((words - 1) * HANDOVER_WORD_BITS < handover_bits[class]);
                assert_true(words <= HANDOVER_WORDS_MOST);
        }
        assert_true(handover_bits[CLASS_SECRETO] > handover_bits[CLASS_CONFIDENCIAL]);
}

static void only_keys_of_ccn_807_get_a_tape_key(void **state) {
        static const struct {
                struct tape_recipient recipient;
                int code;
        } cases[] = {
                { { "rsa", true, 3072, "", true, true }, 0 },
                { { "rsa", true, 4096, "", true, true }, 0 },
                { { "short", true, 3071, "", true, true }, ERR_REFUSED },
                { { "p256", false, 256, "P-256", true, true }, 0 },
                { { "p384", false, 384, "P-384", true, true }, 0 },
                { { "other", false, 521, "", true, true }, ERR_REFUSED },
                { { "signs", false, 384, "P-384", false, true }, ERR_REFUSED },
                { { "old", false, 384, "P-384", true, false }, ERR_REFUSED },
        };

        (void) state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct error err = { 0 };

                assert_int_equal(tape_judge_recipient(&cases[i].recipient, &err), cases[i].code);
                if (cases[i].code)
                        assert_string_equal(err.rule, "C6");
        }
}

static void a_set_is_of_tapes_that_no_other_set_has(void **state) {
        struct error err = { 0 };

        (void) state;
        for (int kind = 0; kind < MEDIUM_KINDS; kind++)
                assert_int_equal(tape_judge_member("HQ1", (enum medium_kind) kind, NULL, &err),
                                 kind == KIND_TAPE ? 0 : ERR_REFUSED);
        assert_int_equal(tape_judge_member("HQ1", KIND_TAPE, "daily", &err), ERR_CONFLICT);
        assert_string_equal(err.rule, "C4");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_demand_refuses_alone),
                cmocka_unit_test(no_classification_gets_less_than_80_bits),
                cmocka_unit_test(only_keys_of_ccn_807_get_a_tape_key),
                cmocka_unit_test(a_set_is_of_tapes_that_no_other_set_has),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
