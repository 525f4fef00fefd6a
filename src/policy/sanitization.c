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
          { "Todo borrado se verifica leyendo del propio dispositivo.",
            "Every wipe is verified by reading back from the device itself." },
          { "No reutilice el soporte: repita el borrado o destrúyalo.",
            "Do not reuse the medium: wipe it again or destroy it." } },
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
          { "Un trabajo largo sigue desde su último punto asegurado, sobre el mismo dispositivo y plan.",
            "A long job goes on from its last durable point, on the same device and plan." },
          { "Mire con «wipe status» cómo está el trabajo.", "See with “wipe status” how the job stands." } },
};

const struct rule_family sanitization_rules = { rules, sizeof rules / sizeof rules[0] };
