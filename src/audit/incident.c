#include "audit/incident.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "audit/internal.h"
#include "base/str.h"
#include "policy/rule.h"
#include "policy/transport.h"
#include "store/json.h"

const struct term incident_kind_terms[INCIDENT_KINDS] = {
        [INCIDENT_BREACH] = { "breach", { "brecha de datos", "data breach" } },
        [INCIDENT_SEAL] = { "seal", { "precinto distinto", "seal differs" } },
        [INCIDENT_HEADER] = { "header", { "cabecera de cifrado cambiada", "encryption header changed" } },
        [INCIDENT_INDICATOR] = { "indicator", { "indicador de manipulación", "tamper indicator" } },
        [INCIDENT_CONTENTS] = { "contents", { "contenido distinto", "contents differ" } },
        [INCIDENT_LATE] = { "late", { "límite de tránsito superado", "transit limit exceeded" } },
        [INCIDENT_NOT_LOCATED] = { "not-located", { "soporte no localizado", "medium not located" } },
        [INCIDENT_ACCESS] = { "access", { "acceso no autorizado", "unauthorised access" } },
        [INCIDENT_DAMAGE] = { "damage", { "daño", "damage" } },
        [INCIDENT_ENVIRONMENT] = { "environment", { "ambiente fuera de límites", "environment out of limits" } },
        [INCIDENT_REVIEW] = { "review",
                              { "revisión posterior de una emergencia", "later review of an emergency" } },
        [INCIDENT_OTHER] = { "other", { "otra", "other" } },
};

int incident_id_parse(const char *text, char ret[INCIDENT_ID], struct error *err) {
        char plain[INCIDENT_ID];
        size_t n = str_scanned(text, plain, sizeof plain);

        if (n < 2 || n >= sizeof plain || plain[0] != 'N' || strspn(plain + 1, "0123456789") != n - 1)
                return fail(err, ERR_USAGE, "«%s» no es el número de una incidencia, como N000001.",
                            "“%s” is not the number of an incident, such as N000001.", text);
        memcpy(ret, plain, n + 1);
        return 0;
}

/* Two formatted texts as members; cut at a character. */
static int set_text(json_t *object, const char *key, const char *format, va_list args)
        __attribute__((format(printf, 3, 0)));

static int set_text(json_t *object, const char *key, const char *format, va_list args) {
        char text[INCIDENT_WHAT];

        (void) vsnprintf(text, sizeof text, format, args);
        utf8_trim(text);
        return json_object_set_new(object, key, json_string(text));
}

int incident_fact(struct db *db, unsigned ahead, const struct incident_draft *draft, struct fact *ret,
                  struct error *err, const char *es, const char *en, ...) {
        _cleanup_json_ json_t *data = NULL;
        char id[INCIDENT_ID];
        int64_t number;
        va_list args;
        int r, failed;

        r = db_int(db, &number, err, "SELECT coalesce(max(number), 0) + 1 FROM incident", "");
        if (r < 0)
                return r;
        number += ahead;
        (void) snprintf(id, sizeof id, "N%06lld", (long long) number);
        data = json_pack("{s:s, s:I, s:s, s:s, s:o}", "id", id, "number", (json_int_t) number, "kind",
                         incident_kind_terms[draft->kind].code, "subject", draft->subject, "media",
                         draft->media ? json_deep_copy(draft->media) : json_array());
        if (!data)
                return fail_memory(err);
        va_start(args, en);
        failed = set_text(data, "what_es", es, args);
        va_end(args);
        va_start(args, en);
        failed |= set_text(data, "what_en", en, args);
        va_end(args);
        if (failed)
                return fail_memory(err);
        *ret = (struct fact){ "incident.opened", json_text(data, "id"), TAKE_PTR(data) };
        return 0;
}

int incident_open_about(struct db *db, const char *about, char ret_id[INCIDENT_ID], struct error *err) {
        _cleanup_free_ char *id = NULL;
        int r = db_text(db, &id, err,
                        "SELECT id FROM incident WHERE state = 'open' AND (subject = ?1 OR id IN "
                        "(SELECT incident FROM incident_medium WHERE medium = ?1)) ORDER BY number LIMIT 1",
                        "s", about);

        if (r < 0)
                return r;
        (void) snprintf(ret_id, INCIDENT_ID, "%s", id);
        return 0;
}

int incident_about_loss(struct db *db, const char *medium, json_t **ret, struct error *err) {
        static const char *const members[] = { "id", "kind", "state" };
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                db, &rows, err,
                "SELECT id, kind, state FROM incident WHERE (state = 'open' OR kind = 'breach') AND (subject = "
                "?1 OR id IN (SELECT incident FROM incident_medium WHERE medium = ?1)) ORDER BY number",
                "s", medium);

        while (r >= 0 && (r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, rows_to_json(rows, members, "sss")))
                        return fail_memory(err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}

int incident_refuse_open(struct db *db, const char *about, const char *rule, struct error *err) {
        char id[INCIDENT_ID];
        int r = incident_open_about(db, about, id, err);

        if (r == ERR_NOT_FOUND)
                return 0;
        if (r < 0)
                return r;
        return refuse(err, ERR_CONFLICT, rule, "La incidencia %s sobre %s está abierta.",
                      "Incident %s about %s is open.", id, about);
}

/* --- events ------------------------------------------------------------------------------------------------ */

static int apply_opened(struct db *db, const struct event *event, struct error *err) {
        const char *kind = json_text_or_empty(event->data, "kind");
        bool breach = strcmp(kind, incident_kind_terms[INCIDENT_BREACH].code) == 0;
        const json_t *medium;
        size_t i;
        int r;

        r = db_exec(db, err,
                    "INSERT INTO incident (id, number, kind, subject, what_es, what_en, state, opened, opened_by,"
                    " deadline) VALUES (?, ?, ?, ?, ?, ?, 'open', ?, ?, nullif(?, 0))",
                    "sissssisi", json_text(event->data, "id"), json_int(event->data, "number", 0), kind,
                    json_text_or_empty(event->data, "subject"), json_text_or_empty(event->data, "what_es"),
                    json_text_or_empty(event->data, "what_en"), event->time, event->actor,
                    (int64_t) (breach ? event->time + BREACH_NOTICE : 0));
        if (r < 0)
                return r;
        json_array_foreach(json_object_get(event->data, "media"), i, medium) {
                r = db_exec(db, err, "INSERT INTO incident_medium (incident, medium) VALUES (?, ?)", "ss",
                            json_text(event->data, "id"), json_string_value(medium));
                if (r < 0)
                        return r;
        }
        return 0;
}

static int apply_noted(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "INSERT INTO incident_note (incident, number, time, person, text) VALUES (?1, (SELECT "
                        "count(*) + 1 FROM incident_note WHERE incident = ?1), ?2, ?3, ?4)",
                        "siss", event->subject, event->time, event->actor, json_text_or_empty(event->data, "text"));

        return r < 0 ? r : 0;
}

static int apply_closed(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "UPDATE incident SET state = 'closed', closed = ?, closed_by = ?, resolution = ?, "
                        "assessment = ? WHERE id = ?",
                        "issss", event->time, event->actor, json_text_or_empty(event->data, "resolution"),
                        json_text(event->data, "assessment"), event->subject);

        return r < 0 ? r : 0;
}

const struct event_type incident_events[] = {
        { "incident.opened", apply_opened },
        { "incident.noted", apply_noted },
        { "incident.closed", apply_closed },
};
_Static_assert(COUNT(incident_events) == INCIDENT_EVENTS, "all events are offered");
