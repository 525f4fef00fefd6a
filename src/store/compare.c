/* Comparing the state tables of two databases row by row, in the order of their primary keys. */
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "store/db.h"

enum { COLUMNS_MAX = 64, KEY_MAX = 200 };

struct table {
        const char *name;
        int columns;
        int keys[8]; /* indexes of the primary key's columns, in their order */
        int keys_n;
        char *sql; /* SELECT * FROM name ORDER BY the key */
};

static void table_done(struct table *table) {
        free(table->sql);
}

static int table_describe(struct db *db, const char *name, struct table *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        struct table table = { .name = name };
        char order[256] = "";
        int r = db_query(db, &rows, err, "SELECT name, pk FROM pragma_table_info(?) ORDER BY cid", "s", name);

        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0) {
                int64_t pk = rows_int(rows, 1);

                if (pk > 0 && pk <= (int64_t) COUNT(table.keys)) {
                        size_t used = strlen(order);

                        table.keys[pk - 1] = table.columns;
                        table.keys_n++;
                        (void) snprintf(order + used, sizeof order - used, "%s\"%s\"", used ? ", " : "",
                                        rows_text(rows, 0));
                }
                table.columns++;
        }
        if (r < 0)
                return r;
        if (table.keys_n == 0)
                return fail(err, ERR_FAILED, "La tabla «%s» no tiene clave.", "Table “%s” has no key.", name);
        table.sql = str_format("SELECT * FROM \"%s\" ORDER BY %s", name, order);
        if (!table.sql)
                return fail_memory(err);
        *ret = table;
        return 0;
}

static int compare_value(const struct rows *a, const struct rows *b, int column) {
        size_t an, bn;
        const void *ab, *bb;

        if (rows_null(a, column) || rows_null(b, column))
                return (int) rows_null(b, column) - (int) rows_null(a, column);
        ab = rows_blob(a, column, &an);
        bb = rows_blob(b, column, &bn);
        if (an == bn)
                return an ? memcmp(ab, bb, an) : 0;
        int r = memcmp(ab, bb, an < bn ? an : bn);

        return r ? r : (an < bn ? -1 : 1);
}

/* In the order that SQLite sorts: numbers by value, texts by bytes. A key column has one type (STRICT). */
static int compare_key(const struct table *table, const struct rows *a, const struct rows *b) {
        for (int i = 0; i < table->keys_n; i++) {
                int column = table->keys[i];
                int64_t an = rows_int(a, column), bn = rows_int(b, column);
                const char *at = rows_text(a, column), *bt = rows_text(b, column);
                char number[32];
                bool numbers;
                int r;

                (void) snprintf(number, sizeof number, "%" PRId64, an);
                numbers = at && strcmp(number, at) == 0;
                (void) snprintf(number, sizeof number, "%" PRId64, bn);
                numbers = numbers && bt && strcmp(number, bt) == 0;
                r = numbers ? (an > bn) - (an < bn) : compare_value(a, b, column);
                if (r)
                        return r;
        }
        return 0;
}

static void key_text(const struct table *table, const struct rows *rows, char out[KEY_MAX]) {
        out[0] = '\0';
        for (int i = 0; i < table->keys_n; i++) {
                size_t used = strlen(out);
                const char *text = rows_text(rows, table->keys[i]);

                (void) snprintf(out + used, KEY_MAX - used, "%s%s", used ? "/" : "", text ? text : "NULL");
        }
}

static bool same_row(const struct table *table, const struct rows *a, const struct rows *b) {
        for (int c = 0; c < table->columns; c++)
                if (compare_value(a, b, c) != 0)
                        return false;
        return true;
}

static int compare_table(struct db *db, struct db *expected, const char *name,
                         void (*found)(void *, const char *, const char *, const char *), void *context,
                         struct error *err) {
        _cleanup_(table_done) struct table table = { 0 };
        _cleanup_rows_ struct rows *have = NULL, *want = NULL;
        char key[KEY_MAX];
        int r = table_describe(expected, name, &table, err), a, b;

        if (r < 0 || (r = db_query(db, &have, err, table.sql, "")) < 0 ||
            (r = db_query(expected, &want, err, table.sql, "")) < 0)
                return r;
        a = rows_next(have, err);
        b = rows_next(want, err);
        while (a > 0 || b > 0) {
                int order = a <= 0 ? 1 : b <= 0 ? -1 : compare_key(&table, have, want);

                if (order == 0 && !same_row(&table, have, want)) {
                        key_text(&table, have, key);
                        found(context, name, key, "changed");
                } else if (order != 0) {
                        key_text(&table, order < 0 ? have : want, key);
                        found(context, name, key, order < 0 ? "unexplained" : "missing");
                }
                if (order <= 0)
                        a = rows_next(have, err);
                if (order >= 0)
                        b = rows_next(want, err);
                if (a < 0 || b < 0)
                        return a < 0 ? a : b;
        }
        return a < 0 ? a : b;
}

int db_compare(struct db *db, struct db *expected, const struct schema *const *schemas, size_t n,
               void (*found)(void *context, const char *table, const char *key, const char *kind), void *context,
               struct error *err) {
        for (size_t i = 0; i < n; i++)
                for (const char *const *name = schemas[i]->state_tables; name && *name; name++) {
                        int r = compare_table(db, expected, *name, found, context, err);

                        if (r < 0)
                                return r;
                }
        return 0;
}

static inline void md_freep(EVP_MD_CTX **context) {
        EVP_MD_CTX_free(*context);
}

static int digest_table(struct db *db, const char *name, EVP_MD_CTX *context, struct error *err) {
        _cleanup_(table_done) struct table table = { 0 };
        _cleanup_rows_ struct rows *rows = NULL;
        int r = table_describe(db, name, &table, err);

        if (r == 0)
                r = db_query(db, &rows, err, table.sql, "");
        if (r == 0 && EVP_DigestUpdate(context, name, strlen(name) + 1) != 1)
                r = fail_memory(err);
        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                for (int c = 0; c < table.columns; c++) {
                        size_t n;
                        const void *value = rows_blob(rows, c, &n);
                        /* The length before the value, so that no two rows read alike; NULL has a length of its
                         * own. */
                        uint64_t length = rows_null(rows, c) ? UINT64_MAX : n;

                        if (EVP_DigestUpdate(context, &length, sizeof length) != 1 ||
                            (n && EVP_DigestUpdate(context, value, n) != 1))
                                return fail_memory(err);
                }
                r = 0;
        }
        return r;
}

int db_digest(struct db *db, const struct schema *const *schemas, size_t n, char ret[65], struct error *err) {
        _cleanup_(md_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
        uint8_t raw[32];

        if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
                return fail_memory(err);
        for (size_t i = 0; i < n; i++)
                for (const char *const *name = schemas[i]->state_tables; name && *name; name++) {
                        int r = digest_table(db, *name, context, err);

                        if (r < 0)
                                return r;
                }
        if (EVP_DigestFinal_ex(context, raw, NULL) != 1)
                return fail_memory(err);
        hex_encode(raw, sizeof raw, ret);
        return 0;
}
