#include "transport/internal.h"

static const char *const scripts[] = {
        "CREATE TABLE shipment ("
        "  id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, origin TEXT NOT NULL, destination TEXT NOT NULL,"
        "  recipient TEXT NOT NULL, method TEXT NOT NULL, protection TEXT NOT NULL, tracking TEXT NOT NULL,"
        "  route TEXT NOT NULL, limit_hours INTEGER NOT NULL, reason TEXT NOT NULL, international INTEGER NOT NULL,"
        "  documents TEXT NOT NULL, eta TEXT, emergency TEXT, state TEXT NOT NULL, creator TEXT NOT NULL, created "
        "INTEGER NOT NULL,"
        "  packed INTEGER, packed_by TEXT, packaging INTEGER NOT NULL DEFAULT 0, company TEXT, courier TEXT,"
        "  waybill TEXT, dispatched INTEGER, delivered INTEGER, confirmed INTEGER, lost INTEGER"
        ") STRICT;"
        "CREATE INDEX shipment_state ON shipment (state, number);"
        "CREATE TABLE shipment_medium ("
        "  shipment TEXT NOT NULL REFERENCES shipment (id), medium TEXT NOT NULL, owner TEXT NOT NULL,"
        "  encrypted INTEGER NOT NULL DEFAULT 0, cipher TEXT, key_bits INTEGER, digest TEXT, luks_uuid TEXT,"
        "  verified INTEGER, label_revision INTEGER, outcome TEXT, PRIMARY KEY (shipment, medium)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX shipment_medium_medium ON shipment_medium (medium);"
        "CREATE TABLE shipment_seal ("
        "  shipment TEXT NOT NULL REFERENCES shipment (id), plain TEXT NOT NULL, number TEXT NOT NULL,"
        "  void INTEGER NOT NULL, PRIMARY KEY (shipment, plain)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE shipment_authorisation ("
        "  shipment TEXT NOT NULL REFERENCES shipment (id), owner TEXT NOT NULL, person TEXT NOT NULL,"
        "  time INTEGER NOT NULL, note TEXT,"
        "  PRIMARY KEY (shipment, owner)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE shipment_checkpoint ("
        "  shipment TEXT NOT NULL REFERENCES shipment (id), number INTEGER NOT NULL, point TEXT NOT NULL,"
        "  time INTEGER NOT NULL, person TEXT NOT NULL, place TEXT, position TEXT, note TEXT, company TEXT,"
        "  courier TEXT, seals TEXT NOT NULL, seals_match INTEGER, shock TEXT, tilt TEXT, temperature TEXT,"
        "  statement TEXT, signature TEXT, certificate TEXT, PRIMARY KEY (shipment, number)"
        ") STRICT, WITHOUT ROWID;",
};

static const char *const state_tables[] = {
        "shipment", "shipment_medium", "shipment_seal", "shipment_authorisation", "shipment_checkpoint", NULL
};

const struct schema transport_schema = {
        .room = "transport",
        .scripts = scripts,
        .scripts_n = COUNT(scripts),
        .state_tables = state_tables,
};
