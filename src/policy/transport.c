#include "policy/transport.h"

#include <string.h>

#include "base/str.h"
#include "policy/families.h"
#include "policy/shipping.h"

static const struct rule rules[] = {
        { "T1",
          "mp.si.4",
          { "Cada categoría exige su transporte: BÁSICA mensajería y sobre sellado, MEDIA mensajería certificada, "
            "contenedor con llave y seguimiento, ALTA transporte seguro, contenedor blindado, GPS y escolta.",
            "Each category demands its transport: BASICA courier and sealed envelope, MEDIA certified courier, "
            "locked container and tracking, ALTA secure transport, armoured container, GPS and escort." },
          { "Elija método, protección y seguimiento del soporte más estricto del envío.",
            "Choose the method, protection and tracking of the strictest medium in the shipment." } },
        { "T2",
          "mp.si.4",
          { "Antes de salir se comprueban el cifrado en el propio soporte (24 h como máximo), la etiqueta y los "
            "seis niveles de embalaje.",
            "Before it leaves, encryption on the medium itself (24 h at most), the label and the six levels of "
            "packaging are checked." },
          { "Prepare el envío con «ship pack», con el soporte conectado.",
            "Prepare the shipment with “ship pack”, the medium being connected." } },
        { "T3",
          "mp.si.4",
          { "Un envío sale con el formulario R-110-019 y la autorización del propietario de la información.",
            "A shipment leaves with form R-110-019 and the information owner's authorisation." },
          { "Pida «ship authorise» al propietario de cada soporte.",
            "Ask each medium's owner for “ship authorise”." } },
        { "T4",
          "mp.si.4",
          { "La cadena de custodia tiene cinco puntos en orden y firmados: origen, recogida, tránsito, entrega y "
            "confirmación.",
            "The chain of custody has five checkpoints in order and signed: origin, pickup, transit, delivery "
            "and confirmation." },
          { "Vea con «ship show» qué punto toca y regístrelo.",
            "See with “ship show” which checkpoint is next and record it." } },
        { "T5",
          "mp.si.4",
          { "Los precintos van numerados, no se repiten nunca, y uno distinto abre una incidencia.",
            "Seals are numbered, never used twice, and one that differs opens an incident." },
          { "Use un precinto nuevo, o espere a que el administrador de seguridad cierre la incidencia.",
            "Use a new seal, or wait until the security administrator closes the incident." } },
        { "T6",
          "mp.si.4, RGPD 44",
          { "Un envío va por una ruta predefinida y con tiempo límite; a otro país, con documentos de aduana y de "
            "transferencia de datos; por la vía de emergencia, con revisión posterior.",
            "A shipment goes by a predefined route and with a time limit; to another country with customs and "
            "data-transfer documents; by the emergency path with a later review." },
          { "Vea «route list», y «ship show» para lo que falta.",
            "See “route list”, and “ship show” for what is missing." } },
        { "T7",
          "mp.si.4, mp.si.2",
          { "Lo que su clasificación o su categoría mandan cifrar no viaja sin cifrar: SECRETO y CONFIDENCIAL, "
            "nunca.",
            "What its classification or category asks to be encrypted does not travel in clear: SECRETO and "
            "CONFIDENCIAL never." },
          { "Cifre el soporte con «encrypt run» y repita «ship pack».",
            "Encrypt the medium with “encrypt run” and repeat “ship pack”." } },
};

const struct rule_family transport_rules = { rules, sizeof rules / sizeof rules[0] };

const struct term transport_method_terms[TRANSPORT_METHODS] = {
        [METHOD_STANDARD] = { "standard-courier", { "mensajería estándar", "standard courier" } },
        [METHOD_CERTIFIED] = { "certified-courier", { "mensajería certificada", "certified courier" } },
        [METHOD_SECURE] = { "secure-transport", { "transporte seguro", "secure transport" } },
};

const struct term transport_protection_terms[TRANSPORT_PROTECTIONS] = {
        [PROTECTION_ENVELOPE] = { "sealed-envelope", { "sobre sellado", "sealed envelope" } },
        [PROTECTION_LOCKED] = { "locked-container", { "contenedor con llave", "locked container" } },
        [PROTECTION_ARMOURED] = { "armoured-container", { "contenedor blindado", "armoured container" } },
};

const struct term transport_tracking_terms[TRANSPORT_TRACKINGS] = {
        [TRACKING_RECORD] = { "shipment-record", { "registro de envío", "shipment record" } },
        [TRACKING_SIGNED] = { "tracking-signature", { "seguimiento y firma", "tracking and signature" } },
        [TRACKING_GPS] = { "gps-escort", { "GPS y escolta", "GPS and escort" } },
};

const struct transport_means transport_demands[CATEGORIES] = {
        [CATEGORY_BASICA] = { METHOD_STANDARD, PROTECTION_ENVELOPE, TRACKING_RECORD },
        [CATEGORY_MEDIA] = { METHOD_CERTIFIED, PROTECTION_LOCKED, TRACKING_SIGNED },
        [CATEGORY_ALTA] = { METHOD_SECURE, PROTECTION_ARMOURED, TRACKING_GPS },
};

const struct term packaging_terms[PACKAGINGS] = {
        [PACKAGING_ENCRYPTED_MEDIUM] = { "encrypted-medium", { "soporte cifrado", "encrypted medium" } },
        [PACKAGING_ANTISTATIC_BAG] = { "antistatic-bag", { "bolsa antiestática", "antistatic bag" } },
        [PACKAGING_FOAM] = { "foam", { "espuma protectora", "protective foam" } },
        [PACKAGING_RIGID_CONTAINER] = { "rigid-container", { "contenedor rígido", "rigid container" } },
        [PACKAGING_SEAL] = { "security-seal", { "precinto de seguridad", "security seal" } },
        [PACKAGING_OUTER] = { "outer-pack", { "embalaje exterior", "outer pack" } },
};

const struct term shipment_state_terms[SHIPMENT_STATES] = {
        [SHIPMENT_CREATED] = { "created", { "creado", "created" } },
        [SHIPMENT_PACKED] = { "packed", { "embalado", "packed" } },
        [SHIPMENT_AUTHORISED] = { "authorised", { "autorizado", "authorised" } },
        [SHIPMENT_DISPATCHED] = { "dispatched", { "expedido", "dispatched" } },
        [SHIPMENT_PICKED_UP] = { "picked-up", { "recogido", "picked up" } },
        [SHIPMENT_IN_TRANSIT] = { "in-transit", { "en tránsito", "in transit" } },
        [SHIPMENT_DELIVERED] = { "delivered", { "entregado", "delivered" } },
        [SHIPMENT_CONFIRMED] = { "confirmed", { "confirmado", "confirmed" } },
        [SHIPMENT_LOST] = { "lost", { "perdido", "lost" } },
        [SHIPMENT_CANCELLED] = { "cancelled", { "anulado", "cancelled" } },
};

const struct term checkpoint_terms[CHECKPOINTS] = {
        [CHECKPOINT_ORIGIN] = { "origin", { "origen", "origin" } },
        [CHECKPOINT_PICKUP] = { "pickup", { "recogida", "pickup" } },
        [CHECKPOINT_TRANSIT] = { "transit", { "tránsito", "transit" } },
        [CHECKPOINT_DELIVERY] = { "delivery", { "entrega", "delivery" } },
        [CHECKPOINT_CONFIRMATION] = { "confirmation", { "confirmación", "confirmation" } },
};

int transport_judge_means(enum category strictest, const struct transport_means *means, struct error *err) {
        const struct transport_means *least = &transport_demands[strictest];
        const struct term *given, *needed;

        if (means->method < least->method) {
                given = &transport_method_terms[means->method];
                needed = &transport_method_terms[least->method];
        } else if (means->protection < least->protection) {
                given = &transport_protection_terms[means->protection];
                needed = &transport_protection_terms[least->protection];
        } else if (means->tracking < least->tracking) {
                given = &transport_tracking_terms[means->tracking];
                needed = &transport_tracking_terms[least->tracking];
        } else {
                return 0;
        }
        return refuse(err, ERR_REFUSED, "T1", "La categoría %s exige %s%.0s y se pidió %s%.0s.",
                      "Category %s demands %.0s%s and %.0s%s was asked for.", category_terms[strictest].code,
                      needed->name.es, needed->name.en, given->name.es, given->name.en);
}

int transport_judge_position(enum transport_tracking tracking, bool has_position, struct error *err) {
        if (tracking < TRACKING_GPS || has_position)
                return 0;
        return refuse(err, ERR_REFUSED, "T1", "Este envío se sigue por GPS: falta la posición.",
                      "This shipment is tracked by GPS: the position is missing.");
}

bool transport_is_electronic(enum medium_kind kind) {
        return kind == KIND_HDD || kind == KIND_SSD;
}

int transport_judge_packaging(unsigned ticked, bool electronic, bool must_encrypt, struct error *err) {
        for (unsigned level = 0; level < PACKAGINGS; level++) {
                if (ticked & 1U << level || (level == PACKAGING_ANTISTATIC_BAG && !electronic) ||
                    (level == PACKAGING_ENCRYPTED_MEDIUM && !must_encrypt))
                        continue;
                return refuse(err, ERR_REFUSED, "T2", "Falta el nivel de embalaje %u, %s%.0s.",
                              "Packaging level %u, %.0s%s, is missing.", level + 1, packaging_terms[level].name.es,
                              packaging_terms[level].name.en);
        }
        return 0;
}

int transport_judge_label(const char *medium, const char *label_state, struct error *err) {
        if (strcmp(label_state, "valid") == 0)
                return 0;
        return refuse(err, ERR_REFUSED, "T2", "La etiqueta del soporte %s no es válida (%s).",
                      "The label of medium %s is not valid (%s).", medium, label_state);
}

int transport_judge_verification(const char *medium, int64_t verified, int64_t now, struct error *err) {
        /* A clock that went back must not lengthen the day. */
        if (verified > 0 && verified <= now && now - verified <= TRANSPORT_VERIFIED_FOR)
                return 0;
        return refuse(err, ERR_REFUSED, "T2",
                      "El cifrado del soporte %s no se comprobó en las 24 horas anteriores a la salida.",
                      "The encryption of medium %s was not verified in the 24 hours before dispatch.", medium);
}

bool transport_must_encrypt(enum medium_kind kind, enum category category, enum classification classification) {
        return classification >= CLASS_CONFIDENCIAL ||
               (category >= CATEGORY_MEDIA && transport_is_electronic(kind));
}

int transport_judge_encryption(const char *medium, enum medium_kind kind, enum category category,
                               enum classification classification, bool encrypted, struct error *err) {
        if (encrypted || !transport_must_encrypt(kind, category, classification))
                return 0;
        return refuse(err, ERR_REFUSED, "T7", "El soporte %s (%s, categoría %s) no está cifrado.",
                      "Medium %s (%s, category %s) is not encrypted.", medium,
                      classification_terms[classification].code, category_terms[category].code);
}

int transport_judge_order(enum shipment_state state, enum checkpoint checkpoint, struct error *err) {
        if (shipment_acts[transport_act_of(checkpoint)].from & 1U << state)
                return 0;
        return refuse(err, ERR_CONFLICT, "T4", "El envío está en el estado «%s%.0s» y no admite el punto «%s%.0s».",
                      "The shipment is “%.0s%s” and does not allow checkpoint “%.0s%s”.",
                      shipment_state_terms[state].name.es, shipment_state_terms[state].name.en,
                      checkpoint_terms[checkpoint].name.es, checkpoint_terms[checkpoint].name.en);
}

enum shipment_state transport_state_after(enum checkpoint checkpoint) {
        static const enum shipment_state after[CHECKPOINTS] = {
                [CHECKPOINT_ORIGIN] = SHIPMENT_DISPATCHED,      [CHECKPOINT_PICKUP] = SHIPMENT_PICKED_UP,
                [CHECKPOINT_TRANSIT] = SHIPMENT_IN_TRANSIT,     [CHECKPOINT_DELIVERY] = SHIPMENT_DELIVERED,
                [CHECKPOINT_CONFIRMATION] = SHIPMENT_CONFIRMED,
        };

        return after[checkpoint];
}

int transport_judge_authorisation(const char *decider, const char *creator, bool owns_one, bool stands_in,
                                  struct error *err) {
        if (!owns_one && !stands_in)
                return refuse(err, ERR_DENIED, "T3", "%s no es propietario de ningún soporte del envío.",
                              "%s owns no medium of the shipment.", decider);
        if (strcmp(decider, creator) == 0)
                return refuse(err, ERR_DENIED, "X1", "%s creó el envío y no puede autorizarlo.",
                              "%s made the shipment and may not authorise it.", decider);
        return 0;
}

int transport_judge_recipient(const char *person, const char *recipient, struct error *err) {
        if (strcmp(person, recipient) == 0)
                return 0;
        return refuse(err, ERR_DENIED, "T4", "El destinatario autorizado es %s, no %s.",
                      "The authorised recipient is %s, not %s.", recipient, person);
}

int transport_judge_addressee(const char *name, bool blocked, const char *expires, const char *today,
                              struct error *err) {
        if (blocked)
                return refuse(err, ERR_REFUSED, "X4", "La cuenta de %s está bloqueada: no puede recibir un envío.",
                              "The account of %s is blocked: it can't receive a shipment.", name);
        if (!str_empty(expires) && strcmp(expires, today) < 0)
                return refuse(err, ERR_REFUSED, "X4", "La cuenta de %s caducó el %s: no puede recibir un envío.",
                              "The account of %s expired on %s: it can't receive a shipment.", name, expires);
        return 0;
}

int transport_judge_eta(const char *eta, const char *today, struct error *err) {
        if (!eta || strcmp(eta, today) >= 0)
                return 0;
        return refuse(err, ERR_REFUSED, "T6", "La llegada prevista, el %s, ya pasó (hoy es %s).",
                      "The expected arrival, %s, is past (today is %s).", eta, today);
}

int transport_seal_plain(const char *text, char out[SEAL_TEXT], struct error *err) {
        char plain[SEAL_TEXT];
        size_t n = str_scanned(text, plain, sizeof plain);

        if (n < 3 || n > 20)
                return refuse(err, ERR_USAGE, "T5", "Un número de precinto tiene de 3 a 20 letras o cifras.",
                              "A seal's number has 3 to 20 letters or digits.");
        memcpy(out, plain, n + 1);
        return 0;
}

static size_t occurrences(const char *const *list, size_t n, const char *text) {
        size_t found = 0;

        for (size_t i = 0; i < n; i++)
                found += strcmp(list[i], text) == 0;
        return found;
}

bool transport_seals_match(const char *const *placed, size_t placed_n, const char *const *found, size_t found_n) {
        if (placed_n != found_n)
                return false;
        for (size_t i = 0; i < placed_n; i++)
                if (occurrences(found, found_n, placed[i]) != occurrences(placed, placed_n, placed[i]))
                        return false;
        return true;
}

bool transport_is_late(int64_t dispatched, int64_t delivered, int64_t limit_hours, int64_t now) {
        int64_t end = delivered ? delivered : now;

        return dispatched && limit_hours && end - dispatched > limit_hours * 3600 * SECOND;
}

/* --- lost, and found ---------------------------------------------------------------------------------------- */

const struct term recovery_doubt_terms[RECOVERY_DOUBTS] = {
        [RECOVERY_HEADER] = { "header", { "cabecera cambiada", "header changed" } },
        [RECOVERY_SEAL] = { "seal", { "precintos que no son los colocados", "seals that are not those placed" } },
        [RECOVERY_DAMAGED] = { "damaged", { "dañado", "damaged" } },
        [RECOVERY_UNSEEN] = { "unseen", { "no se ha leído", "was not read" } },
};

unsigned transport_recovery_doubts(const struct recovery_facts *facts) {
        unsigned doubts = facts->earlier & ~(1U << RECOVERY_UNSEEN);

        if (facts->seen && !facts->same)
                doubts |= 1U << RECOVERY_HEADER;
        if (!facts->sealed)
                doubts |= 1U << RECOVERY_SEAL;
        if (facts->damaged)
                doubts |= 1U << RECOVERY_DAMAGED;
        if (facts->must_be_seen && !facts->seen)
                doubts |= 1U << RECOVERY_UNSEEN;
        return doubts;
}

bool transport_recovery_trusted(const struct recovery_facts *facts, unsigned doubts) {
        const bool proven = facts->must_be_seen && facts->seen && facts->same;

        return doubts == 0 || (proven && doubts == 1U << RECOVERY_SEAL);
}
