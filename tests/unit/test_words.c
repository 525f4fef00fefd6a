/* Words for shares and passphrases (C4, C10). */
#include "unit/test.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "keys/words.h"

/* Test vector of BIP-0039's lists: the first and last words are known, and every word is found by four letters. */
static void every_word_is_found_by_its_first_letters(void **state) {
        (void) state;
        assert_string_equal(words_word(LANG_EN, 0), "abandon");
        assert_string_equal(words_word(LANG_EN, 2047), "zoo");
        assert_string_equal(words_word(LANG_ES, 0), "ábaco");
        assert_string_equal(words_word(LANG_ES, 2047), "zurdo");
        for (enum lang lang = 0; lang < LANGS; lang++)
                for (unsigned i = 0; i < WORDS_LIST; i++) {
                        const char *word = words_word(lang, i);
                        size_t at = 0;

                        assert_int_equal(words_find(lang, word, strlen(word)), i);
                        for (size_t letters = 0; letters < WORDS_LETTERS && word[at]; letters++)
                                at += utf8_one(word + at, strlen(word + at));
                        assert_int_equal(words_find(lang, word, at), i);
                }
        assert_int_equal(words_find(LANG_ES, "ABACO", 5), 0);
        assert_int_equal(words_find(LANG_ES,
                                    "a\xcc\x81"
                                    "baco",
                                    7),
                         0);
        assert_int_equal(words_find(LANG_EN, "abandoned", 9), -1);
        assert_int_equal(words_find(LANG_EN, "abanxyz", 7), -1);
        assert_int_equal(words_find(LANG_EN, "zo", 2), -1);
        assert_int_equal(words_find(LANG_EN, "zoo", 3), 2047);
        assert_int_equal(words_find(LANG_EN, "", 0), -1);
        assert_int_equal(words_find(LANG_EN,
                                    "ab\xff"
                                    "ndon",
                                    7),
                         -1);
}

static void bytes_come_back_from_words(void **state) {
        (void) state;
        for (size_t n = 1; n <= WORDS_BYTES_MAX; n++)
                for (enum lang lang = 0; lang < LANGS; lang++) {
                        _cleanup_secret_ struct secret *bytes = NULL, *text = NULL, *back = NULL;
                        struct error err;

                        assert_int_equal(secret_random(n, &bytes, &err), 0);
                        assert_int_equal(words_encode(bytes->data, n, lang, &text, &err), 0);
                        assert_int_equal(strlen((const char *) text->data), text->size);
                        if (words_decode((const char *) text->data, text->size, n, &back, &err) < 0)
                                fail_msg("%zu bytes: %s", n, err.what[LANG_EN]);
                        assert_int_equal(back->size, n);
                        assert_memory_equal(back->data, bytes->data, n);
                }
}

/* A wrong word, two that changed places, one missing, one that no list has: each said as what it is. */
static void wrong_words_are_told(void **state) {
        static const uint8_t bytes[] = "0123456789abcdef0123456789abcde";
        _cleanup_secret_ struct secret *text = NULL, *back = NULL;
        char changed[1024], *words[64], *save = NULL;
        size_t n = 0;
        struct error err;

        (void) state;
        assert_int_equal(words_encode(bytes, sizeof bytes, LANG_EN, &text, &err), 0);
        (void) snprintf(changed, sizeof changed, "%s", (const char *) text->data);
        for (char *word = strtok_r(changed, " ", &save); word; word = strtok_r(NULL, " ", &save))
                words[n++] = word;
        assert_int_equal(n, words_count(sizeof bytes));
        for (size_t i = 0; i < n; i++) {
                for (int how = 0; how < 4; how++) {
                        char line[1024] = "";
                        size_t at = 0;
                        int r;

                        for (size_t k = 0; k < n; k++) {
                                const char *word = words[k];

                                if (how == 0 && k == i)
                                        word = strcmp(word, "zoo") == 0 ? "abandon" : "zoo";
                                if (how == 1 && i + 1 < n && (k == i || k == i + 1))
                                        word = words[k == i ? i + 1 : i];
                                if (how == 2 && k == i)
                                        continue;
                                if (how == 3 && k == i)
                                        word = "qqqq";
                                at += (size_t) snprintf(line + at, sizeof line - at, "%zu. %s\n", k + 1, word);
                        }
                        r = words_decode(line, at, sizeof bytes, &back, &err);
                        if (how == 1 && (i + 1 == n || strcmp(words[i], words[i + 1]) == 0)) {
                                assert_int_equal(r, 0);
                                secret_free(TAKE_PTR(back));
                                continue;
                        }
                        assert_int_equal(r, how < 2 ? ERR_VERIFY : ERR_USAGE);
                        if (how == 3) {
                                char wanted[64];

                                (void) snprintf(wanted, sizeof wanted, "Word %zu is in no list.", i + 1);
                                assert_string_equal(err.what[LANG_EN], wanted);
                        }
                        assert_null(back);
                }
        }
}

static void a_passphrase_is_words_of_the_list_without_accents(void **state) {
        (void) state;
        for (enum lang lang = 0; lang < LANGS; lang++) {
                unsigned seen = 0;

                for (int i = 0; i < 200; i++) {
                        _cleanup_secret_ struct secret *text = NULL;
                        char *save = NULL, line[256];
                        size_t n = 0;
                        struct error err;

                        assert_int_equal(words_passphrase(6, lang, &text, &err), 0);
                        (void) snprintf(line, sizeof line, "%s", (const char *) text->data);
                        assert_int_equal(strlen(line), text->size);
                        for (char *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
                                int place = words_find(lang, word, strlen(word));

                                assert_true(place >= 0);
                                for (const char *p = word; *p; p++)
                                        assert_true(islower((unsigned char) *p));
                                seen |= 1U << (place / 64);
                                n++;
                        }
                        assert_int_equal(n, 6);
                }
                /* 1200 words: each 32nd part of the list came up (missing one has a chance of 1e-15). */
                assert_int_equal(seen, 0xffffffffU);
        }
}

static void a_passphrase_of_no_length_is_refused(void **state) {
        _cleanup_secret_ struct secret *text = NULL;
        struct error err;

        (void) state;
        assert_int_equal(words_passphrase(3, LANG_ES, &text, &err), ERR_USAGE);
        assert_int_equal(words_passphrase(25, LANG_ES, &text, &err), ERR_USAGE);
        assert_int_equal(words_encode("", 0, LANG_ES, &text, &err), ERR_USAGE);
        assert_null(text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_word_is_found_by_its_first_letters),
                cmocka_unit_test(bytes_come_back_from_words),
                cmocka_unit_test(wrong_words_are_told),
                cmocka_unit_test(a_passphrase_is_words_of_the_list_without_accents),
                cmocka_unit_test(a_passphrase_of_no_length_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
