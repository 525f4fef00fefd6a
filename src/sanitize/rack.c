#include "sanitize/rack.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sanitize/sanitize.h"

const struct term rack_state_terms[RACK_STATES] = {
        [RACK_FAILED] = { "failed", { "FALLIDO", "FAILED" } },
        [RACK_NOT_SANITIZED] = { "not-sanitized", { "NO SANEADO", "NOT SANITIZED" } },
        [RACK_STOPPED] = { "stopped", { "PARADO", "STOPPED" } },
        [RACK_STALLED] = { "stalled", { "SIN AVANCE", "STALLED" } },
        [RACK_ERRORS] = { "errors", { "CON ERRORES", "ERRORS" } },
        [RACK_HOT] = { "hot", { "CALIENTE", "HOT" } },
        [RACK_WORKING] = { "working", { "EN MARCHA", "WORKING" } },
        [RACK_CANCELLED] = { "cancelled", { "CANCELADO", "CANCELLED" } },
        [RACK_SANITIZED] = { "sanitized", { "SANEADO", "SANITIZED" } },
};

static const json_t *row_of(const json_t *rows, const char *member, const char *medium) {
        const json_t *row, *found = NULL;
        size_t i;

        json_array_foreach(rows, i, row) if (strcmp(json_text_or_empty(row, member), medium) == 0) found = row;
        return found;
}

static enum rack_state live_state(const json_t *live, int64_t now) {
        if (now - json_int(live, "time", now) > RACK_STALLED_AFTER * SECOND)
                return RACK_STALLED;
        if (json_flag(live, "waiting"))
                return RACK_HOT;
        return json_int(live, "errors", 0) > 0 ? RACK_ERRORS : RACK_WORKING;
}

static enum rack_state record_state(const json_t *record) {
        switch (term_parse(sanitization_state_terms, SANITIZATION_STATES, json_text_or_empty(record, "state"))) {
        case SANITIZATION_SANITIZED: return RACK_SANITIZED;
        case SANITIZATION_NOT_SANITIZED: return RACK_NOT_SANITIZED;
        case SANITIZATION_FAILED: return RACK_FAILED;
        case SANITIZATION_CANCELLED: return RACK_CANCELLED;
        default: return RACK_STOPPED;
        }
}

/* Members that a job says of itself, and those that are on record. */
static int copy(json_t *row, const json_t *from, const char *const *members) {
        int r = 0;

        for (size_t i = 0; from && r == 0 && members[i]; i++) {
                json_t *value = json_object_get(from, members[i]);

                if (value)
                        r = json_object_set(row, members[i], value);
        }
        return r;
}

static json_t *make_row(const char *medium, const json_t *live, const json_t *record, int64_t now) {
        static const char *const said[] = { "verb",  "person", "step", "part",   "parts", "done",
                                            "total", "rate",   "eta",  "errors", NULL };
        static const char *const kept[] = { "job",   "operator", "started", "ended",  "resumed",     "device",
                                            "model", "serial",   "size",    "scheme", "not_reached", NULL };
        enum rack_state state = live ? live_state(live, now) : record_state(record);
        json_t *row = json_pack("{s:s, s:s, s:I}", "medium", medium, "state", rack_state_terms[state].code, "rank",
                                (json_int_t) state);
        int64_t total = json_int(live, "total", 0), celsius = json_int(live, "temperature", 0);

        if (!row || copy(row, record, kept) < 0 || copy(row, live, said) < 0 ||
            (total > 0 &&
             json_object_set_new(row, "percent", json_integer(json_int(live, "done", 0) * 100 / total)) < 0) ||
            (celsius != 0 && json_object_set_new(row, "temperature", json_integer(celsius)) < 0)) {
                json_decref(row);
                return NULL;
        }
        return row;
}

static int64_t eta_of(const json_t *row) {
        int64_t eta = json_int(row, "eta", -1);

        return eta < 0 ? INT64_MAX : eta;
}

static int by_urgency(const void *a, const void *b) {
        const json_t *x = *(json_t *const *) a, *y = *(json_t *const *) b;
        int64_t first = json_int(x, "rank", 0) - json_int(y, "rank", 0);

        if (first == 0 && eta_of(x) != eta_of(y))
                return eta_of(x) < eta_of(y) ? -1 : 1;
        if (first == 0)
                return strcmp(json_text_or_empty(x, "medium"), json_text_or_empty(y, "medium"));
        return first < 0 ? -1 : 1;
}

static json_t *sorted(const json_t *rows) {
        size_t n = json_array_size(rows);
        json_t **list = calloc(n + 1, sizeof *list), *out = list ? json_array() : NULL;

        for (size_t i = 0; out && i < n; i++)
                list[i] = json_array_get(rows, i);
        if (out)
                qsort(list, n, sizeof *list, by_urgency);
        for (size_t i = 0; out && i < n; i++) {
                if (json_array_append(out, list[i]) == 0)
                        continue;
                json_decref(out);
                out = NULL;
        }
        free(list);
        return out;
}

json_t *rack_rows(const json_t *live, const json_t *records, int64_t now) {
        _cleanup_json_ json_t *rows = json_array();
        const json_t *one;
        size_t i;

        if (!rows)
                return NULL;
        json_array_foreach(live, i, one) {
                const char *medium = json_text_or_empty(one, "subject");

                if (json_array_append_new(rows, make_row(medium, one, row_of(records, "medium", medium), now)) < 0)
                        return NULL;
        }
        /* Of several jobs of a medium the last one counts. */
        json_array_foreach(records, i, one) {
                const char *medium = json_text_or_empty(one, "medium");

                if (row_of(live, "subject", medium) || row_of(records, "medium", medium) != one)
                        continue;
                if (json_array_append_new(rows, make_row(medium, NULL, one, now)) < 0)
                        return NULL;
        }
        return sorted(rows);
}
