#include "registry/medium_id.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* ISO/IEC 7064, 9.2: hybrid system MOD 37,36. */
char medium_id_check(const char *body) {
        unsigned p = 36;

        for (; *body; body++) {
                const char *at = strchr(alphabet, *body);
                unsigned s;

                if (!at)
                        return 0;
                s = (p + (unsigned) (at - alphabet)) % 36;
                p = (s ? s : 36) * 2 % 37;
        }
        return alphabet[(37 - p) % 36];
}

void medium_id_format(const char *site, int64_t number, char out[MEDIUM_ID_TEXT]) {
        (void) snprintf(out, MEDIUM_ID_TEXT, "%.4s%08d", site, (int) (number % 100000000));
        size_t n = strlen(out);

        out[n] = medium_id_check(out);
        out[n + 1] = '\0';
}

bool medium_id_valid(const char *id) {
        size_t n = strlen(id), letters = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        char body[MEDIUM_ID_TEXT];

        if (n < 11 || n > 13 || letters < 2 || letters > 4 || strspn(id + letters, "0123456789") < 8 ||
            n != letters + 9)
                return false;
        memcpy(body, id, n - 1);
        body[n - 1] = '\0';
        return medium_id_check(body) == id[n - 1];
}

void medium_id_normalise(const char *text, char *out, size_t size) {
        size_t n = 0;

        for (; *text && n + 1 < size; text++)
                if (isascii((unsigned char) *text) && isalnum((unsigned char) *text))
                        out[n++] = (char) toupper((unsigned char) *text);
        out[n] = '\0';
}
