/* The table of certificates: read for the verbs, and written only by the events. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "certify/internal.h"
#include "policy/rule.h"
#include "store/json.h"

const char *const signature_fields[SIGNATURES] = { "executor", "supervisor", "organisation" };

const struct term signature_terms[SIGNATURES] = {
        [SIGN_EXECUTOR] = { "executor", { "ejecutor", "executor" } },
        [SIGN_SUPERVISOR] = { "supervisor", { "supervisor", "supervisor" } },
        [SIGN_SEAL] = { "seal", { "sello de la organización", "organisation's seal" } },
};

const struct term certificate_state_terms[CERTIFICATE_STATES] = {
        [CERTIFICATE_UNSIGNED] = { "unsigned", { "pendiente de firma", "waiting for signatures" } },
        [CERTIFICATE_VALID] = { "valid", { "válido", "valid" } },
        [CERTIFICATE_REVOKED] = { "revoked", { "revocado", "revoked" } },
};

static const char *const members[] = {
        "number",   "medium",     "kind",   "source",    "source_seq", "state",
        "executor", "supervisor", "issued", "issued_by", "issued_seq", "twin",
        "original", "pdf",        "signed", "revoked",   "revoked_by", "revocation",
};
#define MEMBER_TYPES                                                                                               \
        "ssssi"                                                                                                    \
        "ssst"                                                                                                     \
        "sisss"                                                                                                    \
        "itss"
_Static_assert(sizeof MEMBER_TYPES - 1 == COUNT(members), "a type for each member");

static int read_signatures(struct db *db, const char *number, json_t *into, struct error *err) {
        static const char *const names[] = { "field", "person", "name", "time", "sha256", "fingerprint" };
        _cleanup_rows_ struct rows *rows = NULL;
        json_t *list = json_array();
        int r;

        if (!list || json_object_set_new(into, "signatures", list))
                return fail_memory(err);
        r = db_query(
                db, &rows, err,
                "SELECT field, person, name, time, pdf, fingerprint FROM certificate_signature WHERE number = ? "
                "ORDER BY position",
                "s", number);
        while (r >= 0 && (r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, rows_to_json(rows, names, "ssstss")))
                        return fail_memory(err);
        return r;
}

int certify_load(struct db *db, const char *number, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *certificate = NULL;
        int r = db_query(
                db, &rows, err,
                "SELECT number, medium, kind, source, source_seq, state, executor, supervisor, issued, issued_by, "
                "issued_seq, twin, original, pdf, signed, revoked, revoked_by, revocation FROM certificate "
                "WHERE number = ?",
                "s", number);

        if (r < 0)
                return r;
        r = rows_next(rows, err);
        if (r <= 0)
                return r < 0 ? r
                             : fail(err, ERR_NOT_FOUND, "No existe el certificado %s.",
                                    "There is no certificate %s.", number);
        certificate = rows_to_json(rows, members, MEMBER_TYPES);
        if (!certificate)
                return fail_memory(err);
        r = read_signatures(db, number, certificate, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(certificate);
        return 0;
}

/* Letters and digits only, upper case: what a scanner on any layout leaves of a number. */
static void plain(const char *text, char out[CERTIFICATE_NUMBER]) {
        size_t n = 0;

        for (; *text && n + 1 < CERTIFICATE_NUMBER; text++)
                if (isalnum((unsigned char) *text))
                        out[n++] = (char) toupper((unsigned char) *text);
        out[n] = '\0';
}

int certify_find(struct act *act, const char *text, json_t **ret, struct error *err) {
        _cleanup_free_ char *number = NULL;
        char wanted[CERTIFICATE_NUMBER], medium[MEDIUM_ID_TEXT];
        int r;

        plain(text, wanted);
        r = db_text(act->db, &number, err, "SELECT number FROM certificate WHERE replace(number, '-', '') = ?", "s",
                    wanted);
        if (r == ERR_NOT_FOUND) {
                if (medium_resolve(act->db, text, medium, NULL, NULL) < 0)
                        return fail(err, ERR_NOT_FOUND, "No existe el certificado %s.",
                                    "There is no certificate %s.", text);
                r = db_text(act->db, &number, err,
                            "SELECT number FROM certificate WHERE medium = ? ORDER BY issued DESC, ordinal DESC "
                            "LIMIT 1",
                            "s", medium);
                if (r == ERR_NOT_FOUND)
                        return fail(err, r, "El soporte %s no tiene certificado.", "Medium %s has no certificate.",
                                    medium);
        }
        return r < 0 ? r : certify_load(act->db, number, ret, err);
}

/* --- events: their subject is the medium, so that its history shows them ------------------------------------- */

static const char *number_of(const struct event *event) {
        return json_text_or_empty(event->data, "number");
}

static int one_row(int changed, const struct event *event, struct error *err) {
        if (changed < 0)
                return changed;
        return changed == 1 ? 0
                            : fail(err, ERR_CONFLICT, "El certificado %s no está en un estado que lo permita.",
                                   "Certificate %s is not in a state that allows it.", number_of(event));
}

/* S9: numbers have no gap. The row is only made when its ordinal is the next of its year. */
static int apply_issued(struct db *db, const struct event *event, struct error *err) {
        const json_t *d = event->data;
        int64_t year = json_int(d, "year", 0), ordinal = json_int(d, "ordinal", 0);

        return one_row(
                db_exec(db, err,
                        "INSERT INTO certificate (number, year, ordinal, medium, kind, source, source_seq, state, "
                        "executor, supervisor, issued, issued_by, issued_seq, twin, original, pdf) "
                        "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, 'unsigned', ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14 "
                        "WHERE ?3 = (SELECT coalesce(max(ordinal), 0) + 1 FROM certificate WHERE year = ?2)",
                        "siisssissisiss", number_of(event), year, ordinal, event->subject, json_text(d, "kind"),
                        json_text(d, "source"), json_int(d, "source_seq", 0), json_text(d, "executor"),
                        json_text(d, "supervisor"), event->time, event->actor, event->seq, json_text(d, "twin"),
                        json_text(d, "pdf")),
                event, err);
}

static int apply_signed(struct db *db, const struct event *event, struct error *err) {
        const json_t *d = event->data;
        int64_t position = json_int(d, "position", 0);
        int r = one_row(db_exec(db, err,
                                "UPDATE certificate SET pdf = ?, signed = ?, state = CASE WHEN ?2 = 3 THEN 'valid' "
                                "ELSE state END WHERE number = ?3 AND state = 'unsigned' AND signed = ?2 - 1",
                                "sis", json_text(d, "pdf"), position, number_of(event)),
                        event, err);

        if (r == 0)
                r = one_row(db_exec(db, err,
                                    "INSERT INTO certificate_signature (number, position, field, person, name, "
                                    "time, pdf, "
                                    "fingerprint) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                                    "sisssiss", number_of(event), position, json_text(d, "field"), event->actor,
                                    json_text(d, "name"), event->time, json_text(d, "pdf"),
                                    json_text(d, "fingerprint")),
                            event, err);
        return r;
}

static int apply_revoked(struct db *db, const struct event *event, struct error *err) {
        return one_row(
                db_exec(db, err,
                        "UPDATE certificate SET state = 'revoked', revoked = ?, revoked_by = ?, revocation = ? "
                        "WHERE number = ? AND state <> 'revoked'",
                        "isss", event->time, event->actor, json_text(event->data, "reason"), number_of(event)),
                event, err);
}

const struct event_type certificate_events[] = {
        { "certificate.issued", apply_issued },
        { "certificate.signed", apply_signed },
        { "certificate.revoked", apply_revoked },
};
_Static_assert(COUNT(certificate_events) == CERTIFICATE_EVENTS, "all events are offered");
