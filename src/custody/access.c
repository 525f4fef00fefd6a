/* Accesses to custody (U3, U7): state and events. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "custody/internal.h"
#include "registry/person.h"
#include "store/json.h"

const struct term access_state_terms[ACCESS_STATES] = {
        [ACCESS_REQUESTED] = { "requested", { "solicitado", "requested" } },
        [ACCESS_APPROVED] = { "approved", { "aprobado", "approved" } },
        [ACCESS_DENIED] = { "denied", { "denegado", "denied" } },
        [ACCESS_INSIDE] = { "inside", { "dentro", "inside" } },
        [ACCESS_LEFT] = { "left", { "salió", "left" } },
};

const struct term integrity_terms[INTEGRITIES] = {
        { "intact", { "íntegro", "intact" } },
        { "changed", { "cambiado", "changed" } },
        { "missing", { "FALTA", "MISSING" } },
};

bool access_is(const json_t *access, enum access_state state) {
        return strcmp(json_text_or_empty(access, "state"), access_state_terms[state].code) == 0;
}

static const char *const members[] = { "access",     "person",   "requester", "area",  "level",      "section",
                                       "category",   "reason",   "until",     "state", "requested",  "decided",
                                       "decided_by", "decision", "entered",   "desk",  "supervisor", "credential",
                                       "left",       "left_to",  "integrity", "note" };
#define MEMBER_TYPES                                                                                               \
        "ssssss"                                                                                                   \
        "sssstt"                                                                                                   \
        "sstss"                                                                                                    \
        "stsss"
_Static_assert(sizeof MEMBER_TYPES - 1 == COUNT(members), "a type for each member");

static int load_media(struct db *db, const char *id, json_t **ret, struct error *err) {
        static const char *const names[] = { "medium", "digest", "luks_uuid", "tamper", "returned" };
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err,
                         "SELECT medium, digest, luks_uuid, tamper, returned FROM custody_access_medium WHERE "
                         "access = ? ORDER BY medium",
                         "s", id);

        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, rows_to_json(rows, names, "sssss")))
                        return fail_memory(err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}

int access_load(struct act *act, const char *text, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *access = NULL, *media = NULL, *signatures = NULL;
        _cleanup_rows_ struct rows *rows = NULL;
        char id[16];
        int r;

        if (!custody_number_parse(text, 'A', id))
                return fail(err, ERR_USAGE, "«%.60s» no es el número de un acceso, como A000001.",
                            "“%.60s” is not the number of an access, such as A000001.", text);
        r = db_query(act->db, &rows, err,
                     "SELECT id, person, requester, area, level, section, category, reason, until, state, "
                     "requested, decided, decided_by, decision, entered, desk, supervisor, credential, left, "
                     "left_to, integrity, note FROM custody_access WHERE id = ?",
                     "s", id);
        if (r < 0)
                return r;
        r = rows_next(rows, err);
        if (r <= 0)
                return r < 0 ? r
                             : fail(err, ERR_NOT_FOUND, "No existe el acceso %s.", "There is no access %s.", id);
        access = rows_to_json(rows, members, MEMBER_TYPES);
        if (!access)
                return fail_memory(err);
        r = load_media(act->db, id, &media, err);
        if (r == 0)
                r = custody_signatures(act, id, &signatures, err);
        if (r < 0)
                return r;
        if (json_object_set(access, "media", media) || json_object_set(access, "signatures", signatures))
                return fail_memory(err);
        *ret = TAKE_PTR(access);
        return 0;
}

int access_load_in(struct act *act, const char *text, enum access_state state, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *access = NULL;
        int r = access_load(act, text, &access, err);

        if (r < 0)
                return r;
        if (!access_is(access, state))
                return refuse(err, ERR_CONFLICT, "U7", "El acceso %s está «%s%.0s», no «%s%.0s».",
                              "Access %s is “%.0s%s”, not “%.0s%s”.", json_text(access, "access"),
                              TERM_NAMES(access_state_terms, json_text_or_empty(access, "state")),
                              access_state_terms[state].name.es, access_state_terms[state].name.en);
        *ret = TAKE_PTR(access);
        return 0;
}

int access_refuse_visitor(struct act *act, const char *name, struct error *err) {
        _cleanup_person_ struct person person = { 0 };
        char today[DATE_TEXT];
        int r = person_load(act->db, name, &person, err);

        if (r < 0)
                return r;
        date_of(act_now(act), today);
        const struct borrower visitor = { name, person.blocked, person.expires, person.trained_until, NULL };

        return access_judge_visitor(&visitor, today, err);
}

/* --- events ------------------------------------------------------------------------------------------------ */

static int apply_requested(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data, *item;
        size_t i;
        int r = db_exec(
                db, err,
                "INSERT INTO custody_access (id, number, person, requester, area, level, section, category, "
                "reason, until, state, requested) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'requested', ?)",
                "sissssssssi", event->subject, json_int(data, "number", 0), json_text(data, "person"), event->actor,
                json_text(data, "area"), json_text(data, "level"), json_text(data, "section"),
                json_text(data, "category"), json_text(data, "reason"), json_text(data, "until"), event->time);

        if (r < 0)
                return r;
        json_array_foreach(json_object_get(data, "media"), i, item) {
                r = db_exec(db, err, "INSERT INTO custody_access_medium (access, medium) VALUES (?, ?)", "ss",
                            event->subject, json_string_value(item));
                if (r < 0)
                        return r;
        }
        return 0;
}

static int decided(struct db *db, const struct event *event, const char *state, struct error *err) {
        int r = db_exec(
                db, err,
                "UPDATE custody_access SET state = ?, decided = ?, decided_by = ?, decision = ? WHERE id = ?",
                "sisss", state, event->time, event->actor, json_text(event->data, "note"), event->subject);

        return r < 0 ? r : 0;
}

static int apply_approved(struct db *db, const struct event *event, struct error *err) {
        return decided(db, event, "approved", err);
}

static int apply_denied(struct db *db, const struct event *event, struct error *err) {
        return decided(db, event, "denied", err);
}

static int apply_entered(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data, *item;
        size_t i;
        int r = db_exec(db, err,
                        "UPDATE custody_access SET state = 'inside', entered = ?, desk = ?, supervisor = ?, "
                        "credential = ? WHERE id = ?",
                        "issss", event->time, event->actor, json_text(data, "supervisor"),
                        json_text(data, "credential"), event->subject);

        if (r < 0)
                return r;
        json_array_foreach(json_object_get(data, "media"), i, item) {
                r = db_exec(db, err,
                            "UPDATE custody_access_medium SET digest = ?, luks_uuid = ?, tamper = ? WHERE access = "
                            "? AND medium = ?",
                            "sssss", json_text_or_empty(item, "digest"), json_text_or_empty(item, "luks_uuid"),
                            json_text_or_empty(item, "tamper"), event->subject, json_text(item, "medium"));
                if (r < 0)
                        return r;
        }
        return custody_apply_signature(db, event, event->subject, "entry", err);
}

static int apply_left(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data, *item;
        size_t i;
        int r = db_exec(db, err,
                        "UPDATE custody_access SET state = 'left', left = ?, left_to = ?, integrity = ?, note = ? "
                        "WHERE id = ?",
                        "issss", event->time, event->actor, json_text(data, "integrity"), json_text(data, "note"),
                        event->subject);

        if (r < 0)
                return r;
        json_array_foreach(json_object_get(data, "media"), i, item) {
                r = db_exec(db, err,
                            "UPDATE custody_access_medium SET returned = ? WHERE access = ? AND medium = ?", "sss",
                            json_text(item, "returned"), event->subject, json_text(item, "medium"));
                if (r < 0)
                        return r;
        }
        return custody_apply_signature(db, event, event->subject, "exit", err);
}

/* A medium's own history says who had it in hand; its rows are the access's. */
const struct event_type custody_access_events[] = {
        { "custody.access-requested", apply_requested },
        { "custody.access-approved", apply_approved },
        { "custody.access-denied", apply_denied },
        { "custody.entered", apply_entered },
        { "custody.left", apply_left },
        { "medium.accessed", NULL },
        { "medium.put-back", NULL },
};
_Static_assert(COUNT(custody_access_events) == CUSTODY_ACCESS_EVENTS, "all events are offered");
