/* Who may open an encrypted medium, and for what (C9). Pure verdicts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/gate.h"
#include "policy/rule.h"
#include "policy/terms.h"

enum opening_mode { OPENING_REFUSED, OPENING_READ_ONLY, OPENING_READ_WRITE, OPENING_MODES };
extern const struct term opening_mode_terms[OPENING_MODES];

struct opening_case {
        const char *person; /* who asks */
        unsigned roles;     /* what they hold */
        bool ours;          /* LUKS2, by a key of this store's vault */
        enum gate_standing standing;
        const char *holder;          /* who has it on loan, or "" */
        struct gate_answer gate;     /* the gate's verdict on this insertion */
        struct gate_answer but_loan; /* the same were it not on loan: U3 keeps others off, not its holder */
};

struct opening_answer {
        enum opening_mode mode;
        const char *rule; /* what refuses it or keeps it to reading; "" for reading and writing */
        struct text why;
};

/* The strictest row that applies; of several equally strict ones the first. */
void opening_decide(const struct opening_case *facts, struct opening_answer *ret);

/* Whether that person may close what another one has opened. Everybody may close their own. */
bool opening_may_close(const char *person, unsigned roles, const char *opener);
/* Whether that person sees what others have opened. */
bool opening_sees_all(unsigned roles);

/* Why an opening ended. */
enum opening_end {
        END_LOCK,    /* asked for */
        END_IDLE,    /* nobody used it */
        END_REMOVED, /* the medium is gone */
        END_VERDICT, /* what let it be open holds no more */
        END_STOP,    /* the station's service ended */
        END_LOST,    /* found closed: the machine or the service ended without saying so */
        OPENING_ENDS
};
extern const struct term opening_end_terms[OPENING_ENDS];

/* The numbers, one row each, with where they come from. */
enum opening_limit {
        OPENING_ALERT_ABOVE, /* failed attempts on a medium */
        OPENING_CRITICAL_ABOVE,
        OPENING_ATTEMPTS_HOURS, /* an attempt counts on from those less than this long before it */
        OPENING_IDLE_SECONDS,   /* unless the station's configuration says otherwise */
        OPENING_LIMITS
};
struct opening_limit_row {
        int64_t value;
        const char *rule, *source;
        struct text what;
};
extern const struct opening_limit_row opening_limits[OPENING_LIMITS];

/* After `failed` attempts, the last of them at `failed_at`, one more at `now`: *ret_level is "", "alert" or
 * "critical". */
int64_t opening_fail(int64_t failed, int64_t failed_at, int64_t now, const char **ret_level);

/* "30" and "30m" are minutes, "90s" seconds, "2h" hours; "0": never. In seconds; ERR_USAGE for anything else, with
 * the default in *ret. */
int opening_idle(const char *text, int64_t *ret, struct error *err);
