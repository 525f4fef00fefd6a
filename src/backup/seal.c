/* Writing a backup's container, in one pass. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/container_parts.h"
#include "base/file.h"
#include "base/str.h"
#include "sign/envelope.h"

const char container_format[] = "mpsi-backup/1";

struct sealing {
        char *path, *part;
        int fd;
        int64_t time;
        struct container_crypto crypto;
        EVP_MD_CTX *digest;
        uint64_t content_size, content_done, written;
        uint8_t *out; /* what is encrypted next */
};

/* Every byte of the file goes through here. */
static int put(struct sealing *s, const void *data, size_t n, struct error *err) {
        int r;

        if (EVP_MAC_update(s->crypto.mac, data, n) != 1 || EVP_DigestUpdate(s->digest, data, n) != 1)
                return fail_openssl(err, "No se puede calcular el resumen", "The digest can't be computed");
        r = write_all(s->fd, data, n);
        if (r < 0)
                return fail_errno(err, -r, "No se puede escribir «%s»", "“%s” can't be written", s->part);
        s->written += n;
        return 0;
}

static int put_padding(struct sealing *s, uint64_t size, struct error *err) {
        static const uint8_t zeros[TAR_BLOCK];

        return put(s, zeros, (size_t) (tar_padded(size) - size), err);
}

static int put_header(struct sealing *s, const char *name, uint64_t size, struct error *err) {
        uint8_t block[TAR_BLOCK];
        int r = container_header(name, size, s->time, block, err);

        return r < 0 ? r : put(s, block, sizeof block, err);
}

static int put_member(struct sealing *s, const char *name, const void *data, size_t n, struct error *err) {
        int r = put_header(s, name, n, err);

        if (r == 0)
                r = put(s, data, n, err);
        return r < 0 ? r : put_padding(s, n, err);
}

/* A name that is there already is an earlier backup: only an empty file gives way. */
static int name_is_free(const char *path, struct error *err) {
        struct stat st;

        if (lstat(path, &st) < 0)
                return errno == ENOENT
                               ? 0
                               : fail_errno(err, errno, "No se puede crear «%s»", "“%s” can't be created", path);
        if (!S_ISREG(st.st_mode) || st.st_size > 0)
                return fail(err, ERR_CONFLICT, "Ya existe «%s».", "“%s” exists already.", path);
        return 0;
}

static int open_part(struct sealing *s, const char *path, struct error *err) {
        int r = name_is_free(path, err);

        if (r < 0)
                return r;
        s->path = strdup(path);
        s->part = str_format("%s.part", path);
        if (!s->path || !s->part)
                return fail_memory(err);
        /* Left by one that was cut off: the caller holds the lock that lets one backup be made at a time. */
        (void) unlink(s->part);
        s->fd = open(s->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        return s->fd < 0 ? fail_errno(err, errno, "No se puede crear «%s»", "“%s” can't be created", s->part) : 0;
}

int sealing_start(const char *path, const char *about, int64_t time, X509 *recipient, uint64_t content_size,
                  struct sealing **ret, struct error *err) {
        _cleanup_(sealing_freep) struct sealing *s = calloc(1, sizeof *s);
        _cleanup_secret_ struct secret *keys = NULL;
        _cleanup_free_ uint8_t *envelope = NULL;
        size_t n = 0;
        int r;

        if (!s)
                return fail_memory(err);
        s->fd = -1;
        s->time = time;
        s->content_size = content_size;
        s->digest = EVP_MD_CTX_new();
        s->out = malloc(CONTAINER_CHUNK);
        if (!s->out || !s->digest || EVP_DigestInit_ex(s->digest, EVP_sha256(), NULL) != 1)
                return fail_memory(err);
        r = open_part(s, path, err);
        if (r == 0)
                r = secret_random(CONTAINER_KEYS, &keys, err);
        if (r == 0)
                r = envelope_seal(recipient, keys, &envelope, &n, err);
        if (r == 0)
                r = container_crypto_start(&s->crypto, keys, true, err);
        if (r == 0)
                r = put_member(s, member_about, about, strlen(about), err);
        if (r == 0)
                r = put_member(s, member_keys, envelope, n, err);
        if (r == 0)
                r = put_header(s, member_content, content_size, err);
        if (r == 0)
                *ret = TAKE_PTR(s);
        return r;
}

int sealing_write(struct sealing *s, const void *data, size_t n, struct error *err) {
        const uint8_t *at = data;
        int r = 0;

        if (n > s->content_size - s->content_done)
                return fail(err, ERR_FAILED, "La copia es mayor de lo previsto.",
                            "The backup is larger than planned.");
        while (r == 0 && n > 0) {
                size_t part = n < CONTAINER_CHUNK ? n : CONTAINER_CHUNK;
                int out_n = 0;

                if (EVP_CipherUpdate(s->crypto.cipher, s->out, &out_n, at, (int) part) != 1 || out_n != (int) part)
                        return fail_openssl(err, "No se puede cifrar", "Encryption failed");
                r = put(s, s->out, part, err);
                at += part;
                n -= part;
                s->content_done += part;
        }
        return r;
}

/* The MAC's member and the archive's end: not under the MAC, but the same in every byte but the MAC's own. */
static int put_tail(struct sealing *s, struct error *err) {
        uint8_t mac[SHA256_SIZE], tail[CONTAINER_TAIL];
        int r;

        if (EVP_MAC_final(s->crypto.mac, mac, NULL, sizeof mac) != 1)
                return fail_openssl(err, "No se puede autenticar la copia", "The backup can't be authenticated");
        r = container_tail(mac, s->time, tail, err);
        if (r < 0)
                return r;
        if (EVP_DigestUpdate(s->digest, tail, sizeof tail) != 1)
                return fail_memory(err);
        r = write_all(s->fd, tail, sizeof tail);
        s->written += sizeof tail;
        return r < 0 ? fail_errno(err, -r, "No se puede escribir «%s»", "“%s” can't be written", s->part) : 0;
}

int sealing_finish(struct sealing *s, char ret_digest[SHA256_TEXT], int64_t *ret_size, struct error *err) {
        _cleanup_free_ char *folder = strdup(s->path);
        uint8_t raw[SHA256_SIZE];
        int r = folder ? 0 : fail_memory(err);

        if (r == 0 && s->content_done != s->content_size)
                r = fail(err, ERR_FAILED, "La copia es menor de lo previsto.",
                         "The backup is smaller than planned.");
        if (r == 0)
                r = put_padding(s, s->content_size, err);
        if (r == 0)
                r = put_tail(s, err);
        if (r < 0)
                return r;
        if (EVP_DigestFinal_ex(s->digest, raw, NULL) != 1)
                return fail_memory(err);
        r = name_is_free(s->path, err);
        if (r < 0)
                return r;
        if (fsync(s->fd) < 0 || rename(s->part, s->path) < 0)
                return fail_errno(err, errno, "No se puede escribir «%s»", "“%s” can't be written", s->path);
        free(TAKE_PTR(s->part)); /* nothing left to remove */
        r = dir_sync(dirname(folder), err);
        if (r < 0) {
                (void) unlink(s->path); /* its name may not last: nobody may rely on it */
                return r;
        }
        hex_encode(raw, sizeof raw, ret_digest);
        *ret_size = (int64_t) s->written;
        return 0;
}

void sealing_free(struct sealing *s) {
        if (!s)
                return;
        if (s->fd >= 0) {
                (void) close(s->fd);
                if (s->part)
                        (void) unlink(s->part);
        }
        container_crypto_done(&s->crypto);
        EVP_MD_CTX_free(s->digest);
        free(s->out);
        free(s->path);
        free(s->part);
        free(s);
}
