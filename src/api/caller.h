/* Who calls a verb, whether they may, and what is recorded of it (X1, X2, X4, A4, K2). What decides is in
 * policy/access.h. */
#pragma once

#include "act/act.h"
#include "registry/account.h"

struct caller {
        bool peer; /* known by the socket's credentials; else a name that a local store believes */
        bool known, able;
        enum category category; /* of the station's system */
        int64_t sure;           /* the latest time known: a clock that is set back revives no account */
        bool only_one;          /* the only security administrator */
        struct person person;
        struct account account;
};

void caller_done(struct caller *caller);

/* as: the person named (local store), or NULL: by act->os_user. Sets act's person and roles. ERR_DENIED by X1 for
 * one whom nobody registered. */
int caller_identify(struct caller *caller, struct act *act, const char *as, struct error *err);

/* X4, X1, A4. args: as they came. */
int caller_authorise(struct caller *caller, struct act *act, const struct verb *verb, const json_t *args,
                     struct error *err);

/* Records a refusal; needs a store that is open for writing. Through the socket what was denied counts as a failed
 * attempt, and what an account is denied that may not act at all is recorded a few times an hour. */
int caller_refused(struct caller *caller, struct act *act, const struct verb *verb, const json_t *args,
                   const struct error *why, struct error *err);

/* A4: what an auditor reads is recorded before they get it, and cut. Needs a store that is open for writing. */
int caller_audited(struct act *act, const struct verb *verb, const json_t *args, json_t *answer, struct error *err);

/* Whether an access of now is to be noted, or a right PIN that settles failed attempts. */
bool caller_has_news(const struct caller *caller, const struct act *act);
/* Records it; needs a store that is open for writing. */
int caller_noted(const struct caller *caller, struct act *act, struct error *err);
