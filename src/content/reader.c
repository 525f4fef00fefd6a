#include "content/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "device/gate.h"

enum { EVERY = 16, READER_SECONDS = 3600 };

int64_t content_window(int64_t size, int64_t limit, int64_t i, int64_t *ret_n) {
        int64_t all = (size + CONTENT_WINDOW - 1) / CONTENT_WINDOW, most = limit / CONTENT_WINDOW, head, step;

        if (most < 2)
                most = 2;
        if (all <= most) {
                *ret_n = all;
                return i * CONTENT_WINDOW;
        }
        *ret_n = most;
        head = most / 2;
        if (i < head)
                return i * CONTENT_WINDOW;
        step = (all - head) / (most - head);
        return (head + (i - head) * step) * CONTENT_WINDOW;
}

/* --- the process of its own ------------------------------------------------------------------------------- */

struct message {
        bool last;
        int no; /* errno of a medium that can't be read */
        int64_t done, total;
        struct content_report report;
};

/* What is left to a process that reads: what the sanitizers of a debug build need is harmless. */
static bool confine(void) {
        static const int calls[] = {
                SCMP_SYS(pread64),     SCMP_SYS(read),         SCMP_SYS(write),         SCMP_SYS(exit),
                SCMP_SYS(exit_group),  SCMP_SYS(rt_sigreturn), SCMP_SYS(clock_gettime), SCMP_SYS(brk),
                SCMP_SYS(mmap),        SCMP_SYS(munmap),       SCMP_SYS(madvise),       SCMP_SYS(futex),
                SCMP_SYS(sigaltstack),
        };
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        int r = filter ? prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) : -1;

        for (size_t i = 0; r == 0 && i < COUNT(calls); i++)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
        if (r == 0)
                r = seccomp_load(filter);
        if (filter)
                seccomp_release(filter);
        return r == 0;
}

static ssize_t read_window(int fd, uint8_t *buffer, int64_t offset) {
        size_t n = 0;

        while (n < CONTENT_WINDOW + CONTENT_OVERLAP) {
                ssize_t got = pread(fd, buffer + n, CONTENT_WINDOW + CONTENT_OVERLAP - n, offset + (int64_t) n);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0 && n == 0)
                        return -1;
                if (got <= 0)
                        break;
                n += (size_t) got;
        }
        return (ssize_t) n;
}

/* What can't be read is passed over: a bad sector hides no whole medium. */
static int scan_all(int fd, int64_t size, int64_t limit, uint8_t *buffer, int to) {
        struct message message = { 0 };
        int64_t n = 1, unreadable = 0;

        for (int64_t i = 0; i < n; i++) {
                int64_t offset = content_window(size, limit, i, &n);
                ssize_t got = i < n ? read_window(fd, buffer, offset) : 0;

                if (got < 0) {
                        message.no = errno;
                        unreadable++;
                } else if (got > 0) {
                        size_t counted = got > CONTENT_WINDOW ? CONTENT_WINDOW : (size_t) got;

                        content_scan(&message.report, buffer, counted, (size_t) got - counted, offset);
                }
                message.done = i + 1;
                message.total = n;
                if (i % EVERY == 0 && i + 1 < n && write(to, &message, sizeof message) != (ssize_t) sizeof message)
                        return 1;
        }
        message.last = true;
        message.no = unreadable == n ? message.no : 0;
        return write(to, &message, sizeof message) != (ssize_t) sizeof message;
}

_Noreturn static void be_reader(const struct device_facts *facts, int64_t limit, int to) {
        const struct rlimit cpu = { READER_SECONDS, READER_SECONDS };
        uint8_t *buffer = malloc(CONTENT_WINDOW + CONTENT_OVERLAP);
        int fd = open(facts->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) prctl(PR_SET_DUMPABLE, 0);
        (void) setrlimit(RLIMIT_CPU, &cpu);
        if (!buffer || fd < 0 || device_check_fd(facts, fd, NULL) < 0)
                _exit(2);
        /* Nothing of the parent's goes with it but these two. */
        if (dup2(to, STDOUT_FILENO) < 0 || dup2(fd, STDIN_FILENO) < 0 ||
            close_range(STDERR_FILENO + 1, ~0U, 0) < 0 || !confine())
                _exit(2);
        _exit(scan_all(STDIN_FILENO, facts->size, limit, buffer, STDOUT_FILENO));
}

/* --- whoever waits for it --------------------------------------------------------------------------------- */

static bool sane(const struct message *message, int64_t size) {
        bool sane = message->report.bytes >= 0 && message->report.bytes <= size && message->done >= 0 &&
                    message->done <= message->total;

        for (size_t i = 0; i < CONTENT_KINDS; i++)
                sane = sane && message->report.count[i] >= 0 && message->report.first[i] >= 0;
        return sane;
}

/* Its last message, or the errno of why there is none. */
static int listen_to(int from, const struct reading *reading, struct message *ret) {
        struct pollfd said = { .fd = from, .events = POLLIN };

        for (int waited = 0;;) {
                int n = poll(&said, 1, 1000);

                if (reading->cancelled && reading->cancelled(reading->context))
                        return ECANCELED;
                if (n == 0 && ++waited >= CONTENT_SILENCE)
                        return ETIMEDOUT;
                if (n <= 0)
                        continue;
                waited = 0;
                if (read(from, ret, sizeof *ret) != (ssize_t) sizeof *ret)
                        return EIO;
                if (ret->last)
                        return ret->no;
                if (reading->progress)
                        reading->progress(reading->context, ret->done * CONTENT_WINDOW,
                                          ret->total * CONTENT_WINDOW);
        }
}

int content_read(const struct device_facts *facts, const struct reading *reading, struct content_report *ret,
                 struct error *err) {
        _cleanup_close_ int from = -1, to = -1;
        struct message message = { 0 };
        int ends[2], no;
        pid_t reader;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return fail_errno(err, errno, "No se puede leer «%s»", "“%s” can't be read", facts->path);
        from = ends[0];
        to = ends[1];
        reader = fork();
        if (reader == 0)
                be_reader(facts, reading->limit, to);
        if (reader < 0)
                return fail_errno(err, errno, "No se puede crear un proceso", "A process can't be made");
        close_fd(&to);
        no = listen_to(from, reading, &message);
        if (!message.last)
                (void) kill(reader, SIGKILL);
        /* One that a dead disk keeps is collected with this process's own end. */
        (void) waitpid(reader, NULL, message.last ? 0 : WNOHANG);
        if (no == 0 && !sane(&message, facts->size))
                no = EIO;
        if (no == ECANCELED)
                return fail(err, ERR_FAILED, "Cancelado.", "Cancelled.");
        if (no)
                return fail_errno(err, no, "No se puede leer «%s»", "“%s” can't be read", facts->path);
        *ret = message.report;
        return 0;
}
