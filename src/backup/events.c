/* Which backups were made, checked and restored; backup list. */
#include <stdio.h>
#include <string.h>

#include "backup/internal.h"
#include "base/str.h"
#include "keys/keys.h"
#include "sign/identity.h"
#include "store/json.h"

/* restoration: the store was brought back from a backup; `newest` is the highest number that was known to exist
 * then, so that no number is given twice. */
static const char *const scripts[] = {
        "CREATE TABLE backup ("
        " number INTEGER PRIMARY KEY, created INTEGER NOT NULL, created_by TEXT NOT NULL, sha256 TEXT NOT NULL,"
        " size INTEGER NOT NULL, files INTEGER NOT NULL, recipient TEXT NOT NULL, checkpoint TEXT NOT NULL,"
        " verified INTEGER, verified_by TEXT, result TEXT"
        ") STRICT;"
        "CREATE TABLE restoration ("
        " event INTEGER PRIMARY KEY, time INTEGER NOT NULL, person TEXT NOT NULL, number INTEGER NOT NULL,"
        " newest INTEGER NOT NULL, events INTEGER NOT NULL, missing INTEGER"
        ") STRICT;",
};

static const char *const state_tables[] = { "backup", "restoration", NULL };

const struct schema backup_schema = {
        .room = "backup", .scripts = scripts, .scripts_n = COUNT(scripts), .state_tables = state_tables
};

static int apply_created(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        const int64_t number = json_int(data, "number", 0);
        int r = db_exec(
                db, err,
                "INSERT INTO backup (number, created, created_by, sha256, size, files, recipient, checkpoint)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                "iissiiss", number, event->time, event->actor, json_text(data, "sha256"), json_int(data, "size", 0),
                json_int(data, "files", 0), json_text(data, "recipient"), json_text(data, "checkpoint"));

        return r < 0 ? r : keys_apply_copied(db, number, event->time, err);
}

/* A file that is not the recorded one says nothing about the recorded one. */
static int apply_verified(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE backup SET verified = ?, verified_by = ?, result = ? WHERE sha256 = ?",
                        "isss", event->time, event->actor, json_text(event->data, "result"),
                        json_text(event->data, "sha256"));

        return r < 0 ? r : 0;
}

/* The restored ledger ends before the fact of its own backup: that is made good here. */
static int apply_restored(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data, *missing = json_object_get(data, "missing");
        const int64_t number = json_int(data, "number", 0);
        int r = db_exec(db, err, "INSERT INTO restoration VALUES (?, ?, ?, ?, ?, ?, ?)",
                        json_is_integer(missing) ? "iisiiii" : "iisiiin", event->seq, event->time, event->actor,
                        number, json_int(data, "newest", 0), json_int(data, "events", 0),
                        (int64_t) json_integer_value(missing));

        if (r >= 0)
                r = db_exec(db, err,
                            "INSERT OR IGNORE INTO backup (number, created, created_by, sha256, size, files,"
                            " recipient, checkpoint, verified, verified_by, result)"
                            " VALUES (?, ?, '-', ?, ?, ?, ?, ?, ?, ?, 'whole')",
                            "iisiissis", number, json_int(data, "taken", 0), json_text(data, "sha256"),
                            json_int(data, "size", 0), json_int(data, "files", 0), json_text(data, "recipient"),
                            json_text(data, "checkpoint"), event->time, event->actor);
        return r < 0 ? r : keys_apply_copied(db, number, event->time, err);
}

const struct event_type backup_events[3] = {
        { "backup.created", apply_created },
        { "backup.verified", apply_verified },
        { "backup.restored", apply_restored },
};

int backup_newest(struct db *db, int64_t *ret, struct error *err) {
        return db_int(db, ret, err,
                      "SELECT max(coalesce((SELECT max(number) FROM backup), 0),"
                      " coalesce((SELECT max(newest) FROM restoration), 0))",
                      "");
}

int backup_newest_sound(struct db *db, int64_t *ret, struct error *err) {
        return db_int(db, ret, err, "SELECT coalesce(max(created), 0) FROM backup WHERE result = 'whole'", "");
}

int backup_registered(struct db *db, const struct backup *backup, struct error *err) {
        int64_t n = 0;
        int r = db_int(db, &n, err, "SELECT count(*) FROM backup WHERE number = ? AND sha256 = ?", "is",
                       backup->number, backup->sha256);

        return r < 0 ? r : n > 0;
}

json_t *backup_verified_data(const struct backup *backup, const char *purpose, const char *prefix, int64_t newer,
                             const struct error *why) {
        if (why)
                return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "number", (json_int_t) backup->number, "sha256",
                                 backup->sha256, "purpose", purpose, "result", "failed", "why_es",
                                 why->what[LANG_ES], "why_en", why->what[LANG_EN]);
        return json_pack("{s:I, s:s, s:s, s:s, s:s, s:I, s:s}", "number", (json_int_t) backup->number, "sha256",
                         backup->sha256, "purpose", purpose, "result", "whole", "prefix", prefix, "newer",
                         (json_int_t) newer, "checkpoint", backup->checkpoint);
}

int backup_recipient(const struct act *act, X509 **ret, char ret_fingerprint[SHA256_TEXT], struct error *err) {
        _cleanup_(X509_freep) X509 *certificate = NULL;
        int r = certificate_from_pem(act->recovery_certificate, &certificate, err);

        if (r == 0)
                r = certificate_fingerprint(certificate, ret_fingerprint, err);
        if (r == 0)
                *ret = TAKE_PTR(certificate);
        return r;
}

int run_backup_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        static const char *const names[] = { "number", "created",   "by",       "sha256",      "size",
                                             "files",  "recipient", "verified", "verified_by", "result" };
        _cleanup_rows_ struct rows *query = NULL;
        _cleanup_json_ json_t *rows = json_array();
        int r = db_query(
                act->db, &query, err,
                "SELECT number, created, created_by, sha256, size, files, recipient, verified, verified_by,"
                " result FROM backup ORDER BY number",
                "");

        (void) args;
        while (r == 0 && (r = rows_next(query, err)) > 0)
                r = json_array_append_new(rows, rows_to_json(query, names, "itssiistss")) < 0 ? fail_memory(err)
                                                                                              : 0;
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", rows);
        return *ret ? 0 : fail_memory(err);
}

static const struct param create_params[] = {
        { .name = "out",
          .type = PARAM_OUTPUT,
          .flags = PARAM_REQUIRED | PARAM_NEW,
          .help = HELP("fichero de la copia; no debe existir", "file of the backup; must not exist") },
};

static const struct column create_columns[] = {
        { "number", HELP("COPIA", "BACKUP") },      { "out", HELP("FICHERO", "FILE") },
        { "size", HELP("BYTES", "BYTES") },         { "files", HELP("FICHEROS", "FILES") },
        { "recipient", HELP("PARA", "RECIPIENT") }, { "sha256", HELP("SHA-256", "SHA-256") },
};

static const struct term result_terms[] = {
        { "whole", { "íntegra", "whole" } },
        { "failed", { "FALLIDA", "FAILED" } },
};
static const struct column list_columns[] = {
        { "number", HELP("COPIA", "BACKUP") },
        { "created", HELP("HECHA", "CREATED") },
        { "by", HELP("POR", "BY") },
        { "size", HELP("BYTES", "BYTES") },
        { "files", HELP("FICHEROS", "FILES") },
        { "verified", HELP("COMPROBADA", "VERIFIED") },
        { "result", CODES("RESULTADO", "RESULT", result_terms) },
        { "sha256", HELP("SHA-256", "SHA-256") },
        { "recipient", HELP("PARA", "RECIPIENT") },
};

/* X1: who makes a backup can't open it, so the IT operator, whose task it is, may. */
static const struct verb verbs[] = {
        { .noun = "backup",
          .name = "create",
          .roles = ROLE_SECURITY | ROLE_OPERATOR,
          .flags = VERB_WRITES,
          .help = HELP("Copia el almacén, cifrado para la clave de recuperación",
                       "Backs up the store, encrypted to the recovery key"),
          PARAMS(create_params),
          COLUMNS(create_columns),
          .run = run_backup_create },
        { .noun = "backup",
          .name = "list",
          .roles = ROLE_SECURITY | ROLE_OPERATOR | ROLE_AUDITOR,
          .flags = VERB_READS,
          .help = HELP("Copias hechas, y cuándo se comprobaron", "Backups made, and when they were verified"),
          COLUMNS(list_columns),
          .run = run_backup_list },
};

const struct room backup_room = { .schema = &backup_schema,
                                  .verbs = verbs,
                                  .verbs_n = COUNT(verbs),
                                  .events = backup_events,
                                  .events_n = COUNT(backup_events) };
