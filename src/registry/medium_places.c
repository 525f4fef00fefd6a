#include "registry/medium_sql.h"

int medium_ids_at(struct db *db, const char *location, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        int r;

        r = db_query(db, &rows, err,
                     "SELECT id FROM medium WHERE location = ? AND location <> '' AND state NOT IN ('destroyed', "
                     "'retired') ORDER BY id",
                     "s", location);
        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, json_string(rows_text(rows, 0))))
                        return fail_memory(err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}

int medium_each_in(struct db *db, const char *area, int (*each)(void *context, const struct medium *medium),
                   void *context, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r;

        /* '.' is the character after '-': all codes that begin with the area and a dash lie between the two. One
         * range that the index has in this order, or SQLite reads them all. */
        if (*area)
                r = db_query(db, &rows, err,
                             "SELECT " MEDIUM_COLUMNS " FROM medium WHERE location <> '' AND location >= ?1 AND "
                             "location < ?1 || '.' AND (location = ?1 OR location > ?1 || '-') AND state NOT IN "
                             "('destroyed', 'retired') ORDER BY location, id",
                             "s", area);
        else
                r = db_query(db, &rows, err,
                             "SELECT " MEDIUM_COLUMNS " FROM medium WHERE state NOT IN ('destroyed', 'retired') "
                             "ORDER BY location, id",
                             "");
        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0) {
                struct medium medium;

                r = medium_from_row(rows, &medium, err);
                if (r == 0)
                        r = each(context, &medium);
                if (r != 0)
                        return r;
        }
        return r;
}

int medium_ids_unlabelled(struct db *db, const char *after, int64_t limit, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *list = json_array();
        int r = db_query(
                db, &rows, err,
                "SELECT id FROM medium WHERE id > ? AND label_state <> 'valid' AND state NOT IN ('destroyed', "
                "'retired') ORDER BY id LIMIT ?",
                "si", after, limit);

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = json_array_append_new(list, json_string(rows_text(rows, 0))) < 0 ? fail_memory(err) : 0;
        if (r == 0)
                *ret = TAKE_PTR(list);
        return r;
}

int medium_categories(struct db *db, bool ret[CATEGORIES], struct error *err) {
        for (int c = 0; c < CATEGORIES; c++) {
                int64_t found;
                int r = db_int(db, &found, err,
                               "SELECT 1 FROM medium WHERE category = ? AND state NOT IN ('destroyed', 'retired') "
                               "LIMIT 1",
                               "s", category_terms[c].code);

                if (r < 0 && r != ERR_NOT_FOUND)
                        return r;
                ret[c] = r == 0;
        }
        return 0;
}
