#include <stdio.h>
#include <string.h>

#include "audit/internal.h"
#include "base/str.h"
#include "policy/custody.h"

static const struct param open_params[] = {
        { "kind", PARAM_TERM, PARAM_REQUIRED, HELP("tipo de incidencia", "kind of incident"), 0, 0,
          incident_kind_terms, INCIDENT_KINDS },
        { "what", PARAM_TEXT, PARAM_REQUIRED, HELP("qué ha pasado", "what happened"), 0, INCIDENT_WHAT / 4, NULL,
          0 },
        { "media", PARAM_MEDIUM, PARAM_REPEATED, HELP("soporte afectado", "affected medium"), 0, 0, NULL, 0 },
        { "about", PARAM_TEXT, 0, HELP("préstamo, envío o ubicación", "loan, shipment or location"), 0, 40, NULL,
          0 },
};

static const struct param note_params[] = {
        { "incident", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("incidencia", "incident"), 0, 40, NULL,
          0 },
        { "text", PARAM_TEXT, PARAM_REQUIRED, HELP("lo averiguado o hecho", "what was found or done"), 0, 1000,
          NULL, 0 },
};

static const struct param close_params[] = {
        { "incident", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("incidencia", "incident"), 0, 40, NULL,
          0 },
        { "resolution", PARAM_TEXT, PARAM_REQUIRED, HELP("cómo se resolvió", "how it was resolved"), 0, 1000, NULL,
          0 },
        { "assessment", PARAM_TEXT, 0,
          HELP("evaluación de la brecha: notificada y cuándo, o por qué no",
               "assessment of the breach: notified and when, or why not"),
          0, 1000, NULL, 0 },
};

static const struct param show_params[] = {
        { "incident", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("incidencia", "incident"), 0, 40, NULL,
          0 },
        { "draft", PARAM_OUTPUT, 0,
          HELP("borrador de la notificación de una brecha", "draft of the notification of a breach"), 0, 0, NULL,
          0 },
};

static const struct param list_params[] = {
        { "open", PARAM_FLAG, 0, HELP("solo las abiertas", "open ones only"), 0, 0, NULL, 0 },
        { "about", PARAM_TEXT, 0, HELP("solo las de este asunto o soporte", "only about this subject or medium"), 0,
          40, NULL, 0 },
};

static const struct term incident_state_terms[] = {
        { "open", { "abierta", "open" } },
        { "closed", { "cerrada", "closed" } },
};
static const struct column list_columns[] = {
        { "id", HELP("INCIDENCIA", "INCIDENT") },
        { "kind", CODES("TIPO", "KIND", incident_kind_terms) },
        { "subject", HELP("ASUNTO", "SUBJECT") },
        { "state", CODES("ESTADO", "STATE", incident_state_terms) },
        { "opened", HELP("ABIERTA", "OPENED") },
        { "opened_by", HELP("POR", "BY") },
        { "deadline", HELP("NOTIFICAR ANTES DE", "NOTIFY BY") },
        { "what", HELP("QUÉ PASÓ", "WHAT HAPPENED") },
};

static const struct column show_columns[] = {
        { "id", HELP("INCIDENCIA", "INCIDENT") },
        { "kind", CODES("TIPO", "KIND", incident_kind_terms) },
        { "subject", HELP("ASUNTO", "SUBJECT") },
        { "media", HELP("SOPORTES", "MEDIA") },
        { "what", HELP("QUÉ PASÓ", "WHAT HAPPENED") },
        { "state", CODES("ESTADO", "STATE", incident_state_terms) },
        { "opened_by", HELP("POR", "BY") },
        { "opened", HELP("ABIERTA", "OPENED") },
        { "deadline", HELP("NOTIFICAR ANTES DE", "NOTIFY BY") },
        { "notes", HELP("NOTAS", "NOTES") },
        { "closed_by", HELP("CIERRA", "CLOSED BY") },
        { "closed", HELP("CERRADA", "CLOSED") },
        { "resolution", HELP("RESOLUCIÓN", "RESOLUTION") },
        { "assessment", HELP("EVALUACIÓN", "ASSESSMENT") },
};

static int set_moment(json_t *object, const char *key, const struct rows *rows, int column) {
        char text[TIME_TEXT];

        if (rows_null(rows, column))
                return 0;
        time_format(rows_int(rows, column), text);
        return json_object_set_new(object, key, json_string(text));
}

#define INCIDENT_COLUMNS                                                                                           \
        "id, kind, subject, state, what_es, what_en, opened, opened_by, deadline, closed, closed_by, resolution, " \
        "assessment"

static json_t *incident_row(const struct act *act, const struct rows *rows) {
        json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s*, s:s*, s:s*}", "id",
                                rows_text(rows, 0), "kind", rows_text(rows, 1), "subject", rows_text(rows, 2),
                                "state", rows_text(rows, 3), "what_es", rows_text(rows, 4), "what_en",
                                rows_text(rows, 5), "what", rows_text(rows, act->lang == LANG_EN ? 5 : 4),
                                "opened_by", rows_text(rows, 7), "closed_by", rows_text(rows, 10), "resolution",
                                rows_text(rows, 11), "assessment", rows_text(rows, 12));

        if (row && (set_moment(row, "opened", rows, 6) || set_moment(row, "deadline", rows, 8) ||
                    set_moment(row, "closed", rows, 9))) {
                json_decref(row);
                return NULL;
        }
        return row;
}

/* The incident as it is, with its media and notes. */
static int incident_load(struct act *act, const char *text, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *incident = NULL, *media = json_array(), *notes = json_array();
        char id[INCIDENT_ID];
        struct rows *rows;
        int r;

        r = incident_id_parse(text, id, err);
        if (r < 0)
                return r;
        r = db_query(act->db, &rows, err, "SELECT " INCIDENT_COLUMNS " FROM incident WHERE id = ?", "s", id);
        if (r < 0)
                return r;
        r = rows_next(rows, err);
        if (r > 0)
                incident = incident_row(act, rows);
        rows_close(rows);
        if (r <= 0)
                return r < 0 ? r
                             : fail(err, ERR_NOT_FOUND, "No existe la incidencia %s.", "There is no incident %s.",
                                    id);
        r = db_query(act->db, &rows, err, "SELECT medium FROM incident_medium WHERE incident = ? ORDER BY medium",
                     "s", id);
        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0)
                (void) json_array_append_new(media, json_string(rows_text(rows, 0)));
        rows_close(rows);
        if (r < 0)
                return r;
        r = db_query(act->db, &rows, err,
                     "SELECT time, person, text FROM incident_note WHERE incident = ? ORDER BY number", "s", id);
        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0) {
                json_t *note = json_pack("{s:s, s:s}", "person", rows_text(rows, 1), "text", rows_text(rows, 2));

                if (!note || set_moment(note, "time", rows, 0) || json_array_append_new(notes, note)) {
                        rows_close(rows);
                        return fail_memory(err);
                }
        }
        rows_close(rows);
        if (r < 0)
                return r;
        if (!incident || json_object_set(incident, "media", media) || json_object_set(incident, "notes", notes))
                return fail_memory(err);
        *ret = TAKE_PTR(incident);
        return 0;
}

static int run_open(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        const json_t *media = json_object_get(args, "media");
        int kind = term_parse(incident_kind_terms, INCIDENT_KINDS, json_text(args, "kind"));
        char about[41] = "";
        struct fact fact;
        int r;

        if (json_text(args, "about"))
                (void) snprintf(about, sizeof about, "%s", json_text(args, "about"));
        else if (json_array_size(media) == 1)
                (void) snprintf(about, sizeof about, "%s", json_string_value(json_array_get(media, 0)));
        const struct incident_draft draft = { (enum incident_kind) kind, about, media };

        r = incident_fact(act->db, 0, &draft, &fact, err, "%s", "%s", json_text(args, "what"));
        if (r < 0)
                return r;
        data = fact.data;
        r = act_record(act, &fact, 1, err);
        if (r < 0)
                return r;
        act_say(act, "Incidencia %s abierta.", "Incident %s opened.", fact.subject);
        return incident_load(act, fact.subject, ret, err);
}

/* The incident's ID when it is still open. */
static int load_open(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *incident = NULL;
        int r = incident_load(act, json_text(args, "incident"), &incident, err);

        if (r < 0)
                return r;
        if (strcmp(json_text_or_empty(incident, "state"), "open") != 0)
                return fail(err, ERR_CONFLICT, "La incidencia %s ya está cerrada.",
                            "Incident %s is closed already.", json_text_or_empty(incident, "id"));
        *ret = TAKE_PTR(incident);
        return 0;
}

static int run_note(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *incident = NULL, *data = NULL;
        int r = load_open(act, args, &incident, err);

        if (r < 0)
                return r;
        data = json_pack("{s:s}", "text", json_text(args, "text"));
        if (!data)
                return fail_memory(err);
        r = act_record_one(act, "incident.noted", json_text(incident, "id"), data, err);
        return r < 0 ? r : incident_load(act, json_text(incident, "id"), ret, err);
}

static int run_close(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *incident = NULL, *data = NULL;
        bool breach;
        int r = load_open(act, args, &incident, err);

        if (r < 0)
                return r;
        breach = strcmp(json_text_or_empty(incident, "kind"), incident_kind_terms[INCIDENT_BREACH].code) == 0;
        r = custody_judge_closing(act->roles, breach, !str_empty(json_text(args, "assessment")), err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s*}", "resolution", json_text(args, "resolution"), "assessment",
                         json_text(args, "assessment"));
        if (!data)
                return fail_memory(err);
        r = act_record_one(act, "incident.closed", json_text(incident, "id"), data, err);
        if (r < 0)
                return r;
        act_say(act, "Incidencia %s cerrada.", "Incident %s closed.", json_text(incident, "id"));
        return incident_load(act, json_text(incident, "id"), ret, err);
}

static int run_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *incident = NULL;
        int r = incident_load(act, json_text(args, "incident"), &incident, err);

        if (r == 0 && json_text(args, "draft"))
                r = incident_write_draft(act, incident, json_text(args, "draft"), err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(incident);
        return 0;
}

#define OF_SUBJECT "(subject IN (?2, ?3) OR id IN (SELECT incident FROM incident_medium WHERE medium = ?3))"
/* `first` is the filter that an index serves. */
#define INCIDENTS(first)                                                                                           \
        "SELECT " INCIDENT_COLUMNS " FROM incident WHERE " first " AND (?1 = 0 OR state = 'open') AND (?2 IS "     \
        "NULL OR " OF_SUBJECT ") ORDER BY number DESC"

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        const char *about = json_text(args, "about");
        const char *sql = about                     ? INCIDENTS(OF_SUBJECT)
                          : json_flag(args, "open") ? INCIDENTS("state = 'open'")
                                                    : INCIDENTS("1");
        char plain[48] = "";
        int r;

        if (about)
                (void) str_scanned(about, plain, sizeof plain);
        r = db_query(act->db, &rows, err, sql, "iss", (int64_t) json_flag(args, "open"), about, plain);
        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, incident_row(act, rows)))
                        return fail_memory(err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

#define EVERYBODY_WHO_ACTS (ROLE_ANY & ~(unsigned) ROLE_AUDITOR)

static const struct verb incident_verbs[] = {
        { .noun = "incident",
          .name = "open",
          .roles = EVERYBODY_WHO_ACTS,
          .flags = VERB_WRITES,
          .help = HELP("Registra una incidencia (U9)", "Records an incident (U9)"),
          PARAMS(open_params),
          .run = run_open },
        { .noun = "incident",
          .name = "note",
          .roles = EVERYBODY_WHO_ACTS,
          .flags = VERB_WRITES,
          .help = HELP("Anota la investigación de una incidencia", "Notes the investigation of an incident"),
          PARAMS(note_params),
          .run = run_note },
        { .noun = "incident",
          .name = "close",
          .roles = ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("Cierra una incidencia con su resolución (U9)",
                       "Closes an incident with its resolution (U9)"),
          PARAMS(close_params),
          .run = run_close },
        { .noun = "incident",
          .name = "show",
          .roles = ROLE_ANY,
          .help = HELP("Muestra una incidencia", "Shows an incident"),
          PARAMS(show_params),
          COLUMNS(show_columns),
          .run = run_show },
        { .noun = "incident",
          .name = "list",
          .roles = ROLE_ANY,
          .help = HELP("Lista las incidencias", "Lists the incidents"),
          PARAMS(list_params),
          COLUMNS(list_columns),
          .run = run_list },
};

const struct room audit_room = {
        .schema = &audit_schema,
        .verbs = incident_verbs,
        .verbs_n = COUNT(incident_verbs),
        .events = incident_events,
        .events_n = INCIDENT_EVENTS,
};
