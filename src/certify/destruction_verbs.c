#include <stdio.h>
#include <string.h>

#include "act/report.h"
#include "base/str.h"
#include "certify/internal.h"
#include "policy/rule.h"
#include "policy/sanitization.h"
#include "store/json.h"

static const struct param request_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL | PARAM_REPEATED,
          HELP("soporte; varios se destruyen juntos", "medium; several are destroyed together"), 0, 0, NULL, 0 },
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo de la destrucción", "reason for the destruction"), 0,
          300, NULL, 0 },
        { "method", PARAM_TERM, PARAM_REQUIRED, HELP("método propuesto", "proposed method"), 0, 0,
          destruction_method_terms, DESTRUCTION_METHODS },
        { "planned", PARAM_DATE, 0, HELP("fecha prevista", "planned date"), 0, 0, NULL, 0 },
        { "out", PARAM_OUTPUT, 0, HELP("formulario R-110-020 en PDF", "form R-110-020 as PDF"), 0, 0, NULL, 0 },
};

#define DESTRUCTION_PARAM                                                                                          \
        {                                                                                                          \
                "destruction", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL,                                      \
                        HELP("destrucción, o cualquier nombre de su soporte",                                      \
                             "destruction, or any name of its medium"),                                            \
                        0, 200, NULL, 0                                                                            \
        }

static const struct param approve_params[] = {
        DESTRUCTION_PARAM,
        { "note", PARAM_TEXT, 0, HELP("condiciones", "conditions"), 0, 300, NULL, 0 },
        { "out", PARAM_OUTPUT, 0, HELP("formulario R-110-020 en PDF", "form R-110-020 as PDF"), 0, 0, NULL, 0 },
};

static const struct param refuse_params[] = {
        DESTRUCTION_PARAM,
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 300, NULL, 0 },
};

static const struct param execute_params[] = {
        DESTRUCTION_PARAM,
        { "supervisor", PARAM_PERSON, PARAM_REQUIRED,
          HELP("quién lo presencia; teclea su PIN", "who is present; types their PIN"), 0, 0, NULL, 0 },
        { "seen", PARAM_TEXT, PARAM_REQUIRED | PARAM_REPEATED,
          HELP("lo leído en el soporte, en cada uno: su número de serie o su etiqueta",
               "what is read on the medium, on each: its serial number or its label"),
          0, 200, NULL, 0 },
        { "before", PARAM_INPUT, PARAM_REQUIRED | PARAM_REPEATED, HELP("foto de antes", "photo before"), 0, 0, NULL,
          0 },
        { "after", PARAM_INPUT, PARAM_REQUIRED | PARAM_REPEATED, HELP("foto de después", "photo after"), 0, 0, NULL,
          0 },
        { "remains", PARAM_TEXT, 0,
          HELP("superficie del mayor resto, en mm²", "area of the largest remains, in mm²"), 0, 20, NULL, 0 },
        { "fragments", PARAM_INT, 0,
          HELP("fragmentos tomados al azar y examinados", "fragments taken at random and examined"), 1, 100000,
          NULL, 0 },
        { "report", PARAM_INPUT, 0,
          HELP("informe forense de que nada se puede recuperar; obligado desde CONFIDENCIAL",
               "forensic report that nothing can be recovered; must be there from CONFIDENCIAL on"),
          0, 0, NULL, 0 },
        { "provider", PARAM_NAME, 0,
          HELP("proveedor que la ejecuta, con sus documentos vigentes",
               "provider who does it, whose papers are valid"),
          0, 0, NULL, 0 },
        { "provider-certificate", PARAM_INPUT, 0,
          HELP("el certificado del propio proveedor", "the provider's own certificate"), 0, 0, NULL, 0 },
        { "equipment", PARAM_TEXT, PARAM_REQUIRED, HELP("equipo usado", "equipment used"), 0, 120, NULL, 0 },
        { "place", PARAM_TEXT, PARAM_REQUIRED, HELP("lugar", "place"), 0, 120, NULL, 0 },
        { "complete", PARAM_FLAG, PARAM_REQUIRED,
          HELP("se ha comprobado que la destrucción es completa",
               "it was checked that the destruction is complete"),
          0, 0, NULL, 0 },
        { "confirm", PARAM_TEXT, 0, HELP("el soporte, tecleado de nuevo", "the medium, typed again"), 0, 40, NULL,
          0 },
};

static const struct param show_params[] = {
        DESTRUCTION_PARAM,
        { "out", PARAM_OUTPUT, 0, HELP("formulario R-110-020 en PDF", "form R-110-020 as PDF"), 0, 0, NULL, 0 },
};

static const struct param report_params[] = { DESTRUCTION_PARAM, REPORT_PARAMS };

static const struct param list_params[] = {
        { "state", PARAM_TERM, 0, HELP("solo este estado", "this state only"), 0, 0, destruction_state_terms,
          DESTRUCTION_STATES },
        { "medium", PARAM_MEDIUM, 0, HELP("solo de este soporte", "of this medium only"), 0, 0, NULL, 0 },
};

static const struct column show_columns[] = {
        { "destruction", HELP("Destrucción", "Destruction") },
        { "medium", HELP("Soporte", "Medium") },
        { "state", CODES("Estado", "State", destruction_state_terms) },
        { "method", CODES("Método", "Method", destruction_method_terms) },
        { "reason", HELP("Motivo", "Reason") },
        { "planned", HELP("Prevista", "Planned") },
        { "requester", HELP("Solicitante", "Requester") },
        { "requested", HELP("Solicitada", "Requested") },
        { "decided_by", HELP("Decidió", "Decided by") },
        { "decided", HELP("Decidida", "Decided") },
        { "note", HELP("Nota", "Note") },
        { "executor", HELP("Ejecutor", "Executor") },
        { "supervisor", HELP("Supervisor", "Supervisor") },
        { "executed", HELP("Ejecutada", "Executed") },
        { "area", HELP("Restos (mm²)", "Remains (mm²)") },
        { "fragments", HELP("Fragmentos examinados", "Fragments examined") },
        { "report", HELP("Informe forense (SHA-256)", "Forensic report (SHA-256)") },
        { "equipment", HELP("Equipo", "Equipment") },
        { "provider", HELP("Proveedor", "Provider") },
        { "place", HELP("Lugar", "Place") },
        { "batch", HELP("Lote", "Batch") },
};

static const struct column list_columns[] = {
        { "destruction", HELP("Destrucción", "Destruction") },
        { "medium", HELP("Soporte", "Medium") },
        { "state", CODES("Estado", "State", destruction_state_terms) },
        { "method", CODES("Método", "Method", destruction_method_terms) },
        { "requester", HELP("Solicitante", "Requester") },
        { "requested", HELP("Solicitada", "Requested") },
        { "executor", HELP("Ejecutor", "Executor") },
        { "executed", HELP("Ejecutada", "Executed") },
        { "batch", HELP("Lote", "Batch") },
        { "reason", HELP("Motivo", "Reason") },
};

int destruction_refuse_absent(const struct medium *medium, struct error *err) {
        if (medium_is_here(medium->state))
                return 0;
        return refuse(err, ERR_CONFLICT, "S8", "El soporte %s no está aquí (%s%.0s).",
                      "Medium %s is not here (%.0s%s).", medium->id, medium_state_terms[medium->state].name.es,
                      medium_state_terms[medium->state].name.en);
}

/* What is asked for of one of them; batch is the first one's ID when there are several. */
static int draft_request(const json_t *args, const struct medium *medium, int64_t number, const char *batch,
                         json_t **ret, struct error *err) {
        char id[DESTRUCTION_ID];

        (void) snprintf(id, DESTRUCTION_ID, "D%06lld", (long long) number);
        *ret = json_pack(
                "{s:s, s:I, s:s, s:s, s:s, s:s, s:s*, s:s*}", "destruction", id, "number", (json_int_t) number,
                "reason", json_text(args, "reason"), "method", json_text(args, "method"), "classification",
                classification_terms[medium->classification].code, "kind", medium_kind_terms[medium->kind].code,
                "planned", json_text(args, "planned"), "batch", batch);
        return *ret ? 0 : fail_memory(err);
}

static int refuse_second(struct act *act, const struct medium *medium, struct error *err) {
        _cleanup_free_ char *other = NULL;
        int r = db_text(
                act->db, &other, err,
                "SELECT id FROM destruction WHERE medium = ? AND state IN ('requested', 'approved', 'executed')",
                "s", medium->id);

        if (r == ERR_NOT_FOUND)
                return 0;
        return r < 0 ? r
                     : refuse(err, ERR_CONFLICT, "S8", "El soporte %s ya tiene la destrucción %s.",
                              "Medium %s has destruction %s already.", medium->id, other);
}

/* Answers with the destruction as it is now, and writes the form where it is wanted. */
static int answer(struct act *act, const char *text, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *destruction = NULL;
        int r = destruction_find(act, text, &destruction, err);

        if (r == 0 && json_text(args, "out"))
                r = destruction_form(act, destruction, json_text(args, "out"), err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(destruction);
        return 0;
}

static int judge_request(struct act *act, const json_t *args, const struct medium *medium, struct error *err) {
        int method = term_parse(destruction_method_terms, DESTRUCTION_METHODS, json_text(args, "method"));
        int r = destruction_refuse_absent(medium, err);

        if (r == 0 && strcmp(medium->owner, act->person) == 0)
                r = refuse(err, ERR_DENIED, "X1", "Decide %s, que es el propietario: la solicita otra persona.",
                           "%s decides, being the owner: somebody else requests it.", act->person);
        if (r == 0)
                r = refuse_second(act, medium, err);
        return r < 0 ? r
                     : destruction_judge_method(medium->kind, medium->classification,
                                                (enum destruction_method) method, err);
}

static int judge_batch(struct act *act, const json_t *args, size_t n, struct error *err) {
        const json_t *media = json_object_get(args, "medium");
        char today[DATE_TEXT];

        date_of(act_now(act), today);
        if (json_text(args, "planned") && strcmp(json_text(args, "planned"), today) < 0)
                return fail(err, ERR_USAGE, "La fecha prevista ya ha pasado.", "The planned date is past.");
        if (n > BATCH_MAX)
                return fail(err, ERR_USAGE, "Un lote tiene como mucho %d soportes.",
                            "A batch has at most %d media.", BATCH_MAX);
        for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < i; j++)
                        if (json_equal(json_array_get(media, i), json_array_get(media, j)))
                                return fail(err, ERR_USAGE, "El soporte %s está dos veces.",
                                            "Medium %s is there twice.",
                                            json_string_value(json_array_get(media, i)));
        return 0;
}

/* One fact for each medium, so that each has it in its history. */
static int draft_facts(struct act *act, const json_t *args, struct fact *facts, size_t n, int64_t first,
                       char owner[40], struct error *err) {
        const json_t *media = json_object_get(args, "medium");
        char batch[DESTRUCTION_ID];
        int r = 0;

        (void) snprintf(batch, sizeof batch, "D%06lld", (long long) first);
        for (size_t i = 0; r == 0 && i < n; i++) {
                struct medium medium;

                r = medium_load(act->db, json_string_value(json_array_get(media, i)), &medium, err);
                if (r == 0)
                        r = judge_request(act, args, &medium, err);
                if (r == 0)
                        r = draft_request(args, &medium, first + (int64_t) i, n > 1 ? batch : NULL, &facts[i].data,
                                          err);
                facts[i].type = "destruction.requested";
                facts[i].subject = json_string_value(json_array_get(media, i));
                if (r == 0 && i == 0)
                        (void) snprintf(owner, 40, "%s", medium.owner);
        }
        return r;
}

static int run_request(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        size_t n = json_array_size(json_object_get(args, "medium"));
        _cleanup_free_ struct fact *facts = calloc(n + 1, sizeof *facts);
        char id[DESTRUCTION_ID], owner[40] = "";
        int64_t first;
        int r = facts ? judge_batch(act, args, n, err) : fail_memory(err);

        if (r == 0)
                r = db_int(act->db, &first, err, "SELECT coalesce(max(number), 0) + 1 FROM destruction", "");
        if (r == 0)
                r = draft_facts(act, args, facts, n, first, owner, err);
        if (r == 0)
                r = act_record(act, facts, n, err);
        for (size_t i = 0; facts && i < n; i++)
                json_decref(facts[i].data);
        if (r < 0 || act->dry_run)
                return r;
        (void) snprintf(id, sizeof id, "D%06lld", (long long) first);
        if (n == 1)
                act_say(act, "Destrucción %s solicitada: la decide %s («mpsi destroy approve %s»).",
                        "Destruction %s requested: %s decides (“mpsi destroy approve %s”).", id, owner, id);
        else
                act_say(act,
                        "Destrucción %s de %zu soportes solicitada: decide cada propietario («mpsi destroy "
                        "approve %s»).",
                        "Destruction %s of %zu media requested: each owner decides (“mpsi destroy approve %s”).",
                        id, n, id);
        return answer(act, id, args, ret, err);
}

/* What an owner decides: what is asked for; and until it is done they may take an approval back. */
struct decision {
        const char *event;
        const char *note; /* the parameter that says why */
        bool withdraws;
};

static int demand_undecided(const struct decision *decision, const json_t *one, struct error *err) {
        if (decision->withdraws && destruction_is(one, DESTRUCTION_APPROVED))
                return 0;
        return destruction_demand_state(one, DESTRUCTION_REQUESTED, err);
}

/* Of a batch, those that are this owner's and still open: somebody else's are not theirs to decide. */
static int draft_decisions(struct act *act, const json_t *together, const json_t *args,
                           const struct decision *decision, struct fact *facts, size_t *ret_n, struct error *err) {
        const json_t *one;
        size_t i, n = 0;
        bool batch = json_array_size(together) > 1;
        int r = 0;

        json_array_foreach(together, i, one) {
                struct medium medium;

                r = medium_load(act->db, json_text(one, "medium"), &medium, err);
                if (r == 0 && batch &&
                    (demand_undecided(decision, one, NULL) < 0 || strcmp(medium.owner, act->person) != 0))
                        continue;
                if (r == 0)
                        r = demand_undecided(decision, one, err);
                if (r == 0)
                        r = destruction_judge_decision(
                                act->person, medium.owner,
                                destruction_is(one, DESTRUCTION_APPROVED) ? "" : json_text(one, "requester"), err);
                if (r < 0)
                        return r;
                facts[n] = (struct fact){ decision->event, json_text(one, "medium"),
                                          json_pack("{s:s, s:s*}", "destruction", json_text(one, "destruction"),
                                                    "note", json_text(args, decision->note)) };
                if (!facts[n++].data)
                        return fail_memory(err);
        }
        *ret_n = n;
        return n ? 0
                 : refuse(err, ERR_CONFLICT, "S8", "No queda nada que %s pueda decidir en %s.",
                          "There is nothing left for %s to decide in %s.", act->person,
                          json_text_or_empty(json_array_get(together, 0), "batch"));
}

static int decide(struct act *act, const json_t *args, const struct decision *decision, json_t **ret,
                  struct error *err) {
        _cleanup_json_ json_t *destruction = NULL, *together = NULL;
        _cleanup_free_ struct fact *facts = NULL;
        size_t n = 0, room;
        int r = destruction_find(act, json_text(args, "destruction"), &destruction, err);

        if (r == 0)
                r = destruction_together(act, destruction, &together, err);
        if (r < 0)
                return r;
        room = json_array_size(together);
        facts = calloc(room + 1, sizeof *facts);
        r = facts ? draft_decisions(act, together, args, decision, facts, &n, err) : fail_memory(err);
        if (r == 0)
                r = act_record(act, facts, n, err);
        for (size_t i = 0; facts && i < room; i++)
                json_decref(facts[i].data);
        if (r < 0 || act->dry_run)
                return r;
        return answer(act, json_text(destruction, "destruction"), args, ret, err);
}

static int run_approve(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        int r = decide(act, args, &(struct decision){ "destruction.approved", "note", false }, ret, err);

        if (r == 0 && !act->dry_run)
                act_say(act, "Aprobada. La ejecuta un operador ante un supervisor: «mpsi destroy execute %s».",
                        "Approved. An operator executes it before a supervisor: “mpsi destroy execute %s”.",
                        json_text_or_empty(*ret, "destruction"));
        return r;
}

static int run_refuse(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        return decide(act, args, &(struct decision){ "destruction.refused", "reason", true }, ret, err);
}

static int run_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        return answer(act, json_text(args, "destruction"), args, ret, err);
}

/* `first` is the filter that an index serves. */
#define DESTRUCTIONS(first)                                                                                        \
        "SELECT id, medium, state, method, requester, requested, executor, executed, batch, reason FROM "          \
        "destruction WHERE " first " AND (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR medium = ?2) ORDER BY "     \
        "number"

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        static const char *const names[] = { "destruction", "medium",   "state",    "method", "requester",
                                             "requested",   "executor", "executed", "batch",  "reason" };
        const char *state = json_text(args, "state"), *medium = json_text(args, "medium");
        const char *sql = medium  ? DESTRUCTIONS("medium = ?2")
                          : state ? DESTRUCTIONS("state = ?1")
                                  : DESTRUCTIONS("1");
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *list = json_array();
        int r = db_query(act->db, &rows, err, sql, "ss", state, medium);

        while (r >= 0 && (r = rows_next(rows, err)) > 0)
                if (json_array_append_new(list, rows_to_json(rows, names, "ssssststss")))
                        return fail_memory(err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

const struct verb destroy_verbs[] = {
        { .noun = "destroy",
          .name = "request",
          .roles = ROLE_ANY & ~(unsigned) ROLE_AUDITOR,
          .flags = VERB_WRITES,
          .help = HELP("pedir la destrucción de un soporte (R-110-020)",
                       "request a medium's destruction (R-110-020)"),
          PARAMS(request_params),
          COLUMNS(show_columns),
          .run = run_request },
        { .noun = "destroy",
          .name = "approve",
          .roles = ROLE_OWNER,
          .flags = VERB_WRITES,
          .help = HELP("aprobarla, como propietario de la información", "approve it, as the information owner"),
          PARAMS(approve_params),
          COLUMNS(show_columns),
          .run = run_approve },
        { .noun = "destroy",
          .name = "refuse",
          .roles = ROLE_OWNER,
          .flags = VERB_WRITES,
          .help = HELP("denegarla, o retirar la aprobación", "refuse it, or withdraw the approval"),
          PARAMS(refuse_params),
          COLUMNS(show_columns),
          .run = run_refuse },
        { .noun = "destroy",
          .name = "execute",
          .roles = ROLE_OPERATOR,
          .flags = VERB_WRITES | VERB_DESTRUCTIVE,
          .help = HELP("registrar la destrucción, con supervisor y fotos",
                       "record the destruction, with supervisor and photos"),
          PARAMS(execute_params),
          COLUMNS(show_columns),
          .run = destroy_run_execute },
        { .noun = "destroy",
          .name = "show",
          .roles = ROLE_ANY,
          .help = HELP("ver una destrucción", "show a destruction"),
          PARAMS(show_params),
          COLUMNS(show_columns),
          .run = run_show },
        { .noun = "destroy",
          .name = "list",
          .roles = ROLE_ANY,
          .help = HELP("destrucciones", "destructions"),
          PARAMS(list_params),
          COLUMNS(list_columns),
          .run = run_list },
        { .noun = "report",
          .name = "R-110-020",
          .roles = ROLE_ANY & ~(unsigned) ROLE_AUDITOR, /* A4: it records; they have `destroy show --out` */
          .flags = VERB_WRITES,
          .help = HELP("solicitud de destrucción (S8), de un lote con todos sus soportes",
                       "destruction request (S8), of a batch with all its media"),
          PARAMS(report_params),
          COLUMNS(show_columns),
          .run = destruction_run_report },
};
_Static_assert(COUNT(destroy_verbs) == DESTROY_VERBS, "all verbs are offered");
