/* The table of destructions: read for the verbs, and written only by the events. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "certify/internal.h"
#include "policy/rule.h"
#include "store/json.h"

const struct term destruction_state_terms[DESTRUCTION_STATES] = {
        [DESTRUCTION_REQUESTED] = { "requested", { "solicitada", "requested" } },
        [DESTRUCTION_APPROVED] = { "approved", { "aprobada", "approved" } },
        [DESTRUCTION_REFUSED] = { "refused", { "denegada", "refused" } },
        [DESTRUCTION_EXECUTED] = { "executed", { "ejecutada", "executed" } },
};

bool destruction_is(const json_t *destruction, enum destruction_state state) {
        return strcmp(json_text_or_empty(destruction, "state"), destruction_state_terms[state].code) == 0;
}

int destruction_demand_state(const json_t *destruction, enum destruction_state state, struct error *err) {
        if (destruction_is(destruction, state))
                return 0;
        return refuse(err, ERR_CONFLICT, "S8", "La destrucción %s está «%s%.0s», no «%s%.0s».",
                      "Destruction %s is “%.0s%s”, not “%.0s%s”.", json_text_or_empty(destruction, "destruction"),
                      TERM_NAMES(destruction_state_terms, json_text_or_empty(destruction, "state")),
                      destruction_state_terms[state].name.es, destruction_state_terms[state].name.en);
}

static const char *const members[] = {
        "destruction", "medium",      "state",     "reason",     "method",   "planned",      "requester",
        "requested",   "decided",     "note",      "decided_by", "executed", "executed_seq", "executor",
        "supervisor",  "area",        "equipment", "place",      "seen",     "seen_as",      "statement",
        "signature",   "fingerprint", "fragments", "report",     "batch",    "provider",     "provider_certificate",
};
#define MEMBER_TYPES                                                                                               \
        "sssssss"                                                                                                  \
        "ttss"                                                                                                     \
        "tissssss"                                                                                                 \
        "ssss"                                                                                                     \
        "is"                                                                                                       \
        "sss"
_Static_assert(sizeof MEMBER_TYPES - 1 == COUNT(members), "a type for each member");

static int read_photos(struct db *db, const char *id, json_t *into, struct error *err) {
        static const char *const names[] = { "moment", "name", "sha256" };
        _cleanup_rows_ struct rows *rows = NULL;
        json_t *photos = json_array();
        int r;

        if (!photos || json_object_set_new(into, "photos", photos))
                return fail_memory(err);
        r = db_query(db, &rows, err,
                     "SELECT moment, name, sha256 FROM destruction_photo WHERE destruction = ? ORDER BY position",
                     "s", id);
        while (r >= 0 && (r = rows_next(rows, err)) > 0)
                if (json_array_append_new(photos, rows_to_json(rows, names, "sss")))
                        return fail_memory(err);
        return r;
}

static int load(struct db *db, const char *id, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *destruction = NULL;
        int r = db_query(db, &rows, err,
                         "SELECT id, medium, state, reason, method, planned, requester, requested, decided, note, "
                         "decided_by, executed, executed_seq, executor, supervisor, area, equipment, place, seen, "
                         "seen_as, statement, signature, fingerprint, fragments, report, batch, provider, "
                         "provider_certificate FROM destruction WHERE id = ?",
                         "s", id);

        if (r < 0)
                return r;
        r = rows_next(rows, err);
        if (r <= 0)
                return r < 0 ? r
                             : fail(err, ERR_NOT_FOUND, "No existe la destrucción %s.",
                                    "There is no destruction %s.", id);
        destruction = rows_to_json(rows, members, MEMBER_TYPES);
        if (!destruction)
                return fail_memory(err);
        r = read_photos(db, id, destruction, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(destruction);
        return 0;
}

int destruction_find(struct act *act, const char *text, json_t **ret, struct error *err) {
        _cleanup_free_ char *newest = NULL;
        char medium[MEDIUM_ID_TEXT];
        int r = db_text(act->db, &newest, err, "SELECT id FROM destruction WHERE id = upper(?)", "s", text);

        if (r == ERR_NOT_FOUND) {
                r = medium_resolve(act->db, text, medium, NULL, err);
                if (r < 0)
                        return r;
                r = db_text(act->db, &newest, err,
                            "SELECT id FROM destruction WHERE medium = ? ORDER BY number DESC LIMIT 1", "s",
                            medium);
                if (r == ERR_NOT_FOUND) {
                        (void) fail(err, r, "No se ha pedido destruir el soporte %s.",
                                    "Nobody asked for medium %s to be destroyed.", medium);
                        return hint(err, "Pídalo con «mpsi destroy request %s».",
                                    "Ask for it with “mpsi destroy request %s”.", medium);
                }
        }
        return r < 0 ? r : load(act->db, newest, ret, err);
}

int destruction_together(struct act *act, const json_t *destruction, json_t **ret, struct error *err) {
        const char *batch = json_text(destruction, "batch");
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        int r;

        if (!list)
                return fail_memory(err);
        r = batch ? db_query(act->db, &rows, err, "SELECT id FROM destruction WHERE batch = ? ORDER BY number", "s",
                             batch)
                  : 0;
        while (batch && r >= 0 && (r = rows_next(rows, err)) > 0) {
                json_t *one;

                r = load(act->db, rows_text(rows, 0), &one, err);
                if (r == 0 && json_array_append_new(list, one))
                        r = fail_memory(err);
        }
        if (r == 0 && !batch && json_array_append(list, (json_t *) (uintptr_t) destruction))
                r = fail_memory(err);
        if (r == 0)
                *ret = TAKE_PTR(list);
        return r;
}

/* --- events: their subject is the medium, so that its history shows them ------------------------------------- */

static const char *id_of(const struct event *event) {
        return json_text_or_empty(event->data, "destruction");
}

static int one_row(int changed, const struct event *event, struct error *err) {
        if (changed < 0)
                return changed;
        return changed == 1 ? 0
                            : fail(err, ERR_CONFLICT, "La destrucción %s no está en un estado que lo permita.",
                                   "Destruction %s is not in a state that allows it.", id_of(event));
}

static int apply_requested(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;

        return one_row(db_exec(db, err,
                               "INSERT INTO destruction (id, number, medium, state, reason, method, planned, "
                               "requester, requested, batch) VALUES (?, ?, ?, 'requested', ?, ?, ?, ?, ?, ?)",
                               "sisssssis", id_of(event), json_int(data, "number", 0), event->subject,
                               json_text(data, "reason"), json_text(data, "method"), json_text(data, "planned"),
                               event->actor, event->time, json_text(data, "batch")),
                       event, err);
}

/* An approval is withdrawn by a refusal. */
static int decided(struct db *db, const struct event *event, const char *state, const char *live,
                   struct error *err) {
        int r = one_row(
                db_exec(db, err,
                        "UPDATE destruction SET state = ?1, decided = ?2, decided_by = ?3, note = ?4 "
                        "WHERE id = ?5 AND (state = 'requested' OR (state = 'approved' AND ?1 = 'refused'))",
                        "sisss", state, event->time, event->actor, json_text(event->data, "note"), id_of(event)),
                event, err);

        return r < 0 ? r : medium_apply_destruction(db, event->subject, live, err);
}

static int apply_approved(struct db *db, const struct event *event, struct error *err) {
        return decided(db, event, "approved", id_of(event), err);
}

static int apply_refused(struct db *db, const struct event *event, struct error *err) {
        return decided(db, event, "refused", "", err);
}

static int apply_photos(struct db *db, const struct event *event, struct error *err) {
        const json_t *photos = json_object_get(event->data, "photos");

        for (size_t i = 0; i < json_array_size(photos); i++) {
                const json_t *photo = json_array_get(photos, i);
                int r = db_exec(db, err,
                                "INSERT INTO destruction_photo (destruction, position, moment, name, sha256) "
                                "VALUES (?, ?, ?, ?, ?)",
                                "sisss", id_of(event), (int64_t) i + 1, json_text(photo, "moment"),
                                json_text(photo, "name"), json_text(photo, "sha256"));

                if (r < 0)
                        return r;
        }
        return 0;
}

static int apply_executed(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        int r = one_row(
                db_exec(db, err,
                        "UPDATE destruction SET state = 'executed', executed = ?, executed_seq = ?, executor = "
                        "?, supervisor = ?, area = ?, equipment = ?, place = ?, seen = ?, seen_as = ?, "
                        "statement = ?, signature = ?, fingerprint = ?, fragments = ?, report = ?, provider = ?, "
                        "provider_certificate = ? WHERE id = ? AND state = 'approved'",
                        "iissssssssssissss", event->time, event->seq, event->actor, json_text(data, "supervisor"),
                        json_text(data, "area"), json_text(data, "equipment"), json_text(data, "place"),
                        json_text(data, "seen"), json_text(data, "seen_as"), json_text(data, "statement"),
                        json_text(data, "signature"), json_text(data, "fingerprint"),
                        json_int(data, "fragments", 0), json_text(data, "report"), json_text(data, "provider"),
                        json_text(data, "provider_certificate"), id_of(event)),
                event, err);

        if (r == 0)
                r = apply_photos(db, event, err);
        if (r == 0)
                r = medium_apply_destruction(db, event->subject, "", err);
        return r < 0 ? r : medium_apply_state(db, event->subject, MEDIUM_DESTROYED, "", err);
}

const struct event_type destruction_events[] = {
        { "destruction.requested", apply_requested },
        { "destruction.approved", apply_approved },
        { "destruction.refused", apply_refused },
        { "destruction.executed", apply_executed },
};
_Static_assert(COUNT(destruction_events) == DESTRUCTION_EVENTS, "all events are offered");

int certify_destroyed(struct db *db, int64_t from, int64_t to, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err,
                         "SELECT id, medium FROM destruction WHERE executed >= ? AND executed < ? ORDER BY number",
                         "ii", from, to);

        while (r >= 0 && (r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, json_pack("{s:s, s:[s]}", "subject", rows_text(rows, 0), "media",
                                                          rows_text(rows, 1))))
                        return fail_memory(err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}
