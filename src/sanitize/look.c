#include "sanitize/look.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/str.h"
#include "policy/rule.h"
#include "policy/verification.h"

bool look_same_person(const struct sanitization_record *record, const char *person) {
        return strcmp(record->operator, person) == 0 ||
               strcmp(json_text_or_empty(record->ended_data, "finished_by"), person) == 0;
}

int look_demand_sanitized(const struct sanitization_record *record, struct error *err) {
        if (record->state == SANITIZATION_SANITIZED)
                return 0;
        return fail(err, ERR_CONFLICT, "El último borrado de %s está «%s%.0s»: no hay qué verificar.",
                    "The last wipe of %s is “%.0s%s”: there is nothing to verify.", record->medium,
                    sanitization_state_terms[record->state].name.es,
                    sanitization_state_terms[record->state].name.en);
}

int look_refuse(const char *medium, int64_t differing, struct error *err) {
        return refuse(err, ERR_VERIFY, "S4", "%s ya no contiene lo que dejó el borrado: %lld bytes distintos.",
                      "%s no longer holds what the wipe left: %lld bytes differ.", medium, (long long) differing);
}

/* --- which are due -----------------------------------------------------------------------------------------------
 */

struct wipes {
        struct second_look *looks;
        json_t *rows;
        size_t n, size;
};

static void wipes_done(struct wipes *wipes) {
        free(wipes->looks);
        json_decref(wipes->rows);
}

/* Nobody knows it before the wipe's end, anybody can compute it afterwards. */
static int draw_of(const char *job, const char *seed, uint64_t *ret, struct error *err) {
        _cleanup_free_ char *text = str_format("mpsi second look %s %s", job, seed);
        uint8_t digest[SHA256_SIZE];

        if (!text || sha256(text, strlen(text), digest) < 0)
                return fail_memory(err);
        memcpy(ret, digest, sizeof *ret);
        return 0;
}

/* A medium that was encrypted, wiped or destroyed since can't be looked at any more. */
static bool is_there(struct db *db, const char *medium, bool newest) {
        struct medium row;

        return newest && medium_load(db, medium, &row, NULL) == 0 && row.state == MEDIUM_SANITIZED;
}

static int grow(struct wipes *wipes, struct error *err) {
        size_t size = wipes->size ? 2 * wipes->size : 64;
        struct second_look *more = wipes->n < wipes->size ? NULL : realloc(wipes->looks, size * sizeof *more);

        if (wipes->n < wipes->size)
                return 0;
        if (!more)
                return fail_memory(err);
        wipes->looks = more;
        wipes->size = size;
        return 0;
}

static int add_wipe(struct act *act, const struct rows *rows, struct wipes *wipes, struct error *err) {
        struct second_look look = { .ended = rows_int(rows, 2), .looked = rows_int(rows, 5) > 0 };
        char ended[TIME_TEXT];
        int r = draw_of(rows_text(rows, 0), rows_text(rows, 4), &look.draw, err);

        if (r == 0)
                r = grow(wipes, err);
        if (r < 0)
                return r;
        look.there = is_there(act->db, rows_text(rows, 1), rows_int(rows, 7) != 0);
        wipes->looks[wipes->n++] = look;
        time_format(look.ended, ended);
        return json_array_append_new(wipes->rows,
                                     json_pack("{s:s, s:s, s:s, s:s, s:s}", "job", rows_text(rows, 0), "medium",
                                               rows_text(rows, 1), "ended", ended, "operator", rows_text(rows, 3),
                                               "second", rows_text(rows, 6)))
                       ? fail_memory(err)
                       : 0;
}

/* A look that found a difference is a look too. Keys alone leave nothing to compare but the header. */
static int load_wipes(struct act *act, struct wipes *wipes, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(act->db, &rows, err,
                         "SELECT s.job, s.medium, s.ended, s.operator, json_extract(s.ended_data, '$.seed'),"
                         " count(l.seq), coalesce(max(l.person), ''),"
                         " s.number = (SELECT max(number) FROM sanitization t WHERE t.medium = s.medium)"
                         " FROM sanitization s LEFT JOIN sanitization_look l"
                         "  ON l.job = s.job AND l.other = 1 AND l.kind IN ('full', 'header')"
                         " WHERE s.ended > ? AND json_extract(s.ended_data, '$.result') = 'sanitized'"
                         " GROUP BY +s.job ORDER BY s.ended, s.job", /* +: those of the period, not all by name */
                         "i", act_now(act) - SECOND_LOOK_PERIOD);

        if (r == 0 && !(wipes->rows = json_array()))
                r = fail_memory(err);
        while (r >= 0 && (r = rows_next(rows, err)) > 0)
                r = add_wipe(act, rows, wipes, err);
        return r;
}

int look_due(struct act *act, bool all, json_t **ret, struct error *err) {
        _cleanup_(wipes_done) struct wipes wipes = { 0 };
        _cleanup_json_ json_t *rows = json_array();
        struct second_looks sum;
        int r = rows ? load_wipes(act, &wipes, err) : fail_memory(err);

        if (r < 0)
                return r;
        sum = second_looks_judge(wipes.looks, wipes.n, act_now(act));
        for (size_t i = 0; i < wipes.n; i++) {
                json_t *row = json_array_get(wipes.rows, i);

                if (json_object_set_new(row, "due", json_boolean(wipes.looks[i].ret_due)) ||
                    ((all || wipes.looks[i].ret_due) && json_array_append(rows, row)))
                        return fail_memory(err);
        }
        *ret = json_pack("{s:I, s:I, s:I, s:I, s:I, s:i, s:O}", "wipes", (json_int_t) sum.wipes, "looked",
                         (json_int_t) sum.looked, "wanted", (json_int_t) sum.wanted, "due", (json_int_t) sum.due,
                         "permille", (json_int_t) sum.permille, "percent_wanted", SECOND_LOOK_PERCENT, "rows",
                         rows);
        return *ret ? 0 : fail_memory(err);
}

/* Whether a medium that nobody looked at again still holds what its wipe left; one is enough to know of. */
static int any_left(struct act *act, int64_t since, int64_t *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                act->db, &rows, err,
                "SELECT medium FROM sanitization AS s WHERE ended > ? AND state = 'sanitized' AND number = (SELECT "
                "max(number) FROM sanitization WHERE medium = s.medium) AND NOT EXISTS (SELECT 1 FROM "
                "sanitization_look AS l "
                "WHERE l.job = s.job AND l.other = 1 AND l.kind IN ('full', 'header')) ORDER BY ended DESC",
                "i", since);

        *ret = 0;
        while (r == 0 && *ret == 0 && (r = rows_next(rows, err)) > 0) {
                *ret = is_there(act->db, rows_text(rows, 0), true);
                r = 0;
        }
        return r;
}

int look_missing(struct act *act, struct second_looks *ret, struct error *err) {
        const int64_t since = act_now(act) - SECOND_LOOK_PERIOD;
        struct second_looks sum = { 0 };
        int r = db_int(act->db, &sum.wipes, err,
                       "SELECT count(*) FROM sanitization WHERE ended > ? AND state = 'sanitized'", "i", since);

        if (r == 0)
                r = db_int(act->db, &sum.looked, err,
                           "SELECT count(*) FROM sanitization AS s WHERE ended > ? AND state = 'sanitized' AND "
                           "EXISTS (SELECT 1 "
                           "FROM sanitization_look AS l WHERE l.job = s.job AND l.other = 1 AND l.kind IN ('full', "
                           "'header'))",
                           "i", since);
        sum.wanted = second_looks_wanted(sum.wipes);
        if (r == 0 && sum.looked < sum.wanted)
                r = any_left(act, since, &sum.due, err);
        if (r == 0)
                *ret = sum;
        return r;
}
