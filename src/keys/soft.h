/* Keys in this process' locked memory: what the software provider is made of, and others fall back on. Private to
 * the room. A session and a KEK are each a struct secret of WRAP_KEY bytes. */
#pragma once

#include "base/json.h"
#include "keys/wrap.h"

/* A key of WRAP_KEY bytes under a passphrase: an object with the derivation's name and costs, its salt, the wrap's
 * name and the wrapped key. kdf: "scrypt", "argon2id" or NULL for the default; ERR_REFUSED by C6 for another. */
int soft_seal(const char *kdf, const struct secret *passphrase, const struct secret *key, json_t **ret,
              struct error *err);
/* ERR_DENIED for a wrong passphrase. */
int soft_unseal(const json_t *sealed, const struct secret *passphrase, struct secret **ret, struct error *err);
/* Whether the passphrase is long enough (C4). */
int soft_passphrase_check(const struct secret *passphrase, struct error *err);

/* The operations of struct key_provider. */
int soft_keep(void *session, struct secret **ret_token, struct error *err);
int soft_reopen(const json_t *parameters, const struct secret *token, void **ret_session, struct error *err);
void soft_close(void *session);
int soft_kek_create(void *session, const char *algorithm, const char *ref, uint8_t out[WRAPPED_MAX], size_t *ret_n,
                    char commitment[65], void **ret_kek, struct error *err);
int soft_kek_open(void *session, const char *algorithm, const char *ref, const uint8_t *wrapped, size_t n,
                  char commitment[65], void **ret_kek, struct error *err);
void soft_kek_close(void *session, void *kek);
int soft_wrap(void *session, void *kek, const char *algorithm, const struct secret *secret,
              uint8_t out[WRAPPED_MAX], size_t *ret_n, struct error *err);
int soft_unwrap(void *session, void *kek, const char *algorithm, const uint8_t *wrapped, size_t n,
                struct secret **ret, struct error *err);
