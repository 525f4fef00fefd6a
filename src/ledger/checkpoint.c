#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "ledger/internal.h"

static inline void md_freep(EVP_MD_CTX **context) {
        EVP_MD_CTX_free(*context);
}

void checkpoint_body(const char *station, uint64_t size, const uint8_t root[SHA256_SIZE], int64_t time,
                     char out[CHECKPOINT_BODY]) {
        char base64[64];

        (void) EVP_EncodeBlock((unsigned char *) base64, root, SHA256_SIZE);
        (void) snprintf(out, CHECKPOINT_BODY, "mpsi/%.100s\n%llu\n%s\n%lld\n", station, (unsigned long long) size,
                        base64, (long long) time);
}

int ledger_checkpoint_sign(EVP_PKEY *key, const char *body, uint8_t **ret, size_t *ret_n, struct error *err) {
        _cleanup_(md_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
        _cleanup_free_ uint8_t *signature = NULL;
        size_t n = 0, length = strlen(body);

        if (!context || EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
            EVP_DigestSign(context, NULL, &n, (const unsigned char *) body, length) != 1)
                return fail(err, ERR_FAILED, "La clave del puesto no firma.", "The station's key does not sign.");
        signature = malloc(n);
        if (!signature)
                return fail_memory(err);
        if (EVP_DigestSign(context, signature, &n, (const unsigned char *) body, length) != 1)
                return fail(err, ERR_FAILED, "La clave del puesto no firma.", "The station's key does not sign.");
        *ret = TAKE_PTR(signature);
        *ret_n = n;
        return 0;
}

int ledger_checkpoint_check(EVP_PKEY *key, const char *body, const uint8_t *signature, size_t n) {
        _cleanup_(md_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();

        if (!context || EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) != 1)
                return ERR_FAILED;
        return EVP_DigestVerify(context, signature, n, (const unsigned char *) body, strlen(body)) == 1
                       ? 0
                       : ERR_VERIFY;
}

char *checkpoint_text(const char *body, const void *signature, size_t n) {
        _cleanup_free_ char *base64 = base64_encode(signature, n);

        return base64 ? str_format("%s\n%s\n", body, base64) : NULL;
}

static int not_a_checkpoint(struct error *err) {
        return fail(err, ERR_USAGE, "El texto no es un punto de control de mpsi.",
                    "The text is not a checkpoint of mpsi.");
}

int ledger_checkpoint_verify(const char *text, EVP_PKEY *public_key, uint64_t *ret_size,
                             uint8_t ret_root[SHA256_SIZE], struct error *err) {
        const char *gap = strstr(text, "\n\n");
        char body[CHECKPOINT_BODY], root64[64], signature64[256];
        _cleanup_free_ uint8_t *root = NULL, *signature = NULL;
        size_t root_n, signature_n;
        unsigned long long size;

        if (!gap || (size_t) (gap + 1 - text) >= sizeof body)
                return not_a_checkpoint(err);
        memcpy(body, text, (size_t) (gap + 1 - text));
        body[gap + 1 - text] = '\0';
        if (sscanf(body, "mpsi/%*100[^\n]\n%19llu\n%60[A-Za-z0-9+/=]\n%*19d\n", &size, root64) != 2 ||
            sscanf(gap + 2, "%250[A-Za-z0-9+/=]", signature64) != 1)
                return not_a_checkpoint(err);
        if (base64_decode(root64, &root, &root_n) < 0 || root_n != SHA256_SIZE ||
            base64_decode(signature64, &signature, &signature_n) < 0)
                return not_a_checkpoint(err);
        if (ledger_checkpoint_check(public_key, body, signature, signature_n) < 0)
                return fail(err, ERR_VERIFY, "La firma del punto de control no es de este puesto.",
                            "The checkpoint's signature is not this station's.");
        *ret_size = size;
        memcpy(ret_root, root, SHA256_SIZE);
        return 0;
}
