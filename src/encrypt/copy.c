#include "encrypt/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"

void *direct_buffer(size_t n) {
        void *p = NULL;

        return posix_memalign(&p, DIRECT_BLOCK, (n + DIRECT_BLOCK - 1) / DIRECT_BLOCK * DIRECT_BLOCK) == 0 ? p
                                                                                                           : NULL;
}

int luks_open_direct(const char *device, int flags, int *ret_fd, struct error *err) {
        int fd = open(device, flags | O_CLOEXEC | O_DIRECT);

        /* tmpfs and some FUSE file systems have no O_DIRECT: images there are read through the cache, emptied
         * first. */
        if (fd < 0 && errno == EINVAL) {
                fd = open(device, flags | O_CLOEXEC);
                if (fd >= 0)
                        (void) posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        }
        if (fd < 0 && errno == ENOENT)
                return fail(err, ERR_NOT_FOUND, "No existe el dispositivo «%s».", "There is no device “%s”.",
                            device);
        if (fd < 0)
                return fail_errno(err, errno, "No se puede abrir «%s»", "“%s” can't be opened", device);
        *ret_fd = fd;
        return 0;
}

/* Reads on from copy->n to `upto`; fewer bytes when the device ends before. */
static int read_on(int fd, size_t upto, struct luks_copy *copy, struct error *err) {
        size_t from = copy->n / DIRECT_BLOCK * DIRECT_BLOCK;
        uint8_t *bytes;
        ssize_t got;

        if (upto <= copy->n)
                return 0;
        bytes = direct_buffer(upto);
        if (!bytes)
                return fail_memory(err);
        if (copy->n)
                memcpy(bytes, copy->bytes, copy->n);
        free(copy->bytes);
        copy->bytes = bytes;
        upto = (upto + DIRECT_BLOCK - 1) / DIRECT_BLOCK * DIRECT_BLOCK;
        got = pread_all(fd, bytes + from, upto - from, (off_t) from);
        if (got < 0)
                return fail_errno(err, (int) -got, "No se puede leer la cabecera", "The header can't be read");
        copy->n = from + (size_t) got;
        return 0;
}

/* Without a first header only a second one may be there, at each size that a header can have. Only those blocks are
 * read: a medium that is not LUKS is the usual one, and its verdict waits. */
static int find_second(int fd, bool *ret, struct error *err) {
        _cleanup_free_ uint8_t *block = direct_buffer(DIRECT_BLOCK);

        if (!block)
                return fail_memory(err);
        *ret = false;
        for (off_t offset = LUKS_HEADER_SMALLEST; offset <= LUKS_HEADER_LARGEST && !*ret; offset *= 2) {
                ssize_t got = pread_all(fd, block, DIRECT_BLOCK, offset);

                if (got < 0)
                        return fail_errno(err, (int) -got, "No se puede leer la cabecera",
                                          "The header can't be read");
                *ret = luks_is_second(block, (size_t) got);
        }
        return 0;
}

int luks_copy_read(int fd, bool whole, struct luks_copy *ret, struct error *err) {
        _cleanup_luks_copy_ struct luks_copy copy = { 0 };
        bool second = false;
        int r = read_on(fd, (size_t) 2 * LUKS_HEADER_SMALLEST, &copy, err);

        if (r == 0)
                r = read_on(fd, (size_t) luks_headers_size(copy.bytes, copy.n), &copy, err);
        if (r == 0 && luks_headers_size(copy.bytes, copy.n) == 0)
                r = find_second(fd, &second, err);
        if (r == 0 && second)
                r = read_on(fd, (size_t) LUKS_HEADER_LARGEST + DIRECT_BLOCK, &copy, err);
        if (r == 0)
                r = luks_parse(copy.bytes, copy.n, &copy.facts, err);
        if (r == 0 && whole && copy.facts.data_offset) {
                r = read_on(fd, (size_t) copy.facts.data_offset, &copy, err);
                copy.whole = r == 0 && copy.n >= copy.facts.data_offset;
                if (copy.whole)
                        copy.n = (size_t) copy.facts.data_offset;
        }
        if (r < 0)
                return r;
        *ret = copy;
        copy = (struct luks_copy){ 0 };
        return 0;
}

void luks_copy_done(struct luks_copy *copy) {
        free(copy->bytes);
        copy->bytes = NULL;
        luks_facts_done(&copy->facts);
}

int luks_copy_to_memory(const struct luks_copy *copy, int *ret_fd, struct error *err) {
        _cleanup_close_ int fd = memfd_create("luks-header", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        int r;

        if (fd < 0)
                return fail_errno(err, errno, "No se puede guardar la cabecera en memoria",
                                  "The header can't be kept in memory");
        r = pwrite_all(fd, copy->bytes, copy->n, 0);
        if (r < 0)
                return fail_errno(err, -r, "No se puede guardar la cabecera en memoria",
                                  "The header can't be kept in memory");
        (void) fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
        *ret_fd = TAKE_FD(fd);
        return 0;
}
