/* What is known of shipments, and form R-110-019. */
#include <stdio.h>
#include <string.h>

#include "act/report.h"
#include "base/str.h"
#include "print/form.h"
#include "transport/internal.h"

static const struct param show_params[] = {
        { "shipment", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("envío", "shipment"), 0, 40, NULL, 0 },
        { "pdf", PARAM_OUTPUT, 0, HELP("formulario R-110-019 en PDF", "form R-110-019 as PDF"), 0, 0, NULL, 0 },
};

static const struct param report_params[] = {
        { "shipment", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("envío", "shipment"), 0, 40, NULL, 0 },
        REPORT_PARAMS,
};

static const struct param list_params[] = {
        { "state", PARAM_TERM, 0, HELP("solo este estado", "this state only"), 0, 0, shipment_state_terms,
          SHIPMENT_STATES },
        { "medium", PARAM_MEDIUM, 0, HELP("solo los de este soporte", "of this medium only"), 0, 0, NULL, 0 },
        { "late", PARAM_FLAG, 0, HELP("solo los que pasan de su límite", "only those beyond their limit"), 0, 0,
          NULL, 0 },
};

/* A checkpoint and what became of its signature. */
static const struct term done_terms[] = {
        { "origin", { "origen", "origin" } },
        { "pickup", { "recogida", "pickup" } },
        { "transit", { "tránsito", "transit" } },
        { "delivery", { "entrega", "delivery" } },
        { "confirmation", { "confirmación", "confirmation" } },
        { "valid", { "firma válida", "valid" } },
        { "invalid", { "firma NO válida", "NOT valid" } },
        { "none", { "sin firma", "not signed" } },
        { "unknown-algorithm", { "algoritmo desconocido", "unknown algorithm" } },
};
static const struct column list_columns[] = {
        { "shipment", HELP("ENVÍO", "SHIPMENT") },
        { "state", CODES("ESTADO", "STATE", shipment_state_terms) },
        { "from", HELP("ORIGEN", "FROM") },
        { "to", HELP("DESTINO", "TO") },
        { "recipient", HELP("DESTINATARIO", "RECIPIENT") },
        { "media_n", HELP("SOPORTES", "MEDIA") },
        { "dispatched", HELP("SALIDA", "DISPATCHED") },
        { "late", HELP("TARDE", "LATE") },
};

static const struct column show_columns[] = {
        { "shipment", HELP("ENVÍO", "SHIPMENT") },
        { "state", CODES("ESTADO", "STATE", shipment_state_terms) },
        { "from", HELP("ORIGEN", "FROM") },
        { "to", HELP("DESTINO", "TO") },
        { "recipient", HELP("DESTINATARIO", "RECIPIENT") },
        { "method", CODES("MÉTODO", "METHOD", transport_method_terms) },
        { "protection", CODES("PROTECCIÓN", "PROTECTION", transport_protection_terms) },
        { "tracking", CODES("SEGUIMIENTO", "TRACKING", transport_tracking_terms) },
        { "route", HELP("RUTA", "ROUTE") },
        { "limit", HELP("LÍMITE (H)", "LIMIT (H)") },
        { "expected", HELP("LLEGADA PREVISTA", "EXPECTED") },
        { "country", HELP("PAÍS", "COUNTRY") },
        { "returns", HELP("DEVUELVE", "RETURNS") },
        { "drill", HELP("SIMULACRO", "DRILL") },
        { "media_ids", HELP("SOPORTES", "MEDIA") },
        { "seal_numbers", HELP("PRECINTOS", "SEALS") },
        { "indicators_placed", CODES("INDICADORES", "INDICATORS", indicator_terms) },
        { "papers_there", CODES("DOCUMENTOS", "PAPERS", transfer_paper_terms) },
        { "done", CODES("PUNTOS", "CHECKPOINTS", done_terms) },
        { "review_due", HELP("REVISAR ANTES DE", "REVIEW BY") },
        { "reviewed_by", HELP("REVISADO POR", "REVIEWED BY") },
        { "next", HELP("SIGUIENTE", "NEXT") },
        { "late", HELP("TARDE", "LATE") },
};

static int set_late(const struct act *act, json_t *shipment, struct error *err) {
        int64_t end = shipment_moment(shipment, "delivered");
        bool late = transport_is_late(shipment_moment(shipment, "dispatched"),
                                      end ? end : shipment_moment(shipment, "lost"), json_int(shipment, "limit", 0),
                                      act_now(act));

        return json_object_set_new(shipment, "late", json_boolean(late)) ? fail_memory(err) : 0;
}

/* The signature's verdict takes the place of its bytes, which stay in the ledger. */
static int judge_signatures(const struct act *act, json_t *shipment, struct error *err) {
        json_t *checkpoint;
        size_t i;

        json_array_foreach(json_object_get(shipment, "checkpoints"), i, checkpoint) {
                const char *verdict = shipment_verify(act, checkpoint);

                if (json_object_set_new(checkpoint, "signed", json_string(verdict)))
                        return fail_memory(err);
        }
        return 0;
}

/* What is next, in the words of the verbs. */
static const char *next_verb(enum shipment_state state) {
        static const char *const next[SHIPMENT_STATES] = {
                [SHIPMENT_CREATED] = "ship pack",
                [SHIPMENT_PACKED] = "ship authorise",
                [SHIPMENT_AUTHORISED] = "ship dispatch",
                [SHIPMENT_DISPATCHED] = "ship pickup",
                [SHIPMENT_PICKED_UP] = "ship track",
                [SHIPMENT_IN_TRANSIT] = "ship deliver",
                [SHIPMENT_DELIVERED] = "ship confirm",
                [SHIPMENT_CONFIRMED] = "",
                [SHIPMENT_LOST] = "",
                [SHIPMENT_CANCELLED] = "",
        };

        return next[state];
}

/* One member of each element, for a person's eye beside the full array. */
static int set_list(json_t *shipment, const char *key, const char *from, const char *member, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        const json_t *item;
        size_t i;

        json_array_foreach(
                json_object_get(shipment, from), i,
                item) if (json_array_append(list, json_object_get(item, member))) return fail_memory(err);
        return json_array_size(list) && json_object_set(shipment, key, list) ? fail_memory(err) : 0;
}

static int summarise(json_t *shipment, struct error *err) {
        _cleanup_json_ json_t *done = json_array(), *placed = json_array();
        const unsigned indicators = shipment_indicators(shipment);
        const json_t *item;
        bool failed = false;
        size_t i;
        int r = set_list(shipment, "media_ids", "media", "medium", err);

        if (r == 0)
                r = set_list(shipment, "seal_numbers", "seals", "number", err);
        if (r == 0)
                r = set_list(shipment, "papers_there", "papers", "kind", err);
        if (r < 0)
                return r;
        for (int n = 0; n < INDICATORS; n++)
                if (indicators & 1U << n)
                        failed |= json_array_append_new(placed, json_string(indicator_terms[n].code)) != 0;
        json_array_foreach(json_object_get(shipment, "checkpoints"), i, item)
                failed |= json_array_append_new(done, json_sprintf("%s (%s)", json_text_or_empty(item, "point"),
                                                                   json_text_or_empty(item, "signed"))) != 0;
        if (json_array_size(placed))
                failed |= json_object_set(shipment, "indicators_placed", placed) != 0;
        if (failed || json_object_set(shipment, "done", done) ||
            json_object_set_new(shipment, "next", json_string(next_verb(shipment_state_of(shipment)))))
                return fail_memory(err);
        return 0;
}

static int load_judged(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *shipment = NULL;
        int r;

        r = shipment_load(act->db, json_text(args, "shipment"), &shipment, err);
        if (r == 0)
                r = set_late(act, shipment, err);
        if (r == 0)
                r = judge_signatures(act, shipment, err);
        if (r == 0)
                r = summarise(shipment, err);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(shipment);
        return 0;
}

static int run_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *shipment = NULL, *data = NULL;
        _cleanup_free_ char *forms = act_path(act, NULL, "forms");
        const char *pdf = json_text(args, "pdf");
        int r = forms ? load_judged(act, args, &shipment, err) : fail_memory(err);

        if (r == 0 && pdf && !act->dry_run)
                r = shipment_form_data(act, shipment, &data, err);
        if (r == 0 && data)
                r = form_to_pdf(forms, "R-110-019", act->lang, data, pdf, err);
        if (r == 0)
                *ret = TAKE_PTR(shipment);
        return r;
}

static int read_shipment(struct act *act, const json_t *args, struct report *report, struct error *err) {
        int r = load_judged(act, args, &report->answer, err);

        if (r == 0)
                r = shipment_form_data(act, report->answer, &report->data, err);
        if (r < 0)
                return r;
        (void) snprintf(report->number, sizeof report->number, "%s", shipment_id(report->answer));
        (void) snprintf(report->es, sizeof report->es, "Formulario R-110-019 de %.20s", report->number);
        (void) snprintf(report->en, sizeof report->en, "Form R-110-019 of %.20s", report->number);
        return 0;
}

static int run_report(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_report_ struct report report = { .form = "R-110-019", .lang = act->lang };
        int r = report_make(act, args, read_shipment, &report, err);

        if (r == 0)
                *ret = TAKE_PTR(report.answer);
        return r;
}

#define OF_MEDIUM "id IN (SELECT shipment FROM shipment_medium WHERE medium = ?2)"
/* `first` is the filter that an index serves. */
#define SHIPMENTS(first)                                                                                           \
        "SELECT id FROM shipment WHERE " first " AND (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR " OF_MEDIUM     \
        ") ORDER BY number DESC"

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const char *state = json_text(args, "state"), *medium = json_text(args, "medium");
        const char *sql = medium ? SHIPMENTS(OF_MEDIUM) : state ? SHIPMENTS("state = ?1") : SHIPMENTS("1");
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        int r;

        r = db_query(act->db, &rows, err, sql, "ss", state, medium);
        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0) {
                _cleanup_json_ json_t *shipment = NULL;

                r = shipment_load(act->db, rows_text(rows, 0), &shipment, err);
                if (r == 0)
                        r = set_late(act, shipment, err);
                if (r < 0)
                        return r;
                if (json_flag(args, "late") && !json_flag(shipment, "late"))
                        continue;
                if (json_object_set_new(
                            shipment, "media_n",
                            json_integer((json_int_t) json_array_size(json_object_get(shipment, "media")))) ||
                    json_object_del(shipment, "checkpoints") || json_array_append(list, shipment))
                        return fail_memory(err);
        }
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

static const struct verb show_verbs[] = {
        { .noun = "ship",
          .name = "show",
          .roles = ROLE_ANY,
          .help = HELP("Muestra un envío y comprueba sus firmas", "Shows a shipment and checks its signatures"),
          PARAMS(show_params),
          COLUMNS(show_columns),
          .run = run_show },
        { .noun = "ship",
          .name = "list",
          .roles = ROLE_ANY,
          .help = HELP("Lista los envíos", "Lists the shipments"),
          PARAMS(list_params),
          COLUMNS(list_columns),
          .run = run_list },
        { .noun = "report",
          .name = "R-110-019",
          .roles = ROLE_ANY & ~(unsigned) ROLE_AUDITOR, /* A4: it records; they have `ship show --pdf` */
          .flags = VERB_WRITES,
          .help = HELP("Formulario de envío de soportes (T3)", "Media shipping form (T3)"),
          PARAMS(report_params),
          COLUMNS(show_columns),
          .run = run_report },
};

const struct room shipment_room = {
        .verbs = show_verbs,
        .verbs_n = COUNT(show_verbs),
};
