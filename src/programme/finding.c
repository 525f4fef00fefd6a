/* Findings: what an audit found, what was done about it, and who checked that (A1). */
#include <stdio.h>
#include <string.h>

#include "act/report.h"
#include "custody/custody.h"
#include "programme/internal.h"
#include "store/json.h"

/* What a finding may refer to; the ENS measures that media touch. */
static const struct term measure_terms[] = {
        { "mp.si.1", { "Marcado de soportes", "Marking of media" } },
        { "mp.si.2", { "Criptografía", "Cryptography" } },
        { "mp.si.3", { "Custodia", "Custody" } },
        { "mp.si.4", { "Transporte", "Transport" } },
        { "mp.si.5", { "Borrado y destrucción", "Erasure and destruction" } },
        { "op.exp.2", { "Configuración de seguridad", "Security configuration" } },
        { "op.exp.7", { "Gestión de incidentes", "Incident management" } },
        { "op.exp.8", { "Registro de la actividad", "Record of activity" } },
        { "op.exp.10", { "Protección de claves criptográficas", "Protection of cryptographic keys" } },
        { "op.acc.3", { "Segregación de funciones y tareas", "Separation of duties" } },
        { "op.acc.6", { "Mecanismo de autenticación", "Authentication" } },
        { "mp.per.4", { "Formación", "Training" } },
};

#define FINDING_COLUMNS                                                                                            \
        "id, audit, severity, subject, what, measure, responsible, deadline, state, opened, opened_by, acted_by"

static int add_steps(struct act *act, json_t *finding, struct error *err) {
        static const char *const members[] = { "step", "text", "time", "person" };
        _cleanup_rows_ struct rows *rows = NULL;
        json_t *list = json_array();
        int r;

        if (!list || json_object_set_new(finding, "steps", list))
                return fail_memory(err);
        r = db_query(act->db, &rows, err,
                     "SELECT step, text, time, person FROM finding_step WHERE finding = ? ORDER BY number", "s",
                     json_text(finding, "finding"));
        while (r >= 0 && (r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, rows_to_json(rows, members, "ssts")))
                        return fail_memory(err);
        return r;
}

static enum finding_state state_of(const json_t *finding) {
        int state = term_parse(finding_state_terms, FINDING_STATES, json_text_or_empty(finding, "state"));

        return state < 0 ? FINDING_OPEN : (enum finding_state) state;
}

static int complete(struct act *act, json_t *finding, struct error *err) {
        char today[DATE_TEXT];

        date_of(act_now(act), today);
        if (!finding ||
            json_object_set_new(finding, "overdue",
                                json_boolean(finding_is_overdue(state_of(finding),
                                                                json_text_or_empty(finding, "deadline"), today))))
                return fail_memory(err);
        return add_steps(act, finding, err);
}

static const char *const finding_members[] = { "finding", "audit",   "severity",    "subject",
                                               "what",    "measure", "responsible", "deadline",
                                               "state",   "opened",  "opened_by",   "acted_by" };

int finding_rows(struct act *act, const char *audit, bool only_open, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        json_t *one;
        size_t i;
        int r = db_query(
                act->db, &rows, err,
                "SELECT " FINDING_COLUMNS
                " FROM finding WHERE (?1 IS NULL OR audit = ?1) AND (?2 = 0 OR state <> 'closed') ORDER BY "
                "number",
                "si", audit, (int64_t) only_open);

        while (r >= 0 && (r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, rows_to_json(rows, finding_members,
                                                             "sssssssss"
                                                             "tss")))
                        return fail_memory(err);
        json_array_foreach(list, i, one) {
                if (r == 0)
                        r = complete(act, one, err);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}

static int finding_load(struct act *act, const char *text, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *finding = NULL;
        _cleanup_rows_ struct rows *rows = NULL;
        char id[AUDIT_ID];
        int r;

        if (!custody_number_parse(text, 'H', id))
                return fail(err, ERR_USAGE, "«%.60s» no es el número de un hallazgo, como H000001.",
                            "“%.60s” is not the number of a finding, such as H000001.", text);
        r = db_query(act->db, &rows, err, "SELECT " FINDING_COLUMNS " FROM finding WHERE id = ?", "s", id);
        if (r == 0)
                r = rows_next(rows, err);
        if (r <= 0)
                return r < 0 ? r
                             : fail(err, ERR_NOT_FOUND, "No existe el hallazgo %s.", "There is no finding %s.", id);
        finding = rows_to_json(rows, finding_members,
                               "sssssssss"
                               "tss");
        r = complete(act, finding, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(finding);
        return 0;
}

/* --- verbs ---------------------------------------------------------------------------------------------------- */

/* An item of the audit, as it stands there, or any words. */
static int subject_in(struct act *act, const char *audit, const char *text, char ret[81], struct error *err) {
        char id[MEDIUM_ID_TEXT];
        int64_t there;
        int r = db_int(act->db, &there, err, "SELECT 1 FROM audit_item WHERE audit = ? AND subject = ?", "ss",
                       audit, text);

        (void) snprintf(ret, 81, "%s", text);
        if (r == ERR_NOT_FOUND && medium_resolve(act->db, text, id, NULL, NULL) == 0)
                (void) snprintf(ret, 81, "%s", id);
        return r < 0 && r != ERR_NOT_FOUND ? r : 0;
}

static int run_finding(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *audit = NULL, *data = NULL;
        int severity = term_parse(finding_severity_terms, FINDING_SEVERITIES, json_text(args, "severity"));
        char id[AUDIT_ID], today[DATE_TEXT], subject[81];
        int64_t number;
        int r = audit_load_open(act, json_text(args, "audit"), &audit, err);

        date_of(act_now(act), today);
        if (r == 0)
                r = audit_judge_finding((enum finding_severity) severity, json_text(args, "deadline"), today, err);
        if (r == 0)
                r = subject_in(act, json_text(audit, "audit"), json_text(args, "subject"), subject, err);
        if (r == 0)
                r = db_int(act->db, &number, err, "SELECT coalesce(max(number), 0) + 1 FROM finding", "");
        if (r < 0)
                return r;
        (void) snprintf(id, sizeof id, "H%06lld", (long long) number);
        data = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "number", (json_int_t) number, "audit",
                         json_text(audit, "audit"), "severity", finding_severity_terms[severity].code, "subject",
                         subject, "what", json_text(args, "what"), "measure", json_text(args, "measure"),
                         "responsible", json_text(args, "responsible"), "deadline", json_text(args, "deadline"));
        r = data ? act_record_one(act, "finding.opened", id, data, err) : fail_memory(err);
        if (r < 0 || act->dry_run)
                return r;
        act_say(act, "Hallazgo %s: lo resuelve %s antes del %s.", "Finding %s: %s settles it by %s.", id,
                json_text(args, "responsible"), json_text(args, "deadline"));
        return finding_load(act, id, ret, err);
}

static int run_follow(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        static const struct {
                const char *param, *event;
        } steps[] = { [STEP_ACTION] = { "action", "finding.acted" },
                      [STEP_VERIFY] = { "verified", "finding.verified" },
                      [STEP_REOPEN] = { "reopen", "finding.reopened" } };
        _cleanup_json_ json_t *finding = NULL, *data = NULL;
        size_t step = COUNT(steps), asked = 0;
        int r = finding_load(act, json_text(args, "finding"), &finding, err);

        if (r < 0)
                return r;
        for (size_t i = 0; i < COUNT(steps); i++)
                if (json_text(args, steps[i].param)) {
                        step = i;
                        asked++;
                }
        if (asked != 1)
                return fail(err, ERR_USAGE, "Diga una de estas: --action, --verified o --reopen.",
                            "Say one of these: --action, --verified or --reopen.");
        r = audit_judge_step((enum finding_step) step, state_of(finding), json_text(finding, "finding"),
                             act->person, json_text_or_empty(finding, "responsible"),
                             json_text(finding, "acted_by"), err);
        if (r < 0)
                return r;
        data = json_pack("{s:s}", "text", json_text(args, steps[step].param));
        r = data ? act_record_one(act, steps[step].event, json_text(finding, "finding"), data, err)
                 : fail_memory(err);
        if (r < 0 || act->dry_run)
                return r;
        if (step == STEP_ACTION)
                act_say(act, "Otra persona lo comprueba: «mpsi audit follow %s --verified …».",
                        "Another person checks it: “mpsi audit follow %s --verified …”.",
                        json_text(finding, "finding"));
        return finding_load(act, json_text(finding, "finding"), ret, err);
}

static int run_findings(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *audit = NULL, *list = NULL;
        int r = json_text(args, "audit") ? audit_load(act, json_text(args, "audit"), &audit, err) : 0;

        if (r == 0)
                r = finding_rows(act, json_text(audit, "audit"), !json_flag(args, "all"), &list, err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

/* --- events --------------------------------------------------------------------------------------------------- */

static int apply_opened(struct db *db, const struct event *event, struct error *err) {
        const json_t *d = event->data;
        int r = db_exec(db, err,
                        "INSERT INTO finding (id, number, audit, severity, subject, what, measure, responsible, "
                        "deadline, state, opened, opened_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?)",
                        "sisssssssis", event->subject, json_int(d, "number", 0), json_text(d, "audit"),
                        json_text(d, "severity"), json_text(d, "subject"), json_text(d, "what"),
                        json_text(d, "measure"), json_text(d, "responsible"), json_text(d, "deadline"), event->time,
                        event->actor);

        return r < 0 ? r : 0;
}

static int apply_step(struct db *db, const struct event *event, const char *step, enum finding_state state,
                      const char *acted_by, struct error *err) {
        int r = db_exec(db, err,
                        "INSERT INTO finding_step (finding, number, step, text, time, person) VALUES (?1, (SELECT "
                        "count(*) + 1 FROM finding_step WHERE finding = ?1), ?2, ?3, ?4, ?5)",
                        "sssis", event->subject, step, json_text_or_empty(event->data, "text"), event->time,
                        event->actor);

        if (r >= 0)
                r = db_exec(db, err, "UPDATE finding SET state = ?, acted_by = coalesce(?, acted_by) WHERE id = ?",
                            "sss", finding_state_terms[state].code, acted_by, event->subject);
        return r < 0 ? r : 0;
}

static int apply_acted(struct db *db, const struct event *event, struct error *err) {
        return apply_step(db, event, "action", FINDING_ACTED, event->actor, err);
}

static int apply_verified(struct db *db, const struct event *event, struct error *err) {
        return apply_step(db, event, "verified", FINDING_CLOSED, NULL, err);
}

static int apply_reopened(struct db *db, const struct event *event, struct error *err) {
        return apply_step(db, event, "reopen", FINDING_OPEN, NULL, err);
}

const struct event_type finding_events[] = {
        { "finding.opened", apply_opened },
        { "finding.acted", apply_acted },
        { "finding.verified", apply_verified },
        { "finding.reopened", apply_reopened },
};
_Static_assert(COUNT(finding_events) == FINDING_EVENTS, "all events are offered");

/* --- the table ------------------------------------------------------------------------------------------------ */

static const struct param finding_params[] = {
        { "audit", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("auditoría", "audit"), 0, 40, NULL, 0 },
        { "subject", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL,
          HELP("soporte, envío, destrucción o aspecto del proceso",
               "medium, shipment, destruction or aspect of the process"),
          0, 80, NULL, 0 },
        { "severity", PARAM_TERM, PARAM_REQUIRED, HELP("gravedad", "severity"), 0, 0, finding_severity_terms,
          FINDING_SEVERITIES },
        { "what", PARAM_TEXT, PARAM_REQUIRED, HELP("qué se ha hallado", "what was found"), 0, 500, NULL, 0 },
        { "measure", PARAM_TERM, PARAM_REQUIRED, HELP("medida del ENS", "ENS measure"), 0, 0, measure_terms,
          COUNT(measure_terms) },
        { "responsible", PARAM_PERSON, PARAM_REQUIRED, HELP("quién lo resuelve", "who settles it"), 0, 0, NULL, 0 },
        { "deadline", PARAM_DATE, PARAM_REQUIRED, HELP("plazo", "deadline"), 0, 0, NULL, 0 },
};
static const struct param follow_params[] = {
        { "finding", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("hallazgo", "finding"), 0, 40, NULL, 0 },
        { "action", PARAM_TEXT, 0, HELP("qué se ha hecho", "what was done"), 0, 500, NULL, 0 },
        { "verified", PARAM_TEXT, 0,
          HELP("cómo se ha comprobado, por otra persona", "how it was checked, by another person"), 0, 500, NULL,
          0 },
        { "reopen", PARAM_TEXT, 0, HELP("por qué se abre de nuevo", "why it is opened again"), 0, 500, NULL, 0 },
};
static const struct param findings_params[] = {
        { "audit", PARAM_TEXT, PARAM_POSITIONAL, HELP("solo los de esta auditoría", "of this audit only"), 0, 40,
          NULL, 0 },
        { "all", PARAM_FLAG, 0, HELP("también los cerrados", "closed ones too"), 0, 0, NULL, 0 },
};
static const struct param report_params[] = {
        { "audit", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("auditoría", "audit"), 0, 40, NULL, 0 },
        REPORT_PARAMS,
};

static const struct column finding_columns[] = {
        { "finding", HELP("HALLAZGO", "FINDING") },
        { "audit", HELP("AUDITORÍA", "AUDIT") },
        { "severity", CODES("GRAVEDAD", "SEVERITY", finding_severity_terms) },
        { "subject", HELP("ASUNTO", "SUBJECT") },
        { "what", HELP("QUÉ", "WHAT") },
        { "measure", HELP("MEDIDA", "MEASURE") },
        { "responsible", HELP("RESUELVE", "SETTLES") },
        { "deadline", HELP("PLAZO", "DEADLINE") },
        { "state", CODES("ESTADO", "STATE", finding_state_terms) },
        { "overdue", HELP("VENCIDO", "OVERDUE") },
};

static const struct verb verbs[] = {
        { "audit", "finding", ROLE_SECURITY | ROLE_CUSTODIAN | ROLE_OWNER, VERB_WRITES,
          HELP("Anota un hallazgo de una auditoría (A1)", "Records a finding of an audit (A1)"),
          PARAMS(finding_params), COLUMNS(finding_columns), .run = run_finding },
        { "audit", "follow", ROLE_ANY & ~(unsigned) ROLE_AUDITOR, VERB_WRITES,
          HELP("Anota qué se hizo con un hallazgo, lo comprueba otra persona, o se abre de nuevo (A1, X1)",
               "Records what was done about a finding, another person checks it, or it is opened again (A1, X1)"),
          PARAMS(follow_params), COLUMNS(finding_columns), .run = run_follow },
        { "audit", "findings", ROLE_ANY, VERB_READS, HELP("Lista los hallazgos", "Lists the findings"),
          PARAMS(findings_params), COLUMNS(finding_columns), .run = run_findings },
        { "report", "R-110-024", ROLE_CUSTODIAN | ROLE_SECURITY | ROLE_AUDITOR, VERB_WRITES | VERB_BULK,
          HELP("Auditoría de soportes de información", "Media audit"), PARAMS(report_params),
          COLUMNS(audit_item_columns), .run = audit_run_report },
};

const struct room finding_room = {
        .verbs = verbs, .verbs_n = COUNT(verbs), .events = finding_events, .events_n = FINDING_EVENTS
};
