/* The ledger: append-only events, an RFC 6962 tree over them, checkpoints signed by the station. */
#pragma once

#include <openssl/types.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/digest.h"
#include "ledger/event.h"

struct ledger;

extern const struct schema ledger_schema;

struct ledger_options {
        struct db *db;
        const struct clock *clock;
        const char *station;
        EVP_PKEY *key;        /* the station's; NULL: read only. Borrowed */
        const char *witness;  /* path of the file that holds the newest checkpoint outside the database; NULL none */
        const struct event_type *const *types; /* NULL-terminated array of tables would hide sizes: see types_n */
        size_t types_n;
};

int ledger_open(const struct ledger_options *options, struct ledger **ret, struct error *err);
void ledger_close(struct ledger *ledger);
DEFINE_CLEANUP(struct ledger, ledger_close)

/* Appends, applies, signs and commits; nothing of it is kept on failure. In a dry run it rolls back at the end. */
int ledger_append(struct ledger *ledger, const char *actor, const char *os_user, const struct fact *facts, size_t n,
                  bool dry_run, struct error *err);
int64_t ledger_size(const struct ledger *ledger);

/* The newest checkpoint as text ("origin\nsize\nbase64 root\ntime\n\nbase64 signature\n"); the caller frees. */
int ledger_checkpoint(struct ledger *ledger, char **ret, struct error *err);

/* Proof that event `seq` is in the tree of the newest checkpoint: {checkpoint, seq, leaf, size, path: [hex...]},
 * everything that ledger_proof_verify needs besides the station's public key. */
int ledger_prove(struct ledger *ledger, int64_t seq, json_t **ret, struct error *err);
/* Offline. `event` is the event's canonical text (as in the proof's member "event"); `station_certificate` PEM. */
int ledger_proof_verify(const json_t *proof, const char *station_certificate, struct error *err);
