/* Runs a program of the station's administrator: no shell, an environment of its own, and an end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alert/news.h"
#include "base/str.h"

/* In a process group of its own, so that all it starts ends with it. What it prints goes where ours does: to the
 * journal. */
static int start(const char *const *argv, int input, pid_t *ret) {
        char *const environment[] = { (char *) (uintptr_t) "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                      (char *) (uintptr_t) "LC_ALL=C.UTF-8", NULL };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none, all;
        int r = posix_spawn_file_actions_init(&actions);

        if (r != 0)
                return -r;
        r = posix_spawnattr_init(&attributes);
        if (r != 0) {
                (void) posix_spawn_file_actions_destroy(&actions);
                return -r;
        }
        (void) sigemptyset(&none);
        (void) sigfillset(&all);
        (void) posix_spawnattr_setflags(&attributes,
                                        POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        (void) posix_spawnattr_setpgroup(&attributes, 0);
        (void) posix_spawnattr_setsigmask(&attributes, &none);
        (void) posix_spawnattr_setsigdefault(&attributes, &all);
        r = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn(ret, argv[0], &actions, &attributes, (char *const *) (uintptr_t) argv, environment);
        (void) posix_spawnattr_destroy(&attributes);
        (void) posix_spawn_file_actions_destroy(&actions);
        return -r;
}

static int64_t monotonic_ms(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Feeds it and waits for it. One that reads nothing of its input may still end well. -ETIMEDOUT. */
static int attend(int child, int fd, const char *input, int64_t end) {
        size_t n = strlen(input), done = 0;

        for (;;) {
                struct pollfd wait[] = { { .fd = child, .events = POLLIN },
                                         { .fd = done < n ? fd : -1, .events = POLLOUT } };
                int64_t left = end - monotonic_ms();
                ssize_t sent;

                if (left <= 0)
                        return -ETIMEDOUT;
                if (poll(wait, 2, (int) left) < 0 && errno != EINTR)
                        return -errno;
                if (wait[0].revents)
                        return 0;
                if (!wait[1].revents)
                        continue;
                sent = send(fd, input + done, n - done, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (sent < 0 && errno != EAGAIN && errno != EINTR)
                        done = n; /* it closed its end */
                else if (sent > 0)
                        done += (size_t) sent;
                if (done == n)
                        (void) shutdown(fd, SHUT_WR);
        }
}

static int wait_for(pid_t pid, int fd, const char *input, int seconds, int *ret_status) {
        int child = (int) syscall(SYS_pidfd_open, pid, 0);
        int r = child < 0 ? -errno : attend(child, fd, input, monotonic_ms() + (int64_t) seconds * 1000);

        if (child >= 0)
                (void) close(child);
        /* The group's number is its own until it is waited for. */
        (void) kill(-pid, SIGKILL);
        while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
                ;
        return r;
}

int alert_run(const char *const *argv, const char *input, int seconds, struct error *err) {
        int pair[2], status = 0, r;
        pid_t pid = -1;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return fail_errno(err, errno, "No se puede avisar", "Nobody can be told");
        r = start(argv, pair[1], &pid);
        (void) close(pair[1]);
        if (r == 0)
                r = wait_for(pid, pair[0], input, seconds, &status);
        (void) close(pair[0]);
        if (r == -ETIMEDOUT)
                return fail(err, ERR_FAILED, "«%s» no terminó en %d segundos y se ha parado.",
                            "“%s” did not end in %d seconds and was stopped.", argv[0], seconds);
        if (r < 0)
                return fail_errno(err, -r, "No se puede ejecutar «%s»", "“%s” can't be run", argv[0]);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return fail(err, ERR_FAILED, "«%s» terminó con %d.", "“%s” ended with %d.", argv[0],
                            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        return 0;
}
