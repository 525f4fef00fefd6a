/* C9, S6: what the guard's hand would map, whatever a worker asks of it; and whose a mapping is. */
#include <string.h>

#include "unit/test.h"

#include "device/mapping.h"

enum { DISK = 64 << 20 };

static const struct mapping_plan sound = { .medium = "HQ00000042K",
                                           .path = "/dev/sdb",
                                           .key = "mpsi:HQ00000042K:12:345",
                                           .offset = 16 << 20,
                                           .key_bytes = 64,
                                           .sector_size = 4096 };

static void refuses(const struct mapping_plan *plan) {
        struct error err;

        assert_int_equal(mapping_check(plan, DISK, &err), ERR_USAGE);
}

static void s6_only_a_sound_plan_is_carried_out(void **state) {
        static const int64_t offsets[] = { 0, -4096, 512, (16 << 20) + 1, DISK, DISK + 4096, INT64_MAX, INT64_MIN };
        static const int32_t keys[] = { 0, -32, 16, 33, 48, 128 }, sectors[] = { 0, 256, 1024, 8192, -512 };
        struct mapping_plan plan = sound;
        struct error err;

        (void) state;
        assert_int_equal(mapping_check(&plan, DISK, &err), 0);
        for (size_t i = 0; i < COUNT(offsets); i++, plan = sound) {
                plan.offset = offsets[i];
                refuses(&plan);
        }
        for (size_t i = 0; i < COUNT(keys); i++, plan = sound) {
                plan.key_bytes = keys[i];
                refuses(&plan);
        }
        for (size_t i = 0; i < COUNT(sectors); i++, plan = sound) {
                plan.sector_size = sectors[i];
                refuses(&plan);
        }
        plan = sound;
        assert_int_equal(mapping_check(&plan, 0, &err), ERR_USAGE);
        assert_int_equal(mapping_check(&plan, (16 << 20) + 512, &err), ERR_USAGE);
}

/* Its names become a table of the device mapper's, in which a space is a new word. */
static void s6_no_text_gets_into_the_table(void **state) {
        static const char *const media[] = { "", "hq1", "HQ 1", "HQ/1", "../X", "HQ-1", "ABCDEFGHIJKLMNOP" };
        static const char *const names[] = { "", "mpsi:", "user:X1", "mpsi:a b", "mpsi:a 0 8:0 0", "mpsi:\n" };
        struct mapping_plan plan = sound;

        (void) state;
        for (size_t i = 0; i < COUNT(media); i++, plan = sound) {
                memset(plan.medium, 0, sizeof plan.medium);
                memcpy(plan.medium, media[i], strlen(media[i]));
                refuses(&plan);
        }
        for (size_t i = 0; i < COUNT(names); i++, plan = sound) {
                memset(plan.key, 0, sizeof plan.key);
                memcpy(plan.key, names[i], strlen(names[i]));
                refuses(&plan);
        }
        memset(plan.medium, 'A', sizeof plan.medium); /* without an end */
        refuses(&plan);
        plan = sound;
        memset(plan.path, '/', sizeof plan.path);
        refuses(&plan);
        plan = sound;
        plan.path[0] = 's';
        refuses(&plan);
}

static void c9_a_mapping_names_its_user(void **state) {
        static const char *const others[] = { "",
                                              "mpsi-",
                                              "mpsi--1-X",
                                              "mpsi-x-1",
                                              "mpsi-12",
                                              "CRYPT-LUKS2-1000-X",
                                              "mpsi-4294967295-X-1",
                                              "mpsi-99999999999999999999-X-1" };
        uid_t uid = 7;

        (void) state;
        assert_true(mapping_uuid_user("mpsi-1000-HQ00000042K-1a2b", &uid));
        assert_int_equal(uid, 1000);
        assert_true(mapping_uuid_user("mpsi-0-HQ00000042K-1a2b", &uid));
        assert_int_equal(uid, 0);
        for (size_t i = 0; i < COUNT(others); i++)
                assert_false(mapping_uuid_user(others[i], &uid));
}

/* Another process makes them: nothing is done here, and its word is what the caller gets. */
static int asked;
static int open_elsewhere(const struct mapping_plan *plan, struct error *err) {
        asked++;
        return plan->read_only ? 0 : fail(err, ERR_BUSY, "ocupado", "busy");
}
static int close_elsewhere(const char *medium, enum mapping_cut cut, struct error *err) {
        (void) err;
        asked++;
        return strcmp(medium, "HQ1") == 0 && cut == MAPPING_FLUSH ? 0 : ERR_NOT_FOUND;
}

static void c9_somebody_else_has_the_power(void **state) {
        static const struct mapping_power power = { open_elsewhere, close_elsewhere };
        struct mapping_plan plan = sound;
        struct error err;

        (void) state;
        mapping_by(&power);
        assert_int_equal(mapping_open(&plan, &err), ERR_BUSY);
        plan.read_only = true;
        assert_int_equal(mapping_open(&plan, &err), 0);
        assert_int_equal(mapping_close("HQ1", MAPPING_FLUSH, &err), 0);
        assert_int_equal(mapping_close("HQ1", MAPPING_ASK, &err), ERR_NOT_FOUND);
        assert_int_equal(asked, 4);
        mapping_by(NULL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(s6_only_a_sound_plan_is_carried_out),
                cmocka_unit_test(s6_no_text_gets_into_the_table),
                cmocka_unit_test(c9_a_mapping_names_its_user),
                cmocka_unit_test(c9_somebody_else_has_the_power),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
