#include "keys/isolate.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct isolated {
        pid_t pid;
        int fd; /* -1: the child is gone */
};

struct isolate_message *isolate_message_of(struct secret *room) {
        return (struct isolate_message *) (void *) room->data;
}

int isolate_message_new(int op, struct secret **ret, struct error *err) {
        int r = secret_new(sizeof(struct isolate_message), ret, err);

        if (r == 0)
                isolate_message_of(*ret)->op = op;
        return r;
}

/* Nothing of the parent's but memory and this socket; gone with the parent. */
static void child(int fd, void (*serve)(void *, struct isolate_message *), void *context) {
        struct secret *room = NULL;

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) signal(SIGINT, SIG_IGN); /* a person's Ctrl-C is the parent's to answer */
        if (dup2(fd, 3) < 0 || close_range(4, ~0u, 0) < 0)
                _exit(1);
        (void) mlockall(MCL_CURRENT); /* the arena's locks are not inherited; where the limit is low it may fail */
        if (isolate_message_new(0, &room, NULL) < 0)
                _exit(1);
        for (;;) {
                struct isolate_message *message = isolate_message_of(room);
                ssize_t n;

                do
                        n = recv(3, message, sizeof *message, 0);
                while (n < 0 && errno == EINTR);
                if (n != (ssize_t) sizeof *message)
                        break;
                serve(context, message);
                if (send(3, message, sizeof *message, MSG_NOSIGNAL) != (ssize_t) sizeof *message)
                        break;
        }
        secret_free(room);
        _exit(0);
}

int isolate_start(void (*serve)(void *context, struct isolate_message *message), void *context,
                  struct isolated **ret, struct error *err) {
        struct isolated *isolated = calloc(1, sizeof *isolated);
        int pair[2];

        if (!isolated)
                return fail_memory(err);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
                free(isolated);
                return fail_errno(err, errno, "No se puede crear un proceso aparte",
                                  "No process apart can be made");
        }
        isolated->pid = fork();
        if (isolated->pid == 0)
                child(pair[1], serve, context);
        (void) close(pair[1]);
        if (isolated->pid < 0) {
                int no = errno;

                (void) close(pair[0]);
                free(isolated);
                return fail_errno(err, no, "No se puede crear un proceso aparte", "No process apart can be made");
        }
        isolated->fd = pair[0];
        *ret = isolated;
        return 0;
}

static void stop(struct isolated *isolated) {
        if (isolated->fd < 0)
                return;
        close_fd(&isolated->fd);
        (void) kill(isolated->pid, SIGKILL);
        while (waitpid(isolated->pid, NULL, 0) < 0 && errno == EINTR)
                ;
}

int isolate_call(struct isolated *isolated, struct isolate_message *message, int seconds, struct error *err) {
        struct pollfd ready = { .fd = isolated->fd, .events = POLLIN };
        int n = -1;

        if (isolated->fd < 0)
                return fail(err, ERR_FAILED, "El módulo de claves ya no está.", "The key module is gone.");
        if (send(isolated->fd, message, sizeof *message, MSG_NOSIGNAL) == (ssize_t) sizeof *message)
                do
                        n = poll(&ready, 1, seconds * 1000);
                while (n < 0 && errno == EINTR);
        if (n == 0) {
                stop(isolated);
                (void) fail(err, ERR_FAILED, "El módulo de claves no contesta en %d s: se abandona.",
                            "The key module has not answered for %d s: it is given up.", seconds);
                return hint(err, "Revise el HSM o el TPM y repita; nada se ha perdido.",
                            "Look at the HSM or TPM and repeat; nothing is lost.");
        }
        if (n < 0 || recv(isolated->fd, message, sizeof *message, 0) != (ssize_t) sizeof *message) {
                stop(isolated);
                return fail(err, ERR_FAILED, "El módulo de claves ha fallado y se ha cerrado.",
                            "The key module failed and was closed.");
        }
        if (message->result < 0 && err)
                *err = message->err;
        if (message->n > sizeof message->bytes)
                message->n = 0;
        return message->result;
}

void isolate_end(struct isolated *isolated) {
        if (!isolated)
                return;
        stop(isolated);
        free(isolated);
}
