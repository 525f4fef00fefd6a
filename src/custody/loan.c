#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "custody/stocktake.h"
#include "encrypt/encrypt.h"
#include "registry/person.h"
#include "store/json.h"

const struct term loan_state_terms[LOAN_STATES] = {
        [LOAN_REQUESTED] = { "requested", { "solicitado", "requested" } },
        [LOAN_APPROVED] = { "approved", { "aprobado", "approved" } },
        [LOAN_REFUSED] = { "refused", { "denegado", "refused" } },
        [LOAN_OUT] = { "out", { "prestado", "out" } },
        [LOAN_RETURNED] = { "returned", { "devuelto", "returned" } },
};

bool loan_is(const json_t *loan, enum loan_state state) {
        return strcmp(json_text_or_empty(loan, "state"), loan_state_terms[state].code) == 0;
}

static const char *const members[] = {
        "loan",      "medium",     "borrower",   "requester",   "reason",          "due",
        "location",  "state",      "requested",  "decided",     "decided_by",      "decision",
        "handed",    "handed_by",  "supervisor", "seal",        "seal_plain",      "digest",
        "luks_uuid", "extensions", "returned",   "returned_to", "returned_digest", "returned_seal",
        "condition", "integrity",  "late",
};
#define MEMBER_TYPES                                                                                               \
        "ssssssssttssts"                                                                                           \
        "sssss"                                                                                                    \
        "it"                                                                                                       \
        "sssss"                                                                                                    \
        "f"
_Static_assert(sizeof MEMBER_TYPES - 1 == COUNT(members), "a type for each member");

int loan_load(struct db *db, const char *id, int64_t now, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *loan = NULL;
        char today[DATE_TEXT];
        bool overdue;
        int r;

        r = db_query(
                db, &rows, err,
                "SELECT id, medium, borrower, requester, reason, due, place, state, requested, decided, "
                "decided_by, decision, handed, handed_by, supervisor, seal, seal_plain, digest, luks_uuid, "
                "extensions, returned, returned_to, returned_digest, returned_seal, condition, integrity, late "
                "FROM loan WHERE id = ?",
                "s", id);
        if (r < 0)
                return r;
        r = rows_next(rows, err);
        if (r <= 0)
                return r < 0 ? r
                             : fail(err, ERR_NOT_FOUND, "No existe el préstamo %s.", "There is no loan %s.", id);
        loan = rows_to_json(rows, members, MEMBER_TYPES);
        if (!loan)
                return fail_memory(err);
        date_of(now, today);
        overdue = loan_is(loan, LOAN_OUT) && strcmp(json_text_or_empty(loan, "due"), today) < 0;
        if (json_object_set_new(loan, "overdue", json_boolean(overdue)))
                return fail_memory(err);
        *ret = TAKE_PTR(loan);
        return 0;
}

int loan_find(struct act *act, const char *text, enum loan_state state, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *loan = NULL;
        _cleanup_free_ char *newest = NULL;
        char id[16], medium[MEDIUM_ID_TEXT];
        int r;

        if (!custody_number_parse(text, 'P', id)) {
                r = medium_resolve(act->db, text, medium, NULL, err);
                if (r < 0)
                        return r;
                r = db_text(act->db, &newest, err,
                            "SELECT id FROM loan WHERE medium = ? ORDER BY number DESC LIMIT 1", "s", medium);
                if (r == ERR_NOT_FOUND)
                        return fail(err, r, "No hay préstamos del soporte %s.", "Medium %s has no loans.", medium);
                if (r < 0)
                        return r;
                (void) snprintf(id, sizeof id, "%s", newest);
        }
        r = loan_load(act->db, id, act_now(act), &loan, err);
        if (r < 0)
                return r;
        if (!loan_is(loan, state))
                return refuse(err, ERR_CONFLICT, "U3", "El préstamo %s está «%s%.0s», no «%s%.0s».",
                              "Loan %s is “%.0s%s”, not “%.0s%s”.", id,
                              TERM_NAMES(loan_state_terms, json_text_or_empty(loan, "state")),
                              loan_state_terms[state].name.es, loan_state_terms[state].name.en);
        *ret = TAKE_PTR(loan);
        return 0;
}

int loan_add_signatures(struct act *act, json_t *loan, struct error *err) {
        _cleanup_json_ json_t *signatures = NULL;
        int r = custody_signatures(act, json_text(loan, "loan"), &signatures, err);

        if (r < 0)
                return r;
        return json_object_set(loan, "signatures", signatures) ? fail_memory(err) : 0;
}

int loan_refuse_borrower(struct act *act, const char *name, struct error *err) {
        _cleanup_person_ struct person person = { 0 };
        _cleanup_free_ char *overdue = NULL;
        char today[DATE_TEXT];
        int r;

        r = person_load(act->db, name, &person, err);
        if (r < 0)
                return r;
        date_of(act_now(act), today);
        r = db_text(act->db, &overdue, err,
                    "SELECT id FROM loan WHERE borrower = ? AND state = 'out' AND due < ? ORDER BY due LIMIT 1",
                    "ss", name, today);
        if (r < 0 && r != ERR_NOT_FOUND)
                return r;
        const struct borrower borrower = { name, person.blocked, person.expires, person.trained_until, overdue };

        return custody_judge_borrower(&borrower, today, err);
}

int loan_refuse_supervisor(struct act *act, const char *name, struct error *err) {
        _cleanup_person_ struct person person = { 0 };
        char today[DATE_TEXT];
        int r = person_load(act->db, name, &person, err);

        if (r < 0)
                return r;
        date_of(act_now(act), today);
        const struct borrower supervisor = { name, person.blocked, person.expires, person.trained_until, NULL };

        return custody_judge_supervisor(&supervisor, today, err);
}

int custody_refuse_lent_since(struct db *db, const char *medium, int64_t moment, struct error *err) {
        _cleanup_free_ char *loan = NULL;
        int r = db_text(db, &loan, err,
                        "SELECT id FROM loan WHERE medium = ? AND handed > ? ORDER BY number LIMIT 1", "si", medium,
                        moment);

        if (r == ERR_NOT_FOUND)
                return 0;
        if (r < 0)
                return r;
        return refuse(err, ERR_CONFLICT, "T2", "El soporte %s se prestó (%s) después de embalarlo.",
                      "Medium %s was lent (%s) after it was packed.", medium, loan);
}

/* --- events: their subject is the medium, so that its history shows them ------------------------------------- */

static const char *loan_of(const struct event *event) {
        return json_text(event->data, "loan");
}

static int apply_requested(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "INSERT INTO loan (id, number, medium, borrower, requester, reason, due, place, state, "
                        "requested) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'requested', ?)",
                        "sissssssi", loan_of(event), json_int(event->data, "number", 0), event->subject,
                        json_text(event->data, "borrower"), event->actor, json_text(event->data, "reason"),
                        json_text(event->data, "due"), json_text(event->data, "location"), event->time);

        return r < 0 ? r : 0;
}

static int decided(struct db *db, const struct event *event, const char *state, struct error *err) {
        int r = db_exec(db, err,
                        "UPDATE loan SET state = ?, decided = ?, decided_by = ?, decision = ? WHERE id = ?",
                        "sisss", state, event->time, event->actor, json_text(event->data, "note"), loan_of(event));

        return r < 0 ? r : 0;
}

static int apply_approved(struct db *db, const struct event *event, struct error *err) {
        return decided(db, event, "approved", err);
}

static int apply_refused(struct db *db, const struct event *event, struct error *err) {
        return decided(db, event, "refused", err);
}

static int apply_handed_over(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        int r;

        r = db_exec(
                db, err,
                "UPDATE loan SET state = 'out', handed = ?, handed_by = ?, supervisor = ?, seal = ?, seal_plain = "
                "?, digest = ?, luks_uuid = ? WHERE id = ?",
                "isssssss", event->time, event->actor, json_text(data, "supervisor"), json_text(data, "seal"),
                json_text(data, "seal_plain"), json_text_or_empty(data, "digest"),
                json_text_or_empty(data, "luks_uuid"), loan_of(event));
        if (r < 0)
                return r;
        r = custody_apply_seal(db, json_text(data, "seal_plain"), json_text(data, "seal"), loan_of(event),
                               event->time, err);
        if (r == 0)
                r = custody_apply_signature(db, event, loan_of(event), "handed-over", err);
        if (r == 0)
                r = seen_apply(db, event, event->subject, "", "loan", err);
        if (r < 0)
                return r;
        return medium_apply_state(db, event->subject, MEDIUM_ON_LOAN, json_text(data, "borrower"), err);
}

static int apply_extended(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE loan SET due = ?, extensions = extensions + 1 WHERE id = ?", "ss",
                        json_text(event->data, "due"), loan_of(event));

        return r < 0 ? r : 0;
}

static int apply_returned(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        int r;

        r = db_exec(db, err,
                    "UPDATE loan SET state = 'returned', returned = ?, returned_to = ?, returned_digest = ?, "
                    "returned_seal = ?, condition = ?, integrity = ?, late = ? WHERE id = ?",
                    "isssssis", event->time, event->actor, json_text_or_empty(data, "digest"),
                    json_text_or_empty(data, "seal"), json_text(data, "condition"), json_text(data, "integrity"),
                    (int64_t) json_flag(data, "late"), loan_of(event));
        if (r < 0)
                return r;
        r = encrypt_apply_returned(db, event->subject, event->time, err);
        if (r == 0)
                r = custody_apply_signature(db, event, loan_of(event), "returned", err);
        if (r == 0)
                r = seen_apply(db, event, event->subject, "", "loan", err);
        return r < 0 ? r : medium_apply_state(db, event->subject, MEDIUM_IN_CUSTODY, "", err);
}

const struct event_type loan_events[] = {
        { "loan.requested", apply_requested }, { "loan.approved", apply_approved },
        { "loan.refused", apply_refused },     { "loan.handed-over", apply_handed_over },
        { "loan.extended", apply_extended },   { "loan.returned", apply_returned },
};
_Static_assert(COUNT(loan_events) == LOAN_EVENTS, "all events are offered");
