/* What the ledger keeps of encryption, and the rows that it explains. */
#include <stdio.h>
#include <string.h>

#include "encrypt/change.h"
#include "encrypt/rotation.h"
#include "registry/station.h"

static const char *const scripts[] = {
        "CREATE TABLE encryption ("
        " medium TEXT PRIMARY KEY, state TEXT NOT NULL, key TEXT NOT NULL, cipher TEXT NOT NULL,"
        " key_bits INTEGER NOT NULL, filled INTEGER NOT NULL, uuid TEXT NOT NULL, seqid INTEGER NOT NULL,"
        " data_offset INTEGER NOT NULL, digest TEXT NOT NULL, slots TEXT NOT NULL, waiver TEXT,"
        " started INTEGER NOT NULL, ended INTEGER, evidence TEXT"
        ") STRICT;",
        /* Row 11. Headers that were made before have neither. */
        "ALTER TABLE encryption ADD COLUMN canonical TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE encryption ADD COLUMN mac TEXT NOT NULL DEFAULT '';",
        /* C5: a change of the header under way, and when the volume key was made. */
        "ALTER TABLE encryption ADD COLUMN change TEXT;"
        "ALTER TABLE encryption ADD COLUMN rekeyed INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE encryption ADD COLUMN rekeyed_by TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE encryption ADD COLUMN alerted TEXT NOT NULL DEFAULT '';"
        "UPDATE encryption SET rekeyed = coalesce(ended, 0) WHERE state = 'done';"
        "CREATE INDEX encryption_rekeyed ON encryption (rekeyed);"
        "CREATE TABLE rotation_waiver (medium TEXT PRIMARY KEY, until INTEGER NOT NULL, person TEXT NOT NULL,"
        " statement TEXT NOT NULL, signature TEXT NOT NULL, certificate TEXT NOT NULL, time INTEGER NOT NULL"
        ") STRICT;",
};

static const char *const state_tables[] = { "encryption", "rotation_waiver", NULL };

const struct schema encrypt_schema = {
        .room = "encrypt", .scripts = scripts, .scripts_n = COUNT(scripts), .state_tables = state_tables
};

static int apply_started(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        int r = db_exec(
                db, err,
                "INSERT OR REPLACE INTO encryption (medium, state, key, cipher, key_bits, filled, uuid, seqid,"
                " data_offset, digest, slots, waiver, started)"
                " VALUES (?, 'running', ?, ?, ?, 0, ?, 0, 0, '', '[]', ?, ?)",
                "sssissi", event->subject, json_text_or_empty(data, "key"), json_text_or_empty(data, "cipher"),
                json_int(data, "key_bits", 0), json_text_or_empty(data, "uuid"), json_text(data, "waiver"),
                event->time);

        /* From here on nobody can say what the device holds, until encryption.finished does. */
        return r < 0 ? r : medium_apply_luks(db, event->subject, "", 0, "", "", false, err);
}

/* A sanitized medium that is encrypted is in use again: its certificate speaks of what it held before. */
static int back_into_use(struct db *db, const char *id, struct error *err) {
        struct medium medium;
        int r = medium_load(db, id, &medium, err);

        if (r < 0 || medium.state != MEDIUM_SANITIZED)
                return r;
        return medium_apply_state(db, id, MEDIUM_IN_CUSTODY, "", err);
}

static int apply_finished(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        _cleanup_free_ char *slots = NULL;
        int r = json_canonical(json_object_get(data, "slots"), &slots, err);

        if (r == 0)
                r = db_exec(
                        db, err,
                        "UPDATE encryption SET state = 'done', filled = ?, uuid = ?, seqid = ?, data_offset = ?,"
                        " digest = ?, slots = ?, ended = ?, key = ?, canonical = ?, mac = ?, rekeyed = ?"
                        " WHERE medium = ?",
                        "isiississsis", (int64_t) json_flag(data, "filled"), json_text_or_empty(data, "uuid"),
                        json_int(data, "seqid", 0), json_int(data, "data_offset", 0),
                        json_text_or_empty(data, "digest"), slots, event->time, json_text_or_empty(data, "key"),
                        json_text_or_empty(data, "canonical"), json_text_or_empty(data, "mac"), event->time,
                        event->subject);
        if (r == 0)
                return fail(err, ERR_CONFLICT, "El cifrado de %s termina sin haber empezado.",
                            "The encryption of %s ends without having begun.", event->subject);
        if (r > 0)
                r = back_into_use(db, event->subject, err);
        if (r < 0)
                return r;
        return medium_apply_luks(db, event->subject, json_text_or_empty(data, "uuid"), json_int(data, "seqid", 0),
                                 json_text_or_empty(data, "digest"), json_text_or_empty(data, "key"),
                                 json_flag(data, "filled"), err);
}

static int apply_failed(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE encryption SET state = 'failed', ended = ? WHERE medium = ?", "is",
                        event->time, event->subject);

        return r < 0 ? r : 0;
}

static int put_erasure(struct db *db, const struct event *event, const char *state, struct error *err) {
        _cleanup_free_ char *evidence = NULL;
        int r = json_canonical(event->data, &evidence, err);

        if (r == 0)
                r = db_exec(db, err,
                            "INSERT INTO encryption (medium, state, key, cipher, key_bits, filled, uuid, seqid,"
                            " data_offset, digest, slots, started, ended, evidence)"
                            " VALUES (?1, ?2, '', '', 0, 0, '', 0, 0, '', '[]', ?3, ?3, ?4)"
                            " ON CONFLICT (medium) DO UPDATE SET state = ?2, ended = ?3, evidence = ?4",
                            "ssis", event->subject, state, event->time, evidence);
        return r < 0 ? r : 0;
}

static int apply_erase_started(struct db *db, const struct event *event, struct error *err) {
        return put_erasure(db, event, "erasing", err);
}

static int apply_erased(struct db *db, const struct event *event, struct error *err) {
        int r = put_erasure(db, event, "erased", err);

        return r < 0 ? r : medium_apply_luks(db, event->subject, "", 0, "", "", false, err);
}

/* --- changes of a header ---------------------------------------------------------------------------------------
 */

static int apply_change_started(struct db *db, const struct event *event, struct error *err) {
        _cleanup_free_ char *change = NULL;
        int r = json_canonical(event->data, &change, err);

        if (r == 0)
                r = db_exec(db, err, "UPDATE encryption SET change = ? WHERE medium = ?", "ss", change,
                            event->subject);
        return r < 0 ? r : 0;
}

/* What was written to stays open: only a look at the device says which header it has. */
static int apply_change_failed(struct db *db, const struct event *event, struct error *err) {
        int r = json_flag(event->data, "touched")
                        ? 0
                        : db_exec(db, err, "UPDATE encryption SET change = NULL WHERE medium = ?", "s",
                                  event->subject);

        return r < 0 ? r : 0;
}

/* A re-encryption stands between two changes: one that gives the new volume key its slots, one that ends it. */
static int apply_changed(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        const char *reason = json_text_or_empty(data, "reason");
        const char *state = strcmp(reason, "rekey") == 0 ? "rekeying" : "done";
        struct medium medium;
        _cleanup_free_ char *slots = NULL;
        int r = json_canonical(json_object_get(data, "slots"), &slots, err);

        if (r == 0)
                r = db_exec(
                        db, err,
                        "UPDATE encryption SET state = ?, change = NULL, uuid = ?, seqid = ?, digest = ?,"
                        " slots = ?, key = ?, canonical = ?, mac = ?, rekeyed = CASE WHEN ?9 = 'rekeyed'"
                        " THEN ?10 ELSE rekeyed END, alerted = CASE WHEN ?9 = 'rekeyed' THEN '' ELSE alerted END,"
                        " rekeyed_by = CASE WHEN ?9 = 'rekey' THEN ?12 ELSE rekeyed_by END WHERE medium = ?11",
                        "ssissssssiss", state, json_text_or_empty(data, "uuid"), json_int(data, "seqid", 0),
                        json_text_or_empty(data, "digest"), slots, json_text_or_empty(data, "key"),
                        json_text_or_empty(data, "canonical"), json_text_or_empty(data, "mac"), reason, event->time,
                        event->subject, event->actor);
        if (r == 0)
                return fail(err, ERR_CONFLICT, "El soporte %s no está cifrado.", "Medium %s is not encrypted.",
                            event->subject);
        if (r > 0)
                r = medium_load(db, event->subject, &medium, err);
        if (r < 0)
                return r;
        return medium_apply_luks(db, event->subject, json_text_or_empty(data, "uuid"), json_int(data, "seqid", 0),
                                 json_text_or_empty(data, "digest"), json_text_or_empty(data, "key"), medium.filled,
                                 err);
}

const struct event_type encrypt_events[11] = {
        { "encryption.started", apply_started },
        { "encryption.finished", apply_finished },
        { "encryption.failed", apply_failed },
        { "encryption.erase-started", apply_erase_started },
        { "encryption.erased", apply_erased },
        { "encryption.change-started", apply_change_started },
        { "encryption.changed", apply_changed },
        { "encryption.change-failed", apply_change_failed },
        { "encryption.rekey-stopped", NULL },
        { "encryption.rotation-waived", rotation_apply_waived },
        { "encryption.rotation-due", rotation_apply_alerted },
};

/* --- reading ---------------------------------------------------------------------------------------------------
 */

json_t *slots_to_json(const struct luks_facts *facts) {
        json_t *slots = json_array();

        for (size_t i = 0; i < facts->slots_n; i++)
                (void) json_array_append_new(
                        slots, json_pack("{s:i, s:s, s:s}", "slot", facts->slots[i].number, "use",
                                         luks_use_terms[facts->slots[i].number == SLOT_MACHINE ? LUKS_USE_MACHINE
                                                                                               : LUKS_USE_RECOVERY]
                                                 .code,
                                         "salt", facts->slots[i].salt_digest));
        return slots;
}

static enum luks_use use_of(const char *code) {
        int r = term_parse(luks_use_terms, LUKS_USES, code);

        return r < 0 ? LUKS_USE_UNKNOWN : (enum luks_use) r;
}

void slots_from_json(const json_t *slots, struct luks_known *known) {
        const json_t *slot;
        size_t i;

        known->slots_n = 0;
        json_array_foreach(slots, i, slot) {
                if (known->slots_n == LUKS_SLOTS_MAX)
                        break;
                known->slots[known->slots_n].number = (int) json_int(slot, "slot", -1);
                known->slots[known->slots_n].use = use_of(json_text_or_empty(slot, "use"));
                (void) snprintf(known->slots[known->slots_n].salt_digest, sizeof known->slots[0].salt_digest, "%s",
                                json_text_or_empty(slot, "salt"));
                known->slots_n++;
        }
}

static int load_slots(const char *text, struct luks_known *known, struct error *err) {
        _cleanup_json_ json_t *slots = NULL;
        int r = json_parse(text, strlen(text), &slots, err);

        if (r == 0)
                slots_from_json(slots, known);
        return r;
}

int encryption_load(struct db *db, const char *medium, struct encryption *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_encryption_ struct encryption found = { 0 };
        int r = station_crypto_profile(db, &found.header.profile, err);

        if (r == 0)
                r = db_query(db, &rows, err,
                             "SELECT state, key, filled, uuid, seqid, slots, evidence, canonical, mac, change, "
                             "rekeyed FROM "
                             "encryption WHERE medium = ?",
                             "s", medium);

        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        if (r == 1) {
                const char *evidence = rows_text(rows, 6), *change = rows_text(rows, 9);

                found.known = true;
                (void) snprintf(found.state, sizeof found.state, "%s", rows_text(rows, 0));
                (void) snprintf(found.key, sizeof found.key, "%s", rows_text(rows, 1));
                found.filled = rows_int(rows, 2) != 0;
                (void) snprintf(found.header.uuid, sizeof found.header.uuid, "%s", rows_text(rows, 3));
                found.header.seqid = (uint64_t) rows_int(rows, 4);
                (void) snprintf(found.header.canonical, sizeof found.header.canonical, "%s", rows_text(rows, 7));
                (void) snprintf(found.header.mac, sizeof found.header.mac, "%s", rows_text(rows, 8));
                r = load_slots(rows_text(rows, 5), &found.header, err);
                if (r == 0 && evidence)
                        r = json_parse(evidence, strlen(evidence), &found.evidence, err);
                if (r == 0 && change)
                        r = json_parse(change, strlen(change), &found.change, err);
                found.rekeyed = rows_int(rows, 10);
                (void) snprintf(found.alerted, sizeof found.alerted, "%s", rows_text(rows, 11));
                found.header.reencrypting = strcmp(found.state, "rekeying") == 0;
                if (r < 0)
                        return r;
        }
        *ret = found;
        found.evidence = found.change = NULL;
        return 0;
}

void encryption_done(struct encryption *encryption) {
        json_decref(encryption->evidence);
        json_decref(encryption->change);
        encryption->evidence = encryption->change = NULL;
}

/* Before the new volume key has its slots nobody is on record but with the event of the change. */
int encrypt_rotation_unfinished(struct db *db, const char *medium, char ret_person[40],
                                enum rotation_kind *ret_kind, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err,
                         "SELECT CASE WHEN state = 'rekeying' THEN rekeyed_by ELSE (SELECT actor FROM event"
                         " WHERE subject = medium AND type = 'encryption.change-started' ORDER BY seq DESC LIMIT 1)"
                         " END, coalesce(json_extract(change, '$.reason'), '') AS reason FROM encryption"
                         " WHERE medium = ? AND (state = 'rekeying' OR reason IN ('" CHANGE_SLOT "', '" CHANGE_REKEY
                         "', '" CHANGE_REKEYED "'))",
                         "s", medium);

        if (r == 0)
                r = rows_next(rows, err);
        if (r < 0)
                return r;
        (void) snprintf(ret_person, 40, "%s", r == 1 && rows_text(rows, 0) ? rows_text(rows, 0) : "");
        *ret_kind = r == 1 && strcmp(rows_text(rows, 1), CHANGE_SLOT) == 0 ? ROTATION_SLOT : ROTATION_VOLUME;
        return 0;
}
