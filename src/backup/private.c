/* Folders for what is unpacked: of one run, private, and gone after it even when the run was killed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/backup.h"
#include "base/file.h"
#include "base/str.h"

static const char prefix[] = "mpsi-backup-";

static bool worth_wiping(const char *name) {
        const char *ending = strrchr(name, '.');

        return strncmp(name, "vault.db", 8) == 0 || (ending && strcmp(ending, ".key") == 0);
}

static int wipe_one(const char *path, const struct stat *st, int kind, struct FTW *walk) {
        static const char zeros[65536];
        _cleanup_close_ int fd = -1;

        if (kind == FTW_F && S_ISREG(st->st_mode) && worth_wiping(path + walk->base))
                fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        for (off_t at = 0; fd >= 0 && at < st->st_size;) {
                size_t n = st->st_size - at < (off_t) sizeof zeros ? (size_t) (st->st_size - at) : sizeof zeros;

                if (pwrite_all(fd, zeros, n, at) < 0)
                        break; /* removing it counts for more */
                at += (off_t) n;
        }
        if (fd >= 0)
                (void) fdatasync(fd);
        return remove(path) < 0 && errno != ENOENT ? errno : 0;
}

int private_folder_wipe(const char *path, struct error *err) {
        struct stat st;
        int no = lstat(path, &st) < 0 ? 0 : nftw(path, wipe_one, 16, FTW_DEPTH | FTW_PHYS);

        return no ? fail_errno(err, no > 0 ? no : errno, "No se puede borrar «%s»", "“%s” can't be removed", path)
                  : 0;
}

/* A run holds a lock on its folder: one that nobody holds was left behind. */
static void sweep(const char *base) {
        _cleanup_closedir_ DIR *dir = opendir(base);
        const struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                _cleanup_free_ char *path = NULL;
                _cleanup_close_ int fd = -1;
                struct stat st;

                if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
                        continue;
                path = str_format("%s/%s", base, entry->d_name);
                fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
                if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0)
                        (void) private_folder_wipe(path, NULL);
        }
}

/* 1 when the folder was made and locked before a sweep of another run found it without a lock. */
static int make_one(const char *base, char **ret, int *ret_lock, struct error *err) {
        _cleanup_free_ char *path = str_format("%s/%sXXXXXX", base, prefix);
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (!path)
                return fail_memory(err);
        if (!mkdtemp(path))
                return fail_errno(err, errno, "No se puede crear una carpeta en «%s»",
                                  "No folder can be created in “%s”", base);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || flock(fd, LOCK_EX) < 0 || fstat(fd, &st) < 0 || st.st_nlink == 0)
                return 0;
        *ret = TAKE_PTR(path);
        *ret_lock = TAKE_FD(fd);
        return 1;
}

int private_folder_make(struct act *act, char **ret, int *ret_lock, struct error *err) {
        const char *tmp = getenv("TMPDIR");
        _cleanup_free_ char *base = act->db ? act_path(act, NULL, "work")
                                            : strdup(tmp && *tmp == '/' ? tmp : "/var/tmp");
        int r = 0;

        if (!base)
                return fail_memory(err);
        sweep(base);
        for (int tries = 0; r == 0 && tries < 10; tries++)
                r = make_one(base, ret, ret_lock, err);
        if (r == 0)
                r = fail(err, ERR_BUSY, "No se puede crear una carpeta en «%s».",
                         "No folder can be created in “%s”.", base);
        return r < 0 ? r : 0;
}
