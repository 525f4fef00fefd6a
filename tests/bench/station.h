/* A station to measure: mpsid as it is installed, beside a real systemd-udevd (tests/cli/with-udev), on a store and
 * loop devices of its own. Their numbers are far from those that anybody else on the machine is given, so that
 * mpsid's --devices names just these. */
#pragma once

#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "device/monitor.h"
#include "device/sysfs.h"

enum { LOOP_FIRST = 60000, LOOPS_MAX = 1000, LINE = 4096 };

struct station {
        char *folder, *store, *socket, *program;
        pid_t guard;
        int log;
        char pending[LINE]; /* a line that is not whole yet */
        size_t pending_n;
        struct monitor *monitor;
};

/* --- loop devices ------------------------------------------------------------------------------------------------
 */

static int loops[LOOPS_MAX]; /* the node while something is attached, else -1 */
static int loops_n;

static inline char *loop_path(int number) {
        return str_format("/dev/loop%d", LOOP_FIRST + number);
}

static inline void loops_detach(void) {
        for (int i = 0; i < loops_n; i++)
                if (loops[i] >= 0) {
                        (void) ioctl(loops[i], LOOP_CLR_FD);
                        (void) close(loops[i]);
                        loops[i] = -1;
                }
}

/* At exit: nothing of ours stays on the machine. Others may still be reading what was announced to them. */
static inline void loops_remove(void) {
        _cleanup_close_ int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

        loops_detach();
        for (int i = 0; i < loops_n; i++)
                for (int attempt = 0; attempt < 100; attempt++) {
                        if (ioctl(control, LOOP_CTL_REMOVE, LOOP_FIRST + i) >= 0 || errno != EBUSY)
                                break;
                        (void) usleep(20000);
                }
        loops_n = 0;
}

static inline void loops_make(int n) {
        _cleanup_close_ int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

        for (; loops_n < n; loops_n++) {
                if (ioctl(control, LOOP_CTL_ADD, LOOP_FIRST + loops_n) < 0 && errno != EEXIST)
                        stop("LOOP_CTL_ADD", NULL);
                loops[loops_n] = -1;
        }
}

/* The node stays open: with LO_FLAGS_AUTOCLEAR a benchmark that dies leaves nothing attached. */
static inline void loop_attach(int number, int image) {
        const struct loop_config config = { .fd = (uint32_t) image, .info.lo_flags = LO_FLAGS_AUTOCLEAR };
        _cleanup_free_ char *path = loop_path(number);

        loops[number] = open(path, O_RDWR | O_CLOEXEC);
        if (loops[number] < 0 || ioctl(loops[number], LOOP_CONFIGURE, &config) < 0)
                stop(path, NULL);
}

static inline bool loop_is_read_only(int number) {
        _cleanup_free_ char *folder = str_format("/sys/block/loop%d", LOOP_FIRST + number);

        return sysfs_int(folder, "ro", 0) == 1;
}

/* What mpsid holds it lets go of when the device is removed, which a loop device is not by itself. */
static inline void loop_say_removed(const char *folder) {
        _cleanup_free_ char *path = str_format("%s/uevent", folder);
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

        if (fd < 0 || write(fd, "remove", strlen("remove")) < 0)
                stop(path, NULL);
}

/* Until the kernel has let go of the image and mpsid of the node, which is then writable as a new disk's is. */
static inline void loop_detach(int number) {
        _cleanup_free_ char *folder = str_format("/sys/block/loop%d", LOOP_FIRST + number),
                            *path = loop_path(number);
        _cleanup_close_ int node = -1;
        const int writable = 0;

        (void) ioctl(loops[number], LOOP_CLR_FD);
        (void) close(loops[number]);
        loops[number] = -1;
        /* Said again now and then: an event of before may come late, and have it held once more. */
        for (int i = 0; i < 20000 && (i == 0 || sysfs_int(folder, "size", 0)); i++) {
                if (i % 500 == 0)
                        loop_say_removed(folder);
                (void) usleep(1000);
        }
        node = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (node < 0 || sysfs_int(folder, "size", 0) || ioctl(node, BLKROSET, &writable) < 0)
                stop("a device does not detach", NULL);
}

/* A sparse image in memory, so that its input and output cost nothing to speak of. */
static inline int image_make(const char *name, int64_t size) {
        _cleanup_free_ char *path = str_format("/dev/shm/mpsi-bench-%d-%s", getpid(), name);
        int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        if (fd < 0 || ftruncate(fd, size) < 0)
                stop(path, NULL);
        (void) unlink(path);
        return fd;
}

/* --- mpsid -------------------------------------------------------------------------------------------------------
 */

/* The next whole line, or NULL when none has come in timeout_ms. Valid until the next call. */
static inline const char *station_line(struct station *station, int timeout_ms) {
        static char line[LINE];

        for (;;) {
                char *end = memchr(station->pending, '\n', station->pending_n);
                struct pollfd more = { .fd = station->log, .events = POLLIN };
                ssize_t n;

                if (end) {
                        size_t length = (size_t) (end - station->pending) + 1;

                        memcpy(line, station->pending, length);
                        line[length - 1] = '\0';
                        station->pending_n -= length;
                        memmove(station->pending, end + 1, station->pending_n);
                        return line;
                }
                if (station->pending_n == sizeof station->pending)
                        station->pending_n = 0;
                if (poll(&more, 1, timeout_ms) <= 0)
                        return NULL;
                n = read(station->log, station->pending + station->pending_n,
                         sizeof station->pending - station->pending_n);
                if (n <= 0)
                        return NULL;
                station->pending_n += (size_t) n;
        }
}

static inline void station_start(struct station *station) {
        int both[2];

        if (pipe(both) < 0)
                stop("pipe", NULL);
        station->guard = fork();
        if (station->guard == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) dup2(both[1], STDERR_FILENO);
                (void) close_range(3, ~0U, 0);
                (void) execl(station->program, "mpsid", "--account", "nobody", "--store", station->store,
                             "--socket", station->socket, "--lang", "en", "--devices", "loop60[0-9][0-9][0-9]",
                             (char *) NULL);
                _exit(127);
        }
        (void) close(both[1]);
        station->log = both[0];
        for (const char *line = ""; !strstr(line, "running");)
                if (!(line = station_line(station, 20000)))
                        stop("mpsid does not start", NULL);
}

static inline void station_stop(struct station *station) {
        (void) kill(station->guard, SIGTERM);
        (void) waitpid(station->guard, NULL, 0);
        (void) close(station->log);
        station->guard = 0;
}

/* Which of our loop devices it is, or -1: others' are on the machine too. */
static inline int loop_number(const char *name) {
        int number = strncmp(name, "loop", 4) == 0 ? atoi(name + 4) - LOOP_FIRST : -1;

        return number >= 0 && number < loops_n ? number : -1;
}

/* Waits until neither udev nor mpsid says anything of ours for so long. */
static inline void station_calm(struct station *station, int for_ms) {
        struct monitor_event event;

        for (double since = seconds(); (seconds() - since) * 1e3 < for_ms;) {
                while (monitor_next(station->monitor, &event, NULL) > 0)
                        since = loop_number(event.name) < 0 ? since : seconds();
                while (station_line(station, 0))
                        since = seconds();
                (void) usleep(5000);
        }
}

/* --- processes ---------------------------------------------------------------------------------------------------
 */

/* The number in the line "KEY: n" of a file of /proc; 0 when there is none, or no process any more. */
static inline int64_t proc_int(pid_t pid, const char *file, const char *key) {
        _cleanup_free_ char *path = str_format("/proc/%d/%s", pid, file);
        _cleanup_fclose_ FILE *f = fopen(path, "re");
        char line[256];

        while (f && fgets(line, sizeof line, f))
                if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
                        return atoll(line + strlen(key) + 1);
        return 0;
}

/* Calls each() for the guard and everything that it started. */
static inline void station_processes(const struct station *station, void (*each)(void *context, pid_t pid),
                                     void *context) {
        _cleanup_free_ char *path = str_format("/proc/%d/task/%d/children", station->guard, station->guard);
        _cleanup_fclose_ FILE *f = fopen(path, "re");
        int pid;

        each(context, station->guard);
        while (f && fscanf(f, "%d", &pid) == 1)
                each(context, pid);
}

struct memory {
        double pss, rss; /* MB */
        int processes;
};

static inline void memory_add(void *context, pid_t pid) {
        struct memory *memory = context;

        memory->pss += (double) proc_int(pid, "smaps_rollup", "Pss") / 1024;
        memory->rss += (double) proc_int(pid, "smaps_rollup", "Rss") / 1024;
        memory->processes++;
}

/* Keeps the largest of each. */
static inline void memory_peak(const struct station *station, struct memory *peak) {
        struct memory now = { 0 };

        station_processes(station, memory_add, &now);
        peak->pss = now.pss > peak->pss ? now.pss : peak->pss;
        peak->rss = now.rss > peak->rss ? now.rss : peak->rss;
        peak->processes = now.processes > peak->processes ? now.processes : peak->processes;
}
