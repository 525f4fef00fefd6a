#include "encrypt/fill.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "encrypt/copy.h"
#include "sign/openssl.h"

enum { FILL_BLOCK = 4 << 20, FILL_KEY = 32 + 16 /* key and first counter */ };

/* The stream: CTR's ciphertext of zeros. */
struct stream {
        EVP_CIPHER_CTX *context;
        uint8_t *zeros;
};

static void stream_done(struct stream *stream) {
        EVP_CIPHER_CTX_free(stream->context);
        free(stream->zeros);
}

static int stream_start(struct stream *stream, struct error *err) {
        _cleanup_secret_ struct secret *key = NULL;
        int r = secret_random(FILL_KEY, &key, err);

        if (r < 0)
                return r;
        stream->context = EVP_CIPHER_CTX_new();
        stream->zeros = calloc(1, FILL_BLOCK);
        if (!stream->context || !stream->zeros)
                return fail_memory(err);
        if (EVP_EncryptInit_ex(stream->context, EVP_aes_256_ctr(), NULL, key->data, key->data + 32) != 1)
                return fail_openssl(err, "AES-CTR no arranca", "AES-CTR does not start");
        return 0;
}

static int stream_next(struct stream *stream, uint8_t *out, size_t n, struct error *err) {
        int length = 0;

        if (EVP_EncryptUpdate(stream->context, out, &length, stream->zeros, (int) n) != 1 || length != (int) n)
                return fail_openssl(err, "AES-CTR falla", "AES-CTR failed");
        return 0;
}

static int64_t monotonic_ms(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void tell(struct act *act, const char *medium, uint64_t done, uint64_t total, int64_t started) {
        int64_t ms = monotonic_ms() - started;
        uint64_t rate = ms > 0 ? done * 1000 / (uint64_t) ms : 0;
        const struct progress progress = { .subject = medium,
                                           .step = { "rellenando con datos aleatorios",
                                                     "filling with random data" },
                                           .done = done,
                                           .total = total,
                                           .rate = rate,
                                           .eta = rate ? (int64_t) ((total - done) / rate) : -1 };

        act_progress(act, &progress);
}

int luks_fill(struct act *act, int fd, int64_t size, const char *medium, struct error *err) {
        _cleanup_(stream_done) struct stream stream = { 0 };
        _cleanup_free_ uint8_t *block = direct_buffer(FILL_BLOCK);
        int64_t started = monotonic_ms();
        int r = stream_start(&stream, err);

        if (r < 0)
                return r;
        if (!block)
                return fail_memory(err);
        for (int64_t at = 0; at < size;) {
                size_t n = size - at < FILL_BLOCK ? (size_t) (size - at) : FILL_BLOCK;

                if (act_cancelled(act))
                        return fail(err, ERR_CONFLICT, "Cancelado tras %lld bytes.", "Cancelled after %lld bytes.",
                                    (long long) at);
                r = stream_next(&stream, block, n, err);
                if (r < 0)
                        return r;
                r = pwrite_all(fd, block, n, (off_t) at);
                if (r < 0)
                        return fail_errno(err, -r, "No se puede escribir en el byte %lld del soporte",
                                          "Byte %lld of the medium can't be written", (long long) at);
                at += (int64_t) n;
                tell(act, medium, (uint64_t) at, (uint64_t) size, started);
        }
        if (fdatasync(fd) < 0)
                return fail_errno(err, errno, "El soporte no confirma lo escrito",
                                  "The medium does not confirm what was written");
        return 0;
}

int luks_overwrite(int fd, uint8_t *random, size_t n, struct error *err) {
        _cleanup_(stream_done) struct stream stream = { 0 };
        int r = stream_start(&stream, err);

        for (size_t at = 0; at < n && r == 0; at += FILL_BLOCK)
                r = stream_next(&stream, random + at, n - at < FILL_BLOCK ? n - at : FILL_BLOCK, err);
        if (r < 0)
                return r;
        r = pwrite_all(fd, random, n, 0);
        if (r == 0 && fdatasync(fd) < 0)
                r = -errno;
        return r < 0 ? fail_errno(err, -r, "No se puede sobrescribir la cabecera",
                                  "The header can't be overwritten")
                     : 0;
}
