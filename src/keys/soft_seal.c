/* A key under a passphrase: scrypt (RFC 7914, in CCN-STIC 807's table of key derivations) or Argon2id (RFC 9106),
 * and AES key wrap. */
#include <argon2.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/str.h"
#include "keys/keys.h"
#include "keys/soft.h"
#include "policy/rule.h"
#include "sign/openssl.h"

/* scrypt: N = 2^16, r = 8: 64 MiB and about 0.2 s a try. Argon2id: 4 passes over 256 MiB, what row 7 of the
 * acceptance table asks of a person's slot in ALTA. What is read from a vault may cost no more than 1 GiB. */
enum {
        SALT = 32,
        SCRYPT_N = 1 << 16,
        SCRYPT_R = 8,
        SCRYPT_P = 1,
        ARGON_PASSES = 4,
        ARGON_KIB = 256 * 1024,
        ARGON_LANES = 1,
        KIB_MOST = 1 << 20,
};

struct costs {
        int64_t a, b, c;
};

struct kdf {
        const char *name;
        const char *members[3]; /* what its costs are called in the sealed object */
        struct costs usual, least, most;
        int (*stretch)(const struct secret *passphrase, const uint8_t salt[SALT], const struct costs *costs,
                       struct secret *key, struct error *err);
};

static int stretch_scrypt(const struct secret *passphrase, const uint8_t salt[SALT], const struct costs *costs,
                          struct secret *key, struct error *err) {
        if (EVP_PBE_scrypt((const char *) passphrase->data, passphrase->size, salt, SALT, (uint64_t) costs->a,
                           (uint64_t) costs->b, (uint64_t) costs->c, (uint64_t) KIB_MOST * 1024, key->data,
                           key->size) != 1)
                return fail_openssl(err, "scrypt falla", "scrypt failed");
        return 0;
}

static int stretch_argon2(const struct secret *passphrase, const uint8_t salt[SALT], const struct costs *costs,
                          struct secret *key, struct error *err) {
        int code = argon2id_hash_raw((uint32_t) costs->a, (uint32_t) costs->b, (uint32_t) costs->c,
                                     passphrase->data, passphrase->size, salt, SALT, key->data, key->size);

        if (code == ARGON2_MEMORY_ALLOCATION_ERROR) {
                (void) fail(err, ERR_FAILED, "Argon2id necesita %lld MiB de memoria y no los hay.",
                            "Argon2id needs %lld MiB of memory and they are not there.",
                            (long long) costs->b / 1024);
                return hint(err, "Cierre otros programas o suba el límite de memoria, y repita.",
                            "Close other programs or raise the memory limit, and repeat.");
        }
        if (code != ARGON2_OK)
                return fail(err, ERR_FAILED, "Argon2id falla: %s.", "Argon2id failed: %s.",
                            argon2_error_message(code));
        return 0;
}

static const struct kdf kdfs[] = {
        { "scrypt",
          { "n", "r", "p" },
          { SCRYPT_N, SCRYPT_R, SCRYPT_P },
          { 2, 1, 1 },
          { KIB_MOST, 32, 16 },
          stretch_scrypt },
        { "argon2id",
          { "passes", "kib", "lanes" },
          { ARGON_PASSES, ARGON_KIB, ARGON_LANES },
          { 1, 8 * ARGON_LANES, 1 },
          { 64, KIB_MOST, 1 },
          stretch_argon2 },
};

static int find_kdf(const char *name, const struct kdf **ret, struct error *err) {
        for (size_t i = 0; i < COUNT(kdfs); i++)
                if (strcmp(name, kdfs[i].name) == 0) {
                        *ret = &kdfs[i];
                        return 0;
                }
        return refuse(err, ERR_REFUSED, "C6", "Derivación de claves desconocida «%.40s».",
                      "Unknown key derivation “%.40s”.", name);
}

int soft_passphrase_check(const struct secret *passphrase, struct error *err) {
        if (!passphrase || passphrase->size < PASSPHRASE_MIN)
                return refuse(err, ERR_REFUSED, "C4", "La frase de la clave maestra tiene menos de %d caracteres.",
                              "The master key's passphrase has less than %d characters.", PASSPHRASE_MIN);
        return 0;
}

static int stretch(const struct kdf *kdf, const struct secret *passphrase, const uint8_t salt[SALT],
                   const struct costs *costs, struct secret **ret, struct error *err) {
        _cleanup_secret_ struct secret *key = NULL;
        int r = secret_new(WRAP_KEY, &key, err);

        if (r == 0)
                r = kdf->stretch(passphrase, salt, costs, key, err);
        if (r == 0)
                *ret = TAKE_PTR(key);
        return r;
}

int soft_seal(const char *name, const struct secret *passphrase, const struct secret *key, json_t **ret,
              struct error *err) {
        _cleanup_secret_ struct secret *under = NULL, *salt = NULL;
        char salt_text[2 * SALT + 1], wrapped_text[2 * (WRAP_KEY + 8) + 1];
        uint8_t wrapped[WRAPPED_MAX];
        const struct kdf *kdf;
        size_t n;
        int r = soft_passphrase_check(passphrase, err);

        if (r == 0)
                r = find_kdf(name ? name : kdfs[0].name, &kdf, err);
        if (r == 0)
                r = secret_random(SALT, &salt, err);
        if (r == 0)
                r = stretch(kdf, passphrase, salt->data, &kdf->usual, &under, err);
        if (r == 0)
                r = wrap_key(wrap_algorithm, under, key, wrapped, &n, err);
        if (r < 0)
                return r;
        if (n != WRAP_KEY + 8)
                return fail(err, ERR_USAGE, "Longitud de clave no válida.", "Invalid length of a key.");
        hex_encode(salt->data, SALT, salt_text);
        hex_encode(wrapped, n, wrapped_text);
        *ret = json_pack("{s:s, s:I, s:I, s:I, s:s, s:s, s:s}", "kdf", kdf->name, kdf->members[0],
                         (json_int_t) kdf->usual.a, kdf->members[1], (json_int_t) kdf->usual.b, kdf->members[2],
                         (json_int_t) kdf->usual.c, "salt", salt_text, "algorithm", wrap_algorithm, "wrapped",
                         wrapped_text);
        return *ret ? 0 : fail_memory(err);
}

static bool between(int64_t least, int64_t value, int64_t most) {
        return value >= least && value <= most;
}

/* A vault that was tampered with must not cost more than the machine has. */
static bool costs_sane(const struct kdf *kdf, const json_t *sealed, struct costs *ret) {
        *ret = (struct costs){ json_int(sealed, kdf->members[0], 0), json_int(sealed, kdf->members[1], 0),
                               json_int(sealed, kdf->members[2], 0) };
        return between(kdf->least.a, ret->a, kdf->most.a) && between(kdf->least.b, ret->b, kdf->most.b) &&
               between(kdf->least.c, ret->c, kdf->most.c);
}

int soft_unseal(const json_t *sealed, const struct secret *passphrase, struct secret **ret, struct error *err) {
        _cleanup_secret_ struct secret *under = NULL;
        const char *wrapped_text = json_text_or_empty(sealed, "wrapped");
        uint8_t salt[SALT], wrapped[WRAP_KEY + 8];
        const struct kdf *kdf;
        struct costs costs;
        int r = find_kdf(json_text_or_empty(sealed, "kdf"), &kdf, err);

        if (r < 0)
                return r;
        if (!costs_sane(kdf, sealed, &costs) || strlen(wrapped_text) != 2 * sizeof wrapped ||
            hex_decode(wrapped_text, wrapped, sizeof wrapped) < 0 ||
            hex_decode(json_text_or_empty(sealed, "salt"), salt, SALT) < 0)
                return fail(err, ERR_VERIFY, "La clave maestra guardada está dañada.",
                            "The stored master key is damaged.");
        r = stretch(kdf, passphrase, salt, &costs, &under, err);
        if (r == 0)
                r = unwrap_key(json_text_or_empty(sealed, "algorithm"), under, wrapped, sizeof wrapped, ret, err);
        if (r == ERR_VERIFY)
                return fail(err, ERR_DENIED, "La frase de la clave maestra no es correcta.",
                            "The master key's passphrase is wrong.");
        return r;
}
