/* A store that is open for one person at a time: the way every program calls verbs. */
#pragma once

#include "act/act.h"
#include "api/verbs.h"

struct session;

struct session_options {
        const char *folder;  /* the store */
        const char *as;      /* the person acting (local store), or NULL: found by os_user */
        const char *os_user; /* NULL: the process's own */
        /* The groups of os_user by name, for roles that groups give. Borrowed until the session closes; peer only.
         */
        const char *const *os_groups;
        size_t os_groups_n;
        /* os_user and its groups are the socket's peer credentials: that account is who acts and nobody else (`as`
         * is an error), and failed attempts count. */
        bool peer;
        bool installs; /* the peer is the machine's administrator: makes a store where there is none, no more */
        enum lang lang;
        bool dry_run;
        bool resumes; /* a verb of this session goes on with what was cut off, and begins nothing anew */
        const struct clock *clock; /* NULL: the system's */
        const struct act_ui *ui;   /* may be NULL */
};

/* Opens nothing yet when there is no store: verbs that need none still work. */
int session_open(const struct session_options *options, struct session **ret, struct error *err);
void session_close(struct session *session);
DEFINE_CLEANUP(struct session, session_close)

/* Checks the arguments, authorises, runs, and records a refusal. ret_answer and ret_said (array of {es, en}) are
 * new references; ret_said may be set on failure too, and ret_answer when the error is ERR_VERIFY: the findings.
 * args: an object of texts, integers, booleans and arrays, as verbs' parameters say; texts are accepted for every
 * type, as typed on the command line. */
int session_call(struct session *session, const struct verb *verb, const json_t *args, json_t **ret_answer,
                 json_t **ret_said, struct error *err);

/* Whether the caller would get as far as the verb's own checks; who does not is refused on record. session_call()
 * does this itself: it is for what comes before the call. */
int session_admit(struct session *session, const struct verb *verb, const json_t *args, struct error *err);

/* The act of the call under way, for the edge that is asked something in the middle of it. */
const struct act *session_act_now(const struct session *session);

/* The act that a handler would be given, for programs that do more than call verbs (mpsid, benchmarks). Fails where
 * there is no store. Valid until the session closes. */
int session_act(struct session *session, struct act **ret, struct error *err);
