#include "daemon/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Where a child finds its descriptors; all others are closed. */
enum { CHILD_FD = 3, CHILD_EXTRA = 4, CHILD_FREE = 5, BUFFER = 512 << 10 };

struct child {
        struct child *next, *before;
        const struct child_kind *kind;
        void *context;
        struct child **keeper; /* while it waits for its order; else NULL */
        pid_t pid;
        int fd;
        sd_event_source *exit, *io, *limit;
        uint8_t *buffer;
};

static struct child *children; /* all that live */

static void remember(struct child *child) {
        child->next = children;
        if (children)
                children->before = child;
        children = child;
}

static void forget(struct child *child) {
        if (child->before)
                child->before->next = child->next;
        else if (children == child)
                children = child->next;
        if (child->next)
                child->next->before = child->before;
}

static void child_free(struct child *child) {
        if (child->keeper)
                *child->keeper = NULL;
        forget(child);
        sd_event_source_disable_unref(child->exit);
        sd_event_source_disable_unref(child->io);
        sd_event_source_disable_unref(child->limit);
        close_fd(&child->fd);
        free(child->buffer);
        free(child);
}

/* All but the two. First of all, since a guard without a free descriptor leaves its child none to move them with.
 */
static void keep_only(int fd, int extra) {
        unsigned int low = (unsigned int) (extra >= 0 && extra < fd ? extra : fd);
        unsigned int high = (unsigned int) (extra > fd ? extra : fd);

        if (low > CHILD_FD)
                (void) close_range(CHILD_FD, low - 1, 0);
        if (high > low + 1)
                (void) close_range(low + 1, high - 1, 0);
        (void) close_range(high + 1, ~0U, 0);
}

/* A free descriptor outside the range that the child will use, so that neither dup2 below overwrites the other. */
static int move_away(int fd) {
        return fd < 0 ? -1 : fcntl(fd, F_DUPFD, CHILD_FREE);
}

_Noreturn static void be_child(const struct child_kind *kind, void *context, int fd, int extra) {
        sigset_t none;

        keep_only(fd, extra);
        fd = move_away(fd);
        extra = move_away(extra);
        if (dup2(fd, CHILD_FD) < 0 || (extra >= 0 && dup2(extra, CHILD_EXTRA) < 0))
                _exit(1);
        (void) close_range(extra >= 0 ? CHILD_FREE : CHILD_EXTRA, ~0U, 0);
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
        (void) prctl(PR_SET_NAME, kind->name, 0, 0, 0);
        _exit(kind->run(context, CHILD_FD, extra >= 0 ? CHILD_EXTRA : -1));
}

/* --- the guard's side ----------------------------------------------------------------------------------------- */

static void drain(struct child *child) {
        for (;;) {
                union {
                        struct cmsghdr header;
                        char bytes[CMSG_SPACE(sizeof(int))];
                } control = { 0 };
                struct iovec part = { .iov_base = child->buffer, .iov_len = child->kind->message_max };
                struct msghdr message = {
                        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
                };
                ssize_t n = recvmsg(child->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
                struct cmsghdr *header;
                int passed = -1;

                if (n <= 0) {
                        /* The other end is closed: its exit is what matters. */
                        if (n == 0 || (errno != EAGAIN && errno != EINTR))
                                (void) sd_event_source_set_enabled(child->io, SD_EVENT_OFF);
                        if (n < 0 && errno == EINTR)
                                continue;
                        return;
                }
                header = CMSG_FIRSTHDR(&message);
                if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
                        memcpy(&passed, CMSG_DATA(header), sizeof passed);
                if (child->kind->message && !child->keeper && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
                        child->kind->message(child->context, child, child->buffer, (size_t) n, passed);
                else
                        close_fd(&passed);
        }
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void) source, (void) fd, (void) events;
        drain(userdata);
        return 0;
}

static void end(struct child *child, int status) {
        const struct child_kind *kind = child->kind;

        if (kind->ended && !child->keeper)
                kind->ended(child->context, child, status);
        child_free(child);
}

static int on_exit_of(sd_event_source *source, const siginfo_t *info, void *userdata) {
        (void) source;
        /* What it said last comes before its end. */
        drain(userdata);
        end(userdata, info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status);
        return 0;
}

static int on_late_exit(sd_event_source *source, const siginfo_t *info, void *userdata) {
        (void) source, (void) info, (void) userdata; /* sd-event has collected it */
        return 0;
}

/* Killed and forgotten; the kernel's remains of it are collected whenever it dies. */
static void let_go(struct child *child) {
        sd_event *event = sd_event_ref(sd_event_source_get_event(child->exit));
        pid_t pid = child->pid;

        (void) kill(pid, SIGKILL);
        child_free(child);
        (void) sd_event_add_child(event, NULL, pid, WEXITED, on_late_exit, NULL);
        sd_event_unref(event);
}

/* One that is stuck in the kernel does not die, and is not waited for. */
static int on_limit(sd_event_source *source, uint64_t now, void *userdata) {
        struct child *child = userdata;

        (void) source, (void) now;
        if (child->kind->ended)
                child->kind->ended(child->context, child, 128 + SIGKILL);
        let_go(child);
        return 0;
}

static int limit(sd_event *event, struct child *child) {
        if (!child->kind->limit_ms)
                return 0;
        return sd_event_add_time_relative(event, &child->limit, CLOCK_MONOTONIC, child->kind->limit_ms * 1000, 0,
                                          on_limit, child);
}

static int watch(sd_event *event, struct child *child) {
        int r = sd_event_add_child(event, &child->exit, child->pid, WEXITED, on_exit_of, child);

        if (r >= 0)
                r = sd_event_add_io(event, &child->io, child->fd, EPOLLIN, on_io, child);
        return r >= 0 && !child->keeper ? limit(event, child) : r;
}

static int start(sd_event *event, const struct child_kind *kind, void *context, int extra, struct child **keeper,
                 struct child **ret, struct error *err) {
        struct child *child = calloc(1, sizeof *child);
        int pair[2] = { -1, -1 }, size = BUFFER, r;

        if (child)
                child->buffer = malloc(kind->message_max ? kind->message_max : 1);
        if (!child || !child->buffer || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
                if (child)
                        free(child->buffer);
                free(child);
                return fail_memory(err);
        }
        child->kind = kind;
        child->context = context;
        child->keeper = keeper;
        child->fd = pair[0];
        (void) setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
        (void) setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
        child->pid = fork();
        if (child->pid == 0)
                be_child(kind, context, pair[1], extra);
        r = child->pid < 0 ? -errno : 0;
        (void) close(pair[1]);
        if (r == 0) {
                remember(child);
                r = watch(event, child);
        }
        if (r < 0) {
                if (child->pid > 0)
                        (void) kill(child->pid, SIGKILL);
                child_free(child);
                return fail_errno(err, -r, "No se puede crear un proceso", "A process can't be made");
        }
        *ret = child;
        return 0;
}

int child_start(sd_event *event, const struct child_kind *kind, void *context, int extra, struct child **ret,
                struct error *err) {
        return start(event, kind, context, extra, NULL, ret, err);
}

int child_ready(sd_event *event, const struct child_kind *kind, void *context, struct child **keeper,
                struct error *err) {
        return *keeper ? 0 : start(event, kind, context, -1, keeper, keeper, err);
}

int child_take(struct child **keeper, void *context, const void *order, size_t n, struct child **ret,
               struct error *err) {
        struct child *child = *keeper;
        int r = child_send(child, order, n, err);

        if (r < 0) {
                let_go(child);
                return r;
        }
        r = limit(sd_event_source_get_event(child->exit), child);
        if (r < 0) {
                let_go(child);
                return fail_errno(err, -r, "No se puede crear un proceso", "A process can't be made");
        }
        child->keeper = NULL;
        child->context = context;
        *keeper = NULL;
        *ret = child;
        return 0;
}

int child_send(struct child *child, const void *data, size_t n, struct error *err) {
        if (send(child->fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t) n)
                return 0;
        if (errno == EAGAIN || errno == ENOBUFS)
                return fail(err, ERR_BUSY, "El proceso «%s» está ocupado.", "Process “%s” is busy.",
                            child->kind->name);
        return fail_errno(err, errno, "El proceso «%s» no atiende", "Process “%s” does not listen",
                          child->kind->name);
}

int child_pass(struct child *child, const void *data, size_t n, int passed, struct error *err) {
        int r = child_answer(child->fd, data, n, passed);

        return r < 0 ? fail_errno(err, -r, "El proceso «%s» no atiende", "Process “%s” does not listen",
                                  child->kind->name)
                     : 0;
}

/* A guard without CAP_KILL reaches no process of another account with a signal; the end of what it says reaches
 * all. */
void child_stop(struct child *child) {
        (void) shutdown(child->fd, SHUT_WR);
}

pid_t child_pid(const struct child *child) {
        return child->pid;
}

void child_abandon(struct child *child) {
        let_go(child);
}

void children_done(void) {
        while (children) {
                struct child *child = children;

                if (child->kind->outlived && !child->keeper)
                        child->kind->outlived(child->context);
                child_free(child);
        }
}

int child_answer(int fd, const void *data, size_t n, int passed) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { 0 };
        struct iovec part = { .iov_base = (void *) (uintptr_t) data, .iov_len = n };
        struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

        if (passed >= 0) {
                struct cmsghdr *header;

                message.msg_control = &control;
                message.msg_controllen = sizeof control;
                header = CMSG_FIRSTHDR(&message);
                *header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                                            .cmsg_type = SCM_RIGHTS,
                                            .cmsg_len = CMSG_LEN(sizeof(int)) };
                memcpy(CMSG_DATA(header), &passed, sizeof passed);
        }
        return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}
