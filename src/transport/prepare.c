/* Preparation (T2, T3): packing with the media on the table, the owners' authorisation. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "transport/internal.h"

static const struct param pack_params[] = {
        { "shipment", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("envío", "shipment"), 0, 40, NULL, 0 },
        { "level", PARAM_TERM, PARAM_REQUIRED | PARAM_REPEATED,
          HELP("nivel de embalaje hecho (repetible)", "packaging level done (repeatable)"), 0, 0, packaging_terms,
          PACKAGINGS },
        { "seal", PARAM_TEXT, PARAM_REQUIRED | PARAM_REPEATED,
          HELP("número de precinto nuevo (repetible)", "number of a new seal (repeatable)"), 0, 40, NULL, 0 },
        { "indicator", PARAM_TEXT, PARAM_REPEATED,
          HELP("indicador que va en el bulto: shock, tilt, temperature; con límites, temperature=2..8 (T5)",
               "indicator on the package: shock, tilt, temperature; with limits, temperature=2..8 (T5)"),
          0, 40, NULL, 0 },
        { "label-checked", PARAM_FLAG, PARAM_REQUIRED,
          HELP("la etiqueta se comprobó a la vista", "the label was checked by eye"), 0, 0, NULL, 0 },
        { "device", PARAM_TEXT, PARAM_REPEATED,
          HELP("SOPORTE=DISPOSITIVO conectado (repetible)", "MEDIUM=DEVICE connected (repeatable)"), 0, 300, NULL,
          0 },
};

static const struct param authorise_params[] = {
        { "shipment", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("envío", "shipment"), 0, 40, NULL, 0 },
        { "note", PARAM_TEXT, 0, HELP("motivo o condiciones", "reason or conditions"), 0, 200, NULL, 0 },
};

/* --- pack -------------------------------------------------------------------------------------------------- */

/* T2, T7: one medium as it is on the table, for the event. */
static int check_medium(struct act *act, const char *id, const char *device, json_t **ret, bool *ret_electronic,
                        bool *ret_must, struct error *err) {
        struct custody_inspection found = { 0 };
        struct medium medium;
        bool must;
        int r;

        r = medium_load(act->db, id, &medium, err);
        if (r == 0)
                r = transport_judge_label(id, medium.label_state, err);
        if (r == 0)
                r = incident_refuse_open(act->db, id, "U9", err);
        if (r == 0)
                r = medium_refuse_doomed(&medium, err);
        if (r < 0)
                return r;
        must = transport_must_encrypt(medium.kind, medium.category, medium.classification);
        if (must && !device && transport_is_electronic(medium.kind))
                return refuse(err, ERR_REFUSED, "T2",
                              "Conecte el soporte %s e indíquelo con --device %s=DISPOSITIVO.",
                              "Connect medium %s and name it with --device %s=DEVICE.", id, id);
        if (device) {
                r = custody_inspect(act, &medium, device, &found, err);
                if (r < 0)
                        return r;
        }
        /* A header that is there but refused says which row of the acceptance table it breaks. */
        if (must && found.refusal.code)
                return custody_refuse_unencrypted(id, &found, err);
        r = transport_judge_encryption(id, medium.kind, medium.category, medium.classification, found.encrypted,
                                       err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s, s:b, s:b, s:s, s:I, s:s, s:s, s:I}", "id", id, "inspected", (int) (device != NULL),
                         "encrypted", (int) found.encrypted, "cipher", found.cipher, "key_bits",
                         (json_int_t) found.key_bits, "digest", found.digest, "luks_uuid", found.luks_uuid,
                         "label_revision", (json_int_t) medium.label_revision);
        *ret_electronic = transport_is_electronic(medium.kind);
        *ret_must = must;
        return *ret ? 0 : fail_memory(err);
}

static int check_media(struct act *act, const json_t *shipment, const json_t *devices, json_t **ret,
                       bool *ret_electronic, bool *ret_must, struct error *err) {
        _cleanup_json_ json_t *media = json_array();
        bool electronic = false, must = false;
        size_t used = 0, i;
        const json_t *item;

        json_array_foreach(json_object_get(shipment, "media"), i, item) {
                const char *id = json_text(item, "medium"), *device = json_text(devices, id);
                bool one_electronic, one_must;
                json_t *one = NULL;
                int r = check_medium(act, id, device, &one, &one_electronic, &one_must, err);

                if (r < 0)
                        return r;
                used += device != NULL;
                electronic |= one_electronic;
                must |= one_must;
                if (json_array_append_new(media, one))
                        return fail_memory(err);
        }
        if (used != json_object_size(devices))
                return fail(err, ERR_USAGE, "Se indica un soporte que no va en el envío %s.",
                            "A medium is named that is not in shipment %s.", shipment_id(shipment));
        *ret = TAKE_PTR(media);
        *ret_electronic = electronic;
        *ret_must = must;
        return 0;
}

/* T5: as printed and as compared, none used before. */
static int new_seals(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *plain = NULL, *list = json_array();
        const json_t *item;
        size_t i;
        int r = shipment_seals(args, &plain, err);

        if (r < 0)
                return r;
        json_array_foreach(plain, i, item) {
                const char *seal = json_string_value(item);

                r = custody_seal_refuse_used(act->db, seal, err);
                if (r == 0)
                        r = seal_refuse_stranger(act->db, seal, err);
                if (r < 0)
                        return r;
                if (json_array_append_new(list, json_pack("{s:s, s:O}", "plain", seal, "number",
                                                          json_array_get(json_object_get(args, "seal"), i))))
                        return fail_memory(err);
        }
        *ret = TAKE_PTR(list);
        return 0;
}

/* T5: what is stuck on the package, with its limits: as an object. */
static int new_indicators(struct act *act, const json_t *args, const json_t *shipment, json_t **ret,
                          struct error *err) {
        _cleanup_json_ json_t *indicators = json_object();
        enum category strictest;
        const json_t *item;
        unsigned placed = 0;
        size_t i;
        int r;

        json_array_foreach(json_object_get(args, "indicator"), i, item) {
                enum indicator indicator;
                int64_t least, most;

                r = transport_indicator_limits(json_string_value(item), &indicator, &least, &most, err);
                if (r < 0)
                        return r;
                placed |= 1U << indicator;
                if (json_object_set_new(
                            indicators, indicator_terms[indicator].code,
                            json_pack("{s:I, s:I}", "least", (json_int_t) least, "most", (json_int_t) most)))
                        return fail_memory(err);
        }
        r = shipment_strictest(act->db, shipment, &strictest, err);
        if (r == 0)
                r = transport_judge_indicators(strictest, placed, err);
        if (r == 0)
                *ret = TAKE_PTR(indicators);
        return r;
}

static int pack_parts(struct act *act, const json_t *args, const json_t *shipment, json_t *data,
                      struct error *err) {
        _cleanup_json_ json_t *devices = NULL, *media = NULL, *seals = NULL, *indicators = NULL;
        bool electronic, must;
        unsigned ticked = 0;
        const json_t *level;
        size_t i;
        int r = shipment_devices(act, args, &devices, err);

        if (r == 0)
                r = check_media(act, shipment, devices, &media, &electronic, &must, err);
        if (r < 0)
                return r;
        json_array_foreach(json_object_get(args, "level"), i, level)
                ticked |= 1U << term_parse(packaging_terms, PACKAGINGS, json_string_value(level));
        r = transport_judge_packaging(ticked, electronic, must, err);
        if (r == 0)
                r = new_seals(act, args, &seals, err);
        if (r == 0)
                r = new_indicators(act, args, shipment, &indicators, err);
        if (r < 0)
                return r;
        return json_object_set(data, "media", media) || json_object_set(data, "seals", seals) ||
                               json_object_set(data, "indicators", indicators)
                       ? fail_memory(err)
                       : 0;
}

static int run_pack(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *shipment = NULL, *data = NULL;
        int r = shipment_load(act->db, json_text(args, "shipment"), &shipment, err);

        if (r == 0)
                r = transport_judge_act(shipment_id(shipment), shipment_state_of(shipment), SHIP_PACK, err);
        if (r == 0 && !json_flag(args, "label-checked"))
                r = transport_judge_label(shipment_id(shipment), "-", err);
        if (r < 0)
                return r;
        data = json_pack("{s:O}", "levels", json_object_get(args, "level"));
        r = data ? pack_parts(act, args, shipment, data, err) : fail_memory(err);
        if (r == 0)
                r = act_record_one(act, "shipment.packed", shipment_id(shipment), data, err);
        if (r < 0 || act->dry_run)
                return r;
        act_say(act, "Envío %s embalado: lo autoriza el propietario con «ship authorise %s».",
                "Shipment %s packed: the owner authorises it with “ship authorise %s”.", shipment_id(shipment),
                shipment_id(shipment));
        return shipment_load(act->db, shipment_id(shipment), ret, err);
}

/* --- authorise --------------------------------------------------------------------------------------------- */

static bool has_authorised(const json_t *shipment, const char *owner) {
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(shipment, "authorisations"), i,
                           item) if (strcmp(json_text_or_empty(item, "owner"), owner) == 0) return true;
        return false;
}

/* The owners for whom this person authorises now, and whether none is missing then. */
static json_t *authorised_owners(const struct act *act, const json_t *shipment, bool stands_in,
                                 bool *ret_complete) {
        _cleanup_json_ json_t *owners = json_array(), *seen = json_object();
        bool complete = true;
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(shipment, "media"), i, item) {
                const char *owner = json_text_or_empty(item, "owner");

                if (json_object_get(seen, owner) || has_authorised(shipment, owner))
                        continue;
                if (!stands_in && strcmp(owner, act->person) != 0) {
                        complete = false;
                        continue;
                }
                if (json_object_set_new(seen, owner, json_true()) ||
                    json_array_append_new(owners, json_string(owner)))
                        return NULL;
        }
        *ret_complete = complete;
        return TAKE_PTR(owners);
}

static bool owns_one(const json_t *shipment, const char *person) {
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(shipment, "media"), i,
                           item) if (strcmp(json_text_or_empty(item, "owner"), person) == 0) return true;
        return false;
}

/* T6: what goes by the fast path is looked at afterwards, within the hours of its category. */
static int add_review(struct act *act, const json_t *shipment, json_t *data, struct error *err) {
        enum category strictest;
        char due[TIME_TEXT];
        int r = shipment_strictest(act->db, shipment, &strictest, err);

        if (r < 0)
                return r;
        time_format_local(act_now(act) + transport_review_hours[strictest] * 3600 * SECOND, due);
        act_say(act, "Emergencia: otra persona la revisa con «ship review %s» antes de %s.",
                "Emergency: somebody else reviews it with “ship review %s” before %s.", shipment_id(shipment), due);
        time_format(act_now(act) + transport_review_hours[strictest] * 3600 * SECOND, due);
        return json_object_set_new(data, "review_due", json_string(due)) ? fail_memory(err) : 0;
}

static int record_authorisation(struct act *act, const json_t *args, const json_t *shipment, bool stands_in,
                                bool *ret_complete, struct error *err) {
        _cleanup_json_ json_t *owners = NULL, *data = NULL;
        int r = 0;

        owners = authorised_owners(act, shipment, stands_in, ret_complete);
        if (!owners)
                return fail_memory(err);
        if (!json_array_size(owners))
                return fail(err, ERR_CONFLICT, "%s ya autorizó el envío %s.", "%s authorised shipment %s already.",
                            act->person, shipment_id(shipment));
        data = json_pack("{s:b, s:O, s:b, s:s*}", "complete", (int) *ret_complete, "owners", owners, "emergency",
                         (int) stands_in, "note", json_text(args, "note"));
        if (!data)
                return fail_memory(err);
        if (*ret_complete && json_text(shipment, "emergency"))
                r = add_review(act, shipment, data, err);
        return r < 0 ? r : act_record_one(act, "shipment.authorised", shipment_id(shipment), data, err);
}

/* S12: nobody authorises what is to be destroyed to leave. */
static int refuse_doomed(struct act *act, const json_t *shipment, struct error *err) {
        const json_t *item;
        size_t i;
        int r = 0;

        json_array_foreach(json_object_get(shipment, "media"), i, item) {
                struct medium medium;

                r = medium_load(act->db, json_text(item, "medium"), &medium, err);
                if (r == 0)
                        r = medium_refuse_doomed(&medium, err);
                if (r < 0)
                        break;
        }
        return r;
}

static int run_authorise(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *shipment = NULL;
        bool owner, stands_in, complete;
        int r;

        r = shipment_load(act->db, json_text(args, "shipment"), &shipment, err);
        if (r == 0)
                r = transport_judge_act(shipment_id(shipment), shipment_state_of(shipment), SHIP_AUTHORISE, err);
        if (r < 0)
                return r;
        owner = owns_one(shipment, act->person);
        stands_in = !owner && act->roles & ROLE_SECURITY && json_text(shipment, "emergency");
        r = transport_judge_authorisation(act->person, json_text(shipment, "creator"), owner, stands_in, err);
        if (r == 0)
                r = refuse_doomed(act, shipment, err);
        if (r == 0)
                r = record_authorisation(act, args, shipment, stands_in, &complete, err);
        if (r < 0 || act->dry_run)
                return r;
        if (complete)
                act_say(act, "Envío %s autorizado: el custodio lo expide con «ship dispatch %s».",
                        "Shipment %s authorised: the custodian sends it with “ship dispatch %s”.",
                        shipment_id(shipment), shipment_id(shipment));
        else
                act_say(act, "Anotada su autorización de %s; faltan otros propietarios.",
                        "Your authorisation of %s is noted; other owners are still to authorise.",
                        shipment_id(shipment));
        return shipment_load(act->db, shipment_id(shipment), ret, err);
}

static const struct verb prepare_verbs[] = {
        { .noun = "ship",
          .name = "pack",
          .roles = ROLE_CUSTODIAN | ROLE_OPERATOR,
          .flags = VERB_WRITES,
          .help = HELP("Embala y precinta, con el cifrado comprobado en el soporte (T2, T5, T7)",
                       "Packs and seals, with encryption verified on the medium (T2, T5, T7)"),
          PARAMS(pack_params),
          .run = run_pack },
        { .noun = "ship",
          .name = "authorise",
          .roles = ROLE_OWNER | ROLE_SECURITY,
          .flags = VERB_WRITES,
          .help = HELP("El propietario autoriza el envío (T3); en emergencia, seguridad (T6)",
                       "The owner authorises the shipment (T3); in an emergency, security (T6)"),
          PARAMS(authorise_params),
          .run = run_authorise },
};

const struct room prepare_room = {
        .verbs = prepare_verbs,
        .verbs_n = COUNT(prepare_verbs),
};
