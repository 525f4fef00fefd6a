/* Signatures by the identifier that stands beside each of them, inside what is signed (C7): so that one of tomorrow
 * is told from a forged one of today, and nobody can put a weaker name there. docs/cryptography.md has the plan. */
#pragma once

#include "base/error.h"
#include "base/json.h"

/* What sign_bytes() makes: ECDSA, with the hash of the key's curve. */
extern const char signature_algorithm[]; /* "ecdsa" */

/* 0 for one that verify_bytes() understands; ERR_REFUSED by C7. */
int signature_algorithm_check(const char *id, struct error *err);

/* The same for the member "algorithm" of what was signed. Statements of before there was one are ECDSA. */
int signature_algorithm_of(const json_t *signed_object, struct error *err);
