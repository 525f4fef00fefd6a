#include "policy/gate.h"

#include <string.h>

#include "policy/families.h"

static const struct rule rules[] = {
        { "C3",
          "mp.si.2",
          { "Un soporte sin registrar, o sin el cifrado que exige su categoría, no se puede escribir.",
            "A medium that is not registered, or not encrypted as its category demands, can't be written." },
          { "Regístrelo con «media register» y cífrelo con «encrypt run».",
            "Register it with “media register” and encrypt it with “encrypt run”." } },
};

const struct rule_family gate_rules = { rules, sizeof rules / sizeof rules[0] };

const struct term gate_verdict_terms[GATE_VERDICTS] = {
        [GATE_ACCEPT] = { "accept", { "aceptado", "accepted" } },
        [GATE_READ_ONLY] = { "read-only", { "solo lectura", "read only" } },
        [GATE_REFUSE] = { "refuse", { "rechazado", "refused" } },
};

static bool identity_differs(const struct gate_case *c) {
        return c->identity_differs;
}
static bool is_unregistered(const struct gate_case *c) {
        return !c->registered;
}
static bool is_unreadable(const struct gate_case *c) {
        return c->unreadable;
}
static bool is_destroyed(const struct gate_case *c) {
        return c->standing == GATE_DESTROYED;
}
static bool is_lost(const struct gate_case *c) {
        return c->standing == GATE_LOST;
}
static bool is_quarantined(const struct gate_case *c) {
        return c->standing == GATE_QUARANTINED;
}
static bool is_unsanitized(const struct gate_case *c) {
        return c->standing == GATE_UNSANITIZED;
}
static bool is_weak(const struct gate_case *c) {
        return c->luks && c->header == LUKS_REFUSE;
}
static bool is_old(const struct gate_case *c) {
        return c->luks && c->header == LUKS_READ_ONLY;
}
static bool is_unfinished(const struct gate_case *c) {
        return c->luks && c->unfinished;
}
static bool is_overdue(const struct gate_case *c) {
        return c->luks && c->overdue;
}
static bool is_plain(const struct gate_case *c) {
        return !c->luks && luks_demands[c->category].required;
}
static bool is_on_loan(const struct gate_case *c) {
        return c->standing == GATE_ON_LOAN;
}
static bool is_in_transit(const struct gate_case *c) {
        return c->standing == GATE_IN_TRANSIT;
}
static bool is_retired(const struct gate_case *c) {
        return c->standing == GATE_RETIRED;
}
static bool has_expired(const struct gate_case *c) {
        return c->expires && *c->expires && strcmp(c->expires, c->today) < 0;
}

static const struct {
        bool (*applies)(const struct gate_case *);
        bool registered; /* of registered media only */
        struct gate_answer answer;
} table[] = {
        { identity_differs,
          false,
          { GATE_REFUSE,
            "S6",
            { "dice ser un soporte registrado, pero su identidad no coincide",
              "it claims to be a registered medium, but its identity does not match" } } },
        { is_destroyed, true, { GATE_REFUSE, "U9", { "consta como destruido", "it is on record as destroyed" } } },
        { is_lost, true, { GATE_REFUSE, "U9", { "consta como perdido", "it is on record as lost" } } },
        { is_quarantined,
          true,
          { GATE_REFUSE,
            "U9",
            { "se perdió y no volvió como salió", "it was lost and did not come back as it left" } } },
        { is_unsanitized,
          true,
          { GATE_REFUSE,
            "S5",
            { "su borrado dejó zonas sin alcanzar", "its wipe left areas that were not reached" } } },
        { is_weak,
          true,
          { GATE_REFUSE, "C2", { "su cabecera LUKS no es aceptable", "its LUKS header is not acceptable" } } },
        { is_unreadable,
          false,
          { GATE_READ_ONLY, "C3", { "no responde o no se puede leer", "it does not answer or can't be read" } } },
        { is_unregistered, false, { GATE_READ_ONLY, "C3", { "no está registrado", "it is not registered" } } },
        { is_plain,
          true,
          { GATE_READ_ONLY,
            "C3",
            { "no está cifrado y su categoría lo exige", "it is not encrypted, as its category demands" } } },
        { is_unfinished,
          true,
          { GATE_READ_ONLY,
            "C5",
            { "un cambio de sus claves quedó a medias", "a change of its keys was left unfinished" } } },
        { is_overdue,
          true,
          { GATE_READ_ONLY, "C5", { "su clave de volumen ha vencido", "its volume key is overdue" } } },
        { is_old,
          true,
          { GATE_READ_ONLY,
            "C2",
            { "su cabecera LUKS solo se admite en lectura", "its LUKS header is good for reading only" } } },
        { is_on_loan,
          true,
          { GATE_READ_ONLY,
            "U3",
            { "está prestado y su devolución no consta", "it is on loan and its return is not on record" } } },
        { is_in_transit,
          true,
          { GATE_READ_ONLY,
            "T4",
            { "está en tránsito y su entrega no consta", "it is in transit and its delivery is not on record" } } },
        { has_expired, true, { GATE_READ_ONLY, "L1", { "ha caducado", "it has expired" } } },
        { is_retired, true, { GATE_READ_ONLY, "C3", { "está dado de baja", "it is retired" } } },
};

void gate_decide(const struct gate_case *facts, struct gate_answer *ret) {
        struct gate_answer answer = { GATE_ACCEPT, "", { "", "" } };

        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                if (table[i].registered && !facts->registered)
                        continue;
                if (table[i].answer.verdict > answer.verdict && table[i].applies(facts))
                        answer = table[i].answer;
        }
        *ret = answer;
}
