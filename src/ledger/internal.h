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
        const struct event_type **types; /* sorted by name */
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
const struct event_type *event_type_find(const struct ledger *ledger, const char *name);
/* Where hashes of complete subtrees are kept: every 8th level. */
#define TILE_LEVEL(level) ((level) % 8 == 0)
