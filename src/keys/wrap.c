#include "keys/wrap.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/str.h"
#include "policy/rule.h"
#include "sign/openssl.h"

DEFINE_CLEANUP(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

struct algorithm {
        const char *id;
        const EVP_CIPHER *(*cipher)(void);
        size_t unit;     /* content is a multiple of this */
        size_t overhead; /* at most */
};

static const struct algorithm algorithms[] = {
        { "aes256-wrap", EVP_aes_256_wrap, 8, 8 },          /* RFC 3394, CKM_AES_KEY_WRAP */
        { "aes256-wrap-pad", EVP_aes_256_wrap_pad, 1, 15 }, /* RFC 5649 */
};

const char wrap_algorithm[] = "aes256-wrap";

static int find(const char *id, const struct algorithm **ret, struct error *err) {
        for (size_t i = 0; i < COUNT(algorithms); i++)
                if (strcmp(algorithms[i].id, id) == 0) {
                        *ret = &algorithms[i];
                        return 0;
                }
        return refuse(err, ERR_REFUSED, "C6", "Envoltura de claves desconocida «%.40s».",
                      "Unknown key wrapping “%.40s”.", id);
}

static EVP_CIPHER_CTX *start(const struct algorithm *algorithm, const struct secret *key, int encrypt) {
        EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

        if (!context || key->size != WRAP_KEY)
                goto failed;
        EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
        if (EVP_CipherInit_ex(context, algorithm->cipher(), NULL, key->data, NULL, encrypt) == 1)
                return context;
failed:
        EVP_CIPHER_CTX_free(context);
        return NULL;
}

int wrap_key(const char *id, const struct secret *key, const struct secret *content, uint8_t out[WRAPPED_MAX],
             size_t *ret_n, struct error *err) {
        _cleanup_(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *context = NULL;
        const struct algorithm *algorithm;
        int n = 0, r = find(id, &algorithm, err);

        if (r < 0)
                return r;
        if (content->size % algorithm->unit || content->size + 16 > WRAPPED_MAX)
                return fail(err, ERR_USAGE, "Longitud de clave no válida.", "Invalid length of a key.");
        context = start(algorithm, key, 1);
        if (!context || EVP_CipherUpdate(context, out, &n, content->data, (int) content->size) != 1 || n <= 0)
                return fail_openssl(err, "No se puede envolver la clave", "The key can't be wrapped");
        *ret_n = (size_t) n;
        return 0;
}

int unwrap_key(const char *id, const struct secret *key, const uint8_t *wrapped, size_t n, struct secret **ret,
               struct error *err) {
        _cleanup_(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *context = NULL;
        _cleanup_secret_ struct secret *content = NULL;
        const struct algorithm *algorithm;
        int got = 0, r = find(id, &algorithm, err);

        if (r == 0 && (n < 24 || n > WRAPPED_MAX || n % 8))
                return fail(err, ERR_VERIFY, "La clave guardada está dañada.", "The stored key is damaged.");
        if (r == 0)
                r = secret_new(n, &content, err);
        if (r < 0)
                return r;
        context = start(algorithm, key, 0);
        if (!context)
                return fail_openssl(err, "No se puede desenvolver la clave", "The key can't be unwrapped");
        if (EVP_CipherUpdate(context, content->data, &got, wrapped, (int) n) != 1 || got <= 0) {
                (void) fail_openssl(NULL, "", "");
                return fail(err, ERR_VERIFY, "La clave guardada no se desenvuelve: es otra o está alterada.",
                            "The stored key does not unwrap: it is another one or was altered.");
        }
        return secret_copy(content->data, (size_t) got, ret, err);
}

int key_commitment(const char *kind, const char *ref, const struct secret *secret, char ret[65],
                   struct error *err) {
        static const char domain[] = "mpsi key commitment 1";
        _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
        uint8_t digest[SHA256_SIZE];

        if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1 ||
            EVP_DigestUpdate(context, domain, sizeof domain) != 1 ||
            EVP_DigestUpdate(context, kind, strlen(kind) + 1) != 1 ||
            EVP_DigestUpdate(context, ref, strlen(ref) + 1) != 1 ||
            EVP_DigestUpdate(context, secret->data, secret->size) != 1 ||
            EVP_DigestFinal_ex(context, digest, NULL) != 1)
                return fail_openssl(err, "No se puede calcular el compromiso", "The commitment can't be computed");
        hex_encode(digest, sizeof digest, ret);
        return 0;
}
