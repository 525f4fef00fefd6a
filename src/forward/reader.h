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

/* Opens the store when it is not; store.station is there from then on. */
int reader_open(struct reader *reader, struct error *err);
void reader_close(struct reader *reader);

/* Hands on at most a batch of what comes after *place: events, then the newest signed checkpoint when it is not the
 * one of *place. Where the ledger is not the one in which *place was taken, a critical record says so and the
 * whole ledger follows from its start. `station` is the place's ("": none yet). A negative answer of each() ends it
 * and is given; *place is moved only on success. *ret_n is how many records, *ret_more whether there are more. */
int reader_read(struct reader *reader, const char *station, struct siem_place *place,
                int (*each)(void *context, const struct siem_record *record), void *context, size_t *ret_n,
                bool *ret_more, struct error *err);

/* The record that says why everything is sent again. */
void reader_resent(struct reader *reader, struct siem_record *ret);
