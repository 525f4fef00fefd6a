/* A process of its own for what may hang or crash: a vendor's module, a TPM's driver. Private to the room.
 *
 * The child holds the session; the parent sends one message at a time and waits for a limited time. One that does
 * not answer is killed, and its session is gone. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"
#include "keys/wrap.h"

struct isolate_message {
        int op, result, slot;
        size_t n;
        char algorithm[40], ref[48], commitment[65];
        struct error err;
        uint8_t bytes[WRAPPED_MAX];
};

/* In locked memory: bytes may be a secret. */
struct isolate_message *isolate_message_of(struct secret *room);
int isolate_message_new(int op, struct secret **ret, struct error *err);

struct isolated;
/* serve answers a message in place, in the child; its result goes into the message. context: as it is now. */
int isolate_start(void (*serve)(void *context, struct isolate_message *message), void *context,
                  struct isolated **ret, struct error *err);
/* *message is the request and then the answer. ERR_FAILED when none comes within `seconds`; else what serve said.
 */
int isolate_call(struct isolated *isolated, struct isolate_message *message, int seconds, struct error *err);
void isolate_end(struct isolated *isolated);
