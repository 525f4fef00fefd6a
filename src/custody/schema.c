#include "custody/internal.h"

static const char *const scripts[] = {
        "CREATE TABLE location ("
        "  code TEXT PRIMARY KEY, storage TEXT NOT NULL, level TEXT NOT NULL, section TEXT NOT NULL,"
        "  capacity INTEGER NOT NULL CHECK (capacity > 0), note TEXT NOT NULL, added INTEGER NOT NULL,"
        "  added_by TEXT NOT NULL"
        ") STRICT;"
        "CREATE TABLE seal ("
        "  plain TEXT PRIMARY KEY, number TEXT NOT NULL, subject TEXT NOT NULL, time INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE loan ("
        "  id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, medium TEXT NOT NULL, borrower TEXT NOT NULL,"
        "  requester TEXT NOT NULL, reason TEXT NOT NULL, due TEXT NOT NULL, place TEXT NOT NULL,"
        "  state TEXT NOT NULL, requested INTEGER NOT NULL, decided INTEGER, decided_by TEXT, decision TEXT,"
        "  handed INTEGER, handed_by TEXT, supervisor TEXT, seal TEXT, seal_plain TEXT, digest TEXT,"
        "  luks_uuid TEXT, extensions INTEGER NOT NULL DEFAULT 0, returned INTEGER, returned_to TEXT,"
        "  returned_digest TEXT, returned_seal TEXT, condition TEXT, integrity TEXT, late INTEGER"
        ") STRICT;"
        "CREATE UNIQUE INDEX loan_one_a_medium ON loan (medium) WHERE state IN ('requested', 'approved', 'out');"
        "CREATE INDEX loan_medium ON loan (medium, number);"
        "CREATE INDEX loan_borrower ON loan (borrower, state, due);"
        "CREATE INDEX loan_state ON loan (state, due);",

        "CREATE TABLE custody_signature ("
        "  subject TEXT NOT NULL, step TEXT NOT NULL, person TEXT NOT NULL, time INTEGER NOT NULL, paper TEXT,"
        "  statement TEXT, signature TEXT, certificate TEXT, PRIMARY KEY (subject, step)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE custody_access ("
        "  id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, person TEXT NOT NULL, requester TEXT NOT NULL,"
        "  area TEXT NOT NULL, level TEXT NOT NULL, section TEXT NOT NULL, category TEXT NOT NULL,"
        "  reason TEXT NOT NULL, until TEXT NOT NULL, state TEXT NOT NULL, requested INTEGER NOT NULL,"
        "  decided INTEGER, decided_by TEXT, decision TEXT, entered INTEGER, desk TEXT, supervisor TEXT,"
        "  credential TEXT, left INTEGER, left_to TEXT, integrity TEXT, note TEXT"
        ") STRICT;"
        "CREATE INDEX custody_access_state ON custody_access (state, entered);"
        "CREATE INDEX custody_access_requested ON custody_access (requested);"
        "CREATE TABLE custody_access_medium ("
        "  access TEXT NOT NULL REFERENCES custody_access (id), medium TEXT NOT NULL, digest TEXT, luks_uuid TEXT,"
        "  tamper TEXT, returned TEXT, PRIMARY KEY (access, medium)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX custody_access_medium_medium ON custody_access_medium (medium);"
        "CREATE TABLE environment_reading ("
        "  area TEXT NOT NULL, time INTEGER NOT NULL, temperature INTEGER, humidity INTEGER, field INTEGER,"
        "  PRIMARY KEY (area, time)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE environment_limit ("
        "  model TEXT NOT NULL, quantity TEXT NOT NULL, least INTEGER NOT NULL, most INTEGER NOT NULL,"
        "  PRIMARY KEY (model, quantity)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE stocktake ("
        "  id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, area TEXT NOT NULL, state TEXT NOT NULL,"
        "  started INTEGER NOT NULL, started_by TEXT NOT NULL, finished INTEGER, finished_by TEXT,"
        "  expected INTEGER, found INTEGER, misplaced INTEGER, missing INTEGER, unknown INTEGER, note TEXT"
        ") STRICT;"
        "CREATE INDEX stocktake_state ON stocktake (state);"
        "CREATE TABLE stocktake_place ("
        "  stocktake TEXT NOT NULL REFERENCES stocktake (id), person TEXT NOT NULL, location TEXT NOT NULL,"
        "  PRIMARY KEY (stocktake, person)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE stocktake_seen ("
        "  stocktake TEXT NOT NULL REFERENCES stocktake (id), medium TEXT NOT NULL, location TEXT NOT NULL,"
        "  result TEXT NOT NULL, time INTEGER NOT NULL, person TEXT NOT NULL, PRIMARY KEY (stocktake, medium)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE stocktake_unknown ("
        "  stocktake TEXT NOT NULL REFERENCES stocktake (id), text TEXT NOT NULL, location TEXT NOT NULL,"
        "  time INTEGER NOT NULL, person TEXT NOT NULL, PRIMARY KEY (stocktake, text)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE stocktake_missing ("
        "  stocktake TEXT NOT NULL REFERENCES stocktake (id), medium TEXT NOT NULL, location TEXT NOT NULL,"
        "  PRIMARY KEY (stocktake, medium)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE medium_seen ("
        "  medium TEXT PRIMARY KEY, location TEXT NOT NULL, time INTEGER NOT NULL, source TEXT NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE not_located ("
        "  medium TEXT PRIMARY KEY, since INTEGER NOT NULL, stocktake TEXT NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE medium_search ("
        "  id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, medium TEXT NOT NULL, started INTEGER NOT NULL,"
        "  started_by TEXT NOT NULL, target INTEGER NOT NULL, ended INTEGER, ended_by TEXT, location TEXT,"
        "  seconds INTEGER"
        ") STRICT;"
        "CREATE UNIQUE INDEX medium_search_open ON medium_search (medium) WHERE ended IS NULL;",

        /* When each place was last verified (U6); of the site as a whole, under its letters. */
        "CREATE TABLE custody_check (subject TEXT PRIMARY KEY, time INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "INSERT INTO custody_check SELECT subject, max(time) FROM event WHERE type = 'custody.checked'"
        "  GROUP BY subject;",

        /* The access register of a month, among those of ten years. */
        "CREATE INDEX custody_access_entered ON custody_access (entered);"
        "CREATE INDEX loan_handed ON loan (handed);",
};

static const char *const state_tables[] = {
        "location",
        "seal",
        "loan",
        "custody_signature",
        "custody_access",
        "custody_access_medium",
        "environment_reading",
        "environment_limit",
        "stocktake",
        "stocktake_place",
        "stocktake_seen",
        "stocktake_unknown",
        "stocktake_missing",
        "not_located",
        "medium_search",
        "medium_seen",
        "custody_check",
        NULL,
};

const struct schema custody_schema = {
        .room = "custody",
        .scripts = scripts,
        .scripts_n = COUNT(scripts),
        .state_tables = state_tables,
};
