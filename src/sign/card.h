/* A person's signing key on a card or token (PKCS#11): it never leaves it. The vendor's module runs in a process of
 * its own, which ends with the key; a PIN is tried once, and never the last time. */
#pragma once

#include "base/json.h"
#include "base/secret.h"
#include "sign/identity.h"

struct card_place {
        char module[256]; /* absolute path, root's */
        char token[33];   /* the token's label */
        char serial[17];  /* its serial number; "" takes the first of that label, and sets it */
        char id[65];      /* CKA_ID in hexadecimal; "" takes the only ECDSA key there is, and sets it */
};

/* The key as OpenSSL knows keys: sign_bytes() and cms_sign() take it, the card signs. ERR_DENIED for a wrong PIN,
 * ERR_CONFLICT when it is locked or has one try left, ERR_FAILED when the card is not there, ERR_REFUSED by C6 for
 * another kind of key. The caller frees *ret, which ends the session. */
int card_open(struct card_place *place, const struct secret *pin, EVP_PKEY **ret, struct error *err);

/* Whether a key is on a card: it signs for one thread at a time. */
bool card_is(const EVP_PKEY *key);

json_t *card_place_to_json(const struct card_place *place);
int card_place_from_json(const json_t *json, struct card_place *ret, struct error *err);
