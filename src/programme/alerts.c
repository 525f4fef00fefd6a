/* Audits that the calendar wants, and findings that nobody has mended in time (A1). How grave they are the
 * programme's own rows say. */
#include "act/alert.h"
#include "programme/internal.h"
#include "programme/programme.h"

struct telling {
        struct alerts *alerts;
        bool findings;
        struct error *err;
};

static int tell(void *context, const struct audit_alert *one) {
        const struct telling *telling = context;
        int64_t over;

        if (one->finding != telling->findings || one->gravity < GRAVITY_ALERT)
                return 0;
        if (alert_day_over(one->due, &over) < 0)
                return fail(telling->err, ERR_FAILED, "«%s» no es una fecha.", "“%s” is not a date.", one->due);
        return alert_raise(telling->alerts, one->key, one->gravity, over, telling->err, "%s%.0s", "%.0s%s", one->es,
                           one->en);
}

static int audits(struct alerts *alerts, struct error *err) {
        struct telling telling = { alerts, false, err };
        struct act *act = alerts_act(alerts);
        int r = audit_due(act, act_now(act), tell, &telling, err);

        return r < 0 ? r : 0;
}

static int findings(struct alerts *alerts, struct error *err) {
        struct telling telling = { alerts, true, err };
        struct act *act = alerts_act(alerts);
        int r = audit_due(act, act_now(act), tell, &telling, err);

        return r < 0 ? r : 0;
}

/* clang-format off */
static const struct alert_source sources[] = {
        { "audit-due", "A1", { "auditoría vencida", "audit overdue" },
          { "Empiécela: «mpsi audit start»; lo que toca, en «mpsi audit calendar».",
            "Start it: “mpsi audit start”; what is due, in “mpsi audit calendar”." },
          ROLE_SECURITY, { GRAVITY_ALERT, GRAVITY_CRITICAL }, ALERT_GRADE, audits },
        { "audit-finding", "A1", { "hallazgo vencido", "finding overdue" },
          { "Anote lo que se ha hecho: «mpsi audit follow {}».", "Record what was done: “mpsi audit follow {}”." },
          ROLE_SECURITY, { GRAVITY_ALERT, GRAVITY_CRITICAL }, ALERT_GRADE, findings },
};
/* clang-format on */

const struct alert_family programme_alerts = { sources, COUNT(sources) };
