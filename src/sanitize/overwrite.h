/* An overwriting technique from any point to its end: passes, durable points, what was not reached. It knows
 * neither registry nor ledger. */
#pragma once

#include "sanitize/engine.h"
#include "sanitize/sampling.h"
#include "sanitize/technique.h"

enum { SEED_SIZE = 32 };

struct overwrite {
        const struct technique *technique;
        uint8_t seed[SEED_SIZE]; /* every pass's key comes from it and the pass's number */
        int fd;
        int64_t size;
        size_t block;
        int64_t durable_every; /* microseconds */
        /* The durable point: passes before `pass` are done, and `offset` bytes of it but for `later`. */
        size_t pass;
        int64_t offset;
        struct areas later;      /* failed in this pass, and are tried again at its end */
        struct areas unwritten;  /* in any pass: what a later pass reached may have been remapped (S5) */
        struct areas unverified; /* unreadable, or not what was written */
        int64_t verified;        /* bytes compared by the last verifying pass */
        bool sampled;            /* the last verifying pass reads samples only (S4.1) */
        uint8_t sample_seed[SAMPLING_SEED];
        struct areas samples; /* what it read, once it did */
        void *context;
        /* A durable point was reached: keep it. May be NULL. */
        int (*save)(void *context, const struct overwrite *overwrite, struct error *err);
        /* `done` bytes of pass number `pass` are behind. Not 0 stops. May be NULL. */
        int (*progress)(void *context, const struct overwrite *overwrite, int64_t done, struct error *err);
};

/* 0 when all passes ran; whether they reached everything is in unwritten and unverified. */
int overwrite_run(struct overwrite *overwrite, struct error *err);
/* Compares the whole medium with what the technique's last writing pass left. */
int overwrite_verify(struct overwrite *overwrite, struct error *err);
void overwrite_done(struct overwrite *overwrite);
#define _cleanup_overwrite_ _cleanup_(overwrite_done)

/* What pass number `pass` writes, or what a verifying one expects. */
int overwrite_pattern(const struct technique *technique, const uint8_t seed[SEED_SIZE], size_t pass,
                      struct pattern *ret, struct error *err);
/* Bytes that a technique moves on a medium of this size: written and read. */
int64_t overwrite_work(const struct technique *technique, int64_t size);
