/* Preloaded under mpsid in tests only: sets its clock, takes its buffers away, and keeps its probe waiting at a
 * step of its look, so that a medium can be exchanged or rewritten just there.
 *
 *   MPSI_STOPS  file whose first byte names the step: 'o' before the device is opened for its content, 'r' before
 * the first read of the header, after libblkid's; the probe goes on when it is another byte MPSI_HELD   file that
 * gets that byte when a probe has come to the step
 *   MPSI_CLOCK  file with the seconds by which the wall clock is wrong
 *   MPSI_SMALL_BUFFERS  sockets keep the receive buffer that the kernel gives them
 *
 * From the second step on the probe is confined: it may read, write and yield, and no more. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int stops = -1, held = -1, direct = -1;
static bool answered, read_once;

#define NEXT(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

static bool is_probe(void) {
        char title[16] = "";

        return prctl(PR_GET_NAME, title, 0, 0, 0) == 0 && strcmp(title, "mpsid-probe") == 0;
}

static void hold(char step) {
        char now = 0;

        for (bool said = false; stops >= 0 && NEXT(pread)(stops, &now, 1, 0) == 1 && now == step; said = true) {
                if (!said && write(held, &step, 1) != 1)
                        return;
                (void) sched_yield();
        }
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
        answered = true; /* what it knows from outside comes before the content */
        return NEXT(sendmsg)(fd, message, flags);
}

static int opens(int (*next)(const char *, int, ...), const char *path, int flags, mode_t mode) {
        bool content = answered && strncmp(path, "/dev/", 5) == 0 && is_probe();
        int fd;

        if (content && stops < 0) {
                stops = next(getenv("MPSI_STOPS"), O_RDONLY | O_CLOEXEC);
                held = next(getenv("MPSI_HELD"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
                hold('o');
        }
        fd = next(path, flags, mode);
        if (content && flags & O_DIRECT)
                direct = fd;
        return fd;
}

#define OPEN_LIKE(name)                                                                                            \
        int name(const char *path, int flags, ...) {                                                               \
                va_list list;                                                                                      \
                mode_t mode;                                                                                       \
                                                                                                                   \
                va_start(list, flags);                                                                             \
                mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0;                                   \
                va_end(list);                                                                                      \
                return opens(NEXT(name), path, flags, mode);                                                       \
        }
OPEN_LIKE(open)
OPEN_LIKE(open64)

static void before_read(int fd) {
        if (fd != direct || fd < 0 || read_once)
                return;
        read_once = true;
        hold('r');
}

ssize_t read(int fd, void *data, size_t n) {
        before_read(fd);
        return NEXT(read)(fd, data, n);
}

ssize_t pread(int fd, void *data, size_t n, off_t offset) {
        before_read(fd);
        return NEXT(pread)(fd, data, n, offset);
}

ssize_t pread64(int fd, void *data, size_t n, off64_t offset) {
        before_read(fd);
        return NEXT(pread64)(fd, data, n, offset);
}

/* --- the clock and the buffers -----------------------------------------------------------------------------------
 */

static time_t wrong_by(void) {
        const char *path = getenv("MPSI_CLOCK");
        char text[32] = "";
        int fd = path ? NEXT(open)(path, O_RDONLY | O_CLOEXEC) : -1;
        ssize_t n = fd < 0 ? 0 : NEXT(read)(fd, text, sizeof text - 1);

        if (fd >= 0)
                (void) close(fd);
        return n > 0 ? (time_t) strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
        int r = NEXT(clock_gettime)(clock, now);

        if (r == 0 && clock == CLOCK_REALTIME)
                now->tv_sec += wrong_by();
        return r;
}

time_t time(time_t *out) {
        time_t now = NEXT(time)(NULL) + wrong_by();

        if (out)
                *out = now;
        return now;
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t n) {
        if (getenv("MPSI_SMALL_BUFFERS") && level == SOL_SOCKET &&
            (option == SO_RCVBUF || option == SO_RCVBUFFORCE))
                return 0;
        return NEXT(setsockopt)(fd, level, option, value, n);
}
