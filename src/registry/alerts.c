/* Media that end (L1), training (A3), accounts that end and attempts that fail (X4, A4, K2). */
#include <stdio.h>

#include "act/alert.h"
#include "base/str.h"
#include "policy/access.h"
#include "registry/registry.h"
#include "registry/training.h"

static int media(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        char last[DATE_TEXT];
        int r;

        alert_horizon_day(alerts, last);
        r = db_query(
                alerts_act(alerts)->db, &rows, err,
                "SELECT id, expires, location FROM medium WHERE state NOT IN ('destroyed', 'retired') AND expires "
                "<= ? AND expires <> '' ORDER BY expires, id",
                "s", last);
        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = alert_ends(alerts, rows_text(rows, 0), rows_text(rows, 1), err, "caduca el %s; su sitio es %s",
                               "expires on %s; its place is %s", rows_text(rows, 1),
                               *rows_text(rows, 2) ? rows_text(rows, 2) : "-");
        return r;
}

/* An account that has ended does nothing any more, and needs nothing. */
static int accounts(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        char today[DATE_TEXT], last[DATE_TEXT];
        int r;

        date_of(act_now(alerts_act(alerts)), today);
        alert_horizon_day(alerts, last);
        r = db_query(
                alerts_act(alerts)->db, &rows, err,
                "SELECT name, expires FROM person WHERE expires >= ? AND expires <= ? AND NOT blocked ORDER BY "
                "expires, name",
                "ss", today, last);
        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = alert_ends(alerts, rows_text(rows, 0), rows_text(rows, 1), err, "su cuenta termina el %s",
                               "their account ends on %s", rows_text(rows, 1));
        return r;
}

/* K2. Attempts count for a day; a lock stays until somebody lifts it. */
static int attempts(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        struct act *act = alerts_act(alerts);
        int r = db_query(
                act->db, &rows, err,
                "SELECT name, failed, failed_at FROM account WHERE failed >= ? AND (failed_at > ? OR cause = "
                "'attempts') ORDER BY failed DESC, name",
                "ii", alerts_source(alerts)->levels.alert,
                (int64_t) (act_now(act) - access_limits[LIMIT_ATTEMPTS_HOURS].value * HOUR));

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = alert_raise(alerts, rows_text(rows, 0), rows_int(rows, 1), rows_int(rows, 2), err,
                                "%lld intentos de acceso fallidos", "%lld failed access attempts",
                                (long long) rows_int(rows, 1));
        return r;
}

static int trained(void *context, const char *person, unsigned roles, enum training training,
                   const struct training_result *result) {
        struct alerts *alerts = context;
        char object[80];
        struct error trouble = { 0 };

        (void) roles;
        (void) snprintf(object, sizeof object, "%s:%s", person, training_terms[training].code);
        return alert_ends(alerts, object, result->until, &trouble, "«%s»%.0s: cubierta hasta el %s",
                          "%.0s“%s”: covered until %s", training_demands[training].content.es,
                          training_demands[training].content.en, result->until);
}

static int trainings(struct alerts *alerts, struct error *err) {
        return training_each(alerts_act(alerts), NULL, trained, alerts, err);
}

/* clang-format off */
static const struct alert_source sources[] = {
        { "medium-expiry", "L1", { "soporte que caduca", "medium that expires" },
          { "Decida con su propietario si se prorroga («mpsi media classify {}») o se destruye («mpsi destroy request {}»).",
            "Decide with its owner whether it goes on or is destroyed (“mpsi destroy request {}”)." },
          ROLE_OWNER | ROLE_CUSTODIAN, { -30, 0 }, DAY, media },
        { "account-ending", "X4", { "cuenta que termina", "account that ends" },
          { "Si debe seguir, el administrador de seguridad da una cuenta nueva con otra fecha.",
            "If it is to go on, the security administrator adds an account with another date." },
          ROLE_SECURITY, { -14, -3 }, DAY, accounts },
        { "failed-attempts", "K2", { "intentos de acceso fallidos", "failed access attempts" },
          { "Averigüe qué intentaba; «mpsi person unblock {}» pone la cuenta a cero.",
            "Find out what they were trying; “mpsi person unblock {}” starts the count again." },
          ROLE_SECURITY, { 4, 6 }, 0, attempts },
        { "training", "A3", { "formación que caduca o falta", "training that expires or is missing" },
          { "Convoque el curso y anótelo con «mpsi person train».", "Hold the course and record it with “mpsi person train”." },
          ROLE_SECURITY, { -14, 0 }, DAY, trainings },
};
/* clang-format on */

const struct alert_family registry_alerts = { sources, COUNT(sources) };
