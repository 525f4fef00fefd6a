#include "policy/destruction.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "policy/families.h"
#include "policy/shredding.h"

static const struct rule rules[] = {
        { "S8",
          "mp.si.5",
          { "Una destrucción se solicita, la aprueba el propietario de la información, la ejecuta una persona ante "
            "otra "
            "que supervisa, con la identidad del soporte comprobada, el método aprobado y fotos antes y después.",
            "A destruction is requested, approved by the information owner, executed by one person before another "
            "who "
            "supervises, with the medium's identity checked, the approved method and photos before and after." },
          { "Complete el paso que falta: vea «mpsi destroy show SOPORTE».",
            "Complete the missing step: see \"mpsi destroy show MEDIUM\"." } },
        { "S9",
          "mp.si.5",
          { "Un certificado vale con sus firmas PAdES en orden, intacto y con su asiento en el registro; nada se "
            "sobrescribe.",
            "A certificate is valid with its PAdES signatures in order, intact and with its entry in the ledger; "
            "nothing is overwritten." },
          { "Pida el documento original al emisor; si falta una firma, «mpsi certificate sign».",
            "Ask the issuer for the original document; if a signature is missing, \"mpsi certificate sign\"." } },
        { "S10",
          "mp.si.5",
          { "La destrucción física deja restos menores que lo permitido: trituración < 2 mm², desintegración < 0,5 "
            "mm², "
            "incineración hasta ceniza, fundición completa.",
            "Physical destruction leaves remains smaller than allowed: shredding < 2 mm², disintegration < 0.5 "
            "mm², "
            "incineration to ash, complete melting." },
          { "Repita la destrucción con el equipo adecuado y mida los restos.",
            "Destroy again with suitable equipment and measure the remains." } },
        { "S11",
          "mp.si.5",
          { "Un proveedor de destrucción tiene ISO 27001, EN 15713, seguro, transporte propio y certificados, "
            "todos "
            "vigentes.",
            "A destruction provider holds ISO 27001, EN 15713, insurance, its own transport and certificates, all "
            "of "
            "them valid." },
          { "Elija un proveedor autorizado y vigente.", "Choose an authorised provider whose papers are valid." } },
        { "S12",
          "mp.si.5",
          { "Un soporte cuya destrucción está aprobada no se presta, no se envía ni se vuelve a usar: se guarda, "
            "se "
            "borra o se destruye.",
            "A medium whose destruction is approved is neither lent nor sent nor used again: it is kept, wiped or "
            "destroyed." },
          { "Destrúyalo con «destroy execute», o que su propietario retire la aprobación con «destroy refuse».",
            "Destroy it with “destroy execute”, or have its owner withdraw the approval with “destroy refuse”." } },
};

const struct rule_family destruction_rules = { rules, sizeof rules / sizeof rules[0] };

const struct term destruction_method_terms[DESTRUCTION_METHODS] = {
        [DESTRUCTION_SHRED] = { "shred", { "trituración", "shredding" } },
        [DESTRUCTION_DISINTEGRATE] = { "disintegrate", { "desintegración", "disintegration" } },
        [DESTRUCTION_INCINERATE] = { "incinerate", { "incineración", "incineration" } },
        [DESTRUCTION_MELT] = { "melt", { "fundición", "melting" } },
};

enum {
        M_SHRED = 1 << DESTRUCTION_SHRED,
        M_DISINTEGRATE = 1 << DESTRUCTION_DISINTEGRATE,
        M_INCINERATE = 1 << DESTRUCTION_INCINERATE,
        M_MELT = 1 << DESTRUCTION_MELT,
        M_CUT = M_SHRED | M_DISINTEGRATE,
        M_ANY = M_CUT | M_INCINERATE | M_MELT,
};

struct destruction_demand {
        unsigned methods;  /* bits 1 << destruction_method */
        int64_t shred_max; /* hundredths of mm² */
};

/* The matrix of the source document, mp.si.5, where it asks for destruction; a medium may always be destroyed
 * instead of wiped. Shredded remains stay under 2 mm² (S10); paper follows DIN 66399: P-3 320, P-4 160, P-7 5 mm².
 * Incineration is the only method for SECRETO tapes and discs. */
enum { UNDER_2 = 199, UNDER_HALF = 49, P_2 = 200000, P_3 = 32000, P_4 = 16000, P_7 = 500 };
static const struct destruction_demand demands[MEDIUM_KINDS][CLASSIFICATIONS] = {
        [KIND_HDD] = { { M_ANY, UNDER_2 }, { M_ANY, UNDER_2 }, { M_ANY, UNDER_2 }, { M_ANY, UNDER_2 } },
        [KIND_SSD] = { { M_ANY, UNDER_2 }, { M_ANY, UNDER_2 }, { M_ANY, UNDER_2 }, { M_ANY, UNDER_2 } },
        [KIND_TAPE] = { { M_CUT | M_INCINERATE, UNDER_2 },
                        { M_CUT | M_INCINERATE, UNDER_2 },
                        { M_CUT | M_INCINERATE, UNDER_2 },
                        { M_INCINERATE, UNDER_2 } },
        [KIND_OPTICAL] = { { M_CUT | M_INCINERATE, UNDER_2 },
                           { M_CUT | M_INCINERATE, UNDER_2 },
                           { M_CUT | M_INCINERATE, UNDER_2 },
                           { M_INCINERATE, UNDER_2 } },
        [KIND_PAPER] = { { M_CUT | M_INCINERATE, P_2 },
                         { M_CUT | M_INCINERATE, P_3 },
                         { M_CUT | M_INCINERATE, P_4 },
                         { M_CUT | M_INCINERATE, P_7 } },
};

int64_t destruction_area_limit(enum medium_kind kind, enum classification classification,
                               enum destruction_method method) {
        if (method == DESTRUCTION_SHRED) {
                int64_t house = demands[kind][classification].shred_max;
                int64_t standard = shred_area(kind, shred_demanded(kind, classification));

                return standard >= 0 && standard < house ? standard : house; /* the stricter wins */
        }
        return method == DESTRUCTION_DISINTEGRATE ? UNDER_HALF : AREA_NONE;
}

int destruction_judge_method(enum medium_kind kind, enum classification classification,
                             enum destruction_method method, struct error *err) {
        if (demands[kind][classification].methods & 1U << method)
                return 0;
        return refuse(err, ERR_REFUSED, "S1", "«%s%.0s» no basta para %s%.0s de nivel %s%.0s.",
                      "“%.0s%s” is not enough for %.0s%s at level %.0s%s.",
                      destruction_method_terms[method].name.es, destruction_method_terms[method].name.en,
                      medium_kind_terms[kind].name.es, medium_kind_terms[kind].name.en,
                      classification_terms[classification].name.es, classification_terms[classification].name.en);
}

int destruction_judge_remains(enum medium_kind kind, enum classification classification,
                              enum destruction_method method, int64_t area, struct error *err) {
        int64_t limit = destruction_area_limit(kind, classification, method);
        char measured[AREA_TEXT], most[AREA_TEXT];

        if (limit == AREA_NONE)
                return area == AREA_NONE ? 0
                                         : fail(err, ERR_USAGE, "Este método no deja restos que medir.",
                                                "This method leaves no remains to measure.");
        if (area == AREA_NONE)
                return refuse(err, ERR_REFUSED, "S10", "Falta medir los restos.", "The remains were not measured.");
        if (area <= limit)
                return 0;
        area_format(area, measured);
        area_format(limit, most);
        return refuse(err, ERR_REFUSED, "S10", "Los restos miden %s mm² y lo más que se admite es %s mm².",
                      "The remains measure %s mm² and the most allowed is %s mm².", measured, most);
}

int area_parse(const char *text, int64_t *ret) {
        int64_t area = 0;
        int decimals = -1, digits = 0;
        bool more = false;

        for (; *text; text++) {
                if ((*text == '.' || *text == ',') && decimals < 0 && digits) {
                        decimals = 0;
                        continue;
                }
                if (*text < '0' || *text > '9' || ++digits > 9)
                        return ERR_USAGE;
                if (decimals >= 2) {
                        more = more || *text != '0';
                        continue;
                }
                area = area * 10 + *text - '0';
                decimals += decimals >= 0;
        }
        if (!digits || decimals == 0)
                return ERR_USAGE;
        for (int i = decimals < 0 ? 0 : decimals; i < 2; i++)
                area *= 10;
        *ret = area + more;
        return 0;
}

void area_format(int64_t area, char out[AREA_TEXT]) {
        (void) snprintf(out, AREA_TEXT, "%" PRId64 ".%02" PRId64, area / 100, area % 100);
}

int destruction_judge_decision(const char *decider, const char *owner, const char *requester, struct error *err) {
        if (strcmp(decider, owner) != 0)
                return refuse(err, ERR_DENIED, "S8", "La destrucción la decide %s, que es el propietario.",
                              "%s, who is the owner, decides on the destruction.", owner);
        if (strcmp(decider, requester) == 0)
                return refuse(err, ERR_DENIED, "X1", "%s pidió esta destrucción y no puede decidirla.",
                              "%s requested this destruction and can't decide on it.", decider);
        return 0;
}

int destruction_judge_execution(const char *executor, const char *approver, const char *supervisor,
                                unsigned supervisor_roles, struct error *err) {
        if (strcmp(executor, supervisor) == 0)
                return refuse(err, ERR_DENIED, "X1", "%s no puede ejecutar y supervisar.",
                              "%s can't both execute and supervise.", executor);
        if (strcmp(executor, approver) == 0)
                return refuse(err, ERR_DENIED, "X1", "%s aprobó esta destrucción y no puede ejecutarla.",
                              "%s approved this destruction and can't execute it.", executor);
        if (!(supervisor_roles & (ROLE_SECURITY | ROLE_CUSTODIAN)))
                return refuse(err, ERR_DENIED, "S8", "%s no es custodio ni administrador de seguridad.",
                              "%s is neither custodian nor security administrator.", supervisor);
        return 0;
}

int destruction_judge_forensic(enum classification classification, enum destruction_method method,
                               int64_t fragments, bool report, struct error *err) {
        if (classification < CLASS_CONFIDENCIAL)
                return 0;
        if (!report)
                return refuse(err, ERR_REFUSED, "S4", "Falta el informe técnico de que nada se puede recuperar.",
                              "The technical report that nothing can be recovered is missing.");
        if (fragments < 1 && (method == DESTRUCTION_SHRED || method == DESTRUCTION_DISINTEGRATE))
                return refuse(err, ERR_REFUSED, "S4", "No se ha examinado ningún fragmento tomado al azar.",
                              "No fragment taken at random was examined.");
        return 0;
}

int destruction_judge_photos(const char *const *digests, size_t before, size_t after, struct error *err) {
        if (!before || !after)
                return refuse(err, ERR_REFUSED, "S8", "Falta una foto de antes o de después.",
                              "A photo before or after is missing.");
        for (size_t i = 0; i < before + after; i++)
                for (size_t j = 0; j < i; j++)
                        if (strcmp(digests[i], digests[j]) == 0)
                                return refuse(err, ERR_REFUSED, "S8", "Dos de las fotos son la misma.",
                                              "Two of the photos are the same.");
        return 0;
}
