#include "programme/internal.h"

static const char *const scripts[] = {
        "CREATE TABLE audit ("
        "  id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, kind TEXT NOT NULL, category TEXT NOT NULL,"
        "  scope TEXT NOT NULL, state TEXT NOT NULL, started INTEGER NOT NULL, started_by TEXT NOT NULL,"
        "  population INTEGER NOT NULL, digest TEXT NOT NULL, seed TEXT NOT NULL, sample INTEGER NOT NULL,"
        "  confidence INTEGER NOT NULL, tolerated INTEGER NOT NULL, note TEXT, closed INTEGER, closed_by TEXT,"
        "  conclusion TEXT"
        ") STRICT;"
        "CREATE INDEX audit_calendar ON audit (kind, category, state, closed);"
        "CREATE TABLE audit_item ("
        "  audit TEXT NOT NULL REFERENCES audit (id), position INTEGER NOT NULL, subject TEXT NOT NULL,"
        "  what TEXT NOT NULL, result TEXT, how TEXT, seen TEXT, note TEXT, time INTEGER, person TEXT,"
        "  PRIMARY KEY (audit, position)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE UNIQUE INDEX audit_item_subject ON audit_item (audit, subject);"
        "CREATE TABLE audit_stocktake ("
        "  audit TEXT NOT NULL REFERENCES audit (id), stocktake TEXT NOT NULL, PRIMARY KEY (audit, stocktake)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE finding ("
        "  id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, audit TEXT NOT NULL REFERENCES audit (id),"
        "  severity TEXT NOT NULL, subject TEXT NOT NULL, what TEXT NOT NULL, measure TEXT NOT NULL,"
        "  responsible TEXT NOT NULL, deadline TEXT NOT NULL, state TEXT NOT NULL, opened INTEGER NOT NULL,"
        "  opened_by TEXT NOT NULL, acted_by TEXT"
        ") STRICT;"
        "CREATE INDEX finding_audit ON finding (audit, subject);"
        "CREATE INDEX finding_state ON finding (state, deadline);"
        "CREATE TABLE finding_step ("
        "  finding TEXT NOT NULL REFERENCES finding (id), number INTEGER NOT NULL, step TEXT NOT NULL,"
        "  text TEXT NOT NULL, time INTEGER NOT NULL, person TEXT NOT NULL, PRIMARY KEY (finding, number)"
        ") STRICT, WITHOUT ROWID;",
};

static const char *const state_tables[] = { "audit",   "audit_item",   "audit_stocktake",
                                            "finding", "finding_step", NULL };

const struct schema programme_schema = {
        .room = "programme",
        .scripts = scripts,
        .scripts_n = COUNT(scripts),
        .state_tables = state_tables,
};
