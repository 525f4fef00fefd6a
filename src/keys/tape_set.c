/* Tape sets: what the ledger keeps of them, and the rows that it explains. */
#include "keys/tape_set.h"

#include <stdio.h>
#include <string.h>

#include "policy/rule.h"
#include "store/json.h"

static const char *const scripts[] = {
        "CREATE TABLE tape_set ("
        " name TEXT PRIMARY KEY, key TEXT NOT NULL, category TEXT NOT NULL, state TEXT NOT NULL, note TEXT,"
        " waiver TEXT, created INTEGER NOT NULL, created_by TEXT NOT NULL, exports INTEGER NOT NULL DEFAULT 0,"
        " destroyed INTEGER, reason TEXT, copies TEXT, counts INTEGER"
        ") STRICT;"
        "CREATE TABLE tape_set_tape ("
        " medium TEXT NOT NULL, name TEXT NOT NULL, live INTEGER NOT NULL, joined INTEGER NOT NULL,"
        " PRIMARY KEY (name, medium)"
        ") STRICT;"
        "CREATE UNIQUE INDEX tape_set_one_a_tape ON tape_set_tape (medium) WHERE live = 1;"
        "CREATE TABLE tape_set_export ("
        " name TEXT NOT NULL, number INTEGER NOT NULL, time INTEGER NOT NULL, actor TEXT NOT NULL,"
        " recipient TEXT NOT NULL, certificate TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (name, number)"
        ") STRICT;",
};

static const char *const state_tables[] = { "tape_set", "tape_set_tape", "tape_set_export", NULL };

const struct schema tape_set_schema = {
        .room = "tapeset", .scripts = scripts, .scripts_n = COUNT(scripts), .state_tables = state_tables
};

static const char *set_of(const struct event *event) {
        return json_text(event->data, "set");
}

static int apply_created(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        int r = db_exec(db, err,
                        "INSERT INTO tape_set (name, key, category, state, note, waiver, created, created_by)"
                        " VALUES (?, ?, ?, 'live', ?, ?, ?, ?)",
                        "sssssis", set_of(event), json_text(data, "key"), json_text(data, "category"),
                        json_text(data, "note"), json_text(data, "waiver"), event->time, event->actor);

        return r < 0 ? r : 0;
}

/* The subject of this and of the last one is the tape, so that its history shows them. */
static int apply_joined(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "INSERT INTO tape_set_tape (medium, name, live, joined) VALUES (?, ?, 1, ?)",
                        "ssi", event->subject, set_of(event), event->time);

        if (r >= 0)
                r = db_exec(db, err, "UPDATE tape_set SET category = ? WHERE name = ?", "ss",
                            json_text(event->data, "category"), set_of(event));
        return r < 0 ? r : 0;
}

static int apply_exported(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        int r = db_exec(db, err,
                        "INSERT INTO tape_set_export (name, number, time, actor, recipient, certificate, sha256)"
                        " VALUES (?, ?, ?, ?, ?, ?, ?)",
                        "siissss", set_of(event), json_int(data, "number", 0), event->time, event->actor,
                        json_text(data, "recipient"), json_text(data, "certificate"), json_text(data, "sha256"));

        if (r >= 0)
                r = db_exec(db, err, "UPDATE tape_set SET exports = ? WHERE name = ?", "is",
                            json_int(data, "number", 0), set_of(event));
        return r < 0 ? r : 0;
}

static int apply_nothing(struct db *db, const struct event *event, struct error *err) {
        (void) db, (void) event, (void) err;
        return 0;
}

static int apply_destroyed(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        int r = db_exec(db, err,
                        "UPDATE tape_set SET state = 'destroyed', destroyed = ?, reason = ?, copies = ?, counts = ?"
                        " WHERE name = ?",
                        "issis", event->time, json_text(data, "reason"), json_text(data, "copies"),
                        (int64_t) json_flag(data, "counts"), set_of(event));

        if (r >= 0)
                r = db_exec(db, err, "UPDATE tape_set_tape SET live = 0 WHERE name = ?", "s", set_of(event));
        return r < 0 ? r : 0;
}

const struct event_type tape_set_events[] = {
        { "tapeset.created", apply_created },     { "tape.joined", apply_joined },
        { "tapeset.exported", apply_exported },   { "tapeset.destroy-started", apply_nothing },
        { "tapeset.destroyed", apply_destroyed }, { "tape.key-destroyed", apply_nothing },
};
_Static_assert(COUNT(tape_set_events) == TAPE_SET_EVENTS, "all events are offered");

/* --- reading ---------------------------------------------------------------------------------------------------
 */

bool tape_set_key_id(const char *name, char out[KEY_REF_TEXT]) {
        int n = snprintf(out, KEY_REF_TEXT, "tapeset-%s", name);

        return n > 0 && n < KEY_REF_TEXT;
}

int tape_set_load(struct db *db, const char *name, struct tape_set *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, "SELECT key, state, category, exports FROM tape_set WHERE name = ?", "s",
                         name);

        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        if (r == 0)
                return fail(err, ERR_NOT_FOUND, "No existe el juego de cintas «%.40s».",
                            "There is no tape set “%.40s”.", name);
        *ret = (struct tape_set){ .category = (enum category) term_parse(category_terms, CATEGORIES,
                                                                         rows_text(rows, 2)),
                                  .exports = rows_int(rows, 3) };
        (void) snprintf(ret->name, sizeof ret->name, "%s", name);
        (void) snprintf(ret->key, sizeof ret->key, "%s", rows_text(rows, 0));
        (void) snprintf(ret->state, sizeof ret->state, "%s", rows_text(rows, 1));
        return 0;
}

static int rows_of(struct db *db, const char *sql, const char *name, const char *const *names, const char *types,
                   json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *list = json_array();
        int r = db_query(db, &rows, err, sql, "s", name);

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = json_array_append_new(list, rows_to_json(rows, names, types)) < 0 ? fail_memory(err) : 0;
        if (r == 0)
                *ret = TAKE_PTR(list);
        return r;
}

int tape_set_to_json(struct db *db, const char *name, bool full, json_t **ret, struct error *err) {
        static const char *const set[] = { "set",    "key",     "category",   "state",   "note",
                                           "waiver", "created", "created_by", "exports", "destroyed",
                                           "reason", "copies",  "counts",     "tapes_n" };
        static const char *const tape[] = { "medium", "live", "joined" };
        static const char *const export[] = { "number", "time", "actor", "recipient", "certificate", "sha256" };
        _cleanup_json_ json_t *found = NULL, *tapes = NULL, *exports = NULL;
        int r = rows_of(
                db,
                "SELECT name, key, category, state, note, waiver, created, created_by, exports, destroyed,"
                " reason, copies, counts, (SELECT count(*) FROM tape_set_tape t WHERE t.name = tape_set.name)"
                " FROM tape_set WHERE name = ?",
                name, set, "sssssstsitssfi", &found, err);

        if (r == 0 && json_array_size(found) == 0)
                return fail(err, ERR_NOT_FOUND, "No existe el juego de cintas «%.40s».",
                            "There is no tape set “%.40s”.", name);
        if (r == 0 && full)
                r = rows_of(db, "SELECT medium, live, joined FROM tape_set_tape WHERE name = ? ORDER BY medium",
                            name, tape, "sft", &tapes, err);
        if (r == 0 && full)
                r = rows_of(db,
                            "SELECT number, time, actor, recipient, certificate, sha256 FROM tape_set_export"
                            " WHERE name = ? ORDER BY number",
                            name, export, "itssss", &exports, err);
        if (r < 0)
                return r;
        *ret = json_incref(json_array_get(found, 0));
        if (full && (json_object_set(*ret, "tapes", tapes) < 0 || json_object_set(*ret, "exported", exports) < 0))
                return fail_memory(err);
        return 0;
}

int tape_set_of(struct db *db, const char *medium, char **ret, struct error *err) {
        int r = db_text(db, ret, err, "SELECT name FROM tape_set_tape WHERE medium = ? AND live = 1", "s", medium);

        return r == ERR_NOT_FOUND ? 0 : r;
}

int tape_set_need_live(const struct tape_set *set, struct error *err) {
        if (strcmp(set->state, "live") == 0)
                return 0;
        return refuse(err, ERR_CONFLICT, "C4", "La clave del juego «%s» se destruyó.",
                      "The key of set “%s” was destroyed.", set->name);
}
