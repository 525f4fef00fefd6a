/* How the facts of a shipment become rows. */
#include <string.h>

#include "encrypt/encrypt.h"
#include "transport/internal.h"

static int set_state(struct db *db, const char *id, enum shipment_state state, struct error *err) {
        int r = db_exec(db, err, "UPDATE shipment SET state = ? WHERE id = ?", "ss",
                        shipment_state_terms[state].code, id);

        return r < 0 ? r : 0;
}

static int apply_created(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data, *medium;
        size_t i;
        int r;

        r = db_exec(
                db, err,
                "INSERT INTO shipment (id, number, origin, destination, recipient, method, protection, tracking, "
                "route, limit_hours, reason, international, documents, state, creator, created, eta, emergency, "
                "usual_hours, country, transfer, drill, returns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                "'created', ?, ?, ?, ?, nullif(?, 0), ?, ?, ?, ?)",
                "sisssssssisissississis", event->subject, json_int(data, "number", 0), json_text(data, "from"),
                json_text(data, "to"), json_text(data, "recipient"), json_text(data, "method"),
                json_text(data, "protection"), json_text(data, "tracking"), json_text(data, "route"),
                json_int(data, "limit", 0), json_text(data, "reason"), (int64_t) json_flag(data, "international"),
                json_text_or_empty(data, "documents"), event->actor, event->time, json_text(data, "eta"),
                json_text(data, "emergency"), json_int(data, "usual", 0), json_text(data, "country"),
                json_text(data, "transfer"), (int64_t) json_flag(data, "drill"), json_text(data, "returns"));
        json_array_foreach(json_object_get(data, "media"), i, medium) {
                if (r < 0)
                        return r;
                r = db_exec(db, err, "INSERT INTO shipment_medium (shipment, medium, owner) VALUES (?, ?, ?)",
                            "sss", event->subject, json_text(medium, "id"), json_text(medium, "owner"));
        }
        return r < 0 ? r : 0;
}

/* The seals of an earlier packing stay used for ever and are void here; so are the authorisation, its review and
 * the notice that named them. */
static int start_packing(struct db *db, const struct event *event, struct error *err) {
        const json_t *placed = json_object_get(event->data, "indicators");
        _cleanup_free_ char *indicators = NULL;
        int64_t levels = 0;
        const json_t *level;
        size_t i;
        int r;

        json_array_foreach(json_object_get(event->data, "levels"), i, level)
                levels |= (int64_t) 1 << term_parse(packaging_terms, PACKAGINGS, json_string_value(level));
        if (placed && (r = json_canonical(placed, &indicators, err)) < 0)
                return r;
        r = db_exec(
                db, err,
                "UPDATE shipment SET state = 'packed', packed = ?, packed_by = ?, packaging = ?, indicators = ?, "
                "noticed = NULL, review_due = NULL, reviewed = NULL, reviewed_by = NULL, review = NULL WHERE id "
                "= ?",
                "isiss", event->time, event->actor, levels, indicators ? indicators : "{}", event->subject);
        if (r >= 0)
                r = db_exec(db, err, "UPDATE shipment_seal SET void = 1 WHERE shipment = ?", "s", event->subject);
        if (r >= 0)
                r = db_exec(db, err, "DELETE FROM shipment_authorisation WHERE shipment = ?", "s", event->subject);
        return r < 0 ? r : 0;
}

static int apply_packed(struct db *db, const struct event *event, struct error *err) {
        const json_t *item;
        size_t i;
        int r = start_packing(db, event, err);

        json_array_foreach(json_object_get(event->data, "seals"), i, item) {
                if (r < 0)
                        return r;
                r = custody_apply_seal(db, json_text(item, "plain"), json_text(item, "number"), event->subject,
                                       event->time, err);
                if (r >= 0)
                        r = db_exec(db, err,
                                    "INSERT INTO shipment_seal (shipment, plain, number, void) VALUES (?, ?, ?, 0)",
                                    "sss", event->subject, json_text(item, "plain"), json_text(item, "number"));
        }
        json_array_foreach(json_object_get(event->data, "media"), i, item) {
                if (r < 0)
                        return r;
                r = db_exec(
                        db, err,
                        "UPDATE shipment_medium SET encrypted = ?, cipher = ?, key_bits = ?, digest = ?, luks_uuid "
                        "= ?, verified = nullif(?, 0), label_revision = ? WHERE shipment = ? AND medium = ?",
                        "isissiiss", (int64_t) json_flag(item, "encrypted"), json_text_or_empty(item, "cipher"),
                        json_int(item, "key_bits", 0), json_text_or_empty(item, "digest"),
                        json_text_or_empty(item, "luks_uuid"),
                        json_flag(item, "inspected") ? event->time : (int64_t) 0,
                        json_int(item, "label_revision", 0), event->subject, json_text(item, "id"));
        }
        return r < 0 ? r : 0;
}

/* In a medical emergency one security administrator stands in for the owners (T6). */
static int apply_authorised(struct db *db, const struct event *event, struct error *err) {
        const json_t *owners = json_object_get(event->data, "owners"), *owner;
        size_t i;
        int r = 0;

        json_array_foreach(owners, i, owner) {
                r = db_exec(
                        db, err,
                        "INSERT INTO shipment_authorisation (shipment, owner, person, time, note) VALUES (?, ?, ?, "
                        "?, ?)",
                        "sssis", event->subject, json_string_value(owner), event->actor, event->time,
                        json_text(event->data, "note"));
                if (r < 0)
                        return r;
        }
        if (!json_flag(event->data, "complete"))
                return 0;
        if (json_text(event->data, "review_due")) {
                r = db_exec(db, err, "UPDATE shipment SET review_due = ? WHERE id = ?", "is",
                            shipment_moment(event->data, "review_due"), event->subject);
                if (r < 0)
                        return r;
        }
        return set_state(db, event->subject, SHIPMENT_AUTHORISED, err);
}

static int insert_checkpoint(struct db *db, const struct event *event, enum checkpoint point, struct error *err) {
        const json_t *data = event->data, *statement = json_object_get(data, "statement"),
                     *read = json_object_get(data, "readings");
        _cleanup_free_ char *seals = NULL, *signed_text = NULL, *readings = NULL;
        int r;

        r = json_canonical(json_object_get(data, "seals"), &seals, err);
        if (r == 0 && statement)
                r = json_canonical(statement, &signed_text, err);
        if (r == 0 && read)
                r = json_canonical(read, &readings, err);
        if (r < 0)
                return r;
        r = db_exec(
                db, err,
                "INSERT INTO shipment_checkpoint (shipment, number, point, time, person, place, position, note, "
                "company, courier, seals, seals_match, shock, tilt, temperature, statement, signature, "
                "certificate, readings) VALUES (?1, (SELECT count(*) + 1 FROM shipment_checkpoint WHERE shipment = "
                "?1), ?2, "
                "?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, nullif(?11, -1), ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
                "ssisssssssisssssss", event->subject, checkpoint_terms[point].code, event->time, event->actor,
                json_text(data, "place"), json_text(data, "position"), json_text(data, "note"),
                json_text(data, "company"), json_text(data, "courier"), seals,
                json_object_get(data, "seals_match") ? (int64_t) json_flag(data, "seals_match") : (int64_t) -1,
                json_text(data, "shock"), json_text(data, "tilt"), json_text(data, "temperature"), signed_text,
                json_text(data, "signature"), json_text(data, "certificate"), readings);
        return r < 0 ? r : 0;
}

static int pass(struct db *db, const struct event *event, enum checkpoint point, struct error *err) {
        int r = insert_checkpoint(db, event, point, err);

        return r < 0 ? r : set_state(db, event->subject, transport_state_after(point), err);
}

static int apply_dispatched(struct db *db, const struct event *event, struct error *err) {
        int r = pass(db, event, CHECKPOINT_ORIGIN, err);

        if (r == 0)
                r = db_exec(db, err, "UPDATE shipment SET dispatched = ?, expected = nullif(?, 0) WHERE id = ?",
                            "iis", event->time, shipment_moment(event->data, "expected"), event->subject);
        return r < 0 ? r : 0;
}

static int apply_picked_up(struct db *db, const struct event *event, struct error *err) {
        int r = pass(db, event, CHECKPOINT_PICKUP, err);

        if (r == 0)
                r = db_exec(db, err, "UPDATE shipment SET company = ?, courier = ?, waybill = ? WHERE id = ?",
                            "ssss", json_text(event->data, "company"), json_text(event->data, "courier"),
                            json_text(event->data, "waybill"), event->subject);
        return r < 0 ? r : 0;
}

static int apply_tracked(struct db *db, const struct event *event, struct error *err) {
        return pass(db, event, CHECKPOINT_TRANSIT, err);
}

static int apply_delivered(struct db *db, const struct event *event, struct error *err) {
        int r = pass(db, event, CHECKPOINT_DELIVERY, err);

        if (r == 0)
                r = db_exec(db, err, "UPDATE shipment SET delivered = ? WHERE id = ?", "is", event->time,
                            event->subject);
        return r < 0 ? r : 0;
}

static int apply_confirmed(struct db *db, const struct event *event, struct error *err) {
        int r = pass(db, event, CHECKPOINT_CONFIRMATION, err);

        if (r == 0)
                r = db_exec(db, err, "UPDATE shipment SET confirmed = ? WHERE id = ?", "is", event->time,
                            event->subject);
        return r < 0 ? r : 0;
}

static int apply_lost(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE shipment SET state = 'lost', lost = ?, circumstances = ? WHERE id = ?",
                        "iss", event->time, json_text(event->data, "circumstances"), event->subject);

        return r < 0 ? r : 0;
}

/* Its media are free for another; its seals stay used. */
static int apply_cancelled(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE shipment SET state = 'cancelled', cancelled = ? WHERE id = ?", "is",
                        event->time, event->subject);

        if (r >= 0)
                r = db_exec(db, err, "UPDATE shipment_seal SET void = 1 WHERE shipment = ?", "s", event->subject);
        return r < 0 ? r : 0;
}

static int apply_documented(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "INSERT INTO shipment_document (shipment, number, kind, reference, sha256, time, person) "
                        "VALUES (?1, (SELECT count(*) + 1 FROM shipment_document WHERE shipment = ?1), ?2, ?3, ?4, "
                        "?5, ?6)",
                        "ssssis", event->subject, json_text(event->data, "kind"),
                        json_text(event->data, "reference"), json_text(event->data, "sha256"), event->time,
                        event->actor);

        return r < 0 ? r : 0;
}

static int apply_noticed(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE shipment SET noticed = ? WHERE id = ?", "is", event->time, event->subject);

        return r < 0 ? r : 0;
}

static int apply_traced(struct db *db, const struct event *event, struct error *err) {
        _cleanup_free_ char *summary = NULL;
        int r = json_canonical(json_object_get(event->data, "summary"), &summary, err);

        if (r == 0)
                r = db_exec(
                        db, err,
                        "INSERT INTO shipment_gps (shipment, sha256, time, person, summary) VALUES (?, ?, ?, ?, "
                        "?)",
                        "ssiss", event->subject, json_text(event->data, "sha256"), event->time, event->actor,
                        summary);
        return r < 0 ? r : 0;
}

static int apply_reviewed(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE shipment SET reviewed = ?, reviewed_by = ?, review = ? WHERE id = ?",
                        "isss", event->time, event->actor, json_text(event->data, "outcome"), event->subject);

        return r < 0 ? r : 0;
}

/* --- what happens to each medium, in its own history ------------------------------------------------------------
 */

static int set_outcome(struct db *db, const struct event *event, const char *outcome, struct error *err) {
        int r = db_exec(db, err, "UPDATE shipment_medium SET outcome = ? WHERE shipment = ? AND medium = ?", "sss",
                        outcome, json_text(event->data, "shipment"), event->subject);

        return r < 0 ? r : 0;
}

static int apply_medium_dispatched(struct db *db, const struct event *event, struct error *err) {
        int r = medium_apply_state(db, event->subject, MEDIUM_IN_TRANSIT, json_text(event->data, "shipment"), err);

        return r < 0 ? r : medium_apply_location(db, event->subject, "", err);
}

static int apply_medium_received(struct db *db, const struct event *event, struct error *err) {
        int r = set_outcome(db, event, json_text(event->data, "integrity"), err);

        if (r == 0)
                r = encrypt_apply_returned(db, event->subject, event->time, err);
        if (r == 0)
                r = medium_apply_state(db, event->subject, MEDIUM_IN_CUSTODY, "", err);
        return r < 0 ? r
                     : medium_apply_location(db, event->subject, json_text_or_empty(event->data, "location"), err);
}

/* What is lost in a drill is not lost: it stays where the drill left it, without a place. */
static int apply_medium_lost(struct db *db, const struct event *event, struct error *err) {
        int r = set_outcome(db, event, "missing", err);

        if (r < 0)
                return r;
        if (json_flag(event->data, "drill"))
                return medium_apply_state(db, event->subject, MEDIUM_IN_CUSTODY, "", err);
        return medium_apply_state(db, event->subject, MEDIUM_LOST, json_text(event->data, "shipment"), err);
}

/* Its loss stays on record; what is known of it now is that it is here. */
static int apply_medium_recovered(struct db *db, const struct event *event, struct error *err) {
        const bool trusted = strcmp(json_text_or_empty(event->data, "standing"),
                                    medium_state_terms[MEDIUM_IN_CUSTODY].code) == 0;
        int64_t doubts = 0;
        const json_t *doubt;
        size_t i;
        int r;

        json_array_foreach(json_object_get(event->data, "doubts"), i, doubt) doubts |=
                (int64_t) 1 << term_parse(recovery_doubt_terms, RECOVERY_DOUBTS, json_string_value(doubt));
        r = db_exec(
                db, err,
                "UPDATE shipment_medium SET outcome = 'recovered', recovered = coalesce(recovered, ?), doubts = ? "
                "WHERE shipment = ? AND medium = ?",
                "iiss", event->time, doubts, json_text(event->data, "shipment"), event->subject);
        if (r >= 0)
                r = encrypt_apply_returned(db, event->subject, event->time, err);
        if (r >= 0)
                r = medium_apply_state(db, event->subject, trusted ? MEDIUM_IN_CUSTODY : MEDIUM_QUARANTINED, "",
                                       err);
        return r < 0 ? r
                     : medium_apply_location(db, event->subject, json_text_or_empty(event->data, "location"), err);
}

/* The seals that were found instead of those placed: the shipment does not leave (T5). */
static int apply_stopped(struct db *db, const struct event *event, struct error *err) {
        return insert_checkpoint(db, event, CHECKPOINT_ORIGIN, err);
}

const struct event_type transport_events[] = {
        { "shipment.created", apply_created },          { "shipment.packed", apply_packed },
        { "shipment.authorised", apply_authorised },    { "shipment.stopped", apply_stopped },
        { "shipment.dispatched", apply_dispatched },    { "shipment.picked-up", apply_picked_up },
        { "shipment.tracked", apply_tracked },          { "shipment.delivered", apply_delivered },
        { "shipment.confirmed", apply_confirmed },      { "shipment.lost", apply_lost },
        { "shipment.cancelled", apply_cancelled },      { "shipment.documented", apply_documented },
        { "shipment.noticed", apply_noticed },          { "shipment.traced", apply_traced },
        { "shipment.reviewed", apply_reviewed },        { "medium.dispatched", apply_medium_dispatched },
        { "medium.received", apply_medium_received },   { "medium.lost-in-transit", apply_medium_lost },
        { "medium.recovered", apply_medium_recovered },
};
_Static_assert(COUNT(transport_events) == TRANSPORT_EVENTS, "all events are offered");
