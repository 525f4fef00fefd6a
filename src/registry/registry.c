#include "registry/registry.h"

static const char *const scripts[] = {
        "CREATE TABLE station(id INTEGER PRIMARY KEY CHECK(id = 1), name TEXT NOT NULL, site TEXT NOT NULL,"
        " organisation TEXT NOT NULL, category TEXT NOT NULL, lang TEXT NOT NULL, certificate TEXT NOT NULL,"
        " ca_certificate TEXT NOT NULL, seal_certificate TEXT NOT NULL, recovery_certificate TEXT NOT NULL) STRICT;"

        "CREATE TABLE person(name TEXT PRIMARY KEY, full_name TEXT NOT NULL, title TEXT NOT NULL, os_user TEXT NOT "
        "NULL,"
        " roles TEXT NOT NULL, blocked INTEGER NOT NULL, expires TEXT NOT NULL, trained_until TEXT NOT NULL,"
        " certificate TEXT, added INTEGER NOT NULL) STRICT;"
        "CREATE UNIQUE INDEX person_os_user ON person(os_user) WHERE os_user <> '';"

        "CREATE TABLE medium(id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, kind TEXT NOT NULL,"
        " classification TEXT NOT NULL, category TEXT NOT NULL, state TEXT NOT NULL, health INTEGER NOT NULL,"
        " owner TEXT NOT NULL REFERENCES person(name), created TEXT NOT NULL, expires TEXT NOT NULL,"
        " retention_days INTEGER NOT NULL, location TEXT NOT NULL, holder TEXT NOT NULL, model TEXT NOT NULL,"
        " vendor TEXT NOT NULL, serial TEXT NOT NULL, wwn TEXT NOT NULL, insertion TEXT NOT NULL, size INTEGER NOT "
        "NULL,"
        " luks_uuid TEXT NOT NULL, luks_seqid INTEGER NOT NULL, header_digest TEXT NOT NULL, key_id TEXT NOT NULL,"
        " filled INTEGER NOT NULL, epc TEXT NOT NULL, tamper TEXT NOT NULL, label_state TEXT NOT NULL,"
        " label_revision INTEGER NOT NULL, note TEXT NOT NULL) STRICT;"
        "CREATE INDEX medium_serial ON medium(serial) WHERE serial <> '';"
        "CREATE INDEX medium_wwn ON medium(wwn) WHERE wwn <> '';"
        "CREATE INDEX medium_luks ON medium(luks_uuid) WHERE luks_uuid <> '';"
        "CREATE INDEX medium_insertion ON medium(insertion) WHERE insertion <> '';"
        "CREATE INDEX medium_epc ON medium(epc) WHERE epc <> '';"
        "CREATE INDEX medium_tamper ON medium(tamper) WHERE tamper <> '';"
        "CREATE INDEX medium_state ON medium(state, id);"
        "CREATE INDEX medium_location ON medium(location, id) WHERE location <> '';",

        /* Accounts that were there before have no failed attempts, and are as old as the person. */
        "CREATE TABLE account(name TEXT PRIMARY KEY, granted INTEGER NOT NULL, failed INTEGER NOT NULL,"
        " failed_at INTEGER NOT NULL, locked INTEGER NOT NULL, cause TEXT NOT NULL, seen INTEGER NOT NULL,"
        " noted INTEGER NOT NULL, known INTEGER NOT NULL) STRICT;"
        "INSERT INTO account SELECT name, added, 0, 0, 0, 'none', added, 0, added FROM person;"
        "CREATE TABLE role_group(name TEXT PRIMARY KEY, roles TEXT NOT NULL) STRICT;"
        "CREATE TABLE refusal(os_user TEXT NOT NULL, verb TEXT NOT NULL, since INTEGER NOT NULL,"
        " recorded INTEGER NOT NULL, PRIMARY KEY(os_user, verb)) STRICT, WITHOUT ROWID;"
        /* No state: how many were left out since the last one that an event tells of. */
        "CREATE TABLE refusal_suppressed(os_user TEXT NOT NULL, verb TEXT NOT NULL, n INTEGER NOT NULL,"
        " PRIMARY KEY(os_user, verb)) STRICT, WITHOUT ROWID;",

        "ALTER TABLE station ADD COLUMN profile TEXT NOT NULL DEFAULT 'standard';",

        /* Codes that are printed before their media come, and what a look at a medium's content proposes (L8). */
        "CREATE TABLE blank(id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, state TEXT NOT NULL,"
        " reserved INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "CREATE TABLE proposal(subject TEXT PRIMARY KEY, classification TEXT NOT NULL, health INTEGER NOT NULL,"
        " tags TEXT NOT NULL, time INTEGER NOT NULL) STRICT, WITHOUT ROWID;",

        /* What ends soon is found among a million. */
        "CREATE INDEX medium_expires ON medium(expires, id) WHERE state NOT IN ('destroyed', 'retired');"
        /* Courses (A3); those of before say only until when. */
        "CREATE TABLE training(seq INTEGER PRIMARY KEY, person TEXT NOT NULL, training TEXT NOT NULL, course TEXT "
        "NOT "
        "NULL, hours INTEGER NOT NULL, day TEXT NOT NULL, until TEXT NOT NULL, recorded_by TEXT NOT NULL) STRICT;"
        "CREATE INDEX training_person ON training(person, training, day);"
        "INSERT INTO training SELECT seq, subject, 'general', coalesce(json_extract(data, '$.course'), ''), "
        "coalesce(json_extract(data, '$.hours'), 1), date(time / 1000000, 'unixepoch'), "
        "coalesce(json_extract(data, '$.until'), ''), actor FROM event WHERE type = 'person.trained';",
        /* S5: what a disk holds with its hidden areas open. */
        "ALTER TABLE medium ADD COLUMN whole_size INTEGER NOT NULL DEFAULT 0;",
        /* Cards for the counter. The digest is of the text that a scanner reads. */
        "CREATE TABLE badge(number TEXT PRIMARY KEY, serial INTEGER NOT NULL UNIQUE, person TEXT NOT NULL"
        " REFERENCES person(name), digest TEXT NOT NULL, state TEXT NOT NULL, issued INTEGER NOT NULL,"
        " issued_by TEXT NOT NULL, ended INTEGER, ended_by TEXT NOT NULL, reason TEXT NOT NULL) STRICT;"
        "CREATE INDEX badge_person ON badge(person, state);",
        /* S12: the destruction that is approved and not done. */
        "ALTER TABLE medium ADD COLUMN destruction TEXT NOT NULL DEFAULT '';"
        "UPDATE medium SET destruction = approved.id FROM (SELECT subject, json_extract(data, '$.destruction') AS "
        "id "
        "FROM event WHERE type = 'destruction.approved' AND NOT EXISTS (SELECT 1 FROM event AS later WHERE "
        "later.subject = event.subject AND later.seq > event.seq AND later.type LIKE 'destruction.%')) AS approved "
        "WHERE medium.id = approved.subject;",

        /* The few that wait for a label, among all that have one; whether there are any of a category. */
        "CREATE INDEX medium_unlabelled ON medium(id) WHERE label_state <> 'valid' AND state NOT IN ('destroyed', "
        "'retired');"
        "CREATE INDEX medium_category ON medium(category) WHERE state NOT IN ('destroyed', 'retired');",
};
static const char *const state_tables[] = { "station", "person",   "medium",   "account", "role_group", "refusal",
                                            "blank",   "proposal", "training", "badge",   NULL };

const struct schema registry_schema = {
        .room = "registry", .scripts = scripts, .scripts_n = COUNT(scripts), .state_tables = state_tables
};
