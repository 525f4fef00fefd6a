/* Wipes that stand still (S7), and the second look of a fifth of them (S4.2). */
#include "act/alert.h"
#include "base/str.h"
#include "policy/verification.h"
#include "sanitize/look.h"

static int interrupted(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                alerts_act(alerts)->db, &rows, err,
                "SELECT medium, job, started FROM sanitization WHERE state = 'interrupted' AND started <= ? ORDER "
                "BY started, job",
                "i", alert_horizon(alerts));

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = alert_due(alerts, rows_text(rows, 0), rows_int(rows, 2), err, "el borrado %s está a medias",
                              "wipe %s stands half done", rows_text(rows, 1));
        return r;
}

/* The measure is how many looks are missing, as long as there is a medium that could still be looked at. */
static int second_looks(struct alerts *alerts, struct error *err) {
        struct act *act = alerts_act(alerts);
        struct second_looks sum;
        int r = look_missing(act, &sum, err);

        if (r < 0)
                return r;
        return alert_raise(alerts, "wipes", sum.due ? sum.wanted - sum.looked : 0, act_now(act), err,
                           "borrados del año releídos por otra persona: %lld de %lld; se piden %lld",
                           "wipes of the year read again by somebody else: %lld of %lld; asked for: %lld",
                           (long long) sum.looked, (long long) sum.wipes, (long long) sum.wanted);
}

/* clang-format off */
static const struct alert_source sources[] = {
        { "wipe-interrupted", "S7", { "borrado a medias", "wipe half done" },
          { "Conecte el soporte y use «mpsi wipe resume {}».", "Plug the medium in and use “mpsi wipe resume {}”." },
          ROLE_OPERATOR, { 1, 7 }, DAY, interrupted },
        { "wipe-second-look", "S4.2", { "segunda lectura de borrados (20 %)", "second look at wipes (20 %)" },
          { "«mpsi wipe due» dice cuáles; léalos con «mpsi wipe verify».",
            "“mpsi wipe due” says which; read them with “mpsi wipe verify”." },
          ROLE_OPERATOR | ROLE_SECURITY, { 1, 10 }, 0, second_looks },
};
/* clang-format on */

const struct alert_family sanitize_alerts = { sources, COUNT(sources) };
