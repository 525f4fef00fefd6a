/* The software master key: 32 random bytes, wrapped under a passphrase by scrypt (RFC 7914, in CCN-STIC 807's table
 * of key derivations) and AES key wrap. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "keys/keys.h"
#include "keys/provider.h"
#include "policy/rule.h"
#include "sign/openssl.h"

/* N = 2^16, r = 8: 64 MiB and about 0.2 s a try. What is read from a vault may cost no more than 1 GiB. */
enum { SCRYPT_N = 1 << 16, SCRYPT_R = 8, SCRYPT_P = 1, SALT = 32 };
static const uint64_t scrypt_memory = (uint64_t) 1 << 30;

static int stretch(const struct secret *passphrase, const uint8_t salt[SALT], uint64_t n, uint64_t r, uint64_t p,
                   struct secret **ret, struct error *err) {
        _cleanup_secret_ struct secret *key = NULL;
        int result = secret_new(WRAP_KEY, &key, err);

        if (result < 0)
                return result;
        if (EVP_PBE_scrypt((const char *) passphrase->data, passphrase->size, salt, SALT, n, r, p, scrypt_memory,
                           key->data, key->size) != 1)
                return fail_openssl(err, "scrypt falla", "scrypt failed");
        *ret = TAKE_PTR(key);
        return 0;
}

static int create(const char *ref, const struct secret *passphrase, json_t **ret_parameters, char commitment[65],
                  struct error *err) {
        _cleanup_secret_ struct secret *master = NULL, *key = NULL, *salt = NULL;
        uint8_t wrapped[WRAPPED_MAX];
        char salt_text[2 * SALT + 1], wrapped_text[2 * 64 + 1];
        size_t n;
        int r;

        if (passphrase->size < PASSPHRASE_MIN)
                return refuse(err, ERR_REFUSED, "C4", "La frase de la clave maestra tiene menos de %d caracteres.",
                              "The master key's passphrase has less than %d characters.", PASSPHRASE_MIN);
        r = secret_random(WRAP_KEY, &master, err);
        if (r == 0)
                r = secret_random(SALT, &salt, err);
        if (r == 0)
                r = stretch(passphrase, salt->data, SCRYPT_N, SCRYPT_R, SCRYPT_P, &key, err);
        if (r == 0)
                r = wrap_key(wrap_algorithm, key, master, wrapped, &n, err);
        if (r == 0)
                r = key_commitment("master", ref, master, commitment, err);
        if (r < 0)
                return r;
        hex_encode(salt->data, SALT, salt_text);
        hex_encode(wrapped, n, wrapped_text);
        *ret_parameters = json_pack("{s:s, s:i, s:i, s:i, s:s, s:s, s:s}", "kdf", "scrypt", "n", SCRYPT_N, "r",
                                    SCRYPT_R, "p", SCRYPT_P, "salt", salt_text, "algorithm", wrap_algorithm,
                                    "wrapped", wrapped_text);
        return *ret_parameters ? 0 : fail_memory(err);
}

static int open_session(const json_t *parameters, const struct secret *passphrase, void **ret_session,
                        struct error *err) {
        _cleanup_secret_ struct secret *key = NULL, *master = NULL;
        const char *wrapped_text = json_text_or_empty(parameters, "wrapped"),
                   *kdf = json_text_or_empty(parameters, "kdf");
        int64_t n = json_int(parameters, "n", 0), block = json_int(parameters, "r", 0),
                p = json_int(parameters, "p", 0);
        uint8_t salt[SALT], wrapped[WRAP_KEY + 8];
        int r;

        if (strcmp(kdf, "scrypt") != 0)
                return refuse(err, ERR_REFUSED, "C6", "Derivación de claves desconocida «%.40s».",
                              "Unknown key derivation “%.40s”.", kdf);
        if (n < 2 || n > 1 << 20 || block < 1 || block > 32 || p < 1 || p > 16 ||
            strlen(wrapped_text) != 2 * sizeof wrapped || hex_decode(wrapped_text, wrapped, sizeof wrapped) < 0 ||
            hex_decode(json_text_or_empty(parameters, "salt"), salt, SALT) < 0)
                return fail(err, ERR_VERIFY, "La clave maestra guardada está dañada.",
                            "The stored master key is damaged.");
        r = stretch(passphrase, salt, (uint64_t) n, (uint64_t) block, (uint64_t) p, &key, err);
        if (r == 0)
                r = unwrap_key(json_text_or_empty(parameters, "algorithm"), key, wrapped, sizeof wrapped, &master,
                               err);
        if (r == ERR_VERIFY)
                return fail(err, ERR_DENIED, "La frase de la clave maestra no es correcta.",
                            "The master key's passphrase is wrong.");
        if (r < 0)
                return r;
        *ret_session = TAKE_PTR(master);
        return 0;
}

static int wrap(void *session, const char *algorithm, const struct secret *key, uint8_t out[WRAPPED_MAX],
                size_t *ret_n, struct error *err) {
        return wrap_key(algorithm, session, key, out, ret_n, err);
}

static int unwrap(void *session, const char *algorithm, const uint8_t *wrapped, size_t n, struct secret **ret,
                  struct error *err) {
        return unwrap_key(algorithm, session, wrapped, n, ret, err);
}

static void close_session(void *session) {
        secret_free(session);
}

const struct key_provider key_provider_software = {
        .name = "software",
        .title = { "almacén de claves en software", "software key store" },
        .hsm = false,
        .create = create,
        .open = open_session,
        .wrap = wrap,
        .unwrap = unwrap,
        .close = close_session,
};
