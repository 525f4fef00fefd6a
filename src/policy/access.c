#include "policy/access.h"

#include <string.h>

#include "base/str.h"
#include "policy/families.h"

static const int64_t minute = 60 * SECOND, hour = 3600 * SECOND;

static const struct rule rules[] = {
        { "X1",
          "op.acc.3",
          { "Cada acto exige un rol, y quien pide no aprueba ni quien ejecuta supervisa.",
            "Every act needs a role; who requests does not approve, and who executes does not supervise." },
          { "Pida el acto a una persona con el rol necesario.", "Ask a person who holds the needed role." } },
        { "X4",
          "op.acc.6",
          { "Una cuenta bloqueada o caducada no actúa.", "A blocked or expired account does not act." },
          { "Pida al administrador de seguridad que revise la cuenta.",
            "Ask the security administrator to review the account." } },
        { "A4",
          "op.acc.3",
          { "El perfil de auditoría es de solo lectura, temporal (30 días), sin exportación masiva y no se suma a "
            "otros roles.",
            "The audit profile is read-only, temporary (30 days), without bulk export, and goes with no other "
            "role." },
          { "Dé de alta al auditor aparte, con fecha de caducidad; los ficheros de tablas enteras los saca otra "
            "persona.",
            "Add the auditor separately, with an expiry date; files of whole tables are for somebody else to "
            "make." } },
        { "K2",
          "op.exp.7",
          { "Más de 3 intentos de acceso fallidos son una alerta.", "More than 3 failed access attempts are an "
                                                                    "alert." },
          { "Averigüe con la persona qué intentaba; «person unblock» pone la cuenta a cero.",
            "Find out with the person what they were trying; “person unblock” starts the count again." } },
};

const struct rule_family access_rules = { rules, sizeof rules / sizeof rules[0] };

const struct access_limit_row access_limits[ACCESS_LIMITS] = {
        [LIMIT_ALERT_ABOVE] = { 3, "K2", "MP.SI", { "intentos fallidos que alertan", "failed attempts: alert" } },
        [LIMIT_ATTEMPTS_HOURS] = { 24,
                                   "X4",
                                   "op.acc.6",
                                   { "horas que cuenta un intento", "hours that an attempt counts" } },
        [LIMIT_LAST_ADMIN_MINUTES] = { 30,
                                       "X4",
                                       "op.acc.6",
                                       { "minutos de bloqueo del único administrador",
                                         "minutes of the only administrator's lock" } },
        [LIMIT_REFUSALS_AN_HOUR] = { 3,
                                     "X2",
                                     "op.exp.8",
                                     { "negativas iguales que se anotan por hora",
                                       "same refusals noted an hour" } },
        [LIMIT_IDLE_DAYS] = { 90, "X4", "op.acc.6", { "días sin uso", "days without use" } },
        [LIMIT_NOTED_MINUTES] = { 60,
                                  "X4",
                                  "op.acc.6",
                                  { "minutos entre accesos anotados", "minutes between notes" } },
        [LIMIT_SESSION_MINUTES] = { 480, "X4", "OP.EXP.2", { "minutos de sesión", "minutes of a session" } },
        [LIMIT_SESSION_WARNING_MINUTES] = { 465,
                                            "X4",
                                            "OP.EXP.2",
                                            { "minutos hasta el aviso", "minutes until warned" } },
        [LIMIT_AUDITOR_DAYS] = { 30, "A4", "OP.EXP.2", { "días de un auditor", "days of an auditor" } },
        [LIMIT_AUDITOR_ROWS] = { 100,
                                 "A4",
                                 "OP.EXP.2",
                                 { "filas por respuesta a un auditor", "rows an auditor's answer" } },
};

/* K2's critical threshold; CCN-STIC 807 (2022) allows 5 attempts, and 3 for ALTA. */
const int64_t access_lock_above[CATEGORIES] = { [CATEGORY_BASICA] = 5, [CATEGORY_MEDIA] = 5, [CATEGORY_ALTA] = 3 };

const struct term access_cause_terms[ACCESS_CAUSES] = {
        [CAUSE_NONE] = { "none", { "ninguna", "none" } },
        [CAUSE_ATTEMPTS] = { "attempts", { "intentos fallidos", "failed attempts" } },
        [CAUSE_IDLE] = { "idle", { "sin uso", "not used" } },
};

/* --- roles ----------------------------------------------------------------------------------------------- */

unsigned access_roles(unsigned own, unsigned of_groups) {
        return own & ROLE_AUDITOR ? ROLE_AUDITOR : own | (of_groups & ~(unsigned) ROLE_AUDITOR);
}

int access_judge_roles(unsigned roles, struct error *err) {
        if (roles & ROLE_AUDITOR && roles != ROLE_AUDITOR)
                return refuse(err, ERR_REFUSED, "A4", "El rol auditor no se combina con otros.",
                              "The auditor's role goes with no other.");
        return 0;
}

int access_judge_auditor_expiry(unsigned roles, const char *expires, int64_t granted, struct error *err) {
        char last[DATE_TEXT];

        date_of(granted + access_limits[LIMIT_AUDITOR_DAYS].value * DAY, last);
        if (roles & ROLE_AUDITOR && (str_empty(expires) || strcmp(expires, last) > 0))
                return refuse(err, ERR_REFUSED, "A4", "El acceso de un auditor debe caducar como tarde el %s.",
                              "An auditor's access must expire on %s at the latest.", last);
        return 0;
}

int access_judge_group(unsigned roles, bool own_group, struct error *err) {
        if (roles & ROLE_AUDITOR)
                return refuse(err, ERR_REFUSED, "A4", "Un grupo no caduca y no puede dar el rol auditor.",
                              "A group does not expire and can't give the auditor's role.");
        if (own_group)
                return refuse(err, ERR_DENIED, "X1", "Nadie decide los roles de un grupo al que pertenece.",
                              "Nobody decides the roles of a group that they belong to.");
        return 0;
}

int access_judge_not_oneself(const char *actor, const char *name, struct error *err) {
        if (strcmp(actor, name) == 0)
                return refuse(err, ERR_DENIED, "X1", "Nadie cambia su propia cuenta.",
                              "Nobody changes their own account.");
        return 0;
}

/* --- accounts -------------------------------------------------------------------------------------------- */

bool access_lock_over(const struct access_account *account, int64_t now) {
        return account->locked && account->cause == CAUSE_ATTEMPTS && account->only_one &&
               now >= account->locked + access_limits[LIMIT_LAST_ADMIN_MINUTES].value * minute;
}

bool access_is_idle(const struct access_account *account, int64_t now) {
        return account->noted && !account->only_one &&
               now > account->seen + access_limits[LIMIT_IDLE_DAYS].value * DAY;
}

/* op.acc.6: blocked by a person, by failed attempts or by disuse is one answer: whoever tries learns no more. */
static int blocked(const struct access_account *account, struct error *err) {
        return refuse(err, ERR_DENIED, "X4", "La cuenta de %s está bloqueada.", "The account of %s is blocked.",
                      account->name);
}

int access_judge_account(const struct access_account *account, int64_t now, int64_t sure, struct error *err) {
        char today[DATE_TEXT];

        date_of(sure, today);
        if (account->blocked || (account->locked && !access_lock_over(account, now)))
                return blocked(account, err);
        if (!str_empty(account->expires) && strcmp(account->expires, today) < 0)
                return refuse(err, ERR_DENIED, "X4", "La cuenta de %s caducó el %s.",
                              "The account of %s expired on %s.", account->name, account->expires);
        if (access_is_idle(account, now))
                return blocked(account, err);
        if (access_judge_auditor_expiry(account->roles, account->expires, account->granted, err) < 0) {
                if (err)
                        err->code = ERR_DENIED;
                return ERR_DENIED;
        }
        return 0;
}

int access_judge_act(const char *name, unsigned roles, const struct access_act *act, struct error *err) {
        bool auditor = roles & ROLE_AUDITOR;
        char es[ROLES_TEXT], en[ROLES_TEXT];

        if (act->makes_store)
                return refuse(err, ERR_DENIED, "X1", "El almacén lo crea quien administra la máquina.",
                              "The store is made by whoever administers the machine.");
        if (auditor && act->bulk && act->export)
                return refuse(err, ERR_DENIED, "A4", "%s es auditor: «%s %s» saca una tabla entera a un fichero.",
                              "%s is an auditor: “%s %s” takes a whole table away in a file.", name, act->noun,
                              act->name);
        if (!(act->roles & roles)) {
                roles_named(act->roles, LANG_ES, es);
                roles_named(act->roles, LANG_EN, en);
                return refuse(err, ERR_DENIED, "X1", "%s no puede hacer «%s %s»: hace falta el rol %s%.0s.",
                              "%s may not do “%s %s”: it takes the role %.0s%s.", name, act->noun, act->name, es,
                              en);
        }
        if (auditor && act->writes && !act->bulk)
                return refuse(err, ERR_DENIED, "A4", "%s es auditor y «%s %s» no es una lectura.",
                              "%s is an auditor and “%s %s” is no reading.", name, act->noun, act->name);
        return 0;
}

/* --- failed attempts and floods -------------------------------------------------------------------------- */

struct access_failure access_fail(int64_t failed, int64_t failed_at, int64_t now, enum category category) {
        /* A clock that went back makes no attempt old. */
        bool old = now > failed_at + access_limits[LIMIT_ATTEMPTS_HOURS].value * hour;
        int64_t count = old ? 1 : failed + 1;

        return (struct access_failure){ .failed = count,
                                        .alert = count == access_limits[LIMIT_ALERT_ABOVE].value + 1,
                                        .lock = count > access_lock_above[category] };
}

bool access_flood_record(int64_t recorded, int64_t since, int64_t now, int64_t *ret_since) {
        bool same = recorded > 0 && now < since + hour;

        *ret_since = same ? since : now;
        return !same || recorded < access_limits[LIMIT_REFUSALS_AN_HOUR].value;
}

bool access_is_news(int64_t seen, int64_t now) {
        return now > seen + access_limits[LIMIT_NOTED_MINUTES].value * minute;
}

/* --- sessions -------------------------------------------------------------------------------------------- */

enum session_age session_limit_check(int64_t started, int64_t now) {
        if (now < started || now >= started + access_limits[LIMIT_SESSION_MINUTES].value * minute)
                return SESSION_OVER;
        return now >= started + access_limits[LIMIT_SESSION_WARNING_MINUTES].value * minute ? SESSION_WARN
                                                                                            : SESSION_FRESH;
}
