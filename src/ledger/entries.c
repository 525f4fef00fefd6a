/* Events as they stand in the database, each held against its hash. */
#include <string.h>

#include "ledger/internal.h"

/* A damaged table may hold what ours never does. */
static const char *text_at(const struct rows *rows, int column) {
        const char *text = rows_text(rows, column);

        return text ? text : "";
}

static int check_entry(struct ledger *ledger, struct ledger_entry *entry, struct error *err) {
        _cleanup_free_ char *text = NULL;
        uint8_t leaf[SHA256_SIZE];
        size_t n;
        int r = event_text(&entry->event, entry->data, &text, &n, err);

        if (r < 0)
                return r;
        if (hash_leaf(ledger->hasher, text, n, leaf) < 0)
                return fail_memory(err);
        entry->sound = memcmp(leaf, entry->hash, sizeof leaf) == 0;
        return 0;
}

int ledger_entries(struct ledger *ledger, int64_t after, int64_t limit,
                   int (*each)(void *context, const struct ledger_entry *entry), void *context, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(ledger->db, &rows, err,
                         "SELECT seq, time, station, actor, os_user, type, subject, data, hash FROM event "
                         "WHERE seq > ? ORDER BY seq LIMIT ?",
                         "ii", after, limit);

        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                size_t n;
                const void *hash = rows_blob(rows, 8, &n);
                struct ledger_entry entry = {
                        .event = { .seq = rows_int(rows, 0),
                                   .time = rows_int(rows, 1),
                                   .station = text_at(rows, 2),
                                   .actor = text_at(rows, 3),
                                   .os_user = text_at(rows, 4),
                                   .type = text_at(rows, 5),
                                   .subject = text_at(rows, 6) },
                        .data = text_at(rows, 7),
                };

                if (hash && n == SHA256_SIZE)
                        memcpy(entry.hash, hash, SHA256_SIZE);
                r = check_entry(ledger, &entry, err);
                if (r == 0)
                        r = each(context, &entry);
        }
        return r < 0 ? r : 0;
}

int ledger_end(struct db *db, int64_t *ret, struct error *err) {
        return db_int(db, ret, err, "SELECT ifnull(max(seq), 0) FROM event", "");
}

int ledger_hash(struct db *db, int64_t seq, uint8_t ret[SHA256_SIZE], struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        const void *hash;
        size_t n;
        int r = db_query(db, &rows, err, "SELECT hash FROM event WHERE seq = ?", "i", seq);

        if (r == 0)
                r = rows_next(rows, err);
        if (r <= 0)
                return r < 0 ? r : ERR_NOT_FOUND;
        hash = rows_blob(rows, 0, &n);
        memset(ret, 0, SHA256_SIZE);
        if (hash && n == SHA256_SIZE)
                memcpy(ret, hash, n);
        return 0;
}
