/* Openings of a medium that failed, one after the other (C9). */
#include "act/alert.h"
#include "base/str.h"
#include "gate/opening_internal.h"

static int openings(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                alerts_act(alerts)->db, &rows, err,
                "SELECT medium, failed, time FROM opening_failure WHERE failed >= ? ORDER BY failed DESC, medium",
                "i", alerts_source(alerts)->levels.alert);

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = alert_raise(alerts, rows_text(rows, 0), rows_int(rows, 1), rows_int(rows, 2), err,
                                "%lld aperturas fallidas seguidas", "%lld failed openings in a row",
                                (long long) rows_int(rows, 1));
        return r;
}

/* clang-format off */
static const struct alert_source sources[] = {
        { "failed-openings", "C9", { "aperturas fallidas de un soporte", "failed openings of a medium" },
          { "Compruebe el soporte con «mpsi encrypt check {} DISPOSITIVO»; una apertura correcta pone la cuenta a cero.",
            "Check the medium with “mpsi encrypt check {} DEVICE”; one that succeeds starts the count again." },
          ROLE_OPERATOR | ROLE_SECURITY, { 4, 6 }, 0, openings },
};
/* clang-format on */

const struct alert_family gate_alerts = { sources, COUNT(sources) };
