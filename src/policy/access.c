#include "policy/families.h"

static const struct rule rules[] = {
        { "X1",
          "op.acc.3",
          { "Cada acto exige un rol, y quien pide no aprueba ni quien ejecuta supervisa.",
            "Every act needs a role; who requests does not approve, and who executes does not supervise." },
          { "Pida el acto a una persona con el rol necesario.", "Ask a person who holds the needed role." } },
        { "X4",
          "op.acc.6",
          { "Una cuenta bloqueada o caducada no actúa.", "A blocked or expired account does not act." },
          { "Pida al administrador de seguridad que revise la cuenta.",
            "Ask the security administrator to review the account." } },
        { "A4",
          "op.acc.3",
          { "El perfil de auditoría es de solo lectura, temporal (30 días) y no se suma a otros roles.",
            "The audit profile is read-only, temporary (30 days) and goes with no other role." },
          { "Dé de alta al auditor aparte, con fecha de caducidad.",
            "Add the auditor separately, with an expiry date." } },
};

const struct rule_family access_rules = { rules, sizeof rules / sizeof rules[0] };
