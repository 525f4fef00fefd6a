#include "policy/training.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/families.h"

static const struct rule rules[] = {
        { "A3",
          "mp.per.4",
          { "Los actos sobre soportes los hace quien tiene al día la formación que piden.",
            "Acts on media are for those whose training for them is up to date." },
          { "Haga el curso y que el administrador de seguridad lo anote con «mpsi person train».",
            "Take the course and have the security administrator record it with “mpsi person train”." } },
};
const struct rule_family training_rules = { rules, COUNT(rules) };

const struct term training_terms[TRAININGS] = {
        [TRAINING_GENERAL] = { "general", { "general", "general" } },
        [TRAINING_IT] = { "it", { "personal TI", "IT staff" } },
        [TRAINING_CUSTODY] = { "custody", { "custodios", "custodians" } },
        [TRAINING_TRANSPORT] = { "transport", { "transporte", "transport" } },
};

/* MP.SI, training plan. No role of mpsi is a carrier's: whoever hands a shipment over needs that one. Auditors
 * read, and for 30 days only. */
const struct training_demand training_demands[TRAININGS] = {
        [TRAINING_GENERAL] = { ROLE_ANY & ~ROLE_AUDITOR,
                               1,
                               12,
                               { "Clasificación y etiquetado", "Classification and labelling" } },
        [TRAINING_IT] = { ROLE_OPERATOR,
                          4,
                          12,
                          { "Cifrado y gestión de claves", "Encryption and key management" } },
        [TRAINING_CUSTODY] = { ROLE_CUSTODIAN, 8, 6, { "Procedimientos completos", "The whole procedures" } },
        [TRAINING_TRANSPORT] = { 0, 2, 12, { "Manejo seguro", "Safe handling" } },
};

/* What frees, stops or closes something is left out: nobody should have to leave a medium in danger for want of a
 * course. */
const struct training_act training_acts[] = {
        { "media", "register", TRAINING_GENERAL },
        { "media", "classify", TRAINING_GENERAL },
        { "label", "print", TRAINING_GENERAL },
        { "loan", "request", TRAINING_GENERAL },
        { "loan", "approve", TRAINING_GENERAL },
        { "destroy", "request", TRAINING_GENERAL },
        { "destroy", "approve", TRAINING_GENERAL },
        { "encrypt", "run", TRAINING_IT },
        { "encrypt", "rotate", TRAINING_IT },
        { "encrypt", "handover", TRAINING_IT },
        { "wipe", "run", TRAINING_IT },
        { "loan", "out", TRAINING_CUSTODY },
        { "access", "enter", TRAINING_CUSTODY },
        { "media", "move", TRAINING_CUSTODY },
        { "stocktake", "start", TRAINING_CUSTODY },
        { "ship", "pack", TRAINING_TRANSPORT },
        { "ship", "dispatch", TRAINING_TRANSPORT },
};
const size_t training_acts_n = COUNT(training_acts);

int training_of_act(const char *noun, const char *name) {
        for (size_t i = 0; i < training_acts_n; i++)
                if (strcmp(training_acts[i].noun, noun) == 0 && strcmp(training_acts[i].name, name) == 0)
                        return (int) training_acts[i].training;
        return -1;
}

void training_until(enum training training, const char *day, const char *wanted, char out[DATE_TEXT]) {
        int year = atoi(day), month = atoi(day + 5) - 1 + (int) training_demands[training].months,
            last = atoi(day + 8);

        year += month / 12;
        month = month % 12 + 1;
        do
                (void) snprintf(out, DATE_TEXT, "%04d-%02d-%02d", year % 10000, month, last);
        while (!date_valid(out) && --last > 0);
        if (wanted && strcmp(wanted, out) < 0)
                (void) snprintf(out, DATE_TEXT, "%.10s", wanted);
}

const struct term training_standing_terms[TRAINING_STANDINGS] = {
        [TRAINING_CURRENT] = { "current", { "al día", "up to date" } },
        [TRAINING_GRACE] = { "grace", { "en plazo", "in its grace" } },
        [TRAINING_MISSING] = { "missing", { "falta", "missing" } },
        [TRAINING_EXPIRED] = { "expired", { "caducada", "expired" } },
};

static int64_t hours_on(const struct training_case *facts, const char *day) {
        int64_t hours = 0;

        for (size_t i = 0; i < facts->n; i++)
                if (strcmp(facts->records[i].day, day) <= 0 && strcmp(facts->records[i].until, day) >= 0)
                        hours += facts->records[i].hours;
        return hours;
}

void training_judge(const struct training_case *facts, struct training_result *ret) {
        const int64_t wanted = training_demands[facts->training].hours;
        struct training_result result = { 0 };
        char today[DATE_TEXT], grace[DATE_TEXT];

        date_of(facts->now, today);
        date_of(facts->granted + TRAINING_GRACE_DAYS * DAY, grace);
        result.hours = hours_on(facts, today);
        /* Hours stop counting at the end of a course's time: the last day with enough of them is one of these. */
        for (size_t i = 0; i < facts->n; i++)
                if (strcmp(facts->records[i].until, result.until) > 0 &&
                    hours_on(facts, facts->records[i].until) >= wanted)
                        (void) snprintf(result.until, sizeof result.until, "%s", facts->records[i].until);
        if (!*result.until) {
                result.standing = strcmp(today, grace) <= 0 ? TRAINING_GRACE : TRAINING_MISSING;
                (void) snprintf(result.until, sizeof result.until, "%s", grace);
        } else {
                result.standing = strcmp(today, result.until) <= 0 ? TRAINING_CURRENT : TRAINING_EXPIRED;
        }
        *ret = result;
}

int training_refuse(const char *person, enum training training, const struct training_result *result,
                    struct error *err) {
        const struct training_demand *demand = &training_demands[training];

        if (result->standing == TRAINING_CURRENT || result->standing == TRAINING_GRACE)
                return 0;
        return refuse(err, ERR_REFUSED, "A3",
                      "%s lleva %lld de %lld horas de «%s%.0s» en %lld meses; lo cubría hasta el %s.",
                      "%s has %lld of %lld hours of “%.0s%s” in %lld months; covered until %s.", person,
                      (long long) result->hours, (long long) demand->hours, demand->content.es, demand->content.en,
                      (long long) demand->months, result->until);
}
