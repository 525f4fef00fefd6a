#include "policy/custody_access.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

const struct term access_level_terms[ACCESS_LEVELS] = {
        [LEVEL_BUILDING] = { "building", { "edificio", "building" } },
        [LEVEL_ROOM] = { "room", { "sala", "room" } },
        [LEVEL_CABINET] = { "cabinet", { "armario", "cabinet" } },
        [LEVEL_MEDIUM] = { "medium", { "soporte", "medium" } },
};

const struct term credential_terms[CREDENTIALS] = {
        [CREDENTIAL_KEY] = { "key", { "llave física", "physical key" } },
        [CREDENTIAL_ELECTRONIC] = { "electronic-lock", { "cerradura electrónica", "electronic lock" } },
        [CREDENTIAL_BIOMETRIC] = { "biometric-card", { "biometría y tarjeta", "biometrics and card" } },
};

const enum credential credential_demands[CATEGORIES] = {
        [CATEGORY_BASICA] = CREDENTIAL_KEY,
        [CATEGORY_MEDIA] = CREDENTIAL_ELECTRONIC,
        [CATEGORY_ALTA] = CREDENTIAL_BIOMETRIC,
};

const struct term supervision_terms[SUPERVISIONS] = {
        [SUPERVISION_NONE] = { "none", { "sin supervisión", "none" } },
        [SUPERVISION_DESK] = { "desk", { "del custodio o de otra persona", "by the custodian or another person" } },
        [SUPERVISION_TWO] = { "two", { "de una segunda persona", "by a second person" } },
};

const enum supervision supervision_by_class[CLASSIFICATIONS] = {
        [CLASS_PUBLICO] = SUPERVISION_NONE,
        [CLASS_INTERNO] = SUPERVISION_NONE,
        [CLASS_CONFIDENCIAL] = SUPERVISION_DESK,
        [CLASS_SECRETO] = SUPERVISION_TWO,
};

const enum supervision supervision_by_category[CATEGORIES] = {
        [CATEGORY_BASICA] = SUPERVISION_NONE,
        [CATEGORY_MEDIA] = SUPERVISION_NONE,
        [CATEGORY_ALTA] = SUPERVISION_TWO,
};

const struct custody_limit_row custody_access_limits[CUSTODY_ACCESS_LIMITS] = {
        [ACCESS_VALID_DAYS] = { 30, "U3", "mpsi", { "días que vale una aprobación", "days of an approval" } },
        [ACCESS_INSIDE_HOURS] = { 8, "U3", "mpsi", { "horas dentro sin salida", "hours inside without exit" } },
};

enum supervision access_supervision(enum classification section, enum category level) {
        enum supervision a = supervision_by_class[section], b = supervision_by_category[level];

        return a > b ? a : b;
}

int access_judge_visitor(const struct borrower *visitor, const char *today, struct error *err) {
        if (visitor->blocked)
                return refuse(err, ERR_REFUSED, "X4", "La cuenta de %s está bloqueada: no entra en custodia.",
                              "The account of %s is blocked: it does not enter custody.", visitor->name);
        if (!str_empty(visitor->expires) && strcmp(visitor->expires, today) < 0)
                return refuse(err, ERR_REFUSED, "X4", "La cuenta de %s caducó el %s.",
                              "The account of %s expired on %s.", visitor->name, visitor->expires);
        if (!str_empty(visitor->trained_until) && strcmp(visitor->trained_until, today) < 0)
                return refuse(err, ERR_REFUSED, "U4", "La formación de %s caducó el %s.",
                              "The training of %s expired on %s.", visitor->name, visitor->trained_until);
        return 0;
}

int access_judge_days(const char *until, const char *today, struct error *err) {
        int64_t last, now;

        if (date_parse(until, &last) < 0 || date_parse(today, &now) < 0)
                return fail(err, ERR_USAGE, "«%.20s» no es una fecha.", "“%.20s” is not a date.", until);
        if (last < now)
                return refuse(err, ERR_REFUSED, "U3", "El acceso valdría hasta %s, y hoy es %s.",
                              "The access would be valid until %s, and today is %s.", until, today);
        if (last > now + custody_access_limits[ACCESS_VALID_DAYS].value * DAY)
                return refuse(err, ERR_REFUSED, "U3", "El acceso hasta %s pasa de %lld días.",
                              "The access until %s is for over %lld days.", until,
                              (long long) custody_access_limits[ACCESS_VALID_DAYS].value);
        return 0;
}

int access_judge_decision(const char *decider, const char *owner, const char *requester, const char *visitor,
                          struct error *err) {
        if (strcmp(decider, owner) != 0)
                return refuse(err, ERR_DENIED, "U3", "Decide el propietario de la información, %s, no %s.",
                              "The information owner, %s, decides, not %s.", owner, decider);
        if (strcmp(decider, requester) == 0 || strcmp(decider, visitor) == 0)
                return refuse(err, ERR_DENIED, "X1", "%s solicitó el acceso o entra con él y no puede decidirlo.",
                              "%s asked for the access or enters by it and may not decide it.", decider);
        return 0;
}

static int judge_supervision(const struct access_entry *entry, struct error *err) {
        enum supervision demanded = access_supervision(entry->section, entry->level);

        if (strcmp(entry->visitor, entry->desk) == 0)
                return refuse(err, ERR_DENIED, "X1", "%s no puede registrar su propia entrada.",
                              "%s may not record their own entry.", entry->visitor);
        if (entry->supervisor && strcmp(entry->supervisor, entry->visitor) == 0)
                return refuse(err, ERR_DENIED, "X1", "%s entra y no puede supervisarse.",
                              "%s enters and may not supervise themselves.", entry->visitor);
        if (demanded == SUPERVISION_NONE)
                return 0;
        if (!entry->supervisor)
                return refuse(err, ERR_REFUSED, "U3",
                              "La sección %s de nivel %s exige supervisión; indíquela con --supervisor.",
                              "Section %s of level %s demands supervision; name it with --supervisor.",
                              classification_terms[entry->section].code, category_terms[entry->level].code);
        if (demanded == SUPERVISION_TWO && strcmp(entry->supervisor, entry->desk) == 0)
                return refuse(err, ERR_DENIED, "X1",
                              "La sección %s de nivel %s exige dos personas: %s abre y no puede ser la segunda.",
                              "Section %s of level %s demands two people: %s opens and can't be the second.",
                              classification_terms[entry->section].code, category_terms[entry->level].code,
                              entry->desk);
        return 0;
}

int access_judge_entry(const struct access_entry *entry, struct error *err) {
        if (strcmp(entry->until, entry->today) < 0)
                return refuse(err, ERR_REFUSED, "U3", "La aprobación valía hasta el %s.",
                              "The approval was valid until %s.", entry->until);
        if (entry->credential < credential_demands[entry->level])
                return refuse(err, ERR_REFUSED, "U1", "El nivel %s se abre con %s%.0s, no con %s%.0s.",
                              "Level %s is opened with %.0s%s, not with %.0s%s.", category_terms[entry->level].code,
                              credential_terms[credential_demands[entry->level]].name.es,
                              credential_terms[credential_demands[entry->level]].name.en,
                              credential_terms[entry->credential].name.es,
                              credential_terms[entry->credential].name.en);
        if (!entry->is_signed)
                return refuse(err, ERR_REFUSED, "U3",
                              "La entrada se firma: --sign con la clave de %s, o --paper con el número de la hoja.",
                              "An entry is signed: --sign with %s's key, or --paper with the sheet's number.",
                              entry->visitor);
        return judge_supervision(entry, err);
}
