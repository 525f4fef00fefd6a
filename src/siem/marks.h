/* Which places of the ledger stand where in a connection's stream of bytes, and when they were acknowledged.
 *
 * An acknowledgement is the peer's kernel's: what its program had not read yet is lost when it is killed. So what
 * was acknowledged in the last minutes of a connection, up to a volume that no receive buffer exceeds, is sent
 * again after a connection that broke; `base` is where that starts. A peer that breaks every connection gets the
 * same again and again: it may have kept nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "siem/cursor.h"

enum { MARKS_MAX = 4096 };
#define AGAIN_TIME ((uint64_t) 300 * 1000000)
#define AGAIN_BYTES ((size_t) 8 << 20)

struct mark {
        struct siem_place end;
        uint64_t offset; /* in the stream, after the last byte */
        size_t bytes;
        uint64_t acked_at; /* CLOCK_BOOTTIME, microseconds */
        bool anew;         /* the ledger was started again from its beginning before it */
};

struct marks {
        struct mark list[MARKS_MAX];
        size_t acked, n; /* the first `acked` are acknowledged */
        struct siem_place base, done;
};

/* False when no more fit until some are acknowledged. */
bool marks_add(struct marks *marks, const struct mark *mark);
/* Everything up to the offset is acknowledged. True when that is news. */
bool marks_acknowledge(struct marks *marks, uint64_t offset, uint64_t now);
static inline bool marks_in_flight(const struct marks *marks) {
        return marks->acked < marks->n;
}
/* The connection is over; gives from where the next one goes on. */
struct siem_place marks_break(struct marks *marks, bool orderly, uint64_t now);
