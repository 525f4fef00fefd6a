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
        [CERTIFICATE_SUPERSEDED] = { "superseded", { "sustituido", "superseded" } },
};

static const char *const members[] = {
        "number",     "medium",        "kind",   "source",      "source_seq", "state",
        "executor",   "supervisor",    "issued", "issued_by",   "issued_seq", "twin",
        "original",   "pdf",           "signed", "revoked",     "revoked_by", "revocation",
        "supersedes", "superseded_by", "review", "replacement",
};
#define MEMBER_TYPES                                                                                               \
        "ssssi"                                                                                                    \
        "ssst"                                                                                                     \
        "sisss"                                                                                                    \
        "itss"                                                                                                     \
        "ss"                                                                                                       \
        "ts"
_Static_assert(sizeof MEMBER_TYPES - 1 == COUNT(members), "a type for each member");

/* Rows of a query as an array member. */
static int add_list(json_t *into, const char *key, struct rows *rows, const char *const *names, const char *types,
                    struct error *err) {
        json_t *list = json_array();
        int r;

        if (!list || json_object_set_new(into, key, list))
                return fail_memory(err);
        while ((r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, rows_to_json(rows, names, types)))
                        return fail_memory(err);
        return r;
}

static int read_signatures(struct db *db, const char *number, json_t *into, struct error *err) {
        static const char *const names[] = { "field",       "person",  "name",      "time",     "sha256",
                                             "fingerprint", "stamped", "authority", "unstamped" };
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err,
                         "SELECT field, person, name, time, pdf, fingerprint, stamped, authority, unstamped "
                         "FROM certificate_signature WHERE number = ? ORDER BY position",
                         "s", number);

        return r < 0 ? r : add_list(into, "signatures", rows, names, "ssstsstss", err);
}

static int read_media(struct db *db, const char *number, json_t *into, struct error *err) {
        static const char *const names[] = { "medium", "source", "source_seq" };
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err,
                         "SELECT medium, source, source_seq FROM certificate_covers WHERE number = ? "
                         "ORDER BY position",
                         "s", number);

        return r < 0 ? r : add_list(into, "media", rows, names, "ssi", err);
}

int certify_load(struct db *db, const char *number, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *certificate = NULL;
        int r = db_query(
                db, &rows, err,
                "SELECT number, medium, kind, source, source_seq, state, executor, supervisor, issued, issued_by, "
                "issued_seq, twin, original, pdf, signed, revoked, revoked_by, revocation, supersedes, "
                "superseded_by, review, (SELECT n.number FROM certificate n WHERE n.supersedes = "
                "certificate.number AND n.state = 'unsigned' AND certificate.state IN ('unsigned', 'valid')) "
                "FROM certificate "
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
        if (r == 0)
                r = read_media(db, number, certificate, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(certificate);
        return 0;
}

int certify_demand_live(const json_t *certificate, struct error *err) {
        const char *state = json_text_or_empty(certificate, "state"), *number = json_text(certificate, "number");

        if (strcmp(state, certificate_state_terms[CERTIFICATE_REVOKED].code) == 0)
                return refuse(err, ERR_CONFLICT, "S9", "El certificado %s ya está revocado.",
                              "Certificate %s is revoked already.", number);
        if (strcmp(state, certificate_state_terms[CERTIFICATE_SUPERSEDED].code) == 0)
                return refuse(err, ERR_CONFLICT, "S9", "Al certificado %s lo sustituye %s.",
                              "Certificate %s is superseded by %s.", number,
                              json_text_or_empty(certificate, "superseded_by"));
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
                            "SELECT c.number FROM certificate c JOIN certificate_covers m USING (number) "
                            "WHERE m.medium = ? ORDER BY c.issued DESC, c.ordinal DESC LIMIT 1",
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

static int add_medium(struct db *db, const struct event *event, int64_t position, struct error *err) {
        return one_row(db_exec(db, err,
                               "INSERT INTO certificate_covers (number, position, medium, source, source_seq) "
                               "VALUES (?, ?, ?, ?, ?)",
                               "sissi", number_of(event), position, event->subject,
                               json_text(event->data, "source"), json_int(event->data, "source_seq", 0)),
                       event, err);
}

/* S9: numbers have no gap. The row is only made when its ordinal is the next of its year. */
static int apply_issued(struct db *db, const struct event *event, struct error *err) {
        const json_t *d = event->data;
        int64_t year = json_int(d, "year", 0), ordinal = json_int(d, "ordinal", 0);
        int r = one_row(
                db_exec(db, err,
                        "INSERT INTO certificate (number, year, ordinal, medium, kind, source, source_seq, state, "
                        "executor, supervisor, issued, issued_by, issued_seq, twin, original, pdf, supersedes) "
                        "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, 'unsigned', ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14, ?15 "
                        "WHERE ?3 = (SELECT coalesce(max(ordinal), 0) + 1 FROM certificate WHERE year = ?2)",
                        "siisssissisisss", number_of(event), year, ordinal, event->subject, json_text(d, "kind"),
                        json_text(d, "source"), json_int(d, "source_seq", 0), json_text(d, "executor"),
                        json_text(d, "supervisor"), event->time, event->actor, event->seq, json_text(d, "twin"),
                        json_text(d, "pdf"), json_text(d, "supersedes")),
                event, err);

        return r < 0 ? r : add_medium(db, event, 1, err);
}

/* Each further medium of a certificate has this in its history. */
static int apply_covered(struct db *db, const struct event *event, struct error *err) {
        return add_medium(db, event, json_int(event->data, "position", 0), err);
}

static int apply_signed(struct db *db, const struct event *event, struct error *err) {
        const json_t *d = event->data;
        int64_t position = json_int(d, "position", 0), stamped;
        bool stamp = json_text(d, "stamped") && time_parse(json_text(d, "stamped"), &stamped) == 0;
        int r = one_row(db_exec(db, err,
                                "UPDATE certificate SET pdf = ?, signed = ?, state = CASE WHEN ?2 = 3 THEN 'valid' "
                                "ELSE state END WHERE number = ?3 AND state = 'unsigned' AND signed = ?2 - 1",
                                "sis", json_text(d, "pdf"), position, number_of(event)),
                        event, err);

        if (r == 0)
                r = one_row(db_exec(db, err,
                                    "INSERT INTO certificate_signature (number, position, field, person, name, "
                                    "time, pdf, fingerprint, authority, unstamped) "
                                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                    "sisssissss", number_of(event), position, json_text(d, "field"), event->actor,
                                    json_text(d, "name"), event->time, json_text(d, "pdf"),
                                    json_text(d, "fingerprint"), json_text(d, "authority"),
                                    json_text(d, "unstamped")),
                            event, err);
        if (r == 0 && stamp)
                r = one_row(
                        db_exec(db, err,
                                "UPDATE certificate_signature SET stamped = ? WHERE number = ? AND position = ?",
                                "isi", stamped, number_of(event), position),
                        event, err);
        return r;
}

/* A time-stamp that came later changes the file, which stays the same document. */
static int apply_timestamped(struct db *db, const struct event *event, struct error *err) {
        const json_t *d = event->data;
        int64_t position = json_int(d, "position", 0), stamped = 0;
        int r = time_parse(json_text_or_empty(d, "stamped"), &stamped) < 0
                        ? fail(err, ERR_VERIFY, "El sello de tiempo no tiene hora.", "The time-stamp has no time.")
                        : 0;

        if (r == 0)
                r = one_row(db_exec(db, err, "UPDATE certificate SET pdf = ? WHERE number = ? AND signed = ?",
                                    "ssi", json_text(d, "pdf"), number_of(event), position),
                            event, err);
        if (r == 0)
                r = one_row(db_exec(db, err,
                                    "UPDATE certificate_signature SET pdf = ?, stamped = ?, authority = ? "
                                    "WHERE number = ? AND position = ? AND stamped IS NULL",
                                    "sissi", json_text(d, "pdf"), stamped, json_text(d, "authority"),
                                    number_of(event), position),
                            event, err);
        return r;
}

static int apply_superseded(struct db *db, const struct event *event, struct error *err) {
        return one_row(db_exec(db, err,
                               "UPDATE certificate SET state = 'superseded', superseded_by = ?, revocation = ? "
                               "WHERE number = ? AND state IN ('unsigned', 'valid')",
                               "sss", json_text(event->data, "by"), json_text(event->data, "reason"),
                               number_of(event)),
                       event, err);
}

static int apply_revoked(struct db *db, const struct event *event, struct error *err) {
        return one_row(
                db_exec(db, err,
                        "UPDATE certificate SET state = 'revoked', revoked = ?, revoked_by = ?, revocation = ? "
                        "WHERE number = ? AND state IN ('unsigned', 'valid')",
                        "isss", event->time, event->actor, json_text(event->data, "reason"), number_of(event)),
                event, err);
}

/* S4.3: what was certified is in doubt since somebody who answers for it did not accept it. Only a revocation ends
 * that: the medium is wiped again or destroyed, and has another certificate then. */
static int apply_doubted(struct db *db, const struct event *event, struct error *err) {
        int r;

        if (strcmp(json_text_or_empty(event->data, "decision"), "accept") == 0)
                return 0;
        r = db_exec(db, err,
                    "UPDATE certificate SET review = coalesce(review, ?) WHERE number IN (SELECT number FROM "
                    "certificate_covers WHERE source = ?)",
                    "is", event->time, json_text(event->data, "job"));
        return r < 0 ? r : 0;
}

const struct event_type certificate_events[] = {
        { "certificate.issued", apply_issued },         { "certificate.covered", apply_covered },
        { "certificate.signed", apply_signed },         { "certificate.timestamped", apply_timestamped },
        { "certificate.superseded", apply_superseded }, { "certificate.revoked", apply_revoked },
        { "sanitization.validated", apply_doubted },
};
_Static_assert(COUNT(certificate_events) == CERTIFICATE_EVENTS, "all events are offered");
