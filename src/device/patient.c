#include "device/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Writes of this size into a pipe are one piece (pipe(7)). */
_Static_assert(sizeof(struct device_facts) <= 4096, "facts fit into a pipe");

/* Nothing of its parent's goes with it: a dead disk may keep it for ever, and the writer's lock with it. */
_Noreturn static void be_reader(const char *path, const char *store, int to) {
        struct device_facts facts;

        if (dup2(to, STDIN_FILENO) < 0)
                _exit(1);
        (void) close_range(STDIN_FILENO + 1, ~0U, 0);
        if (device_facts_read(path, store, &facts, NULL) < 0 ||
            write(STDIN_FILENO, &facts, sizeof facts) != (ssize_t) sizeof facts)
                _exit(1);
        _exit(0);
}

static int64_t now_ms(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The reader's end, or what it has to say, whichever is first. */
static bool await(int fd, int timeout_ms) {
        struct pollfd said = { .fd = fd, .events = POLLIN };
        int64_t until = now_ms() + timeout_ms;
        int n;

        do {
                int64_t left = until - now_ms();

                n = poll(&said, 1, left > 0 ? (int) left : 0);
        } while (n < 0 && errno == EINTR);
        return n > 0;
}

int device_facts_patient(const char *path, const char *store, int timeout_ms, struct device_facts *ret,
                         bool *ret_silent, struct error *err) {
        _cleanup_close_ int from = -1, to = -1;
        struct device_facts inside;
        int ends[2], r = device_facts_outside(path, store, ret, err);
        bool in_time;
        pid_t reader;

        *ret_silent = false;
        if (r < 0)
                return r;
        if (pipe2(ends, O_CLOEXEC) < 0)
                return fail_errno(err, errno, "No se puede mirar «%s»", "“%s” can't be looked at", path);
        from = ends[0];
        to = ends[1];
        reader = fork();
        if (reader == 0)
                be_reader(ret->path, store, to);
        if (reader < 0)
                return fail_errno(err, errno, "No se puede crear un proceso", "A process can't be made");
        close_fd(&to);
        in_time = await(from, timeout_ms);
        if (in_time && read(from, &inside, sizeof inside) == (ssize_t) sizeof inside)
                *ret = inside;
        if (!in_time)
                (void) kill(reader, SIGKILL);
        /* One that a disk keeps is collected with this process's own end. */
        (void) waitpid(reader, NULL, in_time ? 0 : WNOHANG);
        *ret_silent = !in_time;
        return 0;
}
