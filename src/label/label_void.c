/* `label void`: a label that is gone or spoilt says nothing any more. `label due`: which have to be printed anew.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "label/label_state.h"
#include "label/verbs.h"
#include "registry/blank.h"

/* A reserved code that is spoilt or lost is never given out again. */
static int void_blank(struct act *act, const char *id, const char *reason, json_t **ret, struct error *err) {
        json_t *data = json_pack("{s:s}", "reason", reason);
        int r = data ? act_record_one(act, "blank.voided", id, data, err) : fail_memory(err);

        json_decref(data);
        if (r < 0)
                return r;
        act_say(act, "Anulado el código reservado %s.", "The reserved code %s is void.", id);
        *ret = json_pack("{s:s, s:s}", "medium", id, "label_state", "void");
        return *ret ? 0 : fail_memory(err);
}

static int void_label(struct act *act, const char *id, const char *reason, json_t **ret, struct error *err) {
        struct label_row row;
        struct medium medium;
        json_t *data;
        int r = medium_load(act->db, id, &medium, err);

        if (r == 0)
                r = label_row_load(act->db, id, &row, err);
        if (r < 0)
                return r;
        if (strcmp(medium.label_state, "valid") != 0 && !(row.there && row.state == LABEL_PREPARED))
                return fail(err, ERR_CONFLICT, "%s no tiene ninguna etiqueta vigente que anular.",
                            "%s has no current label to make void.", id);
        data = json_pack("{s:I, s:s}", "revision", (json_int_t) medium.label_revision, "reason", reason);
        r = data ? act_record_one(act, "label.voided", id, data, err) : fail_memory(err);
        json_decref(data);
        if (r < 0)
                return r;
        act_say(act, "Anulada la etiqueta de %s: retírela si la encuentra y destrúyala.",
                "The label of %s is void: remove it where you find it, and destroy it.", id);
        *ret = json_pack("{s:s, s:s}", "medium", id, "label_state", "void");
        return *ret ? 0 : fail_memory(err);
}

int label_run_void(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *text = json_text(args, "medium"), *reason = json_text(args, "reason");
        char id[MEDIUM_ID_TEXT];
        enum blank_state state;
        int r = blank_find(act->db, text, &state, id, err);

        if (r == 0 && state == BLANK_RESERVED)
                return void_blank(act, id, reason, ret, err);
        if (r == 0)
                r = medium_resolve(act->db, text, id, NULL, err);
        return r < 0 ? r : void_label(act, id, reason, ret, err);
}

/* --- due -------------------------------------------------------------------------------------------------- */

enum due_cause { DUE_NONE, DUE_VOID, DUE_UNSENT, DUE_FADING, DUE_CAUSES };
static const char *const causes[DUE_CAUSES] = {
        [DUE_NONE] = "none",     /* never printed */
        [DUE_VOID] = "void",     /* changed, lost or spoilt */
        [DUE_UNSENT] = "unsent", /* prepared, and no printer took it */
        [DUE_FADING] = "fading", /* its time is over */
};

/* Adds a medium whose label is due by `by`; one that has gone meanwhile is not. */
static int judge_due(struct act *act, const char *id, const char *by, json_t *rows, struct error *err) {
        enum due_cause cause = DUE_CAUSES;
        struct label_row row;
        struct medium medium;
        int r = medium_load(act->db, id, &medium, err);

        if (r == 0)
                r = label_row_load(act->db, id, &row, err);
        if (r < 0)
                return r;
        if (medium.state == MEDIUM_DESTROYED || medium.state == MEDIUM_RETIRED)
                return 0;
        if (row.there && row.state == LABEL_PREPARED)
                cause = DUE_UNSENT;
        else if (strcmp(medium.label_state, "valid") != 0)
                cause = strcmp(medium.label_state, "none") == 0 ? DUE_NONE : DUE_VOID;
        else if (row.there && strcmp(row.renew, by) <= 0)
                cause = DUE_FADING;
        if (cause == DUE_CAUSES)
                return 0;
        return json_array_append_new(rows,
                                     json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "medium", id, "cause",
                                               causes[cause], "renew", row.renew, "printer", row.printer,
                                               "classification", classification_terms[medium.classification].code,
                                               "location", medium.location, "problem", row.cause)) < 0
                       ? fail_memory(err)
                       : 0;
}

/* The next of two sorted lists of IDs; one that is in both comes once. */
static const char *next_id(const json_t *a, size_t *i, const json_t *b, size_t *j) {
        const char *x = json_string_value(json_array_get(a, *i)), *y = json_string_value(json_array_get(b, *j));
        int order = !x ? 1 : !y ? -1 : strcmp(x, y);

        if (!x && !y)
                return NULL;
        *i += order <= 0;
        *j += order >= 0;
        return order <= 0 ? x : y;
}

int label_run_due(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *rows = json_array(), *without = NULL, *fading = NULL;
        const char *after = json_text_or_empty(args, "after"), *id;
        int64_t limit = json_int(args, "limit", 200);
        char by[DATE_TEXT];
        size_t i = 0, j = 0;
        int r = rows ? 0 : fail_memory(err);

        date_of(act_now(act) + json_int(args, "days", 30) * DAY, by);
        if (r == 0)
                r = medium_ids_unlabelled(act->db, after, limit, &without, err);
        if (r == 0)
                r = label_ids_due(act->db, after, by, limit, &fading, err);
        while (r == 0 && (int64_t) json_array_size(rows) < limit && (id = next_id(without, &i, fading, &j)) != NULL)
                r = judge_due(act, id, by, rows, err);
        if (r < 0)
                return r;
        if ((int64_t) json_array_size(rows) == limit)
                act_say(act, "Hay más: --after %s", "There is more: --after %s",
                        json_text(json_array_get(rows, json_array_size(rows) - 1), "medium"));
        *ret = json_pack("{s:O}", "rows", rows);
        return *ret ? 0 : fail_memory(err);
}
