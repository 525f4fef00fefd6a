/* Origin, pickup and transit (T4); the rows of all checkpoints' verbs. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "transport/gps.h"
#include "transport/internal.h"

static const struct term standing_terms[] = {
        { "ok", { "sin activar", "not tripped" } },
        { "tripped", { "activado", "tripped" } },
};

#define SHIPMENT_PARAM                                                                                             \
        { "shipment", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("envío", "shipment"), 0, 40, NULL, 0 }
#define SEAL_PARAM(flags)                                                                                          \
        {                                                                                                          \
                "seal", PARAM_TEXT, (flags) | PARAM_REPEATED,                                                      \
                        HELP("número de precinto que se ve (repetible)",                                           \
                             "number of a seal that is seen (repeatable)"),                                        \
                        0, 40, NULL, 0                                                                             \
        }
#define INDICATOR_PARAMS                                                                                           \
        { "shock", PARAM_TERM, 0, HELP("indicador de golpe", "shock indicator"), 0, 0, standing_terms, 2 },        \
                { "tilt", PARAM_TERM, 0, HELP("indicador de vuelco", "tilt indicator"), 0, 0, standing_terms, 2 }, \
                { "temperature",  PARAM_TERM, 0, HELP("indicador de temperatura", "temperature indicator"), 0, 0,  \
                  standing_terms, 2 },                                                                             \
        {                                                                                                          \
                "reading", PARAM_TEXT, PARAM_REPEATED,                                                             \
                        HELP("valor leído, como temperature=18.5 (repetible)",                                     \
                             "value read, such as temperature=18.5 (repeatable)"),                                 \
                        0, 40, NULL, 0                                                                             \
        }
#define PLACE_PARAMS                                                                                               \
        { "place", PARAM_TEXT, 0, HELP("lugar", "place"), 0, 120, NULL, 0 }, {                                     \
                "note", PARAM_TEXT, 0, HELP("observaciones", "remarks"), 0, 200, NULL, 0                           \
        }
#define DEVICE_PARAM                                                                                               \
        {                                                                                                          \
                "device", PARAM_TEXT, PARAM_REPEATED,                                                              \
                        HELP("SOPORTE=DISPOSITIVO conectado (repetible)", "MEDIUM=DEVICE connected (repeatable)"), \
                        0, 300, NULL, 0                                                                            \
        }

static const struct param dispatch_params[] = { SHIPMENT_PARAM, SEAL_PARAM(PARAM_REQUIRED), INDICATOR_PARAMS,
                                                PLACE_PARAMS };
static const struct param pickup_params[] = {
        SHIPMENT_PARAM,
        SEAL_PARAM(PARAM_REQUIRED),
        { "company", PARAM_TEXT, PARAM_REQUIRED, HELP("empresa de transporte", "carrier's company"), 0, 120, NULL,
          0 },
        { "courier", PARAM_TEXT, PARAM_REQUIRED, HELP("identificación del mensajero", "the courier's ID"), 0, 120,
          NULL, 0 },
        { "waybill", PARAM_TEXT, 0, HELP("número de seguimiento", "tracking number"), 0, 80, NULL, 0 },
        { "courier-signs", PARAM_FLAG, 0,
          HELP("el mensajero firma aquí con su clave", "the courier signs here with their own key"), 0, 0, NULL,
          0 },
        { "receipt", PARAM_TEXT, 0,
          HELP("número del recibo impreso que firmó el mensajero",
               "number of the printed receipt that the courier signed"),
          0, 40, NULL, 0 },
        INDICATOR_PARAMS,
        PLACE_PARAMS,
};
static const struct param track_params[] = {
        SHIPMENT_PARAM,
        { "event", PARAM_TEXT, PARAM_REQUIRED, HELP("qué ha pasado", "what happened"), 0, 200, NULL, 0 },
        { "position", PARAM_TEXT, 0, HELP("posición GPS: latitud,longitud", "GPS position: latitude,longitude"), 0,
          40, NULL, 0 },
        { "place", PARAM_TEXT, 0, HELP("lugar", "place"), 0, 120, NULL, 0 },
        { "sign", PARAM_FLAG, 0, HELP("firmar también este punto", "sign this one too"), 0, 0, NULL, 0 },
        INDICATOR_PARAMS,
};
static const struct param deliver_params[] = { SHIPMENT_PARAM, SEAL_PARAM(PARAM_REQUIRED), INDICATOR_PARAMS,
                                               PLACE_PARAMS };
static const struct param confirm_params[] = {
        SHIPMENT_PARAM,
        { "media", PARAM_MEDIUM, PARAM_REPEATED,
          HELP("soporte que llegó (repetible)", "medium that arrived (repeatable)"), 0, 0, NULL, 0 },
        { "damaged", PARAM_MEDIUM, PARAM_REPEATED,
          HELP("soporte que llegó dañado (repetible)", "medium that arrived damaged (repeatable)"), 0, 0, NULL, 0 },
        { "missing", PARAM_MEDIUM, PARAM_REPEATED,
          HELP("soporte que falta: abre el protocolo de brecha (repetible)",
               "medium that is missing: opens the breach protocol (repeatable)"),
          0, 0, NULL, 0 },
        DEVICE_PARAM,
        { "location", PARAM_TEXT, 0, HELP("ubicación en que quedan", "location where they are put"), 0, 40, NULL,
          0 },
        SEAL_PARAM(0),
        INDICATOR_PARAMS,
        PLACE_PARAMS,
};
static const struct param lost_params[] = {
        SHIPMENT_PARAM,
        { "circumstances", PARAM_TEXT, PARAM_REQUIRED, HELP("qué se sabe", "what is known"), 0, 200, NULL, 0 },
};

/* --- origin ------------------------------------------------------------------------------------------------ */

static struct transport_means means_of(const json_t *shipment) {
        return (struct transport_means){
                (enum transport_method) term_parse(transport_method_terms, TRANSPORT_METHODS,
                                                   json_text_or_empty(shipment, "method")),
                (enum transport_protection) term_parse(transport_protection_terms, TRANSPORT_PROTECTIONS,
                                                       json_text_or_empty(shipment, "protection")),
                (enum transport_tracking) term_parse(transport_tracking_terms, TRANSPORT_TRACKINGS,
                                                     json_text_or_empty(shipment, "tracking")),
        };
}

/* T2: the medium is still what was packed: here since then, not encrypted anew, its label still valid. */
static int refuse_changed(struct act *act, const json_t *shipment, const json_t *packed,
                          const struct medium *medium, struct error *err) {
        const char *digest = json_text_or_empty(packed, "digest");
        int64_t moment = 0;
        int r;

        if (medium->state != MEDIUM_IN_CUSTODY)
                return refuse(err, ERR_CONFLICT, "T2", "El soporte %s no está en custodia (%s%.0s).",
                              "Medium %s is not in custody (%.0s%s).", medium->id,
                              medium_state_terms[medium->state].name.es, medium_state_terms[medium->state].name.en);
        if (*digest && *medium->header_digest && strcmp(digest, medium->header_digest) != 0)
                return refuse(err, ERR_CONFLICT, "T2", "El soporte %s se volvió a cifrar después de embalarlo.",
                              "Medium %s was encrypted anew after it was packed.", medium->id);
        (void) time_parse(json_text_or_empty(shipment, "packed"), &moment);
        r = custody_refuse_lent_since(act->db, medium->id, moment, err);
        if (r == 0)
                r = transport_judge_label(medium->id, medium->label_state, err);
        if (r == 0)
                r = medium_refuse_doomed(medium, err);
        return r < 0 ? r : incident_refuse_open(act->db, medium->id, "U9", err);
}

/* T7, T2: encrypted, and seen to be in the last 24 hours. */
static int refuse_unverified(struct act *act, const json_t *packed, const struct medium *medium,
                             struct error *err) {
        int64_t verified = 0;
        int r;

        r = transport_judge_encryption(medium->id, medium->kind, medium->category, medium->classification,
                                       json_flag(packed, "encrypted"), err);
        if (r < 0 || !transport_must_encrypt(medium->kind, medium->category, medium->classification))
                return r;
        (void) time_parse(json_text_or_empty(packed, "verified"), &verified);
        return transport_judge_verification(medium->id, verified, act_now(act), err);
}

static int refuse_media(struct act *act, const json_t *shipment, struct error *err) {
        const struct transport_means means = means_of(shipment);
        enum category strictest = CATEGORY_BASICA;
        const json_t *item;
        size_t i;
        int r;

        json_array_foreach(json_object_get(shipment, "media"), i, item) {
                struct medium medium;

                r = medium_load(act->db, json_text(item, "medium"), &medium, err);
                if (r == 0)
                        r = refuse_changed(act, shipment, item, &medium, err);
                if (r == 0)
                        r = refuse_unverified(act, item, &medium, err);
                if (r < 0)
                        return r;
                if (medium.category > strictest)
                        strictest = medium.category;
        }
        return transport_judge_means(strictest, &means, err);
}

static int add_departures(const json_t *shipment, struct shipment_facts *facts, struct error *err) {
        const json_t *item;
        size_t i;
        int r = 0;

        json_array_foreach(json_object_get(shipment, "media"), i, item) if (r == 0) r = shipment_facts_add(
                facts, "medium.dispatched", json_text(item, "medium"),
                json_pack("{s:s, s:s, s:s}", "shipment", shipment_id(shipment), "to", json_text(shipment, "to"),
                          "digest", json_text_or_empty(item, "digest")),
                err);
        return r;
}

/* T6: to another country only with its papers. A shipment made before countries were asked for has none. */
static int refuse_papers(const json_t *shipment, struct error *err) {
        int transfer = term_parse(transfer_terms, TRANSFERS, json_text_or_empty(shipment, "transfer"));
        unsigned there = 0;
        const json_t *item;
        size_t i;

        if (transfer < 0)
                return 0;
        json_array_foreach(json_object_get(shipment, "papers"), i, item)
                there |= 1U << term_parse(transfer_paper_terms, TRANSFER_PAPERS, json_text_or_empty(item, "kind"));
        return transport_judge_papers(json_text_or_empty(shipment, "country"), (enum transfer) transfer, there,
                                      err);
}

/* T6: when it should arrive: the day that was said, or the route's usual hours from now. */
static int add_expected(struct act *act, const json_t *shipment, json_t **ret, struct error *err) {
        int64_t usual = json_int(shipment, "usual", 0), moment = 0;
        char text[TIME_TEXT];

        *ret = json_object();
        if (json_text(shipment, "eta") && date_parse(json_text(shipment, "eta"), &moment) == 0)
                moment += DAY - SECOND;
        else if (usual)
                moment = act_now(act) + usual * 3600 * SECOND;
        if (moment == 0 && *ret)
                return 0;
        time_format(moment, text);
        return json_object_set_new(*ret, "expected", json_string(text)) ? fail_memory(err) : 0;
}

static int run_dispatch(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        struct checkpoint_call call = { CHECKPOINT_ORIGIN, true, true, NULL };
        _cleanup_json_ json_t *shipment = NULL, *expected = NULL;
        _cleanup_facts_ struct shipment_facts facts = { 0 };
        bool sound = true;
        int r;

        r = shipment_load(act->db, json_text(args, "shipment"), &shipment, err);
        if (r == 0)
                r = transport_judge_order(shipment_state_of(shipment), CHECKPOINT_ORIGIN, err);
        if (r == 0)
                r = shipment_refuse_addressee(act, json_text(shipment, "recipient"), err);
        if (r == 0)
                r = refuse_media(act, shipment, err);
        if (r == 0)
                r = refuse_papers(shipment, err);
        if (r == 0)
                r = add_expected(act, shipment, &expected, err);
        if (r == 0)
                r = shipment_facts_new(json_array_size(json_object_get(shipment, "media")) + 8, &facts, err);
        call.extra = expected;
        if (r == 0)
                r = shipment_checkpoint(act, args, shipment, &call, &facts, &sound, err);
        if (r == 0 && sound)
                r = add_departures(shipment, &facts, err);
        if (r == 0)
                r = act_record(act, facts.facts, facts.n, err);
        if (r == 0)
                r = shipment_answer(act, shipment_id(shipment), &facts, ret, err);
        if (r < 0 || sound)
                return r;
        json_decref(TAKE_PTR(*ret));
        return refuse(err, ERR_VERIFY, "T5",
                      "El envío %s no sale: los precintos o un indicador no están como deben.",
                      "Shipment %s does not leave: the seals or an indicator are not as they should be.",
                      shipment_id(shipment));
}

/* --- pickup, transit --------------------------------------------------------------------------------------- */

static int run_pickup(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const struct checkpoint_call call = { CHECKPOINT_PICKUP, true, true, NULL };
        _cleanup_json_ json_t *shipment = NULL, *courier = NULL;
        _cleanup_facts_ struct shipment_facts facts = { 0 };
        enum category strictest;
        bool sound = true;
        int r;

        r = shipment_load(act->db, json_text(args, "shipment"), &shipment, err);
        if (r == 0)
                r = transport_judge_order(shipment_state_of(shipment), CHECKPOINT_PICKUP, err);
        if (r == 0)
                r = shipment_strictest(act->db, shipment, &strictest, err);
        if (r == 0)
                r = courier_demand(act, args, strictest, &courier, err);
        if (r == 0)
                r = shipment_facts_new(8, &facts, err);
        if (r == 0)
                r = shipment_checkpoint(act, args, shipment, &call, &facts, &sound, err);
        if (r == 0)
                r = courier_sign(act, args, courier, shipment, &facts, err);
        if (r == 0)
                r = act_record(act, facts.facts, facts.n, err);
        return r < 0 ? r : shipment_answer(act, shipment_id(shipment), &facts, ret, err);
}

static int run_track(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const struct checkpoint_call call = { CHECKPOINT_TRANSIT, json_flag(args, "sign"), false, NULL };
        _cleanup_json_ json_t *shipment = NULL, *renamed = NULL;
        _cleanup_facts_ struct shipment_facts facts = { 0 };
        const char *position = json_text(args, "position");
        struct gps_point point;
        bool sound = true;
        int tracking, r;

        if (position && !gps_position(position, &point))
                return fail(err, ERR_USAGE, "«%s» no es una posición latitud,longitud.",
                            "“%s” is not a position latitude,longitude.", position);
        r = shipment_load(act->db, json_text(args, "shipment"), &shipment, err);
        if (r < 0)
                return r;
        tracking = term_parse(transport_tracking_terms, TRANSPORT_TRACKINGS, json_text(shipment, "tracking"));
        r = transport_judge_position((enum transport_tracking) tracking, position != NULL, err);
        if (r == 0)
                r = shipment_facts_new(8, &facts, err);
        if (r < 0)
                return r;
        /* The event's words are the checkpoint's note. */
        renamed = json_copy((json_t *) (uintptr_t) args);
        if (!renamed || json_object_set(renamed, "note", json_object_get(args, "event")))
                return fail_memory(err);
        r = shipment_checkpoint(act, renamed, shipment, &call, &facts, &sound, err);
        if (r == 0)
                r = act_record(act, facts.facts, facts.n, err);
        return r < 0 ? r : shipment_answer(act, shipment_id(shipment), &facts, ret, err);
}

#define EVERYBODY_WHO_ACTS (ROLE_ANY & ~(unsigned) ROLE_AUDITOR)

static const struct verb checkpoint_verbs[] = {
        { .noun = "ship",
          .name = "dispatch",
          .roles = ROLE_CUSTODIAN,
          .flags = VERB_WRITES,
          .help = HELP("Punto 1, origen: precintos y firma de salida (T4)",
                       "Checkpoint 1, origin: seals and signature (T4)"),
          PARAMS(dispatch_params),
          .run = run_dispatch },
        { .noun = "ship",
          .name = "pickup",
          .roles = ROLE_CUSTODIAN,
          .flags = VERB_WRITES,
          .help = HELP("Punto 2, recogida: precintos, mensajero y empresa (T4)",
                       "Checkpoint 2, pickup: seals, courier and company (T4)"),
          PARAMS(pickup_params),
          .run = run_pickup },
        { .noun = "ship",
          .name = "track",
          .roles = EVERYBODY_WHO_ACTS,
          .flags = VERB_WRITES,
          .help = HELP("Punto 3, tránsito: posición o suceso; firmado alguna vez (T4)",
                       "Checkpoint 3, transit: position or event; signed at least once (T4)"),
          PARAMS(track_params),
          .run = run_track },
        { .noun = "ship",
          .name = "deliver",
          .roles = EVERYBODY_WHO_ACTS,
          .flags = VERB_WRITES,
          .help = HELP("Punto 4, entrega: el destinatario verifica y firma (T4)",
                       "Checkpoint 4, delivery: the recipient verifies and signs (T4)"),
          PARAMS(deliver_params),
          .run = shipment_run_deliver },
        { .noun = "ship",
          .name = "confirm",
          .roles = EVERYBODY_WHO_ACTS,
          .flags = VERB_WRITES,
          .help = HELP("Punto 5, confirmación: contenido verificado (T4)",
                       "Checkpoint 5, confirmation: contents verified (T4)"),
          PARAMS(confirm_params),
          .run = shipment_run_confirm },
        { .noun = "ship",
          .name = "lost",
          .roles = EVERYBODY_WHO_ACTS,
          .flags = VERB_WRITES,
          .help = HELP("Pérdida en tránsito: abre el protocolo de brecha (T7)",
                       "Loss in transit: opens the breach protocol (T7)"),
          PARAMS(lost_params),
          .run = shipment_run_lost },
};

const struct room checkpoint_room = {
        .verbs = checkpoint_verbs,
        .verbs_n = COUNT(checkpoint_verbs),
};
