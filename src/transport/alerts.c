/* Shipments that are longer on their way than they may be (T6). */
#include "act/alert.h"
#include "base/str.h"
#include "transport/internal.h"

static int transit(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                alerts_act(alerts)->db, &rows, err,
                "SELECT id, destination, dispatched, limit_hours, dispatched + limit_hours * 3600000000 AS due "
                "FROM "
                "shipment WHERE state IN ('dispatched', 'picked-up', 'in-transit') AND due <= ? ORDER BY due, id",
                "i", alert_horizon(alerts));

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = alert_due(alerts, rows_text(rows, 0), rows_int(rows, 4), err,
                              "va a %s y ha pasado su límite de %lld horas",
                              "is on its way to %s and over its limit of %lld hours", rows_text(rows, 1),
                              (long long) rows_int(rows, 3));
        return r;
}

/* clang-format off */
static const struct alert_source sources[] = {
        { "transit-limit", "T6", { "límite de tránsito superado", "transit limit exceeded" },
          { "Pregunte al transportista; si no aparece, «mpsi ship lost {}».",
            "Ask the courier; if it does not turn up, “mpsi ship lost {}”." },
          ROLE_CUSTODIAN | ROLE_SECURITY, { 0, 12 }, HOUR, transit },
};
/* clang-format on */

const struct alert_family transport_alerts = { sources, COUNT(sources) };
