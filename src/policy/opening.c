#include "policy/opening.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "policy/families.h"

static const struct rule rules[] = {
        { "C9",
          "mp.si.2, op.acc.4",
          { "Un soporte cifrado lo abre quien lo tiene prestado, o quien lo custodia u opera mientras está en "
            "custodia; nadie ve la clave.",
            "An encrypted medium is opened by whoever has it on loan, or by who keeps or operates it while it is "
            "in "
            "custody; nobody sees the key." },
          { "Pida el préstamo con «mpsi loan request», o vea con «mpsi encrypt status» quién lo tiene abierto.",
            "Ask for the loan with “mpsi loan request”, or see with “mpsi encrypt status” who has it open." } },
};

const struct rule_family opening_rules = { rules, sizeof rules / sizeof rules[0] };

const struct term opening_mode_terms[OPENING_MODES] = {
        [OPENING_REFUSED] = { "refused", { "rechazada", "refused" } },
        [OPENING_READ_ONLY] = { "read-only", { "solo lectura", "read only" } },
        [OPENING_READ_WRITE] = { "read-write", { "lectura y escritura", "read and write" } },
};

const struct term opening_end_terms[OPENING_ENDS] = {
        [END_LOCK] = { "lock", { "cerrado por una persona", "closed by a person" } },
        [END_IDLE] = { "idle", { "sin uso", "not used" } },
        [END_REMOVED] = { "removed", { "soporte retirado", "medium removed" } },
        [END_VERDICT] = { "verdict", { "dejó de ser admisible", "no longer admissible" } },
        [END_STOP] = { "stop", { "el servicio se detuvo", "the service stopped" } },
        [END_LOST] = { "lost", { "se encontró cerrado", "found closed" } },
};

const struct opening_limit_row opening_limits[OPENING_LIMITS] = {
        [OPENING_ALERT_ABOVE] = { 3,
                                  "C9",
                                  "mp.si (RD 311/2022)",
                                  { "aperturas fallidas de un soporte: alerta por encima",
                                    "failed openings of a medium: alert above" } },
        [OPENING_CRITICAL_ABOVE] = { 5,
                                     "C9",
                                     "mp.si (RD 311/2022)",
                                     { "aperturas fallidas de un soporte: crítico por encima",
                                       "failed openings of a medium: critical above" } },
        [OPENING_ATTEMPTS_HOURS] = { 24,
                                     "C9",
                                     "op.acc.6 (RD 311/2022)",
                                     { "horas que cuenta una apertura fallida",
                                       "hours that a failed opening counts" } },
        [OPENING_IDLE_SECONDS] = { 30 * 60,
                                   "C9",
                                   "op.acc.6 (RD 311/2022)",
                                   { "segundos sin uso hasta que se cierra",
                                     "seconds without use until it closes" } },
};

/* --- who ------------------------------------------------------------------------------------------------------ */

/* What a verdict of the gate leaves of an opening: whoever may only read a medium reads it through its mapping. */
static const struct {
        const char *rule;
        const char *source;
} readable[] = {
        { "C2", "an old header is good for reading (acceptance table, rows 1 and 11)" },
        { "C5", "a rotation that is overdue leaves reading" },
        { "L1", "what has expired is read to be kept elsewhere or wiped" },
};

static bool on_loan(const struct opening_case *c) {
        return c->standing == GATE_ON_LOAN;
}
static const struct gate_answer *verdict_of(const struct opening_case *c) {
        /* What was let in by name is let in. */
        return on_loan(c) && c->gate.verdict != GATE_ACCEPT ? &c->but_loan : &c->gate;
}
static bool is_refused(const struct opening_case *c) {
        return c->gate.verdict == GATE_REFUSE || verdict_of(c)->verdict == GATE_REFUSE;
}
static bool is_not_ours(const struct opening_case *c) {
        return !c->ours;
}
static bool is_elsewhere(const struct opening_case *c) {
        return !on_loan(c) && c->standing != GATE_IN_CUSTODY;
}
static bool is_lent_to_another(const struct opening_case *c) {
        return on_loan(c) && (!*c->person || strcmp(c->holder, c->person) != 0);
}
static bool lacks_role_of_holder(const struct opening_case *c) {
        return on_loan(c) && !(c->roles & (ROLE_USER | ROLE_OPERATOR | ROLE_CUSTODIAN));
}
static bool lacks_role_in_custody(const struct opening_case *c) {
        return !on_loan(c) && !(c->roles & (ROLE_OPERATOR | ROLE_CUSTODIAN));
}
static bool is_kept_read_only(const struct opening_case *c) {
        return verdict_of(c)->verdict == GATE_READ_ONLY;
}
static bool is_not_even_readable(const struct opening_case *c) {
        if (!is_kept_read_only(c))
                return false;
        for (size_t i = 0; i < COUNT(readable); i++)
                if (strcmp(readable[i].rule, verdict_of(c)->rule) == 0)
                        return false;
        return true;
}

static const struct {
        bool (*applies)(const struct opening_case *);
        struct opening_answer answer; /* without a rule: the gate's own rule and reason */
} table[] = {
        { lacks_role_in_custody,
          { OPENING_REFUSED,
            "C9",
            { "está en custodia, y solo lo abren custodios y operadores",
              "it is in custody, and only custodians and operators open it" } } },
        { is_lent_to_another,
          { OPENING_REFUSED, "C9", { "está prestado a otra persona", "it is on loan to somebody else" } } },
        { lacks_role_of_holder,
          { OPENING_REFUSED,
            "C9",
            { "quien lo tiene prestado ya no es usuario, operador ni custodio",
              "who has it on loan is no user, operator or custodian any more" } } },
        { is_refused, { OPENING_REFUSED, NULL, { NULL, NULL } } },
        { is_not_ours,
          { OPENING_REFUSED,
            "C9",
            { "no está cifrado con una clave de este almacén", "it is not encrypted by a key of this store" } } },
        { is_not_even_readable, { OPENING_REFUSED, NULL, { NULL, NULL } } },
        { is_elsewhere,
          { OPENING_REFUSED,
            "C9",
            { "no consta ni en custodia ni prestado", "it is on record neither in custody nor on loan" } } },
        { is_kept_read_only, { OPENING_READ_ONLY, NULL, { NULL, NULL } } },
};

void opening_decide(const struct opening_case *facts, struct opening_answer *ret) {
        struct opening_answer answer = { OPENING_READ_WRITE, "", { "", "" } };

        for (size_t i = 0; i < COUNT(table); i++) {
                const struct gate_answer *gate = facts->gate.verdict == GATE_REFUSE ? &facts->gate
                                                                                    : verdict_of(facts);

                if (table[i].answer.mode >= answer.mode || !table[i].applies(facts))
                        continue;
                answer = table[i].answer;
                if (!answer.rule) {
                        answer.rule = gate->rule;
                        answer.why = gate->why;
                }
        }
        *ret = answer;
}

bool opening_may_close(const char *person, unsigned roles, const char *opener) {
        return strcmp(person, opener) == 0 || roles & (ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY);
}

bool opening_sees_all(unsigned roles) {
        return roles & (ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY | ROLE_AUDITOR);
}

/* --- numbers -------------------------------------------------------------------------------------------------- */

int64_t opening_fail(int64_t failed, int64_t failed_at, int64_t now, const char **ret_level) {
        int64_t span = opening_limits[OPENING_ATTEMPTS_HOURS].value * 3600 * SECOND;
        /* A clock that went back makes no attempt old. */
        int64_t count = now > failed_at + span ? 1 : failed + 1;

        *ret_level = count > opening_limits[OPENING_CRITICAL_ABOVE].value ? "critical"
                     : count > opening_limits[OPENING_ALERT_ABOVE].value  ? "alert"
                                                                          : "";
        return count;
}

int opening_idle(const char *text, int64_t *ret, struct error *err) {
        static const struct {
                const char *unit;
                int64_t seconds;
        } units[] = { { "", 60 }, { "s", 1 }, { "m", 60 }, { "h", 3600 } };
        char *end = NULL;
        long long n;

        *ret = opening_limits[OPENING_IDLE_SECONDS].value;
        if (!text)
                return 0;
        n = *text >= '0' && *text <= '9' && strlen(text) <= 7 ? strtoll(text, &end, 10) : -1;
        for (size_t i = 0; n >= 0 && i < COUNT(units); i++)
                if (strcmp(end, units[i].unit) == 0) {
                        *ret = n * units[i].seconds;
                        return 0;
                }
        return fail(err, ERR_USAGE, "[unlock] idle es un tiempo como 30m, 90s, 2h o 0, no «%.20s».",
                    "[unlock] idle is a time such as 30m, 90s, 2h or 0, not “%.20s”.", text);
}
