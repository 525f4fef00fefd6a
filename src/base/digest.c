#include "base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

static inline void digest_freep(EVP_MD_CTX **context) {
        EVP_MD_CTX_free(*context);
}

int sha256(const void *data, size_t n, uint8_t out[SHA256_SIZE]) {
        return EVP_Digest(data, n, out, NULL, EVP_sha256(), NULL) == 1 ? 0 : ERR_FAILED;
}

int sha256_text(const void *data, size_t n, char out[SHA256_TEXT]) {
        uint8_t raw[SHA256_SIZE];
        int r = sha256(data, n, raw);

        if (r == 0)
                hex_encode(raw, sizeof raw, out);
        return r;
}

int sha256_file(const char *path, char out[SHA256_TEXT], struct error *err) {
        _cleanup_(digest_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        uint8_t block[65536], raw[SHA256_SIZE];

        if (fd < 0)
                return fail_errno(err, errno, "No se puede abrir «%s»", "“%s” can't be opened", path);
        if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
                return fail_memory(err);
        for (;;) {
                ssize_t n = read(fd, block, sizeof block);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return fail_errno(err, errno, "No se puede leer «%s»", "“%s” can't be read", path);
                if (n == 0)
                        break;
                if (EVP_DigestUpdate(context, block, (size_t) n) != 1)
                        return fail_memory(err);
        }
        if (EVP_DigestFinal_ex(context, raw, NULL) != 1)
                return fail_memory(err);
        hex_encode(raw, sizeof raw, out);
        return 0;
}
