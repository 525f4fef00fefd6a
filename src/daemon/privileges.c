#include "daemon/privileges.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/cdrom.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/config.h"

int account_find(const char *name, struct account *ret, struct error *err) {
        bool stays = name && strcmp(name, "root") == 0; /* said in so many words: a store of root's own */
        const struct passwd *entry = stays ? NULL : getpwnam(name ? name : STATION_USER);
        struct account account = { 0 };

        if (!entry && name && !stays)
                return fail(err, ERR_NOT_FOUND, "No existe la cuenta «%.40s».", "There is no account “%.40s”.",
                            name);
        /* Root by another name gives nothing up. */
        if (entry && (entry->pw_uid == 0 || entry->pw_gid == 0))
                return fail(err, ERR_USAGE, "La cuenta «%.40s» es de root o de su grupo: no sirve.",
                            "Account “%.40s” is root's or of root's group: it won't do.", entry->pw_name);
        if (entry && geteuid() == 0)
                account = (struct account){ .set = true, .uid = entry->pw_uid, .gid = entry->pw_gid };
        *ret = account;
        return 0;
}

int privileges_drop(const struct account *account, struct error *err) {
        bool good = true;

        if (account->set)
                good = setgroups(1, &account->gid) == 0 &&
                       setresgid(account->gid, account->gid, account->gid) == 0 &&
                       setresuid(account->uid, account->uid, account->uid) == 0;
        good = good && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
        /* Somebody who can go back has not dropped anything. */
        if (good && account->set && account->uid != 0)
                good = setuid(0) < 0;
        if (!good)
                return fail_errno(err, errno, "No se pueden soltar los privilegios", "Privileges can't be dropped");
        return 0;
}

/* No signal can be caught or blocked from here on: the alarm that ends one that goes on for too long is among them.
 * Reading, memory, time, answering, ending. What libblkid tries beyond that (sysfs, the topology) it does without.
 */
static const int reader_calls[] = {
        SCMP_SYS(read),          SCMP_SYS(readv),       SCMP_SYS(pread64),
        SCMP_SYS(lseek),         SCMP_SYS(fstat),       SCMP_SYS(newfstatat),
        SCMP_SYS(statx),         SCMP_SYS(fadvise64),   SCMP_SYS(close),
        SCMP_SYS(fcntl),         SCMP_SYS(mmap),        SCMP_SYS(munmap),
        SCMP_SYS(mprotect),      SCMP_SYS(mremap),      SCMP_SYS(madvise),
        SCMP_SYS(brk),           SCMP_SYS(futex),       SCMP_SYS(getrandom),
        SCMP_SYS(clock_gettime), SCMP_SYS(getpid),      SCMP_SYS(gettid),
        SCMP_SYS(getuid),        SCMP_SYS(geteuid),     SCMP_SYS(getgid),
        SCMP_SYS(getegid),       SCMP_SYS(sched_yield),

        SCMP_SYS(rt_sigreturn),  SCMP_SYS(sigaltstack), SCMP_SYS(write),
        SCMP_SYS(writev),        SCMP_SYS(sendto),      SCMP_SYS(sendmsg),
        SCMP_SYS(exit),          SCMP_SYS(exit_group),  SCMP_SYS(restart_syscall),
        SCMP_SYS(gettimeofday),  SCMP_SYS(time),
};

/* Requests that only ask. */
static const unsigned long reader_ioctls[] = {
        BLKGETSIZE64, BLKGETSIZE, BLKSSZGET,   BLKPBSZGET,           BLKBSZGET,          BLKROGET,
        BLKIOMIN,     BLKIOOPT,   BLKALIGNOFF, CDROM_GET_CAPABILITY, CDROM_DRIVE_STATUS, CDROM_LAST_WRITTEN,
};

static inline void filter_freep(scmp_filter_ctx *filter) {
        if (*filter)
                seccomp_release(*filter);
}

/* The filter as the kernel takes it: made once, ahead of the work, and inherited by a fork. */
static struct sock_fprog reader_filter;

/* libseccomp gives its program to a descriptor only. */
static int take_program(int fd, struct sock_fprog *ret) {
        struct stat st;
        void *program = NULL;

        if (fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size / (off_t) sizeof(struct sock_filter) > USHRT_MAX)
                return -EINVAL;
        program = malloc((size_t) st.st_size);
        if (!program)
                return -ENOMEM;
        if (pread(fd, program, (size_t) st.st_size, 0) != st.st_size) {
                free(program);
                return -EIO;
        }
        *ret = (struct sock_fprog){ .len = (unsigned short) ((size_t) st.st_size / sizeof(struct sock_filter)),
                                    .filter = program };
        return 0;
}

int privileges_prepare_reader(struct error *err) {
        _cleanup_(filter_freep) scmp_filter_ctx filter = NULL;
        _cleanup_close_ int fd = -1;
        int r;

        if (reader_filter.filter)
                return 0;
        filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        r = filter ? 0 : -ENOMEM;
        for (size_t i = 0; r == 0 && i < COUNT(reader_calls); i++)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, reader_calls[i], 0);
        for (size_t i = 0; r == 0 && i < COUNT(reader_ioctls); i++) {
                const struct scmp_arg_cmp request = { .arg = 1, .op = SCMP_CMP_EQ, .datum_a = reader_ioctls[i] };

                r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, &request);
        }
        if (r == 0) {
                fd = memfd_create("mpsi-filter", MFD_CLOEXEC);
                r = fd < 0 ? -errno : seccomp_export_bpf(filter, fd);
        }
        if (r == 0)
                r = take_program(fd, &reader_filter);
        if (r < 0)
                return fail_errno(err, -r, "No se puede preparar el filtro seccomp",
                                  "The seccomp filter can't be prepared");
        return 0;
}

int privileges_confine_reader(struct error *err) {
        int r = privileges_prepare_reader(err);

        if (r < 0)
                return r;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &reader_filter, 0, 0) < 0)
                return fail_errno(err, errno, "El núcleo no admite el filtro seccomp",
                                  "The kernel does not take the seccomp filter");
        return 0;
}
