/* The ledger: append-only events, an RFC 6962 tree over them, checkpoints signed by the station.
 *
 * What is hashed is the event's canonical text: one JSON object with the members actor, data, os_user, seq,
 * station, subject, time, type. A checkpoint's text is "mpsi/<station>\n<size>\n<root, base64>\n<time>\n"; its
 * signature is ECDSA over that text, as `openssl dgst -sha256 -verify` takes it. */
#pragma once

#include <openssl/types.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/digest.h"
#include "ledger/event.h"

struct ledger;

extern const struct schema ledger_schema;

/* A room's event types. */
struct event_table {
        const struct event_type *types;
        size_t n;
};

struct ledger_options {
        struct db *db;
        const struct clock *clock;
        const char *station;
        EVP_PKEY *key;        /* the station's private key; NULL: only reading. Borrowed */
        EVP_PKEY *public_key; /* the station's public key, to check what is there. Borrowed */
        const char *witness;  /* path of a file that holds the newest checkpoint outside the database, or NULL */
        const struct event_table *tables;
        size_t tables_n;
};

/* With a key, refuses (ERR_VERIFY) a ledger whose head is not what the station signed, or that is older than its
 * witness. */
int ledger_open(const struct ledger_options *options, struct ledger **ret, struct error *err);
void ledger_close(struct ledger *ledger);
DEFINE_CLEANUP(struct ledger, ledger_close)

/* Reads the head again, after another process may have written. */
int ledger_refresh(struct ledger *ledger, struct error *err);

/* Appends, applies, signs and commits; nothing of it is kept on failure. In a dry run it rolls back at the end. */
int ledger_append(struct ledger *ledger, const char *actor, const char *os_user, const struct fact *facts, size_t n,
                  bool dry_run, struct error *err);

/* What opening with a key checks, for a ledger that only reads: ERR_VERIFY when the head is not what the station
 * signed, or older than the witness. The events behind it are ledger_verify_events()'s to check. */
int ledger_check_head(struct ledger *ledger, struct error *err);

/* Number of events, as of the last append or refresh; a writer's ledger only. */
int64_t ledger_size(const struct ledger *ledger);

/* The canonical text of an event; the caller frees it. `data` is canonical JSON. */
int event_text(const struct event *event, const char *data, char **ret, size_t *ret_n, struct error *err);

/* The newest checkpoint with its signature as text: the signed text, an empty line, the signature in base64. */
int ledger_checkpoint(struct ledger *ledger, char **ret, struct error *err);

/* Proof that event `seq` is in the tree of the newest checkpoint: {checkpoint, event, index, path: [hex...]}. */
int ledger_prove(struct ledger *ledger, int64_t seq, json_t **ret, struct error *err);
/* Proof that the checkpoint of size `old_size` is a prefix of the newest: {old_size, checkpoint, path}. */
int ledger_prove_consistency(struct ledger *ledger, int64_t old_size, json_t **ret, struct error *err);

/* Whether an older checkpoint (text, as ledger_checkpoint writes it) is a prefix of this ledger: its signature, and
 * a consistency proof from it to the newest checkpoint. *ret_newer: how many events came since. ERR_VERIFY when the
 * ledger is shorter (rolled back) or another one. */
int ledger_contains(struct ledger *ledger, const char *older, int64_t *ret_newer, struct error *err);

/* Offline: the checkpoint's signature, and the path from the event to its root. ERR_VERIFY when any does not hold.
 */
int ledger_proof_verify(const json_t *proof, const char *station_certificate, struct error *err);

/* Checks a text as ledger_checkpoint writes it; gives size and root. ERR_VERIFY or ERR_USAGE. */
int ledger_checkpoint_verify(const char *text, EVP_PKEY *public_key, uint64_t *ret_size,
                             uint8_t ret_root[SHA256_SIZE], struct error *err);

struct ledger_report {
        int64_t events, checkpoints, signatures; /* how many were checked */
        json_t *problems; /* array of {kind, seq?, table?, key?, es, en}; empty when all holds. At most 1000 */
};
void ledger_report_done(struct ledger_report *report);

/* Recomputes every hash, root and signature from what is stored; `published` (may be NULL) is a checkpoint from
 * outside. Problems are named in the report; the return value is 0 even then. */
int ledger_verify_events(struct ledger *ledger, const char *published, struct ledger_report *ret,
                         struct error *err);
/* Replays all events into an empty database, compares the state tables and appends to the report what differs. */
int ledger_verify_state(struct ledger *ledger, const struct schema *const *schemas, size_t schemas_n,
                        struct ledger_report *report, struct error *err);
/* Replays likewise and gives the digests of the live state and of the replayed one: equal when byte-identical. */
int ledger_replay(struct ledger *ledger, const struct schema *const *schemas, size_t schemas_n,
                  char ret_live[SHA256_TEXT], char ret_replayed[SHA256_TEXT], struct error *err);

/* When an event was last recorded. ERR_NOT_FOUND without a message. */
int ledger_newest(struct db *db, int64_t *ret_time, struct error *err);

/* Events of one subject (NULL: all) from `after` on, newest last: calls `each` until it returns non-zero. */
int ledger_events(struct db *db, const char *subject, int64_t after, int64_t limit,
                  int (*each)(void *context, const struct event *event), void *context, struct error *err);

/* An event as it stands in the database, for who hands it on. */
struct ledger_entry {
        struct event event; /* without data */
        const char *data;   /* its canonical text */
        uint8_t hash[SHA256_SIZE];
        bool sound; /* the hash is that of the event's text */
};
/* Events after `after`, in their order: calls `each` until it returns non-zero. */
int ledger_entries(struct ledger *ledger, int64_t after, int64_t limit,
                   int (*each)(void *context, const struct ledger_entry *entry), void *context, struct error *err);
/* The number of the last event, 0 when there is none; for readers too. */
int ledger_end(struct db *db, int64_t *ret, struct error *err);
/* The stored hash of an event. ERR_NOT_FOUND (without a message) when there is no such event. */
int ledger_hash(struct db *db, int64_t seq, uint8_t ret[SHA256_SIZE], struct error *err);
