/* What opens the vault again without the person, in the kernel's key retention service: locked kernel memory, gone
 * with its timeout, the session keyring or the machine. Private to the room. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/secret.h"

enum { KEPT_NAME = 64 };

/* Replaces what is there. until: when it ends (of the store's clock, for those who ask); seconds: from now. */
int kept_put(const char *name, const struct secret *token, int64_t until, int64_t seconds, struct error *err);
/* ERR_NOT_FOUND when there is none (err then holds no message). ret_token may be NULL. */
int kept_get(const char *name, struct secret **ret_token, int64_t *ret_until, struct error *err);
/* Whether there was one. */
bool kept_drop(const char *name);
