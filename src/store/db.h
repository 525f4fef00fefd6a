/* SQLite: open, migrate, statements, transactions. Each room owns its tables and speaks SQL only about them.
 *
 * Connections: WAL, synchronous FULL, foreign keys on, STRICT tables. SQL texts are string literals; prepared
 * statements are cached by the literal's address. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct db;
struct rows;

enum db_mode {
        DB_CREATE,    /* must not exist yet */
        DB_WRITE,     /* must exist */
        DB_READ,      /* must exist; no migration, no writes */
        DB_SCRATCH,   /* a fresh private database that vanishes on close: path is ignored */
        DB_VAULT = 16 /* bit: secure_delete, rollback journal that is truncated: no leftovers of a deleted row */
};

/* A room's tables. scripts[i] brings version i to i + 1; never edited once released. */
struct schema {
        const char *room;
        const char *const *scripts;
        size_t scripts_n;
        const char *const *state_tables; /* NULL-terminated: what events explain, compared by `ledger verify`;
                                            each has a PRIMARY KEY */
};

/* ERR_NOT_FOUND, ERR_CONFLICT (not a database of ours, or of a newer version), ERR_FAILED. */
int db_open(const char *path, unsigned mode, struct db **ret, struct error *err);
void db_close(struct db *db);
DEFINE_CLEANUP(struct db, db_close)

/* Brings the tables of all rooms up to date, in one transaction. */
int db_migrate(struct db *db, const struct schema *const *schemas, size_t n, struct error *err);

/* Transactions don't nest: a second begin is a programming error and fails. */
int db_begin(struct db *db, struct error *err);
int db_commit(struct db *db, struct error *err);
void db_rollback(struct db *db); /* harmless outside a transaction */

/* All that is read until db_look_end() is of one moment, and takes SQLite's locks once instead of once a statement.
 * Whoever writes or pins ends the look first. Both are harmless where they are not needed. */
void db_look(struct db *db);
void db_look_end(struct db *db);

/* Commits leave the WAL to db_fold(), which folds a long one into the database: whoever waits for a commit does not
 * wait for that too. A WAL that nobody folds is folded by a commit all the same. */
void db_fold_later(struct db *db);
void db_fold(struct db *db);

/* A read transaction that stays at this moment while others go on writing, until db_rollback or db_close.
 * *ret_size: how many bytes db_copy will write. */
int db_pin(struct db *db, int64_t *ret_size, struct error *err);
/* Copies a pinned database into a new file at `path`, some pages at a time. go_on (may be NULL) is told how far it
 * is, and ends it with what it returns when that is negative. What is there after a failure is the caller's to
 * remove. */
int db_copy(struct db *db, const char *path, int (*go_on)(void *context, int64_t done, int64_t total),
            void *context, struct error *err);
/* SQLite's own check of a database's pages. ERR_VERIFY says what it found first. */
int db_check(struct db *db, struct error *err);

/* Binds by `types`, one letter a parameter: s text (NULL is NULL), i int64_t, b blob (const void *, size_t),
 * n NULL (no argument). Every integer argument must be int64_t: cast it.
 * db_exec runs a statement to its end and gives the number of rows changed (or an error). */
int db_exec(struct db *db, struct error *err, const char *sql, const char *types, ...);
int db_query(struct db *db, struct rows **ret, struct error *err, const char *sql, const char *types, ...);
/* 1 with a row, 0 at the end, or an error. Values are valid until the next call. Columns count from 0. */
int rows_next(struct rows *rows, struct error *err);
const char *rows_text(const struct rows *rows, int column); /* NULL for NULL */
int64_t rows_int(const struct rows *rows, int column);
const void *rows_blob(const struct rows *rows, int column, size_t *ret_n);
bool rows_null(const struct rows *rows, int column);
void rows_close(struct rows *rows);
DEFINE_CLEANUP(struct rows, rows_close)
#define _cleanup_rows_ _cleanup_(rows_closep)

/* The first column of the first row. ERR_NOT_FOUND when there is none (err then holds no message). */
int db_int(struct db *db, int64_t *ret, struct error *err, const char *sql, const char *types, ...);
/* A new string. */
int db_text(struct db *db, char **ret, struct error *err, const char *sql, const char *types, ...);

/* For ledger verify: compares the state tables of two databases; found() is told of each difference.
 * kind is "missing" (explained by events, not in db), "unexplained" or "changed"; key is the row's key as text. */
int db_compare(struct db *db, struct db *expected, const struct schema *const *schemas, size_t n,
               void (*found)(void *context, const char *table, const char *key, const char *kind), void *context,
               struct error *err);

/* SHA-256 over all rows of all state tables, in the order of their keys. */
int db_digest(struct db *db, const struct schema *const *schemas, size_t n, char ret[65], struct error *err);
