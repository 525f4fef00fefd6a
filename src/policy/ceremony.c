#include "policy/ceremony.h"

#include "policy/families.h"

static const struct rule rules[] = {
        { "C5.1",
          "op.exp.10, mp.si.2",
          { "La clave maestra se reparte en ceremonia entre custodios; solo cuentan sus partes, cada una una vez.",
            "The master key is split among custodians in a ceremony; only their shares count, each of them once." },
          { "Vea custodios y compromisos en el acta de la ceremonia, y pida la parte a quien consta en ella.",
            "See custodians and commitments in the ceremony's transcript, and ask whoever stands in it for the "
            "share." } },
};

const struct rule_family ceremony_rules = { rules, sizeof rules / sizeof rules[0] };

const struct ceremony_limit_row ceremony_limits[CEREMONY_LIMITS] = {
        [CEREMONY_CUSTODIANS_LEAST] = { 3,
                                        "C5.1",
                                        "house: one may be away and two still agree",
                                        { "custodios, como mínimo", "custodians, at least" } },
        [CEREMONY_CUSTODIANS_MOST] = { 16,
                                       "C5.1",
                                       "house: what one sitting can take",
                                       { "custodios, como máximo", "custodians, at most" } },
        [CEREMONY_THRESHOLD_LEAST] = { 2,
                                       "C5.1",
                                       "NIST SP 800-57 Part 2 (split knowledge)",
                                       { "partes que hacen falta, como mínimo", "shares needed, at least" } },
        [CEREMONY_TRIES] = { 3,
                             "C5.1",
                             "house",
                             { "intentos de teclear las dos palabras", "tries at typing the two words" } },
        [CEREMONY_MASTER_DAYS] = { 365,
                                   "C5",
                                   "MP.SI: master keys yearly",
                                   { "días de vida de una clave maestra", "days that a master key serves" } },
        [CEREMONY_WARNING_DAYS] = { 30,
                                    "C5",
                                    "house: time to gather the custodians",
                                    { "días de aviso antes de que venza", "days of warning before it is due" } },
};

int ceremony_judge(int64_t threshold, int64_t custodians, struct error *err) {
        const int64_t least = ceremony_limits[CEREMONY_CUSTODIANS_LEAST].value,
                      most = ceremony_limits[CEREMONY_CUSTODIANS_MOST].value;

        if (custodians < least || custodians > most)
                return refuse(err, ERR_REFUSED, "C5.1", "Son %lld custodios y deben ser de %lld a %lld.",
                              "There are %lld custodians and there should be %lld to %lld.", (long long) custodians,
                              (long long) least, (long long) most);
        if (threshold < ceremony_limits[CEREMONY_THRESHOLD_LEAST].value || threshold > custodians)
                return refuse(err, ERR_REFUSED, "C5.1", "Un umbral de %lld no vale para %lld custodios.",
                              "A threshold of %lld is not valid for %lld custodians.", (long long) threshold,
                              (long long) custodians);
        return 0;
}

enum master_age master_judge_age(int64_t created, int64_t now, int64_t *ret_due) {
        const int64_t day = (int64_t) 24 * 3600 * SECOND;
        const int64_t due = created + ceremony_limits[CEREMONY_MASTER_DAYS].value * day;

        if (ret_due)
                *ret_due = due;
        if (now >= due)
                return MASTER_OVERDUE;
        return now >= due - ceremony_limits[CEREMONY_WARNING_DAYS].value * day ? MASTER_DUE_SOON : MASTER_FRESH;
}
