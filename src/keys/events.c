/* What the ledger knows of keys: ID, version, algorithm and commitment; never a byte of them. */
#include <stdio.h>
#include <string.h>

#include "keys/internal.h"

static const char *const scripts[] = {
        "CREATE TABLE crypto_key ("
        " id TEXT NOT NULL, version INTEGER NOT NULL, kind TEXT NOT NULL, algorithm TEXT NOT NULL,"
        " provider TEXT NOT NULL, commitment TEXT NOT NULL, wrapped_by TEXT NOT NULL, medium TEXT,"
        " escrow_certificate TEXT, escrow_commitment TEXT, state TEXT NOT NULL, created INTEGER NOT NULL,"
        " destroyed INTEGER, reason TEXT, exports INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (id, version)"
        ") STRICT;"
        "CREATE INDEX crypto_key_medium ON crypto_key (medium, state);",
        "CREATE TABLE vault_copy (number INTEGER PRIMARY KEY, time INTEGER NOT NULL) STRICT;",
};

static const char *const state_tables[] = { "crypto_key", "vault_copy", NULL };

const struct schema keys_schema = {
        .room = "keys", .scripts = scripts, .scripts_n = COUNT(scripts), .state_tables = state_tables
};

static int apply_created(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data, *escrow = json_object_get(data, "escrow");
        int r = db_exec(
                db, err,
                "INSERT INTO crypto_key (id, version, kind, algorithm, provider, commitment, wrapped_by, medium,"
                " escrow_certificate, escrow_commitment, state, created)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'live', ?)",
                "sissssssssi", json_text(data, "id"), json_int(data, "version", 0), json_text(data, "kind"),
                json_text(data, "algorithm"), json_text_or_empty(data, "provider"), json_text(data, "commitment"),
                json_text_or_empty(data, "wrapped_by"), json_text(data, "medium"), json_text(escrow, "certificate"),
                json_text(escrow, "commitment"), event->time);

        return r < 0 ? r : 0;
}

static int apply_destroyed(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "UPDATE crypto_key SET state = 'destroyed', destroyed = ?, reason = ?"
                        " WHERE id = ? AND version = ?",
                        "issi", event->time, json_text(event->data, "reason"), json_text(event->data, "id"),
                        json_int(event->data, "version", 0));

        return r < 0 ? r : 0;
}

static int apply_exported(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE crypto_key SET exports = exports + 1 WHERE id = ? AND version = ?", "si",
                        json_text(event->data, "id"), json_int(event->data, "version", 0));

        return r < 0 ? r : 0;
}

/* Rotation A: what was wrapped by any KEK is now wrapped by this one. */
static int apply_rewrapped(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "UPDATE crypto_key SET wrapped_by = ?, provider = ? WHERE state = 'live'"
                        " AND wrapped_by LIKE 'kek.%'",
                        "ss", json_text(event->data, "to"), json_text_or_empty(event->data, "provider"));

        return r < 0 ? r : 0;
}

/* Facts that no table shows. */
static int apply_nothing(struct db *db, const struct event *event, struct error *err) {
        (void) db;
        (void) event;
        (void) err;
        return 0;
}

const struct event_type key_events[6] = {
        { "key.created", apply_created },
        { "key.destroyed", apply_destroyed },
        { "key.envelope-exported", apply_exported },
        { "key.rewrapped", apply_rewrapped },
        { "key.unlocked", apply_nothing },
        { "key.locked", apply_nothing },
};

int key_registered(struct db *db, const char *id, int64_t version, enum key_state *ret, char commitment[65],
                   struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, "SELECT state, commitment FROM crypto_key WHERE id = ? AND version = ?",
                         "si", id, version);

        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        *ret = r == 0 ? KEY_UNKNOWN : strcmp(rows_text(rows, 0), "live") == 0 ? KEY_LIVE : KEY_DESTROYED;
        (void) snprintf(commitment, 65, "%s", r == 0 ? "" : rows_text(rows, 1));
        return 0;
}
