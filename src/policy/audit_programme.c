#include "policy/audit_programme.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "policy/families.h"

static const struct rule rules[] = {
        { "A1",
          "mp.si.1–5, op.mon.2",
          { "El programa de auditoría comprueba cada aspecto en su plazo, decide cada elemento de la muestra y "
            "sigue "
            "cada hallazgo hasta que otra persona comprueba que está resuelto.",
            "The audit programme checks each aspect in its time, decides each item of the sample and follows each "
            "finding until another person has checked that it is settled." },
          { "Vea qué toca con «mpsi audit calendar» y qué falta con «mpsi audit show».",
            "See what is due with “mpsi audit calendar” and what is missing with “mpsi audit show”." } },
};

const struct rule_family audit_programme_rules = { rules, sizeof rules / sizeof rules[0] };

const struct term audit_kind_terms[AUDIT_KINDS] = {
        [AUDIT_INVENTORY] = { "inventory", { "inventario completo", "full inventory" } },
        [AUDIT_LABELLING] = { "labelling", { "muestreo de etiquetado", "labelling sample" } },
        [AUDIT_ENCRYPTION] = { "encryption", { "verificación de cifrado", "encryption check" } },
        [AUDIT_TRANSPORT] = { "transport", { "simulacro de transporte", "transport drill" } },
        [AUDIT_DESTRUCTION] = { "destruction", { "proceso de destrucción", "destruction process" } },
};

/* MP.SI, "Programa de auditoría", in months: BÁSICA, MEDIA, ALTA. */
const struct audit_programme audit_programme[AUDIT_KINDS] = {
        [AUDIT_INVENTORY] = { { 12, 6, 3 }, true, "mp.si.3" },
        [AUDIT_LABELLING] = { { 6, 3, 1 }, false, "mp.si.1" },
        [AUDIT_ENCRYPTION] = { { 0, 3, 1 }, false, "mp.si.2" },
        [AUDIT_TRANSPORT] = { { 12, 6, 3 }, false, "mp.si.4" },
        [AUDIT_DESTRUCTION] = { { 12, 6, 3 }, false, "mp.si.5" },
};

const struct term audit_standing_terms[AUDIT_STANDINGS] = {
        [AUDIT_EXEMPT] = { "exempt", { "no aplica", "not demanded" } },
        [AUDIT_CURRENT] = { "current", { "al día", "current" } },
        [AUDIT_SOON] = { "soon", { "vence pronto", "due soon" } },
        [AUDIT_OVERDUE] = { "overdue", { "VENCIDA", "OVERDUE" } },
};

/* Tolerated shares: K1's targets of correctly labelled media, > 95, > 98 and > 99 %. The confidence is mpsi's. */
const struct audit_sampling audit_sampling[CATEGORIES] = {
        [CATEGORY_BASICA] = { 90, 50 },
        [CATEGORY_MEDIA] = { 95, 20 },
        [CATEGORY_ALTA] = { 95, 10 },
};

/* MP.SI, "Elementos a verificar". */
const struct audit_criterion audit_criteria[] = {
        { AUDIT_INVENTORY, "environment", { "Condiciones ambientales", "Environmental conditions" } },
        { AUDIT_INVENTORY, "access", { "Control de acceso funcionando", "Access control works" } },
        { AUDIT_INVENTORY, "inventory", { "Inventario actualizado", "Inventory up to date" } },
        { AUDIT_INVENTORY, "traceability", { "Trazabilidad completa", "Complete traceability" } },
        { AUDIT_LABELLING, "application", { "Correcta aplicación de etiquetas", "Labels correctly applied" } },
        { AUDIT_LABELLING, "coherence", { "Coherencia con el contenido", "Coherent with the content" } },
        { AUDIT_LABELLING, "legibility", { "Legibilidad y estado", "Legibility and condition" } },
        { AUDIT_ENCRYPTION, "algorithms", { "Algoritmos utilizados", "Algorithms in use" } },
        { AUDIT_ENCRYPTION, "keys", { "Gestión de claves", "Key management" } },
        { AUDIT_ENCRYPTION,
          "no-access",
          { "Imposibilidad de acceso sin autorización", "No access without authorisation" } },
        { AUDIT_TRANSPORT, "procedures", { "Cumplimiento de procedimientos", "Procedures followed" } },
        { AUDIT_TRANSPORT, "seals", { "Integridad de precintos", "Integrity of seals" } },
        { AUDIT_TRANSPORT, "documents", { "Documentación completa", "Complete documents" } },
        { AUDIT_DESTRUCTION,
          "methods",
          { "Métodos apropiados según clasificación", "Methods fit for the classification" } },
        { AUDIT_DESTRUCTION, "certificates", { "Certificados emitidos", "Certificates issued" } },
        { AUDIT_DESTRUCTION, "recovery", { "Imposibilidad de recuperación", "Nothing can be recovered" } },
};
const size_t audit_criteria_n = COUNT(audit_criteria);

const struct term audit_result_terms[AUDIT_RESULTS] = {
        [AUDIT_SOUND] = { "sound", { "conforme", "sound" } },
        [AUDIT_DEFICIENT] = { "deficient", { "no conforme", "deficient" } },
        [AUDIT_NOT_SEEN] = { "not-seen", { "no visto", "not seen" } },
};

const struct term finding_severity_terms[FINDING_SEVERITIES] = {
        [FINDING_OBSERVATION] = { "observation", { "observación", "observation" } },
        [FINDING_MINOR] = { "minor", { "no conformidad menor", "minor nonconformity" } },
        [FINDING_MAJOR] = { "major", { "no conformidad mayor", "major nonconformity" } },
};
/* The source gives no days: these are mpsi's. */
const int64_t finding_days[FINDING_SEVERITIES] = {
        [FINDING_OBSERVATION] = 180, [FINDING_MINOR] = 90, [FINDING_MAJOR] = 30
};
const struct term finding_state_terms[FINDING_STATES] = {
        [FINDING_OPEN] = { "open", { "abierto", "open" } },
        [FINDING_ACTED] = { "acted", { "por comprobar", "to be checked" } },
        [FINDING_CLOSED] = { "closed", { "cerrado", "closed" } },
};

const struct audit_criterion *audit_criterion_find(enum audit_kind kind, const char *code) {
        for (size_t i = 0; i < audit_criteria_n; i++)
                if (audit_criteria[i].kind == kind && strcmp(audit_criteria[i].code, code) == 0)
                        return &audit_criteria[i];
        return NULL;
}

/* --- when -------------------------------------------------------------------------------------------------- */

int audit_months_later(const char *from, int64_t months, char ret[DATE_TEXT]) {
        long long year, month, at;
        int day;

        if (!date_valid(from) || months < 0 || months > 1200 ||
            sscanf(from, "%4lld-%2lld-%2d", &year, &month, &day) != 3)
                return ERR_USAGE;
        at = year * 12 + month - 1 + months;
        for (; day > 0; day--) {
                char text[DATE_TEXT + 32];

                (void) snprintf(text, sizeof text, "%04lld-%02lld-%02d", at / 12, at % 12 + 1, day);
                if (!date_valid(text))
                        continue;
                memcpy(ret, text, 11);
                return 0;
        }
        return ERR_USAGE;
}

static int64_t days_between(const char *from, const char *to) {
        int64_t a = 0, b = 0;

        (void) date_parse(from, &a);
        (void) date_parse(to, &b);
        return (b - a) / DAY;
}

/* Time enough to prepare one: a week of a monthly one, a month of a yearly one. Mpsi's own numbers. */
static int64_t notice_days(int64_t months) {
        return months <= 1 ? 7 : months <= 3 ? 14 : 30;
}

enum audit_standing audit_judge_due(enum audit_kind kind, enum category category, const char *last,
                                    const char *today, char ret_due[DATE_TEXT]) {
        int64_t months = audit_programme[kind].months[category], left;

        ret_due[0] = '\0';
        if (months == 0 || audit_months_later(last, months, ret_due) < 0)
                return AUDIT_EXEMPT;
        left = days_between(today, ret_due);
        return left < 0 ? AUDIT_OVERDUE : left <= notice_days(months) ? AUDIT_SOON : AUDIT_CURRENT;
}

enum gravity audit_due_gravity(enum audit_kind kind, enum category category, const char *due, const char *today) {
        int64_t months = audit_programme[kind].months[category], over = days_between(due, today);

        if (over <= 0)
                return -over <= notice_days(months) ? GRAVITY_INFO : GRAVITY_NONE;
        return over > months * 15 ? GRAVITY_CRITICAL : GRAVITY_ALERT;
}

/* --- how many ---------------------------------------------------------------------------------------------- */

int64_t audit_sample_size(int64_t population, enum category category) {
        const struct audit_sampling *rule = &audit_sampling[category];
        /* The fewest deficient ones that are too many. */
        int64_t many = population * rule->tolerated / 1000 + 1, n;
        double none = 1, risk = (double) (100 - rule->confidence) / 100;

        /* none: the chance that n drawn without putting back miss all of them. */
        for (n = 0; n < population && none > risk; n++)
                none *= (double) (population - many - n) / (double) (population - n);
        return n;
}

/* --- verdicts ---------------------------------------------------------------------------------------------- */

int audit_judge_start(enum audit_kind kind, enum category category, int64_t population, struct error *err) {
        const struct text name = audit_kind_terms[kind].name;

        if (audit_programme[kind].months[category] == 0)
                return refuse(err, ERR_REFUSED, "A1", "La categoría %s no pide: %s%.0s.",
                              "Category %s does not ask for: %.0s%s.", category_terms[category].code, name.es,
                              name.en);
        /* A drill or a process can be audited when there was no case; media can't. */
        if (population == 0 && kind != AUDIT_TRANSPORT && kind != AUDIT_DESTRUCTION)
                return refuse(err, ERR_CONFLICT, "A1", "No hay soportes de categoría %s en ese alcance.",
                              "There are no media of category %s in that scope.", category_terms[category].code);
        return 0;
}

static int refuse_sound(const struct audit_check *check, struct error *err) {
        if (check->criterion)
                return 0;
        if (check->kind == AUDIT_LABELLING && !check->seen)
                return refuse(err, ERR_REFUSED, "A1",
                              "La etiqueta de %s no se ha leído: lo leído en el soporte va en --seen.",
                              "The label of %s was not read: what is read on the medium goes into --seen.",
                              check->subject);
        if (check->kind == AUDIT_ENCRYPTION && check->electronic && !check->header)
                return refuse(
                        err, ERR_REFUSED, "A1",
                        "La cabecera de %s no se ha leído, o no se acepta: conecte el soporte y diga --device.",
                        "The header of %s was not read, or is not accepted: plug the medium in and give "
                        "--device.",
                        check->subject);
        return 0;
}

int audit_judge_check(const struct audit_check *check, struct error *err) {
        if (check->own)
                return refuse(err, ERR_DENIED, "X1",
                              "%s no audita sus propios actos sobre %s: lo comprueba otra persona.",
                              "%s does not audit their own acts about %s: another person checks it.",
                              check->auditor, check->subject);
        return check->result == AUDIT_SOUND ? refuse_sound(check, err) : 0;
}

int audit_judge_stocktake(enum audit_kind kind, const char *auditor, const char *stocktake, bool own,
                          int64_t finished, int64_t started, struct error *err) {
        if (kind != AUDIT_INVENTORY)
                return refuse(err, ERR_REFUSED, "A1", "Un recuento solo vale para un inventario completo.",
                              "A stocktake counts for a full inventory only.");
        if (own)
                return refuse(err, ERR_DENIED, "X1", "%s contó en el recuento %s y no lo audita.",
                              "%s counted in stocktake %s and does not audit it.", auditor, stocktake);
        if (!finished)
                return refuse(err, ERR_CONFLICT, "A1", "El recuento %s sigue abierto.",
                              "Stocktake %s is still open.", stocktake);
        if (finished < started - AUDIT_STOCKTAKE_DAYS * DAY)
                return refuse(err, ERR_REFUSED, "A1",
                              "El recuento %s se cerró más de %d días antes de empezar la auditoría.",
                              "Stocktake %s was finished more than %d days before the audit began.", stocktake,
                              AUDIT_STOCKTAKE_DAYS);
        return 0;
}

int audit_judge_finding(enum finding_severity severity, const char *deadline, const char *today,
                        struct error *err) {
        int64_t days = days_between(today, deadline);

        if (days < 0)
                return refuse(err, ERR_REFUSED, "A1", "El plazo, %s, ya ha pasado.", "The deadline, %s, is past.",
                              deadline);
        if (days > finding_days[severity])
                return refuse(err, ERR_REFUSED, "A1", "Un hallazgo «%s%.0s» se resuelve en %lld días como mucho.",
                              "A finding “%.0s%s” is dealt with in %lld days at most.",
                              finding_severity_terms[severity].name.es, finding_severity_terms[severity].name.en,
                              (long long) finding_days[severity]);
        return 0;
}

int audit_judge_step(enum finding_step step, enum finding_state state, const char *finding, const char *person,
                     const char *responsible, const char *acted_by, struct error *err) {
        const enum finding_state from = step == STEP_ACTION ? FINDING_OPEN : FINDING_ACTED;
        bool ready = step == STEP_REOPEN ? state != FINDING_OPEN : state == from;

        if (!ready)
                return refuse(err, ERR_CONFLICT, "A1", "El hallazgo %s está «%s%.0s».", "Finding %s is “%.0s%s”.",
                              finding, finding_state_terms[state].name.es, finding_state_terms[state].name.en);
        if (step == STEP_VERIFY &&
            (strcmp(person, responsible) == 0 || strcmp(person, str_empty(acted_by) ? "" : acted_by) == 0))
                return refuse(err, ERR_DENIED, "X1", "%s responde de %s, o actuó: lo comprueba otra persona.",
                              "%s answers for %s, or acted: another person checks it.", person, finding);
        return 0;
}

bool finding_is_overdue(enum finding_state state, const char *deadline, const char *today) {
        return state != FINDING_CLOSED && strcmp(deadline, today) < 0;
}

int audit_judge_close(const char *audit, int64_t undecided, const char *without_finding, struct error *err) {
        if (undecided > 0)
                return refuse(err, ERR_CONFLICT, "A1", "En %s quedan %lld elementos sin decidir.",
                              "In %s, %lld items are not decided.", audit, (long long) undecided);
        if (without_finding)
                return refuse(err, ERR_CONFLICT, "A1", "En %s, %s no es conforme y no tiene hallazgo.",
                              "In %s, %s is not sound and has no finding.", audit, without_finding);
        return 0;
}
