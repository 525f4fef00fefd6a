#include "policy/custody_limits.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "policy/custody_access.h"

const struct term gravity_terms[GRAVITIES] = {
        [GRAVITY_NONE] = { "none", { "correcto", "sound" } },
        [GRAVITY_INFO] = { "info", { "aviso", "notice" } },
        [GRAVITY_ALERT] = { "alert", { "alerta", "alert" } },
        [GRAVITY_CRITICAL] = { "critical", { "crítico", "critical" } },
};

/* The source asks for alerts and gives no days: these are mpsi's. */
const struct loan_escalation loan_escalations[] = {
        { 1, GRAVITY_INFO, { "quien lo tiene", "the borrower" } },
        { LOAN_ALERT_DAYS, GRAVITY_ALERT, { "el propietario de la información", "the information owner" } },
        { LOAN_CRITICAL_DAYS, GRAVITY_CRITICAL, { "el administrador de seguridad", "the security administrator" } },
};
const size_t loan_escalations_n = COUNT(loan_escalations);

const struct loan_escalation *loan_escalation_of(const char *due, const char *today, int64_t *ret_days) {
        const struct loan_escalation *row = NULL;
        int64_t last, now, days;

        if (date_parse(due, &last) < 0 || date_parse(today, &now) < 0)
                return NULL;
        days = (now - last) / DAY;
        for (size_t i = 0; i < loan_escalations_n; i++)
                if (days >= loan_escalations[i].days)
                        row = &loan_escalations[i];
        if (row && ret_days)
                *ret_days = days;
        return row;
}

/* mpsi's own numbers: the graver the system, the shorter a medium stays away without being asked for anew. */
const struct extension_limit extension_limits[CATEGORIES] = {
        [CATEGORY_BASICA] = { 3, 30 },
        [CATEGORY_MEDIA] = { 2, 15 },
        [CATEGORY_ALTA] = { 1, 7 },
};

int loan_judge_extension(enum category category, int64_t extensions, const char *due, const char *until,
                         const char *today, struct error *err) {
        const struct extension_limit *limit = &extension_limits[category];
        /* An overdue loan is extended from today. */
        const char *from = strcmp(due, today) < 0 ? today : due;
        int64_t start, end;
        int r = custody_judge_extension(due, until, today, err);

        if (r < 0)
                return r;
        if (extensions >= limit->times)
                return refuse(err, ERR_REFUSED, "U4", "Ya se prorrogó %lld veces; la categoría %s admite %lld.",
                              "It was extended %lld times; category %s allows %lld.", (long long) extensions,
                              category_terms[category].code, (long long) limit->times);
        if (date_parse(from, &start) < 0 || date_parse(until, &end) < 0)
                return fail(err, ERR_USAGE, "«%.20s» no es una fecha.", "“%.20s” is not a date.", until);
        if (end - start > limit->days * DAY)
                return refuse(err, ERR_REFUSED, "U4",
                              "La prórroga hasta %s pasa de los %lld días de la categoría %s.",
                              "The extension to %s is over the %lld days of category %s.", until,
                              (long long) limit->days, category_terms[category].code);
        return 0;
}

int loan_judge_supervision(enum classification classification, const char *supervisor, struct error *err) {
        if (supervision_by_class[classification] == SUPERVISION_NONE || supervisor)
                return 0;
        return refuse(err, ERR_REFUSED, "U3",
                      "Un soporte %s se entrega ante otra persona: indíquela con --supervisor.",
                      "A medium that is %s is handed over before another person: name them with --supervisor.",
                      classification_terms[classification].code);
}

const int64_t locate_targets[CATEGORIES] = {
        [CATEGORY_BASICA] = 60 * 60,
        [CATEGORY_MEDIA] = 30 * 60,
        [CATEGORY_ALTA] = 10 * 60,
};

enum gravity not_located_gravity(int64_t media) {
        return media >= NOT_LOCATED_CRITICAL ? GRAVITY_CRITICAL
               : media >= NOT_LOCATED_ALERT  ? GRAVITY_ALERT
               : media > 0                   ? GRAVITY_INFO
                                             : GRAVITY_NONE;
}
