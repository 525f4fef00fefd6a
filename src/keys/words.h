/* Secrets as words of BIP-0039's lists, English and Spanish: shares of a key, and passphrases that a person can
 * type.
 *
 * A word says 11 bits and is told from every other by its first four letters, without accents and whatever the
 * case. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"

enum { WORDS_LIST = 2048, WORDS_LETTERS = 4, WORD_TEXT = 16, WORDS_BYTES_MAX = 128, WORDS_CHECK_LEAST = 16 };

/* The i-th word of a language's list, composed UTF-8 with its accents. */
const char *words_word(enum lang lang, unsigned i);
/* Its place in the list; -1 when its first letters are no word's. A whole word of more letters must be right in
 * those too. */
int words_find(enum lang lang, const char *word, size_t n);

/* How many words n bytes take: their bits, and as many bits of check, at least WORDS_CHECK_LEAST, as fill the last.
 */
size_t words_count(size_t n);

/* The text has a NUL after its `size` bytes that is not counted. n: 1 .. WORDS_BYTES_MAX. */
int words_encode(const void *bytes, size_t n, enum lang lang, struct secret **ret, struct error *err);
/* How many words a text holds; what parts them is no word. */
size_t words_in(const char *text, size_t length);
/* Words apart by spaces or line breaks, with their numbers ("7." or "7") or without; the language is found out.
 * They must say n bytes. ERR_USAGE for a wrong number of words or one that is in no list (named by its place),
 * ERR_VERIFY when they don't fit together. */
int words_decode(const char *text, size_t length, size_t n, struct secret **ret, struct error *err);

/* n (4 .. 24) random words with a space between and without accents, for a key that any layout has: 11 bits each.
 * The text has a NUL after its `size` bytes that is not counted. */
int words_passphrase(size_t n, enum lang lang, struct secret **ret, struct error *err);
