/* The representative sampling of SP 800-88 Rev. 1 (S4): its places, what they find, and the look at a device. */
#include "unit/loop.h"

#include <errno.h>

#include "base/cleanup.h"
#include "device/gate.h"
#include "sanitize/overwrite.h"
#include "verifier/verifier.h"

enum { MIB = 1 << 20 };
static const uint8_t seed[SAMPLING_SEED] = { 1, 2, 3 }, other[SAMPLING_SEED] = { 1, 2, 4 };

static const struct {
        int64_t size;
        size_t block;
} media[] = {
        { 512, 512 },
        { 1, 512 },
        { 999 * 512, 512 },
        { 2000 * 512, 512 },
        { 2000 * 512 + 7, 512 },
        { 2001 * 4096, 4096 },
        { 20999 * 512, 512 },
        { 21001 * 512 + 333, 512 },
        { 64 * MIB, 512 },
        { 64 * MIB, 4096 },
        { 977 * (int64_t) MIB + 4096, 4096 },
        { INT64_C(20) << 40, 4096 },
};

/* Bytes of one subsection that places cover. */
static int64_t covered(const struct areas *places, int64_t from, int64_t to) {
        int64_t sum = 0;

        for (size_t i = 0; i < places->n; i++) {
                int64_t start = places->list[i].start, end = start + places->list[i].length;

                start = start > from ? start : from;
                end = end < to ? end : to;
                sum += end > start ? end - start : 0;
        }
        return sum;
}

static void check_rule(const struct areas *places, int64_t size, size_t block) {
        const int64_t b = (int64_t) block, total = (size + b - 1) / b;
        const struct area *last = &places->list[places->n - 1];

        assert_int_equal(places->list[0].start, 0);
        assert_true(places->list[0].length >= (b < size ? b : size));
        assert_int_equal(last->start + last->length, size);
        for (size_t i = 1; i < places->n; i++)
                assert_true(places->list[i].start > places->list[i - 1].start + places->list[i - 1].length);
        assert_true(places->bytes * 10 >= size);
        for (int64_t s = 0; s < SAMPLING_SECTIONS && total >= 2 * SAMPLING_SECTIONS; s++) {
                int64_t from = total * s / SAMPLING_SECTIONS, to = total * (s + 1) / SAMPLING_SECTIONS;
                int64_t end = to * b < size ? to * b : size, got = covered(places, from * b, end);

                /* Two samples of 5 % that don't overlap are 10 %; the ends may add a block each. */
                assert_true(got * 10 >= end - from * b);
                assert_true(got <= (2 * (((to - from) * 5 + 99) / 100) + 2) * b);
        }
}

static void test_places(void **state) {
        struct error err = { 0 };

        (void) state;
        for (size_t i = 0; i < COUNT(media); i++) {
                _cleanup_areas_ struct areas first = { 0 }, again = { 0 }, different = { 0 };

                assert_int_equal(sampling_places(media[i].size, media[i].block, seed, &first, &err), 0);
                assert_int_equal(sampling_places(media[i].size, media[i].block, seed, &again, &err), 0);
                assert_int_equal(sampling_places(media[i].size, media[i].block, other, &different, &err), 0);
                check_rule(&first, media[i].size, media[i].block);
                assert_int_equal(first.n, again.n);
                assert_memory_equal(first.list, again.list, first.n * sizeof *first.list);
                if (media[i].size >= 64 * MIB)
                        assert_true(first.n != different.n ||
                                    memcmp(first.list, different.list, first.n * sizeof *first.list) != 0);
                if (!sampling_fits(media[i].size, media[i].block))
                        assert_int_equal(first.bytes, media[i].size);
        }
}

/* mpsi-verify-wipe draws the same places by code of its own. */
static void test_other_program(void **state) {
        struct error err = { 0 };

        (void) state;
        for (size_t i = 0; i < COUNT(media); i++) {
                _cleanup_areas_ struct areas ours = { 0 };
                struct place *theirs = NULL;
                struct says why;
                size_t n = 0;

                assert_int_equal(sampling_places(media[i].size, media[i].block, other, &ours, &err), 0);
                assert_int_equal(sample_places(media[i].size, (int64_t) media[i].block, other, &theirs, &n, &why),
                                 0);
                assert_int_equal(n, ours.n);
                for (size_t p = 0; p < n; p++) {
                        assert_int_equal(theirs[p].start, ours.list[p].start);
                        assert_int_equal(theirs[p].length, ours.list[p].length);
                }
                free(theirs);
        }
}

/* The probability is exact: held against every place that a bad stretch could lie at. */
static void test_detection(void **state) {
        const int64_t block = 512, total = 30011, size = total * block;
        static const int64_t stretches[] = { 1, 2, 7, 30, 47, 100, 30011 };
        _cleanup_free_ bool *read = calloc((size_t) total, sizeof *read);
        _cleanup_areas_ struct areas places = { 0 };
        struct error err = { 0 };
        int64_t gap = 0, longest = 0;

        (void) state;
        assert_non_null(read);
        assert_int_equal(sampling_places(size, (size_t) block, seed, &places, &err), 0);
        for (size_t i = 0; i < places.n; i++)
                for (int64_t at = places.list[i].start; at < places.list[i].start + places.list[i].length;
                     at += block)
                        read[at / block] = true;
        for (int64_t i = 0; i < total; i++) {
                gap = read[i] ? 0 : gap + 1;
                longest = gap > longest ? gap : longest;
        }
        assert_int_equal(sampling_longest_gap(&places, size), longest * block);
        for (size_t s = 0; s < COUNT(stretches); s++) {
                int64_t found = 0, starts = total - stretches[s] + 1;

                for (int64_t at = 0; at < starts; at++) {
                        bool hit = false;

                        for (int64_t i = 0; i < stretches[s] && !hit; i++)
                                hit = read[at + i];
                        found += hit;
                }
                assert_int_equal(sampling_detection(&places, size, (size_t) block, stretches[s] * block),
                                 (int64_t) ((double) found * 1e6 / (double) starts));
        }
        assert_int_equal(sampling_detection(&places, size, (size_t) block, (longest + 1) * block), 1000000);
        assert_true(sampling_detection(&places, size, (size_t) block, block) >= 100000);
}

/* --- on a device -------------------------------------------------------------------------------------------------
 */

static void spoil(const char *path, int64_t offset) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        uint8_t byte;

        assert_int_equal(pread(fd, &byte, 1, offset), 1);
        byte ^= 0x20;
        assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
        assert_int_equal(fsync(fd), 0);
        close(fd);
}

static void prepare(struct overwrite *overwrite, const struct loop *loop) {
        struct device_facts facts;
        struct error err = { 0 };

        *overwrite = (struct overwrite){ .technique = &technique_complement, .seed = { 7 } };
        assert_int_equal(device_facts_read(loop->image, NULL, &facts, &err), 0);
        assert_int_equal(device_open(&facts, DEVICE_OPEN_WRITE | DEVICE_OPEN_DIRECT, &overwrite->fd, &err), 0);
        overwrite->size = facts.size;
        overwrite->block = (size_t) facts.logical_block;
}

/* A spoiled byte inside a sample is found to its block; one outside is what sampling can't see, and full can. */
static void test_sampled_verification(void **state) {
        struct overwrite overwrite;
        struct error err = { 0 };
        struct loop loop;
        int64_t seen, unseen;

        (void) state;
        loop_image(&loop, "/tmp", 9 * MIB + 333, "HISTORIA-CLINICA");
        prepare(&overwrite, &loop);
        overwrite.sampled = true;
        memcpy(overwrite.sample_seed, seed, sizeof seed);
        assert_int_equal(overwrite_run(&overwrite, &err), 0);
        assert_int_equal(overwrite.unverified.n, 0);
        assert_int_equal(overwrite.verified, overwrite.samples.bytes);
        assert_true(overwrite.verified < overwrite.size / 5 && overwrite.verified * 10 >= overwrite.size);
        seen = overwrite.samples.list[500].start + 3;
        unseen = overwrite.samples.list[700].start + overwrite.samples.list[700].length + 1;
        spoil(loop.image, unseen);
        assert_int_equal(overwrite_verify(&overwrite, &err), 0);
        assert_int_equal(overwrite.unverified.n, 0);
        spoil(loop.image, seen);
        spoil(loop.image, 9 * MIB + 332);
        assert_int_equal(overwrite_verify(&overwrite, &err), 0);
        assert_int_equal(overwrite.unverified.n, 2);
        assert_int_equal(overwrite.unverified.list[0].start,
                         seen / (int64_t) overwrite.block * (int64_t) overwrite.block);
        assert_int_equal(overwrite.unverified.list[0].length, overwrite.block);
        areas_done(&overwrite.unverified);
        overwrite.sampled = false;
        assert_int_equal(overwrite_verify(&overwrite, &err), 0);
        assert_int_equal(overwrite.unverified.n, 3);
        close(overwrite.fd);
        overwrite_done(&overwrite);
        loop_done(&loop);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_places),
                cmocka_unit_test(test_other_program),
                cmocka_unit_test(test_detection),
                cmocka_unit_test(test_sampled_verification),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
