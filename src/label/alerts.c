/* Labels that fade, and that no printer took (L10). */
#include "act/alert.h"
#include "base/str.h"
#include "label/label_state.h"

static int renewals(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        char last[DATE_TEXT];
        int r;

        alert_horizon_day(alerts, last);
        r = db_query(
                alerts_act(alerts)->db, &rows, err,
                "SELECT medium, renew FROM label WHERE state = 'printed' AND renew <= ? AND renew <> '' ORDER BY "
                "renew, medium",
                "s", last);
        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = alert_ends(alerts, rows_text(rows, 0), rows_text(rows, 1), err, "su etiqueta se renueva el %s",
                               "its label is to be renewed on %s", rows_text(rows, 1));
        return r;
}

static int unsent(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(alerts_act(alerts)->db, &rows, err,
                         "SELECT medium, printed FROM label WHERE state = 'prepared' AND printed <= ? ORDER BY "
                         "printed, medium",
                         "i", alert_horizon(alerts));

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = alert_due(alerts, rows_text(rows, 0), rows_int(rows, 1), err,
                              "ninguna impresora aceptó su etiqueta", "no printer took its label");
        return r;
}

/* clang-format off */
static const struct alert_source sources[] = {
        { "label-due", "L10", { "etiqueta por renovar", "label to be renewed" },
          { "Imprima otra con «mpsi label print {}».", "Print another with “mpsi label print {}”." },
          ROLE_CUSTODIAN, { -30, 30 }, DAY, renewals },
        { "label-unsent", "L10", { "etiqueta sin imprimir", "label not printed" },
          { "Revise la impresora y repita «mpsi label print {}».", "Look at the printer and repeat “mpsi label print {}”." },
          ROLE_CUSTODIAN, { 1, 7 }, DAY, unsent },
};
/* clang-format on */

const struct alert_family label_alerts = { sources, COUNT(sources) };
