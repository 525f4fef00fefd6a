#include "sanitize/technique.h"

#include "policy/rule.h"

const struct technique *const techniques[TECHNIQUES] = {
        [TECHNIQUE_SINGLE] = &technique_single,
        [TECHNIQUE_DOD] = &technique_dod,
        [TECHNIQUE_ECE] = &technique_ece,
        [TECHNIQUE_COMPLEMENT] = &technique_complement,
        [TECHNIQUE_CRYPTO_ERASE] = &technique_crypto_erase,
};

int technique_overwrite_offered(const struct medium *medium, const struct device_facts *facts, struct error *err) {
        if (medium->kind != KIND_HDD && medium->kind != KIND_SSD)
                return refuse(err, ERR_REFUSED, "S2",
                              "Un soporte de tipo «%s» no se sobrescribe con este programa.",
                              "A medium of kind “%s” is not overwritten by this program.",
                              medium_kind_terms[medium->kind].code);
        if (facts && (facts->size <= 0 || facts->read_only))
                return refuse(err, ERR_REFUSED, "S2", "«%s» no admite escrituras.", "“%s” takes no writes.",
                              facts->path);
        return 0;
}
