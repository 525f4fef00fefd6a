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
};

static const char *const state_tables[] = { "location", "seal", "loan", NULL };

const struct schema custody_schema = {
        .room = "custody",
        .scripts = scripts,
        .scripts_n = COUNT(scripts),
        .state_tables = state_tables,
};
