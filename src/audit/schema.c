#include "audit/internal.h"

static const char *const scripts[] = {
        "CREATE TABLE incident ("
        "  id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, kind TEXT NOT NULL, subject TEXT NOT NULL,"
        "  what_es TEXT NOT NULL, what_en TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('open', 'closed')),"
        "  opened INTEGER NOT NULL, opened_by TEXT NOT NULL, deadline INTEGER,"
        "  closed INTEGER, closed_by TEXT, resolution TEXT, assessment TEXT"
        ") STRICT;"
        "CREATE INDEX incident_subject ON incident (subject, state);"
        "CREATE INDEX incident_state ON incident (state, number);"
        "CREATE TABLE incident_medium ("
        "  incident TEXT NOT NULL REFERENCES incident (id), medium TEXT NOT NULL, PRIMARY KEY (incident, medium)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX incident_medium_medium ON incident_medium (medium);"
        "CREATE TABLE incident_note ("
        "  incident TEXT NOT NULL REFERENCES incident (id), number INTEGER NOT NULL, time INTEGER NOT NULL,"
        "  person TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (incident, number)"
        ") STRICT, WITHOUT ROWID;",
};

static const char *const state_tables[] = { "incident", "incident_medium", "incident_note", NULL };

const struct schema audit_schema = {
        .room = "audit",
        .scripts = scripts,
        .scripts_n = COUNT(scripts),
        .state_tables = state_tables,
};
