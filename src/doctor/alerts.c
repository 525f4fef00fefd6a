/* Drift of the configuration at the newest comparison, and comparisons that did not come (X5). */
#include "act/alert.h"
#include "base/str.h"
#include "doctor/internal.h"

static int drift(struct alerts *alerts, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int level, r = db_query(alerts_act(alerts)->db, &rows, err,
                                "SELECT c.baseline, c.level, c.time, c.missing, c.changed, c.added FROM baseline "
                                "AS b JOIN baseline_check "
                                "AS c ON c.baseline = b.id AND c.time = b.checked WHERE b.state = 'in-force' ORDER "
                                "BY c.seq DESC LIMIT 1",
                                "");

        if (r == 0)
                r = rows_next(rows, err);
        if (r <= 0)
                return r;
        level = term_parse(drift_level_terms, DRIFT_LEVELS, rows_text(rows, 1));
        return alert_raise(alerts, rows_text(rows, 0), level, rows_int(rows, 2), err,
                           "faltan %lld claves, cambian %lld y sobran %lld",
                           "%lld keys are missing, %lld changed and %lld are new", (long long) rows_int(rows, 3),
                           (long long) rows_int(rows, 4), (long long) rows_int(rows, 5));
}

static int unchecked(struct alerts *alerts, struct error *err) {
        struct baseline baseline;
        struct error trouble = { 0 };
        char moment[TIME_TEXT];
        int64_t last;
        int r = baseline_load(alerts_act(alerts)->db, NULL, &baseline, &trouble);

        if (r == ERR_NOT_FOUND)
                return 0; /* whoever has no baseline compares nothing */
        if (r < 0) {
                *err = trouble;
                return r;
        }
        last = baseline.checked ? baseline.checked : baseline.recorded;
        time_format_local(last, moment);
        return alert_due(alerts, baseline.id, last, err, "no se compara desde las %s", "not compared since %s",
                         moment);
}

/* clang-format off */
static const struct alert_source sources[] = {
        { "drift", "X5", { "configuración desviada", "configuration drift" },
          { "Mire qué cambió con «mpsi baseline check», y corríjalo o apruebe una base nueva.",
            "See what changed with “mpsi baseline check”, and put it right or approve a new baseline." },
          ROLE_SECURITY, { DRIFT_ALERT, DRIFT_CRITICAL }, ALERT_GRADE, drift },
        { "baseline-unchecked", "X5", { "configuración sin comparar", "configuration not compared" },
          { "mpsid la compara cada día: vea «systemctl status mpsid», o «mpsi baseline check».",
            "mpsid compares it every day: see “systemctl status mpsid”, or “mpsi baseline check”." },
          ROLE_SECURITY, { 2, 30 }, DAY, unchecked },
};
/* clang-format on */

const struct alert_family doctor_alerts = { sources, COUNT(sources) };
