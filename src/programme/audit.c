/* Audits: state and events. */
#include <stdio.h>
#include <string.h>

#include "custody/custody.h"
#include "custody/signature.h"
#include "programme/internal.h"
#include "store/json.h"

enum audit_kind audit_kind_of(const json_t *audit) {
        int kind = term_parse(audit_kind_terms, AUDIT_KINDS, json_text_or_empty(audit, "kind"));

        return kind < 0 ? AUDIT_INVENTORY : (enum audit_kind) kind;
}

const struct term audit_item_terms[AUDIT_ITEMS] = {
        { "medium", { "soporte", "medium" } },
        { "shipment", { "envío", "shipment" } },
        { "destruction", { "destrucción", "destruction" } },
        { "criterion", { "aspecto del proceso", "aspect of the process" } },
};
const struct term audit_way_terms[AUDIT_WAYS] = {
        { "typed", { "tecleado", "typed" } },
        { "header", { "cabecera leída", "header read" } },
        { "stocktake", { "recuento", "stocktake" } },
        { "scan", { "leído", "scan" } },
        { "id", { "identificador", "ID" } },
        { "serial", { "número de serie", "serial number" } },
        { "wwn", { "WWN", "WWN" } },
        { "luks-uuid", { "UUID de LUKS", "LUKS UUID" } },
        { "epc", { "EPC", "EPC" } },
        { "tamper", { "indicador de manipulación", "tamper indicator" } },
};
const struct term audit_note_terms[AUDIT_NOTES] = {
        { "found", { "en su sitio", "where it belongs" } },
        { "missing", { "sin localizar", "not located" } },
        { "misplaced", { "fuera de sitio", "misplaced" } },
        { "unexpected", { "no debería estar", "unexpected" } },
};

static int add_stocktakes(struct act *act, const char *id, json_t *audit, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        json_t *list = json_array();
        int r;

        if (!list || json_object_set_new(audit, "stocktakes", list))
                return fail_memory(err);
        r = db_query(act->db, &rows, err,
                     "SELECT stocktake FROM audit_stocktake WHERE audit = ? ORDER BY stocktake", "s", id);
        while (r >= 0 && (r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, json_string(rows_text(rows, 0))))
                        return fail_memory(err);
        return r;
}

/* How far it is. */
static int add_counts(struct act *act, const char *id, json_t *audit, struct error *err) {
        static const char *const members[] = { "items", "decided", "deficient", "not_seen" };
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *counts = NULL;
        int r = db_query(act->db, &rows, err,
                         "SELECT count(*), count(result), count(*) FILTER (WHERE result = 'deficient'), "
                         "count(*) FILTER (WHERE result = 'not-seen') FROM audit_item WHERE audit = ?",
                         "s", id);

        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        counts = rows_to_json(rows, members, "iiii");
        return counts && json_object_update(audit, counts) == 0 ? 0 : fail_memory(err);
}

static int add_findings(struct act *act, const char *id, json_t *audit, struct error *err) {
        int64_t all, live;
        int r = db_int(act->db, &all, err, "SELECT count(*) FROM finding WHERE audit = ?", "s", id);

        if (r == 0)
                r = db_int(act->db, &live, err,
                           "SELECT count(*) FROM finding WHERE audit = ? AND state <> 'closed'", "s", id);
        if (r < 0)
                return r;
        return json_object_set_new(audit, "findings", json_integer(all)) ||
                               json_object_set_new(audit, "findings_open", json_integer(live))
                       ? fail_memory(err)
                       : 0;
}

int audit_load(struct act *act, const char *text, json_t **ret, struct error *err) {
        static const char *const members[] = { "audit",     "kind",       "category",   "scope",  "state",
                                               "started",   "started_by", "population", "digest", "seed",
                                               "sample",    "confidence", "tolerated",  "note",   "closed",
                                               "closed_by", "conclusion" };
        _cleanup_json_ json_t *audit = NULL, *signatures = NULL;
        _cleanup_rows_ struct rows *rows = NULL;
        char id[AUDIT_ID];
        int r;

        if (!custody_number_parse(text, 'U', id))
                return fail(err, ERR_USAGE, "«%.60s» no es el número de una auditoría, como U000001.",
                            "“%.60s” is not the number of an audit, such as U000001.", text);
        r = db_query(
                act->db, &rows, err,
                "SELECT id, kind, category, scope, state, started, started_by, population, digest, seed, sample, "
                "confidence, tolerated, note, closed, closed_by, conclusion FROM audit WHERE id = ?",
                "s", id);
        if (r == 0)
                r = rows_next(rows, err);
        if (r <= 0)
                return r < 0 ? r
                             : fail(err, ERR_NOT_FOUND, "No existe la auditoría %s.", "There is no audit %s.", id);
        audit = rows_to_json(rows, members,
                             "sssss"
                             "ts"
                             "issiiis"
                             "tss");
        if (!audit)
                return fail_memory(err);
        r = add_counts(act, id, audit, err);
        if (r == 0)
                r = add_findings(act, id, audit, err);
        if (r == 0)
                r = add_stocktakes(act, id, audit, err);
        if (r == 0)
                r = custody_signatures(act, id, &signatures, err);
        if (r < 0)
                return r;
        if (json_object_set(audit, "signatures", signatures))
                return fail_memory(err);
        *ret = TAKE_PTR(audit);
        return 0;
}

int audit_load_open(struct act *act, const char *text, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *audit = NULL;
        int r = audit_load(act, text, &audit, err);

        if (r == 0 && strcmp(json_text_or_empty(audit, "state"), "open") != 0)
                r = refuse(err, ERR_CONFLICT, "A1", "La auditoría %s ya se cerró.", "Audit %s is closed already.",
                           json_text(audit, "audit"));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(audit);
        return 0;
}

int audit_items(struct act *act, const char *id, json_t **ret, struct error *err) {
        static const char *const members[] = {
                "subject", "what", "result", "how", "seen", "note", "time", "person"
        };
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                act->db, &rows, err,
                "SELECT subject, what, result, how, seen, note, time, person FROM audit_item WHERE audit = ? "
                "ORDER BY position",
                "s", id);

        while (r >= 0 && (r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, rows_to_json(rows, members, "ssssssts")))
                        return fail_memory(err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}

int audit_name_criteria(const json_t *audit, json_t *items, struct error *err) {
        json_t *item;
        size_t i;

        json_array_foreach(items, i, item) {
                const struct audit_criterion *criterion = NULL;

                if (strcmp(json_text_or_empty(item, "what"), "criterion") == 0)
                        criterion = audit_criterion_find(audit_kind_of(audit), json_text_or_empty(item, "subject"));
                if (criterion && json_object_set_new(item, "criterion",
                                                     json_pack("{s:s, s:s}", "es", criterion->name.es, "en",
                                                               criterion->name.en)))
                        return fail_memory(err);
        }
        return 0;
}

/* --- events ------------------------------------------------------------------------------------------------- */

static int apply_started(struct db *db, const struct event *event, struct error *err) {
        const json_t *d = event->data;
        int r = db_exec(
                db, err,
                "INSERT INTO audit (id, number, kind, category, scope, state, started, started_by, "
                "population, digest, seed, sample, confidence, tolerated, note) VALUES (?, ?, ?, ?, ?, 'open', "
                "?, ?, ?, ?, ?, ?, ?, ?, ?)",
                "sisssisissiiis", event->subject, json_int(d, "number", 0), json_text(d, "kind"),
                json_text(d, "category"), json_text_or_empty(d, "scope"), event->time, event->actor,
                json_int(d, "population", 0), json_text(d, "digest"), json_text(d, "seed"),
                json_int(d, "sample", 0), json_int(d, "confidence", 0), json_int(d, "tolerated", 0),
                json_text(d, "note"));

        return r < 0 ? r : 0;
}

/* Comes in pieces, since a full inventory is all media. */
static int apply_drawn(struct db *db, const struct event *event, struct error *err) {
        int64_t position = json_int(event->data, "first", 0);
        const json_t *subject;
        size_t i;

        json_array_foreach(json_object_get(event->data, "subjects"), i, subject) {
                int r = db_exec(db, err,
                                "INSERT INTO audit_item (audit, position, subject, what) VALUES (?, ?, ?, ?)",
                                "siss", event->subject, (int64_t) (position + (int64_t) i),
                                json_string_value(subject), json_text_or_empty(event->data, "what"));

                if (r < 0)
                        return r;
        }
        return 0;
}

static int apply_checked(struct db *db, const struct event *event, struct error *err) {
        const char *stocktake = json_text(event->data, "stocktake");
        const json_t *item;
        size_t i;
        int r = stocktake ? db_exec(db, err,
                                    "INSERT INTO audit_stocktake (audit, stocktake) VALUES (?, ?) ON CONFLICT DO "
                                    "NOTHING",
                                    "ss", event->subject, stocktake)
                          : 0;

        if (r < 0)
                return r;
        json_array_foreach(json_object_get(event->data, "items"), i, item) {
                r = db_exec(
                        db, err,
                        "UPDATE audit_item SET result = ?, how = ?, seen = ?, note = ?, time = ?, person = ? WHERE "
                        "audit = ? AND subject = ?",
                        "ssssisss", json_text(item, "result"), json_text(item, "how"), json_text(item, "seen"),
                        json_text(item, "note"), event->time, event->actor, event->subject,
                        json_text(item, "subject"));
                if (r < 0)
                        return r;
        }
        return 0;
}

static int apply_closed(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "UPDATE audit SET state = 'closed', closed = ?, closed_by = ?, conclusion = ? WHERE id = ?",
                        "isss", event->time, event->actor, json_text(event->data, "conclusion"), event->subject);

        return r < 0 ? r : custody_apply_signature(db, event, event->subject, "close", err);
}

const struct event_type audit_events[] = {
        { "audit.started", apply_started }, { "audit.drawn", apply_drawn },   { "audit.checked", apply_checked },
        { "audit.closed", apply_closed },   { "audit.bound", apply_checked },
};
_Static_assert(COUNT(audit_events) == AUDIT_EVENTS, "all events are offered");
