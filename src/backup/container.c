#include <openssl/core_names.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

#include "backup/container_parts.h"
#include "base/str.h"

const char member_about[] = "mpsi-backup", member_keys[] = "keys.cms", member_content[] = "content.enc";
static const char member_mac[] = "mac";

static EVP_MAC_CTX *hmac_start(const uint8_t *key, size_t n) {
        OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                                 (char *) (uintptr_t) "SHA256", 0),
                                OSSL_PARAM_construct_end() };
        EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        EVP_MAC_CTX *context = hmac ? EVP_MAC_CTX_new(hmac) : NULL;

        EVP_MAC_free(hmac);
        if (context && EVP_MAC_init(context, key, n, params) != 1) {
                EVP_MAC_CTX_free(context);
                return NULL;
        }
        return context;
}

int container_crypto_start(struct container_crypto *crypto, const struct secret *keys, bool encrypt,
                           struct error *err) {
        static const uint8_t counter[16];
        const size_t half = CONTAINER_KEYS / 2;

        if (keys->size != CONTAINER_KEYS)
                return fail(err, ERR_VERIFY, "El sobre no lleva las claves de una copia.",
                            "The envelope does not hold a backup's keys.");
        crypto->mac = hmac_start(keys->data + half, half);
        crypto->cipher = EVP_CIPHER_CTX_new();
        /* The counter may start at zero: a key is used for one file. */
        if (!crypto->mac || !crypto->cipher ||
            EVP_CipherInit_ex(crypto->cipher, EVP_aes_256_ctr(), NULL, keys->data, counter, encrypt) != 1)
                return fail_openssl(err, "No se puede cifrar", "Encryption failed");
        return 0;
}

void container_crypto_done(struct container_crypto *crypto) {
        EVP_CIPHER_CTX_free(crypto->cipher);
        EVP_MAC_CTX_free(crypto->mac);
        *crypto = (struct container_crypto){ 0 };
}

int container_header(const char *name, uint64_t size, int64_t time, uint8_t out[TAR_BLOCK], struct error *err) {
        struct tar_member member = { .size = size, .mode = 0600, .time = time };

        (void) snprintf(member.name, sizeof member.name, "%s", name);
        return tar_header(&member, out, err);
}

int container_tail(const uint8_t mac[SHA256_SIZE], int64_t time, uint8_t out[CONTAINER_TAIL], struct error *err) {
        char *text = (char *) out + TAR_BLOCK;

        memset(out, 0, CONTAINER_TAIL);
        hex_encode(mac, SHA256_SIZE, text);
        text[2 * SHA256_SIZE] = '\n';
        return container_header(member_mac, 2 * SHA256_SIZE + 1, time, out, err);
}
