#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

char *str_format(const char *format, ...) {
        va_list args;
        char *s = NULL;
        int n;

        va_start(args, format);
        n = vasprintf(&s, format, args);
        va_end(args);
        return n < 0 ? NULL : s;
}

/* Unicode 15, table 3-7. */
size_t utf8_one(const void *text, size_t left) {
        const unsigned char *s = text;
        static const struct {
                unsigned char first, last, low, high, length;
        } forms[] = {
                { 0x01, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
                { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
                { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
        };

        for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
                if (s[0] < forms[i].first || s[0] > forms[i].last)
                        continue;
                if (forms[i].length > left)
                        return 0;
                if (forms[i].length > 1 && (s[1] < forms[i].low || s[1] > forms[i].high))
                        return 0;
                for (size_t k = 2; k < forms[i].length; k++)
                        if (s[k] < 0x80 || s[k] > 0xbf)
                                return 0;
                return forms[i].length;
        }
        return 0;
}

bool utf8_valid(const char *s, size_t length) {
        for (size_t at = 0; at < length;) {
                size_t n = utf8_one(s + at, length - at);

                if (n == 0)
                        return false;
                at += n;
        }
        return true;
}

void utf8_trim(char *s) {
        size_t length = strlen(s), at = length;

        while (at > 0 && length - at < 4 && ((unsigned char) s[at - 1] & 0xc0) == 0x80)
                at--;
        if (at > 0 && ((unsigned char) s[at - 1] & 0x80) && utf8_one(s + at - 1, length - at + 1) == 0)
                s[at - 1] = '\0';
}

size_t utf8_length(const char *s) {
        size_t n = 0;

        for (; *s; s++)
                n += ((unsigned char) *s & 0xc0) != 0x80;
        return n;
}

bool text_is_plain(const char *s) {
        const unsigned char *p = (const unsigned char *) s;

        if (!utf8_valid(s, strlen(s)))
                return false;
        for (; *p; p++) {
                if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
                        return false;
                /* U+200E/F, U+202A..E, U+2066..9 turn the reading direction of a label or a prompt around. */
                if (*p == 0xe2 && p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xaa && p[2] <= 0xae)))
                        return false;
                if (*p == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)
                        return false;
        }
        return true;
}

size_t str_scanned(const char *text, char *out, size_t size) {
        size_t n = 0;

        for (const char *p = text; *p; p++) {
                char c = *p >= 'a' && *p <= 'z' ? (char) (*p - 'a' + 'A') : *p;

                if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
                        continue;
                if (n + 1 < size)
                        out[n] = c;
                n++;
        }
        if (size)
                out[n < size ? n : size - 1] = '\0';
        return n;
}

void hex_encode(const void *data, size_t n, char *out) {
        static const char digits[] = "0123456789abcdef";
        const uint8_t *bytes = data;

        for (size_t i = 0; i < n; i++) {
                out[2 * i] = digits[bytes[i] >> 4];
                out[2 * i + 1] = digits[bytes[i] & 15];
        }
        out[2 * n] = '\0';
}

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

int hex_decode(const char *text, void *out, size_t n) {
        uint8_t *bytes = out;

        if (strlen(text) != 2 * n)
                return ERR_USAGE;
        for (size_t i = 0; i < 2 * n; i++)
                if (hex_digit(text[i]) < 0)
                        return ERR_USAGE;
        for (size_t i = 0; i < n; i++)
                bytes[i] = (uint8_t) (hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
        return 0;
}
