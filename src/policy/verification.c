#include "policy/verification.h"

#include <stdlib.h>

#include "policy/families.h"

static const struct rule rules[] = {
        { "S4.1",
          "mp.si.5, NIST SP 800-88",
          { "Desde CONFIDENCIAL se relee el soporte entero; por debajo basta la muestra representativa.",
            "From CONFIDENCIAL on the whole medium is read back; below it the representative sample is enough." },
          { "Repita la orden con «--verify full».", "Run the command again with “--verify full”." } },
        { "S4.2",
          "mp.si.5, NIST SP 800-88",
          { "Al menos el 20 % de los soportes saneados en un año los relee enteros otra persona u otro programa.",
            "At least 20 % of the media sanitized in a year are read again whole by another person or program." },
          { "«wipe due» dice cuáles tocan; «wipe verify» o mpsi-verify-wipe los relee.",
            "“wipe due” says which are drawn; “wipe verify” or mpsi-verify-wipe reads them." } },
        { "S4.3",
          "mp.si.5, NIST SP 800-88",
          { "El resultado de un borrado lo valida quien no lo hizo: lo acepta, lo hace repetir o lo eleva.",
            "The result of a wipe is validated by somebody who did not do it: accepted, repeated or escalated." },
          { "Que decida otra persona con «wipe validate»; lo no aceptado se borra de nuevo o se destruye.",
            "Have another person decide with “wipe validate”; what is not accepted is wiped again or "
            "destroyed." } },
};

const struct rule_family verification_rules = { rules, sizeof rules / sizeof rules[0] };

const struct term verify_kind_terms[VERIFY_KINDS] = {
        [VERIFY_FULL] = { "full", { "completa", "full" } },
        [VERIFY_SAMPLE] = { "sample", { "por muestreo", "sampled" } },
};

const struct term validation_terms[VALIDATIONS] = {
        [VALIDATION_ACCEPT] = { "accept", { "aceptado", "accepted" } },
        [VALIDATION_REPEAT] = { "repeat", { "a repetir", "to be repeated" } },
        [VALIDATION_ESCALATE] = { "escalate", { "elevado", "escalated" } },
};

static const struct verification_demand demands[CLASSIFICATIONS] = {
        [CLASS_PUBLICO] = { .sample = true, .validation = VALIDATED_BY_SIGNATURE },
        [CLASS_INTERNO] = { .sample = true, .validation = VALIDATED_BY_SIGNATURE },
        [CLASS_CONFIDENCIAL] = { .sample = false, .validation = VALIDATED_BY_SIGNATURE },
        [CLASS_SECRETO] = { .sample = false, .validation = VALIDATED_BY_SIGNATURE },
};

const struct verification_demand *verification_demand(enum classification classification) {
        return &demands[classification];
}

int verification_judge(enum classification classification, enum verify_kind kind, struct error *err) {
        if (kind == VERIFY_FULL || demands[classification].sample)
                return 0;
        return refuse(err, ERR_REFUSED, "S4.1", "Un soporte %s no se verifica por muestreo.",
                      "A medium classified %s is not verified by sampling.",
                      classification_terms[classification].code);
}

/* --- the second look ---------------------------------------------------------------------------------------------
 */

static bool counts(const struct second_look *look, int64_t now) {
        return look->ended > now - SECOND_LOOK_PERIOD;
}

/* The candidate with the smallest draw that is not marked yet, or NULL. */
static struct second_look *next_drawn(struct second_look *looks, size_t n, int64_t now) {
        struct second_look *best = NULL;

        for (size_t i = 0; i < n; i++)
                if (counts(&looks[i], now) && looks[i].there && !looks[i].looked && !looks[i].ret_due &&
                    (!best || looks[i].draw < best->draw))
                        best = &looks[i];
        return best;
}

int64_t second_looks_wanted(int64_t wipes) {
        return (wipes * SECOND_LOOK_PERCENT + 99) / 100;
}

struct second_looks second_looks_judge(struct second_look *looks, size_t n, int64_t now) {
        struct second_looks sum = { .permille = 1000 };
        struct second_look *drawn;

        for (size_t i = 0; i < n; i++) {
                looks[i].ret_due = false;
                if (!counts(&looks[i], now))
                        continue;
                sum.wipes++;
                sum.looked += looks[i].looked;
        }
        sum.wanted = second_looks_wanted(sum.wipes);
        if (sum.wipes > 0)
                sum.permille = sum.looked * 1000 / sum.wipes;
        while (sum.due < sum.wanted - sum.looked && (drawn = next_drawn(looks, n, now))) {
                drawn->ret_due = true;
                sum.due++;
        }
        return sum;
}

/* --- validation --------------------------------------------------------------------------------------------------
 */

int validation_judge(const struct validation_case *facts, struct error *err) {
        if (facts->same_person)
                return refuse(err, ERR_DENIED, "S4.3", "Quien hizo el borrado no lo valida.",
                              "Whoever did the wipe does not validate it.");
        if (!facts->ended)
                return refuse(err, ERR_CONFLICT, "S4.3", "El borrado no tiene resultado que validar.",
                              "The wipe has no result to be validated.");
        if (facts->decision == VALIDATION_ACCEPT && !facts->sanitized)
                return refuse(err, ERR_REFUSED, "S4.3", "Un borrado que no sanea no se acepta.",
                              "A wipe that does not sanitize is not accepted.");
        if (facts->decided && (facts->before != VALIDATION_ACCEPT || facts->decision == VALIDATION_ACCEPT))
                return refuse(err, ERR_CONFLICT, "S4.3", "Ese borrado ya está validado: %s%.0s.",
                              "That wipe was validated already: %.0s%s.", validation_terms[facts->before].name.es,
                              validation_terms[facts->before].name.en);
        return 0;
}

int validation_allows_certificate(enum validated validation, bool decided, enum validation decision,
                                  struct error *err) {
        if (!decided)
                return validation == VALIDATED_BY_SIGNATURE
                               ? 0
                               : refuse(err, ERR_REFUSED, "S4.3", "Nadie ha validado el resultado del borrado.",
                                        "Nobody has validated the result of the wipe.");
        if (decision == VALIDATION_ACCEPT)
                return 0;
        return refuse(err, ERR_REFUSED, "S4.3", "El resultado del borrado está «%s%.0s».",
                      "The result of the wipe is “%.0s%s”.", validation_terms[decision].name.es,
                      validation_terms[decision].name.en);
}
