#include "device/text.h"

#include <string.h>

#include "base/str.h"

/* Length of the plain character at s, 0 when it is none. */
static size_t plain_character(const char *s) {
        char one[5] = "";

        for (size_t n = 1; n <= 4 && s[n - 1]; n++) {
                memcpy(one, s, n);
                one[n] = '\0';
                if (utf8_valid(one, n))
                        return text_is_plain(one) ? n : 0;
        }
        return 0;
}

void device_text(const char *said, char *out, size_t size) {
        size_t used = 0;

        while (said && *said) {
                size_t n = plain_character(said);

                if (used + (n ? n : 1) >= size)
                        break;
                if (*said == ' ' && (used == 0 || out[used - 1] == ' ')) {
                        said++;
                        continue;
                }
                if (n)
                        memcpy(out + used, said, n);
                else
                        out[used] = '?';
                used += n ? n : 1;
                said += n ? n : 1;
        }
        while (used > 0 && out[used - 1] == ' ')
                used--;
        out[used] = '\0';
}

static int hex_value(char c) {
        static const char digits[] = "0123456789abcdef";
        const char *at = c ? strchr(digits, c | 0x20) : NULL;

        return at ? (int) (at - digits) : -1;
}

void device_text_encoded(const char *said, char *out, size_t size) {
        char plain[512];
        size_t n = 0;

        while (said && *said && n + 1 < sizeof plain) {
                if (said[0] == '\\' && said[1] == 'x' && hex_value(said[2]) >= 0 && hex_value(said[3]) >= 0) {
                        plain[n++] = (char) (hex_value(said[2]) << 4 | hex_value(said[3]));
                        said += 4;
                } else {
                        plain[n++] = *said++;
                }
        }
        plain[n] = '\0';
        device_text(plain, out, size);
}
