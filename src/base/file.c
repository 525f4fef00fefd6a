#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { COPY_CHUNK = 1 << 20 };

int file_read(const char *path, size_t limit, char **ret, size_t *ret_n, struct error *err) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        _cleanup_free_ char *data = NULL;
        struct stat st;
        ssize_t n;

        if (fd < 0 && errno == ENOENT)
                return fail(err, ERR_NOT_FOUND, "No existe «%s».", "“%s” does not exist.", path);
        if (fd < 0 || fstat(fd, &st) < 0)
                return fail_errno(err, errno, "No se puede abrir «%s»", "“%s” can't be opened", path);
        if (!S_ISREG(st.st_mode))
                return fail(err, ERR_USAGE, "«%s» no es un fichero.", "“%s” is not a file.", path);
        if (st.st_size < 0 || (size_t) st.st_size > limit)
                return fail(err, ERR_USAGE, "«%s» pasa de %zu bytes.", "“%s” is over %zu bytes.", path, limit);
        data = malloc((size_t) st.st_size + 1);
        if (!data)
                return fail_memory(err);
        n = pread_all(fd, data, (size_t) st.st_size, 0);
        if (n < 0)
                return fail_errno(err, (int) -n, "No se puede leer «%s»", "“%s” can't be read", path);
        data[n] = '\0';
        *ret = TAKE_PTR(data);
        *ret_n = (size_t) n;
        return 0;
}

int write_all(int fd, const void *data, size_t n) {
        const char *at = data;

        while (n > 0) {
                ssize_t done = write(fd, at, n);

                if (done < 0 && errno == EINTR)
                        continue;
                if (done <= 0)
                        return done < 0 ? -errno : -ENOSPC;
                at += done;
                n -= (size_t) done;
        }
        return 0;
}

int pwrite_all(int fd, const void *data, size_t n, off_t offset) {
        const char *at = data;

        while (n > 0) {
                ssize_t done = pwrite(fd, at, n, offset);

                if (done < 0 && errno == EINTR)
                        continue;
                if (done <= 0)
                        return done < 0 ? -errno : -ENOSPC;
                at += done;
                offset += done;
                n -= (size_t) done;
        }
        return 0;
}

ssize_t pread_all(int fd, void *data, size_t n, off_t offset) {
        char *at = data;
        size_t left = n;

        while (left > 0) {
                ssize_t done = pread(fd, at, left, offset);

                if (done < 0 && errno == EINTR)
                        continue;
                if (done < 0)
                        return -errno;
                if (done == 0)
                        break;
                at += done;
                offset += done;
                left -= (size_t) done;
        }
        return (ssize_t) (n - left);
}

int dir_sync(const char *path, struct error *err) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0 || fsync(fd) < 0)
                return fail_errno(err, errno, "No se puede asegurar la carpeta «%s»", "Folder “%s” can't be synced",
                                  path);
        return 0;
}

/* What is to be written: bytes in memory, or (data NULL) all that `from` holds. */
struct content {
        const void *data;
        size_t n;
        int from;
};

static int put_content(int fd, const struct content *content) {
        _cleanup_free_ uint8_t *buffer = NULL;
        off_t at = 0;
        ssize_t n;

        if (content->data)
                return write_all(fd, content->data, content->n);
        buffer = malloc(COPY_CHUNK);
        if (!buffer)
                return -ENOMEM;
        while ((n = pread_all(content->from, buffer, COPY_CHUNK, at)) > 0) {
                int r = write_all(fd, buffer, (size_t) n);

                if (r < 0)
                        return r;
                at += n;
        }
        return (int) n;
}

static int replace(const char *path, const struct content *content, mode_t mode, bool sync, struct error *err) {
        _cleanup_free_ char *temporary = str_format("%s.tmp.%ld", path, (long) getpid());
        _cleanup_free_ char *folder = strdup(path);
        _cleanup_close_ int fd = -1;
        int r;

        if (!temporary || !folder)
                return fail_memory(err);
        (void) unlink(temporary);
        fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0)
                return fail_errno(err, errno, "No se puede crear «%s»", "“%s” can't be created", path);
        r = put_content(fd, content);
        if (r == 0 && sync && fsync(fd) < 0)
                r = -errno;
        if (r == 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0) {
                (void) unlink(temporary);
                return fail_errno(err, -r, "No se puede escribir «%s»", "“%s” can't be written", path);
        }
        return sync ? dir_sync(dirname(folder), err) : 0;
}

int file_write(const char *path, const void *data, size_t n, mode_t mode, struct error *err) {
        return replace(path, &(struct content){ .data = data ? data : "", .n = n, .from = -1 }, mode, true, err);
}

int file_write_loose(const char *path, const void *data, size_t n, mode_t mode, struct error *err) {
        return replace(path, &(struct content){ .data = data ? data : "", .n = n, .from = -1 }, mode, false, err);
}

int fs_open(const char *folder, struct error *err) {
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd >= 0 ? fd
                       : fail_errno(err, errno, "No se puede abrir la carpeta «%s»", "Folder “%s” can't be opened",
                                    folder);
}

int fs_sync(int folder, struct error *err) {
        return syncfs(folder) == 0 ? 0
                                   : fail_errno(err, errno, "No se pudo asegurar lo escrito",
                                                "What was written could not be made durable");
}

int file_write_new(const char *path, const void *data, size_t n, struct error *err) {
        bool ours = strncmp(path, "/proc/self/fd/", 14) == 0;
        _cleanup_close_ int fd = open(
                path, ours ? O_WRONLY | O_CLOEXEC : O_WRONLY | O_CLOEXEC | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
        int r;

        if (fd < 0 && errno == EEXIST)
                return fail(err, ERR_CONFLICT, "Ya existe «%s».", "“%s” exists already.", path);
        if (fd < 0)
                return fail_errno(err, errno, "No se puede escribir «%s»", "“%s” can't be written", path);
        r = write_all(fd, data, n);
        if (r == 0 && !ours && fsync(fd) < 0)
                r = -errno;
        if (r < 0 && !ours)
                (void) unlink(path);
        return r < 0 ? fail_errno(err, -r, "No se puede escribir «%s»", "“%s” can't be written", path) : 0;
}

int file_copy(int from, const char *path, mode_t mode, struct error *err) {
        return replace(path, &(struct content){ .from = from }, mode, true, err);
}

int dir_make(const char *path, mode_t mode, struct error *err) {
        struct stat st;

        if (mkdir(path, mode) == 0)
                return 0;
        if (errno != EEXIST)
                return fail_errno(err, errno, "No se puede crear la carpeta «%s»", "Folder “%s” can't be created",
                                  path);
        if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
                return fail(err, ERR_CONFLICT, "«%s» no es una carpeta.", "“%s” is not a folder.", path);
        return 0;
}

bool file_name_safe(const char *name) {
        static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
        size_t length = strlen(name);

        return length >= 1 && length <= 128 && name[0] != '.' && strspn(name, allowed) == length;
}
