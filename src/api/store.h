/* A store's folder: registry.db, vault.db, attachments/, work/, people/, org/, the station's key, the writer's lock
 * and the newest checkpoint outside the database. */
#pragma once

#include <openssl/types.h>

#include "base/clock.h"
#include "registry/station.h"
#include "store/db.h"

struct ledger;

struct store {
        struct db *db;
        struct ledger *ledger;
        struct station station;
        EVP_PKEY *key, *public_key;
};

/* Opens the registry and its ledger; with `writes` loads the station's key too. ERR_NOT_FOUND where there is no
 * store. */
int store_open(const char *folder, const struct clock *clock, bool writes, struct store *ret, struct error *err);
/* Makes the folders and an empty registry, and gives it open; the caller records the first events. */
int store_make_folders(const char *folder, struct error *err);
/* The ledger of an open registry, with the catalogue's event types. */
int store_open_ledger(const char *folder, struct db *db, const char *station, EVP_PKEY *key, EVP_PKEY *public_key,
                      const struct clock *clock, struct ledger **ret, struct error *err);
/* Brings all rooms' tables up to date. */
int store_migrate(struct db *db, struct error *err);
void store_close(struct store *store);

/* The schemas of all rooms, the ledger's first. Gives the number. */
enum { STORE_SCHEMAS_MAX = 64 };
size_t store_schemas(const struct schema *ret[STORE_SCHEMAS_MAX]);
