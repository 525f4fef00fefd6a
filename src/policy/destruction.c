#include "policy/families.h"

static const struct rule rules[] = {
        { "S8",
          "mp.si.5",
          { "Una destrucción se solicita, la aprueba el propietario de la información, la ejecuta una persona ante otra "
            "que supervisa, con la identidad del soporte comprobada, el método aprobado y fotos antes y después.",
            "A destruction is requested, approved by the information owner, executed by one person before another who "
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
          { "La destrucción física deja restos menores que lo permitido: trituración < 2 mm², desintegración < 0,5 mm², "
            "incineración hasta ceniza, fundición completa.",
            "Physical destruction leaves remains smaller than allowed: shredding < 2 mm², disintegration < 0.5 mm², "
            "incineration to ash, complete melting." },
          { "Repita la destrucción con el equipo adecuado y mida los restos.",
            "Destroy again with suitable equipment and measure the remains." } },
        { "S11",
          "mp.si.5",
          { "Un proveedor de destrucción tiene ISO 27001, EN 15713, seguro, transporte propio y certificados, todos "
            "vigentes.",
            "A destruction provider holds ISO 27001, EN 15713, insurance, its own transport and certificates, all of "
            "them valid." },
          { "Elija un proveedor autorizado y vigente.", "Choose an authorised provider whose papers are valid." } },
};

const struct rule_family destruction_rules = { rules, sizeof rules / sizeof rules[0] };
