/* The process of one client: it reads requests from the socket and runs verbs, as the store's account. Also the
 * process of a job that goes on without a client, after a restart or when its medium is plugged in again. */
#pragma once

#include <sys/socket.h>

#include "daemon/child.h"
#include "daemon/privileges.h"
#include "device/facts.h"
#include "registry/medium.h"

struct worker_context {
        const char *store;
        const struct account *account;
        enum lang lang;
        struct ucred peer; /* of a client */
        /* Of a job: the medium whose wipe is resumed, and where it is. */
        char medium[MEDIUM_ID_TEXT], device[DEVICE_FIELD];
};

/* What a worker asks of the guard, and its answer: 0, or a negative error code. */
struct worker_asks {
        char path[DEVICE_FIELD];
        int read_only;
};
struct worker_told {
        int result;
        char what[LANGS][ERROR_TEXT_MAX], hint[LANGS][ERROR_TEXT_MAX];
};

/* The processes themselves, with the guard at `guard`: one serves the client at `client`, or, when that is -1, the
 * one that the guard hands over when somebody comes; the other goes on with a job. Both give their exit status. */
int worker_run(const struct worker_context *context, int guard, int client);
int worker_resume(const struct worker_context *context, int guard);
