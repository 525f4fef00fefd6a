/* The ledger as a queue: what comes after a place in it, as records. The store is only read, in short transactions,
 * so that nothing of the station waits for a slow receiver. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "api/store.h"
#include "siem/cursor.h"
#include "siem/message.h"

struct reader {
        const char *folder; /* the store */
        struct store store; /* closed while store.db is NULL */
        bool bare;          /* the WAL was empty when it was opened */
        struct stat file;
};

struct reading {
        size_t n;  /* records handed on */
        bool more; /* there are more */
        bool anew; /* the ledger was started again from its beginning */
};

/* Opens the store when it is not; store.station is there from then on. */
int reader_open(struct reader *reader, struct error *err);
void reader_close(struct reader *reader);

/* Hands on at most a batch of what comes after *place: events, then the newest signed checkpoint when it is not the
 * one of *place. Where the ledger is not the one in which *place was taken, a critical record says so and the
 * whole ledger follows from its start. `known` is the furthest place that ever was acknowledged, and may be beyond
 * *place; `station` is whose ledger that was ("": none yet). A negative answer of each() ends it
 * and is given; *place is moved only on success. */
int reader_read(struct reader *reader, const char *station, const struct siem_place *known,
                struct siem_place *place, int (*each)(void *context, const struct siem_record *record),
                void *context, struct reading *ret, struct error *err);

/* The record that says why everything is sent again. */
void reader_resent(struct reader *reader, struct siem_record *ret);
