#include "sanitize/pattern.h"

#include <openssl/evp.h>
#include <string.h>

/* Encrypting a short block of zeros again and again keeps the input in the first-level cache. */
enum { SLICE = 32768 };

struct generator {
        struct pattern pattern;
        EVP_CIPHER_CTX *cipher;
        uint8_t input[SLICE]; /* zeros, or ones for the complement */
};

void generator_free(struct generator *generator) {
        if (!generator)
                return;
        EVP_CIPHER_CTX_free(generator->cipher);
        free(generator);
}

int generator_new(const struct pattern *pattern, struct generator **ret, struct error *err) {
        struct generator *generator = calloc(1, sizeof *generator);

        if (!generator)
                return fail_memory(err);
        generator->pattern = *pattern;
        memset(generator->input, pattern->complement ? 0xff : 0, sizeof generator->input);
        if (pattern->stream) {
                generator->cipher = EVP_CIPHER_CTX_new();
                if (!generator->cipher || EVP_EncryptInit_ex2(generator->cipher, EVP_aes_256_ctr(), pattern->key,
                                                              (const uint8_t[16]){ 0 }, NULL) != 1) {
                        generator_free(generator);
                        return fail(err, ERR_FAILED, "No se puede preparar el generador AES-256-CTR.",
                                    "The AES-256-CTR generator can't be prepared.");
                }
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
        if (EVP_EncryptInit_ex2(generator->cipher, NULL, NULL, iv, NULL) != 1)
                return ERR_FAILED;
        while (n > 0) {
                int slice = n < SLICE ? (int) n : SLICE, done = 0;

                if (EVP_EncryptUpdate(generator->cipher, out, &done, generator->input, slice) != 1 || done != slice)
                        return ERR_FAILED;
                out += slice;
                n -= (size_t) slice;
        }
        return 0;
}
