#include "keys/words.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/str.h"

enum { WORD_BITS = 11, WORDS_MAX = 128, PASSPHRASE_LEAST = 4, PASSPHRASE_MOST = 24 };

static const char *const lists[LANGS][WORDS_LIST] = {
        [LANG_ES] = {
#include "words_es.inc"
        },
        [LANG_EN] = {
#include "words_en.inc"
        },
};

const char *words_word(enum lang lang, unsigned i) {
        return lists[lang == LANG_EN ? LANG_EN : LANG_ES][i % WORDS_LIST];
}

/* --- letters ------------------------------------------------------------------------------------------------- */

/* The bare letters of a word in lower case: what both ways of writing an accent in UTF-8 add is dropped. Returns
 * their number, or -1 for what is no letter or too long. */
static int bare(const char *word, size_t n, char out[WORD_TEXT]) {
        static const struct {
                const char bytes[3];
                char letter;
        } accents[] = { { "á", 'a' },      { "é", 'e' },     { "í", 'i' }, { "ó", 'o' }, { "ú", 'u' },
                        { "ü", 'u' },      { "ñ", 'n' },     { "Á", 'a' }, { "É", 'e' }, { "Í", 'i' },
                        { "Ó", 'o' },      { "Ú", 'u' },     { "Ü", 'u' }, { "Ñ", 'n' }, { "\xcc\x81", 0 },
                        { "\xcc\x83", 0 }, { "\xcc\x88", 0 } };
        int length = 0;

        for (size_t i = 0; i < n; i++) {
                char letter = word[i] >= 'A' && word[i] <= 'Z' ? (char) (word[i] - 'A' + 'a') : word[i];

                if (letter < 'a' || letter > 'z') {
                        size_t k = 0;

                        while (k < COUNT(accents) && (n - i < 2 || memcmp(word + i, accents[k].bytes, 2) != 0))
                                k++;
                        if (k == COUNT(accents))
                                return -1;
                        letter = accents[k].letter;
                        i++;
                        if (!letter)
                                continue;
                }
                if (length == WORD_TEXT - 1)
                        return -1;
                out[length++] = letter;
        }
        out[length] = '\0';
        return length;
}

int words_find(enum lang lang, const char *word, size_t n) {
        char typed[WORD_TEXT], listed[WORD_TEXT];
        int length = bare(word, n, typed), found = -1;

        for (unsigned i = 0; length > 0 && i < WORDS_LIST; i++) {
                const char *candidate = words_word(lang, i);
                int whole = bare(candidate, strlen(candidate), listed);

                /* A word of three letters has no fourth. */
                if (strcmp(typed, listed) == 0 ||
                    (length >= WORDS_LETTERS && whole > length && memcmp(typed, listed, (size_t) length) == 0))
                        found = (int) i;
        }
        OPENSSL_cleanse(typed, sizeof typed);
        return found;
}

/* --- bytes to words ------------------------------------------------------------------------------------------ */

size_t words_count(size_t n) {
        return (8 * n + WORDS_CHECK_LEAST + WORD_BITS - 1) / WORD_BITS;
}

/* The bytes with their SHA-256 behind: as many of its bits are taken as the last word has room for. */
static int with_check(const void *bytes, size_t n, struct secret **ret, struct error *err) {
        _cleanup_secret_ struct secret *all = NULL;
        int r = secret_new(n + SHA256_SIZE, &all, err);

        if (r < 0)
                return r;
        memcpy(all->data, bytes, n);
        if (sha256(bytes, n, all->data + n) < 0)
                return fail(err, ERR_FAILED, "No se puede calcular SHA-256.", "SHA-256 can't be computed.");
        *ret = TAKE_PTR(all);
        return 0;
}

static unsigned bits_at(const uint8_t *bytes, size_t at) {
        unsigned value = 0;

        for (size_t i = at; i < at + WORD_BITS; i++)
                value = value << 1 | ((unsigned) bytes[i / 8] >> (7 - i % 8) & 1U);
        return value;
}

static void put_bits(uint8_t *bytes, size_t at, unsigned value) {
        for (size_t i = 0; i < WORD_BITS; i++)
                bytes[(at + i) / 8] |= (uint8_t) ((value >> (WORD_BITS - 1 - i) & 1U) << (7 - (at + i) % 8));
}

/* Cuts a secret to the text that it holds; its NUL stays behind it. */
static void end_text(struct secret *text, size_t length) {
        text->data[length] = '\0';
        text->size = length;
}

static size_t put_word(struct secret *text, size_t used, const char *word) {
        size_t n = strlen(word);

        if (used)
                text->data[used++] = ' ';
        memcpy(text->data + used, word, n);
        return used + n;
}

int words_encode(const void *bytes, size_t n, enum lang lang, struct secret **ret, struct error *err) {
        _cleanup_secret_ struct secret *all = NULL, *text = NULL;
        size_t used = 0, count = words_count(n);
        int r;

        if (n == 0 || n > WORDS_BYTES_MAX)
                return fail(err, ERR_USAGE, "Longitud no válida para palabras.", "Invalid length for words.");
        r = with_check(bytes, n, &all, err);
        if (r == 0)
                r = secret_new(count * (WORD_TEXT + 1) + 1, &text, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < count; i++)
                used = put_word(text, used, words_word(lang, bits_at(all->data, i * WORD_BITS)));
        end_text(text, used);
        *ret = TAKE_PTR(text);
        return 0;
}

/* --- words to bytes ------------------------------------------------------------------------------------------ */

struct piece {
        size_t at, n;
};

static bool is_gap(char c) {
        return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',' || c == '.' || c == '-' ||
               (c >= '0' && c <= '9');
}

/* The number of words, also of those that are more than fit. */
static size_t take_apart(const char *text, size_t length, struct piece pieces[WORDS_MAX]) {
        size_t n = 0;

        for (size_t i = 0; i < length;) {
                size_t start = i;

                while (i < length && !is_gap(text[i]))
                        i++;
                if (i > start) {
                        if (n < WORDS_MAX)
                                pieces[n] = (struct piece){ start, i - start };
                        n++;
                }
                while (i < length && is_gap(text[i]))
                        i++;
        }
        return n;
}

size_t words_in(const char *text, size_t length) {
        struct piece pieces[WORDS_MAX];

        return take_apart(text, length, pieces);
}

/* As read in one language. ERR_NOT_FOUND with *ret_bad for the first word that isn't in its list. */
static int decode_in(enum lang lang, const char *text, const struct piece *pieces, size_t count, size_t n,
                     struct secret **ret, size_t *ret_bad, struct error *err) {
        _cleanup_secret_ struct secret *got = NULL, *wanted = NULL;
        unsigned char differs = 0;
        int r = secret_new(n + SHA256_SIZE + 2, &got, err);

        for (size_t i = 0; r == 0 && i < count; i++) {
                int word = words_find(lang, text + pieces[i].at, pieces[i].n);

                if (word < 0) {
                        *ret_bad = i + 1;
                        return ERR_NOT_FOUND;
                }
                put_bits(got->data, i * WORD_BITS, (unsigned) word);
        }
        if (r == 0)
                r = with_check(got->data, n, &wanted, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < count; i++)
                differs |= bits_at(got->data, i * WORD_BITS) != bits_at(wanted->data, i * WORD_BITS);
        return differs ? ERR_VERIFY : secret_copy(got->data, n, ret, err);
}

int words_decode(const char *text, size_t length, size_t n, struct secret **ret, struct error *err) {
        struct piece pieces[WORDS_MAX];
        size_t wanted = words_count(n), got = take_apart(text, length, pieces), bad[LANGS] = { 0 };
        int r[LANGS];

        if (n == 0 || n > WORDS_BYTES_MAX || wanted > WORDS_MAX)
                return fail(err, ERR_USAGE, "Longitud no válida para palabras.", "Invalid length for words.");
        if (got != wanted)
                return fail(err, ERR_USAGE, "Son %zu palabras y deben ser %zu.",
                            "There are %zu words and there should be %zu.", got, wanted);
        for (enum lang lang = 0; lang < LANGS; lang++) {
                r[lang] = decode_in(lang, text, pieces, wanted, n, ret, &bad[lang], err);
                if (r[lang] == 0 || (r[lang] != ERR_NOT_FOUND && r[lang] != ERR_VERIFY))
                        return r[lang];
        }
        if (r[LANG_ES] == ERR_VERIFY || r[LANG_EN] == ERR_VERIFY)
                return fail(err, ERR_VERIFY,
                            "Las palabras no casan entre sí: alguna es otra o están cambiadas de sitio.",
                            "The words don't fit together: one is another, or some are in another's place.");
        /* The language in which more was understood is the one that was meant. */
        return fail(err, ERR_USAGE, "La palabra %zu no está en la lista.", "Word %zu is in no list.",
                    bad[LANG_ES] > bad[LANG_EN] ? bad[LANG_ES] : bad[LANG_EN]);
}

int words_passphrase(size_t n, enum lang lang, struct secret **ret, struct error *err) {
        _cleanup_secret_ struct secret *random = NULL, *text = NULL;
        size_t used = 0;
        int r;

        if (n < PASSPHRASE_LEAST || n > PASSPHRASE_MOST)
                return fail(err, ERR_USAGE, "Una frase tiene de %d a %d palabras.",
                            "A passphrase has %d to %d words.", PASSPHRASE_LEAST, PASSPHRASE_MOST);
        r = secret_random(2 * n, &random, err);
        if (r == 0)
                r = secret_new(n * (WORD_TEXT + 1) + 1, &text, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++) {
                unsigned value = ((unsigned) random->data[2 * i] << 8 | random->data[2 * i + 1]) % WORDS_LIST;
                const char *word = words_word(lang, value);
                char letters[WORD_TEXT];

                (void) bare(word, strlen(word), letters);
                used = put_word(text, used, letters);
                OPENSSL_cleanse(letters, sizeof letters);
        }
        end_text(text, used);
        *ret = TAKE_PTR(text);
        return 0;
}
