#include "sanitize/pattern.h"

#include <gcrypt.h>
#include <string.h>

/* Encrypting a short block of zeros again and again keeps the input in the first-level cache. */
enum { SLICE = 32768 };

struct generator {
        struct pattern pattern;
        gcry_cipher_hd_t cipher;
        uint8_t input[SLICE]; /* zeros, or ones for the complement */
};

void generator_free(struct generator *generator) {
        if (!generator)
                return;
        gcry_cipher_close(generator->cipher);
        free(generator);
}

/* libgcrypt's AES keeps up with drives that OpenSSL 3.0's does not: it has instructions for several blocks at once
 * (VAES) in counter mode. The key is in the wipe's record, so its locked memory is not needed. */
static bool open_cipher(struct generator *generator) {
        if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) {
                if (!gcry_check_version(NULL))
                        return false;
                (void) gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
                (void) gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
        }
        return !gcry_cipher_open(&generator->cipher, GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_CTR, 0) &&
               !gcry_cipher_setkey(generator->cipher, generator->pattern.key, PATTERN_KEY);
}

int generator_new(const struct pattern *pattern, struct generator **ret, struct error *err) {
        struct generator *generator = calloc(1, sizeof *generator);

        if (!generator)
                return fail_memory(err);
        generator->pattern = *pattern;
        memset(generator->input, pattern->complement ? 0xff : 0, sizeof generator->input);
        if (pattern->stream && !open_cipher(generator)) {
                generator_free(generator);
                return fail(err, ERR_FAILED, "No se puede preparar el generador AES-256-CTR.",
                            "The AES-256-CTR generator can't be prepared.");
        }
        *ret = generator;
        return 0;
}

int generator_fill(struct generator *generator, int64_t offset, uint8_t *out, size_t n) {
        uint64_t counter = (uint64_t) offset / 16;
        uint8_t iv[16] = { 0 };

        if (!generator->pattern.stream) {
                memset(out, generator->pattern.byte, n);
                return 0;
        }
        for (int i = 0; i < 8; i++)
                iv[15 - i] = (uint8_t) (counter >> (8 * i));
        if (gcry_cipher_setctr(generator->cipher, iv, sizeof iv))
                return ERR_FAILED;
        while (n > 0) {
                size_t slice = n < SLICE ? n : SLICE;

                if (gcry_cipher_encrypt(generator->cipher, out, slice, generator->input, slice))
                        return ERR_FAILED;
                out += slice;
                n -= slice;
        }
        return 0;
}
