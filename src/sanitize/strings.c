#include "sanitize/strings.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* So long that random bytes have one in ten million wipes. */
enum { TEXT_LEAST = 32, TEXT_DISTINCT = 8, WIDE_LEAST = 16, RUN_LEAST = 9 };

const struct term string_class_terms[STRING_CLASSES] = {
        [STRING_TEXT] = { "text", { "texto legible", "readable text" } },
        [STRING_WIDE] = { "text-utf16", { "texto legible (UTF-16)", "readable text (UTF-16)" } },
        [STRING_EMAIL] = { "email", { "dirección de correo", "mail address" } },
        [STRING_NATIONAL_ID] = { "national-id", { "DNI o NIE", "national identity number" } },
        [STRING_DICOM_UID] = { "dicom-uid", { "identificador DICOM", "DICOM identifier" } },
        [STRING_IBAN] = { "iban", { "cuenta bancaria", "bank account" } },
};

static bool printable(uint8_t c) {
        return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' || c == '\t';
}

static bool all_digits(const uint8_t *s, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!isdigit(s[i]))
                        return false;
        return true;
}

static size_t distinct(const uint8_t *s, size_t n) {
        bool seen[256] = { false };
        size_t count = 0;

        for (size_t i = 0; i < n; i++) {
                count += !seen[s[i]];
                seen[s[i]] = true;
        }
        return count;
}

/* Eight digits, or X, Y, Z (0, 1, 2) and seven; then the letter that their remainder by 23 gives. */
static bool is_national_id(const uint8_t *s, size_t n) {
        static const char letters[] = "TRWAGMYFPDXBNJZSQVHLCKE";
        unsigned long number;

        if (n < 9 || (n > 9 && isalnum(s[9])) || !all_digits(s + 1, 7))
                return false;
        if (isdigit(s[0]))
                number = (unsigned long) (s[0] - '0');
        else if (s[0] >= 'X' && s[0] <= 'Z')
                number = (unsigned long) (s[0] - 'X');
        else
                return false;
        for (size_t i = 1; i < 8; i++)
                number = number * 10 + (unsigned long) (s[i] - '0');
        return s[8] == (uint8_t) letters[number % 23];
}

static bool is_iban(const uint8_t *s, size_t n) {
        return n >= 24 && s[0] == 'E' && s[1] == 'S' && all_digits(s + 2, 22);
}

static bool is_dicom_uid(const uint8_t *s, size_t n) {
        return n >= 10 && memcmp(s, "1.2.840.", 8) == 0 && isdigit(s[8]);
}

static bool is_name_part(uint8_t c) {
        return isalnum(c) || c == '.' || c == '-' || c == '_';
}

/* At least four characters on each side of the sign, and a last part of letters. */
static bool is_email(const uint8_t *s, size_t n, size_t sign) {
        size_t before = 0, after = 0, dot = 0;

        while (before < sign && is_name_part(s[sign - 1 - before]))
                before++;
        for (; sign + 1 + after < n && is_name_part(s[sign + 1 + after]); after++)
                if (s[sign + 1 + after] == '.')
                        dot = after;
        return before >= 4 && dot >= 4 && after >= dot + 3 && isalpha(s[sign + 1 + dot + 1]) &&
               isalpha(s[sign + 1 + dot + 2]);
}

static bool starts_word(const uint8_t *s, size_t at) {
        return at == 0 || !isalnum(s[at - 1]);
}

/* The strongest class of a printable run, or -1. */
static int class_of(const uint8_t *s, size_t n) {
        int what = n >= TEXT_LEAST && distinct(s, n) >= TEXT_DISTINCT ? (int) STRING_TEXT : -1;

        for (size_t at = 0; at < n; at++) {
                if (starts_word(s, at) && is_national_id(s + at, n - at))
                        return STRING_NATIONAL_ID;
                if (starts_word(s, at) && is_iban(s + at, n - at))
                        what = STRING_IBAN;
                else if (what != STRING_IBAN && starts_word(s, at) && is_dicom_uid(s + at, n - at))
                        what = STRING_DICOM_UID;
                else if (what <= (int) STRING_TEXT && s[at] == '@' && is_email(s, n, at))
                        what = STRING_EMAIL;
        }
        return what;
}

static size_t wide_run(const uint8_t *s, size_t n) {
        size_t length = 0;

        while (length + 1 < n && printable(s[length]) && s[length + 1] == 0)
                length += 2;
        return length;
}

static size_t run_of(const uint8_t *s, size_t n) {
        size_t length = 0;

        while (length < n && printable(s[length]))
                length++;
        return length;
}

void strings_find(const uint8_t *block, size_t n,
                  void (*found)(void *context, size_t at, size_t length, enum string_class what), void *context) {
        for (size_t at = 0; at < n;) {
                size_t wide = wide_run(block + at, n - at), length = run_of(block + at, n - at);
                int what = length >= RUN_LEAST ? class_of(block + at, length) : -1;

                if (wide >= (size_t) 2 * WIDE_LEAST && distinct(block + at, wide) > TEXT_DISTINCT) {
                        found(context, at, wide, STRING_WIDE);
                        at += wide;
                        continue;
                }
                if (what >= 0)
                        found(context, at, length, (enum string_class) what);
                at += length ? length : 1;
        }
}
