/* A past for every medium of a store: what is over, in every table that remembers it, so that what is looked for by
 * a scan is found slowly. ?1 is a moment more than a year ago, ?2 now. */
#pragma once

#include "media.h"

static const char *const past_rows[] = {
        "UPDATE medium SET kind = 'tape', classification = 'INTERNO', category = 'BASICA', health = 0, serial = "
        "'S' || number, label_state = 'valid', label_revision = 1, location = CASE WHEN number <= 200 THEN '' ELSE "
        "printf('HQ-S%02d-A%02d-E%02d-P%03d', 10 + number / 5000, number / 500 % 10 + 1, number / 100 % 5 + 1, "
        "number / 10 % 10 + 1) END WHERE ?1 < ?2",
        "INSERT INTO location SELECT DISTINCT location, 'fire-cabinet', 'MEDIA', 'INTERNO', 100, '', ?1, 'carlos' "
        "FROM medium WHERE location <> '' AND ?1 < ?2",
        "INSERT INTO label SELECT id, 1, 'printed', '', '', '', 1, '', '', '', ?1, '2039-01-01' FROM medium WHERE "
        "?1 < "
        "?2",
        "INSERT INTO medium_search SELECT printf('L%06d', number), number, id, ?1, 'uli', 3600, ?1 + 60000000, "
        "'uli', "
        "location, 60 FROM medium WHERE ?1 < ?2",
        /* two loans, of which each is over */
        "INSERT INTO loan (id, number, medium, borrower, requester, reason, due, place, state, requested, decided, "
        "decided_by, handed, handed_by, seal, seal_plain, returned, returned_to, condition, integrity, late) "
        "SELECT "
        "printf('P%06d', 2 * number + k), 2 * number + k, id, 'uli', 'uli', 'r', '2024-01-01', 'x', 'returned', "
        "?1, "
        "?1, 'ana', ?1, 'carlos', 'L' || number || '-' || k, 'L' || number || k, ?1, 'carlos', 'ok', 'intact', 0 "
        "FROM "
        "medium, (SELECT 0 AS k UNION SELECT 1) WHERE ?1 < ?2",
        "INSERT OR IGNORE INTO seal SELECT seal_plain, seal, id, ?1 FROM loan WHERE ?1 < ?2",
        "INSERT INTO custody_access (id, number, person, requester, area, level, section, category, reason, until, "
        "state, requested, decided, decided_by, entered, desk, credential, left, left_to, integrity) SELECT "
        "printf('A%06d', number), number, 'uli', 'uli', 'HQ', 'building', 'INTERNO', 'MEDIA', 'r', '2024-01-01', "
        "'left', ?1, ?1, 'ana', ?1, 'carlos', 'electronic-lock', ?1, 'carlos', 'sound' FROM medium WHERE ?1 < ?2",
        "INSERT INTO custody_access_medium (access, medium) SELECT printf('A%06d', number), id FROM medium WHERE "
        "?1 < "
        "?2",
        "INSERT INTO custody_signature (subject, step, person, time, paper) SELECT printf('A%06d', number), step, "
        "'carlos', ?1, 'H' FROM medium, (SELECT 'enter' AS step UNION SELECT 'leave') WHERE ?1 < ?2",
        "INSERT INTO incident (id, number, kind, subject, what_es, what_en, state, opened, opened_by, closed, "
        "closed_by, resolution) SELECT printf('N%06d', number), number, 'damage', id, 'w', 'w', 'closed', ?1, "
        "'uli', "
        "?1, 'sara', 'r' FROM medium WHERE ?1 < ?2",
        "INSERT INTO incident_medium SELECT id, subject FROM incident WHERE ?1 < ?2",
        "INSERT INTO shipment (id, number, origin, destination, recipient, method, protection, tracking, route, "
        "limit_hours, reason, international, documents, state, creator, created, packed, packed_by, company, "
        "courier, "
        "dispatched, delivered, confirmed) SELECT printf('E%06d', number), number, 'x', 'y', 'uli', "
        "'certified-courier', 'locked-container', 'tracking-signature', 'r', 24, 'r', 0, '', 'confirmed', "
        "'carlos', "
        "?1, ?1, 'carlos', 'c', 'c', ?1, ?1, ?1 FROM medium WHERE ?1 < ?2",
        "INSERT INTO shipment_medium (shipment, medium, owner, label_revision, outcome) SELECT printf('E%06d', "
        "number), id, 'ana', 1, 'arrived' FROM medium WHERE ?1 < ?2",
        "INSERT INTO shipment_seal SELECT id, 'E' || number, 'E' || number, 0 FROM shipment WHERE ?1 < ?2",
        "INSERT INTO seal SELECT 'E' || number, 'E' || number, id, ?1 FROM shipment WHERE ?1 < ?2",
        "INSERT INTO shipment_authorisation SELECT id, 'ana', 'ana', ?1, NULL FROM shipment WHERE ?1 < ?2",
        "INSERT INTO shipment_checkpoint (shipment, number, point, time, person, seals, seals_match) SELECT id, k, "
        "CASE k WHEN 1 THEN 'origin' WHEN 2 THEN 'pickup' WHEN 3 THEN 'transit' WHEN 4 THEN 'delivery' ELSE "
        "'confirmation' END, ?1, 'carlos', '[]', 1 FROM shipment, (SELECT 1 AS k UNION SELECT 2 UNION SELECT 3 "
        "UNION "
        "SELECT 4 UNION SELECT 5) WHERE ?1 < ?2",
        "INSERT INTO stocktake SELECT 'R000001', 1, 'HQ', 'finished', ?1, 'carlos', ?1, 'carlos', count(*), "
        "count(*), "
        "0, 0, 0, NULL FROM medium WHERE ?1 < ?2",
        "INSERT INTO stocktake_seen SELECT 'R000001', id, location, 'found', ?1, 'carlos' FROM medium WHERE ?1 < "
        "?2",
        "INSERT INTO environment_reading SELECT substr(location, 1, 6), ?1 + number * 60000000, 2000, 5000, 1000 "
        "FROM medium "
        "WHERE "
        "location <> '' AND ?1 < ?2",
        /* keys that are not due, of what is encrypted */
        "INSERT INTO crypto_key (id, version, kind, algorithm, provider, commitment, wrapped_by, medium, state, "
        "created) SELECT printf('k%012d', number), 1, 'medium', 'aes-xts-plain64', 'software', 'c', 'kek', id, "
        "'active', ?1 FROM medium WHERE number % 2 = 0 AND number > 200 AND ?1 < ?2",
        "INSERT INTO encryption (medium, state, key, cipher, key_bits, filled, uuid, seqid, data_offset, digest, "
        "slots, "
        "started, ended, rekeyed) SELECT id, 'done', printf('k%012d', number), 'aes-xts-plain64', 512, 1, 'u', 1, "
        "1, "
        "'d', '[]', ?1, ?1, ?2 - (number % 70) * 86400000000 FROM medium WHERE number % 2 = 0 AND number > 200 AND "
        "?1 < ?2",
        "INSERT INTO handover (number, medium, recipient, person, channel, letter, slot, salt, kdf, words, state, "
        "handed, handed_by, revoked, revoked_by) SELECT printf('F%06d', number), id, 'uli', 'uli', 'in-person', 0, "
        "1, "
        "'s', 'k', 6, 'revoked', ?1, 'carlos', ?1, 'carlos' FROM medium WHERE ?1 < ?2",
        "INSERT INTO sanitization (job, medium, number, state, scheme, demanded, reached, classification, kind, "
        "operator, started, started_seq, started_data, ended, ended_data, verified, verified_by) SELECT id || "
        "'-W1', "
        "id, 1, 'sanitized', 'single', 'clear', 'clear', 'PUBLICO', 'hdd', 'oto', ?1, 1, '{}', ?1, "
        "'{\"result\":\"sanitized\",\"seed\":\"00000000000000000000000000000000\"}', ?1, 'carlos' FROM medium "
        "WHERE "
        "?1 < ?2",
        "INSERT INTO sanitization_look SELECT number, id || '-W1', 'full', 't', 'carlos', 1, 1, 1, 0, 'r' || "
        "number, "
        "?1 FROM medium WHERE ?1 < ?2",
        "INSERT INTO sanitization_validation SELECT id || '-W1', 'accept', 'r', 'sara', 's', 's', 'c', ?1 FROM "
        "medium "
        "WHERE ?1 < ?2",
        /* requests that were refused; the last tenth is destroyed, with a certificate */
        "INSERT INTO destruction (id, number, medium, state, reason, method, requester, requested, decided, "
        "decided_by, "
        "executed, executor, supervisor) SELECT printf('D%06d', number), number, id, CASE WHEN number > (SELECT "
        "count(*) * 9 / 10 FROM medium) THEN 'executed' ELSE 'refused' END, 'r', 'incinerate', 'uli', ?1, ?1, "
        "'ana', "
        "?1, 'oto', 'carlos' FROM medium WHERE ?1 < ?2",
        "UPDATE medium SET state = 'destroyed', location = '' WHERE number > (SELECT count(*) * 9 / 10 FROM "
        "medium) "
        "AND ?1 < ?2",
        "INSERT INTO certificate (number, year, ordinal, medium, kind, source, source_seq, state, executor, "
        "supervisor, issued, issued_by, issued_seq, twin, original, pdf, signed) SELECT printf('HQ-2024-%06d', "
        "number), 2024, number, id, 'destruction', printf('D%06d', number), 1, 'valid', 'oto', 'carlos', ?1, "
        "'oto', 1, "
        "'t', 'o', 'p', 3 FROM medium WHERE state = 'destroyed' AND ?1 < ?2",
        "INSERT INTO certificate_covers SELECT number, 1, medium, source, 1 FROM certificate WHERE ?1 < ?2",
        "INSERT INTO certificate_signature (number, position, field, person, name, time, pdf, fingerprint) SELECT "
        "number, 1, 'executor', 'oto', 'Oto', ?1, 'p', 'f' FROM certificate WHERE ?1 < ?2",
        "INSERT INTO metric_destruction SELECT source, medium, 'BASICA', ?1, ?1, 1 FROM certificate WHERE ?1 < ?2",
        "INSERT INTO metric_certificate SELECT number, source, 1 FROM certificate WHERE ?1 < ?2",
        "UPDATE metric_medium SET category = 'BASICA', bits = 3 WHERE ?1 < ?2",
        "INSERT INTO metric_case SELECT figure, ?1 + number, number, 'BASICA', 'uli', id, 60, 1 FROM medium, "
        "(SELECT "
        "'locate' AS figure UNION SELECT 'unauthorised' UNION SELECT 'failed' UNION SELECT 'temperature') WHERE ?1 "
        "< "
        "?2",
        "INSERT INTO metric_shipment SELECT id, 'BASICA' FROM shipment WHERE ?1 < ?2",
        "INSERT INTO audit SELECT printf('U%06d', number), number, 'labelling', 'BASICA', '', 'closed', ?1, "
        "'sara', 1, "
        "'d', 's', 1, 95, 0, NULL, ?1, 'sara', 'c' FROM medium WHERE number % 100 = 0 AND ?1 < ?2",
        "INSERT INTO audit_item SELECT printf('U%06d', number), 1, id, 'w', 'sound', 'h', NULL, NULL, ?1, 'sara' "
        "FROM "
        "medium WHERE number % 100 = 0 AND ?1 < ?2",
        "INSERT INTO finding SELECT printf('H%06d', number), number, printf('U%06d', number), 'minor', id, 'w', "
        "'mp.si.1', 'uli', '2024-01-01', 'closed', ?1, 'sara', 'uli' FROM medium WHERE number % 100 = 0 AND ?1 < "
        "?2",
        "INSERT INTO finding_step SELECT id, 1, 'action', 't', ?1, 'uli' FROM finding WHERE ?1 < ?2",
        "INSERT INTO alert_acknowledgement SELECT 'old:' || id, 'alert', ?1, ?1 + 1, 'sara', 'r' FROM medium WHERE "
        "?1 < "
        "?2",
        "INSERT INTO proposal SELECT id, 'INTERNO', 0, '[]', ?1 FROM medium WHERE ?1 < ?2",
        "INSERT INTO device_allowed SELECT 'i' || number, id, 'C3', 'sara', 'r', ?1 FROM medium WHERE ?1 < ?2",
};

static inline void past_of(struct act *act) {
        const int64_t now = act_now(act), then = now - 1000 * DAY;
        struct error err;

        for (size_t i = 0; i < COUNT(past_rows); i++)
                if (db_exec(act->db, &err, past_rows[i], "ii", then, now) < 0)
                        stop(past_rows[i], &err);
}
