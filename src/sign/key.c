/* Private keys at rest, and signatures over bytes. */
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/file.h"
#include "sign/identity.h"

/* OpenSSL lets a PKCS#8 scrypt use 32 MiB at most, which N 2^15 with r 8 passes by a little; p 5 makes up for it.
 */
enum { SCRYPT_N = 1 << 14, SCRYPT_R = 8, SCRYPT_P = 5, KEY_LIMIT = 16 * 1024, PASSPHRASE_MIN = 4 };

const char *key_digest_name(EVP_PKEY *key) {
        char group[32];
        size_t n;

        if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
            EVP_PKEY_get_group_name(key, group, sizeof group, &n) != 1) {
                ERR_clear_error();
                return NULL;
        }
        if (strcmp(group, SN_secp384r1) == 0)
                return "SHA384";
        return strcmp(group, SN_X9_62_prime256v1) == 0 ? "SHA256" : NULL;
}

static int encrypt_key(PKCS8_PRIV_KEY_INFO *plain, const struct secret *passphrase, X509_SIG **ret,
                       struct error *err) {
        X509_ALGOR *algorithm = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0, NULL, SCRYPT_N, SCRYPT_R,
                                                      SCRYPT_P);
        X509_SIG *sealed = NULL;

        if (algorithm) /* takes the algorithm only when it succeeds */
                sealed = PKCS8_set0_pbe((const char *) passphrase->data, (int) passphrase->size, plain, algorithm);
        if (!sealed) {
                X509_ALGOR_free(algorithm);
                return fail_openssl(err, "No se puede cifrar la clave", "The key can't be encrypted");
        }
        *ret = sealed;
        return 0;
}

int identity_key_to_pem(EVP_PKEY *key, const struct secret *passphrase, struct secret **ret, struct error *err) {
        _cleanup_(PKCS8_PRIV_KEY_INFO_freep) PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
        _cleanup_(X509_SIG_freep) X509_SIG *sealed = NULL;
        _cleanup_(BIO_free_allp) BIO *bio = BIO_new(BIO_s_secmem());
        char *data;
        long n;
        int r;

        if (!plain || !bio)
                return fail_openssl(err, "No se puede escribir la clave", "The key can't be written");
        if (passphrase && passphrase->size < PASSPHRASE_MIN)
                return fail(err, ERR_USAGE, "La clave de firma necesita un PIN de %d caracteres o más.",
                            "The signing key needs a PIN of %d characters or more.", PASSPHRASE_MIN);
        if (passphrase) {
                r = encrypt_key(plain, passphrase, &sealed, err);
                if (r < 0)
                        return r;
        }
        if ((sealed ? PEM_write_bio_PKCS8(bio, sealed) : PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, plain)) != 1)
                return fail_openssl(err, "No se puede escribir la clave", "The key can't be written");
        n = BIO_get_mem_data(bio, &data);
        return secret_copy(data, (size_t) n, ret, err);
}

int identity_key_save(const char *path, EVP_PKEY *key, const struct secret *passphrase, struct error *err) {
        _cleanup_secret_ struct secret *pem = NULL;
        int r = identity_key_to_pem(key, passphrase, &pem, err);

        return r < 0 ? r : file_write(path, pem->data, pem->size, 0600, err);
}

static int read_plain(BIO *bio, PKCS8_PRIV_KEY_INFO **ret, struct error *err) {
        *ret = PEM_read_bio_PKCS8_PRIV_KEY_INFO(bio, NULL, NULL, NULL);
        ERR_clear_error();
        return *ret ? 0 : fail(err, ERR_VERIFY, "No es una clave privada.", "Not a private key.");
}

static int read_sealed(BIO *bio, const struct secret *passphrase, PKCS8_PRIV_KEY_INFO **ret, struct error *err) {
        _cleanup_(X509_SIG_freep) X509_SIG *sealed = PEM_read_bio_PKCS8(bio, NULL, NULL, NULL);

        ERR_clear_error();
        if (!sealed)
                return fail(err, ERR_VERIFY, "No es una clave privada.", "Not a private key.");
        if (!passphrase)
                return fail(err, ERR_DENIED, "Hace falta el PIN de la clave.", "The key's PIN is needed.");
        *ret = PKCS8_decrypt(sealed, (const char *) passphrase->data, (int) passphrase->size);
        ERR_clear_error();
        return *ret ? 0 : fail(err, ERR_DENIED, "El PIN no es correcto.", "The PIN is wrong.");
}

int identity_key_from_pem(const void *pem, size_t n, const struct secret *passphrase, EVP_PKEY **ret,
                          struct error *err) {
        static const char label[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
        _cleanup_(BIO_free_allp) BIO *bio = NULL;
        _cleanup_(PKCS8_PRIV_KEY_INFO_freep) PKCS8_PRIV_KEY_INFO *plain = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        int r;

        if (n > KEY_LIMIT)
                return fail(err, ERR_VERIFY, "No es una clave privada.", "Not a private key.");
        bio = BIO_new_mem_buf(pem, (int) n);
        if (!bio)
                return fail_memory(err);
        r = memmem(pem, n, label, sizeof label - 1) ? read_sealed(bio, passphrase, &plain, err)
                                                    : read_plain(bio, &plain, err);
        if (r < 0)
                return r;
        key = EVP_PKCS82PKEY(plain);
        ERR_clear_error();
        if (!key || !key_digest_name(key))
                return fail(err, ERR_VERIFY, "No es una clave ECDSA P-256 ni P-384 (C6).",
                            "Not an ECDSA P-256 or P-384 key (C6).");
        *ret = TAKE_PTR(key);
        return 0;
}

int identity_key_load(const char *path, const struct secret *passphrase, EVP_PKEY **ret, struct error *err) {
        char *pem = NULL;
        size_t n = 0;
        int r = file_read(path, KEY_LIMIT, &pem, &n, err);

        if (r < 0)
                return r;
        r = identity_key_from_pem(pem, n, passphrase, ret, err);
        OPENSSL_cleanse(pem, n);
        free(pem);
        return r;
}

int sign_bytes(EVP_PKEY *key, const void *data, size_t n, uint8_t **ret, size_t *ret_n, struct error *err) {
        _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
        const char *digest = key_digest_name(key);
        _cleanup_free_ uint8_t *signature = NULL;
        size_t size = 0;

        if (!context || !digest || EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, key, NULL) != 1 ||
            EVP_DigestSign(context, NULL, &size, data, n) != 1)
                return fail_openssl(err, "No se puede firmar", "Signing failed");
        signature = malloc(size);
        if (!signature)
                return fail_memory(err);
        if (EVP_DigestSign(context, signature, &size, data, n) != 1)
                return fail_openssl(err, "No se puede firmar", "Signing failed");
        *ret = TAKE_PTR(signature);
        *ret_n = size;
        return 0;
}

int verify_bytes(EVP_PKEY *public_key, const void *data, size_t n, const uint8_t *signature, size_t signature_n,
                 struct error *err) {
        _cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
        const char *digest = key_digest_name(public_key);
        int r;

        if (!digest)
                return fail(err, ERR_VERIFY, "La clave no es ECDSA P-256 ni P-384 (C6).",
                            "The key is not ECDSA P-256 or P-384 (C6).");
        if (!context || EVP_DigestVerifyInit_ex(context, NULL, digest, NULL, NULL, public_key, NULL) != 1)
                return fail_openssl(err, "No se puede comprobar la firma", "The signature can't be checked");
        r = EVP_DigestVerify(context, signature, signature_n, data, n);
        ERR_clear_error();
        return r == 1 ? 0 : fail(err, ERR_VERIFY, "La firma no es válida.", "The signature is not valid.");
}

int verify_bytes_with(X509 *certificate, const void *data, size_t n, const uint8_t *signature, size_t signature_n,
                      struct error *err) {
        EVP_PKEY *key = X509_get0_pubkey(certificate);

        if (!key)
                return fail(err, ERR_VERIFY, "El certificado no tiene clave.", "The certificate has no key.");
        return verify_bytes(key, data, n, signature, signature_n, err);
}

size_t signature_raw_size(EVP_PKEY *key) {
        return 2 * (size_t) ((EVP_PKEY_get_bits(key) + 7) / 8);
}

int signature_to_raw(const uint8_t *der, size_t n, uint8_t *out, size_t size, struct error *err) {
        const uint8_t *at = der;
        _cleanup_(ECDSA_SIG_freep) ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long) n);
        int half = (int) (size / 2);

        ERR_clear_error();
        if (!pair || at != der + n || BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, half) != half ||
            BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + half, half) != half)
                return fail(err, ERR_VERIFY, "No es una firma ECDSA.", "Not an ECDSA signature.");
        return 0;
}

int signature_from_raw(const uint8_t *raw, size_t size, uint8_t **ret, size_t *ret_n, struct error *err) {
        _cleanup_(ECDSA_SIG_freep) ECDSA_SIG *pair = ECDSA_SIG_new();
        int half = (int) (size / 2);
        BIGNUM *r = BN_bin2bn(raw, half, NULL), *s = BN_bin2bn(raw + half, half, NULL);
        _cleanup_free_ uint8_t *der = NULL;
        uint8_t *at;
        int n;

        if (!pair || !r || !s || ECDSA_SIG_set0(pair, r, s) != 1) {
                BN_free(r);
                BN_free(s);
                return fail_memory(err);
        }
        n = i2d_ECDSA_SIG(pair, NULL);
        at = der = n > 0 ? malloc((size_t) n) : NULL;
        if (!der)
                return fail_memory(err);
        (void) i2d_ECDSA_SIG(pair, &at);
        *ret = TAKE_PTR(der);
        *ret_n = (size_t) n;
        return 0;
}
