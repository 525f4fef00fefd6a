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

        /* A certificate of many media; one that takes another's place; time-stamps; batches, whose media share
         * their photos; providers. */
        "DROP INDEX certificate_one_a_source;"
        "ALTER TABLE certificate ADD COLUMN supersedes TEXT;"
        "ALTER TABLE certificate ADD COLUMN superseded_by TEXT;"
        "CREATE TABLE certificate_covers ("
        "  number TEXT NOT NULL REFERENCES certificate (number), position INTEGER NOT NULL, medium TEXT NOT NULL,"
        "  source TEXT NOT NULL, source_seq INTEGER NOT NULL, PRIMARY KEY (number, position)"
        ") STRICT, WITHOUT ROWID;"
        "INSERT INTO certificate_covers SELECT number, 1, medium, source, source_seq FROM certificate;"
        "CREATE INDEX certificate_covers_source ON certificate_covers (source);"
        "CREATE INDEX certificate_covers_medium ON certificate_covers (medium);"
        "ALTER TABLE certificate_signature ADD COLUMN stamped INTEGER;"
        "ALTER TABLE certificate_signature ADD COLUMN authority TEXT;"
        "ALTER TABLE certificate_signature ADD COLUMN unstamped TEXT;"
        "ALTER TABLE destruction ADD COLUMN batch TEXT;"
        "ALTER TABLE destruction ADD COLUMN provider TEXT;"
        "ALTER TABLE destruction ADD COLUMN provider_certificate TEXT;"
        "CREATE INDEX destruction_batch ON destruction (batch, number);"
        "CREATE TABLE destruction_photo_of_many ("
        "  destruction TEXT NOT NULL REFERENCES destruction (id), position INTEGER NOT NULL, moment TEXT NOT NULL,"
        "  name TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (destruction, position)"
        ") STRICT, WITHOUT ROWID;"
        "INSERT INTO destruction_photo_of_many SELECT destruction, position, moment, name, sha256"
        "  FROM destruction_photo;"
        "DROP TABLE destruction_photo;"
        "ALTER TABLE destruction_photo_of_many RENAME TO destruction_photo;"
        "CREATE INDEX destruction_photo_sha256 ON destruction_photo (sha256);"
        "CREATE TABLE provider ("
        "  name TEXT PRIMARY KEY, full_name TEXT NOT NULL, tax_id TEXT NOT NULL, contact TEXT NOT NULL,"
        "  added INTEGER NOT NULL, added_by TEXT NOT NULL, withdrawn INTEGER, withdrawal TEXT"
        ") STRICT;"
        "CREATE TABLE provider_document ("
        "  provider TEXT NOT NULL REFERENCES provider (name), kind TEXT NOT NULL, reference TEXT NOT NULL,"
        "  issued TEXT NOT NULL, expires TEXT NOT NULL, sha256 TEXT NOT NULL, added INTEGER NOT NULL,"
        "  PRIMARY KEY (provider, kind)"
        ") STRICT, WITHOUT ROWID;",

        /* S4.3: since when a result that it certifies is not accepted by who answers for it. */
        "ALTER TABLE certificate ADD COLUMN review INTEGER;"
        "UPDATE certificate SET review = (SELECT min(event.time) FROM event JOIN certificate_covers AS covers ON "
        "covers.source = json_extract(event.data, '$.job') WHERE event.type = 'sanitization.validated' AND "
        "json_extract(event.data, '$.decision') <> 'accept' AND covers.number = certificate.number AND event.seq > "
        "certificate.issued_seq);",

        /* What is asked for among all of ten years: by state, and by number as a scanner leaves it. */
        "CREATE INDEX destruction_state ON destruction (state, number);"
        "CREATE INDEX certificate_state ON certificate (state, year, ordinal);"
        "CREATE INDEX certificate_plain ON certificate (replace(number, '-', ''));",
};

static const char *const state_tables[] = { "destruction",        "destruction_photo",
                                            "certificate",        "certificate_signature",
                                            "certificate_covers", "provider",
                                            "provider_document",  NULL };

const struct schema certify_schema = {
        .room = "certify",
        .scripts = scripts,
        .scripts_n = COUNT(scripts),
        .state_tables = state_tables,
};

const struct room destruction_room = { &certify_schema, destroy_verbs, DESTROY_VERBS, destruction_events,
                                       DESTRUCTION_EVENTS };
const struct room provider_room = { NULL, provider_verbs, PROVIDER_VERBS, provider_events, PROVIDER_EVENTS };
const struct room certificate_room = { NULL, certificate_verbs, CERTIFICATE_VERBS, certificate_events,
                                       CERTIFICATE_EVENTS };
