/* vault.db: what may one day have to be destroyed, and so stays out of the ledger. Private to the room. */
#pragma once

#include <stdbool.h>

#include "keys/wrap.h"
#include "store/db.h"

struct wrapped {
        char algorithm[40], wrapped_by[48];
        uint8_t bytes[256];
        size_t n;
};

/* mode: DB_CREATE, DB_WRITE or DB_READ. The tables are there afterwards. */
int vault_open(const char *folder, unsigned mode, struct db **ret, struct error *err);

int vault_put_master(struct db *vault, int64_t version, const char *provider, const char *parameters, int64_t now,
                     struct error *err);
/* The newest; new strings. */
int vault_get_master(struct db *vault, int64_t *ret_version, char **ret_provider, char **ret_parameters,
                     struct error *err);

/* Deletes one that was replaced. */
int vault_drop_master(struct db *vault, int64_t version, struct error *err);
/* The newest one's parameters anew. */
int vault_update_master(struct db *vault, int64_t version, const char *parameters, struct error *err);

/* Other bytes for a key that is there. */
int vault_rewrap_key(struct db *vault, const char *id, int64_t version, const struct wrapped *key,
                     struct error *err);
int vault_put_key(struct db *vault, const char *id, int64_t version, const struct wrapped *key, int64_t now,
                  struct error *err);
/* ERR_NOT_FOUND with a message. */
int vault_get_key(struct db *vault, const char *id, int64_t version, struct wrapped *ret, struct error *err);
bool vault_has_key(struct db *vault, const char *id, int64_t version);
/* 0 when there is none. */
int vault_newest_version(struct db *vault, const char *id, int64_t *ret, struct error *err);
int vault_count(struct db *vault, int64_t *ret_keys, int64_t *ret_envelopes, struct error *err);

int vault_put_envelope(struct db *vault, const char *id, int64_t version, const char *certificate, const void *der,
                       size_t n, int64_t now, struct error *err);
int vault_get_envelope(struct db *vault, const char *id, int64_t version, uint8_t **ret, size_t *ret_n,
                       struct error *err);
int vault_put_certificate(struct db *vault, const char *fingerprint, const char *pem, int64_t now,
                          struct error *err);
int vault_get_certificate(struct db *vault, char **ret_pem, struct error *err);

/* Deletes a key and its envelope in one transaction and looks for their bytes in the vault's files afterwards.
 * The number of rows deleted; *ret_leftovers counts the places where bytes of them are still found. */
int vault_destroy(struct db *vault, const char *folder, const char *id, int64_t version, int64_t *ret_leftovers,
                  struct error *err);
