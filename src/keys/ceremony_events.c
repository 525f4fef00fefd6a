/* What the ledger keeps of ceremonies: who holds which share by its commitment; never a byte of one. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "keys/ceremony_parts.h"
#include "policy/ceremony.h"

static const char *const scripts[] = {
        "CREATE TABLE key_ceremony ("
        " ceremony TEXT PRIMARY KEY, version INTEGER NOT NULL, algorithm TEXT NOT NULL, threshold INTEGER NOT NULL,"
        " commitment TEXT NOT NULL, transcript TEXT NOT NULL, time INTEGER NOT NULL, rehearsed INTEGER,"
        " restored INTEGER"
        ") STRICT;"
        "CREATE TABLE key_custodian ("
        " ceremony TEXT NOT NULL, number INTEGER NOT NULL, person TEXT NOT NULL, name TEXT NOT NULL,"
        " commitment TEXT NOT NULL, fingerprint TEXT NOT NULL, PRIMARY KEY (ceremony, number)"
        ") STRICT;"
        "CREATE TABLE key_rehearsal ("
        " seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, ceremony TEXT NOT NULL, version INTEGER NOT NULL,"
        " person TEXT NOT NULL, shares TEXT NOT NULL"
        ") STRICT;",
};

static const char *const state_tables[] = { "key_ceremony", "key_custodian", "key_rehearsal", NULL };

const struct schema ceremony_schema = {
        .room = "ceremony", .scripts = scripts, .scripts_n = COUNT(scripts), .state_tables = state_tables
};

static int apply_ceremony(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data, *custodian;
        const char *ceremony = json_text(data, "ceremony");
        size_t i;
        int r = db_exec(db, err,
                        "INSERT INTO key_ceremony (ceremony, version, algorithm, threshold, commitment, transcript,"
                        " time) VALUES (?, ?, ?, ?, ?, ?, ?)",
                        "sisissi", ceremony, json_int(data, "version", 0), json_text(data, "algorithm"),
                        json_int(data, "threshold", 0), json_text(data, "commitment"),
                        json_text(data, "transcript"), event->time);

        json_array_foreach(json_object_get(data, "custodians"), i, custodian) {
                if (r < 0)
                        break;
                r = db_exec(db, err, "INSERT INTO key_custodian VALUES (?, ?, ?, ?, ?, ?)", "sissss", ceremony,
                            json_int(custodian, "number", 0), json_text(custodian, "person"),
                            json_text(custodian, "name"), json_text(custodian, "commitment"),
                            json_text(custodian, "fingerprint"));
        }
        return r < 0 ? r : 0;
}

static int apply_rehearsed(struct db *db, const struct event *event, struct error *err) {
        _cleanup_free_ char *shares = NULL;
        const char *ceremony = json_text(event->data, "ceremony");
        int r = json_canonical(json_object_get(event->data, "shares"), &shares, err);

        if (r == 0)
                r = db_exec(db, err, "INSERT INTO key_rehearsal VALUES (?, ?, ?, ?, ?, ?)", "iisiss", event->seq,
                            event->time, ceremony, json_int(event->data, "version", 0), event->actor, shares);
        if (r >= 0)
                r = db_exec(db, err, "UPDATE key_ceremony SET rehearsed = ? WHERE ceremony = ?", "is", event->time,
                            ceremony);
        return r < 0 ? r : 0;
}

static int apply_restored(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE key_ceremony SET restored = ? WHERE ceremony = ?", "is", event->time,
                        json_text(event->data, "ceremony"));

        return r < 0 ? r : 0;
}

const struct event_type ceremony_events[4] = {
        { "key.ceremony", apply_ceremony },
        { "key.rehearsed", apply_rehearsed },
        { "key.restored", apply_restored },
        { "key.medium-recovered", NULL },
};

int ceremony_fact(const struct ceremony *c, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *custodians = json_array();

        for (unsigned i = 0; i < c->total; i++)
                if (json_array_append_new(custodians, json_pack("{s:i, s:s, s:s, s:s, s:s}", "number", (int) i + 1,
                                                                "person", c->custodians[i].person.name, "name",
                                                                c->custodians[i].person.full_name, "commitment",
                                                                c->custodians[i].commitment, "fingerprint",
                                                                c->custodians[i].fingerprint)) < 0)
                        return fail_memory(err);
        *ret = json_pack("{s:s, s:s, s:I, s:I, s:s, s:i, s:O, s:s}", "ceremony", c->id_text, "algorithm",
                         shares_algorithm, "version", (json_int_t) c->version, "previous", (json_int_t) c->previous,
                         "commitment", c->commitment, "threshold", (int) c->threshold, "custodians", custodians,
                         "transcript", c->transcript);
        return *ret ? 0 : fail_memory(err);
}

static int load_custodians(struct db *db, const char *id, struct deal *deal, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err,
                         "SELECT number, name, commitment FROM key_custodian WHERE ceremony = ? ORDER BY number",
                         "s", id);

        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                unsigned i = deal->total++;

                if (i == SHARES_MOST || rows_int(rows, 0) != (int64_t) i + 1)
                        return fail(err, ERR_VERIFY, "Los custodios de la ceremonia %s no constan bien.",
                                    "The custodians of ceremony %s are not on record properly.", id);
                (void) snprintf(deal->holders[i], SHARE_HOLDER, "%s", rows_text(rows, 1));
                (void) snprintf(deal->commitments[i], SHA256_TEXT, "%s", rows_text(rows, 2));
                r = 0;
        }
        return r;
}

int ceremony_load(struct db *db, const char *id, struct deal *ret, int64_t *ret_version, char ret_commitment[65],
                  struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        struct deal deal = { .total = 0 };
        char text[SHARE_CEREMONY_TEXT];
        int r = db_query(db, &rows, err,
                         "SELECT c.ceremony, c.version, c.threshold, c.commitment FROM key_ceremony c WHERE"
                         " CASE WHEN ?1 IS NULL THEN EXISTS (SELECT 1 FROM crypto_key k WHERE k.kind = 'master'"
                         " AND k.version = c.version AND k.commitment = c.commitment) ELSE c.ceremony = ?1 END"
                         " ORDER BY c.time DESC LIMIT 1",
                         "s", id);

        if (r == 0)
                r = rows_next(rows, err);
        if (r == 0) {
                (void) fail(err, ERR_NOT_FOUND, "No consta ninguna ceremonia.", "No ceremony is on record.");
                return hint(err, "La clave maestra se reparte con «mpsi key ceremony».",
                            "The master key is split with “mpsi key ceremony”.");
        }
        if (r < 0)
                return r;
        (void) snprintf(text, sizeof text, "%s", rows_text(rows, 0));
        *ret_version = rows_int(rows, 1);
        (void) snprintf(ret_commitment, 65, "%s", rows_text(rows, 3));
        deal.threshold = (unsigned) rows_int(rows, 2);
        if (hex_decode(text, deal.ceremony, SHARE_CEREMONY) < 0)
                return fail(err, ERR_VERIFY, "La ceremonia no consta bien.",
                            "The ceremony is not on record properly.");
        r = load_custodians(db, text, &deal, err);
        if (r == 0)
                *ret = deal;
        return r;
}
