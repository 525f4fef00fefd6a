/* T1 to T7, X1: each rule broken by exactly one case. */
#include "unit/test.h"

#include <string.h>

#include "base/cleanup.h"
#include "policy/transport.h"

static void must_refuse(int r, const struct error *err, int code, const char *rule) {
        assert_int_equal(r, code);
        assert_int_equal(err->code, code);
        assert_string_equal(err->rule, rule);
        assert_true(err->what[LANG_ES][0] && err->what[LANG_EN][0] && err->hint[LANG_ES][0]);
}

static void t1_means_by_category(void **state) {
        struct error err;

        (void) state;
        for (int category = 0; category < CATEGORIES; category++) {
                const struct transport_means least = transport_demands[category];
                struct transport_means means = least;

                assert_int_equal(transport_judge_means((enum category) category, &means, &err), 0);
                if (category == CATEGORY_BASICA)
                        continue;
                means.method--;
                must_refuse(transport_judge_means((enum category) category, &means, &err), &err, ERR_REFUSED, "T1");
                means = least;
                means.protection--;
                must_refuse(transport_judge_means((enum category) category, &means, &err), &err, ERR_REFUSED, "T1");
                means = least;
                means.tracking--;
                must_refuse(transport_judge_means((enum category) category, &means, &err), &err, ERR_REFUSED, "T1");
        }
        assert_int_equal(transport_judge_means(CATEGORY_BASICA, &transport_demands[CATEGORY_ALTA], &err), 0);
        assert_int_equal(transport_judge_position(TRACKING_SIGNED, false, &err), 0);
        assert_int_equal(transport_judge_position(TRACKING_GPS, true, &err), 0);
        must_refuse(transport_judge_position(TRACKING_GPS, false, &err), &err, ERR_REFUSED, "T1");
}

static void t2_packaging(void **state) {
        const unsigned all = (1U << PACKAGINGS) - 1;
        struct error err;

        (void) state;
        assert_int_equal(transport_judge_packaging(all, true, true, &err), 0);
        for (unsigned level = 0; level < PACKAGINGS; level++)
                must_refuse(transport_judge_packaging(all & ~(1U << level), true, true, &err), &err, ERR_REFUSED,
                            "T2");
        assert_int_equal(transport_judge_packaging(all & ~(1U << PACKAGING_ANTISTATIC_BAG), false, true, &err), 0);
        assert_int_equal(transport_judge_packaging(all & ~(1U << PACKAGING_ENCRYPTED_MEDIUM), true, false, &err),
                         0);
        assert_true(transport_is_electronic(KIND_HDD) && transport_is_electronic(KIND_SSD));
        assert_false(transport_is_electronic(KIND_PAPER) || transport_is_electronic(KIND_TAPE));
}

static void t2_label_and_verification(void **state) {
        const int64_t now = 100 * DAY;
        struct error err;

        (void) state;
        assert_int_equal(transport_judge_label("HQ00000042K", "valid", &err), 0);
        must_refuse(transport_judge_label("HQ00000042K", "void", &err), &err, ERR_REFUSED, "T2");
        must_refuse(transport_judge_label("HQ00000042K", "none", &err), &err, ERR_REFUSED, "T2");
        assert_int_equal(transport_judge_verification("HQ00000042K", now - DAY, now, &err), 0);
        must_refuse(transport_judge_verification("HQ00000042K", now - DAY - 1, now, &err), &err, ERR_REFUSED, "T2");
        must_refuse(transport_judge_verification("HQ00000042K", 0, now, &err), &err, ERR_REFUSED, "T2");
        must_refuse(transport_judge_verification("HQ00000042K", now + 1, now, &err), &err, ERR_REFUSED, "T2");
}

static void t7_never_in_clear(void **state) {
        struct error err;

        (void) state;
        for (int kind = 0; kind < MEDIUM_KINDS; kind++)
                for (int category = 0; category < CATEGORIES; category++)
                        for (int class = 0; class < CLASSIFICATIONS; class ++) {
                                bool must = class >= CLASS_CONFIDENCIAL ||
                                            (category >= CATEGORY_MEDIA && kind <= KIND_SSD);
                                int r = transport_judge_encryption("HQ00000042K", (enum medium_kind) kind,
                                                                   (enum category) category,
                                                                   (enum classification) class, false, &err);

                                if (must)
                                        must_refuse(r, &err, ERR_REFUSED, "T7");
                                else
                                        assert_int_equal(r, 0);
                                assert_int_equal(transport_judge_encryption("HQ00000042K", (enum medium_kind) kind,
                                                                            (enum category) category,
                                                                            (enum classification) class, true,
                                                                            &err),
                                                 0);
                        }
}

static void t4_every_wrong_order(void **state) {
        static const enum shipment_state right[CHECKPOINTS] = {
                SHIPMENT_AUTHORISED, SHIPMENT_DISPATCHED, SHIPMENT_PICKED_UP,
                SHIPMENT_IN_TRANSIT, SHIPMENT_DELIVERED,
        };
        struct error err;

        (void) state;
        for (int checkpoint = 0; checkpoint < CHECKPOINTS; checkpoint++)
                for (int from = 0; from < SHIPMENT_STATES; from++) {
                        int r = transport_judge_order((enum shipment_state) from, (enum checkpoint) checkpoint,
                                                      &err);

                        if (from == (int) right[checkpoint] ||
                            (checkpoint == CHECKPOINT_TRANSIT && from == SHIPMENT_IN_TRANSIT))
                                assert_int_equal(r, 0);
                        else
                                must_refuse(r, &err, ERR_CONFLICT, "T4");
                }
        for (int checkpoint = 0; checkpoint + 1 < CHECKPOINTS; checkpoint++)
                assert_int_equal(transport_state_after((enum checkpoint) checkpoint), right[checkpoint + 1]);
        assert_int_equal(transport_state_after(CHECKPOINT_CONFIRMATION), SHIPMENT_CONFIRMED);
}

static void t3_t4_x1_people(void **state) {
        struct error err;

        (void) state;
        assert_int_equal(transport_judge_authorisation("olga", "carlos", true, false, &err), 0);
        assert_int_equal(transport_judge_authorisation("sara", "carlos", false, true, &err), 0);
        must_refuse(transport_judge_authorisation("sara", "sara", false, true, &err), &err, ERR_DENIED, "X1");
        must_refuse(transport_judge_authorisation("olga", "carlos", false, false, &err), &err, ERR_DENIED, "T3");
        must_refuse(transport_judge_authorisation("olga", "olga", true, false, &err), &err, ERR_DENIED, "X1");
        assert_int_equal(transport_judge_recipient("rosa", "rosa", &err), 0);
        must_refuse(transport_judge_recipient("ana", "rosa", &err), &err, ERR_DENIED, "T4");
        assert_int_equal(transport_judge_addressee("rosa", false, "", "2026-01-01", &err), 0);
        assert_int_equal(transport_judge_addressee("rosa", false, "2026-01-01", "2026-01-01", &err), 0);
        must_refuse(transport_judge_addressee("rosa", false, "2025-12-31", "2026-01-01", &err), &err, ERR_REFUSED,
                    "X4");
        must_refuse(transport_judge_addressee("rosa", true, "", "2026-01-01", &err), &err, ERR_REFUSED, "X4");
}

static void t5_seals(void **state) {
        const char *const placed[] = { "S1001", "S1002" };
        const char *const swapped[] = { "S1002", "S1001" };
        const char *const other[] = { "S1001", "S1003" };
        const char *const twice[] = { "S1001", "S1001" };
        char plain[SEAL_TEXT];
        struct error err;

        (void) state;
        assert_int_equal(transport_seal_plain("s-0091", plain, &err), 0);
        assert_string_equal(plain, "S0091");
        assert_int_equal(transport_seal_plain("S'0091 ", plain, &err), 0);
        assert_string_equal(plain, "S0091");
        must_refuse(transport_seal_plain("--a1", plain, &err), &err, ERR_USAGE, "T5");
        must_refuse(transport_seal_plain("123456789012345678901", plain, &err), &err, ERR_USAGE, "T5");
        assert_string_equal(plain, "S0091");
        assert_true(transport_seals_match(placed, 2, swapped, 2));
        assert_false(transport_seals_match(placed, 2, other, 2));
        assert_false(transport_seals_match(placed, 2, twice, 2));
        assert_false(transport_seals_match(twice, 2, placed, 2));
        assert_false(transport_seals_match(placed, 2, placed, 1));
        assert_false(transport_seals_match(placed, 2, placed, 0));
}

/* U9, T5: every combination of what is seen of a medium that turned up. */
static void u9_what_turns_up(void **state) {
        enum { SEALED = 1, DAMAGED = 2, MUST = 4, SEEN = 8, SAME = 16 };

        (void) state;
        for (unsigned bits = 0; bits < 32; bits++) {
                const struct recovery_facts facts = { .sealed = bits & SEALED,
                                                      .damaged = bits & DAMAGED,
                                                      .must_be_seen = bits & MUST,
                                                      .seen = bits & SEEN,
                                                      .same = bits & SAME };
                const unsigned doubts = transport_recovery_doubts(&facts);
                /* A disk of ours is proven by its header; anything else by its seals alone. */
                const bool proven = (bits & (MUST | SEEN | SAME)) == (MUST | SEEN | SAME);
                const bool changed = bits & SEEN && !(bits & SAME);
                const bool trusted = !(bits & DAMAGED) && !changed && (bits & MUST ? proven : (bits & SEALED) != 0);

                assert_int_equal(transport_recovery_trusted(&facts, doubts), trusted);
                assert_int_equal(!(doubts & 1U << RECOVERY_SEAL), (bits & SEALED) != 0);
                assert_int_equal((doubts & 1U << RECOVERY_UNSEEN) != 0, bits & MUST && !(bits & SEEN));
        }
        /* A later look settles only that nobody had looked. */
        const struct recovery_facts later = { .sealed = true,
                                              .must_be_seen = true,
                                              .seen = true,
                                              .same = true,
                                              .earlier = 1U << RECOVERY_UNSEEN | 1U << RECOVERY_DAMAGED };

        assert_int_equal(transport_recovery_doubts(&later), 1U << RECOVERY_DAMAGED);
        assert_false(transport_recovery_trusted(&later, transport_recovery_doubts(&later)));
}

static void t6_documents_and_limit(void **state) {
        const int64_t hour = 3600 * SECOND;

        struct error err;

        (void) state;
        assert_int_equal(transport_judge_eta(NULL, "2026-01-01", &err), 0);
        assert_int_equal(transport_judge_eta("2026-01-01", "2026-01-01", &err), 0);
        must_refuse(transport_judge_eta("2025-12-31", "2026-01-01", &err), &err, ERR_REFUSED, "T6");
        assert_false(transport_is_late(0, 0, 24, 100 * DAY));
        assert_false(transport_is_late(hour, 0, 24, 25 * hour));
        assert_true(transport_is_late(hour, 0, 24, 25 * hour + 1));
        assert_false(transport_is_late(hour, 20 * hour, 24, 100 * DAY));
        assert_true(transport_is_late(hour, 26 * hour, 24, 100 * DAY));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(t1_means_by_category),
                cmocka_unit_test(t2_packaging),
                cmocka_unit_test(t2_label_and_verification),
                cmocka_unit_test(t7_never_in_clear),
                cmocka_unit_test(t4_every_wrong_order),
                cmocka_unit_test(t3_t4_x1_people),
                cmocka_unit_test(t5_seals),
                cmocka_unit_test(t6_documents_and_limit),
                cmocka_unit_test(u9_what_turns_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
