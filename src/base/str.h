/* Strings: formatting, UTF-8, hexadecimal and base64. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A new formatted string, or NULL when memory is out. The caller frees it. */
char *str_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline bool str_empty(const char *s) {
        return !s || !*s;
}

/* Whether bytes are valid UTF-8 (no overlongs, no surrogates) without NUL. */
bool utf8_valid(const char *s, size_t length);

/* Length of the valid character at text, of which `left` (> 0) bytes are there, or 0. */
size_t utf8_one(const void *text, size_t left);

/* Cuts an incomplete character off the end, after a text was truncated. */
void utf8_trim(char *s);

/* Number of characters of a valid UTF-8 text. */
size_t utf8_length(const char *s);

/* True for a text of one line: valid UTF-8, no control characters (C0, DEL, C1), no bidi overrides. */
bool text_is_plain(const char *s);

/* What every reader makes of a printed code: upper case, [A-Z0-9] only; the rest is dropped, since a scanner of
 * another keyboard turns '-' into something else. Cut to the size; returns the length that it would have had. */
size_t str_scanned(const char *text, char *out, size_t size);

/* out holds 2 * n + 1 bytes. */
void hex_encode(const void *data, size_t n, char *out);
/* Exactly n bytes from 2 * n digits; 0 or ERR_USAGE. */
int hex_decode(const char *text, void *out, size_t n);

/* Standard base64 without line breaks; NULL when memory is out. The caller frees it. */
char *base64_encode(const void *data, size_t n);
/* Strict: 0 and a new buffer, or ERR_USAGE. The caller frees it. */
int base64_decode(const char *text, uint8_t **ret, size_t *ret_n);
