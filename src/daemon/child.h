/* mpsid's processes: forked, with just the descriptors that they are given, and watched until they end. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "base/error.h"

struct child;

struct child_kind {
        const char *name; /* shown as the process's title */
        /* In the child: `fd` talks with the guard, `extra` (or -1) is the one descriptor handed over. Its result is
         * the exit status; it never returns into the guard's loop. */
        int (*run)(void *context, int fd, int extra);
        /* In the guard. Both may be NULL. A message is one datagram; `passed` is a descriptor that came with it, or
         * -1, and belongs to the callee. */
        void (*message)(void *context, struct child *child, const void *data, size_t n, int passed);
        /* The process has ended, or will not: after `limit_ms` it was killed, and one that a dead disk keeps in the
         * kernel is left to itself. Called once; the child is gone afterwards. */
        void (*ended)(void *context, struct child *child, int status);
        /* The guard ends before the child does: what the context holds is released; the child goes on. NULL: it is
         * somebody else's. */
        void (*outlived)(void *context);
        uint64_t limit_ms; /* 0: none */
        size_t message_max;
};

/* `extra` is not closed here. The context must live until ended(). */
int child_start(sd_event *event, const struct child_kind *kind, void *context, int extra, struct child **ret,
                struct error *err);

/* Has one of the kind ready, so that nobody waits for its fork: it takes `context` along, and its run() has to wait
 * for its order with recv(). `keeper` is NULL again when it has ended. One that is ready already stays. */
int child_ready(sd_event *event, const struct child_kind *kind, void *context, struct child **keeper,
                struct error *err);
/* Gives the ready one its order: it is `context`'s from now on, as after child_start(), and its time begins. One
 * that does not take it is killed. */
int child_take(struct child **keeper, void *context, const void *order, size_t n, struct child **ret,
               struct error *err);

/* One datagram to the child, now or never: ERR_BUSY when it is behind. */
int child_send(struct child *child, const void *data, size_t n, struct error *err);

/* The same with a descriptor, for one that was sent nothing yet: nothing is in the way. */
int child_pass(struct child *child, const void *data, size_t n, int passed, struct error *err);

/* Asks it to end: it finds nothing more to receive from the guard, as when the guard dies. */
void child_stop(struct child *child);
pid_t child_pid(const struct child *child);
/* Forgets it without waiting: ended() is not called any more. */
void child_abandon(struct child *child);

/* At the guard's end: forgets all that are left, and lets them finish; a verdict that is being put into force is.
 */
void children_done(void);

/* For the child's side: one datagram, with a descriptor or -1. 0 or -errno. */
int child_answer(int fd, const void *data, size_t n, int passed);
