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

        "ALTER TABLE shipment ADD COLUMN expected INTEGER;"
        "ALTER TABLE shipment ADD COLUMN usual_hours INTEGER;"
        "ALTER TABLE shipment ADD COLUMN country TEXT;"
        "ALTER TABLE shipment ADD COLUMN transfer TEXT;"
        "ALTER TABLE shipment ADD COLUMN drill INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE shipment ADD COLUMN returns TEXT;"
        "ALTER TABLE shipment ADD COLUMN indicators TEXT NOT NULL DEFAULT '{}';"
        "ALTER TABLE shipment ADD COLUMN noticed INTEGER;"
        "ALTER TABLE shipment ADD COLUMN review_due INTEGER;"
        "ALTER TABLE shipment ADD COLUMN reviewed INTEGER;"
        "ALTER TABLE shipment ADD COLUMN reviewed_by TEXT;"
        "ALTER TABLE shipment ADD COLUMN review TEXT;"
        "ALTER TABLE shipment ADD COLUMN cancelled INTEGER;"
        "ALTER TABLE shipment ADD COLUMN circumstances TEXT;"
        "ALTER TABLE shipment_checkpoint ADD COLUMN readings TEXT;"
        "CREATE TABLE route ("
        "  name TEXT PRIMARY KEY, origin TEXT NOT NULL, destination TEXT NOT NULL, company TEXT NOT NULL,"
        "  usual_hours INTEGER NOT NULL, limit_hours INTEGER NOT NULL, corridor INTEGER NOT NULL, via TEXT NOT "
        "NULL,"
        "  added INTEGER NOT NULL, added_by TEXT NOT NULL, closed INTEGER, closing TEXT"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE courier ("
        "  name TEXT PRIMARY KEY, full_name TEXT NOT NULL, company TEXT NOT NULL, document TEXT NOT NULL,"
        "  sha256 TEXT NOT NULL, expires TEXT NOT NULL, person TEXT, added INTEGER NOT NULL,"
        "  added_by TEXT NOT NULL, withdrawn INTEGER, withdrawal TEXT"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE seal_batch ("
        "  number INTEGER PRIMARY KEY, prefix TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
        "  digits INTEGER NOT NULL, supplier TEXT NOT NULL, received INTEGER NOT NULL, person TEXT NOT NULL"
        ") STRICT;"
        "CREATE TABLE shipment_document ("
        "  shipment TEXT NOT NULL REFERENCES shipment (id), number INTEGER NOT NULL, kind TEXT NOT NULL,"
        "  reference TEXT NOT NULL, sha256 TEXT NOT NULL, time INTEGER NOT NULL, person TEXT NOT NULL,"
        "  PRIMARY KEY (shipment, number)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE shipment_gps ("
        "  shipment TEXT NOT NULL REFERENCES shipment (id), sha256 TEXT NOT NULL, time INTEGER NOT NULL,"
        "  person TEXT NOT NULL, summary TEXT NOT NULL, PRIMARY KEY (shipment, sha256)"
        ") STRICT, WITHOUT ROWID;",

        /* Lost, and found: when, and what was doubtful about it (bits of enum recovery_doubt). */
        "ALTER TABLE shipment_medium ADD COLUMN recovered INTEGER;"
        "ALTER TABLE shipment_medium ADD COLUMN doubts INTEGER NOT NULL DEFAULT 0;",

        /* What is due of those that have arrived, and what left in a month, among those of ten years. */
        "CREATE INDEX shipment_review ON shipment (number) WHERE review_due IS NOT NULL AND reviewed IS NULL;"
        "CREATE INDEX shipment_escorted ON shipment (number) WHERE delivered IS NOT NULL AND tracking = "
        "'gps-escort';"
        "CREATE INDEX shipment_dispatched ON shipment (dispatched);",
};

static const char *const state_tables[] = {
        "shipment", "shipment_medium", "shipment_seal", "shipment_authorisation", "shipment_checkpoint",
        "route",    "courier",         "seal_batch",    "shipment_document",      "shipment_gps",
        NULL,
};

const struct schema transport_schema = {
        .room = "transport",
        .scripts = scripts,
        .scripts_n = COUNT(scripts),
        .state_tables = state_tables,
};
