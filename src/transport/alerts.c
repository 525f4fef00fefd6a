/* Shipments that are late, or wait for somebody (T4, T6). What is due, and when, is transport_due()'s; here it is
 * asked of the table, so that a list of a million shipments costs nothing. A drill's things are due too (A1). */
#include "act/alert.h"
#include "base/str.h"
#include "transport/internal.h"

#define ON_THE_WAY_SQL "state IN ('dispatched', 'picked-up', 'in-transit')"

/* sql: id, what else is told, the moment; one parameter, the horizon. */
static int shipments(struct alerts *alerts, const char *sql, const struct text *what, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(alerts_act(alerts)->db, &rows, err, sql, "i", alert_horizon(alerts));

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = alert_due(alerts, rows_text(rows, 0), rows_int(rows, 2), err, "%s%.0s (%s)", "%.0s%s (%s)",
                              what->es, what->en, rows_text(rows, 1));
        return r;
}

static int transit(struct alerts *alerts, struct error *err) {
        static const struct text what = { "ha pasado su límite en tránsito, horas",
                                          "is over its limit in transit, hours" };

        return shipments(alerts,
                         "SELECT id, limit_hours, dispatched + limit_hours * 3600000000 AS due FROM shipment "
                         "WHERE " ON_THE_WAY_SQL " AND due <= ? ORDER BY due, id",
                         &what, err);
}

static int late(struct alerts *alerts, struct error *err) {
        static const struct text what = { "tenía que haber llegado", "should have arrived" };

        return shipments(alerts,
                         "SELECT id, destination, expected FROM shipment WHERE " ON_THE_WAY_SQL
                         " AND expected <= ? ORDER BY expected, id",
                         &what, err);
}

static int notice(struct alerts *alerts, struct error *err) {
        static const struct text what = { "el destinatario no tiene aviso de su llegada",
                                          "the recipient has no notice of its arrival" };

        return shipments(alerts,
                         "SELECT id, recipient, dispatched + 3600000000 AS due FROM shipment WHERE " ON_THE_WAY_SQL
                         " AND noticed IS NULL AND due <= ? ORDER BY due, id",
                         &what, err);
}

static int acknowledgement(struct alerts *alerts, struct error *err) {
        static const struct text what = { "entregado y sin confirmar", "delivered and not confirmed" };

        return shipments(alerts,
                         "SELECT id, recipient, delivered + 24 * 3600000000 AS due FROM shipment WHERE state = "
                         "'delivered' AND due <= ? ORDER BY due, id",
                         &what, err);
}

static int gps(struct alerts *alerts, struct error *err) {
        static const struct text what = { "llegó y falta su traza GPS", "arrived and its GPS track is missing" };

        return shipments(alerts,
                         "SELECT id, destination, delivered FROM shipment WHERE tracking = 'gps-escort' AND "
                         "delivered <= ? AND id NOT IN (SELECT shipment FROM shipment_gps) ORDER BY delivered, id",
                         &what, err);
}

static int review(struct alerts *alerts, struct error *err) {
        static const struct text what = { "salió por la vía de emergencia y nadie lo ha revisado",
                                          "left by the emergency path and nobody has reviewed it" };

        return shipments(
                alerts,
                "SELECT id, destination, review_due FROM shipment WHERE reviewed IS NULL AND review_due <= "
                "? ORDER BY review_due, id",
                &what, err);
}

/* clang-format off */
static const struct alert_source sources[] = {
        { "transit-limit", "T6", { "límite de tránsito superado", "transit limit exceeded" },
          { "Pregunte al transportista; si no aparece, «mpsi ship lost {}».",
            "Ask the courier; if it does not turn up, “mpsi ship lost {}”." },
          ROLE_CUSTODIAN | ROLE_SECURITY, { 0, 12 }, HOUR, transit },
        { "shipment-late", "T6", { "envío con retraso", "shipment late" },
          { "Pregunte al transportista y avise: «mpsi ship notice {}».", "Ask the courier and tell: “mpsi ship notice {}”." },
          ROLE_CUSTODIAN, { 0, 24 }, HOUR, late },
        { "shipment-notice", "T6", { "destinatario sin aviso", "recipient without notice" },
          { "Avise y anótelo: «mpsi ship notice {}».", "Tell them and record it: “mpsi ship notice {}”." },
          ROLE_CUSTODIAN, { 0, 24 }, HOUR, notice },
        { "shipment-unconfirmed", "T4", { "entrega sin confirmar", "delivery not confirmed" },
          { "Que el destinatario compruebe el contenido: «mpsi ship confirm {}».",
            "The recipient checks the contents: “mpsi ship confirm {}”." },
          ROLE_CUSTODIAN | ROLE_USER, { 0, 24 }, HOUR, acknowledgement },
        { "shipment-gps", "T1", { "falta la traza GPS", "GPS track missing" },
          { "Guarde la del transportista: «mpsi ship gps {} FICHERO».", "Keep the courier's: “mpsi ship gps {} FILE”." },
          ROLE_CUSTODIAN, { 24, 72 }, HOUR, gps },
        { "emergency-review", "T6", { "emergencia sin revisar", "emergency not reviewed" },
          { "Revíselo quien no lo autorizó: «mpsi ship review {}».", "Whoever did not authorise it reviews: “mpsi ship review {}”." },
          ROLE_SECURITY, { 0, 24 }, HOUR, review },
};
/* clang-format on */

const struct alert_family transport_alerts = { sources, COUNT(sources) };
