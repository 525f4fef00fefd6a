/* U1, U2, U3, U4, U9, X1, X4: each rule broken by exactly one case. */
#include "unit/test.h"

#include <string.h>

#include "base/cleanup.h"
#include "policy/custody.h"

static void must_refuse(int r, const struct error *err, int code, const char *rule) {
        assert_int_equal(r, code);
        assert_int_equal(err->code, code);
        assert_string_equal(err->rule, rule);
        assert_true(err->what[LANG_ES][0] && err->what[LANG_EN][0] && err->hint[LANG_ES][0]);
}

static struct place good_place(void) {
        return (struct place){ .code = "HQ-S03-A12-E04-P023",
                               .storage = STORAGE_FIRE_CABINET,
                               .level = CATEGORY_MEDIA,
                               .section = CLASS_CONFIDENCIAL,
                               .capacity = 2,
                               .occupied = 1 };
}

static void u1_storage_by_level(void **state) {
        static const enum storage least[CATEGORIES] = { STORAGE_LOCKED_CABINET, STORAGE_FIRE_CABINET,
                                                        STORAGE_VAULT };
        struct error err;

        (void) state;
        for (int level = 0; level < CATEGORIES; level++)
                for (int storage = 0; storage < STORAGES; storage++) {
                        struct place place = good_place();
                        int r;

                        place.level = (enum category) level;
                        place.storage = (enum storage) storage;
                        r = custody_judge_place(&place, &err);
                        if (storage >= (int) least[level])
                                assert_int_equal(r, 0);
                        else
                                must_refuse(r, &err, ERR_REFUSED, "U1");
                }
}

static void u1_u2_placement(void **state) {
        struct place place = good_place();
        struct error err;

        (void) state;
        assert_int_equal(custody_judge_placement(&place, "HQ00000042K", CATEGORY_MEDIA, CLASS_CONFIDENCIAL, &err),
                         0);
        assert_int_equal(custody_judge_placement(&place, "HQ00000042K", CATEGORY_BASICA, CLASS_CONFIDENCIAL, &err),
                         0);
        must_refuse(custody_judge_placement(&place, "HQ00000042K", CATEGORY_ALTA, CLASS_CONFIDENCIAL, &err), &err,
                    ERR_REFUSED, "U1");
        for (int section = 0; section < CLASSIFICATIONS; section++)
                if (section != CLASS_CONFIDENCIAL)
                        must_refuse(custody_judge_placement(&place, "HQ00000042K", CATEGORY_MEDIA,
                                                            (enum classification) section, &err),
                                    &err, ERR_REFUSED, "U2");
        place.occupied = 2;
        must_refuse(custody_judge_placement(&place, "HQ00000042K", CATEGORY_MEDIA, CLASS_CONFIDENCIAL, &err), &err,
                    ERR_REFUSED, "U2");
        assert_non_null(strstr(err.what[LANG_EN], "2 of 2"));
        /* A level promised over a storage that can't carry it is no better than its storage. */
        place = good_place();
        place.storage = STORAGE_LOCKED_CABINET;
        must_refuse(custody_judge_placement(&place, "HQ00000042K", CATEGORY_MEDIA, CLASS_CONFIDENCIAL, &err), &err,
                    ERR_REFUSED, "U1");
}

static void u4_x4_borrower(void **state) {
        const struct borrower good = { "ana", false, "2026-11-23", "2026-11-23", NULL };
        struct borrower b = good;
        struct error err;

        (void) state;
        assert_int_equal(custody_judge_borrower(&b, "2026-11-23", &err), 0);
        b.expires = b.trained_until = "";
        assert_int_equal(custody_judge_borrower(&b, "2026-11-23", &err), 0);
        b = good;
        b.blocked = true;
        must_refuse(custody_judge_borrower(&b, "2026-11-23", &err), &err, ERR_REFUSED, "X4");
        b = good;
        b.expires = "2026-11-22";
        must_refuse(custody_judge_borrower(&b, "2026-11-23", &err), &err, ERR_REFUSED, "X4");
        b = good;
        b.trained_until = "2026-11-22";
        must_refuse(custody_judge_borrower(&b, "2026-11-23", &err), &err, ERR_REFUSED, "U4");
        b = good;
        b.overdue_loan = "P000007";
        must_refuse(custody_judge_borrower(&b, "2026-11-23", &err), &err, ERR_REFUSED, "U4");
        assert_non_null(strstr(err.what[LANG_ES], "P000007"));
}

static void u4_dates(void **state) {
        struct error err;

        (void) state;
        assert_int_equal(custody_judge_due("2026-11-23", "2026-11-23", &err), 0);
        must_refuse(custody_judge_due("2026-11-22", "2026-11-23", &err), &err, ERR_REFUSED, "U4");
        assert_int_equal(custody_judge_extension("2026-11-20", "2026-11-30", "2026-11-23", &err), 0);
        must_refuse(custody_judge_extension("2026-11-30", "2026-11-30", "2026-11-23", &err), &err, ERR_REFUSED,
                    "U4");
        must_refuse(custody_judge_extension("2026-11-20", "2026-11-21", "2026-11-23", &err), &err, ERR_REFUSED,
                    "U4");
}

static void u3_x1_decision(void **state) {
        struct error err;

        (void) state;
        assert_int_equal(custody_judge_decision("olga", "olga", "ana", "ana", &err), 0);
        must_refuse(custody_judge_decision("pedro", "olga", "ana", "ana", &err), &err, ERR_DENIED, "U3");
        must_refuse(custody_judge_decision("olga", "olga", "olga", "ana", &err), &err, ERR_DENIED, "X1");
        must_refuse(custody_judge_decision("olga", "olga", "ana", "olga", &err), &err, ERR_DENIED, "X1");
}

static void x1_handover(void **state) {
        struct error err;

        (void) state;
        assert_int_equal(custody_judge_handover("carlos", "ana", NULL, &err), 0);
        assert_int_equal(custody_judge_handover("carlos", "ana", "sara", &err), 0);
        must_refuse(custody_judge_handover("ana", "ana", NULL, &err), &err, ERR_DENIED, "X1");
        must_refuse(custody_judge_handover("carlos", "ana", "carlos", &err), &err, ERR_DENIED, "X1");
        must_refuse(custody_judge_handover("carlos", "ana", "ana", &err), &err, ERR_DENIED, "X1");
}

static void u3_integrity(void **state) {
        const struct integrity out = { "aa", "u1", "S0091" };
        struct integrity in = out;

        (void) state;
        assert_int_equal(custody_compare_integrity(&out, &in), INTEGRITY_SAME);
        in.digest = "ab";
        assert_int_equal(custody_compare_integrity(&out, &in), INTEGRITY_HEADER);
        in = out;
        in.luks_uuid = "u2";
        assert_int_equal(custody_compare_integrity(&out, &in), INTEGRITY_HEADER);
        in = out;
        in.seal = "S0092";
        assert_int_equal(custody_compare_integrity(&out, &in), INTEGRITY_SEAL);
        in.digest = "";
        assert_int_equal(custody_compare_integrity(&out, &in), INTEGRITY_HEADER | INTEGRITY_SEAL);
}

static void u9_closing(void **state) {
        struct error err;

        (void) state;
        assert_int_equal(custody_judge_closing(ROLE_SECURITY, false, false, &err), 0);
        assert_int_equal(custody_judge_closing(ROLE_SECURITY, true, true, &err), 0);
        must_refuse(custody_judge_closing(ROLE_ANY & ~(unsigned) ROLE_SECURITY, false, false, &err), &err,
                    ERR_DENIED, "U9");
        must_refuse(custody_judge_closing(ROLE_SECURITY, true, false, &err), &err, ERR_REFUSED, "U9");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(u1_storage_by_level), cmocka_unit_test(u1_u2_placement),
                cmocka_unit_test(u4_x4_borrower),      cmocka_unit_test(u4_dates),
                cmocka_unit_test(u3_x1_decision),      cmocka_unit_test(u3_integrity),
                cmocka_unit_test(x1_handover),         cmocka_unit_test(u9_closing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
