/* A medium that was lost and turns up (T5, T7, U9): what it is found like decides whether it is used again, or only
 * wiped or destroyed. Its breach is told of it, and closed by a person. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "transport/internal.h"

struct recovery {
        struct medium medium;
        json_t *shipment, *seals, *about; /* about: incidents */
        const json_t *packed;             /* of the shipment's media */
        struct custody_inspection found;
        struct recovery_facts facts;
        unsigned doubts;
        bool trusted, again;
        char location[LOCATION_CODE];
};

static void recovery_done(struct recovery *recovery) {
        json_decref(recovery->shipment);
        json_decref(recovery->seals);
        json_decref(recovery->about);
}

/* The shipment that lost it: its last one. */
static int load(struct act *act, const char *id, struct recovery *ret, struct error *err) {
        _cleanup_free_ char *shipment = NULL;
        const json_t *item;
        size_t i;
        int r = medium_load(act->db, id, &ret->medium, err);

        if (r < 0)
                return r;
        ret->again = ret->medium.state == MEDIUM_QUARANTINED;
        if (ret->medium.state != MEDIUM_LOST && !ret->again)
                return refuse(err, ERR_CONFLICT, "U9", "El soporte %s no consta como perdido (%s%.0s).",
                              "Medium %s is not on record as lost (%.0s%s).", id,
                              medium_state_terms[ret->medium.state].name.es,
                              medium_state_terms[ret->medium.state].name.en);
        r = db_text(act->db, &shipment, err,
                    "SELECT id FROM shipment JOIN shipment_medium ON shipment = id WHERE medium = ? AND outcome IN "
                    "('missing', 'recovered') ORDER BY number DESC LIMIT 1",
                    "s", id);
        if (r == 0)
                r = shipment_load(act->db, shipment, &ret->shipment, err);
        if (r < 0)
                return r;
        json_array_foreach(json_object_get(ret->shipment, "media"), i,
                           item) if (strcmp(json_text_or_empty(item, "medium"), id) == 0) ret->packed = item;
        return incident_about_loss(act->db, id, &ret->about, err);
}

/* Seals are told once, when it turns up: a later look can't mend them. */
static int look_at_seals(const json_t *args, struct recovery *ret, struct error *err) {
        const bool none = json_flag(args, "no-seal");
        int r = shipment_seals(args, &ret->seals, err);

        if (r < 0)
                return r;
        ret->facts.earlier = (unsigned) json_int(ret->packed, "doubts", 0);
        ret->facts.damaged = json_flag(args, "damaged");
        if (ret->again && json_array_size(ret->seals) == 0) {
                ret->facts.sealed = !(ret->facts.earlier & 1U << RECOVERY_SEAL);
                return 0;
        }
        if (none == (json_array_size(ret->seals) > 0))
                return fail(err, ERR_USAGE, "Diga qué precintos trae con --seal, o --no-seal.",
                            "Say which seals it has with --seal, or --no-seal.");
        ret->facts.sealed = !none && shipment_seals_match(ret->shipment, ret->seals);
        return 0;
}

/* What is connected has to be the medium (S6): a stranger is not found. */
static int look_at_device(struct act *act, const json_t *args, struct recovery *ret, struct error *err) {
        const char *device = json_text(args, "device"), *digest = json_text_or_empty(ret->packed, "digest");
        int r;

        ret->facts.must_be_seen = custody_needs_device(&ret->medium);
        if (!device)
                return 0;
        r = custody_inspect(act, &ret->medium, device, &ret->found, err);
        if (r < 0)
                return hint(err, "Si es el soporte por su etiqueta, regístrelo sin --device: queda en cuarentena.",
                            "If its label says it is the medium, record it without --device: it is quarantined.");
        if (!*digest)
                digest = ret->medium.header_digest;
        ret->facts.seen = true;
        ret->facts.same = strcmp(digest, ret->found.digest) == 0 &&
                          (!ret->facts.must_be_seen || ret->found.encrypted);
        return 0;
}

static int place(struct act *act, const json_t *args, struct recovery *ret, struct error *err) {
        int r;

        if (!json_text(args, "location"))
                return 0;
        r = location_code_parse(json_text(args, "location"), ret->location, err);
        return r < 0 ? r : custody_location_accepts(act->db, ret->location, &ret->medium, err);
}

/* --- what is recorded --------------------------------------------------------------------------------------- */

static int add_recovered(const json_t *args, const struct recovery *recovery, struct shipment_facts *facts,
                         struct error *err) {
        _cleanup_json_ json_t *doubts = json_array(), *incidents = json_array();
        const json_t *item;
        size_t i;

        for (i = 0; i < RECOVERY_DOUBTS; i++)
                if (recovery->doubts & 1U << i &&
                    json_array_append_new(doubts, json_string(recovery_doubt_terms[i].code)))
                        return fail_memory(err);
        json_array_foreach(
                recovery->about, i,
                item) if (json_array_append(incidents, json_object_get(item, "id"))) return fail_memory(err);
        return shipment_facts_add(
                facts, "medium.recovered", recovery->medium.id,
                json_pack("{s:s, s:s, s:s, s:s, s:b, s:O, s:b, s:s, s:s, s:s, s:O, s:s, s:s, s:O}", "shipment",
                          shipment_id(recovery->shipment), "by", json_text(args, "by"), "where",
                          json_text(args, "where"), "condition", json_text(args, "condition"), "damaged",
                          (int) recovery->facts.damaged, "seals", recovery->seals, "sealed",
                          (int) recovery->facts.sealed, "identity", identity_terms[recovery->found.identity].code,
                          "digest", recovery->found.digest, "luks_uuid", recovery->found.luks_uuid, "doubts",
                          doubts, "standing",
                          medium_state_terms[recovery->trusted ? MEDIUM_IN_CUSTODY : MEDIUM_QUARANTINED].code,
                          "location", recovery->location, "incidents", incidents),
                err);
}

/* The gravest of what is doubtful now and was not before. Not having been read is no incident. */
static int add_incident(struct act *act, const struct recovery *recovery, struct shipment_facts *facts,
                        struct error *err) {
        static const struct {
                enum recovery_doubt doubt;
                enum incident_kind kind;
        } kinds[] = { { RECOVERY_HEADER, INCIDENT_HEADER },
                      { RECOVERY_SEAL, INCIDENT_SEAL },
                      { RECOVERY_DAMAGED, INCIDENT_DAMAGE } };
        const unsigned now = recovery->doubts & ~recovery->facts.earlier;
        _cleanup_json_ json_t *media = json_pack("[s]", recovery->medium.id);
        struct fact fact;

        for (size_t i = 0; i < COUNT(kinds); i++) {
                const struct incident_draft draft = { kinds[i].kind, recovery->medium.id, media };
                const struct text name = recovery_doubt_terms[kinds[i].doubt].name;
                int r;

                if (!(now & 1U << kinds[i].doubt))
                        continue;
                r = incident_fact(act->db, facts->incidents, &draft, &fact, err,
                                  "El soporte %s, perdido en el envío %s, apareció y no como salió: %s%.0s.",
                                  "Medium %s, lost in shipment %s, turned up and not as it left: %.0s%s.",
                                  recovery->medium.id, shipment_id(recovery->shipment), name.es, name.en);
                if (r < 0)
                        return r;
                facts->incidents++;
                r = shipment_facts_add(facts, fact.type, json_text(fact.data, "id"), fact.data, err);
                return r;
        }
        return 0;
}

/* U9: what is open about its loss is told, and stays open. */
static int add_notes(struct act *act, const json_t *args, const struct recovery *recovery,
                     struct shipment_facts *facts, struct error *err) {
        const enum medium_state state = recovery->trusted ? MEDIUM_IN_CUSTODY : MEDIUM_QUARANTINED;
        const json_t *item;
        char text[1000];
        size_t i;
        int r = 0;

        (void) snprintf(text, sizeof text,
                        act->lang == LANG_EN ? "Medium %s turned up: found by %s, %s. %s. It is now: %s."
                                             : "El soporte %s apareció: lo halló %s, %s. %s. Queda: %s.",
                        recovery->medium.id, json_text(args, "by"), json_text(args, "where"),
                        json_text(args, "condition"), text_in(medium_state_terms[state].name, act->lang));
        utf8_trim(text);
        json_array_foreach(recovery->about, i,
                           item) if (r == 0 && strcmp(json_text_or_empty(item, "state"), "open") == 0)
                r = shipment_facts_add(facts, "incident.noted", json_text(item, "id"),
                                       json_pack("{s:s}", "text", text), err);
        return r;
}

/* --- the verb ----------------------------------------------------------------------------------------------- */

static void say(struct act *act, const struct recovery *recovery, const struct shipment_facts *facts) {
        const char *id = recovery->medium.id;
        const json_t *item;
        size_t i;

        for (i = 0; i < facts->n; i++)
                if (strcmp(facts->facts[i].type, "incident.opened") == 0)
                        act_say(act, "ATENCIÓN: incidencia %s abierta. %s%.0s",
                                "ATTENTION: incident %s opened. %.0s%s", facts->facts[i].subject,
                                json_text_or_empty(facts->facts[i].data, "what_es"),
                                json_text_or_empty(facts->facts[i].data, "what_en"));
        if (recovery->trusted)
                act_say(act, "Soporte %s recuperado: en custodia.", "Medium %s recovered: in custody.", id);
        else if (recovery->doubts == 1U << RECOVERY_UNSEEN)
                act_say(act, "Soporte %s en cuarentena hasta que se lea: conéctelo y repita con --device.",
                        "Medium %s is quarantined until it is read: connect it and repeat with --device.", id);
        else
                act_say(act,
                        "Soporte %s en cuarentena: ni se presta ni se envía; bórrelo («wipe plan») o pida su "
                        "destrucción («destroy request»).",
                        "Medium %s is quarantined: neither lent nor sent; wipe it (“wipe plan”) or ask for its "
                        "destruction (“destroy request”).",
                        id);
        json_array_foreach(recovery->about, i, item) {
                const char *incident = json_text(item, "id");

                if (strcmp(json_text_or_empty(item, "state"), "open") == 0)
                        act_say(act, "Anotado en la incidencia %s, que sigue abierta: «incident close %s».",
                                "Noted in incident %s, which stays open: “incident close %s”.", incident, incident);
                else
                        act_say(act,
                                "La brecha %s está cerrada: si se notificó, complete la notificación (RGPD 33.4).",
                                "Breach %s is closed: if it was notified, complete the notification (GDPR 33.4).",
                                incident);
        }
}

static int record(struct act *act, const json_t *args, struct recovery *recovery, struct error *err) {
        _cleanup_facts_ struct shipment_facts facts = { 0 };
        int r = shipment_facts_new(json_array_size(recovery->about) + 2, &facts, err);

        if (r == 0)
                r = add_recovered(args, recovery, &facts, err);
        if (r == 0)
                r = add_notes(act, args, recovery, &facts, err);
        if (r == 0)
                r = add_incident(act, recovery, &facts, err);
        if (r == 0)
                r = act_record(act, facts.facts, facts.n, err);
        if (r == 0)
                say(act, recovery, &facts);
        return r;
}

static int run_recover(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_(recovery_done) struct recovery recovery = { 0 };
        struct medium medium;
        int r = load(act, json_text(args, "medium"), &recovery, err);

        if (r == 0)
                r = look_at_seals(args, &recovery, err);
        if (r == 0)
                r = look_at_device(act, args, &recovery, err);
        if (r == 0)
                r = place(act, args, &recovery, err);
        if (r < 0)
                return r;
        recovery.doubts = transport_recovery_doubts(&recovery.facts);
        recovery.trusted = transport_recovery_trusted(&recovery.facts, recovery.doubts);
        r = record(act, args, &recovery, err);
        if (r == 0)
                r = custody_say_handover(act, recovery.medium.id, err);
        if (r == 0)
                r = medium_load(act->db, recovery.medium.id, &medium, err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:O}", "medium", medium.id, "shipment",
                         shipment_id(recovery.shipment), "state", medium_state_terms[medium.state].code, "location",
                         medium.location, "about", recovery.about);
        return *ret ? 0 : fail_memory(err);
}

static const struct param recover_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL,
          HELP("soporte que constaba como perdido", "medium that was on record as lost"), 0, 0, NULL, 0 },
        { "by", PARAM_TEXT, PARAM_REQUIRED, HELP("quién lo halló", "who found it"), 0, 120, NULL, 0 },
        { "where", PARAM_TEXT, PARAM_REQUIRED, HELP("dónde y cómo apareció", "where and how it turned up"), 0, 200,
          NULL, 0 },
        { "condition", PARAM_TEXT, PARAM_REQUIRED, HELP("en qué estado está", "in what state it is"), 0, 200, NULL,
          0 },
        { "seal", PARAM_TEXT, PARAM_REPEATED,
          HELP("número de precinto que trae (repetible)", "number of a seal that it has (repeatable)"), 0, 40, NULL,
          0 },
        { "no-seal", PARAM_FLAG, 0, HELP("no trae precinto", "it has no seal"), 0, 0, NULL, 0 },
        { "damaged", PARAM_FLAG, 0, HELP("está dañado", "it is damaged"), 0, 0, NULL, 0 },
        { "device", PARAM_DEVICE, 0,
          HELP("dispositivo conectado: sin leerlo, un soporte cifrado queda en cuarentena",
               "connected device: an encrypted medium that is not read is quarantined"),
          0, 0, NULL, 0 },
        { "location", PARAM_TEXT, 0, HELP("ubicación en que queda", "location where it is put"), 0, 40, NULL, 0 },
};

static const struct column recover_columns[] = {
        { "medium", HELP("SOPORTE", "MEDIUM") },
        { "shipment", HELP("SE PERDIÓ EN", "LOST IN") },
        { "state", CODES("ESTADO", "STATE", medium_state_terms) },
        { "location", HELP("UBICACIÓN", "LOCATION") },
};

static const struct verb recovery_verbs[] = {
        { "media", "recover", ROLE_SECURITY, VERB_WRITES,
          HELP("Un soporte perdido aparece: vuelve a custodia, o a cuarentena si no está como salió (U9, T5)",
               "A lost medium turns up: back to custody, or quarantined when it is not as it left (U9, T5)"),
          PARAMS(recover_params), COLUMNS(recover_columns), .run = run_recover },
};

const struct room recovery_room = { .verbs = recovery_verbs, .verbs_n = COUNT(recovery_verbs) };
