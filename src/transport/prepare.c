/* Preparation (T1, T2, T3): what travels and how, packing with the media on the table, the owners' authorisation.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "transport/internal.h"

static const struct param create_params[] = {
        { "from", PARAM_TEXT, PARAM_REQUIRED, HELP("origen", "origin"), 0, 120, NULL, 0 },
        { "to", PARAM_TEXT, PARAM_REQUIRED, HELP("destino", "destination"), 0, 120, NULL, 0 },
        { "recipient", PARAM_PERSON, PARAM_REQUIRED, HELP("destinatario autorizado", "authorised recipient"), 0, 0,
          NULL, 0 },
        { "media", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_REPEATED,
          HELP("soporte (repetible)", "medium (repeatable)"), 0, 0, NULL, 0 },
        { "method", PARAM_TERM, PARAM_REQUIRED, HELP("método de transporte (T1)", "method of transport (T1)"), 0, 0,
          transport_method_terms, TRANSPORT_METHODS },
        { "protection", PARAM_TERM, 0,
          HELP("protección; por defecto, la del método", "protection; by default the method's"), 0, 0,
          transport_protection_terms, TRANSPORT_PROTECTIONS },
        { "tracking", PARAM_TERM, 0,
          HELP("seguimiento; por defecto, el del método", "tracking; by default the method's"), 0, 0,
          transport_tracking_terms, TRANSPORT_TRACKINGS },
        { "route", PARAM_TEXT, PARAM_REQUIRED, HELP("ruta", "route"), 0, 200, NULL, 0 },
        { "limit", PARAM_INT, PARAM_REQUIRED, HELP("límite en tránsito, horas", "transit limit, hours"), 1, 720,
          NULL, 0 },
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
        { "international", PARAM_FLAG, 0, HELP("cruza una frontera (T6)", "crosses a border (T6)"), 0, 0, NULL, 0 },
        { "eta", PARAM_DATE, 0, HELP("llegada prevista", "expected arrival"), 0, 0, NULL, 0 },
        { "emergency", PARAM_TEXT, 0,
          HELP("emergencia médica: motivo de la vía rápida (T6)",
               "medical emergency: reason for the fast path (T6)"),
          0, 200, NULL, 0 },
        { "documents", PARAM_TEXT, 0,
          HELP("documentos de aduana y transferencia", "customs and transfer documents"), 0, 200, NULL, 0 },
};

static const struct param pack_params[] = {
        { "shipment", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("envío", "shipment"), 0, 40, NULL, 0 },
        { "level", PARAM_TERM, PARAM_REQUIRED | PARAM_REPEATED,
          HELP("nivel de embalaje hecho (repetible)", "packaging level done (repeatable)"), 0, 0, packaging_terms,
          PACKAGINGS },
        { "seal", PARAM_TEXT, PARAM_REQUIRED | PARAM_REPEATED,
          HELP("número de precinto nuevo (repetible)", "number of a new seal (repeatable)"), 0, 40, NULL, 0 },
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

/* --- create ------------------------------------------------------------------------------------------------ */

/* The media's part of the event, and the strictest category among them. */
static int gather_media(struct act *act, const json_t *args, json_t **ret, enum category *ret_strictest,
                        struct error *err) {
        _cleanup_json_ json_t *media = json_array(), *seen = json_object();
        enum category strictest = CATEGORY_BASICA;
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(args, "media"), i, item) {
                struct medium medium;
                int r = medium_load(act->db, json_string_value(item), &medium, err);

                if (r < 0)
                        return r;
                if (json_object_get(seen, medium.id))
                        return fail(err, ERR_USAGE, "El soporte %s se indica dos veces.",
                                    "Medium %s is named twice.", medium.id);
                if (medium.state != MEDIUM_IN_CUSTODY)
                        return refuse(err, ERR_CONFLICT, "T2", "El soporte %s no está en custodia (%s).",
                                      "Medium %s is not in custody (%s).", medium.id,
                                      medium_state_terms[medium.state].code);
                r = incident_refuse_open(act->db, medium.id, "U9", err);
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

static struct transport_means means_of(const json_t *args) {
        int method = term_parse(transport_method_terms, TRANSPORT_METHODS, json_text(args, "method"));
        const char *protection = json_text(args, "protection"), *tracking = json_text(args, "tracking");

        return (struct transport_means){
                .method = (enum transport_method) method,
                .protection = (enum transport_protection)(
                        protection ? term_parse(transport_protection_terms, TRANSPORT_PROTECTIONS, protection)
                                   : method),
                .tracking = (enum transport_tracking)(
                        tracking ? term_parse(transport_tracking_terms, TRANSPORT_TRACKINGS, tracking) : method),
        };
}

static int run_create(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        const struct transport_means means = means_of(args);
        _cleanup_json_ json_t *data = NULL, *media = NULL;
        enum category strictest;
        char id[SHIPMENT_ID];
        int64_t number;
        int r;

        r = gather_media(act, args, &media, &strictest, err);
        if (r == 0)
                r = transport_judge_means(strictest, &means, err);
        if (r == 0)
                r = transport_judge_documents(json_flag(args, "international"), json_text(args, "documents"), err);
        if (r == 0)
                r = db_int(act->db, &number, err, "SELECT coalesce(max(number), 0) + 1 FROM shipment", "");
        if (r < 0)
                return r;
        (void) snprintf(id, sizeof id, "E%06lld", (long long) number);
        data = json_pack(
                "{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:b, s:s*, s:s*, s:s*, s:O}", "number",
                (json_int_t) number, "from", json_text(args, "from"), "to", json_text(args, "to"), "recipient",
                json_text(args, "recipient"), "method", transport_method_terms[means.method].code, "protection",
                transport_protection_terms[means.protection].code, "tracking",
                transport_tracking_terms[means.tracking].code, "route", json_text(args, "route"), "limit",
                (json_int_t) json_int(args, "limit", 0), "reason", json_text(args, "reason"), "international",
                (int) json_flag(args, "international"), "documents", json_text(args, "documents"), "eta",
                json_text(args, "eta"), "emergency", json_text(args, "emergency"), "media", media);
        if (!data)
                return fail_memory(err);
        r = act_record_one(act, "shipment.created", id, data, err);
        if (r < 0 || act->dry_run)
                return r;
        act_say(act, "Envío %s creado: embálelo con «ship pack %s».",
                "Shipment %s made: pack it with “ship pack %s”.", id, id);
        return shipment_load(act->db, id, ret, err);
}

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

/* T5: as printed and as compared, none used before, none twice here. */
static int new_seals(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *plain = NULL, *list = json_array(), *seen = json_object();
        const json_t *item;
        size_t i;
        int r = shipment_seals(args, &plain, err);

        if (r < 0)
                return r;
        json_array_foreach(plain, i, item) {
                const char *seal = json_string_value(item);

                if (json_object_get(seen, seal))
                        return refuse(err, ERR_REFUSED, "T5", "El precinto %s se indica dos veces.",
                                      "Seal %s is named twice.", seal);
                r = custody_seal_refuse_used(act->db, seal, err);
                if (r < 0)
                        return r;
                if (json_object_set_new(seen, seal, json_true()) ||
                    json_array_append_new(list, json_pack("{s:s, s:O}", "plain", seal, "number",
                                                          json_array_get(json_object_get(args, "seal"), i))))
                        return fail_memory(err);
        }
        *ret = TAKE_PTR(list);
        return 0;
}

static int refuse_packing(const json_t *shipment, struct error *err) {
        enum shipment_state state = shipment_state_of(shipment);

        if (state == SHIPMENT_CREATED || state == SHIPMENT_PACKED || state == SHIPMENT_AUTHORISED)
                return 0;
        return refuse(err, ERR_CONFLICT, "T4", "El envío %s está «%s» y ya no se embala.",
                      "Shipment %s is “%s” and is no longer packed.", shipment_id(shipment),
                      shipment_state_terms[state].code);
}

static int run_pack(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *shipment = NULL, *devices = NULL, *media = NULL, *seals = NULL, *data = NULL;
        bool electronic, must;
        unsigned ticked = 0;
        const json_t *level;
        size_t i;
        int r;

        r = shipment_load(act->db, json_text(args, "shipment"), &shipment, err);
        if (r == 0)
                r = refuse_packing(shipment, err);
        if (r == 0 && !json_flag(args, "label-checked"))
                r = transport_judge_label(shipment_id(shipment), "-", err);
        if (r == 0)
                r = shipment_devices(act, args, &devices, err);
        if (r == 0)
                r = check_media(act, shipment, devices, &media, &electronic, &must, err);
        if (r < 0)
                return r;
        json_array_foreach(json_object_get(args, "level"), i, level)
                ticked |= 1U << term_parse(packaging_terms, PACKAGINGS, json_string_value(level));
        r = transport_judge_packaging(ticked, electronic, must, err);
        if (r == 0)
                r = new_seals(act, args, &seals, err);
        if (r < 0)
                return r;
        data = json_pack("{s:O, s:O, s:O}", "levels", json_object_get(args, "level"), "media", media, "seals",
                         seals);
        if (!data)
                return fail_memory(err);
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

/* T6: what was done on the fast path is looked at afterwards; this one bars no checkpoint. */
static int review_fact(struct act *act, const json_t *shipment, struct fact *ret, struct error *err) {
        const struct incident_draft draft = { INCIDENT_REVIEW, "", NULL };

        return incident_fact(act->db, 0, &draft, ret, err,
                             "Revise el envío de emergencia %s, autorizado por %s: %s",
                             "Review the emergency shipment %s, authorised by %s: %s", shipment_id(shipment),
                             act->person, json_text(shipment, "emergency"));
}

static int record_authorisation(struct act *act, const json_t *args, const json_t *shipment, bool stands_in,
                                bool *ret_complete, struct error *err) {
        _cleanup_json_ json_t *owners = NULL, *data = NULL, *review = NULL;
        struct fact facts[2];
        size_t n = 1;
        int r;

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
        facts[0] = (struct fact){ "shipment.authorised", shipment_id(shipment), data };
        if (stands_in) {
                r = review_fact(act, shipment, &facts[1], err);
                if (r < 0)
                        return r;
                review = facts[1].data;
                n = 2;
        }
        return act_record(act, facts, n, err);
}

static int run_authorise(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *shipment = NULL;
        bool owner, stands_in, complete;
        int r;

        r = shipment_load(act->db, json_text(args, "shipment"), &shipment, err);
        if (r < 0)
                return r;
        if (shipment_state_of(shipment) != SHIPMENT_PACKED)
                return refuse(err, ERR_CONFLICT, "T3", "El envío %s está «%s»; se autoriza una vez embalado.",
                              "Shipment %s is “%s”; it is authorised once it is packed.", shipment_id(shipment),
                              json_text(shipment, "state"));
        owner = owns_one(shipment, act->person);
        stands_in = !owner && act->roles & ROLE_SECURITY && json_text(shipment, "emergency");
        r = transport_judge_authorisation(act->person, json_text(shipment, "creator"), owner, stands_in, err);
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
          .name = "create",
          .roles = ROLE_CUSTODIAN | ROLE_OPERATOR,
          .flags = VERB_WRITES,
          .help = HELP("Crea un envío de soportes (T1, T6)", "Makes a shipment of media (T1, T6)"),
          PARAMS(create_params),
          .run = run_create },
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

const struct room transport_room = {
        .schema = &transport_schema,
        .verbs = prepare_verbs,
        .verbs_n = COUNT(prepare_verbs),
        .events = transport_events,
        .events_n = TRANSPORT_EVENTS,
};
