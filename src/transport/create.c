/* What travels, how and by which way (T1, T6); what was made and does not leave. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "transport/internal.h"

static const struct param create_params[] = {
        { "from", PARAM_TEXT, 0, HELP("origen; por defecto, el de la ruta", "origin; by default the route's"), 0,
          120, NULL, 0 },
        { "to", PARAM_TEXT, 0, HELP("destino; por defecto, el de la ruta", "destination; by default the route's"),
          0, 120, NULL, 0 },
        { "recipient", PARAM_PERSON, 0, HELP("destinatario autorizado", "authorised recipient"), 0, 0, NULL, 0 },
        { "media", PARAM_MEDIUM, PARAM_REPEATED, HELP("soporte (repetible)", "medium (repeatable)"), 0, 0, NULL,
          0 },
        { "method", PARAM_TERM, 0, HELP("método de transporte (T1)", "method of transport (T1)"), 0, 0,
          transport_method_terms, TRANSPORT_METHODS },
        { "protection", PARAM_TERM, 0,
          HELP("protección; por defecto, la del método", "protection; by default the method's"), 0, 0,
          transport_protection_terms, TRANSPORT_PROTECTIONS },
        { "tracking", PARAM_TERM, 0,
          HELP("seguimiento; por defecto, el del método", "tracking; by default the method's"), 0, 0,
          transport_tracking_terms, TRANSPORT_TRACKINGS },
        { "route", PARAM_TEXT, 0, HELP("ruta predefinida («route list»)", "predefined route (“route list”)"), 0,
          200, NULL, 0 },
        { "limit", PARAM_INT, 0,
          HELP("límite en tránsito, horas; por defecto, el de la ruta",
               "transit limit, hours; by default the route's"),
          1, 720, NULL, 0 },
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
        { "country", PARAM_TEXT, 0,
          HELP("país de destino, dos letras; por defecto, ES (T6)",
               "country of destination, two letters; by default ES (T6)"),
          0, 2, NULL, 0 },
        { "international", PARAM_FLAG, 0,
          HELP("cruza una frontera: exige --country (T6)", "crosses a border: demands --country (T6)"), 0, 0, NULL,
          0 },
        { "eta", PARAM_DATE, 0,
          HELP("día previsto de llegada; por defecto, la salida más las horas usuales de la ruta",
               "expected day of arrival; by default dispatch plus the route's usual hours"),
          0, 0, NULL, 0 },
        { "emergency", PARAM_TEXT, 0,
          HELP("emergencia médica: motivo de la vía rápida (T6)",
               "medical emergency: reason for the fast path (T6)"),
          0, 200, NULL, 0 },
        { "documents", PARAM_TEXT, 0,
          HELP("nota sobre los documentos que lo acompañan", "note on the documents that go with it"), 0, 200, NULL,
          0 },
        { "returns", PARAM_TEXT, 0,
          HELP("envío confirmado cuyos soportes vuelven: de él se toma lo que no se dice",
               "confirmed shipment whose media go back: what is not said is taken from it"),
          0, 40, NULL, 0 },
        { "drill", PARAM_FLAG, 0,
          HELP("simulacro (A1): no cuenta en los indicadores", "drill (A1): not counted in the indicators"), 0, 0,
          NULL, 0 },
};

static const struct param cancel_params[] = {
        { "shipment", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("envío", "shipment"), 0, 40, NULL, 0 },
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};

/* The media's part of the event, and the strictest category among them. */
static int gather_media(struct act *act, const json_t *plan, json_t **ret, enum category *ret_strictest,
                        struct error *err) {
        _cleanup_json_ json_t *media = json_array(), *seen = json_object();
        enum category strictest = CATEGORY_BASICA;
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(plan, "media"), i, item) {
                struct medium medium;
                int r = medium_load(act->db, json_string_value(item), &medium, err);

                if (r < 0)
                        return r;
                if (json_object_get(seen, medium.id))
                        return fail(err, ERR_USAGE, "El soporte %s se indica dos veces.",
                                    "Medium %s is named twice.", medium.id);
                if (medium.state != MEDIUM_IN_CUSTODY)
                        return refuse(err, ERR_CONFLICT, "T2", "El soporte %s no está en custodia (%s%.0s).",
                                      "Medium %s is not in custody (%.0s%s).", medium.id,
                                      medium_state_terms[medium.state].name.es,
                                      medium_state_terms[medium.state].name.en);
                r = incident_refuse_open(act->db, medium.id, "U9", err);
                if (r == 0)
                        r = medium_refuse_doomed(&medium, err);
                if (r == 0)
                        r = shipment_refuse_other(act->db, medium.id, NULL, err);
                if (r < 0)
                        return r;
                if (medium.category > strictest)
                        strictest = medium.category;
                if (json_object_set_new(seen, medium.id, json_true()) ||
                    json_array_append_new(media, json_pack("{s:s, s:s}", "id", medium.id, "owner", medium.owner)))
                        return fail_memory(err);
        }
        *ret = TAKE_PTR(media);
        *ret_strictest = strictest;
        return 0;
}

static struct transport_means means_of(const json_t *plan) {
        int method = term_parse(transport_method_terms, TRANSPORT_METHODS, json_text(plan, "method"));
        const char *protection = json_text(plan, "protection"), *tracking = json_text(plan, "tracking");

        return (struct transport_means){
                .method = (enum transport_method) method,
                .protection = (enum transport_protection)(
                        protection ? term_parse(transport_protection_terms, TRANSPORT_PROTECTIONS, protection)
                                   : method),
                .tracking = (enum transport_tracking)(
                        tracking ? term_parse(transport_tracking_terms, TRANSPORT_TRACKINGS, tracking) : method),
        };
}

static int set_default(json_t *plan, const char *key, const json_t *from, const char *member, struct error *err) {
        const json_t *value = json_object_get(from, member);

        if (!value || json_object_get(plan, key))
                return 0;
        return json_object_set(plan, key, (json_t *) (uintptr_t) value) ? fail_memory(err) : 0;
}

/* What goes back: the media that arrived, the other way round. */
static int take_from_returned(struct act *act, json_t *plan, struct error *err) {
        static const char *const members[][2] = {
                { "from", "to" },
                { "to", "from" },
                { "recipient", "packed_by" },
                { "method", "method" },
                { "protection", "protection" },
                { "tracking", "tracking" },
        };
        _cleanup_json_ json_t *shipment = NULL, *media = json_array();
        const bool named = json_object_get(plan, "media") != NULL;
        const json_t *item;
        size_t i;
        int r = shipment_load(act->db, json_text(plan, "returns"), &shipment, err);

        if (r < 0)
                return r;
        if (shipment_state_of(shipment) != SHIPMENT_CONFIRMED)
                return refuse(err, ERR_CONFLICT, "T4", "El envío %s está «%s%.0s»: vuelve lo que se confirmó.",
                              "Shipment %s is “%.0s%s”: what was confirmed goes back.", shipment_id(shipment),
                              TERM_NAMES(shipment_state_terms, json_text_or_empty(shipment, "state")));
        json_array_foreach(
                json_object_get(shipment, "media"), i,
                item) if (strcmp(json_text_or_empty(item, "outcome"), "missing") != 0 &&
                          strcmp(json_text_or_empty(item, "outcome"), "recovered") != 0 &&
                          json_array_append(media, json_object_get(item, "medium"))) return fail_memory(err);
        json_array_foreach(
                json_object_get(plan, "media"), i,
                item) if (!json_array_names(media,
                                            json_string_value(
                                                    item))) return fail(err, ERR_USAGE,
                                                                        "El soporte %s no llegó en el envío %s.",
                                                                        "Medium %s did not arrive in shipment %s.",
                                                                        json_string_value(item),
                                                                        shipment_id(shipment));
        for (i = 0; i < COUNT(members) && r == 0; i++)
                r = set_default(plan, members[i][0], shipment, members[i][1], err);
        if (r == 0 && json_object_set(plan, "returns", json_object_get(shipment, "shipment")))
                r = fail_memory(err);
        return r < 0 || named ? r : (json_object_set(plan, "media", media) ? fail_memory(err) : 0);
}

/* The route's own places and hours, where the call says nothing else. */
static int take_from_route(struct act *act, json_t *plan, struct route_facts *ret, json_t **ret_route,
                           struct error *err) {
        int r = route_find(act->db, json_text_or_empty(plan, "route"), ret_route, err);

        if (r < 0)
                return r;
        *ret = (struct route_facts){
                .name = *ret_route ? json_text(*ret_route, "name") : json_text_or_empty(plan, "route"),
                .known = *ret_route != NULL,
                .closed = *ret_route && json_text(*ret_route, "closed"),
                .emergency = json_text(plan, "emergency") != NULL,
                .limit = json_int(*ret_route, "limit", 0),
        };
        r = route_kept(act->db, &ret->kept, err);
        if (r == 0)
                r = set_default(plan, "from", *ret_route, "from", err);
        if (r == 0)
                r = set_default(plan, "to", *ret_route, "to", err);
        if (r == 0)
                r = set_default(plan, "limit", *ret_route, "limit", err);
        if (r == 0 && *ret_route && json_object_set(plan, "route", json_object_get(*ret_route, "name")))
                r = fail_memory(err);
        return r;
}

static int demand_all(const json_t *plan, struct error *err) {
        static const char *const needed[] = { "media", "from", "to", "recipient", "method", "route", "limit" };

        for (size_t i = 0; i < COUNT(needed); i++)
                if (!json_object_get(plan, needed[i]))
                        return fail(err, ERR_USAGE, "Falta --%s.", "--%s is missing.", needed[i]);
        return 0;
}

static int judge_eta(const struct act *act, const json_t *plan, struct error *err) {
        char today[DATE_TEXT];

        date_of(act_now(act), today);
        return transport_judge_eta(json_text(plan, "eta"), today, err);
}

/* T6: the country decides which papers are demanded before it leaves. */
static int judge_country(json_t *plan, enum transfer *ret, struct error *err) {
        const char *country = json_text(plan, "country"), *reference;
        char code[3];
        int r = transport_country(country ? country : "ES", code, ret, &reference, err);

        if (r < 0)
                return r;
        if (json_flag(plan, "international") && *ret == TRANSFER_HOME)
                return refuse(err, ERR_REFUSED, "T6", "Es un envío internacional y falta el país (--country).",
                              "It is an international shipment and the country is missing (--country).");
        return json_object_set_new(plan, "country", json_string(code)) ? fail_memory(err) : 0;
}

static json_t *event_of(const json_t *plan, int64_t number, enum transfer transfer, const json_t *route,
                        json_t *media) {
        static const char *const copied[] = { "from",    "to",        "recipient", "route",     "limit",  "reason",
                                              "country", "documents", "eta",       "emergency", "returns" };
        const struct transport_means means = means_of(plan);
        json_t *data = json_pack("{s:I, s:s, s:s, s:s, s:s, s:b, s:b, s:O}", "number", (json_int_t) number,
                                 "method", transport_method_terms[means.method].code, "protection",
                                 transport_protection_terms[means.protection].code, "tracking",
                                 transport_tracking_terms[means.tracking].code, "transfer",
                                 transfer_terms[transfer].code, "international", (int) (transfer != TRANSFER_HOME),
                                 "drill", (int) json_flag(plan, "drill"), "media", media);
        bool failed = !data;

        for (size_t i = 0; i < COUNT(copied) && !failed; i++)
                if (json_object_get(plan, copied[i]))
                        failed = json_object_set(data, copied[i], json_object_get(plan, copied[i])) != 0;
        if (!failed && json_object_get(route, "usual"))
                failed = json_object_set(data, "usual", json_object_get(route, "usual")) != 0;
        if (!failed)
                return data;
        json_decref(data);
        return NULL;
}

static int run_create(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *plan = json_copy((json_t *) (uintptr_t) args), *data = NULL, *media = NULL,
                              *route = NULL;
        struct route_facts facts = { 0 };
        enum category strictest = CATEGORY_BASICA;
        enum transfer transfer;
        char id[SHIPMENT_ID];
        int64_t number;
        int r;

        if (!plan)
                return fail_memory(err);
        r = json_text(plan, "returns") ? take_from_returned(act, plan, err) : 0;
        if (r == 0)
                r = take_from_route(act, plan, &facts, &route, err);
        if (r == 0)
                r = demand_all(plan, err);
        if (r == 0)
                r = gather_media(act, plan, &media, &strictest, err);
        if (r < 0)
                return r;
        const struct transport_means means = means_of(plan);

        r = transport_judge_means(strictest, &means, err);
        if (r == 0)
                r = shipment_refuse_addressee(act, json_text(plan, "recipient"), err);
        if (r == 0)
                r = judge_eta(act, plan, err);
        if (r == 0)
                r = judge_country(plan, &transfer, err);
        if (r == 0)
                r = transport_judge_route(strictest, &facts, json_int(plan, "limit", 0), err);
        if (r == 0)
                r = db_int(act->db, &number, err, "SELECT coalesce(max(number), 0) + 1 FROM shipment", "");
        if (r < 0)
                return r;
        (void) snprintf(id, sizeof id, "E%06lld", (long long) number);
        data = event_of(plan, number, transfer, route, media);
        r = data ? act_record_one(act, "shipment.created", id, data, err) : fail_memory(err);
        if (r < 0 || act->dry_run)
                return r;
        act_say(act, "Envío %s creado: embálelo con «ship pack %s».",
                "Shipment %s made: pack it with “ship pack %s”.", id, id);
        return shipment_load(act->db, id, ret, err);
}

static int run_cancel(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *shipment = NULL, *data = NULL;
        int r = shipment_load(act->db, json_text(args, "shipment"), &shipment, err);

        if (r == 0)
                r = transport_judge_act(shipment_id(shipment), shipment_state_of(shipment), SHIP_CANCEL, err);
        if (r < 0)
                return r;
        data = json_pack("{s:s}", "reason", json_text(args, "reason"));
        r = data ? act_record_one(act, "shipment.cancelled", shipment_id(shipment), data, err) : fail_memory(err);
        if (r < 0 || act->dry_run)
                return r;
        act_say(act, "Envío %s anulado; sus precintos no se usan más.",
                "Shipment %s cancelled; its seals are not used again.", shipment_id(shipment));
        return shipment_load(act->db, shipment_id(shipment), ret, err);
}

static const struct verb create_verbs[] = {
        { .noun = "ship",
          .name = "create",
          .roles = ROLE_CUSTODIAN | ROLE_OPERATOR,
          .flags = VERB_WRITES,
          .help = HELP("Crea un envío de soportes, o su vuelta (T1, T6)",
                       "Makes a shipment of media, or their way back (T1, T6)"),
          PARAMS(create_params),
          .run = run_create },
        { .noun = "ship",
          .name = "cancel",
          .roles = ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("Anula un envío que no ha salido (T4)", "Cancels a shipment that has not left (T4)"),
          PARAMS(cancel_params),
          .run = run_cancel },
};

const struct room transport_room = {
        .schema = &transport_schema,
        .verbs = create_verbs,
        .verbs_n = COUNT(create_verbs),
        .events = transport_events,
        .events_n = TRANSPORT_EVENTS,
};
