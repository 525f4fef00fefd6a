/* The process that knows the registry: it turns facts into verdicts, records them, and judges again when the
 * registry changes. It runs as the store's account and never touches a device. */
#pragma once

#include "daemon/probe.h"
#include "gate/opening.h"

enum judge_asks { JUDGE_DEVICE = 1, JUDGE_REMOVED, JUDGE_CLOSED, JUDGE_JOB };

/* What is on record of wipes of the medium on a device. */
enum job_standing {
        JOB_NONE,
        JOB_BEFORE, /* there were some */
        JOB_HERE,   /* one runs, on this very insertion, and whoever asks has started or resumed it */
        JOB_STANDINGS
};

struct judge_request {
        enum judge_asks asks;
        char name[64];        /* of JUDGE_REMOVED: its kernel name; of JUDGE_CLOSED: the medium's ID */
        enum opening_end why; /* of JUDGE_CLOSED */
        uint64_t worker;      /* of JUDGE_JOB, who asks: the account of its client, or the medium of its job */
        uid_t uid;
        char medium[MEDIUM_ID_TEXT];
        struct device_facts facts; /* from outside, by the guard's own probe before it read anything */
        bool silent;               /* the probe got no answer: there is no content */
        struct probe_content content;
};

struct judge_reply {
        int error; /* 0, or why there is no verdict: it stays closed, and is asked again later */
        char name[64], insertion[DEVICE_FIELD];
        enum gate_verdict verdict;
        bool asked;                     /* it follows a look at the device; else the registry has changed */
        bool recorded;                  /* it is news */
        bool unfinished;                /* a wipe or a rotation of this medium was cut off */
        bool locked;                    /* and it can't go on until somebody unlocks the vault */
        enum opening_standing standing; /* of what is open there */
        bool closed;                    /* in answer to JUDGE_CLOSED: `name` is the medium's */
        bool about_job;                 /* in answer to JUDGE_JOB */
        enum job_standing job;
        uint64_t worker;
        char medium[MEDIUM_ID_TEXT];
        char line[LANGS][3 * ERROR_TEXT_MAX]; /* for the journal */
};

struct judge_context {
        const char *store;
        const struct account *account;
        enum lang lang;
        bool enforce;
        bool first; /* no worker of an earlier guard is left, and nothing of theirs is needed any more */
};

/* The process itself; gives its exit status when the guard is gone. */
int judge_run(const struct judge_context *context, int fd);

/* The same for the guard, which believes a reply no further than it has to. */
bool judge_reply_sane(const void *data, size_t n, struct judge_reply *ret);
