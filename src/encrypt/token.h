/* The signed token in the LUKS2 header (L7): which medium this is, how it is classified, and that we said so. Its
 * signature covers the header's UUID and the volume key's digest, so that it can't be moved to another medium.
 * Private to the room. */
#pragma once

#include "act/act.h"
#include "encrypt/luks.h"
#include "registry/medium.h"

struct token_context {
        const struct act *act; /* station key, station, clock */
        const struct medium *medium;
        const char *key_ref;
};

/* A luks_token_make: context is a struct token_context. */
int token_make(void *context, const struct luks_facts *facts, json_t **ret, struct error *err);

/* ERR_VERIFY when the signature or what it covers does not hold; ERR_REFUSED by C7 for a version or an algorithm
 * that is not known. */
int token_verify(const json_t *token, const struct luks_facts *facts, const char *station_certificate,
                 struct error *err);

/* Adds what is wrong with the token to a verdict, as findings of row 0 by rule L7. */
void token_judge(const struct luks_facts *facts, const struct medium *medium, const char *station_certificate,
                 struct luks_verdict *verdict);
