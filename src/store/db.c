#include "store/db.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/str.h"

/* "MPSI" in the file's header: a foreign SQLite file is not taken for a store. */
enum { APPLICATION_ID = 0x4d505349, BUSY_MS = 5000, SLOTS = 512, FOLD_PAGES = 1000, FOLD_PAGES_LATEST = 8000 };

struct rows {
        sqlite3_stmt *statement;
        struct db *db;
        bool cached; /* goes back to its slot */
};

struct db {
        sqlite3 *handle;
        bool writing;  /* inside a transaction */
        bool reader;   /* held back by query_only */
        bool looking;  /* inside a transaction that only reads */
        int wal_pages; /* after the last commit here, with db_fold_later() */
        struct slot {
                const char *sql;
                sqlite3_stmt *statement;
                bool taken;
        } slots[SLOTS];
};

/* SQLite's trouble in our words; the code tells a full disk and a lock from the rest. */
static int fail_sqlite(struct db *db, struct error *err, const char *sql) {
        int code = sqlite3_extended_errcode(db->handle);
        const char *message = sqlite3_errmsg(db->handle);

        switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                (void) fail(err, ERR_BUSY, "El registro está ocupado por otro proceso.",
                            "The registry is busy with another process.");
                return hint(err, "Repita la orden en unos segundos.", "Run the command again in a few seconds.");
        case SQLITE_FULL:
                (void) fail(err, ERR_FAILED, "El disco del almacén está lleno; no se ha guardado nada.",
                            "The store's disk is full; nothing was saved.");
                return hint(err, "Libere espacio y repita la orden.", "Free space and run the command again.");
        case SQLITE_NOMEM: return fail_memory(err);
        case SQLITE_READONLY:
                (void) fail(err, ERR_FAILED, "El almacén es de solo lectura.", "The store is read-only.");
                return hint(err, "Revise los permisos de la carpeta y del disco.",
                            "Check the permissions of the folder and the disk.");
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                (void) fail(err, ERR_FAILED, "La base de datos está dañada: %s.", "The database is damaged: %s.",
                            message);
                return hint(err, "No siga trabajando sobre ella: restaure la última copia de seguridad verificada.",
                            "Do not go on working on it: restore the last verified backup.");
        case SQLITE_CONSTRAINT:
                return fail(err, ERR_CONFLICT, "El registro rechaza el dato: %s.",
                            "The registry rejects the data: %s.", message);
        default:
                return fail(err, ERR_FAILED, "Error de la base de datos: %s (%.60s).",
                            "Database error: %s (%.60s).", message, sql ? sql : "");
        }
}

static int run_script(struct db *db, const char *sql, struct error *err) {
        if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
                return fail_sqlite(db, err, sql);
        return 0;
}

static int prepare(struct db *db, const char *sql, struct rows *rows, struct error *err) {
        /* Literals are aligned and near each other: mix the address before taking the slot. */
        size_t start = (size_t) (((uintptr_t) sql * 0x9e3779b97f4a7c15u) >> 55) % SLOTS;
        struct slot *slot = NULL;

        for (size_t i = 0; i < 8; i++) {
                struct slot *s = &db->slots[(start + i) % SLOTS];

                /* The same address with other text would be a string that is no literal: compare both. */
                if (s->sql == sql && !s->taken && strcmp(sqlite3_sql(s->statement), sql) == 0) {
                        s->taken = true;
                        *rows = (struct rows){ .statement = s->statement, .db = db, .cached = true };
                        return 0;
                }
                if (!slot && !s->sql)
                        slot = s;
        }
        *rows = (struct rows){ .db = db };
        if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &rows->statement, NULL) != SQLITE_OK)
                return fail_sqlite(db, err, sql);
        if (slot) {
                *slot = (struct slot){ .sql = sql, .statement = rows->statement, .taken = true };
                rows->cached = true;
        }
        return 0;
}

static void release(struct rows *rows) {
        if (!rows->statement)
                return;
        (void) sqlite3_reset(rows->statement);
        (void) sqlite3_clear_bindings(rows->statement);
        if (!rows->cached) {
                (void) sqlite3_finalize(rows->statement);
                return;
        }
        for (size_t i = 0; i < SLOTS; i++)
                if (rows->db->slots[i].statement == rows->statement) {
                        rows->db->slots[i].taken = false;
                        return;
                }
}

static int bind(struct rows *rows, const char *types, va_list args, struct error *err) {
        int r = SQLITE_OK;

        for (int i = 1; *types && r == SQLITE_OK; types++, i++) {
                if (*types == 's') {
                        r = sqlite3_bind_text(rows->statement, i, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
                } else if (*types == 'i') {
                        r = sqlite3_bind_int64(rows->statement, i, va_arg(args, int64_t));
                } else if (*types == 'b') {
                        const void *data = va_arg(args, const void *);
                        size_t n = va_arg(args, size_t);

                        r = sqlite3_bind_blob64(rows->statement, i, data, n, SQLITE_TRANSIENT);
                } else {
                        r = sqlite3_bind_null(rows->statement, i);
                }
        }
        return r == SQLITE_OK ? 0 : fail_sqlite(rows->db, err, sqlite3_sql(rows->statement));
}

static int start(struct db *db, struct rows *rows, struct error *err, const char *sql, const char *types,
                 va_list args) {
        int r = prepare(db, sql, rows, err);

        if (r == 0)
                r = bind(rows, types, args, err);
        return r;
}

int db_exec(struct db *db, struct error *err, const char *sql, const char *types, ...) {
        struct rows rows = { 0 };
        va_list args;
        int r;

        va_start(args, types);
        r = start(db, &rows, err, sql, types, args);
        va_end(args);
        if (r == 0) {
                do
                        r = sqlite3_step(rows.statement);
                while (r == SQLITE_ROW);
                r = r == SQLITE_DONE ? sqlite3_changes(db->handle) : fail_sqlite(db, err, sql);
        }
        release(&rows);
        return r;
}

int db_query(struct db *db, struct rows **ret, struct error *err, const char *sql, const char *types, ...) {
        struct rows *rows = calloc(1, sizeof *rows);
        va_list args;
        int r;

        if (!rows)
                return fail_memory(err);
        va_start(args, types);
        r = start(db, rows, err, sql, types, args);
        va_end(args);
        if (r < 0) {
                rows_close(rows);
                return r;
        }
        *ret = rows;
        return 0;
}

int rows_next(struct rows *rows, struct error *err) {
        switch (sqlite3_step(rows->statement)) {
        case SQLITE_ROW: return 1;
        case SQLITE_DONE: return 0;
        default: return fail_sqlite(rows->db, err, sqlite3_sql(rows->statement));
        }
}

const char *rows_text(const struct rows *rows, int column) {
        return (const char *) sqlite3_column_text(rows->statement, column);
}

int64_t rows_int(const struct rows *rows, int column) {
        return sqlite3_column_int64(rows->statement, column);
}

const void *rows_blob(const struct rows *rows, int column, size_t *ret_n) {
        const void *data = sqlite3_column_blob(rows->statement, column);

        *ret_n = (size_t) sqlite3_column_bytes(rows->statement, column);
        return data;
}

bool rows_null(const struct rows *rows, int column) {
        return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

void rows_close(struct rows *rows) {
        if (!rows)
                return;
        release(rows);
        free(rows);
}

/* One row into either an integer or a new text. */
static int first_row(struct db *db, struct rows *rows, struct error *err, int r, int64_t *ret_int,
                     char **ret_text) {
        if (r == 0)
                r = sqlite3_step(rows->statement);
        else
                return r;
        if (r == SQLITE_DONE) {
                if (err)
                        err->code = ERR_NOT_FOUND;
                return ERR_NOT_FOUND;
        }
        if (r != SQLITE_ROW)
                return fail_sqlite(db, err, sqlite3_sql(rows->statement));
        if (ret_int) {
                *ret_int = sqlite3_column_int64(rows->statement, 0);
                return 0;
        }
        const char *text = (const char *) sqlite3_column_text(rows->statement, 0);
        char *copy = strdup(text ? text : "");

        if (!copy)
                return fail_memory(err);
        *ret_text = copy;
        return 0;
}

int db_int(struct db *db, int64_t *ret, struct error *err, const char *sql, const char *types, ...) {
        struct rows rows = { 0 };
        va_list args;
        int r;

        va_start(args, types);
        r = first_row(db, &rows, err, start(db, &rows, err, sql, types, args), ret, NULL);
        va_end(args);
        release(&rows);
        return r;
}

int db_text(struct db *db, char **ret, struct error *err, const char *sql, const char *types, ...) {
        struct rows rows = { 0 };
        va_list args;
        int r;

        va_start(args, types);
        r = first_row(db, &rows, err, start(db, &rows, err, sql, types, args), NULL, ret);
        va_end(args);
        release(&rows);
        return r;
}

void db_look(struct db *db) {
        if (!db->looking && sqlite3_get_autocommit(db->handle))
                db->looking = run_script(db, "BEGIN", NULL) == 0;
}

void db_look_end(struct db *db) {
        if (db->looking && !sqlite3_get_autocommit(db->handle))
                (void) run_script(db, "COMMIT", NULL);
        db->looking = false;
}

int db_begin(struct db *db, struct error *err) {
        int r;

        db_look_end(db);
        if (db->writing)
                return fail(err, ERR_FAILED, "Transacción dentro de otra.", "A transaction inside another one.");
        r = db_exec(db, err, "BEGIN IMMEDIATE", "");
        if (r < 0)
                return r;
        db->writing = true;
        return 0;
}

int db_commit(struct db *db, struct error *err) {
        int r = db_exec(db, err, "COMMIT", "");

        if (r < 0)
                db_rollback(db);
        db->writing = false;
        return r < 0 ? r : 0;
}

void db_rollback(struct db *db) {
        if (!sqlite3_get_autocommit(db->handle))
                (void) sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
        db->writing = false;
}

static int note_wal(void *context, sqlite3 *handle, const char *name, int pages) {
        struct db *db = context;

        (void) handle, (void) name;
        db->wal_pages = pages;
        if (pages >= FOLD_PAGES_LATEST)
                db_fold(db);
        return SQLITE_OK;
}

void db_fold_later(struct db *db) {
        (void) sqlite3_wal_hook(db->handle, note_wal, db); /* instead of SQLite's own */
}

void db_fold(struct db *db) {
        if (db->wal_pages < FOLD_PAGES)
                return;
        db->wal_pages = 0;
        (void) sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

int db_pin(struct db *db, int64_t *ret_size, struct error *err) {
        int64_t pages = 0, size = 0;
        int r;

        db_look_end(db);
        r = run_script(db, "BEGIN", err);

        /* A deferred transaction has its snapshot from its first read on. */
        if (r == 0)
                r = db_int(db, &pages, err, "SELECT count(*) FROM sqlite_schema", "");
        if (r == 0)
                r = db_int(db, &pages, err, "PRAGMA page_count", "");
        if (r == 0)
                r = db_int(db, &size, err, "PRAGMA page_size", "");
        if (r == 0)
                *ret_size = pages * size;
        else
                db_rollback(db);
        return r;
}

static int copy_pages(struct db *from, struct db *to, int (*go_on)(void *context, int64_t done, int64_t total),
                      void *context, struct error *err) {
        enum { PAGES = 1024 };
        sqlite3_backup *copy = sqlite3_backup_init(to->handle, "main", from->handle, "main");
        int code = SQLITE_OK, r = 0;

        if (!copy)
                return fail_sqlite(to, err, "backup");
        while (r == 0 && code == SQLITE_OK) {
                code = sqlite3_backup_step(copy, PAGES);
                if (go_on && (code == SQLITE_OK || code == SQLITE_DONE))
                        r = go_on(context, sqlite3_backup_pagecount(copy) - sqlite3_backup_remaining(copy),
                                  sqlite3_backup_pagecount(copy));
        }
        code = sqlite3_backup_finish(copy);
        if (r == 0 && code != SQLITE_OK)
                r = fail_sqlite(to, err, "backup");
        return r;
}

int db_copy(struct db *db, const char *path, int (*go_on)(void *context, int64_t done, int64_t total),
            void *context, struct error *err) {
        _cleanup_(db_closep) struct db *to = calloc(1, sizeof *to);
        const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW |
                          SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
        int code, r;

        if (!to)
                return fail_memory(err);
        code = sqlite3_open_v2(path, &to->handle, flags, NULL);
        if (code != SQLITE_OK)
                return to->handle ? fail_sqlite(to, err, path) : fail_memory(err);
        /* A copy that is not finished is thrown away: it needs no journal. */
        r = run_script(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;", err);
        return r == 0 ? copy_pages(db, to, go_on, context, err) : r;
}

int db_check(struct db *db, struct error *err) {
        _cleanup_free_ char *found = NULL;
        int r = db_text(db, &found, err, "PRAGMA integrity_check(1)", "");

        if (r == 0 && strcmp(found, "ok") != 0)
                r = fail(err, ERR_VERIFY, "La base de datos está dañada: %s.", "The database is damaged: %s.",
                         found);
        return r;
}

static int configure(struct db *db, unsigned mode, struct error *err) {
        const bool vault = mode & DB_VAULT;
        int64_t id = 0;
        int r;

        (void) sqlite3_busy_timeout(db->handle, BUSY_MS);
        (void) sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        (void) sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        (void) sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
        db->reader = (mode & 15) == DB_READ;
        if (db->reader)
                return run_script(db, "PRAGMA foreign_keys = ON; PRAGMA query_only = ON;", err);
        r = run_script(
                db,
                vault ? "PRAGMA secure_delete = ON; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = EXTRA;"
                      : "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = "
                        "67108864;",
                err);
        if (r == 0)
                r = run_script(db, "PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384;", err);
        if (r == 0 && (mode & 15) == DB_SCRATCH)
                r = run_script(db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;", err);
        if (r < 0)
                return r;
        if ((mode & 15) == DB_CREATE || (mode & 15) == DB_SCRATCH)
                return run_script(db, "PRAGMA application_id = 1297109833;", err);
        r = db_int(db, &id, err, "PRAGMA application_id", "");
        if (r == 0 && id != APPLICATION_ID)
                r = fail(err, ERR_CONFLICT, "El fichero no es un registro de mpsi.",
                         "The file is not a registry of mpsi.");
        return r;
}

/* On a read-only file system SQLite can't make the WAL's shared memory. Nobody can write there either, so a
 * database whose WAL is folded in may be read as immutable: its URI, else NULL. */
static char *immutable_uri(const char *path) {
        _cleanup_free_ char *wal = str_format("%s-wal", path);
        struct statvfs fs;
        struct stat st;
        char *uri, *out;

        if (!wal || statvfs(path, &fs) < 0 || !(fs.f_flag & ST_RDONLY) || (stat(wal, &st) == 0 && st.st_size > 0))
                return NULL;
        uri = malloc(sizeof "file://?immutable=1" + 3 * strlen(path));
        if (!uri)
                return NULL;
        out = stpcpy(uri, *path == '/' ? "file://" : "file:"); /* an empty host, or "//" would name one */
        for (; *path; path++)
                if (strchr("%?#", *path)) /* RFC 3986: what would end the path */
                        out += sprintf(out, "%%%02X", (unsigned char) *path);
                else
                        *out++ = *path;
        memcpy(out, "?immutable=1", sizeof "?immutable=1");
        return uri;
}

int db_open(const char *path, unsigned mode, struct db **ret, struct error *err) {
        _cleanup_free_ char *uri = NULL;
        _cleanup_(db_closep) struct db *db = calloc(1, sizeof *db);
        int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW, r;
        struct stat st;

        if (!db)
                return fail_memory(err);
        switch (mode & 15) {
        case DB_CREATE:
                flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
                if (lstat(path, &st) == 0)
                        return fail(err, ERR_CONFLICT, "Ya existe «%s».", "“%s” exists already.", path);
                break;
        case DB_SCRATCH:
                flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
                path = ""; /* SQLite: a private file on disk, deleted on close */
                break;
        default:
                /* A reader needs the WAL's shared memory too, so it opens for writing and is held back by
                 * query_only. */
                flags |= SQLITE_OPEN_READWRITE;
                if (stat(path, &st) < 0)
                        return fail(err, ERR_NOT_FOUND, "No existe «%s».", "“%s” does not exist.", path);
                if ((mode & 15) == DB_READ && access(path, W_OK) < 0) {
                        flags = (flags & ~SQLITE_OPEN_READWRITE) | SQLITE_OPEN_READONLY;
                        uri = immutable_uri(path);
                }
        }
        r = sqlite3_open_v2(uri ? uri : path, &db->handle, uri ? flags | SQLITE_OPEN_URI : flags, NULL);
        if (r != SQLITE_OK && db->handle)
                return fail_sqlite(db, err, path);
        if (r != SQLITE_OK)
                return fail_memory(err);
        r = configure(db, mode, err);
        if (r == 0)
                *ret = TAKE_PTR(db);
        return r;
}

void db_close(struct db *db) {
        if (!db)
                return;
        for (size_t i = 0; i < SLOTS; i++)
                (void) sqlite3_finalize(db->slots[i].statement);
        (void) sqlite3_close_v2(db->handle);
        free(db);
}

static int migrate_room(struct db *db, const struct schema *schema, struct error *err) {
        int64_t version = 0;
        int r = db_int(db, &version, err, "SELECT version FROM schema WHERE room = ?", "s", schema->room);

        if (r < 0 && r != ERR_NOT_FOUND)
                return r;
        for (size_t i = (size_t) version; i < schema->scripts_n; i++) {
                r = run_script(db, schema->scripts[i], err);
                if (r < 0)
                        return r;
        }
        if (version == (int64_t) schema->scripts_n)
                return 0;
        r = db_exec(db, err,
                    "INSERT INTO schema(room, version) VALUES(?, ?) "
                    "ON CONFLICT(room) DO UPDATE SET version = excluded.version",
                    "si", schema->room, (int64_t) schema->scripts_n);
        return r < 0 ? r : 0;
}

static int made_by_newer(const struct schema *schema, int64_t version, struct error *err) {
        (void) fail(err, ERR_CONFLICT, "El almacén es de una versión más nueva de mpsi (%s %d).",
                    "The store was made by a newer mpsi (%s %d).", schema->room, (int) version);
        return hint(err, "Actualice mpsi en este puesto.", "Update mpsi on this station.");
}

/* Whether there is anything to migrate, without taking the write lock. */
static int up_to_date(struct db *db, const struct schema *const *schemas, size_t n, bool *ret, struct error *err) {
        int64_t there = 0, version = 0;
        bool older = false;
        int r = db_int(db, &there, err, "SELECT count(*) FROM sqlite_schema WHERE name = 'schema'", "");

        *ret = false;
        if (r < 0 || !there)
                return r;
        for (size_t i = 0; i < n; i++) {
                r = db_int(db, &version, err, "SELECT version FROM schema WHERE room = ?", "s", schemas[i]->room);
                if (r == ERR_NOT_FOUND)
                        version = 0;
                else if (r < 0)
                        return r;
                if (version > (int64_t) schemas[i]->scripts_n)
                        return made_by_newer(schemas[i], version, err);
                if (version != (int64_t) schemas[i]->scripts_n)
                        older = true;
        }
        *ret = !older;
        return 0;
}

int db_migrate(struct db *db, const struct schema *const *schemas, size_t n, struct error *err) {
        bool done;
        int r = up_to_date(db, schemas, n, &done, err);

        if (r < 0 || done)
                return r;
        if (db->reader)
                return fail(err, ERR_BUSY, "El almacén espera a que una orden que escriba lo actualice.",
                            "The store waits for a writing command to bring it up to date.");
        r = db_begin(db, err);
        if (r < 0)
                return r;
        r = run_script(db,
                       "CREATE TABLE IF NOT EXISTS schema(room TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT;",
                       err);
        for (size_t i = 0; r == 0 && i < n; i++)
                r = migrate_room(db, schemas[i], err);
        if (r == 0)
                return db_commit(db, err);
        db_rollback(db);
        return r;
}
