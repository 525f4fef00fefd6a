/* What goes beside a shipment: its papers for another country, the notice of its arrival, the review of an
 * emergency (T6). */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "registry/person.h"
#include "transport/internal.h"

#define SHIPMENT_PARAM                                                                                             \
        { "shipment", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("envío", "shipment"), 0, 40, NULL, 0 }

static const struct term outcome_terms[] = {
        { "justified", { "justificada", "justified" } },
        { "unjustified", { "no justificada", "not justified" } },
};

static const struct param document_params[] = {
        SHIPMENT_PARAM,
        { "kind", PARAM_TERM, PARAM_REQUIRED, HELP("qué documento es", "what document it is"), 0, 0,
          transfer_paper_terms, TRANSFER_PAPERS },
        { "reference", PARAM_TEXT, PARAM_REQUIRED, HELP("número y quién lo expide", "its number and who issued it"),
          0, 120, NULL, 0 },
        { "file", PARAM_INPUT, PARAM_REQUIRED, HELP("el documento", "the document"), 0, 0, NULL, 0 },
};
static const struct param notice_params[] = {
        SHIPMENT_PARAM,
        { "by", PARAM_TEXT, PARAM_REQUIRED, HELP("por dónde se avisa: correo, teléfono", "how: mail, telephone"), 0,
          120, NULL, 0 },
        { "out", PARAM_OUTPUT, 0, HELP("el texto, en un fichero", "the text, in a file"), 0, 0, NULL, 0 },
};
static const struct param review_params[] = {
        SHIPMENT_PARAM,
        { "outcome", PARAM_TERM, PARAM_REQUIRED,
          HELP("si la emergencia lo justificaba", "whether it was justified"), 0, 0, outcome_terms,
          COUNT(outcome_terms) },
        { "note", PARAM_TEXT, PARAM_REQUIRED, HELP("qué se miró", "what was looked at"), 0, 200, NULL, 0 },
};

/* The shipment that a verb is about, in a state that allows it. */
static int load_for(struct act *act, const json_t *args, enum shipment_act which, json_t **ret, struct error *err) {
        int r = shipment_load(act->db, json_text(args, "shipment"), ret, err);

        return r < 0 ? r : transport_judge_act(shipment_id(*ret), shipment_state_of(*ret), which, err);
}

static int record(struct act *act, const json_t *shipment, const char *type, json_t *data, json_t **ret,
                  struct error *err) {
        int r = data ? act_record_one(act, type, shipment_id(shipment), data, err) : fail_memory(err);

        return r < 0 || act->dry_run ? r : shipment_load(act->db, shipment_id(shipment), ret, err);
}

static int run_document(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *shipment = NULL, *data = NULL;
        char digest[SHA256_TEXT];
        int r = load_for(act, args, SHIP_DOCUMENT, &shipment, err);

        if (r == 0)
                r = act_attach_file(act, json_text(args, "file"), SHIPMENT_FILE_MAX, digest, err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s, s:s}", "kind", json_text(args, "kind"), "reference",
                         json_text(args, "reference"), "sha256", digest);
        return record(act, shipment, "shipment.documented", data, ret, err);
}

/* --- the notice --------------------------------------------------------------------------------------------- */

static const char *in(const struct act *act, const char *es, const char *en) {
        return act->lang == LANG_EN ? en : es;
}

static void write_seals(FILE *out, const json_t *shipment) {
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(shipment, "seals"), i, item)(void)
                fprintf(out, "%s%s", i ? ", " : "", json_text_or_empty(item, "number"));
}

/* It may be read by anybody on its way: no content, no passphrase (C8). */
static void write_notice(const struct act *act, FILE *out, const json_t *shipment, const char *recipient) {
        int64_t expected = shipment_moment(shipment, "expected"),
                dispatched = shipment_moment(shipment, "dispatched");
        char when[TIME_TEXT] = "", limit[TIME_TEXT] = "";

        if (expected)
                time_format_local(expected, when);
        if (dispatched)
                time_format_local(dispatched + json_int(shipment, "limit", 0) * 3600 * SECOND, limit);
        (void) fprintf(out, "%s%s %s\n\n%s %s:\n\n",
                       json_flag(shipment, "drill") ? in(act, "SIMULACRO. ", "DRILL. ") : "",
                       in(act, "Aviso de llegada del envío", "Notice of arrival of shipment"),
                       shipment_id(shipment), in(act, "Para", "To"), recipient);
        (void) fprintf(out, "%s: %s\n", in(act, "Origen", "From"), json_text_or_empty(shipment, "from"));
        (void) fprintf(out, "%s: %s\n", in(act, "Destino", "To"), json_text_or_empty(shipment, "to"));
        (void) fprintf(out, "%s: %s\n", in(act, "Llegada prevista", "Expected arrival"),
                       *when ? when : in(act, "por confirmar", "to be confirmed"));
        (void) fprintf(out, "%s: %s\n",
                       in(act, "Si no ha llegado, avise a partir de", "If it has not come, call from"),
                       *limit ? limit : in(act, "la salida, más su límite", "dispatch, plus its limit"));
        (void) fprintf(out, "%s: %s %s\n", in(act, "Transportista", "Carrier"),
                       json_text(shipment, "company") ? json_text(shipment, "company") : "—",
                       json_text_or_empty(shipment, "waybill"));
        (void) fprintf(out, "%s: %zu\n%s: ", in(act, "Soportes", "Media"),
                       json_array_size(json_object_get(shipment, "media")), in(act, "Precintos", "Seals"));
        write_seals(out, shipment);
        (void) fprintf(
                out, "\n\n%s\n",
                in(act,
                   "Compruebe cada precinto e indicador antes de firmar; si alguno difiere, no acepte el envío y "
                   "avise. La contraseña no viaja con él.",
                   "Check every seal and indicator before you sign; if one differs, do not accept the shipment "
                   "and call. The passphrase does not travel with it."));
}

static int notice_text(struct act *act, const json_t *shipment, char **ret, struct error *err) {
        _cleanup_person_ struct person person = { 0 };
        const char *name = json_text(shipment, "recipient");
        size_t n = 0;
        FILE *out = open_memstream(ret, &n);

        if (!out)
                return fail_memory(err);
        if (person_load(act->db, name, &person, NULL) == 0 && *person.full_name)
                name = person.full_name;
        write_notice(act, out, shipment, name);
        return fclose(out) == 0 ? 0 : fail_memory(err);
}

static int run_notice(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *shipment = NULL, *data = NULL;
        _cleanup_free_ char *text = NULL;
        int r = load_for(act, args, SHIP_NOTICE, &shipment, err);

        if (r == 0)
                r = notice_text(act, shipment, &text, err);
        if (r == 0 && json_text(args, "out") && !act->dry_run)
                r = file_write(json_text(args, "out"), text, strlen(text), 0600, err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s, s:s}", "to", json_text(shipment, "recipient"), "by", json_text(args, "by"),
                         "text", text);
        r = record(act, shipment, "shipment.noticed", data, ret, err);
        if (r == 0 && *ret && json_object_set_new(*ret, "notice", json_string(text)))
                r = fail_memory(err);
        /* What is to be sent is what the person wants to see. */
        if (r == 0)
                act_say(act, "%s", "%s", text);
        return r;
}

/* --- the review --------------------------------------------------------------------------------------------- */

static int run_review(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *shipment = NULL, *data = NULL;
        bool authorised = false;
        const json_t *item;
        size_t i;
        int r = load_for(act, args, SHIP_REVIEW, &shipment, err);

        if (r < 0)
                return r;
        if (!json_text(shipment, "review_due"))
                return refuse(err, ERR_CONFLICT, "T6", "El envío %s no fue por la vía de emergencia.",
                              "Shipment %s did not go by the emergency path.", shipment_id(shipment));
        if (json_text(shipment, "reviewed"))
                return refuse(err, ERR_CONFLICT, "T6", "El envío %s ya lo revisó %s.",
                              "Shipment %s was reviewed already by %s.", shipment_id(shipment),
                              json_text(shipment, "reviewed_by"));
        json_array_foreach(json_object_get(shipment, "authorisations"), i, item)
                authorised |= strcmp(json_text_or_empty(item, "person"), act->person) == 0;
        r = transport_judge_review(act->person, json_text(shipment, "creator"), authorised, err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s}", "outcome", json_text(args, "outcome"), "note", json_text(args, "note"));
        return record(act, shipment, "shipment.reviewed", data, ret, err);
}

static const struct column answer_columns[] = {
        { "shipment", HELP("ENVÍO", "SHIPMENT") }, { "state", CODES("ESTADO", "STATE", shipment_state_terms) },
        { "to", HELP("DESTINO", "TO") },           { "recipient", HELP("DESTINATARIO", "RECIPIENT") },
        { "notice", HELP("AVISO", "NOTICE") },     { "review", CODES("REVISIÓN", "REVIEW", outcome_terms) },
};

static const struct verb paper_verbs[] = {
        { "ship", "document", ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY, VERB_WRITES,
          HELP("Anota un documento de aduana o de transferencia (T6)", "Notes a customs or transfer document (T6)"),
          PARAMS(document_params), COLUMNS(answer_columns), .run = run_document },
        { "ship", "notice", ROLE_CUSTODIAN | ROLE_OPERATOR, VERB_WRITES,
          HELP("Avisa de la llegada prevista al destinatario (T6)",
               "Gives the recipient notice of the arrival (T6)"),
          PARAMS(notice_params), COLUMNS(answer_columns), .run = run_notice },
        { "ship", "review", ROLE_SECURITY | ROLE_OWNER, VERB_WRITES,
          HELP("Otra persona revisa un envío de emergencia (T6, X1)",
               "Somebody else reviews an emergency shipment (T6, X1)"),
          PARAMS(review_params), COLUMNS(answer_columns), .run = run_review },
};

const struct room shipment_paper_room = { .verbs = paper_verbs, .verbs_n = COUNT(paper_verbs) };
