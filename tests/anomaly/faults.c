/* Preloaded under a program in tests only: makes its n-th call of some function fail.
 *
 *   MPSI_FAULT        which calls count, comma-separated: memory, write, sync, ioctl, open, rename,
 *                     process (fork and socketpair)
 *   MPSI_FAULT_AT     the call that fails, from 1; 0 fails none and only counts
 *   MPSI_FAULT_LAST   "1": every later one fails too, as on a full disk (else just that one)
 *   MPSI_FAULT_ERRNO  number; without it ENOMEM for memory, EAGAIN for process, EIO for the rest
 *   MPSI_FAULT_REPORT file that gets "calls failed\n" at exit
 *   MPSI_FAULT_ON     a file: only writes and syncs on it count
 *   MPSI_FAULT_KILL   "before": the process is killed instead, before the call; "torn": after half of the write
 *   MPSI_FAULT_STOP   a file: the process writes its number into it and is stopped instead (SIGSTOP), before the
 *                     call, which is done once it goes on (SIGCONT)
 *
 * Only calls on regular files and block devices count, so that messages still reach the terminal. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { MEMORY = 1, WRITE = 2, SYNC = 4, IOCTL = 8, OPEN = 16, RENAME = 32, PROCESS = 64 };

static struct {
        unsigned kinds;
        long at;
        bool last;
        int error;
        const char *report, *stop;
        bool on_file, kill, torn;
        dev_t device;
        ino_t inode;
} plan;
static atomic_long calls, failed;
static atomic_bool ready;

/* glibc's own allocator: dlsym() allocates, so the wrappers must not look it up by name. */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t n);

static void plan_read(void) {
        static const struct {
                const char *name;
                unsigned kind;
        } names[] = { { "memory", MEMORY }, { "write", WRITE },   { "sync", SYNC },      { "ioctl", IOCTL },
                      { "open", OPEN },     { "rename", RENAME }, { "process", PROCESS } };
        const char *kinds = getenv("MPSI_FAULT"), *at = getenv("MPSI_FAULT_AT");
        const char *error = getenv("MPSI_FAULT_ERRNO"), *last = getenv("MPSI_FAULT_LAST");

        for (size_t i = 0; kinds && i < sizeof names / sizeof names[0]; i++)
                if (strstr(kinds, names[i].name))
                        plan.kinds |= names[i].kind;
        plan.at = at ? strtol(at, NULL, 10) : 0;
        plan.error = error ? (int) strtol(error, NULL, 10) : 0;
        plan.last = last && *last == '1';
        plan.report = getenv("MPSI_FAULT_REPORT");
        plan.stop = getenv("MPSI_FAULT_STOP");
        plan.kill = getenv("MPSI_FAULT_KILL") != NULL;
        plan.torn = plan.kill && strcmp(getenv("MPSI_FAULT_KILL"), "torn") == 0;
        if (getenv("MPSI_FAULT_ON")) {
                struct stat st;

                plan.on_file = stat(getenv("MPSI_FAULT_ON"), &st) == 0;
                plan.device = st.st_dev;
                plan.inode = st.st_ino;
        }
}

/* Runs before main and after the dynamic loader's own allocations, which no program survives. */
__attribute__((constructor)) static void start(void) {
        plan_read();
        atomic_store(&ready, true);
}

__attribute__((destructor)) static void finish(void) {
        char line[64];
        int fd, n;

        atomic_store(&ready, false);
        if (!plan.report)
                return;
        n = snprintf(line, sizeof line, "%ld %ld\n", atomic_load(&calls), atomic_load(&failed));
        fd = open(plan.report, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd >= 0) {
                if (write(fd, line, (size_t) n) != n)
                        abort();
                close(fd);
        }
}

static void stop_here(void) {
        int fd = open(plan.stop, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        char line[16];
        int n = snprintf(line, sizeof line, "%ld\n", (long) getpid());

        if (fd < 0 || write(fd, line, (size_t) n) != n)
                abort();
        close(fd);
        (void) raise(SIGSTOP);
}

/* Whether this call is the one to fail; sets errno then. */
static bool fails(unsigned kind) {
        long n;

        if (!atomic_load(&ready) || !(plan.kinds & kind))
                return false;
        n = atomic_fetch_add(&calls, 1) + 1;
        if (plan.at < 1 || (plan.last ? n < plan.at : n != plan.at))
                return false;
        if (plan.stop) {
                stop_here();
                return false;
        }
        if (plan.kill && !(plan.torn && kind == WRITE))
                (void) raise(SIGKILL);
        atomic_fetch_add(&failed, 1);
        errno = plan.error ? plan.error : kind == MEMORY ? ENOMEM : kind == PROCESS ? EAGAIN : EIO;
        return true;
}

static bool is_storage(int fd) {
        struct stat st;
        int kept = errno;
        bool yes = fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode));

        if (plan.on_file)
                yes = yes && st.st_dev == plan.device && st.st_ino == plan.inode;

        errno = kept;
        return yes;
}

void *malloc(size_t n) {
        return fails(MEMORY) ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size) {
        return fails(MEMORY) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n) {
        return fails(MEMORY) ? NULL : __libc_realloc(p, n);
}

#define NEXT(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

/* Half a write, in whole sectors, and the power is gone. */
static void tear(int fd, const void *data, size_t n, off64_t offset) {
        if (!plan.torn)
                return;
        if (NEXT(pwrite64)(fd, data, n / 1024 * 512, offset) >= 0)
                (void) raise(SIGKILL);
}

ssize_t write(int fd, const void *data, size_t n) {
        if (!is_storage(fd) || !fails(WRITE))
                return NEXT(write)(fd, data, n);
        tear(fd, data, n, lseek64(fd, 0, SEEK_CUR));
        return -1;
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t offset) {
        if (!is_storage(fd) || !fails(WRITE))
                return NEXT(pwrite)(fd, data, n, offset);
        tear(fd, data, n, offset);
        return -1;
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t offset) {
        if (!is_storage(fd) || !fails(WRITE))
                return NEXT(pwrite64)(fd, data, n, offset);
        tear(fd, data, n, offset);
        return -1;
}

int fsync(int fd) {
        return (!plan.on_file || is_storage(fd)) && fails(SYNC) ? -1 : NEXT(fsync)(fd);
}

int fdatasync(int fd) {
        return (!plan.on_file || is_storage(fd)) && fails(SYNC) ? -1 : NEXT(fdatasync)(fd);
}

int syncfs(int fd) {
        return (!plan.on_file || is_storage(fd)) && fails(SYNC) ? -1 : NEXT(syncfs)(fd);
}

int ioctl(int fd, unsigned long request, ...) {
        va_list list;
        void *argument;

        va_start(list, request);
        argument = va_arg(list, void *);
        va_end(list);
        return is_storage(fd) && fails(IOCTL) ? -1 : NEXT(ioctl)(fd, request, argument);
}

int rename(const char *from, const char *to) {
        return fails(RENAME) ? -1 : NEXT(rename)(from, to);
}

pid_t fork(void) {
        return fails(PROCESS) ? -1 : NEXT(fork)();
}

int socketpair(int domain, int type, int protocol, int pair[2]) {
        return fails(PROCESS) ? -1 : NEXT(socketpair)(domain, type, protocol, pair);
}

static mode_t mode_of(int flags, va_list list) {
        return flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0;
}

#define OPEN_LIKE(name)                                                                                            \
        int name(const char *path, int flags, ...) {                                                               \
                va_list list;                                                                                      \
                mode_t mode;                                                                                       \
                                                                                                                   \
                va_start(list, flags);                                                                             \
                mode = mode_of(flags, list);                                                                       \
                va_end(list);                                                                                      \
                return fails(OPEN) ? -1 : NEXT(name)(path, flags, mode);                                           \
        }
#define OPENAT_LIKE(name)                                                                                          \
        int name(int folder, const char *path, int flags, ...) {                                                   \
                va_list list;                                                                                      \
                mode_t mode;                                                                                       \
                                                                                                                   \
                va_start(list, flags);                                                                             \
                mode = mode_of(flags, list);                                                                       \
                va_end(list);                                                                                      \
                return fails(OPEN) ? -1 : NEXT(name)(folder, path, flags, mode);                                   \
        }
OPEN_LIKE(open)
OPEN_LIKE(open64)
OPENAT_LIKE(openat)
OPENAT_LIKE(openat64)
