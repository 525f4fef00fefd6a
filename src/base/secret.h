/* Secrets (C10): bytes in locked memory that is wiped on release, excluded from core dumps, and that no
 * function here can print. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct secret {
        uint8_t *data;
        size_t size;
};

/* Once at start of a process that may come to hold secrets: no core dumps, not dumpable. */
int secret_no_dumps(struct error *err);

/* The same and a locked arena, before any secret. ERR_FAILED when memory can't
 * be locked (C10 wants refusal rather than secrets in swap). */
int secret_arena_start(struct error *err);

/* Zeroed locked memory for size bytes (1 .. 64 KiB). */
int secret_new(size_t size, struct secret **ret, struct error *err);
int secret_copy(const void *data, size_t size, struct secret **ret, struct error *err);
/* size random bytes from the system's generator. */
int secret_random(size_t size, struct secret **ret, struct error *err);
/* One line from a descriptor, at most 1024 bytes, without its line break; read byte by byte so that nothing
 * stays in a stream buffer. */
int secret_read_line(int fd, struct secret **ret, struct error *err);
/* Wipes and releases; NULL is fine. */
void secret_free(struct secret *secret);

DEFINE_CLEANUP(struct secret, secret_free)
#define _cleanup_secret_ _cleanup_(secret_freep)
