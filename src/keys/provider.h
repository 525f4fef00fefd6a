/* Where a master key lives: one file a provider, listed in providers.c. Private to the room. */
#pragma once

#include "base/json.h"
#include "base/secret.h"
#include "keys/wrap.h"

struct key_provider {
        const char *name;
        struct text title;
        bool hsm; /* counts as an HSM under C1 */
        /* Makes master key `ref`. *ret_parameters: what the vault keeps of it, an object without anything in clear;
         * commitment: what the ledger learns of it. */
        int (*create)(const char *ref, const struct secret *passphrase, json_t **ret_parameters,
                      char commitment[65], struct error *err);
        /* ERR_DENIED for a wrong passphrase; ERR_VERIFY or ERR_REFUSED for parameters that aren't ours. */
        int (*open)(const json_t *parameters, const struct secret *passphrase, void **ret_session,
                    struct error *err);
        int (*wrap)(void *session, const char *algorithm, const struct secret *key, uint8_t out[WRAPPED_MAX],
                    size_t *ret_n, struct error *err);
        int (*unwrap)(void *session, const char *algorithm, const uint8_t *wrapped, size_t n, struct secret **ret,
                      struct error *err);
        void (*close)(void *session);
};

extern const struct key_provider key_provider_software;

/* ERR_REFUSED by C6 for a name that no provider has. */
int key_provider_find(const char *name, const struct key_provider **ret, struct error *err);
