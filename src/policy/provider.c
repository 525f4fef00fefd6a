#include "policy/provider.h"

#include <string.h>

#include "base/clock.h"

const struct term provider_paper_terms[PAPERS] = {
        [PAPER_ISO27001] = { "iso27001", { "certificado ISO/IEC 27001", "ISO/IEC 27001 certificate" } },
        [PAPER_EN15713] = { "en15713", { "certificado EN 15713", "EN 15713 certificate" } },
        [PAPER_INSURANCE] = { "insurance", { "seguro de responsabilidad civil", "liability insurance" } },
        [PAPER_TRANSPORT] = { "transport", { "transporte seguro propio", "secure transport of its own" } },
        [PAPER_CERTIFICATES] = { "certificates",
                                 { "certificados con validez legal", "legally valid certificates" } },
};

const struct term paper_standing_terms[STANDINGS] = {
        [STANDING_MISSING] = { "missing", { "falta", "missing" } },
        [STANDING_EXPIRED] = { "expired", { "caducado", "expired" } },
        [STANDING_SOON] = { "soon", { "caduca pronto", "expires soon" } },
        [STANDING_VALID] = { "valid", { "vigente", "valid" } },
};

enum paper_standing paper_judge(const char *expires, const char *today) {
        int64_t end, now;

        if (!expires || !*expires || date_parse(expires, &end) < 0 || date_parse(today, &now) < 0)
                return STANDING_MISSING;
        if (end < now)
                return STANDING_EXPIRED;
        return end - now < PAPER_SOON_DAYS * DAY ? STANDING_SOON : STANDING_VALID;
}

enum paper_standing provider_standing(const char *const expires[PAPERS], const char *today) {
        enum paper_standing worst = STANDING_VALID;

        for (int i = 0; i < PAPERS; i++) {
                enum paper_standing standing = paper_judge(expires[i], today);

                worst = standing < worst ? standing : worst;
        }
        return worst;
}

int provider_judge(const char *provider, const char *const expires[PAPERS], const char *today, struct error *err) {
        for (int i = 0; i < PAPERS; i++) {
                enum paper_standing standing = paper_judge(expires[i], today);

                if (standing == STANDING_MISSING)
                        return refuse(err, ERR_REFUSED, "S11", "A %s le falta: %s%.0s.", "%s lacks: %.0s%s.",
                                      provider, provider_paper_terms[i].name.es, provider_paper_terms[i].name.en);
                if (standing == STANDING_EXPIRED)
                        return refuse(err, ERR_REFUSED, "S11", "A %s le caducó el %s: %s%.0s.",
                                      "Of %s expired on %s: %.0s%s.", provider, expires[i],
                                      provider_paper_terms[i].name.es, provider_paper_terms[i].name.en);
        }
        return 0;
}
