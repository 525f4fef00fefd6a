#include "certify/internal.h"

static const char *const scripts[] = {
        "CREATE TABLE destruction ("
        "  id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, medium TEXT NOT NULL, state TEXT NOT NULL,"
        "  reason TEXT NOT NULL, method TEXT NOT NULL, planned TEXT, requester TEXT NOT NULL,"
        "  requested INTEGER NOT NULL, decided INTEGER, decided_by TEXT, note TEXT, executed INTEGER,"
        "  executed_seq INTEGER, executor TEXT, supervisor TEXT, area TEXT, equipment TEXT, place TEXT, seen TEXT,"
        "  seen_as TEXT, statement TEXT, signature TEXT, fingerprint TEXT, fragments INTEGER, report TEXT"
        ") STRICT;"
        "CREATE UNIQUE INDEX destruction_one_a_medium ON destruction (medium)"
        "  WHERE state IN ('requested', 'approved', 'executed');"
        "CREATE INDEX destruction_medium ON destruction (medium, number);"
        "CREATE TABLE destruction_photo ("
        "  destruction TEXT NOT NULL REFERENCES destruction (id), position INTEGER NOT NULL, moment TEXT NOT NULL,"
        "  name TEXT NOT NULL, sha256 TEXT NOT NULL UNIQUE, PRIMARY KEY (destruction, position)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE certificate ("
        "  number TEXT PRIMARY KEY, year INTEGER NOT NULL, ordinal INTEGER NOT NULL, medium TEXT NOT NULL,"
        "  kind TEXT NOT NULL, source TEXT NOT NULL, source_seq INTEGER NOT NULL, state TEXT NOT NULL,"
        "  executor TEXT NOT NULL, supervisor TEXT NOT NULL, issued INTEGER NOT NULL, issued_by TEXT NOT NULL,"
        "  issued_seq INTEGER NOT NULL, twin TEXT NOT NULL, original TEXT NOT NULL, pdf TEXT NOT NULL,"
        "  signed INTEGER NOT NULL DEFAULT 0, revoked INTEGER, revoked_by TEXT, revocation TEXT,"
        "  UNIQUE (year, ordinal)"
        ") STRICT;"
        "CREATE UNIQUE INDEX certificate_one_a_source ON certificate (source) WHERE state <> 'revoked';"
        "CREATE INDEX certificate_medium ON certificate (medium, issued);"
        "CREATE TABLE certificate_signature ("
        "  number TEXT NOT NULL REFERENCES certificate (number), position INTEGER NOT NULL, field TEXT NOT NULL,"
        "  person TEXT NOT NULL, name TEXT NOT NULL, time INTEGER NOT NULL, pdf TEXT NOT NULL,"
        "  fingerprint TEXT NOT NULL, PRIMARY KEY (number, position)"
        ") STRICT, WITHOUT ROWID;",
};

static const char *const state_tables[] = { "destruction", "destruction_photo", "certificate",
                                            "certificate_signature", NULL };

const struct schema certify_schema = {
        .room = "certify",
        .scripts = scripts,
        .scripts_n = COUNT(scripts),
        .state_tables = state_tables,
};

const struct room destruction_room = { &certify_schema, destroy_verbs, DESTROY_VERBS, destruction_events,
                                       DESTRUCTION_EVENTS };
const struct room certificate_room = { NULL, certificate_verbs, CERTIFICATE_VERBS, certificate_events,
                                       CERTIFICATE_EVENTS };
