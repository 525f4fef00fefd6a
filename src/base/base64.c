/* Apart from the other strings: mpsi-gate needs those, and starts without libcrypto. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"

char *base64_encode(const void *data, size_t n) {
        char *out = malloc(4 * ((n + 2) / 3) + 1);

        if (out)
                (void) EVP_EncodeBlock((unsigned char *) out, data, (int) n);
        return out;
}

/* RFC 4648 section 3.5: the bits that the last group does not use are zero, so that bytes have one text. */
static bool base64_canonical(const char *last_group, const uint8_t *bytes, size_t padding) {
        unsigned char again[5];

        (void) EVP_EncodeBlock(again, bytes, (int) (3 - padding));
        return memcmp(again, last_group, 4) == 0;
}

int base64_decode(const char *text, uint8_t **ret, size_t *ret_n) {
        size_t length = strlen(text), padding = 0;
        uint8_t *out;
        int n;

        if (length % 4 != 0 || length > 64 * 1024 * 1024)
                return ERR_USAGE;
        while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
                padding++;
        if (strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") != length - padding)
                return ERR_USAGE;
        out = malloc(length / 4 * 3 + 1);
        if (!out)
                return ERR_FAILED;
        n = EVP_DecodeBlock(out, (const unsigned char *) text, (int) length);
        if (n < 0 || (padding && !base64_canonical(text + length - 4, out + n - 3, padding))) {
                free(out);
                return ERR_USAGE;
        }
        *ret = out;
        *ret_n = (size_t) n - padding;
        return 0;
}
