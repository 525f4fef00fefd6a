/* Where a master key lives: one file a provider, listed in providers.c. Private to the room.
 *
 * A session is an opened master key, a KEK one that a session opened. What they are is the provider's own: with an
 * HSM they are handles, and neither key is ever in this process. */
#pragma once

#include "base/json.h"
#include "base/secret.h"
#include "keys/wrap.h"

/* A master key that is to be made. */
struct provider_wish {
        const json_t *options;       /* of the provider: "kdf", "module", "token" ... (NULL: its defaults) */
        const struct secret *secret; /* passphrase or PIN */
        const struct secret *key;    /* the key itself, WRAP_KEY bytes, or NULL: a random one */
};

struct key_provider {
        const char *name;
        struct text title;
        struct text prompt;     /* for the secret that opens it */
        struct text new_prompt; /* for one that is being set */
        bool hsm;               /* counts as an HSM under C1 */
        bool counts; /* its hardware counts wrong secrets and locks itself; the secret exists before the key does */
        bool silent; /* opens without a secret, as long as its hardware lets it */

        /* Makes master key `ref`. *ret_parameters: what the vault keeps of it, an object without anything in clear;
         * commitment: what the ledger learns of it. */
        int (*create)(const char *ref, const struct provider_wish *wish, json_t **ret_parameters,
                      char commitment[65], struct error *err);
        /* secret: what the person typed; NULL only with a silent provider. ERR_DENIED for a wrong secret;
         * ERR_VERIFY or ERR_REFUSED for parameters that aren't ours. */
        int (*open)(const json_t *parameters, const struct secret *secret, void **ret_session, struct error *err);
        /* What opens it again without the person, and how. A token that no longer serves is ERR_DENIED. */
        int (*keep)(void *session, struct secret **ret_token, struct error *err);
        int (*reopen)(const json_t *parameters, const struct secret *token, void **ret_session, struct error *err);
        void (*close)(void *session);
        /* Destroys the master key in the hardware that holds it; NULL: it is nowhere but in the vault. ERR_CONFLICT
         * for one that was there before mpsi used it. */
        int (*erase)(void *session, struct error *err);

        /* A new KEK under the master key, and one that the vault keeps. commitment: of its reference and itself. */
        int (*kek_create)(void *session, const char *algorithm, const char *ref, uint8_t out[WRAPPED_MAX],
                          size_t *ret_n, char commitment[65], void **ret_kek, struct error *err);
        int (*kek_open)(void *session, const char *algorithm, const char *ref, const uint8_t *wrapped, size_t n,
                        char commitment[65], void **ret_kek, struct error *err);
        void (*kek_close)(void *session, void *kek);

        /* Secrets of media under a KEK. */
        int (*wrap)(void *session, void *kek, const char *algorithm, const struct secret *secret,
                    uint8_t out[WRAPPED_MAX], size_t *ret_n, struct error *err);
        int (*unwrap)(void *session, void *kek, const char *algorithm, const uint8_t *wrapped, size_t n,
                      struct secret **ret, struct error *err);
};

extern const struct key_provider key_provider_software, key_provider_pkcs11, key_provider_tpm2;

/* A master key sealed by the TPM to the present state: what its parameters hold as "tpm". */
int provider_tpm2_seal(const json_t *options, const struct secret *key, json_t **ret, struct error *err);

/* ERR_REFUSED by C6 for a name that no provider has. */
int key_provider_find(const char *name, const struct key_provider **ret, struct error *err);
