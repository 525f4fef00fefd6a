/* Incidents that are open (U9), the 72 hours of a breach (GDPR art. 33), and unauthorised accesses (K2). None of
 * what people wrote about them is repeated: the list leaves the house. */
#include "act/alert.h"
#include "audit/internal.h"
#include "base/str.h"
#include "policy/transport.h"

static struct text kind_name(const char *code) {
        int kind = term_parse(incident_kind_terms, INCIDENT_KINDS, code);

        return incident_kind_terms[kind < 0 ? INCIDENT_OTHER : kind].name;
}

static int breaches(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(alerts_act(alerts)->db, &rows, err,
                         "SELECT id, deadline, subject FROM incident WHERE state = 'open' AND deadline IS NOT NULL "
                         "ORDER BY deadline, id",
                         "");

        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                char moment[TIME_TEXT];

                time_format_local(rows_int(rows, 1), moment);
                r = alert_due(alerts, rows_text(rows, 0), rows_int(rows, 1), err,
                              "brecha sobre %s: se notifica a la AEPD antes de %s",
                              "breach about %s: to be notified before %s",
                              *rows_text(rows, 2) ? rows_text(rows, 2) : "-", moment);
        }
        return r;
}

static int accesses(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                alerts_act(alerts)->db, &rows, err,
                "SELECT id, opened, subject FROM incident WHERE state = 'open' AND kind = 'access' ORDER BY number",
                "");

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = alert_raise(alerts, rows_text(rows, 0), 1, rows_int(rows, 1), err, "acceso no autorizado: %s",
                                "unauthorised access: %s", *rows_text(rows, 2) ? rows_text(rows, 2) : "-");
        return r;
}

static int incidents(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                alerts_act(alerts)->db, &rows, err,
                "SELECT id, opened, kind, subject FROM incident WHERE state = 'open' AND kind NOT IN ('breach', "
                "'access') ORDER BY number",
                "");

        while (r == 0 && (r = rows_next(rows, err)) > 0) {
                struct text kind = kind_name(rows_text(rows, 2));

                r = alert_due(alerts, rows_text(rows, 0), rows_int(rows, 1), err, "%s%.0s: %s", "%.0s%s: %s",
                              kind.es, kind.en, *rows_text(rows, 3) ? rows_text(rows, 3) : "-");
        }
        return r;
}

/* clang-format off */
static const struct alert_source sources[] = {
        { "breach", "T7", { "plazo de 72 horas de una brecha", "72 hours of a breach" },
          { "Prepare la notificación: «mpsi incident show {} --draft FICHERO».",
            "Prepare the notification: “mpsi incident show {} --draft FILE”." },
          ROLE_SECURITY | ROLE_OWNER, { -72, -24 }, HOUR, breaches },
        { "unauthorised-access", "K2", { "acceso no autorizado", "unauthorised access" },
          { "Investíguelo y ciérrelo: «mpsi incident close {}».", "Investigate and close it: “mpsi incident close {}”." },
          ROLE_SECURITY, { 1, 1 }, 0, accesses },
        { "incident-open", "U9", { "incidencia abierta", "open incident" },
          { "Investíguela y ciérrela: «mpsi incident close {}».", "Investigate and close it: “mpsi incident close {}”." },
          ROLE_SECURITY, { 0, 7 }, DAY, incidents },
};
/* clang-format on */

const struct alert_family audit_alerts = { sources, COUNT(sources) };
