/* Shares of a key (C4, C5): every subset of m gives it, fewer nothing, and a share that does not belong is named.
 */
#include "unit/test.h"

#include <stdio.h>
#include <string.h>

#include "keys/shares.h"
#include "policy/ceremony.h"

static const uint8_t ceremony[SHARE_CEREMONY] = "ceremony", other_ceremony[SHARE_CEREMONY] = "ceremonz";

static struct secret *key_of(size_t size) {
        struct secret *key = NULL;
        struct error err;

        assert_int_equal(secret_random(size, &key, &err), 0);
        return key;
}

static void done(struct share *shares, unsigned n) {
        for (unsigned i = 0; i < n; i++)
                share_done(&shares[i]);
}

/* 2-of-3 made by hand: secret 0x53, slope 0xca; 0xca * 2 is 0x8f under AES's polynomial (FIPS 197 §4.2). */
static void a_known_line_gives_its_secret(void **state) {
        _cleanup_secret_ struct secret *back = NULL;
        struct share shares[2];
        struct error err;

        (void) state;
        for (uint8_t i = 0; i < 2; i++) {
                shares[i] = (struct share){ .index = (uint8_t) (i + 1), .threshold = 2, .total = 3 };
                assert_int_equal(secret_new(16, &shares[i].value, &err), 0);
                memset(shares[i].value->data, i == 0 ? 0x53 ^ 0xca : 0x53 ^ 0x8f, 16);
        }
        assert_int_equal(shares_combine(shares, 2, &back, &err), 0);
        for (size_t b = 0; b < 16; b++)
                assert_int_equal(back->data[b], 0x53);
        done(shares, 2);
}

/* Every m-of-n with n up to 6, and every subset of m of them; then 16 of 16. */
static void every_subset_of_m_gives_the_key(void **state) {
        static const size_t sizes[] = { 16, 32, 48, 64 };
        size_t tried = 0;

        (void) state;
        for (unsigned n = 2; n <= 6; n++)
                for (unsigned m = 2; m <= n; m++) {
                        _cleanup_secret_ struct secret *key = key_of(sizes[(n + m) % 4]);
                        struct share shares[6];
                        struct error err;

                        assert_int_equal(shares_split(key, m, n, ceremony, shares, &err), 0);
                        for (unsigned set = 0; set < 1U << n; set++) {
                                struct secret *back = NULL;
                                struct share chosen[6];
                                size_t k = 0;
                                int r;

                                for (unsigned i = n; i > 0; i--)
                                        if (set >> (i - 1) & 1)
                                                chosen[k++] = shares[i - 1];
                                r = shares_combine(chosen, k, &back, &err);
                                if (k < m) {
                                        assert_int_equal(r, ERR_USAGE);
                                        assert_null(back);
                                        continue;
                                }
                                assert_int_equal(r, 0);
                                assert_int_equal(back->size, key->size);
                                assert_memory_equal(back->data, key->data, key->size);
                                secret_free(back);
                                tried++;
                        }
                        done(shares, n);
                }
        assert_int_equal(tried, 201);
}

static void the_most_shares_work_too(void **state) {
        _cleanup_secret_ struct secret *key = key_of(32), *back = NULL;
        struct share shares[SHARES_MOST];
        struct error err;

        (void) state;
        assert_int_equal(shares_split(key, 16, 16, ceremony, shares, &err), 0);
        assert_int_equal(shares_combine(shares, 16, &back, &err), 0);
        assert_memory_equal(back->data, key->data, 32);
        done(shares, 16);
}

/* With m - 1 shares every key is as likely as any other: each of the 256 values of a byte of the missing share
 * gives another byte of the key, so all are possible. */
static void fewer_than_m_say_nothing(void **state) {
        _cleanup_secret_ struct secret *key = key_of(32);
        struct share shares[5];
        bool seen[256] = { false };
        struct error err;

        (void) state;
        assert_int_equal(shares_split(key, 3, 5, ceremony, shares, &err), 0);
        for (unsigned guess = 0; guess < 256; guess++) {
                struct secret *back = NULL;

                shares[2].value->data[7] = (uint8_t) guess;
                assert_int_equal(shares_combine(shares, 3, &back, &err), 0);
                assert_false(seen[back->data[7]]);
                seen[back->data[7]] = true;
                secret_free(back);
        }
        done(shares, 5);
}

/* The same key split twice gives shares that have nothing in common. */
static void shares_are_random(void **state) {
        _cleanup_secret_ struct secret *key = key_of(32);
        struct share one[3], two[3];
        struct error err;

        (void) state;
        assert_int_equal(shares_split(key, 2, 3, ceremony, one, &err), 0);
        assert_int_equal(shares_split(key, 2, 3, ceremony, two, &err), 0);
        for (unsigned i = 0; i < 3; i++) {
                assert_memory_not_equal(one[i].value->data, two[i].value->data, 32);
                assert_memory_not_equal(one[i].value->data, key->data, 32);
        }
        done(one, 3);
        done(two, 3);
}

static void numbers_out_of_range_are_refused(void **state) {
        static const unsigned bad[][2] = { { 0, 3 }, { 1, 3 }, { 4, 3 }, { 2, 17 }, { 17, 17 }, { 0, 0 } };
        _cleanup_secret_ struct secret *key = key_of(32), *odd = key_of(33);
        struct share shares[SHARES_MOST + 1];
        struct error err;

        (void) state;
        for (size_t i = 0; i < COUNT(bad); i++)
                assert_int_equal(shares_split(key, bad[i][0], bad[i][1], ceremony, shares, &err), ERR_USAGE);
        assert_int_equal(shares_split(odd, 2, 3, ceremony, shares, &err), ERR_USAGE);
        assert_int_equal(ceremony_judge(2, 3, &err), 0);
        assert_int_equal(ceremony_judge(16, 16, &err), 0);
        assert_int_equal(ceremony_judge(1, 3, &err), ERR_REFUSED);
        assert_string_equal(err.rule, "C5.1");
        assert_int_equal(ceremony_judge(4, 3, &err), ERR_REFUSED);
        assert_int_equal(ceremony_judge(2, 2, &err), ERR_REFUSED);
        assert_int_equal(ceremony_judge(2, 17, &err), ERR_REFUSED);
}

static void a_share_comes_back_from_text_and_words(void **state) {
        (void) state;
        for (size_t size = SHARE_SECRET_LEAST; size <= SHARE_SECRET_MOST; size += 16) {
                _cleanup_secret_ struct secret *key = key_of(size);
                struct share shares[3];
                struct error err;

                assert_int_equal(shares_split(key, 2, 3, ceremony, shares, &err), 0);
                for (int how = 0; how < 3; how++) {
                        _cleanup_share_ struct share back = { .value = NULL };
                        _cleanup_secret_ struct secret *said = NULL;
                        unsigned claimed = 0;
                        int r = how == 0 ? share_to_text(&shares[1], &said, &err)
                                         : share_to_words(&shares[1], how == 1 ? LANG_ES : LANG_EN, &said, &err);

                        assert_int_equal(r, 0);
                        if (share_read((const char *) said->data, said->size, &back, &claimed, &err) < 0)
                                fail_msg("%s", err.what[LANG_EN]);
                        assert_int_equal(back.index, 2);
                        assert_int_equal(back.threshold, 2);
                        assert_int_equal(back.total, 3);
                        assert_memory_equal(back.ceremony, ceremony, SHARE_CEREMONY);
                        assert_int_equal(back.value->size, size);
                        assert_memory_equal(back.value->data, shares[1].value->data, size);
                }
                done(shares, 3);
        }
}

static void make_deal(const struct share *shares, unsigned threshold, unsigned total, struct deal *deal) {
        static const char *const names[] = { "Ana Ruiz", "Blas Gil", "Carmen Sanz", "Diego Mora", "Eva Cano" };
        struct error err;

        *deal = (struct deal){ .threshold = threshold, .total = total };
        memcpy(deal->ceremony, shares[0].ceremony, SHARE_CEREMONY);
        for (unsigned i = 0; i < total; i++) {
                assert_int_equal(share_commitment(&shares[i], deal->commitments[i], &err), 0);
                (void) snprintf(deal->holders[i], SHARE_HOLDER, "%s", names[i]);
        }
}

/* C4: every single character changed is found, and the share is named by the number that it says it has. */
static void a_damaged_share_is_named(void **state) {
        _cleanup_secret_ struct secret *key = key_of(32), *text = NULL, *words = NULL;
        struct share shares[5], back = { .value = NULL };
        size_t named = 0;
        struct deal deal;
        struct error err;

        (void) state;
        assert_int_equal(shares_split(key, 3, 5, ceremony, shares, &err), 0);
        make_deal(shares, 3, 5, &deal);
        assert_int_equal(share_to_text(&shares[2], &text, &err), 0);
        for (size_t i = 9; i < text->size; i++) {
                const uint8_t was = text->data[i];

                text->data[i] = was == 'A' ? 'B' : 'A';
                assert_int_equal(share_read_of(&deal, (const char *) text->data, text->size, &back, &err),
                                 ERR_VERIFY);
                assert_null(back.value);
                assert_string_equal(err.rule, "C5.1");
                named += strstr(err.what[LANG_EN], "Share 3, of Carmen Sanz, is damaged") != NULL;
                text->data[i] = '1'; /* none of base32's */
                assert_int_equal(share_read_of(&deal, (const char *) text->data, text->size, &back, &err),
                                 ERR_VERIFY);
                text->data[i] = was;
        }
        /* But for the two characters that hold the number itself. */
        assert_true(named >= text->size - 9 - 2);
        assert_int_equal(share_read_of(&deal, (const char *) text->data, text->size - 1, &back, &err), ERR_VERIFY);
        assert_int_equal(share_read_of(&deal, "hola", 4, &back, &err), ERR_USAGE);
        assert_int_equal(share_read_of(&deal, "", 0, &back, &err), ERR_USAGE);
        assert_int_equal(share_to_words(&shares[2], LANG_EN, &words, &err), 0);
        memcpy(words->data, memcmp(words->data, "zoo", 3) ? "zoo " : "act ", 4);
        assert_true(share_read_of(&deal, (const char *) words->data, words->size, &back, &err) < 0);
        assert_null(back.value);
        done(shares, 5);
}

static void foreign_twice_and_wrong_are_named(void **state) {
        _cleanup_secret_ struct secret *key = key_of(32);
        struct share shares[5], others[5];
        enum share_fault fault = SHARE_GOOD;
        struct deal deal;
        struct error err;

        (void) state;
        assert_int_equal(shares_split(key, 3, 5, ceremony, shares, &err), 0);
        assert_int_equal(shares_split(key, 3, 5, other_ceremony, others, &err), 0);
        make_deal(shares, 3, 5, &deal);
        for (unsigned i = 0; i < 5; i++)
                assert_int_equal(share_judge(&deal, &shares[i], shares, i, &fault, &err), 0);
        assert_int_equal(share_judge(&deal, &others[1], shares, 1, &fault, &err), ERR_VERIFY);
        assert_int_equal(fault, SHARE_FOREIGN);
        assert_non_null(strstr(err.what[LANG_EN], "Share 2 (ceremony 636572656d6f6e7a) is of another ceremony"));
        assert_int_equal(share_judge(&deal, &shares[1], shares, 2, &fault, &err), ERR_VERIFY);
        assert_int_equal(fault, SHARE_DUPLICATE);
        assert_non_null(strstr(err.what[LANG_ES], "La parte 2, de Blas Gil, ya se ha dado"));
        shares[3].value->data[0] ^= 1;
        assert_int_equal(share_judge(&deal, &shares[3], shares, 2, &fault, &err), ERR_VERIFY);
        assert_int_equal(fault, SHARE_WRONG);
        assert_non_null(strstr(err.what[LANG_EN], "Share 4, of Diego Mora, is not the one"));
        /* Another's number on one's own bytes is no other share. */
        shares[4].index = 1;
        assert_int_equal(share_judge(&deal, &shares[4], shares, 0, &fault, &err), ERR_VERIFY);
        assert_int_equal(fault, SHARE_WRONG);
        done(shares, 5);
        done(others, 5);
}

static void the_masters_year_is_data(void **state) {
        const int64_t day = (int64_t) 24 * 3600 * SECOND;
        int64_t due = 0;

        (void) state;
        assert_int_equal(master_judge_age(0, 334 * day, &due), MASTER_FRESH);
        assert_int_equal(due, 365 * day);
        assert_int_equal(master_judge_age(0, 335 * day, &due), MASTER_DUE_SOON);
        assert_int_equal(master_judge_age(0, 365 * day - 1, &due), MASTER_DUE_SOON);
        assert_int_equal(master_judge_age(0, 365 * day, &due), MASTER_OVERDUE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_known_line_gives_its_secret),
                cmocka_unit_test(every_subset_of_m_gives_the_key),
                cmocka_unit_test(the_most_shares_work_too),
                cmocka_unit_test(fewer_than_m_say_nothing),
                cmocka_unit_test(shares_are_random),
                cmocka_unit_test(numbers_out_of_range_are_refused),
                cmocka_unit_test(a_share_comes_back_from_text_and_words),
                cmocka_unit_test(a_damaged_share_is_named),
                cmocka_unit_test(foreign_twice_and_wrong_are_named),
                cmocka_unit_test(the_masters_year_is_data),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
