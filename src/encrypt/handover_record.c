/* What the ledger keeps of hand-overs, and the rows that it explains. Never a word of a passphrase. */
#include <stdio.h>
#include <string.h>

#include "encrypt/handover.h"
#include "store/json.h"

static const char *const scripts[] = {
        "CREATE TABLE handover ("
        " number TEXT PRIMARY KEY, medium TEXT NOT NULL, recipient TEXT NOT NULL, person TEXT, channel TEXT NOT "
        "NULL,"
        " letter INTEGER NOT NULL, shipment TEXT, loan TEXT, slot INTEGER NOT NULL, salt TEXT NOT NULL, kdf TEXT "
        "NOT NULL,"
        " words INTEGER NOT NULL, state TEXT NOT NULL, handed INTEGER NOT NULL, handed_by TEXT NOT NULL,"
        " returned INTEGER, revoked INTEGER, revoked_by TEXT, reason TEXT"
        ") STRICT;"
        "CREATE INDEX handover_medium ON handover (medium, state);",

        /* The few passphrases that still open something, among all that were given. */
        "CREATE INDEX handover_live ON handover (returned) WHERE state = 'live';",
};

static const char *const state_tables[] = { "handover", NULL };

const struct schema handover_schema = {
        .room = "handover", .scripts = scripts, .scripts_n = COUNT(scripts), .state_tables = state_tables
};

static int apply_handed_over(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        int r = db_exec(
                db, err,
                "INSERT INTO handover (number, medium, recipient, person, channel, letter, shipment, loan, slot,"
                " salt, kdf, words, state, handed, handed_by)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'live', ?, ?)",
                "sssssississiis", json_text(data, "number"), event->subject, json_text(data, "recipient"),
                json_text(data, "person"), json_text(data, "channel"), (int64_t) json_flag(data, "letter"),
                json_text(data, "shipment"), json_text(data, "loan"), json_int(data, "slot", -1),
                json_text(data, "salt"), json_text(data, "kdf"), json_int(data, "words", 0), event->time,
                event->actor);

        return r < 0 ? r : 0;
}

static int apply_revoked(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "UPDATE handover SET state = 'revoked', revoked = ?, revoked_by = ?, reason = ?"
                        " WHERE number = ?",
                        "isss", event->time, event->actor, json_text(event->data, "reason"),
                        json_text(event->data, "number"));

        return r < 0 ? r : 0;
}

const struct event_type handover_events[] = {
        { "encryption.handed-over", apply_handed_over },
        { "encryption.handover-revoked", apply_revoked },
};
_Static_assert(COUNT(handover_events) == HANDOVER_EVENTS, "all events are offered");

int encrypt_apply_returned(struct db *db, const char *medium, int64_t time, struct error *err) {
        int r = db_exec(db, err,
                        "UPDATE handover SET returned = ? WHERE medium = ? AND state = 'live' AND returned IS NULL",
                        "is", time, medium);

        return r < 0 ? r : 0;
}

/* --- reading ---------------------------------------------------------------------------------------------------
 */

int handover_next(struct db *db, char ret[HANDOVER_NUMBER], struct error *err) {
        int64_t n = 0;
        int r = db_int(db, &n, err, "SELECT count(*) + 1 FROM handover", "");

        if (r == 0)
                (void) snprintf(ret, HANDOVER_NUMBER, "F%06lld", (long long) n);
        return r;
}

int handover_load(struct db *db, const char *medium, struct handover *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_encryption_ struct encryption encryption = { 0 };
        struct handover found = { .slot = -1 };
        int r = encryption_load(db, medium, &encryption, err);

        if (r == 0)
                r = db_query(
                        db, &rows, err,
                        "SELECT number, recipient, salt, returned FROM handover WHERE medium = ? AND state = 'live'"
                        " ORDER BY number DESC LIMIT 1",
                        "s", medium);
        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        if (r == 1) {
                (void) snprintf(found.number, sizeof found.number, "%s", rows_text(rows, 0));
                (void) snprintf(found.recipient, sizeof found.recipient, "%s", rows_text(rows, 1));
                (void) snprintf(found.salt, sizeof found.salt, "%s", rows_text(rows, 2));
                found.returned = rows_int(rows, 3);
        }
        for (size_t i = 0; i < encryption.header.slots_n; i++)
                if (encryption.header.slots[i].use == LUKS_USE_HUMAN) {
                        found.slot = encryption.header.slots[i].number;
                        found.open = strcmp(encryption.header.slots[i].salt_digest, found.salt) == 0;
                }
        *ret = found;
        return 0;
}

int encrypt_handover_open(struct db *db, const char *medium, char ret_recipient[128], struct error *err) {
        struct handover handover;
        int r = handover_load(db, medium, &handover, err);

        ret_recipient[0] = '\0';
        if (r < 0 || handover.slot < 0)
                return r;
        (void) snprintf(ret_recipient, 128, "%s", handover.open ? handover.recipient : "-");
        return 0;
}

/* A medium that is back, with its recipient's slot still in it: what was told to somebody outside still opens it.
 */
void handover_judge_facts(struct db *db, const char *medium, const struct luks_facts *facts,
                          struct luks_verdict *verdict) {
        struct handover handover;
        char day[DATE_TEXT];

        if (handover_load(db, medium, &handover, NULL) < 0)
                return;
        for (size_t i = 0; i < facts->slots_n; i++) {
                if (facts->slots[i].number != handover.slot)
                        continue;
                if (!handover.open)
                        luks_verdict_add(verdict, 0, "C8", handover.slot, LUKS_WARN,
                                         "una frase de paso que no consta entregada a nadie",
                                         "a passphrase that is not on record as handed to anybody");
                else if (handover.returned) {
                        date_of(handover.returned, day);
                        luks_verdict_add(
                                verdict, 0, "C8", handover.slot, LUKS_WARN,
                                "la frase %s de «%.60s» sigue valiendo y el soporte volvió el %s",
                                "the passphrase %s of “%.60s” still opens it, and the medium came back on %s",
                                handover.number, handover.recipient, day);
                }
        }
}

int handover_to_json(struct db *db, const char *number, json_t **ret, struct error *err) {
        static const char *const names[] = { "number",   "medium",   "recipient",  "person", "channel",
                                             "letter",   "shipment", "loan",       "slot",   "salt",
                                             "kdf",      "words",    "state",      "handed", "handed_by",
                                             "returned", "revoked",  "revoked_by", "reason" };
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                db, &rows, err,
                "SELECT number, medium, recipient, person, channel, letter, shipment, loan, slot, salt, kdf,"
                " words, state, handed, handed_by, returned, revoked, revoked_by, reason FROM handover"
                " WHERE number = ?",
                "s", number);

        if (r == 0)
                r = rows_next(rows, err);
        if (r <= 0)
                return r < 0 ? r
                             : fail(err, ERR_NOT_FOUND, "No existe la entrega %s.", "There is no hand-over %s.",
                                    number);
        *ret = rows_to_json(rows, names, "sssssfssissiststtss");
        return *ret ? 0 : fail_memory(err);
}
