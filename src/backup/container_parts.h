/* What writing and reading a container share. */
#pragma once

#include <stdbool.h>

#include "backup/container.h"

enum { CONTAINER_CHUNK = 1 << 18, CONTAINER_KEYS = 64 };

extern const char member_about[], member_keys[], member_content[];

struct container_crypto {
        EVP_CIPHER_CTX *cipher;
        EVP_MAC_CTX *mac;
};
int container_crypto_start(struct container_crypto *crypto, const struct secret *keys, bool encrypt,
                           struct error *err);
void container_crypto_done(struct container_crypto *crypto);

int container_header(const char *name, uint64_t size, int64_t time, uint8_t out[TAR_BLOCK], struct error *err);
int container_tail(const uint8_t mac[SHA256_SIZE], int64_t time, uint8_t out[CONTAINER_TAIL], struct error *err);
