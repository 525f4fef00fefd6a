/* X1, X4, A4, K2: each rule of accounts and authorisation broken by exactly one case, and the numbers at their
 * edges. */
#include "unit/test.h"

#include <string.h>

#include "base/cleanup.h"
#include "policy/access.h"

static const int64_t minute = 60 * SECOND, now = (int64_t) 1795000000 * SECOND;

static void must_refuse(int r, const struct error *err, int code, const char *rule) {
        assert_int_equal(r, code);
        assert_int_equal(err->code, code);
        assert_string_equal(err->rule, rule);
        assert_true(err->what[LANG_ES][0] && err->what[LANG_EN][0] && err->hint[LANG_ES][0]);
}

static struct access_account good_account(void) {
        return (struct access_account){ .name = "uma",
                                        .roles = ROLE_USER,
                                        .expires = "",
                                        .granted = now - 10 * DAY,
                                        .seen = now - DAY,
                                        .noted = true };
}

static void a4_roles_of_groups(void **state) {
        struct error err;

        (void) state;
        for (unsigned own = 0; own <= ROLE_ANY; own++)
                for (unsigned groups = 0; groups <= ROLE_ANY; groups++) {
                        unsigned roles = access_roles(own, groups);

                        if (own & ROLE_AUDITOR)
                                assert_int_equal(roles, ROLE_AUDITOR);
                        else
                                assert_int_equal(roles, (own | groups) & ~(unsigned) ROLE_AUDITOR);
                }
        assert_int_equal(access_judge_group(ROLE_OWNER, false, &err), 0);
        must_refuse(access_judge_group(ROLE_OWNER | ROLE_AUDITOR, false, &err), &err, ERR_REFUSED, "A4");
        must_refuse(access_judge_group(ROLE_OWNER, true, &err), &err, ERR_DENIED, "X1");
        must_refuse(access_judge_roles(ROLE_AUDITOR | ROLE_USER, &err), &err, ERR_REFUSED, "A4");
        assert_int_equal(access_judge_roles(ROLE_AUDITOR, &err), 0);
        must_refuse(access_judge_not_oneself("ana", "ana", &err), &err, ERR_DENIED, "X1");
        assert_int_equal(access_judge_not_oneself("ana", "anas", &err), 0);
}

static void x4_accounts(void **state) {
        struct access_account account = good_account();
        struct error err;

        (void) state;
        assert_int_equal(access_judge_account(&account, now, now, &err), 0);
        account.blocked = true;
        must_refuse(access_judge_account(&account, now, now, &err), &err, ERR_DENIED, "X4");
        account = good_account();
        account.locked = now - 300 * DAY;
        account.cause = CAUSE_ATTEMPTS;
        must_refuse(access_judge_account(&account, now, now, &err), &err, ERR_DENIED, "X4");
        account = good_account();
        account.expires = "2026-11-18"; /* now is that day */
        assert_int_equal(access_judge_account(&account, now, now, &err), 0);
        must_refuse(access_judge_account(&account, now + DAY, now + DAY, &err), &err, ERR_DENIED, "X4");
        /* The clock was set back: what is known decides. */
        must_refuse(access_judge_account(&account, now, now + DAY, &err), &err, ERR_DENIED, "X4");
        account = good_account();
        account.seen = now - 90 * DAY;
        assert_int_equal(access_judge_account(&account, now, now, &err), 0);
        must_refuse(access_judge_account(&account, now + 1, now + 1, &err), &err, ERR_DENIED, "X4");
        account.noted = false;
        assert_int_equal(access_judge_account(&account, now + 1, now + 1, &err), 0);
        account.noted = account.only_one = true;
        assert_int_equal(access_judge_account(&account, now + 1, now + 1, &err), 0);
}

static void x4_the_only_administrators_lock_ends(void **state) {
        struct access_account account = good_account();

        (void) state;
        account.roles = ROLE_SECURITY;
        account.locked = now;
        account.cause = CAUSE_ATTEMPTS;
        account.only_one = true;
        assert_false(access_lock_over(&account, now + 30 * minute - 1));
        assert_true(access_lock_over(&account, now + 30 * minute));
        assert_false(access_lock_over(&account, now - DAY));
        account.only_one = false;
        assert_false(access_lock_over(&account, now + 300 * DAY));
        account.only_one = true;
        account.cause = CAUSE_IDLE;
        assert_false(access_lock_over(&account, now + 300 * DAY));
}

static void a4_auditors_end(void **state) {
        struct access_account account = good_account();
        struct error err;

        (void) state;
        account.roles = ROLE_AUDITOR;
        account.granted = now;
        account.expires = "2026-12-18"; /* thirty days on */
        assert_int_equal(access_judge_account(&account, now, now, &err), 0);
        account.expires = "2026-12-19";
        must_refuse(access_judge_account(&account, now, now, &err), &err, ERR_DENIED, "A4");
        account.expires = "";
        must_refuse(access_judge_account(&account, now, now, &err), &err, ERR_DENIED, "A4");
}

static void x1_a4_acts(void **state) {
        struct access_act act = { .noun = "media", .name = "list", .roles = ROLE_ANY };
        struct error err;

        (void) state;
        assert_int_equal(access_judge_act("aud", ROLE_AUDITOR, &act, &err), 0);
        act.writes = true;
        must_refuse(access_judge_act("aud", ROLE_AUDITOR, &act, &err), &err, ERR_DENIED, "A4");
        assert_int_equal(access_judge_act("uma", ROLE_USER, &act, &err), 0);
        act.bulk = true;
        assert_int_equal(access_judge_act("aud", ROLE_AUDITOR, &act, &err), 0);
        act.export = true;
        must_refuse(access_judge_act("aud", ROLE_AUDITOR, &act, &err), &err, ERR_DENIED, "A4");
        assert_int_equal(access_judge_act("uma", ROLE_USER, &act, &err), 0);
        act.roles = ROLE_SECURITY;
        must_refuse(access_judge_act("uma", ROLE_USER, &act, &err), &err, ERR_DENIED, "X1");
        must_refuse(access_judge_act("nobody", 0, &act, &err), &err, ERR_DENIED, "X1");
        act.makes_store = true;
        must_refuse(access_judge_act("sara", ROLE_SECURITY, &act, &err), &err, ERR_DENIED, "X1");
}

static void k2_attempts(void **state) {
        static const int64_t locks_at[CATEGORIES] = { 6, 6, 4 };

        (void) state;
        for (int category = 0; category < CATEGORIES; category++)
                for (int64_t before = 0; before < 8; before++) {
                        struct access_failure f = access_fail(before, now, now + SECOND, (enum category) category);

                        assert_int_equal(f.failed, before + 1);
                        assert_int_equal(f.alert, before + 1 == 4);
                        assert_int_equal(f.lock, before + 1 >= locks_at[category]);
                }
        assert_int_equal(access_fail(3, now, now + DAY, CATEGORY_ALTA).failed, 4);
        assert_int_equal(access_fail(3, now, now + DAY + 1, CATEGORY_ALTA).failed, 1);
        assert_int_equal(access_fail(3, now, now - 9 * DAY, CATEGORY_ALTA).failed, 4);
}

static void x2_floods(void **state) {
        int64_t since = 0;

        (void) state;
        assert_true(access_flood_record(0, 0, now, &since));
        assert_int_equal(since, now);
        assert_true(access_flood_record(2, now, now + minute, &since));
        assert_int_equal(since, now);
        assert_false(access_flood_record(3, now, now + minute, &since));
        assert_false(access_flood_record(3, now, now - DAY, &since));
        assert_true(access_flood_record(3, now, now + 60 * minute, &since));
        assert_int_equal(since, now + 60 * minute);
        assert_true(access_is_news(0, now));
        assert_false(access_is_news(now, now + 60 * minute));
        assert_true(access_is_news(now, now + 60 * minute + 1));
}

static void x4_sessions(void **state) {
        (void) state;
        assert_int_equal(session_limit_check(now, now), SESSION_FRESH);
        assert_int_equal(session_limit_check(now, now + 465 * minute - 1), SESSION_FRESH);
        assert_int_equal(session_limit_check(now, now + 465 * minute), SESSION_WARN);
        assert_int_equal(session_limit_check(now, now + 480 * minute - 1), SESSION_WARN);
        assert_int_equal(session_limit_check(now, now + 480 * minute), SESSION_OVER);
        assert_int_equal(session_limit_check(now, now - 1), SESSION_OVER);
}

static void every_number_says_where_it_comes_from(void **state) {
        (void) state;
        for (size_t i = 0; i < ACCESS_LIMITS; i++) {
                assert_true(access_limits[i].value > 0 && access_limits[i].source[0]);
                assert_true(access_limits[i].what.es[0] && access_limits[i].what.en[0]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a4_roles_of_groups),
                cmocka_unit_test(x4_accounts),
                cmocka_unit_test(x4_the_only_administrators_lock_ends),
                cmocka_unit_test(a4_auditors_end),
                cmocka_unit_test(x1_a4_acts),
                cmocka_unit_test(k2_attempts),
                cmocka_unit_test(x2_floods),
                cmocka_unit_test(x4_sessions),
                cmocka_unit_test(every_number_says_where_it_comes_from),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
