/* Key wrapping: algorithms by the identifier that is stored beside every wrapped key (C7, crypto-agility). Private
 * to the room. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"

enum { WRAP_KEY = 32, WRAPPED_MAX = 4096 + 16 };

/* What new keys are wrapped with. */
extern const char wrap_algorithm[];

/* Wraps content under a key of WRAP_KEY bytes. out holds content->size + 16 bytes rounded up to 8. ERR_REFUSED by
 * C6 for an algorithm that isn't known. */
int wrap_key(const char *algorithm, const struct secret *key, const struct secret *content,
             uint8_t out[WRAPPED_MAX], size_t *ret_n, struct error *err);
/* ERR_VERIFY when the key is another one or the bytes were changed. */
int unwrap_key(const char *algorithm, const struct secret *key, const uint8_t *wrapped, size_t n,
               struct secret **ret, struct error *err);

/* SHA-256 over a label of what is committed to, the key's reference and the secret, each ended by NUL. */
int key_commitment(const char *kind, const char *ref, const struct secret *secret, char ret[65], struct error *err);
