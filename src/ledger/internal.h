/* Between the files of the ledger only. */
#pragma once

#include "ledger/ledger.h"
#include "ledger/tree.h"

struct ledger {
        struct db *db;
        const struct clock *clock;
        char *station, *witness;
        EVP_PKEY *key, *public_key;
        struct hasher *hasher;
        struct tree tree;
        const struct event_type **types; /* sorted by name; those of one name in the order of the tables */
        size_t types_n;
};

enum { CHECKPOINT_BODY = 256 };
/* The text that is signed. */
void checkpoint_body(const char *station, uint64_t size, const uint8_t root[SHA256_SIZE], int64_t time,
                     char out[CHECKPOINT_BODY]);
int ledger_checkpoint_sign(EVP_PKEY *key, const char *body, uint8_t **ret, size_t *ret_n, struct error *err);
int ledger_checkpoint_check(EVP_PKEY *key, const char *body, const uint8_t *signature, size_t n);
char *checkpoint_text(const char *body, const void *signature, size_t n);

/* The hash of the complete subtree at (level, index). */
int stored_node(struct ledger *ledger, int level, uint64_t index, uint8_t out[SHA256_SIZE], struct error *err);
/* Applies the event with every row of its type: first the room's whose fact it is, then those that follow it.
 * ERR_CONFLICT for a type that no room knows. */
int event_apply(const struct ledger *ledger, struct db *db, const struct event *event, struct error *err);
/* Where hashes of complete subtrees are kept: every 8th level. */
#define TILE_LEVEL(level) ((level) % 8 == 0)
