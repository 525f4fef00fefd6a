/* What an overwriting pass leaves on the medium, and a generator that yields it again at any offset. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

enum { PATTERN_KEY = 32 };

/* A constant byte, or an AES-256-CTR key stream whose counter is the offset in blocks of 16 bytes: incompressible,
 * so that no controller stores it in less space than was written, and repeatable for the read-back. */
struct pattern {
        bool stream;
        bool complement;          /* of the stream: every bit of it inverted */
        uint8_t byte;             /* when not a stream */
        uint8_t key[PATTERN_KEY]; /* when a stream */
};

struct generator;

int generator_new(const struct pattern *pattern, struct generator **ret, struct error *err);
/* The n bytes of the pattern at `offset`, a multiple of 16. 0 or ERR_FAILED. */
int generator_fill(struct generator *generator, int64_t offset, uint8_t *out, size_t n);
void generator_free(struct generator *generator);
DEFINE_CLEANUP(struct generator, generator_free)
