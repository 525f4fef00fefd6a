#include "policy/sanitization.h"

#include "policy/families.h"

static const struct rule rules[] = {
        { "S1",
          "mp.si.5",
          { "Cada tipo de soporte y clasificación tiene su método mínimo de borrado; uno más débil no se acepta.",
            "Each kind of medium and classification has its least method of sanitization; a weaker one is not "
            "accepted." },
          { "Mire con «wipe plan» qué métodos cumplen, o solicite la destrucción física con «destroy request».",
            "See with “wipe plan” which methods comply, or request physical destruction with “destroy "
            "request”." } },
        { "S2",
          "mp.si.5, NIST SP 800-88",
          { "Una técnica que el dispositivo no ofrece se rechaza; nunca se finge ni se cambia por otra.",
            "A technique that the device does not offer is refused; it is never faked or replaced by another." },
          { "Elija una técnica que «wipe plan» dé por disponible, o destruya el soporte.",
            "Choose a technique that “wipe plan” shows as available, or destroy the medium." } },
        { "S4",
          "mp.si.5",
          { "Todo borrado se verifica leyendo del propio dispositivo; desde CONFIDENCIAL hay además comprobación "
            "forense e "
            "informe, también de lo destruido.",
            "Every wipe is verified by reading back from the device itself; from CONFIDENCIAL on there is a "
            "forensic check "
            "and a report too, of what was destroyed as well." },
          { "No reutilice el soporte: repita el borrado o destrúyalo; de lo destruido, examine fragmentos y "
            "adjunte el "
            "informe.",
            "Do not reuse the medium: wipe it again or destroy it; of what is destroyed, examine fragments and "
            "attach the "
            "report." } },
        { "S5",
          "mp.si.5",
          { "Un borrado que deja alguna zona sin alcanzar no da el soporte por saneado.",
            "A wipe that leaves any area unreached does not make a medium sanitized." },
          { "Destruya el soporte con «destroy request».", "Destroy the medium with “destroy request”." } },
        { "S6",
          "mp.si.5",
          { "No se escribe en un disco del sistema, en uso, o cuya identidad no sea la registrada y aprobada.",
            "Nothing is written to a disk of the system, one in use, or one whose identity is not the registered "
            "and approved one." },
          { "Compruebe con «device show» de qué soporte se trata; desmóntelo o libérelo y repita la orden.",
            "Check with “device show” which medium it is; unmount or release it and run the command again." } },
        { "S7",
          "mp.si.5",
          { "Un trabajo largo sigue desde su último punto asegurado, sobre el mismo dispositivo y plan; varios a "
            "la vez no dependen unos de otros.",
            "A long job goes on from its last durable point, on the same device and plan; several at once do not "
            "depend on each other." },
          { "Mire con «wipe status» cómo está el trabajo.", "See with “wipe status” how the job stands." } },
};

const struct rule_family sanitization_rules = { rules, sizeof rules / sizeof rules[0] };

const struct term sanitize_level_terms[SANITIZE_LEVELS] = {
        [LEVEL_NONE] = { "none", { "ninguno", "none" } },
        [LEVEL_CLEAR] = { "clear", { "borrado (Clear)", "Clear" } },
        [LEVEL_PURGE] = { "purge", { "purga (Purge)", "Purge" } },
        [LEVEL_DESTROY] = { "destroy", { "destrucción (Destroy)", "Destroy" } },
};

const struct term scheme_terms[SCHEMES] = {
        [SCHEME_SINGLE] = { "single", { "sobrescritura de una pasada", "overwrite, one pass" } },
        [SCHEME_DOD] = { "dod", { "DoD 5220.22-M (3 pasadas)", "DoD 5220.22-M (3 passes)" } },
        [SCHEME_ECE] = { "dod-ece", { "DoD 5220.22-M ECE (7 pasadas)", "DoD 5220.22-M ECE (7 passes)" } },
        [SCHEME_COMPLEMENT] = { "complement",
                                { "sobrescritura con patrón y complemento", "overwrite, pattern and complement" } },
        [SCHEME_CRYPTO] = { "crypto-erase", { "borrado criptográfico", "crypto erase" } },
        [SCHEME_CRYPTO_PURGE] = { "crypto-erase-purge",
                                  { "borrado criptográfico y purga", "crypto erase and purge" } },
        [SCHEME_SECURE_ERASE] = { "secure-erase", { "borrado de seguridad ATA", "ATA secure erase" } },
        [SCHEME_SECURE_ERASE_ENHANCED] = { "secure-erase-enhanced",
                                           { "borrado de seguridad ATA mejorado", "ATA enhanced secure erase" } },
        [SCHEME_SANITIZE_OVERWRITE] = { "sanitize-overwrite",
                                        { "SANITIZE, sobrescritura por el dispositivo",
                                          "SANITIZE, overwrite by the device" } },
        [SCHEME_SANITIZE_BLOCK] = { "sanitize-block", { "SANITIZE, borrado de bloques", "SANITIZE, block erase" } },
        [SCHEME_SANITIZE_CRYPTO] = { "sanitize-crypto",
                                     { "SANITIZE, borrado criptográfico del dispositivo",
                                       "SANITIZE, crypto erase of the device" } },
        [SCHEME_CRYPTO_BLOCK] = { "crypto-erase-sanitize",
                                  { "borrado criptográfico y SANITIZE de bloques",
                                    "crypto erase and SANITIZE block erase" } },
        [SCHEME_SCRAMBLE_BLOCK] = { "sanitize-crypto-block",
                                    { "SANITIZE criptográfico y de bloques", "SANITIZE crypto and block erase" } },
        [SCHEME_FORMAT] = { "format", { "formateo por el dispositivo", "format by the device" } },
        [SCHEME_FORMAT_CRYPTO] = { "format-crypto",
                                   { "formateo criptográfico (NVMe)", "format with crypto erase (NVMe)" } },
        [SCHEME_DISCARD] = { "discard", { "TRIM/UNMAP con relectura", "TRIM/UNMAP with read-back" } },
        [SCHEME_CUSTOM] = { "custom", { "sobrescritura de la casa", "overwrite of the house's own" } },
};

const struct scheme schemes[SCHEMES] = {
        [SCHEME_SINGLE] = { { TECHNIQUE_SINGLE }, 1 },
        [SCHEME_DOD] = { { TECHNIQUE_DOD }, 1 },
        [SCHEME_ECE] = { { TECHNIQUE_ECE }, 1 },
        [SCHEME_COMPLEMENT] = { { TECHNIQUE_COMPLEMENT }, 1 },
        [SCHEME_CRYPTO] = { { TECHNIQUE_CRYPTO_ERASE }, 1 },
        [SCHEME_CRYPTO_PURGE] = { { TECHNIQUE_CRYPTO_ERASE, TECHNIQUE_COMPLEMENT }, 2 },
        [SCHEME_SECURE_ERASE] = { { TECHNIQUE_ATA_ERASE }, 1 },
        [SCHEME_SECURE_ERASE_ENHANCED] = { { TECHNIQUE_ATA_ERASE_ENHANCED }, 1 },
        [SCHEME_SANITIZE_OVERWRITE] = { { TECHNIQUE_ATA_SANITIZE_OVERWRITE }, 1 },
        [SCHEME_SANITIZE_BLOCK] = { { TECHNIQUE_ATA_SANITIZE_BLOCK }, 1 },
        [SCHEME_SANITIZE_CRYPTO] = { { TECHNIQUE_ATA_SANITIZE_CRYPTO }, 1 },
        [SCHEME_CRYPTO_BLOCK] = { { TECHNIQUE_CRYPTO_ERASE, TECHNIQUE_ATA_SANITIZE_BLOCK }, 2 },
        [SCHEME_SCRAMBLE_BLOCK] = { { TECHNIQUE_ATA_SANITIZE_CRYPTO, TECHNIQUE_ATA_SANITIZE_BLOCK }, 2 },
        [SCHEME_FORMAT] = { { TECHNIQUE_SCSI_FORMAT }, 1 },
        [SCHEME_FORMAT_CRYPTO] = { { TECHNIQUE_NVME_FORMAT_CRYPTO }, 1 },
        [SCHEME_DISCARD] = { { TECHNIQUE_DISCARD }, 1 },
};

enum {
        S_SINGLE = 1 << SCHEME_SINGLE,
        S_DOD = 1 << SCHEME_DOD,
        S_ECE = 1 << SCHEME_ECE,
        S_COMPLEMENT = 1 << SCHEME_COMPLEMENT,
        S_CRYPTO = 1 << SCHEME_CRYPTO,
        S_CRYPTO_PURGE = 1 << SCHEME_CRYPTO_PURGE,
        S_SECURE_ERASE = 1 << SCHEME_SECURE_ERASE,
        S_ENHANCED = 1 << SCHEME_SECURE_ERASE_ENHANCED,
        S_OVERWRITE = 1 << SCHEME_SANITIZE_OVERWRITE,
        S_BLOCK = 1 << SCHEME_SANITIZE_BLOCK,
        S_SCRAMBLE = 1 << SCHEME_SANITIZE_CRYPTO,
        S_CRYPTO_BLOCK = 1 << SCHEME_CRYPTO_BLOCK,
        S_SCRAMBLE_BLOCK = 1 << SCHEME_SCRAMBLE_BLOCK,
        S_FORMAT = 1 << SCHEME_FORMAT,
        S_FORMAT_CRYPTO = 1 << SCHEME_FORMAT_CRYPTO,
        S_DISCARD = 1 << SCHEME_DISCARD,
        /* On a magnetic disk these purge, which three passes don't; seven passes stay the house rule's own. */
        HDD_PURGES = S_ENHANCED | S_OVERWRITE | S_SCRAMBLE,
        SSD_PURGES = S_BLOCK | S_SCRAMBLE | S_CRYPTO_BLOCK | S_SCRAMBLE_BLOCK,
        SSD_CLEARS = S_SECURE_ERASE | S_ENHANCED | S_OVERWRITE | S_FORMAT | S_FORMAT_CRYPTO | S_DISCARD,
};

/* The matrix of the source document, mp.si.5. On flash, SECURITY ERASE UNIT is only Clear (SP 800-88 Rev. 1, table
 * A-8), and for memory sticks that lack it the same standard names two passes, pattern and complement, as Clear: so
 * those count in the PUBLICO cell, and say so in the plan. Degaussing, shredding and burning are carried out with
 * the destruction procedure (S8), not by a program on the medium. */
static const struct sanitize_demand matrix[MEDIUM_KINDS][CLASSIFICATIONS] = {
        [KIND_HDD] = {
                [CLASS_PUBLICO] = { { "formateo (Clear)", "format (Clear)" }, LEVEL_CLEAR,
                                    S_SINGLE | S_DOD | S_ECE | S_SECURE_ERASE | S_FORMAT | HDD_PURGES,
                                    SCHEME_SINGLE, false },
                [CLASS_INTERNO] = { { "DoD 5220.22-M (3 pasadas)", "DoD 5220.22-M (3 passes)" }, LEVEL_CLEAR,
                                    S_DOD | S_ECE | HDD_PURGES, SCHEME_DOD, false },
                [CLASS_CONFIDENCIAL] = { { "DoD 5220.22-M ECE (7 pasadas)", "DoD 5220.22-M ECE (7 passes)" },
                                         LEVEL_CLEAR, S_ECE, SCHEME_ECE, true },
                [CLASS_SECRETO] = { { "destrucción física", "physical destruction" }, LEVEL_DESTROY, 0, SCHEMES,
                                    true },
        },
        [KIND_SSD] = {
                [CLASS_PUBLICO] = { { "Secure Erase", "Secure Erase" }, LEVEL_CLEAR,
                                    S_COMPLEMENT | S_CRYPTO | S_CRYPTO_PURGE | SSD_CLEARS | SSD_PURGES,
                                    SCHEME_COMPLEMENT, false },
                [CLASS_INTERNO] = { { "borrado criptográfico", "Crypto Erase" }, LEVEL_PURGE,
                                    S_CRYPTO | S_CRYPTO_PURGE | SSD_PURGES, SCHEME_CRYPTO, false },
                [CLASS_CONFIDENCIAL] = { { "borrado criptográfico y Purge", "Crypto Erase and Purge" }, LEVEL_PURGE,
                                         S_CRYPTO_PURGE | S_CRYPTO_BLOCK | S_SCRAMBLE_BLOCK,
                                         SCHEME_CRYPTO_PURGE, true },
                [CLASS_SECRETO] = { { "destrucción física", "physical destruction" }, LEVEL_DESTROY, 0, SCHEMES,
                                    true },
        },
        [KIND_TAPE] = {
                [CLASS_PUBLICO] = { { "sobrescritura", "overwrite" }, LEVEL_CLEAR, 0, SCHEMES, false },
                [CLASS_INTERNO] = { { "desmagnetización", "degauss" }, LEVEL_PURGE, 0, SCHEMES, false },
                [CLASS_CONFIDENCIAL] = { { "desmagnetización y verificación", "degauss and verify" }, LEVEL_PURGE, 0,
                                         SCHEMES, true },
                [CLASS_SECRETO] = { { "incineración", "incineration" }, LEVEL_DESTROY, 0, SCHEMES, true },
        },
        [KIND_OPTICAL] = {
                [CLASS_PUBLICO] = { { "trituración", "shred" }, LEVEL_DESTROY, 0, SCHEMES, false },
                [CLASS_INTERNO] = { { "trituración", "shred" }, LEVEL_DESTROY, 0, SCHEMES, false },
                [CLASS_CONFIDENCIAL] = { { "trituración fina", "fine shred" }, LEVEL_DESTROY, 0, SCHEMES, true },
                [CLASS_SECRETO] = { { "incineración", "incineration" }, LEVEL_DESTROY, 0, SCHEMES, true },
        },
        [KIND_PAPER] = {
                [CLASS_PUBLICO] = { { "contenedor de reciclaje", "recycling container" }, LEVEL_NONE, 0, SCHEMES,
                                    false },
                [CLASS_INTERNO] = { { "trituración cruzada", "cross-cut shred" }, LEVEL_DESTROY, 0, SCHEMES, false },
                [CLASS_CONFIDENCIAL] = { { "trituración DIN P-4", "DIN P-4 shred" }, LEVEL_DESTROY, 0, SCHEMES,
                                         true },
                [CLASS_SECRETO] = { { "trituración DIN P-7", "DIN P-7 shred" }, LEVEL_DESTROY, 0, SCHEMES, true },
        },
};

const struct sanitize_demand *sanitize_demand(enum medium_kind kind, enum classification classification) {
        return &matrix[kind][classification];
}

/* What a drive hides may hold whatever it held before it was hidden. On PUBLICO media that is nobody's secret, and
 * often the maker's own recovery data: it stays, and is recorded as not reached. From INTERNO on it is opened,
 * wiped and verified with the rest, and left open: what was hidden again could not be looked at a second time. */
static const bool opens_hidden[CLASSIFICATIONS] = {
        [CLASS_PUBLICO] = false,
        [CLASS_INTERNO] = true,
        [CLASS_CONFIDENCIAL] = true,
        [CLASS_SECRETO] = true,
};

bool sanitize_opens_hidden(enum classification classification) {
        return opens_hidden[classification];
}
