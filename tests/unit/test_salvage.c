/* How failing parts of a medium are passed by and looked at again, on a medium that is a list of bad stretches and
 * a clock that counts what failing costs. Proves S5 (exact to the block) and S7 (no area holds a job up for hours).
 */
#include "unit/test.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "sanitize/salvage.h"

enum { BLOCK = 512, REQUEST = 1 << 20 };
#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

struct sick {
        const struct area *bad;
        size_t bad_n;
        int64_t every; /* also bad: one block at each multiple of this, 0 none */
        int64_t cost;  /* microseconds of a failing attempt */
        int64_t attempts, failures, clock;
        struct areas reached;
        bool mend;       /* what was tried twice works */
        int64_t stop_at; /* failures before the device goes away; 0 never */
};

static bool is_bad(const struct sick *sick, int64_t offset, int64_t n) {
        for (size_t i = 0; i < sick->bad_n; i++)
                if (sick->bad[i].start < offset + n && offset < sick->bad[i].start + sick->bad[i].length)
                        return true;
        return sick->every && (offset + n - 1) / sick->every * sick->every + BLOCK > offset;
}

static int attempt(void *context, int64_t offset, size_t n, int64_t *ret_took, struct error *err) {
        struct sick *sick = context;

        sick->attempts++;
        if (!is_bad(sick, offset, (int64_t) n))
                return areas_add(&sick->reached, offset, (int64_t) n, err);
        sick->failures++;
        sick->clock += sick->cost;
        *ret_took = sick->cost;
        if (sick->stop_at && sick->failures >= sick->stop_at)
                return fail(err, ERR_NOT_FOUND, "se fue", "gone");
        return 1;
}

/* The engine's sweep and rest. */
static int run(struct sick *sick, int64_t size, struct areas *unreached, struct error *err) {
        struct salvage salvage = {
                .size = size, .block = BLOCK, .request = REQUEST, .context = sick, .attempt = attempt
        };
        _cleanup_areas_ struct areas later = { 0 };
        int r = 0;

        for (int64_t at = 0; r == 0 && at < size;) {
                int64_t n = size - at < REQUEST ? size - at : REQUEST, took = 0;

                r = attempt(sick, at, (size_t) n, &took, err);
                if (r == 0) {
                        salvage_reached(&salvage);
                        at += n;
                } else if (r == 1) {
                        r = salvage_failed(&salvage, at, n, took, &later, &at, err);
                }
        }
        if (r == 0)
                r = salvage_rest(&salvage, &later, unreached, err);
        if (r == 0)
                assert_int_equal(later.n, 0);
        return r;
}

/* Nothing is both, nothing is neither. */
static void assert_whole(const struct sick *sick, const struct areas *unreached, int64_t size) {
        _cleanup_areas_ struct areas all = { 0 };
        struct error err = { 0 };

        assert_int_equal(sick->reached.bytes + unreached->bytes, size);
        assert_int_equal(areas_join(&all, &sick->reached, &err), 0);
        assert_int_equal(areas_join(&all, unreached, &err), 0);
        assert_int_equal(all.n, 1);
        assert_int_equal(all.bytes, size);
}

static void test_single_blocks_are_exact(void **state) {
        static const struct area bad[] = { { 0, BLOCK },
                                           { 5 * MIB + 1536, BLOCK },
                                           { 5 * MIB + 900000 / 512 * 512, 2 * BLOCK },
                                           { 64 * MIB - BLOCK, BLOCK } };
        struct sick sick = { .bad = bad, .bad_n = COUNT(bad), .cost = 10000 };
        _cleanup_areas_ struct areas unreached = { 0 };
        struct error err = { 0 };

        (void) state;
        assert_int_equal(run(&sick, 64 * MIB, &unreached, &err), 0);
        assert_int_equal(unreached.n, COUNT(bad));
        for (size_t i = 0; i < COUNT(bad); i++) {
                assert_int_equal(unreached.list[i].start, bad[i].start);
                assert_int_equal(unreached.list[i].length, bad[i].length);
        }
        assert_whole(&sick, &unreached, 64 * MIB);
        assert_true(sick.failures < 50); /* of 131,072 blocks */
        areas_done(&sick.reached);
}

/* A scratch of 100 MiB in 4 GiB, each failure 1 s, as a disk takes it: minutes, not the 28 hours of its blocks; and
 * all that is sound is reached but a little beside it. */
static void test_scratch_is_passed_by(void **state) {
        static const struct area bad[] = { { GIB + 12345 * (int64_t) BLOCK, 100 * MIB } };
        struct sick sick = { .bad = bad, .bad_n = 1, .cost = 1000000 };
        _cleanup_areas_ struct areas unreached = { 0 };
        struct error err = { 0 };

        (void) state;
        assert_int_equal(run(&sick, 4 * GIB, &unreached, &err), 0);
        assert_whole(&sick, &unreached, 4 * GIB);
        assert_int_equal(unreached.n, 1);
        assert_true(unreached.list[0].start <= bad[0].start && unreached.bytes >= bad[0].length);
        assert_true(unreached.bytes < 102 * MIB);
        assert_true(sick.clock < 200 * INT64_C(1000000));
        areas_done(&sick.reached);
}

/* Nothing works at all, on 20 TB. */
static void test_dead_disk_ends_soon(void **state) {
        static const struct area bad[] = { { 0, 20000 * GIB } };
        struct sick slow = { .bad = bad, .bad_n = 1, .cost = 8000000 },
                    fast = { .bad = bad, .bad_n = 1, .cost = 500 };
        _cleanup_areas_ struct areas none = { 0 }, all = { 0 };
        struct error err = { 0 };

        (void) state;
        (void) run(&slow, 20000 * GIB, &none, &err);
        assert_true(slow.clock < 1000 * INT64_C(1000000));
        assert_int_equal(none.bytes, 20000 * GIB);
        (void) run(&fast, 20000 * GIB, &all, &err);
        assert_true(fast.clock < 100 * INT64_C(1000000));
        assert_int_equal(all.bytes, 20000 * GIB);
        assert_int_equal(slow.reached.n + fast.reached.n, 0);
}

/* A block in every 256 KiB: more stretches than a worn medium has. */
static void test_many_stretches_are_a_failed_medium(void **state) {
        struct sick sick = { .every = 256 << 10, .cost = 100 };
        _cleanup_areas_ struct areas unreached = { 0 };
        struct error err = { 0 };

        (void) state;
        assert_int_equal(run(&sick, GIB, &unreached, &err), ERR_VERIFY);
        assert_true(sick.failures < 10000);
        assert_whole(&sick, &unreached, GIB);
        areas_done(&sick.reached);
}

static void test_gone_in_the_middle(void **state) {
        static const struct area bad[] = { { 10 * MIB, 3 * MIB } };
        _cleanup_areas_ struct areas unreached = { 0 };
        struct error err = { 0 };

        (void) state;
        for (int64_t at = 1; at < 20; at += 3) {
                struct sick sick = { .bad = bad, .bad_n = 1, .cost = 1, .stop_at = at };

                assert_int_equal(run(&sick, 64 * MIB, &unreached, &err), ERR_NOT_FOUND);
                areas_done(&sick.reached);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_single_blocks_are_exact),
                cmocka_unit_test(test_scratch_is_passed_by),
                cmocka_unit_test(test_dead_disk_ends_soon),
                cmocka_unit_test(test_many_stretches_are_a_failed_medium),
                cmocka_unit_test(test_gone_in_the_middle),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
