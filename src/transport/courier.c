/* Authorised couriers (T4): who they are, for which company, until when, and how they sign. */
#include <string.h>

#include "base/digest.h"
#include "base/str.h"
#include "custody/signature.h"
#include "store/json.h"
#include "transport/internal.h"

/* --- events ------------------------------------------------------------------------------------------------- */

/* Authorised anew with another document: the newest counts, the events keep the others. */
static int apply_authorised(struct db *db, const struct event *event, struct error *err) {
        const json_t *d = event->data;
        int r = db_exec(
                db, err,
                "INSERT OR REPLACE INTO courier (name, full_name, company, document, sha256, expires, person, "
                "added, added_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                "sssssssis", event->subject, json_text(d, "full_name"), json_text(d, "company"),
                json_text(d, "document"), json_text(d, "sha256"), json_text(d, "expires"), json_text(d, "person"),
                event->time, event->actor);

        return r < 0 ? r : 0;
}

static int apply_withdrawn(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE courier SET withdrawn = ?, withdrawal = ? WHERE name = ?", "iss",
                        event->time, json_text(event->data, "reason"), event->subject);

        return r < 0 ? r : 0;
}

/* The courier's own signature of a pickup, beside the custodian's. */
static int apply_signed(struct db *db, const struct event *event, struct error *err) {
        return custody_apply_signature(db, event, event->subject, "pickup", err);
}

static const struct event_type courier_events[] = {
        { "courier.authorised", apply_authorised },
        { "courier.withdrawn", apply_withdrawn },
        { "shipment.courier-signed", apply_signed },
};

/* --- reading ------------------------------------------------------------------------------------------------ */

#define COURIER_COLUMNS                                                                                            \
        "name, full_name, company, document, sha256, expires, person, added, added_by, withdrawn, withdrawal"

static int courier_of(struct act *act, const struct rows *rows, json_t **ret, struct error *err) {
        static const char *const members[] = { "name",     "full_name", "company",   "document",
                                               "sha256",   "expires",   "person",    "added",
                                               "added_by", "withdrawn", "withdrawal" };
        json_t *courier = rows_to_json(rows, members, "ssssssststs");
        char today[DATE_TEXT];
        const char *standing;

        date_of(act_now(act), today);
        standing = json_text(courier, "withdrawn")                             ? "withdrawn"
                   : strcmp(json_text_or_empty(courier, "expires"), today) < 0 ? "expired"
                                                                               : "valid";
        if (!courier || json_object_set_new(courier, "standing", json_string(standing))) {
                json_decref(courier);
                return fail_memory(err);
        }
        *ret = courier;
        return 0;
}

/* By the name in the register, however it was typed or scanned. *ret is NULL when there is none. */
static int courier_find(struct act *act, const char *name, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(act->db, &rows, err, "SELECT " COURIER_COLUMNS " FROM courier WHERE name = lower(?)", "s",
                         name);

        if (r == 0)
                r = rows_next(rows, err);
        *ret = NULL;
        return r <= 0 ? r : courier_of(act, rows, ret, err);
}

/* --- at the pickup ------------------------------------------------------------------------------------------ */

int courier_demand(struct act *act, const json_t *args, enum category strictest, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *courier = NULL;
        int64_t n = 0;
        char today[DATE_TEXT];
        int r = courier_find(act, json_text(args, "courier"), &courier, err);

        if (r == 0)
                r = db_int(act->db, &n, err, "SELECT count(*) FROM courier", "");
        if (r < 0)
                return r;
        date_of(act_now(act), today);
        const struct courier_facts facts = {
                .name = json_text(args, "courier"),
                .known = courier != NULL,
                .withdrawn = courier && json_text(courier, "withdrawn"),
                .kept = n > 0,
                .expires = json_text_or_empty(courier, "expires"),
                .company = json_text_or_empty(courier, "company"),
                .shown = json_text(args, "company"),
                .is_signed = json_flag(args, "courier-signs") || json_text(args, "receipt"),
        };

        r = transport_judge_courier(strictest, &facts, today, err);
        if (r == 0)
                *ret = TAKE_PTR(courier);
        return r;
}

int courier_sign(struct act *act, const json_t *args, const json_t *courier, const json_t *shipment,
                 struct shipment_facts *facts, struct error *err) {
        _cleanup_json_ json_t *statement = NULL, *data = NULL;
        const char *person = json_text(courier, "person"), *receipt = json_text(args, "receipt");
        int r;

        if (!json_flag(args, "courier-signs") && !receipt)
                return 0;
        if (json_flag(args, "courier-signs") && !person)
                return refuse(err, ERR_REFUSED, "T4", "%s no tiene clave propia aquí: firma el recibo (--receipt).",
                              "%s has no key of their own here: they sign the receipt (--receipt).",
                              json_text(args, "courier"));
        data = json_pack("{s:s}", "signer", person ? person : json_text(args, "courier"));
        if (!data)
                return fail_memory(err);
        if (!json_flag(args, "courier-signs")) {
                if (json_object_set_new(data, "paper", json_string(receipt)))
                        return fail_memory(err);
                return shipment_facts_add(facts, "shipment.courier-signed", shipment_id(shipment), TAKE_PTR(data),
                                          err);
        }
        r = custody_statement(act, "mpsi-courier-1", shipment_id(shipment), "pickup", person, &statement, err);
        if (r == 0 && (json_object_set(statement, "company", json_object_get(args, "company")) ||
                       json_object_set(statement, "courier", json_object_get(args, "courier")) ||
                       json_object_set(statement, "seals", json_object_get(args, "seal"))))
                r = fail_memory(err);
        if (r == 0)
                r = custody_sign(act, person, "T4", statement, data, err);
        if (r < 0)
                return r;
        return shipment_facts_add(facts, "shipment.courier-signed", shipment_id(shipment), TAKE_PTR(data), err);
}

/* --- verbs -------------------------------------------------------------------------------------------------- */

#define COURIER_PARAM                                                                                              \
        { "courier", PARAM_NAME, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("mensajero", "courier"), 0, 0, NULL, 0 }

static const struct param authorise_params[] = {
        COURIER_PARAM,
        { "full-name", PARAM_TEXT, PARAM_REQUIRED, HELP("nombre completo", "full name"), 0, 120, NULL, 0 },
        { "company", PARAM_TEXT, PARAM_REQUIRED, HELP("empresa de transporte", "carrier's company"), 0, 120, NULL,
          0 },
        { "document", PARAM_TEXT, PARAM_REQUIRED,
          HELP("documento que lo identifica: tipo y final", "document that identifies them: kind and last digits"),
          0, 60, NULL, 0 },
        { "file", PARAM_INPUT, PARAM_REQUIRED, HELP("el documento", "the document"), 0, 0, NULL, 0 },
        { "expires", PARAM_DATE, PARAM_REQUIRED, HELP("hasta, incluido", "until, that day included"), 0, 0, NULL,
          0 },
        { "person", PARAM_PERSON, 0,
          HELP("la persona dada de alta cuya clave firma", "the enrolled person whose key signs"), 0, 0, NULL, 0 },
};
static const struct param withdraw_params[] = {
        COURIER_PARAM,
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};
static const struct param show_params[] = { COURIER_PARAM };
static const struct term courier_standing_terms[] = {
        { "valid", { "vigente", "valid" } },
        { "expired", { "caducada", "expired" } },
        { "withdrawn", { "retirada", "withdrawn" } },
};
static const struct column courier_columns[] = {
        { "name", HELP("MENSAJERO", "COURIER") },
        { "full_name", HELP("NOMBRE", "NAME") },
        { "company", HELP("EMPRESA", "COMPANY") },
        { "document", HELP("DOCUMENTO", "DOCUMENT") },
        { "expires", HELP("HASTA", "UNTIL") },
        { "person", HELP("PERSONA", "PERSON") },
        { "standing", CODES("SITUACIÓN", "STANDING", courier_standing_terms) },
};

static int run_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        int r = courier_find(act, json_text(args, "courier"), ret, err);

        if (r == 0 && !*ret)
                return fail(err, ERR_NOT_FOUND, "No hay ningún mensajero «%s».", "There is no courier “%s”.",
                            json_text(args, "courier"));
        return r;
}

static int run_authorise(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *data = NULL;
        char today[DATE_TEXT], digest[SHA256_TEXT];
        int r;

        date_of(act_now(act), today);
        if (strcmp(json_text(args, "expires"), today) < 0)
                return refuse(err, ERR_REFUSED, "T4", "La autorización habría vencido ya.",
                              "The authorisation would have expired already.");
        r = act_attach_file(act, json_text(args, "file"), SHIPMENT_FILE_MAX, digest, err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*}", "full_name", json_text(args, "full-name"), "company",
                         json_text(args, "company"), "document", json_text(args, "document"), "sha256", digest,
                         "expires", json_text(args, "expires"), "person", json_text(args, "person"));
        r = data ? act_record_one(act, "courier.authorised", json_text(args, "courier"), data, err)
                 : fail_memory(err);
        return r < 0 || act->dry_run ? r : run_show(act, args, ret, err);
}

static int run_withdraw(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *courier = NULL, *data = NULL;
        int r = run_show(act, args, &courier, err);

        if (r < 0)
                return r;
        if (json_text(courier, "withdrawn"))
                return fail(err, ERR_CONFLICT, "Ya se le retiró.", "It was withdrawn already.");
        data = json_pack("{s:s}", "reason", json_text(args, "reason"));
        r = data ? act_record_one(act, "courier.withdrawn", json_text(args, "courier"), data, err)
                 : fail_memory(err);
        return r < 0 || act->dry_run ? r : run_show(act, args, ret, err);
}

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(act->db, &rows, err, "SELECT " COURIER_COLUMNS " FROM courier ORDER BY name", "");

        (void) args;
        while (r >= 0 && (r = rows_next(rows, err)) > 0) {
                json_t *courier = NULL;

                r = courier_of(act, rows, &courier, err);
                if (r == 0 && json_array_append_new(list, courier))
                        r = fail_memory(err);
        }
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

static const struct verb courier_verbs[] = {
        { "courier", "authorise", ROLE_SECURITY, VERB_WRITES,
          HELP("Autoriza a un mensajero: empresa, documento, validez (T4)",
               "Authorises a courier: company, document, validity (T4)"),
          PARAMS(authorise_params), COLUMNS(courier_columns), .run = run_authorise },
        { "courier", "withdraw", ROLE_SECURITY, VERB_WRITES,
          HELP("Retira la autorización de un mensajero", "Withdraws a courier's authorisation"),
          PARAMS(withdraw_params), COLUMNS(courier_columns), .run = run_withdraw },
        { "courier", "show", ROLE_ANY, VERB_READS, HELP("Muestra un mensajero", "Shows a courier"),
          PARAMS(show_params), COLUMNS(courier_columns), .run = run_show },
        { "courier", "list", ROLE_ANY, VERB_READS, HELP("Lista los mensajeros", "Lists the couriers"),
          .columns = courier_columns, .columns_n = COUNT(courier_columns), .run = run_list },
};

const struct room courier_room = { .verbs = courier_verbs,
                                   .verbs_n = COUNT(courier_verbs),
                                   .events = courier_events,
                                   .events_n = COUNT(courier_events) };
