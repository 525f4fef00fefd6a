#include "policy/rotation.h"

#include "base/clock.h"
#include "policy/families.h"

static const struct rule rules[] = {
        { "C5",
          "mp.si.2",
          { "La clave de volumen de un soporte se cambia cada 90 días; vencida, el soporte queda en solo lectura.",
            "A medium's volume key is changed every 90 days; once overdue the medium is read-only." },
          { "Conéctelo y use «mpsi encrypt rotate SOPORTE DISPOSITIVO --kind volume»; el administrador de "
            "seguridad "
            "puede aplazarlo con «mpsi encrypt waive».",
            "Plug it in and use “mpsi encrypt rotate MEDIUM DEVICE --kind volume”; the security administrator may "
            "put it off with “mpsi encrypt waive”." } },
};

const struct rule_family rotation_rules = { rules, sizeof rules / sizeof rules[0] };

/* mp.si.2 of the source document: data keys every 90 days. Warning and longest waiver are the house's. */
const struct rotation_policy rotation_policy = { .volume_key_days = 90, .warning_days = 14, .waiver_days = 30 };

const struct term rotation_standing_terms[ROTATION_STANDINGS] = {
        [ROTATION_EXEMPT] = { "exempt", { "no se exige", "not demanded" } },
        [ROTATION_CURRENT] = { "current", { "al día", "current" } },
        [ROTATION_SOON] = { "due-soon", { "vence pronto", "due soon" } },
        [ROTATION_OVERDUE] = { "overdue", { "vencida", "overdue" } },
        [ROTATION_WAIVED] = { "waived", { "aplazada", "put off" } },
};

enum rotation_standing rotation_judge(const struct rotation_case *facts, int64_t *ret_due) {
        int64_t due = facts->rekeyed + rotation_policy.volume_key_days * DAY;

        if (facts->category == CATEGORY_BASICA || facts->rekeyed <= 0) {
                if (ret_due)
                        *ret_due = 0;
                return ROTATION_EXEMPT;
        }
        if (ret_due)
                *ret_due = due;
        if (facts->now < due - rotation_policy.warning_days * DAY)
                return ROTATION_CURRENT;
        if (facts->now < due)
                return ROTATION_SOON;
        return facts->now < facts->waived_until ? ROTATION_WAIVED : ROTATION_OVERDUE;
}
