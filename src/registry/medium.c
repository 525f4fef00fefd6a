#include "registry/medium.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "device/facts.h"
#include "ledger/event.h"
#include "policy/rule.h"
#include "registry/medium_id.h"
#include "registry/medium_sql.h"

const struct term medium_state_terms[MEDIUM_STATES] = {
        [MEDIUM_IN_CUSTODY] = { "in-custody", { "en custodia", "in custody" } },
        [MEDIUM_ON_LOAN] = { "on-loan", { "prestado", "on loan" } },
        [MEDIUM_IN_TRANSIT] = { "in-transit", { "en tránsito", "in transit" } },
        [MEDIUM_LOST] = { "lost", { "perdido", "lost" } },
        [MEDIUM_SANITIZED] = { "sanitized", { "saneado", "sanitized" } },
        [MEDIUM_UNSANITIZED] = { "unsanitized", { "no saneado", "not sanitized" } },
        [MEDIUM_DESTROYED] = { "destroyed", { "destruido", "destroyed" } },
        [MEDIUM_RETIRED] = { "retired", { "retirado", "retired" } },
        [MEDIUM_QUARANTINED] = { "quarantined", { "en cuarentena", "quarantined" } },
};

const struct term medium_label_terms[MEDIUM_LABELS] = {
        { "none", { "sin etiqueta", "none" } },
        { "valid", { "vigente", "valid" } },
        { "void", { "anulada", "void" } },
};

const struct term medium_name_terms[MEDIUM_NAMES] = {
        { "id", { "identificador", "ID" } },
        { "serial", { "número de serie", "serial number" } },
        { "wwn", { "WWN", "WWN" } },
        { "luks-uuid", { "UUID de LUKS", "LUKS UUID" } },
        { "epc", { "EPC", "EPC" } },
        { "tamper", { "indicador de manipulación", "tamper indicator" } },
        { "insertion", { "esta misma inserción", "this same insertion" } },
};

bool medium_is_here(enum medium_state state) {
        return state == MEDIUM_IN_CUSTODY || state == MEDIUM_SANITIZED || state == MEDIUM_UNSANITIZED ||
               state == MEDIUM_QUARANTINED;
}

/* --- from and to rows -------------------------------------------------------------------------------------- */

#define TAKE(field, column) (void) snprintf(medium.field, sizeof medium.field, "%s", rows_text(rows, column))

static int known_term(const struct term *terms, size_t n, const char *code, int *ret, struct error *err) {
        int index = term_parse(terms, n, code);

        if (index < 0)
                return fail(err, ERR_VERIFY, "El registro contiene un valor desconocido: «%.40s».",
                            "The registry holds an unknown value: “%.40s”.", code);
        *ret = index;
        return 0;
}

int medium_from_row(const struct rows *rows, struct medium *ret, struct error *err) {
        struct medium medium = { 0 };
        int kind, classification, category, state, r;

        r = known_term(medium_kind_terms, MEDIUM_KINDS, rows_text(rows, 1), &kind, err);
        if (r == 0)
                r = known_term(classification_terms, CLASSIFICATIONS, rows_text(rows, 2), &classification, err);
        if (r == 0)
                r = known_term(category_terms, CATEGORIES, rows_text(rows, 3), &category, err);
        if (r == 0)
                r = known_term(medium_state_terms, MEDIUM_STATES, rows_text(rows, 4), &state, err);
        if (r < 0)
                return r;
        medium.kind = (enum medium_kind) kind;
        medium.classification = (enum classification) classification;
        medium.category = (enum category) category;
        medium.state = (enum medium_state) state;
        TAKE(id, 0);
        medium.health = rows_int(rows, 5);
        TAKE(owner, 6);
        TAKE(created, 7);
        TAKE(expires, 8);
        medium.retention_days = rows_int(rows, 9);
        TAKE(location, 10);
        TAKE(holder, 11);
        TAKE(model, 12);
        TAKE(vendor, 13);
        TAKE(serial, 14);
        TAKE(wwn, 15);
        TAKE(insertion, 16);
        medium.size = rows_int(rows, 17);
        TAKE(luks_uuid, 18);
        medium.luks_seqid = rows_int(rows, 19);
        TAKE(header_digest, 20);
        TAKE(key_id, 21);
        medium.filled = rows_int(rows, 22);
        TAKE(epc, 23);
        TAKE(tamper, 24);
        TAKE(label_state, 25);
        medium.label_revision = rows_int(rows, 26);
        TAKE(note, 27);
        medium.whole_size = rows_int(rows, 28);
        TAKE(destruction, 29);
        *ret = medium;
        return 0;
}

int medium_load(struct db *db, const char *id, struct medium *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, "SELECT " MEDIUM_COLUMNS " FROM medium WHERE id = ?", "s", id);

        if (r == 0)
                r = rows_next(rows, err);
        if (r == 0) {
                (void) fail(err, ERR_NOT_FOUND, "No hay ningún soporte «%.60s».", "There is no medium “%.60s”.",
                            id);
                return hint(err, "Vea «mpsi media list».", "See “mpsi media list”.");
        }
        return r < 0 ? r : medium_from_row(rows, ret, err);
}

int medium_refuse_doomed(const struct medium *medium, struct error *err) {
        if (!*medium->destruction)
                return 0;
        return refuse(err, ERR_CONFLICT, "S12", "La destrucción %s del soporte %s está aprobada.",
                      "Destruction %s of medium %s is approved.", medium->destruction, medium->id);
}

json_t *medium_to_json(const struct medium *m) {
        json_t *json = json_pack(
                "{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:I, s:s, s:s}", "id", m->id, "kind",
                medium_kind_terms[m->kind].code, "classification", classification_terms[m->classification].code,
                "category", category_terms[m->category].code, "state", medium_state_terms[m->state].code, "health",
                m->health, "owner", m->owner, "created", m->created, "expires", m->expires, "retention_days",
                (json_int_t) m->retention_days, "location", m->location, "holder", m->holder);
        json_t *more = json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:I, s:s}", "model",
                                 m->model, "vendor", m->vendor, "serial", m->serial, "wwn", m->wwn, "size",
                                 (json_int_t) m->size, "luks_uuid", m->luks_uuid, "header_digest", m->header_digest,
                                 "key_id", m->key_id, "filled", m->filled, "epc", m->epc, "tamper", m->tamper,
                                 "label_state", m->label_state, "label_revision", (json_int_t) m->label_revision,
                                 "note", m->note);

        if (!json || !more || json_object_update_new(json, more) < 0) {
                json_decref(json);
                return NULL;
        }
        return json;
}

/* --- finding ----------------------------------------------------------------------------------------------- */

/* The one medium that a query finds; several are a conflict that names two of them. */
static int find_by(struct db *db, const char *sql, const char *value, char ret_id[MEDIUM_ID_TEXT],
                   struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        char id[MEDIUM_ID_TEXT];
        int r = str_empty(value) ? ERR_NOT_FOUND : db_query(db, &rows, err, sql, "s", value);

        if (r < 0)
                return r;
        r = rows_next(rows, err);
        if (r <= 0)
                return r < 0 ? r : ERR_NOT_FOUND;
        (void) snprintf(id, sizeof id, "%s", rows_text(rows, 0));
        r = rows_next(rows, err);
        if (r > 0) {
                (void) fail(err, ERR_CONFLICT, "«%.60s» es de varios soportes: %s y %s.",
                            "“%.60s” belongs to several media: %s and %s.", value, id, rows_text(rows, 0));
                return hint(err, "Dígalo por su identificador.", "Name it by its ID.");
        }
        if (r == 0)
                memcpy(ret_id, id, sizeof id);
        return r;
}

#define ALIVE " AND state NOT IN ('destroyed')"

enum { WAYS = 4 };

/* By each sign: what finds the media that have it, and what finds one that has it when the medium found so far does
 * not: two disks in the same dock show one serial number, and that is then no sign of the other. */
static const struct {
        const char *how, *sql, *others;
} signs[WAYS] = {
#define WAY(name, column)                                                                                          \
        {                                                                                                          \
                name, "SELECT id FROM medium WHERE " column " = ?1 AND " column " <> ''" ALIVE " LIMIT 2",         \
                        "SELECT id FROM medium WHERE " column " = ?1 AND " column " <> ''" ALIVE                   \
                        " AND NOT EXISTS (SELECT 1 FROM medium WHERE id = ?2 AND " column " = ?1) LIMIT 1"         \
        }
        WAY("luks-uuid", "luks_uuid"),
        WAY("wwn", "wwn"),
        WAY("serial", "serial"),
        WAY("insertion", "insertion"),
#undef WAY
};

/* S6: no weaker sign may belong to another medium than the strongest one's. */
static int no_other_medium(struct db *db, const struct device_facts *facts, const char *const values[WAYS],
                           size_t found, const char *id, struct error *err) {
        for (size_t i = found + 1; i < WAYS; i++) {
                _cleanup_rows_ struct rows *rows = NULL;
                int r = str_empty(values[i]) ? 0 : db_query(db, &rows, err, signs[i].others, "ss", values[i], id);

                if (r == 0 && rows)
                        r = rows_next(rows, err);
                if (r > 0)
                        return refuse(err, ERR_REFUSED, "S6", "«%s» dice ser dos soportes: %s por %s y %s por %s.",
                                      "“%s” claims to be two media: %s by its %s and %s by its %s.", facts->path,
                                      id, signs[found].how, rows_text(rows, 0), signs[i].how);
                if (r < 0)
                        return r;
        }
        return 0;
}

int medium_of_device(struct db *db, const struct device_facts *facts, char ret_id[MEDIUM_ID_TEXT],
                     const char **ret_how, struct error *err) {
        const char *const values[WAYS] = { facts->luks_uuid, facts->wwn, facts->serial, facts->insertion };
        char id[MEDIUM_ID_TEXT];

        for (size_t i = 0; i < WAYS; i++) {
                int r = find_by(db, signs[i].sql, values[i], id, err);

                if (r == ERR_NOT_FOUND)
                        continue;
                if (r == 0)
                        r = no_other_medium(db, facts, values, i, id, err);
                if (ret_how)
                        *ret_how = signs[i].how;
                if (r == 0)
                        memcpy(ret_id, id, sizeof id);
                return r;
        }
        return fail(err, ERR_NOT_FOUND, "El dispositivo %s no es de ningún soporte registrado.",
                    "Device %s belongs to no registered medium.", facts->path);
}

static int resolve_device(struct db *db, const char *path, char ret_id[MEDIUM_ID_TEXT], const char **ret_how,
                          struct error *err) {
        struct device_facts facts;
        int r = device_facts_read(path, NULL, &facts, err);

        return r < 0 ? r : medium_of_device(db, &facts, ret_id, ret_how, err);
}

/* An ID alone, or in front of what a label's code carries behind it. */
static bool leading_id(const char *normal, char out[MEDIUM_ID_TEXT]) {
        for (size_t n = 11; n <= 13 && strlen(normal) >= n; n++) {
                memcpy(out, normal, n);
                out[n] = '\0';
                if (medium_id_valid(out))
                        return true;
        }
        return false;
}

int medium_resolve(struct db *db, const char *text, char ret_id[MEDIUM_ID_TEXT], const char **ret_how,
                   struct error *err) {
        static const struct {
                const char *how, *sql;
        } ways[] = {
                { "serial", "SELECT id FROM medium WHERE serial = ? AND serial <> \'\' LIMIT 2" },
                { "wwn", "SELECT id FROM medium WHERE wwn = ? AND wwn <> \'\' LIMIT 2" },
                { "luks-uuid", "SELECT id FROM medium WHERE luks_uuid = lower(?) AND luks_uuid <> \'\' LIMIT 2" },
                { "epc", "SELECT id FROM medium WHERE epc = upper(?) AND epc <> \'\' LIMIT 2" },
                { "tamper", "SELECT id FROM medium WHERE tamper = ? AND tamper <> \'\' LIMIT 2" },
        };
        char normal[64], id[MEDIUM_ID_TEXT];
        int r;

        medium_id_normalise(text, normal, sizeof normal);
        if (leading_id(normal, id)) {
                r = find_by(db, "SELECT id FROM medium WHERE id = ?", id, ret_id, err);
                if (r == 0 && ret_how)
                        *ret_how = "id";
                if (r != ERR_NOT_FOUND)
                        return r;
        }
        if (text[0] == '/')
                return resolve_device(db, text, ret_id, ret_how, err);
        for (size_t i = 0; i < COUNT(ways); i++) {
                r = find_by(db, ways[i].sql, text, ret_id, err);
                if (r != ERR_NOT_FOUND) {
                        if (r == 0 && ret_how)
                                *ret_how = ways[i].how;
                        return r;
                }
        }
        (void) fail(err, ERR_NOT_FOUND, "No hay ningún soporte que se llame «%.60s».",
                    "There is no medium called “%.60s”.", text);
        return hint(err, "Sirven su identificador, serie, WWN, UUID de LUKS, EPC o dispositivo.",
                    "Its ID, serial, WWN, LUKS UUID, EPC or device will do.");
}

/* --- changes that other rooms' events make ------------------------------------------------------------------ */

static int one_row(int changed, const char *id, struct error *err) {
        if (changed == 1 || changed < 0)
                return changed < 0 ? changed : 0;
        return fail(err, ERR_NOT_FOUND, "No hay ningún soporte «%.60s».", "There is no medium “%.60s”.", id);
}

int medium_apply_state(struct db *db, const char *id, enum medium_state state, const char *holder,
                       struct error *err) {
        return one_row(db_exec(db, err, "UPDATE medium SET state = ?, holder = ? WHERE id = ?", "sss",
                               medium_state_terms[state].code, holder ? holder : "", id),
                       id, err);
}

int medium_apply_location(struct db *db, const char *id, const char *location, struct error *err) {
        return one_row(db_exec(db, err, "UPDATE medium SET location = ? WHERE id = ?", "ss", location, id), id,
                       err);
}

int medium_apply_luks(struct db *db, const char *id, const char *luks_uuid, int64_t seqid,
                      const char *header_digest, const char *key_id, bool filled, struct error *err) {
        return one_row(db_exec(db, err,
                               "UPDATE medium SET luks_uuid = ?, luks_seqid = ?, header_digest = ?, key_id = ?, "
                               "filled = ? "
                               "WHERE id = ?",
                               "sissis", luks_uuid, seqid, header_digest, key_id, (int64_t) filled, id),
                       id, err);
}

int medium_apply_label(struct db *db, const char *id, const char *label_state, int64_t revision,
                       struct error *err) {
        return one_row(db_exec(db, err, "UPDATE medium SET label_state = ?, label_revision = ? WHERE id = ?", "sis",
                               label_state, revision, id),
                       id, err);
}

int medium_apply_sizes(struct db *db, const char *id, int64_t size, int64_t whole, struct error *err) {
        return one_row(
                db_exec(db, err, "UPDATE medium SET size = ?, whole_size = ? WHERE id = ?", "iis", size, whole, id),
                id, err);
}

int medium_apply_destruction(struct db *db, const char *id, const char *destruction, struct error *err) {
        return one_row(db_exec(db, err, "UPDATE medium SET destruction = ? WHERE id = ?", "ss", destruction, id),
                       id, err);
}

int medium_apply_insertion(struct db *db, const char *id, const char *insertion, struct error *err) {
        return one_row(db_exec(db, err, "UPDATE medium SET insertion = ? WHERE id = ?", "ss", insertion, id), id,
                       err);
}
