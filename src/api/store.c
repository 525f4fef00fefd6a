#include "api/store.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/verbs.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/str.h"
#include "ledger/ledger.h"
#include "metrics/metrics.h"
#include "sign/identity.h"

size_t store_schemas(const struct schema *ret[STORE_SCHEMAS_MAX]) {
        size_t n = 0;

        ret[n++] = &ledger_schema;
        for (size_t i = 0; i < rooms_n && n < STORE_SCHEMAS_MAX; i++)
                if (rooms[i]->schema)
                        ret[n++] = rooms[i]->schema;
        return n;
}

/* Tables that were added follow the events that are older than them; a reader leaves that to a writer. */
static int migrate(struct db *db, bool writes, struct error *err) {
        const struct schema *schemas[STORE_SCHEMAS_MAX];
        size_t n = store_schemas(schemas);
        bool caught_up = false;
        int r = db_migrate(db, schemas, n, err);

        if (r == 0)
                r = metrics_is_caught_up(db, &caught_up, err);
        if (r < 0 || caught_up)
                return r;
        return writes ? metrics_catch_up(db, err) : ERR_BUSY;
}

int store_migrate(struct db *db, struct error *err) {
        return migrate(db, true, err);
}

int store_make_folders(const char *folder, struct error *err) {
        static const char *const inside[] = { "attachments", "work", "people", "org", "recovery" };
        int r = dir_make(folder, 0750, err);

        for (size_t i = 0; r == 0 && i < COUNT(inside); i++) {
                _cleanup_free_ char *path = str_format("%s/%s", folder, inside[i]);

                r = path ? dir_make(path, 0750, err) : fail_memory(err);
        }
        return r;
}

int store_open_ledger(const char *folder, struct db *db, const char *station, EVP_PKEY *key, EVP_PKEY *public_key,
                      const struct clock *clock, struct ledger **ret, struct error *err) {
        _cleanup_free_ char *witness = str_format("%s/checkpoint", folder);
        struct event_table tables[STORE_SCHEMAS_MAX];
        struct ledger_options options = { .db = db,
                                          .clock = clock,
                                          .station = station,
                                          .key = key,
                                          .public_key = public_key,
                                          .witness = witness,
                                          .tables = tables };

        if (!witness)
                return fail_memory(err);
        for (size_t i = 0; i < rooms_n && options.tables_n < COUNT(tables); i++)
                tables[options.tables_n++] = (struct event_table){ rooms[i]->events, rooms[i]->events_n };
        return ledger_open(&options, ret, err);
}

static int public_half(const char *pem, EVP_PKEY **ret, struct error *err) {
        X509 *certificate = NULL;
        int r = certificate_from_pem(pem, &certificate, err);

        if (r < 0)
                return r;
        *ret = X509_get_pubkey(certificate);
        X509_free(certificate);
        return *ret ? 0 : fail_memory(err);
}

static int open_registry(const char *folder, bool writes, struct store *store, struct error *err) {
        _cleanup_free_ char *path = str_format("%s/registry.db", folder);
        int r;

        if (!path)
                return fail_memory(err);
        if (access(path, F_OK) < 0) {
                (void) fail(err, ERR_NOT_FOUND, "No hay almacén en «%s».", "There is no store in “%s”.", folder);
                return hint(err, "Créelo con «mpsi init», o diga dónde está con --store.",
                            "Create it with “mpsi init”, or say where it is with --store.");
        }
        r = db_open(path, writes ? DB_WRITE : DB_READ, &store->db, err);
        if (r == 0)
                r = migrate(store->db, writes, err);
        /* The first reader of an older version's store brings it up to date, as a writer. */
        if (r == ERR_BUSY && !writes) {
                db_close(store->db);
                store->db = NULL;
                r = db_open(path, DB_WRITE, &store->db, err);
                if (r == 0)
                        r = store_migrate(store->db, err);
        }
        if (r == 0)
                r = station_load(store->db, &store->station, err);
        return r;
}

int store_open(const char *folder, const struct clock *clock, bool writes, struct store *ret, struct error *err) {
        struct store store = { 0 };
        _cleanup_free_ char *key = str_format("%s/station.key", folder);
        int r = key ? open_registry(folder, writes, &store, err) : fail_memory(err);

        if (r == 0)
                r = public_half(store.station.certificate, &store.public_key, err);
        if (r == 0 && writes)
                r = secret_arena_start(err); /* OpenSSL keeps a key's numbers there, when it is there */
        if (r == 0 && writes)
                r = identity_key_load(key, NULL, &store.key, err);
        if (r == 0)
                r = store_open_ledger(folder, store.db, store.station.name, store.key, store.public_key, clock,
                                      &store.ledger, err);
        if (r < 0) {
                store_close(&store);
                return r;
        }
        *ret = store;
        return 0;
}

void store_close(struct store *store) {
        ledger_close(store->ledger);
        db_close(store->db);
        EVP_PKEY_free(store->key);
        EVP_PKEY_free(store->public_key);
        station_done(&store->station);
        memset(store, 0, sizeof *store);
}
