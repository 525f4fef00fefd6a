#include <stdio.h>
#include <string.h>

#include "audit/incident.h"
#include "base/str.h"
#include "custody/internal.h"

static const struct param request_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("soporte", "medium"), 0, 0, NULL, 0 },
        { "to", PARAM_PERSON, PARAM_REQUIRED, HELP("quién lo recibe", "who gets it"), 0, 0, NULL, 0 },
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
        { "due", PARAM_DATE, PARAM_REQUIRED, HELP("fecha de devolución", "due date"), 0, 0, NULL, 0 },
        { "location", PARAM_TEXT, PARAM_REQUIRED, HELP("dónde estará", "where it will be"), 0, 120, NULL, 0 },
};

#define LOAN_PARAM                                                                                                 \
        {                                                                                                          \
                "loan", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL,                                             \
                        HELP("préstamo, o cualquier nombre de su soporte", "loan, or any name of its medium"), 0,  \
                        200, NULL, 0                                                                               \
        }

#define PAPER_PARAM                                                                                                \
        {                                                                                                          \
                "paper", PARAM_TEXT, 0,                                                                            \
                        HELP("firmado en papel: número del recibo", "signed on paper: the receipt's number"), 0,   \
                        40, NULL, 0                                                                                \
        }

static const struct param approve_params[] = {
        LOAN_PARAM,
        { "note", PARAM_TEXT, 0, HELP("condiciones", "conditions"), 0, 200, NULL, 0 },
};

static const struct param refuse_params[] = {
        LOAN_PARAM,
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};

static const struct param extend_params[] = {
        LOAN_PARAM,
        { "due", PARAM_DATE, PARAM_REQUIRED, HELP("nueva fecha de devolución", "new due date"), 0, 0, NULL, 0 },
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};

static const struct param out_params[] = {
        LOAN_PARAM,
        { "seal", PARAM_TEXT, PARAM_REQUIRED, HELP("número del precinto, nuevo", "the seal's number, a new one"), 0,
          40, NULL, 0 },
        { "device", PARAM_DEVICE, 0, HELP("el soporte conectado", "the medium connected"), 0, 0, NULL, 0 },
        { "supervisor", PARAM_PERSON, 0, HELP("quién supervisa la entrega", "who supervises the hand-over"), 0, 0,
          NULL, 0 },
        { "sign", PARAM_FLAG, 0, HELP("quien lo recibe firma con su PIN", "the borrower signs with their PIN"), 0,
          0, NULL, 0 },
        PAPER_PARAM,
        { "receipt", PARAM_OUTPUT, 0, HELP("recibo en PDF", "receipt as PDF"), 0, 0, NULL, 0 },
};

static const struct param in_params[] = {
        LOAN_PARAM,
        { "condition", PARAM_TEXT, PARAM_REQUIRED, HELP("estado en que vuelve", "the condition it is in"), 0, 200,
          NULL, 0 },
        { "seal", PARAM_TEXT, 0, HELP("precinto que trae", "the seal that it has"), 0, 40, NULL, 0 },
        { "no-seal", PARAM_FLAG, 0, HELP("no trae precinto o está roto", "it has no seal or a broken one"), 0, 0,
          NULL, 0 },
        { "device", PARAM_DEVICE, 0, HELP("el soporte conectado", "the medium connected"), 0, 0, NULL, 0 },
        { "revoke", PARAM_FLAG, 0,
          HELP("quitar la frase de paso del receptor, si vuelve intacto",
               "take the recipient's passphrase away, if it comes back intact"),
          0, 0, NULL, 0 },
        { "unreadable", PARAM_FLAG, 0, HELP("el soporte no se puede leer", "the medium can't be read"), 0, 0, NULL,
          0 },
        { "sign", PARAM_FLAG, 0,
          HELP("el custodio firma la devolución con su PIN", "the custodian signs the return with their PIN"), 0, 0,
          NULL, 0 },
        PAPER_PARAM,
        { "receipt", PARAM_OUTPUT, 0, HELP("recibo en PDF", "receipt as PDF"), 0, 0, NULL, 0 },
};

static const struct param show_params[] = {
        LOAN_PARAM,
        { "receipt", PARAM_OUTPUT, 0, HELP("recibo en PDF", "receipt as PDF"), 0, 0, NULL, 0 },
};

static const struct param list_params[] = {
        { "state", PARAM_TERM, 0, HELP("solo este estado", "this state only"), 0, 0, loan_state_terms,
          LOAN_STATES },
        { "to", PARAM_PERSON, 0, HELP("solo de esta persona", "of this person only"), 0, 0, NULL, 0 },
        { "medium", PARAM_MEDIUM, 0, HELP("solo de este soporte", "of this medium only"), 0, 0, NULL, 0 },
        { "overdue", PARAM_FLAG, 0, HELP("solo los vencidos", "overdue ones only"), 0, 0, NULL, 0 },
};

static const struct column list_columns[] = {
        { "loan", HELP("PRÉSTAMO", "LOAN") },         { "medium", HELP("SOPORTE", "MEDIUM") },
        { "borrower", HELP("RECEPTOR", "BORROWER") }, { "state", CODES("ESTADO", "STATE", loan_state_terms) },
        { "due", HELP("DEVOLVER", "DUE") },           { "overdue", HELP("VENCIDO", "OVERDUE") },
        { "seal", HELP("PRECINTO", "SEAL") },         { "location", HELP("DÓNDE", "WHERE") },
        { "reason", HELP("MOTIVO", "REASON") },
};

static const struct param overdue_params[] = {
        { "to", PARAM_PERSON, 0, HELP("solo de esta persona", "of this person only"), 0, 0, NULL, 0 },
};

static const struct column overdue_columns[] = {
        { "loan", HELP("PRÉSTAMO", "LOAN") },
        { "medium", HELP("SOPORTE", "MEDIUM") },
        { "borrower", HELP("RECEPTOR", "BORROWER") },
        { "due", HELP("DEVOLVER", "DUE") },
        { "days", HELP("DÍAS", "DAYS") },
        { "gravity", CODES("GRAVEDAD", "GRAVITY", gravity_terms) },
        { "tell", HELP("AVISAR A", "TELL") },
};

static const struct column show_columns[] = {
        { "loan", HELP("PRÉSTAMO", "LOAN") },
        { "medium", HELP("SOPORTE", "MEDIUM") },
        { "borrower", HELP("RECEPTOR", "BORROWER") },
        { "state", CODES("ESTADO", "STATE", loan_state_terms) },
        { "due", HELP("DEVOLVER", "DUE") },
        { "overdue", HELP("VENCIDO", "OVERDUE") },
        { "location", HELP("DÓNDE", "WHERE") },
        { "reason", HELP("MOTIVO", "REASON") },
        { "requester", HELP("SOLICITA", "REQUESTED BY") },
        { "requested", HELP("SOLICITADO", "REQUESTED") },
        { "decided_by", HELP("DECIDE", "DECIDED BY") },
        { "decided", HELP("DECIDIDO", "DECIDED") },
        { "handed_by", HELP("ENTREGA", "HANDED OVER BY") },
        { "handed", HELP("ENTREGADO", "HANDED OVER") },
        { "seal", HELP("PRECINTO", "SEAL") },
        { "digest", HELP("CABECERA", "HEADER") },
        { "returned_to", HELP("RECIBE", "RETURNED TO") },
        { "returned", HELP("DEVUELTO", "RETURNED") },
        { "integrity", CODES("INTEGRIDAD", "INTEGRITY", integrity_terms) },
        { "condition", HELP("CONDICIÓN", "CONDITION") },
};

static int refuse_busy_medium(struct act *act, const struct medium *medium, struct error *err) {
        _cleanup_free_ char *loan = NULL;
        int r;

        if (medium->state != MEDIUM_IN_CUSTODY) {
                (void) refuse(err, ERR_CONFLICT, "U3", "El soporte %s no está en custodia (%s%.0s).",
                              "Medium %s is not in custody (%.0s%s).", medium->id,
                              medium_state_terms[medium->state].name.es, medium_state_terms[medium->state].name.en);
                return ERR_CONFLICT;
        }
        r = incident_refuse_open(act->db, medium->id, "U9", err);
        if (r == 0)
                r = medium_refuse_doomed(medium, err);
        if (r < 0)
                return r;
        r = db_text(act->db, &loan, err,
                    "SELECT id FROM loan WHERE medium = ? AND state IN ('requested', 'approved', 'out')", "s",
                    medium->id);
        if (r == ERR_NOT_FOUND)
                return 0;
        if (r < 0)
                return r;
        return refuse(err, ERR_CONFLICT, "U3", "El soporte %s ya tiene el préstamo %s en curso.",
                      "Medium %s has loan %s under way already.", medium->id, loan);
}

static int run_request(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        char id[16], today[DATE_TEXT];
        struct medium medium;
        int64_t number;
        int r;

        r = medium_load(act->db, json_text(args, "medium"), &medium, err);
        if (r < 0)
                return r;
        r = refuse_busy_medium(act, &medium, err);
        if (r < 0)
                return r;
        date_of(act_now(act), today);
        r = custody_judge_due(json_text(args, "due"), today, err);
        if (r < 0)
                return r;
        r = loan_refuse_borrower(act, json_text(args, "to"), err);
        if (r < 0)
                return r;
        r = db_int(act->db, &number, err, "SELECT coalesce(max(number), 0) + 1 FROM loan", "");
        if (r < 0)
                return r;
        (void) snprintf(id, sizeof id, "P%06lld", (long long) number);
        data = json_pack("{s:s, s:I, s:s, s:s, s:s, s:s}", "loan", id, "number", (json_int_t) number, "borrower",
                         json_text(args, "to"), "reason", json_text(args, "reason"), "due", json_text(args, "due"),
                         "location", json_text(args, "location"));
        if (!data)
                return fail_memory(err);
        r = act_record_one(act, "loan.requested", medium.id, data, err);
        if (r < 0 || act->dry_run)
                return r;
        act_say(act, "Préstamo %s solicitado: lo decide %s («loan approve %s»).",
                "Loan %s requested: %s decides (“loan approve %s”).", id, medium.owner, id);
        if (strcmp(medium.owner, act->person) == 0 || strcmp(medium.owner, json_text(args, "to")) == 0)
                act_say(act, "ATENCIÓN: %s lo solicita o lo recibe, así que no puede aprobarlo, y nadie más.",
                        "ATTENTION: %s requests or receives it and so can't approve it, and nobody else can.",
                        medium.owner);
        return loan_load(act->db, id, act_now(act), ret, err);
}

/* What approve and refuse have in common; an approval may be withdrawn until the hand-over. Who requested a loan or
 * receives it does not grant it to themselves (X1), but an owner may refuse it: nobody else could end it. */
static int decide(struct act *act, const json_t *args, const char *event, const char *note, bool withdraw,
                  json_t **ret, struct error *err) {
        _cleanup_json_ json_t *loan = NULL, *data = NULL;
        struct medium medium;
        int r;

        r = loan_find(act, json_text(args, "loan"), LOAN_REQUESTED, &loan, err);
        if (r == ERR_CONFLICT && withdraw)
                r = loan_find(act, json_text(args, "loan"), LOAN_APPROVED, &loan, err);
        if (r < 0)
                return r;
        r = medium_load(act->db, json_text(loan, "medium"), &medium, err);
        if (r < 0)
                return r;
        r = custody_judge_decision(act->person, medium.owner, withdraw ? "" : json_text(loan, "requester"),
                                   withdraw ? "" : json_text(loan, "borrower"), err);
        if (r == 0 && !withdraw)
                r = medium_refuse_doomed(&medium, err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s*}", "loan", json_text(loan, "loan"), "note", note);
        if (!data)
                return fail_memory(err);
        r = act_record_one(act, event, medium.id, data, err);
        if (r < 0)
                return r;
        return loan_load(act->db, json_text(loan, "loan"), act_now(act), ret, err);
}

static int run_approve(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        int r = decide(act, args, "loan.approved", json_text(args, "note"), false, ret, err);

        if (r == 0)
                act_say(act, "Préstamo %s aprobado: el custodio lo entrega con «loan out».",
                        "Loan %s approved: the custodian hands it over with “loan out”.", json_text(*ret, "loan"));
        return r;
}

static int run_refuse(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        return decide(act, args, "loan.refused", json_text(args, "reason"), true, ret, err);
}

static int run_extend(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *loan = NULL, *data = NULL;
        char today[DATE_TEXT];
        struct medium medium;
        int r;

        r = loan_find(act, json_text(args, "loan"), LOAN_OUT, &loan, err);
        if (r < 0)
                return r;
        r = medium_load(act->db, json_text(loan, "medium"), &medium, err);
        if (r < 0)
                return r;
        r = custody_judge_decision(act->person, medium.owner, json_text(loan, "requester"),
                                   json_text(loan, "borrower"), err);
        if (r == 0)
                r = medium_refuse_doomed(&medium, err);
        if (r < 0)
                return r;
        date_of(act_now(act), today);
        r = loan_judge_extension(medium.category, json_int(loan, "extensions", 0), json_text(loan, "due"),
                                 json_text(args, "due"), today, err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s, s:s, s:s}", "loan", json_text(loan, "loan"), "due", json_text(args, "due"),
                         "from", json_text(loan, "due"), "reason", json_text(args, "reason"));
        if (!data)
                return fail_memory(err);
        r = act_record_one(act, "loan.extended", medium.id, data, err);
        return r < 0 ? r : loan_load(act->db, json_text(loan, "loan"), act_now(act), ret, err);
}

static int run_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *loan = NULL;
        _cleanup_free_ char *newest = NULL;
        char id[16], medium[MEDIUM_ID_TEXT];
        int r;

        if (!custody_number_parse(json_text(args, "loan"), 'P', id)) {
                r = medium_resolve(act->db, json_text(args, "loan"), medium, NULL, err);
                if (r < 0)
                        return r;
                r = db_text(act->db, &newest, err,
                            "SELECT id FROM loan WHERE medium = ? ORDER BY number DESC LIMIT 1", "s", medium);
                if (r < 0)
                        return r == ERR_NOT_FOUND ? fail(err, r, "No hay préstamos del soporte %s.",
                                                         "Medium %s has no loans.", medium)
                                                  : r;
        }
        r = loan_load(act->db, newest ? newest : id, act_now(act), &loan, err);
        if (r == 0)
                r = loan_add_signatures(act, loan, err);
        if (r == 0 && json_text(args, "receipt"))
                r = loan_receipt(act, loan, json_text(args, "receipt"), err);
        if (r == 0)
                *ret = TAKE_PTR(loan);
        return r;
}

/* `first` is the filter that an index serves. */
#define LOANS(first)                                                                                               \
        "SELECT id FROM loan WHERE " first                                                                         \
        " AND (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR borrower = ?2) AND "                                   \
        "(?3 IS NULL OR medium = ?3) AND (?4 = 0 OR (state = 'out' AND due < ?5)) ORDER BY number DESC"

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *state = json_text(args, "state"), *to = json_text(args, "to"),
                   *medium = json_text(args, "medium");
        const bool overdue = json_flag(args, "overdue");
        const char *sql = medium    ? LOANS("medium = ?3")
                          : overdue ? LOANS("state = 'out' AND due < ?5")
                          : to      ? LOANS("borrower = ?2")
                          : state   ? LOANS("state = ?1")
                                    : LOANS("1");
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        char today[DATE_TEXT];
        int r;

        date_of(act_now(act), today);
        r = db_query(act->db, &rows, err, sql, "sssis", state, to, medium, (int64_t) overdue, today);
        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0) {
                json_t *loan = NULL;

                r = loan_load(act->db, rows_text(rows, 0), act_now(act), &loan, err);
                if (r < 0)
                        return r;
                if (json_array_append_new(list, loan))
                        return fail_memory(err);
        }
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

/* U4: what is overdue, the longest first, with whom it goes to. */
static int run_overdue(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        char today[DATE_TEXT];
        int r;

        date_of(act_now(act), today);
        r = db_query(act->db, &rows, err,
                     "SELECT id FROM loan WHERE state = 'out' AND due < ?1 AND (?2 IS NULL OR borrower = ?2) ORDER "
                     "BY due, number",
                     "ss", today, json_text(args, "to"));
        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0) {
                const struct loan_escalation *row;
                json_t *loan = NULL;
                int64_t days = 0;

                r = loan_load(act->db, rows_text(rows, 0), act_now(act), &loan, err);
                if (r < 0)
                        return r;
                row = loan_escalation_of(json_text_or_empty(loan, "due"), today, &days);
                if (json_array_append_new(list, loan) || !row ||
                    json_object_set_new(loan, "days", json_integer((json_int_t) days)) ||
                    json_object_set_new(loan, "gravity", json_string(gravity_terms[row->gravity].code)) ||
                    json_object_set_new(loan, "tell", json_string(text_in(row->tell, act->lang))))
                        return fail_memory(err);
        }
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

static const struct verb loan_verbs[] = {
        { .noun = "loan",
          .name = "request",
          .roles = ROLE_ANY & ~(unsigned) ROLE_AUDITOR,
          .flags = VERB_WRITES,
          .help = HELP("Solicita el préstamo de un soporte (U3)", "Requests the loan of a medium (U3)"),
          PARAMS(request_params),
          .run = run_request },
        { .noun = "loan",
          .name = "approve",
          .roles = ROLE_OWNER,
          .flags = VERB_WRITES,
          .help = HELP("El propietario aprueba un préstamo (U3)", "The owner approves a loan (U3)"),
          PARAMS(approve_params),
          .run = run_approve },
        { .noun = "loan",
          .name = "refuse",
          .roles = ROLE_OWNER,
          .flags = VERB_WRITES,
          .help = HELP("El propietario deniega un préstamo, o retira su aprobación",
                       "The owner refuses a loan, or withdraws the approval"),
          PARAMS(refuse_params),
          .run = run_refuse },
        { .noun = "loan",
          .name = "out",
          .roles = ROLE_CUSTODIAN,
          .flags = VERB_WRITES,
          .help = HELP("Entrega el soporte, con precinto e integridad (U3)",
                       "Hands the medium over, with seal and integrity (U3)"),
          PARAMS(out_params),
          .run = loan_run_out },
        { .noun = "loan",
          .name = "in",
          .roles = ROLE_CUSTODIAN,
          .flags = VERB_WRITES,
          .help = HELP("Recibe el soporte y compara su integridad (U3)",
                       "Takes the medium back and compares its integrity (U3)"),
          PARAMS(in_params),
          .run = loan_run_in },
        { .noun = "loan",
          .name = "extend",
          .roles = ROLE_OWNER,
          .flags = VERB_WRITES,
          .help = HELP("Prorroga un préstamo (U4)", "Extends a loan (U4)"),
          PARAMS(extend_params),
          .run = run_extend },
        { .noun = "loan",
          .name = "show",
          .roles = ROLE_ANY,
          .help = HELP("Muestra un préstamo, y su recibo", "Shows a loan, and its receipt"),
          PARAMS(show_params),
          COLUMNS(show_columns),
          .run = run_show },
        { .noun = "loan",
          .name = "list",
          .roles = ROLE_ANY,
          .help = HELP("Lista los préstamos y los vencidos (U4)", "Lists the loans and the overdue ones (U4)"),
          PARAMS(list_params),
          COLUMNS(list_columns),
          .run = run_list },
        { .noun = "loan",
          .name = "overdue",
          .roles = ROLE_ANY,
          .help = HELP("Préstamos vencidos, y a quién se avisa (U4)", "Overdue loans, and who is told (U4)"),
          PARAMS(overdue_params),
          COLUMNS(overdue_columns),
          .run = run_overdue },
};

const struct room loan_room = {
        .verbs = loan_verbs,
        .verbs_n = COUNT(loan_verbs),
        .events = loan_events,
        .events_n = LOAN_EVENTS,
};
