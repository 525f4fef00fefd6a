#include "ledger/tree.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct hasher {
        EVP_MD *md; /* fetched once: an implicit fetch costs more than the hash itself */
        EVP_MD_CTX *context;
};

int hasher_new(struct hasher **ret, struct error *err) {
        struct hasher *hasher = calloc(1, sizeof *hasher);

        if (!hasher)
                return fail_memory(err);
        hasher->md = EVP_MD_fetch(NULL, "SHA256", NULL);
        hasher->context = EVP_MD_CTX_new();
        if (!hasher->md || !hasher->context) {
                hasher_free(hasher);
                return fail_memory(err);
        }
        *ret = hasher;
        return 0;
}

void hasher_free(struct hasher *hasher) {
        if (!hasher)
                return;
        EVP_MD_CTX_free(hasher->context);
        EVP_MD_free(hasher->md);
        free(hasher);
}

static int hash_two(struct hasher *hasher, uint8_t prefix, const void *a, size_t an, const void *b, size_t bn,
                    uint8_t out[SHA256_SIZE]) {
        if (EVP_DigestInit_ex2(hasher->context, hasher->md, NULL) != 1 ||
            EVP_DigestUpdate(hasher->context, &prefix, 1) != 1 || EVP_DigestUpdate(hasher->context, a, an) != 1 ||
            (bn && EVP_DigestUpdate(hasher->context, b, bn) != 1) ||
            EVP_DigestFinal_ex(hasher->context, out, NULL) != 1)
                return ERR_FAILED;
        return 0;
}

int hash_leaf(struct hasher *hasher, const void *data, size_t n, uint8_t out[SHA256_SIZE]) {
        return hash_two(hasher, 0x00, data, n, NULL, 0, out);
}

int hash_node(struct hasher *hasher, const uint8_t left[SHA256_SIZE], const uint8_t right[SHA256_SIZE],
              uint8_t out[SHA256_SIZE]) {
        return hash_two(hasher, 0x01, left, SHA256_SIZE, right, SHA256_SIZE, out);
}

int tree_add(struct tree *tree, struct hasher *hasher, const uint8_t leaf[SHA256_SIZE],
             int (*closed)(void *context, int level, uint64_t index, const uint8_t hash[SHA256_SIZE]),
             void *context) {
        uint8_t hash[SHA256_SIZE];
        int level = 0, r;

        memcpy(hash, leaf, sizeof hash);
        for (; tree->size >> level & 1; level++) {
                r = hash_node(hasher, tree->node[level], hash, hash);
                if (r == 0 && closed)
                        r = closed(context, level + 1, tree->size >> (level + 1), hash);
                if (r < 0)
                        return r;
        }
        memcpy(tree->node[level], hash, sizeof hash);
        tree->size++;
        return 0;
}

int tree_root(const struct tree *tree, struct hasher *hasher, uint8_t out[SHA256_SIZE]) {
        uint8_t hash[SHA256_SIZE];
        int level = 0, r;

        if (tree->size == 0)
                return sha256("", 0, out);
        while (!(tree->size >> level & 1))
                level++;
        memcpy(hash, tree->node[level], sizeof hash);
        for (level++; tree->size >> level; level++)
                if (tree->size >> level & 1) {
                        r = hash_node(hasher, tree->node[level], hash, hash);
                        if (r < 0)
                                return r;
                }
        memcpy(out, hash, sizeof hash);
        return 0;
}

int tree_check_inclusion(struct hasher *hasher, const uint8_t leaf[SHA256_SIZE], uint64_t index, uint64_t size,
                         const uint8_t (*path)[SHA256_SIZE], size_t path_n, const uint8_t root[SHA256_SIZE]) {
        uint64_t fn = index, sn = size - 1;
        uint8_t hash[SHA256_SIZE];

        if (size == 0 || index >= size)
                return ERR_VERIFY;
        memcpy(hash, leaf, sizeof hash);
        for (size_t i = 0; i < path_n; i++) {
                int r;

                if (sn == 0)
                        return ERR_VERIFY;
                if (fn & 1 || fn == sn) {
                        r = hash_node(hasher, path[i], hash, hash);
                        while (!(fn & 1) && fn) {
                                fn >>= 1;
                                sn >>= 1;
                        }
                } else {
                        r = hash_node(hasher, hash, path[i], hash);
                }
                if (r < 0)
                        return r;
                fn >>= 1;
                sn >>= 1;
        }
        return sn == 0 && memcmp(hash, root, sizeof hash) == 0 ? 0 : ERR_VERIFY;
}

/* One step of RFC 9162, 2.1.4.2. */
static int consistency_step(struct hasher *hasher, const uint8_t c[SHA256_SIZE], uint64_t *fn, uint64_t *sn,
                            uint8_t fr[SHA256_SIZE], uint8_t sr[SHA256_SIZE]) {
        int r;

        if (*sn == 0)
                return ERR_VERIFY;
        if (*fn & 1 || *fn == *sn) {
                r = hash_node(hasher, c, fr, fr);
                if (r == 0)
                        r = hash_node(hasher, c, sr, sr);
                while (!(*fn & 1) && *fn) {
                        *fn >>= 1;
                        *sn >>= 1;
                }
        } else {
                r = hash_node(hasher, sr, c, sr);
        }
        *fn >>= 1;
        *sn >>= 1;
        return r;
}

int tree_check_consistency(struct hasher *hasher, uint64_t old_size, const uint8_t old_root[SHA256_SIZE],
                           uint64_t size, const uint8_t root[SHA256_SIZE], const uint8_t (*path)[SHA256_SIZE],
                           size_t path_n) {
        uint64_t fn = old_size - 1, sn = size - 1;
        uint8_t fr[SHA256_SIZE], sr[SHA256_SIZE];
        size_t at = 0;

        if (old_size == 0 || old_size > size)
                return ERR_VERIFY;
        if (old_size == size)
                return path_n == 0 && memcmp(old_root, root, SHA256_SIZE) == 0 ? 0 : ERR_VERIFY;
        while (fn & 1) {
                fn >>= 1;
                sn >>= 1;
        }
        /* A power of two: the old root itself begins the path. */
        if (fn == 0) {
                memcpy(fr, old_root, sizeof fr);
        } else {
                if (path_n == 0)
                        return ERR_VERIFY;
                memcpy(fr, path[at++], sizeof fr);
        }
        memcpy(sr, fr, sizeof sr);
        for (; at < path_n; at++) {
                int r = consistency_step(hasher, path[at], &fn, &sn, fr, sr);

                if (r < 0)
                        return r;
        }
        return sn == 0 && memcmp(fr, old_root, sizeof fr) == 0 && memcmp(sr, root, sizeof sr) == 0 ? 0 : ERR_VERIFY;
}
