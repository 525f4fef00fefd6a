#include "base/secret.h"

#include <errno.h>
#include <linux/capability.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ARENA = 1 << 20, ARENA_SMALL = 1 << 16, SECRET_MAX = 1 << 16, LINE_MAX_BYTES = 1024 };

int secret_no_dumps(struct error *err) {
        const struct rlimit none = { 0, 0 };

        if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return fail_errno(err, errno, "No se pueden desactivar los volcados de memoria",
                                  "Core dumps can't be switched off");
        return 0;
}

/* Whether no limit stands in the way: one that is reached later would make every allocation fail. */
static bool may_lock_all(void) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
        struct rlimit limit;

        if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY)
                return true;
        return syscall(SYS_capget, &header, data) == 0 && data[0].effective >> CAP_IPC_LOCK & 1;
}

static pid_t locked; /* the process whose memory is locked as a whole */

/* In libc's place, for libraries too: locks do not nest, so libcryptsetup's munlock() of a key that it frees would
 * unlock the whole page of the heap, with whatever else lies there. */
int munlock(const void *at, size_t size) {
        return locked == getpid() ? 0 : (int) syscall(SYS_munlock, at, size);
}

/* Libraries copy keys where they like: into an AES context, into a derivation's blocks. So all that a process with
 * a secret touches is locked where that may be had: root's, and mpsid's by its unit. Others have the arena alone. A
 * child inherits no locks. */
static void lock_memory(void) {
        static pid_t tried;

        if (tried == getpid())
                return;
        tried = getpid();
        if (may_lock_all() && mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)
                locked = tried;
}

int secret_arena_start(struct error *err) {
        int dumps = secret_no_dumps(err);

        if (dumps < 0 || CRYPTO_secure_malloc_initialized())
                return dumps;
        /* 1 = locked and undumpable, 2 = an mlock or madvise failed. The usual RLIMIT_MEMLOCK of 64 KiB on old
         * systems holds the small arena. */
        for (size_t size = ARENA; size >= ARENA_SMALL; size /= 2) {
                int r = CRYPTO_secure_malloc_init(size, 16);

                if (r == 1)
                        return 0;
                if (r == 2)
                        (void) CRYPTO_secure_malloc_done();
        }
        (void) fail(err, ERR_FAILED, "No se puede bloquear memoria para los secretos (C10).",
                    "Memory for secrets can't be locked (C10).");
        return hint(err, "Suba el límite de memoria bloqueada (ulimit -l) a 64 KiB o más.",
                    "Raise the locked-memory limit (ulimit -l) to 64 KiB or more.");
}

int secret_new(size_t size, struct secret **ret, struct error *err) {
        struct secret *secret;

        if (size == 0 || size > SECRET_MAX)
                return fail(err, ERR_USAGE, "Tamaño de secreto no válido.", "Invalid size of a secret.");
        if (!CRYPTO_secure_malloc_initialized()) {
                int r = secret_arena_start(err);

                if (r < 0)
                        return r;
        }
        lock_memory();
        secret = calloc(1, sizeof *secret);
        if (!secret)
                return fail_memory(err);
        secret->data = OPENSSL_secure_zalloc(size);
        /* OpenSSL falls back to the ordinary heap when the arena is full: that memory is not locked. */
        if (!secret->data || !CRYPTO_secure_allocated(secret->data)) {
                OPENSSL_secure_clear_free(secret->data, size);
                free(secret);
                return fail(err, ERR_FAILED, "No queda memoria bloqueada para secretos.",
                            "No locked memory left for secrets.");
        }
        secret->size = size;
        *ret = secret;
        return 0;
}

int secret_copy(const void *data, size_t size, struct secret **ret, struct error *err) {
        int r = secret_new(size, ret, err);

        if (r == 0)
                memcpy((*ret)->data, data, size);
        return r;
}

int secret_random(size_t size, struct secret **ret, struct error *err) {
        struct secret *secret = NULL;
        int r = secret_new(size, &secret, err);

        if (r < 0)
                return r;
        if (RAND_priv_bytes(secret->data, (int) size) != 1) {
                secret_free(secret);
                return fail(err, ERR_FAILED, "El generador aleatorio no responde.", "The random generator failed.");
        }
        *ret = secret;
        return 0;
}

int secret_read_line(int fd, struct secret **ret, struct error *err) {
        _cleanup_secret_ struct secret *line = NULL;
        size_t used = 0;
        int r = secret_new(LINE_MAX_BYTES, &line, err);

        if (r < 0)
                return r;
        for (;;) {
                uint8_t *at = line->data + used;
                ssize_t n = read(fd, at, 1);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return fail_errno(err, errno, "No se puede leer el secreto", "The secret can't be read");
                if (n == 0 || *at == '\n')
                        break;
                if (++used == LINE_MAX_BYTES)
                        return fail(err, ERR_USAGE, "El secreto pasa de 1024 bytes.",
                                    "The secret is over 1024 bytes.");
        }
        if (used > 0 && line->data[used - 1] == '\r')
                used--;
        if (used == 0)
                return fail(err, ERR_USAGE, "El secreto está vacío.", "The secret is empty.");
        return secret_copy(line->data, used, ret, err);
}

void secret_free(struct secret *secret) {
        if (!secret)
                return;
        OPENSSL_secure_clear_free(secret->data, secret->size);
        free(secret);
}
