/* The Merkle tree of RFC 6962 (section 2.1): SHA-256, prefix 0x00 for leaves and 0x01 for nodes. Only its
 * frontier is held: an append is O(log n), the root too. */
#pragma once

#include <openssl/types.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"

enum { TREE_LEVELS = 63 };

struct hasher;
/* One reusable digest context. */
int hasher_new(struct hasher **ret, struct error *err);
void hasher_free(struct hasher *hasher);

int hash_leaf(struct hasher *hasher, const void *data, size_t n, uint8_t out[SHA256_SIZE]);
int hash_node(struct hasher *hasher, const uint8_t left[SHA256_SIZE], const uint8_t right[SHA256_SIZE],
              uint8_t out[SHA256_SIZE]);

struct tree {
        uint64_t size;
        uint8_t node[TREE_LEVELS][SHA256_SIZE]; /* node[k] counts where bit k of size is set */
};

/* Adds a leaf's hash. Each complete subtree that this closes is told to `closed` (may be NULL): its level (1 ..),
 * its index on that level and its hash. */
int tree_add(struct tree *tree, struct hasher *hasher, const uint8_t leaf[SHA256_SIZE],
             int (*closed)(void *context, int level, uint64_t index, const uint8_t hash[SHA256_SIZE]),
             void *context);

/* The root; of the empty tree it is SHA-256 of nothing. */
int tree_root(const struct tree *tree, struct hasher *hasher, uint8_t out[SHA256_SIZE]);

/* RFC 9162, 2.1.3.2: whether `path` leads from the leaf at `index` to `root` in a tree of `size`. 0 or ERR_VERIFY.
 */
int tree_check_inclusion(struct hasher *hasher, const uint8_t leaf[SHA256_SIZE], uint64_t index, uint64_t size,
                         const uint8_t (*path)[SHA256_SIZE], size_t path_n, const uint8_t root[SHA256_SIZE]);
/* RFC 9162, 2.1.4.2: whether the tree of `old_size` is a prefix of the one of `size`. 0 or ERR_VERIFY. */
int tree_check_consistency(struct hasher *hasher, uint64_t old_size, const uint8_t old_root[SHA256_SIZE],
                           uint64_t size, const uint8_t root[SHA256_SIZE], const uint8_t (*path)[SHA256_SIZE],
                           size_t path_n);
