/* The places of a sample. docs/verification.md states the rule, so that anybody can write this again. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/verifier.h"

enum { SECTIONS = 1000, DRAWS = 2 * SECTIONS, PLACES_MOST = DRAWS + 2 };

/* 64-bit little-endian numbers of an AES-256-CTR key stream (counter from 0) under SHA-256 of a label of 16 bytes
 * and the seed. */
static int make_draws(const uint8_t seed[SEED_BYTES], uint8_t draws[8 * DRAWS], struct says *why) {
        uint8_t material[16 + SEED_BYTES] = "mpsi sampling", key[32];
        EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
        int n = 0;
        bool good;

        memcpy(material + 16, seed, SEED_BYTES);
        memset(draws, 0, 8 * (size_t) DRAWS);
        good = context && EVP_Digest(material, sizeof material, key, NULL, EVP_sha256(), NULL) == 1 &&
               EVP_EncryptInit_ex2(context, EVP_aes_256_ctr(), key, (const uint8_t[16]){ 0 }, NULL) == 1 &&
               EVP_EncryptUpdate(context, draws, &n, draws, 8 * DRAWS) == 1;
        EVP_CIPHER_CTX_free(context);
        return good ? 0 : say(why, EXIT_FAILED, "Falló AES.", "AES failed.");
}

static int64_t draw(const uint8_t *draws, int64_t i, int64_t choices) {
        uint64_t value = 0;

        for (int byte = 7; byte >= 0; byte--)
                value = value << 8 | draws[8 * i + byte];
        return (int64_t) (value % (uint64_t) choices);
}

struct plan {
        struct place *places;
        size_t n;
        int64_t size, block;
};

/* In rising order; what touches or overlaps the one before is joined with it. */
static void add(struct plan *plan, int64_t first, int64_t blocks) {
        int64_t start = first * plan->block, end = (first + blocks) * plan->block;
        struct place *last = plan->n ? &plan->places[plan->n - 1] : NULL;

        end = end < plan->size ? end : plan->size;
        if (last && start <= last->start + last->length) {
                if (end > last->start + last->length)
                        last->length = end - last->start;
                return;
        }
        plan->places[plan->n++] = (struct place){ start, end - start };
}

static void add_section(struct plan *plan, const uint8_t *draws, int64_t section, int64_t total) {
        int64_t from = total * section / SECTIONS, length = total * (section + 1) / SECTIONS - from;
        int64_t sample = (length + 19) / 20, free_blocks = length - 2 * sample;
        int64_t a = draw(draws, 2 * section, free_blocks + 1), b = draw(draws, 2 * section + 1, free_blocks + 1);

        add(plan, from + (a < b ? a : b), sample);
        add(plan, from + (a < b ? b : a) + sample, sample);
}

int sample_places(int64_t size, int64_t block, const uint8_t seed[SEED_BYTES], struct place **ret, size_t *ret_n,
                  struct says *why) {
        struct plan plan = { .places = calloc(PLACES_MOST, sizeof *plan.places), .size = size, .block = block };
        uint8_t *draws = malloc(8 * (size_t) DRAWS);
        int64_t total = (size + block - 1) / block;
        int r = plan.places && draws ? make_draws(seed, draws, why)
                                     : say(why, EXIT_FAILED, "Sin memoria.", "Out of memory.");

        if (r == 0 && total < DRAWS) {
                plan.places[plan.n++] = (struct place){ 0, size };
        } else if (r == 0) {
                add(&plan, 0, 1);
                for (int64_t section = 0; section < SECTIONS; section++)
                        add_section(&plan, draws, section, total);
                add(&plan, total - 1, 1);
        }
        free(draws);
        if (r) {
                free(plan.places);
                return r;
        }
        *ret = plan.places;
        *ret_n = plan.n;
        return 0;
}
