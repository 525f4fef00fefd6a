/* Delivery, confirmation and loss (T4, T6, T7). */
#include <string.h>

#include "base/str.h"
#include "transport/internal.h"

/* --- delivery ---------------------------------------------------------------------------------------------- */

/* T6: the limit was missed. */
static int add_lateness(struct act *act, const json_t *shipment, struct shipment_facts *facts, struct error *err) {
        int64_t dispatched = 0, limit = json_int(shipment, "limit", 0);

        (void) time_parse(json_text_or_empty(shipment, "dispatched"), &dispatched);
        if (!transport_is_late(dispatched, 0, limit, act_now(act)))
                return 0;
        return shipment_add_incident(act, shipment, NULL, INCIDENT_LATE, facts, err,
                                     "El envío %s superó su límite de %lld horas en tránsito.",
                                     "Shipment %s exceeded its limit of %lld hours in transit.",
                                     shipment_id(shipment), (long long) limit);
}

/* T4: the signature of a transit is one that holds. */
static int judge_transit(struct act *act, const json_t *shipment, struct error *err) {
        int tracking = term_parse(transport_tracking_terms, TRANSPORT_TRACKINGS, json_text(shipment, "tracking"));
        bool any = false;
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(shipment, "checkpoints"), i, item)
                any |= strcmp(json_text_or_empty(item, "point"), checkpoint_terms[CHECKPOINT_TRANSIT].code) == 0 &&
                       strcmp(shipment_verify(act, item), "valid") == 0;
        return transport_judge_transit_signed((enum transport_tracking) tracking, any, err);
}

int shipment_run_deliver(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const struct checkpoint_call call = { CHECKPOINT_DELIVERY, true, true, NULL };
        _cleanup_json_ json_t *shipment = NULL;
        _cleanup_facts_ struct shipment_facts facts = { 0 };
        bool match = true;
        int r;

        r = shipment_load(act->db, json_text(args, "shipment"), &shipment, err);
        if (r == 0)
                r = transport_judge_order(shipment_state_of(shipment), CHECKPOINT_DELIVERY, err);
        if (r == 0)
                r = transport_judge_recipient(act->person, json_text(shipment, "recipient"), err);
        if (r == 0)
                r = judge_transit(act, shipment, err);
        if (r == 0)
                r = shipment_facts_new(8, &facts, err);
        if (r == 0)
                r = shipment_checkpoint(act, args, shipment, &call, &facts, &match, err);
        if (r == 0)
                r = add_lateness(act, shipment, &facts, err);
        if (r == 0)
                r = act_record(act, facts.facts, facts.n, err);
        return r < 0 ? r : shipment_answer(act, shipment_id(shipment), &facts, ret, err);
}

/* --- confirmation ------------------------------------------------------------------------------------------ */

/* What the call says of a medium; a medium is in one of the three lists, once. */
static const char *const lists[] = { "media", "damaged", "missing" };

static size_t said_of(const json_t *args, const char *id) {
        size_t said = 0;

        for (size_t l = 0; l < COUNT(lists); l++) {
                const json_t *item;
                size_t i;

                json_array_foreach(json_object_get(args, lists[l]), i, item)
                        said += strcmp(json_string_value(item), id) == 0;
        }
        return said;
}

/* Every medium that is named belongs to the shipment. */
static int refuse_strangers(const json_t *shipment, const json_t *named, struct error *err) {
        const json_t *item;
        size_t i, j;

        json_array_foreach(named, i, item) {
                const json_t *medium;
                bool known = false;

                json_array_foreach(json_object_get(shipment, "media"), j, medium)
                        known |= strcmp(json_text_or_empty(medium, "medium"), json_string_value(item)) == 0;
                if (!known)
                        return fail(err, ERR_CONFLICT, "El soporte %s no va en el envío %s: abra una incidencia.",
                                    "Medium %s is not in shipment %s: open an incident.", json_string_value(item),
                                    shipment_id(shipment));
        }
        return 0;
}

/* T4: each medium is decided, none by saying nothing of it. */
static int refuse_undecided(const json_t *args, const json_t *shipment, struct error *err) {
        const json_t *item;
        size_t i;
        int r = 0;

        for (size_t l = 0; l < COUNT(lists) && r == 0; l++)
                r = refuse_strangers(shipment, json_object_get(args, lists[l]), err);
        if (r < 0)
                return r;
        json_array_foreach(json_object_get(shipment, "media"), i, item) {
                const char *id = json_text(item, "medium");
                size_t said = said_of(args, id);

                if (said == 0)
                        return refuse(err, ERR_USAGE, "T4", "Del soporte %s no se dice si llegó (%s).",
                                      "Of medium %s it is not said whether it arrived (%s).", id,
                                      "--media, --damaged, --missing");
                if (said > 1)
                        return fail(err, ERR_USAGE, "El soporte %s se indica dos veces.",
                                    "Medium %s is named twice.", id);
        }
        if (json_array_size(json_object_get(args, "missing")) ==
            json_array_size(json_object_get(shipment, "media")))
                return refuse(err, ERR_USAGE, "T7", "No llegó ningún soporte: «ship lost».",
                              "No medium arrived: “ship lost”.");
        return 0;
}

/* Whether a medium came as it was packed: 1 as it was, 0 changed. Not looked at counts as it was. */
static int is_intact(struct act *act, const json_t *packed, const char *device, struct error *err) {
        struct custody_inspection found;
        struct error stranger = { 0 };
        struct medium medium;
        int r;

        if (!device)
                return 1;
        r = medium_load(act->db, json_text(packed, "medium"), &medium, err);
        if (r < 0)
                return r;
        r = custody_inspect(act, &medium, device, &found, &stranger);
        if (r == ERR_REFUSED)
                return 0;
        if (r < 0) {
                *err = stranger;
                return r;
        }
        const struct integrity out = { json_text_or_empty(packed, "digest"),
                                       json_text_or_empty(packed, "luks_uuid"), "" };
        const struct integrity in = { found.digest, found.luks_uuid, "" };

        return custody_compare_integrity(&out, &in) == INTEGRITY_SAME;
}

struct arrivals {
        json_t *changed; /* array of IDs */
        json_t *devices; /* from ID to path */
        char location[LOCATION_CODE];
};

static void arrivals_done(struct arrivals *arrivals) {
        json_decref(arrivals->changed);
        json_decref(arrivals->devices);
}

static int add_medium(struct act *act, const json_t *args, const json_t *shipment, const json_t *packed,
                      struct arrivals *arrivals, struct shipment_facts *facts, struct error *err) {
        const char *id = json_text(packed, "medium"), *device = json_text(arrivals->devices, id);
        const bool damaged = json_array_names(json_object_get(args, "damaged"), id);
        struct medium medium;
        int r;

        if (json_array_names(json_object_get(args, "missing"), id))
                return shipment_facts_add(facts, "medium.lost-in-transit", id,
                                          json_pack("{s:s, s:b}", "shipment", shipment_id(shipment), "drill",
                                                    (int) json_flag(shipment, "drill")),
                                          err);
        r = medium_load(act->db, id, &medium, err);
        if (r == 0 && *arrivals->location)
                r = custody_location_accepts(act->db, arrivals->location, &medium, err);
        if (r == 0)
                r = is_intact(act, packed, device, err);
        if (r < 0)
                return r;
        if (r == 0 && json_array_append_new(arrivals->changed, json_string(id)))
                return fail_memory(err);
        return shipment_facts_add(facts, "medium.received", id,
                                  json_pack("{s:s, s:s, s:s}", "shipment", shipment_id(shipment), "location",
                                            arrivals->location, "integrity",
                                            r == 0    ? "changed"
                                            : damaged ? "damaged"
                                            : device  ? "intact"
                                                      : "not-inspected"),
                                  err);
}

static int add_contents(struct act *act, const json_t *args, const json_t *shipment, struct arrivals *arrivals,
                        struct shipment_facts *facts, struct error *err) {
        const json_t *missing = json_object_get(args, "missing"), *damaged = json_object_get(args, "damaged"),
                     *item;
        size_t i;
        int r;

        json_array_foreach(json_object_get(shipment, "media"), i, item) {
                r = add_medium(act, args, shipment, item, arrivals, facts, err);
                if (r < 0)
                        return r;
        }
        if (json_array_size(missing)) {
                r = shipment_add_incident(act, shipment, missing, INCIDENT_BREACH, facts, err,
                                          "Al envío %s le faltan %zu soportes a su llegada.",
                                          "Shipment %s lacks %zu media on arrival.", shipment_id(shipment),
                                          json_array_size(missing));
                if (r < 0)
                        return r;
        }
        if (json_array_size(damaged)) {
                r = shipment_add_incident(act, shipment, damaged, INCIDENT_DAMAGE, facts, err,
                                          "Del envío %s llegaron dañados %zu soportes.",
                                          "Of shipment %s %zu media arrived damaged.", shipment_id(shipment),
                                          json_array_size(damaged));
                if (r < 0)
                        return r;
        }
        if (json_array_size(arrivals->changed))
                return shipment_add_incident(act, shipment, arrivals->changed, INCIDENT_HEADER, facts, err,
                                             "La cabecera de cifrado de %zu soportes cambió durante el envío %s.",
                                             "The encryption header of %zu media changed during shipment %s.",
                                             json_array_size(arrivals->changed), shipment_id(shipment));
        return 0;
}

static int gather_arrivals(struct act *act, const json_t *args, const json_t *shipment, struct arrivals *ret,
                           struct error *err) {
        int r;

        ret->changed = json_array();
        r = shipment_devices(act, args, &ret->devices, err);
        if (r == 0 && json_text(args, "location"))
                r = location_code_parse(json_text(args, "location"), ret->location, err);
        return r < 0 ? r : refuse_undecided(args, shipment, err);
}

/* U2: several media into one place need room for all of them. */
static int refuse_crowd(struct act *act, const json_t *args, const struct arrivals *arrivals, struct error *err) {
        int64_t coming = (int64_t) (json_array_size(json_object_get(args, "media")) +
                                    json_array_size(json_object_get(args, "damaged")));

        if (!*arrivals->location)
                return 0;
        return custody_location_has_room(act->db, arrivals->location, coming, err);
}

/* C8: whose passphrase the media that arrived still have, once they are not to leave with it again. */
static int say_handovers(struct act *act, const json_t *args, struct error *err) {
        const json_t *item;
        size_t i;
        int r = 0;

        json_array_foreach(json_object_get(args, "media"), i, item) if (r == 0)
                r = custody_say_handover(act, json_string_value(item), err);
        return r;
}

int shipment_run_confirm(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *shipment = NULL, *extra = NULL;
        _cleanup_facts_ struct shipment_facts facts = { 0 };
        _cleanup_(arrivals_done) struct arrivals arrivals = { 0 };
        bool match = true;
        int r;

        r = shipment_load(act->db, json_text(args, "shipment"), &shipment, err);
        if (r == 0 && !(act->roles & ROLE_CUSTODIAN))
                r = transport_judge_recipient(act->person, json_text(shipment, "recipient"), err);
        if (r == 0)
                r = transport_judge_order(shipment_state_of(shipment), CHECKPOINT_CONFIRMATION, err);
        if (r == 0)
                r = gather_arrivals(act, args, shipment, &arrivals, err);
        if (r == 0)
                r = refuse_crowd(act, args, &arrivals, err);
        if (r == 0)
                r = shipment_facts_new(json_array_size(json_object_get(shipment, "media")) + 8, &facts, err);
        if (r < 0)
                return r;
        extra = json_pack("{s:O*, s:O*, s:O*}", "found", json_object_get(args, "media"), "damaged",
                          json_object_get(args, "damaged"), "missing", json_object_get(args, "missing"));
        if (!extra)
                return fail_memory(err);
        const struct checkpoint_call call = { CHECKPOINT_CONFIRMATION, true, false, extra };

        r = shipment_checkpoint(act, args, shipment, &call, &facts, &match, err);
        if (r == 0)
                r = add_contents(act, args, shipment, &arrivals, &facts, err);
        if (r == 0)
                r = act_record(act, facts.facts, facts.n, err);
        if (r == 0)
                r = say_handovers(act, args, err);
        return r < 0 ? r : shipment_answer(act, shipment_id(shipment), &facts, ret, err);
}

/* --- loss -------------------------------------------------------------------------------------------------- */

int shipment_run_lost(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *shipment = NULL;
        _cleanup_facts_ struct shipment_facts facts = { 0 };
        char deadline[TIME_TEXT];
        const json_t *item;
        size_t i;
        int r;

        r = shipment_load(act->db, json_text(args, "shipment"), &shipment, err);
        if (r == 0)
                r = transport_judge_act(shipment_id(shipment), shipment_state_of(shipment), SHIP_LOST, err);
        if (r == 0)
                r = shipment_facts_new(json_array_size(json_object_get(shipment, "media")) + 8, &facts, err);
        if (r == 0)
                r = shipment_facts_add(&facts, "shipment.lost", shipment_id(shipment),
                                       json_pack("{s:s}", "circumstances", json_text(args, "circumstances")), err);
        json_array_foreach(json_object_get(shipment, "media"), i, item) if (r == 0)
                r = shipment_facts_add(&facts, "medium.lost-in-transit", json_text(item, "medium"),
                                       json_pack("{s:s, s:b}", "shipment", shipment_id(shipment), "drill",
                                                 (int) json_flag(shipment, "drill")),
                                       err);
        if (r == 0)
                r = shipment_add_incident(act, shipment, NULL, INCIDENT_BREACH, &facts, err,
                                          "El envío %s se perdió: %s", "Shipment %s was lost: %s",
                                          shipment_id(shipment), json_text(args, "circumstances"));
        if (r == 0)
                r = act_record(act, facts.facts, facts.n, err);
        if (r == 0)
                r = shipment_answer(act, shipment_id(shipment), &facts, ret, err);
        if (r < 0)
                return r;
        time_format_local(act_now(act) + BREACH_NOTICE, deadline);
        act_say(act,
                "Protocolo de brecha abierto: notifique a la autoridad antes de %s (RGPD 33), o motive por qué no.",
                "Breach protocol opened: notify the authority by %s (GDPR 33), or say why not.", deadline);
        return 0;
}
