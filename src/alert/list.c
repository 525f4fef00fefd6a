#include <stdlib.h>
#include <string.h>

#include "alert/internal.h"
#include "base/str.h"

/* --- acknowledgements -------------------------------------------------------------------------------------- */

static int acknowledge_row(json_t *row, const struct rows *rows, int64_t now) {
        const struct alert_acknowledgement acknowledgement = {
                .level = (enum gravity) term_parse(gravity_terms, GRAVITIES, rows_text(rows, 1)),
                .time = rows_int(rows, 2),
                .until = rows_int(rows, 3)
        };
        int level = term_parse(gravity_terms, GRAVITIES, json_text_or_empty(row, "level"));
        char until[TIME_TEXT];

        if (!alert_quiet(&acknowledgement, (enum gravity) level, json_int(row, "since_us", 0), now))
                return 0;
        time_format(acknowledgement.until, until);
        return json_object_set_new(row, "acknowledged_by", json_string(rows_text(rows, 4))) |
               json_object_set_new(row, "acknowledged_until", json_string(until)) |
               json_object_set_new(row, "reason", json_string(rows_text(rows, 5)));
}

static int add_acknowledgements(struct act *act, json_t *list, struct error *err) {
        _cleanup_json_ json_t *by_key = json_object();
        _cleanup_rows_ struct rows *rows = NULL;
        json_t *row;
        size_t i;
        int r = 0;

        json_array_foreach(list, i, row) r |= json_object_set(by_key, json_text(row, "key"), row);
        if (!by_key || r)
                return fail_memory(err);
        r = db_query(act->db, &rows, err,
                     "SELECT key, level, time, until, person, reason FROM alert_acknowledgement WHERE until > ?",
                     "i", act_now(act));
        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                row = json_object_get(by_key, rows_text(rows, 0));
                r = row && acknowledge_row(row, rows, act_now(act)) ? fail_memory(err) : 0;
        }
        return r;
}

/* --- the list ---------------------------------------------------------------------------------------------- */

static int by_urgency(const void *a, const void *b) {
        const json_t *one = *(json_t *const *) a, *other = *(json_t *const *) b;
        const char *critical = gravity_terms[GRAVITY_CRITICAL].code;
        int first = strcmp(json_text_or_empty(one, "level"), critical) == 0,
            second = strcmp(json_text_or_empty(other, "level"), critical) == 0;
        int64_t since = json_int(one, "since_us", 0), than = json_int(other, "since_us", 0);

        if (first != second)
                return second - first;
        if (since != than)
                return since < than ? -1 : 1;
        return strcmp(json_text_or_empty(one, "key"), json_text_or_empty(other, "key"));
}

static int sort(json_t *rows, json_t **ret, struct error *err) {
        size_t n = json_array_size(rows);
        _cleanup_free_ json_t **order = calloc(n + 1, sizeof(json_t *));
        json_t *sorted = json_array();
        int r = 0;

        if (!order || !sorted) {
                json_decref(sorted);
                return fail_memory(err);
        }
        for (size_t i = 0; i < n; i++)
                order[i] = json_array_get(rows, i);
        qsort(order, n, sizeof(json_t *), by_urgency);
        for (size_t i = 0; i < n; i++)
                r |= json_array_append(sorted, order[i]);
        if (r < 0) {
                json_decref(sorted);
                return fail_memory(err);
        }
        *ret = sorted;
        return 0;
}

int alerts_list(struct act *act, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = json_array(), *sorted = NULL;
        struct alerts alerts = { .act = act, .rows = rows };
        json_t *row;
        size_t at;
        int r = rows ? 0 : fail_memory(err);

        for (size_t f = 0; r == 0 && f < alert_families_n; f++)
                for (size_t i = 0; r == 0 && i < alert_families[f]->n; i++)
                        r = alerts_ask(&alerts, &alert_families[f]->sources[i], err);
        if (r == 0)
                r = add_acknowledgements(act, rows, err);
        if (r == 0)
                r = sort(rows, &sorted, err);
        if (r < 0)
                return r;
        json_array_foreach(sorted, at, row)(void) json_object_del(row, "since_us");
        *ret = TAKE_PTR(sorted);
        return 0;
}
