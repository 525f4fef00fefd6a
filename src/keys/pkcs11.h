/* PKCS#11 as one token and one master key: what runs in the process apart. Private to the room. */
#pragma once

#include <p11-kit/pkcs11.h>

#include "base/json.h"
#include "keys/isolate.h"

/* A rotation holds two KEKs at once. */
enum { PKCS11_KEKS = 2 };

struct pkcs11 {
        char module[256], token[33], serial[17], id[65]; /* id: CKA_ID in hexadecimal */
        struct secret *pin;
        CK_FUNCTION_LIST *calls;
        CK_SESSION_HANDLE session;
        CK_OBJECT_HANDLE master, keks[PKCS11_KEKS];
        struct secret *wrapped_keks[PKCS11_KEKS]; /* to open them again in a new session */
        int slot;                                 /* the KEK in use */
};

/* Module, token, session, PIN. */
int pkcs11_login(struct pkcs11 *token, struct error *err);
int pkcs11_logout(struct pkcs11 *token);
/* The master key by token->id. ERR_NOT_FOUND; ERR_REFUSED by C1 when it is not one that never leaves. */
int pkcs11_find_master(struct pkcs11 *token, struct error *err);
/* A new one; sets token->id. value: WRAP_KEY bytes of a key that custodians hold the shares of, or NULL: the HSM
 * makes it. */
int pkcs11_make_master(struct pkcs11 *token, const uint8_t *value, struct error *err);
/* Destroys it, if pkcs11_make_master() made it: ERR_CONFLICT for any other. */
int pkcs11_erase_master(struct pkcs11 *token, struct error *err);
/* What the ledger learns of a key that nobody can read: its wrapping of 32 zero bytes, as key_commitment() has it.
 */
int pkcs11_commitment(struct pkcs11 *token, CK_OBJECT_HANDLE key, const char *kind, const char *ref, char ret[65],
                      struct error *err);
int pkcs11_make_kek(struct pkcs11 *token, uint8_t out[WRAPPED_MAX], size_t *ret_n, struct error *err);
int pkcs11_open_kek(struct pkcs11 *token, const uint8_t *wrapped, size_t n, struct error *err);
int pkcs11_wrap(struct pkcs11 *token, CK_OBJECT_HANDLE under, const uint8_t *secret, size_t n, CK_KEY_TYPE type,
                uint8_t out[WRAPPED_MAX], size_t *ret_n, struct error *err);
int pkcs11_unwrap(struct pkcs11 *token, const uint8_t *wrapped, size_t n, uint8_t out[WRAPPED_MAX], size_t *ret_n,
                  struct error *err);
/* Whether the last call's trouble is a session that is gone; forgets it then. */
bool pkcs11_session_lost(struct pkcs11 *token);
