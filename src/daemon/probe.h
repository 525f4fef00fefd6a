/* One look at one device, by a process that gives up its privileges before it reads the first byte. */
#pragma once

#include "daemon/child.h"
#include "daemon/privileges.h"
#include "device/facts.h"
#include "encrypt/luks.h"

enum { PROBE_TOKEN_MAX = 16 << 10, PROBE_SECONDS = 15 };

/* What the probe is told. */
struct probe_order {
        const char *path, *store;
        const struct account *account;
        char insertion[DEVICE_FIELD]; /* the insertion that was looked at last, or "" */
        bool enforce;                 /* close what is new */
        bool named; /* the operator named it: it is judged though no rule of udev put it in scope */
};

enum probe_part { PROBE_OUTSIDE = 1, PROBE_CONTENT };

/* First message: said before the device is opened. */
struct probe_outside {
        enum probe_part part;
        bool there;     /* it exists; else nothing below is set */
        bool concerned; /* the gate has a say */
        bool closed;    /* it was new, and is read-only now */
        bool failed;    /* it was to be closed, and could not be */
        bool empty;     /* a fixed disk without a size: it is at a SANITIZE, or ill. It is to be looked at again */
        struct device_facts facts;
};

/* Second message, from the confined process: flat, so that whoever takes it has nothing to parse. */
struct probe_content {
        enum probe_part part;
        bool unreadable;
        struct device_facts facts;
        struct luks_facts header; /* its token is NULL: the text is here */
        size_t token_n;
        char token[PROBE_TOKEN_MAX];
};

/* The process itself; gives its exit status. */
int probe_run(const struct probe_order *order, int fd);

/* Adds what the medium holds to what was known from outside: a probe that a medium has taken over can lie about
 * content, never about which device it is. */
void probe_merge(const struct probe_content *content, struct device_facts *facts);

/* Where the zeros begin in which such structures end: five hundred media are kept in a tenth of the memory. */
size_t probe_used(const void *data, size_t n);

/* Makes what came from a probe safe to use whatever it is: texts end, numbers are in their ranges, counts fit.
 * False when it is no such message. */
bool probe_content_sane(const void *data, size_t n, struct probe_content *ret);
