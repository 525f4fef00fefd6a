/* What custody has to tell: loans, visits, stocktakes, the daily verification, media that were not found, and the
 * environment (U3 to U6, L9, K2). */
#include "act/alert.h"
#include "base/str.h"
#include "custody/environment.h"
#include "custody/stocktake.h"
#include "policy/custody_access.h"

static int loans(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        char last[DATE_TEXT];
        int r;

        alert_horizon_day(alerts, last);
        r = db_query(alerts_act(alerts)->db, &rows, err,
                     "SELECT id, medium, borrower, due FROM loan WHERE state = 'out' AND due <= ? ORDER BY due, id",
                     "s", last);
        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = alert_ends(alerts, rows_text(rows, 0), rows_text(rows, 3), err,
                               "%s lo tiene %s y había que devolverlo el %s",
                               "%s is with %s and was to be returned on %s", rows_text(rows, 1), rows_text(rows, 2),
                               rows_text(rows, 3));
        return r;
}

static int visits(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(alerts_act(alerts)->db, &rows, err,
                         "SELECT id, person, area, entered FROM custody_access WHERE state = 'inside' AND entered "
                         "<= ? ORDER BY entered, id",
                         "i", alert_horizon(alerts));

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = alert_due(alerts, rows_text(rows, 0), rows_int(rows, 3), err,
                              "%s entró en %s y no consta que haya salido",
                              "%s entered %s and no exit is on record", rows_text(rows, 1), rows_text(rows, 2));
        return r;
}

/* K2 counts media, however many stocktakes did not find them: one alert for all of them. */
static int not_located(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(alerts_act(alerts)->db, &rows, err,
                         "SELECT count(*), coalesce(max(since), 0), coalesce((SELECT medium FROM not_located ORDER "
                         "BY since DESC, medium LIMIT 1), '') FROM not_located",
                         "");

        if (r == 0)
                r = rows_next(rows, err);
        if (r <= 0)
                return r;
        return alert_raise(alerts, "media", rows_int(rows, 0), rows_int(rows, 1), err,
                           "%lld soportes sin localizar; el último, %s", "%lld media not located; the newest is %s",
                           (long long) rows_int(rows, 0), rows_text(rows, 2));
}

static int stocktakes(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(
                alerts_act(alerts)->db, &rows, err,
                "SELECT id, area, started FROM stocktake WHERE state = 'open' AND started <= ? ORDER BY started",
                "i", alert_horizon(alerts));

        while (r == 0 && (r = rows_next(rows, err)) > 0)
                r = alert_due(alerts, rows_text(rows, 0), rows_int(rows, 2), err, "el recuento de %s sigue abierto",
                              "the stocktake of %s is still open", rows_text(rows, 1));
        return r;
}

/* Due a day after the last one; before the first, a day after there was something to verify. */
static int daily_check(struct alerts *alerts, struct error *err) {
        struct act *act = alerts_act(alerts);
        int64_t last = 0;
        char moment[TIME_TEXT];
        int r = db_int(
                act->db, &last, err,
                "SELECT coalesce((SELECT time FROM custody_check WHERE subject = ?), (SELECT min(added) FROM "
                "location), 0)",
                "s", act->site);

        if (r < 0 || last == 0)
                return r;
        time_format_local(last, moment);
        return alert_due(alerts, act->site, last + DAY, err, "la última verificación de la custodia es de %s",
                         "custody was last verified, or begun, at %s", moment);
}

struct places {
        struct alerts *alerts;
        struct error *err;
};

static int silent_place(void *context, const struct reading *reading) {
        const struct places *places = context;
        char moment[TIME_TEXT];

        time_format_local(reading->time, moment);
        return alert_due(places->alerts, reading->area, reading->time, places->err, "no se mide desde las %s",
                         "not measured since %s", moment);
}

static int silent(struct alerts *alerts, struct error *err) {
        struct places places = { alerts, err };

        return reading_each_place(alerts_act(alerts)->db, silent_place, &places, err);
}

static int place(void *context, const struct reading *reading) {
        const struct places *places = context;
        enum quantity quantity = QUANTITY_TEMPERATURE;
        struct environment_limits limits;
        enum gravity gravity;
        char value[24];
        int r = environment_limits_load(alerts_act(places->alerts), reading->area, &limits, places->err);

        if (r < 0)
                return r;
        gravity = reading_gravity(reading, &limits, &quantity);
        environment_format(reading->values[quantity], value);
        return alert_raise(places->alerts, reading->area, gravity, reading->time, places->err,
                           "%s%.0s: %s %s en la última lectura", "%.0s%s: %s %s at the last reading",
                           quantity_terms[quantity].name.es, quantity_terms[quantity].name.en, value,
                           environment_demands[quantity].unit);
}

static int environment(struct alerts *alerts, struct error *err) {
        struct places places = { alerts, err };

        return reading_each_place(alerts_act(alerts)->db, place, &places, err);
}

/* clang-format off */
static const struct alert_source sources[] = {
        { "loan-overdue", "U4", { "préstamo vencido", "overdue loan" },
          { "Reclámelo y recójalo con «mpsi loan in {}», o que su propietario lo prorrogue con «mpsi loan extend {}».",
            "Ask for it and take it back with “mpsi loan in {}”, or have its owner extend it." },
          ROLE_CUSTODIAN | ROLE_OWNER | ROLE_SECURITY, { LOAN_ALERT_DAYS - 1, LOAN_CRITICAL_DAYS - 1 }, DAY, loans },
        { "visit-open", "U3", { "visita sin salida", "visit without an exit" },
          { "Compruebe quién sigue dentro y anote su salida con «mpsi access leave {}».",
            "See who is still inside and record the exit with “mpsi access leave {}”." },
          ROLE_CUSTODIAN | ROLE_SECURITY, { 8, 24 }, HOUR, visits },
        { "not-located", "K2", { "soportes sin localizar", "media not located" },
          { "Búsquelos con «mpsi media locate»; lo que no aparezca es una incidencia.",
            "Look for them with “mpsi media locate”; what does not turn up is an incident." },
          ROLE_CUSTODIAN | ROLE_SECURITY, { NOT_LOCATED_ALERT, NOT_LOCATED_CRITICAL }, 0, not_located },
        { "stocktake-open", "U6", { "recuento sin terminar", "stocktake not finished" },
          { "Termínelo con «mpsi stocktake finish {}».", "Finish it with “mpsi stocktake finish {}”." },
          ROLE_CUSTODIAN, { 1, 3 }, DAY, stocktakes },
        { "daily-check", "U6", { "verificación diaria sin hacer", "daily verification not done" },
          { "Hágala con «mpsi custody check».", "Do it with “mpsi custody check”." },
          ROLE_CUSTODIAN, { 0, 2 }, DAY, daily_check },
        { "environment", "U5", { "ambiente fuera de límites", "environment out of limits" },
          { "Corrija el ambiente de {} y anote otra lectura con «mpsi env record {}».",
            "Put the environment of {} right and record another reading with “mpsi env record”." },
          ROLE_CUSTODIAN | ROLE_SECURITY, { GRAVITY_ALERT, GRAVITY_CRITICAL }, ALERT_GRADE, environment },
        { "environment-silent", "U5", { "ambiente sin medir", "environment not measured" },
          { "Mida {} y revise su sensor.", "Measure {} and look at its sensor." },
          ROLE_CUSTODIAN, { ENVIRONMENT_SILENT_HOURS, 3L * ENVIRONMENT_SILENT_HOURS }, HOUR, silent },
};
/* clang-format on */

const struct alert_family custody_alerts = { sources, COUNT(sources) };
