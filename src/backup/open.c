/* Reading a backup's container: once to know that it is whole, and once more to decrypt it. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/container_parts.h"
#include "base/file.h"
#include "base/str.h"
#include "sign/envelope.h"

struct opened {
        int fd;
        uint64_t size; /* of the file */
        int64_t time;
        struct container_crypto crypto;
        uint64_t content_at, content_size, done;
        uint8_t mac[SHA256_SIZE]; /* what the first reading gave */
        uint8_t *in;
};

static int read_at(struct opened *o, void *out, size_t n, uint64_t at, struct error *err) {
        ssize_t got = pread_all(o->fd, out, n, (off_t) at);

        if (got < 0)
                return fail_errno(err, (int) -got, "No se puede leer la copia", "The backup can't be read");
        if ((size_t) got != n)
                return fail(err, ERR_VERIFY, "La copia está cortada.", "The backup is cut short.");
        return 0;
}

static int not_a_backup(struct error *err) {
        return fail(err, ERR_VERIFY, "El fichero no es una copia de mpsi, o su principio está dañado.",
                    "The file is no backup of mpsi, or its beginning is damaged.");
}

/* A member of the outer archive at *at, of at most `limit` bytes; *at moves behind its header. */
static int next_member(struct opened *o, const char *name, uint64_t limit, uint64_t *at, uint64_t *ret_size,
                       struct error *err) {
        struct tar_member member;
        uint8_t block[TAR_BLOCK];
        int r = read_at(o, block, sizeof block, *at, err);

        if (r < 0)
                return r;
        if (tar_parse(block, &member) != 1 || strcmp(member.name, name) != 0 || member.size > limit)
                return not_a_backup(err);
        *at += TAR_BLOCK;
        *ret_size = member.size;
        o->time = member.time;
        return 0;
}

static int small_member(struct opened *o, const char *name, uint64_t *at, char **ret, size_t *ret_n,
                        struct error *err) {
        _cleanup_free_ char *data = NULL;
        uint64_t size = 0;
        int r = next_member(o, name, CONTAINER_ABOUT_MAX, at, &size, err);

        if (r < 0)
                return r;
        data = calloc(1, (size_t) size + 1);
        if (!data)
                return fail_memory(err);
        r = read_at(o, data, (size_t) size, *at, err);
        if (r < 0)
                return r;
        *at += tar_padded(size);
        *ret = TAKE_PTR(data);
        *ret_n = (size_t) size;
        return 0;
}

static int find_content(struct opened *o, X509 *recipient, EVP_PKEY *key, struct error *err) {
        _cleanup_free_ char *about = NULL, *envelope = NULL;
        _cleanup_secret_ struct secret *keys = NULL;
        const size_t format = strlen(container_format);
        uint64_t at = 0;
        size_t n;
        int r = small_member(o, member_about, &at, &about, &n, err);

        if (r == 0 && (strncmp(about, container_format, format) != 0 || about[format] != '\n'))
                r = not_a_backup(err);
        if (r == 0)
                r = small_member(o, member_keys, &at, &envelope, &n, err);
        if (r == 0)
                r = next_member(o, member_content, INT64_MAX, &at, &o->content_size, err);
        if (r < 0)
                return r;
        o->content_at = at;
        if (o->size < CONTAINER_TAIL || o->content_size > o->size ||
            at + tar_padded(o->content_size) + CONTAINER_TAIL != o->size)
                return fail(err, ERR_VERIFY, "La copia está cortada o le sobran bytes.",
                            "The backup is cut short or has bytes too many.");
        r = envelope_open(recipient, key, (const uint8_t *) envelope, n, &keys, err);
        return r == 0 ? container_crypto_start(&o->crypto, keys, false, err) : r;
}

/* The HMAC of the whole file, against the one at its end. */
static int check_mac(struct opened *o, struct error *err) {
        uint8_t tail[CONTAINER_TAIL], wanted[CONTAINER_TAIL];
        const uint64_t end = o->size - CONTAINER_TAIL;
        int r = 0;

        for (uint64_t at = 0; r == 0 && at < end;) {
                size_t n = end - at < CONTAINER_CHUNK ? (size_t) (end - at) : CONTAINER_CHUNK;

                r = read_at(o, o->in, n, at, err);
                if (r == 0 && EVP_MAC_update(o->crypto.mac, o->in, n) != 1)
                        r = fail_openssl(err, "No se puede autenticar la copia",
                                         "The backup can't be authenticated");
                at += n;
        }
        if (r == 0)
                r = read_at(o, tail, sizeof tail, end, err);
        if (r == 0 && EVP_MAC_final(o->crypto.mac, o->mac, NULL, sizeof o->mac) != 1)
                r = fail_openssl(err, "No se puede autenticar la copia", "The backup can't be authenticated");
        if (r == 0)
                r = container_tail(o->mac, o->time, wanted, err);
        if (r == 0 && CRYPTO_memcmp(tail, wanted, sizeof tail) != 0)
                r = fail(err, ERR_VERIFY, "La copia no está como se escribió: ha sido alterada o está dañada.",
                         "The backup is not as it was written: it was altered or is damaged.");
        return r;
}

static int open_file(struct opened *o, const char *path, char ret_digest[SHA256_TEXT], int64_t *ret_size,
                     struct error *err) {
        struct stat st;

        o->in = malloc(CONTAINER_CHUNK);
        if (!o->in)
                return fail_memory(err);
        o->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (o->fd < 0 && errno == ENOENT)
                return fail(err, ERR_NOT_FOUND, "No existe «%s».", "“%s” does not exist.", path);
        if (o->fd < 0 || fstat(o->fd, &st) < 0)
                return fail_errno(err, errno, "No se puede abrir «%s»", "“%s” can't be opened", path);
        if (!S_ISREG(st.st_mode))
                return fail(err, ERR_USAGE, "«%s» no es un fichero.", "“%s” is not a file.", path);
        o->size = (uint64_t) st.st_size;
        *ret_size = st.st_size;
        return sha256_file(path, ret_digest, err);
}

int opened_start(const char *path, X509 *recipient, EVP_PKEY *key, struct opened **ret,
                 char ret_digest[SHA256_TEXT], int64_t *ret_size, struct error *err) {
        _cleanup_(opened_freep) struct opened *o = calloc(1, sizeof *o);
        int r;

        if (!o)
                return fail_memory(err);
        o->fd = -1;
        r = open_file(o, path, ret_digest, ret_size, err);
        if (r == 0)
                r = find_content(o, recipient, key, err);
        if (r == 0)
                r = check_mac(o, err);
        /* Again from the start: what is decrypted must be what was checked. */
        if (r == 0 && EVP_MAC_init(o->crypto.mac, NULL, 0, NULL) != 1)
                r = fail_openssl(err, "No se puede autenticar la copia", "The backup can't be authenticated");
        for (uint64_t at = 0; r == 0 && at < o->content_at; at += TAR_BLOCK) {
                r = read_at(o, o->in, TAR_BLOCK, at, err);
                if (r == 0 && EVP_MAC_update(o->crypto.mac, o->in, TAR_BLOCK) != 1)
                        r = fail_memory(err);
        }
        if (r == 0)
                *ret = TAKE_PTR(o);
        return r;
}

int opened_read(struct opened *o, void *data, size_t n, struct error *err) {
        uint8_t *out = data;
        int r = 0;

        if (n > o->content_size - o->done)
                return fail(err, ERR_VERIFY, "El contenido de la copia está cortado.",
                            "The backup's content is cut short.");
        while (r == 0 && n > 0) {
                size_t part = n < CONTAINER_CHUNK ? n : CONTAINER_CHUNK;
                int out_n = 0;

                r = read_at(o, o->in, part, o->content_at + o->done, err);
                if (r == 0 && (EVP_MAC_update(o->crypto.mac, o->in, part) != 1 ||
                               EVP_CipherUpdate(o->crypto.cipher, out, &out_n, o->in, (int) part) != 1))
                        r = fail_openssl(err, "No se puede descifrar", "Decryption failed");
                out += part;
                n -= part;
                o->done += part;
        }
        return r;
}

uint64_t opened_done(const struct opened *o, uint64_t *ret_total) {
        *ret_total = o->content_size;
        return o->done;
}

int opened_finish(struct opened *o, struct error *err) {
        const size_t padding = (size_t) (tar_padded(o->content_size) - o->content_size);
        uint8_t mac[SHA256_SIZE];
        int r;

        if (o->done != o->content_size)
                return fail(err, ERR_VERIFY, "Al contenido de la copia le sobran bytes.",
                            "The backup's content has bytes too many.");
        r = read_at(o, o->in, padding, o->content_at + o->content_size, err);
        if (r < 0)
                return r;
        if (EVP_MAC_update(o->crypto.mac, o->in, padding) != 1 ||
            EVP_MAC_final(o->crypto.mac, mac, NULL, sizeof mac) != 1)
                return fail_openssl(err, "No se puede autenticar la copia", "The backup can't be authenticated");
        if (CRYPTO_memcmp(mac, o->mac, sizeof mac) != 0)
                return fail(err, ERR_VERIFY, "La copia ha cambiado mientras se leía.",
                            "The backup changed while it was being read.");
        return 0;
}

void opened_free(struct opened *o) {
        if (!o)
                return;
        if (o->fd >= 0)
                (void) close(o->fd);
        container_crypto_done(&o->crypto);
        if (o->in)
                OPENSSL_cleanse(o->in, CONTAINER_CHUNK);
        free(o->in);
        free(o);
}
