/* Reading and judging. The pattern is not made and compared, as the wipe does: what is read is decrypted, and must
 * come out as one byte throughout. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verifier/verifier.h"

enum { CHUNK = 2 << 20 /* a huge page */, SLICE = 16 << 10 /* stays in the first-level cache */ };

int look_open(const char *path, const struct expected *expected, struct look *ret, struct says *why) {
        struct stat st;
        bool direct = true;
        int fd, block = 512;
        uint64_t size;

        if (stat(path, &st) < 0)
                return say(why, EXIT_NOT_FOUND, "No existe «%s».", "There is no “%s”.", path);
        if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
                return say(why, EXIT_USAGE, "«%s» no es un dispositivo de bloques ni una imagen.",
                           "“%s” is neither a block device nor an image.", path);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECT | (S_ISBLK(st.st_mode) ? O_EXCL : 0));
        if (fd < 0 && errno == EINVAL && S_ISREG(st.st_mode)) {
                direct = false;
                fd = open(path, O_RDONLY | O_CLOEXEC);
        }
        if (fd < 0)
                return say(why, errno == EBUSY ? EXIT_BUSY : EXIT_FAILED, "No se puede abrir «%s»: %s.",
                           "“%s” can't be opened: %s.", path, strerror(errno));
        size = (uint64_t) st.st_size;
        if (S_ISBLK(st.st_mode) && (ioctl(fd, BLKGETSIZE64, &size) < 0 || ioctl(fd, BLKSSZGET, &block) < 0)) {
                (void) close(fd);
                return say(why, EXIT_FAILED, "«%s» no dice cuánto mide.", "“%s” does not say its size.", path);
        }
        if (size != (uint64_t) expected->size || block < 512 || block > 65536) {
                (void) close(fd);
                return say(why, EXIT_CONFLICT, "«%s» no es el soporte %s: mide %llu bytes y no %lld.",
                           "“%s” is not medium %s: it has %llu bytes and not %lld.", path, expected->medium,
                           (unsigned long long) size, (long long) expected->size);
        }
        *ret = (struct look){ .fd = fd, .direct = direct, .size = (int64_t) size, .block = block };
        return 0;
}

/* --- one stretch -------------------------------------------------------------------------------------------------
 */

struct judge {
        const struct expected *expected;
        EVP_CIPHER_CTX *cipher;
        uint8_t *plain; /* SLICE */
};

static int judge_start(struct judge *judge, const struct expected *expected, struct says *why) {
        judge->expected = expected;
        judge->plain = malloc(SLICE);
        judge->cipher = EVP_CIPHER_CTX_new();
        if (!judge->plain || !judge->cipher ||
            EVP_DecryptInit_ex2(judge->cipher, EVP_aes_256_ctr(), expected->key, (const uint8_t[16]){ 0 }, NULL) !=
                    1)
                return say(why, EXIT_FAILED, "AES no está disponible.", "AES is not available.");
        return 0;
}

static void judge_end(struct judge *judge) {
        EVP_CIPHER_CTX_free(judge->cipher);
        free(judge->plain);
}

static bool is_all(const uint8_t *bytes, size_t n, uint8_t value) {
        return bytes[0] == value && memcmp(bytes, bytes + 1, n - 1) == 0;
}

/* The counter is the offset in blocks of 16 bytes, big-endian. Offsets are multiples of 512. */
static bool seek_stream(struct judge *judge, int64_t offset) {
        uint8_t iv[16] = { 0 };

        for (int i = 0; i < 8; i++)
                iv[15 - i] = (uint8_t) ((uint64_t) offset / 16 >> 8 * i);
        return EVP_DecryptInit_ex2(judge->cipher, NULL, NULL, iv, NULL) == 1;
}

/* 1 right, 0 wrong, -1 when the library failed. */
static int is_right(struct judge *judge, const uint8_t *got, int64_t offset, size_t n) {
        if (!judge->expected->stream)
                return is_all(got, n, judge->expected->plain);
        if (!seek_stream(judge, offset))
                return -1;
        for (size_t at = 0; at < n; at += SLICE) {
                int length = n - at < SLICE ? (int) (n - at) : SLICE, done = 0;

                if (EVP_DecryptUpdate(judge->cipher, judge->plain, &done, got + at, length) != 1 || done != length)
                        return -1;
                if (!is_all(judge->plain, (size_t) length, judge->expected->plain))
                        return 0;
        }
        return 1;
}

static void note(struct look *look, int64_t start, int64_t length, bool unreadable) {
        struct place *last = look->listed_n ? &look->listed[look->listed_n - 1] : NULL;

        look->differing += length;
        look->unreadable += unreadable ? length : 0;
        if (last && last->start + last->length == start)
                last->length += length;
        else if (look->listed_n < PLACES_LISTED)
                look->listed[look->listed_n++] = (struct place){ start, length };
}

/* All n bytes, or fewer and why: an image may end in the middle of a block, where direct reads are not possible. */
static bool read_all(const struct look *look, uint8_t *into, int64_t offset, size_t n) {
        size_t done = 0;

        while (done < n) {
                size_t want = n - done,
                       whole = (want + (size_t) look->block - 1) / (size_t) look->block * (size_t) look->block;
                ssize_t got = pread(look->fd, into + done, whole, offset + (int64_t) done);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return false;
                done += (size_t) got < want ? (size_t) got : want;
        }
        return true;
}

/* A stretch that is not right as a whole, block by block. */
static int judge_blocks(struct look *look, struct judge *judge, uint8_t *into, int64_t offset, size_t n, bool read,
                        struct says *why) {
        for (size_t at = 0; at < n; at += (size_t) look->block) {
                size_t length = n - at < (size_t) look->block ? n - at : (size_t) look->block;
                bool readable = read || read_all(look, into + at, offset + (int64_t) at, length);
                int right = readable ? is_right(judge, into + at, offset + (int64_t) at, length) : 0;

                if (right < 0)
                        return say(why, EXIT_FAILED, "Falló AES.", "AES failed.");
                if (!right)
                        note(look, offset + (int64_t) at, (int64_t) length, !readable);
        }
        look->bytes += (int64_t) n;
        return 0;
}

static int judge_stretch(struct look *look, struct judge *judge, uint8_t *into, int64_t offset, size_t n, bool read,
                         struct says *why) {
        int right = read ? is_right(judge, into, offset, n) : 0;

        if (right < 0)
                return say(why, EXIT_FAILED, "Falló AES.", "AES failed.");
        if (!right)
                return judge_blocks(look, judge, into, offset, n, read, why);
        look->bytes += (int64_t) n;
        return 0;
}

/* --- all of them: one thread reads while the other decrypts ------------------------------------------------------
 */

enum { SLOTS = 3 };

struct stretch {
        int64_t offset;
        size_t n;
        bool read;
        uint8_t *data;
};

struct pipe {
        struct look *look;
        const struct place *places;
        size_t places_n;
        struct stretch slots[SLOTS];
        uint64_t filled, used; /* stretches so far */
        bool ended, stop;
        pthread_mutex_t mutex;
        pthread_cond_t changed;
};

/* Waits for room; false when nobody wants more. */
static bool wait_room(struct pipe *pipe, uint64_t filled) {
        bool go;

        (void) pthread_mutex_lock(&pipe->mutex);
        while (!pipe->stop && filled - pipe->used == SLOTS)
                (void) pthread_cond_wait(&pipe->changed, &pipe->mutex);
        go = !pipe->stop;
        (void) pthread_mutex_unlock(&pipe->mutex);
        return go;
}

static void publish(struct pipe *pipe, bool ended) {
        (void) pthread_mutex_lock(&pipe->mutex);
        if (ended)
                pipe->ended = true;
        else
                pipe->filled++;
        (void) pthread_cond_signal(&pipe->changed);
        (void) pthread_mutex_unlock(&pipe->mutex);
}

static void *read_places(void *argument) {
        struct pipe *pipe = argument;
        uint64_t filled = 0;

        for (size_t p = 0; p < pipe->places_n; p++)
                for (int64_t at = 0; at < pipe->places[p].length; at += CHUNK) {
                        struct stretch *slot = &pipe->slots[filled % SLOTS];
                        int64_t left = pipe->places[p].length - at;

                        if (!wait_room(pipe, filled))
                                return NULL;
                        slot->offset = pipe->places[p].start + at;
                        slot->n = left < CHUNK ? (size_t) left : CHUNK;
                        slot->read = read_all(pipe->look, slot->data, slot->offset, slot->n);
                        publish(pipe, false);
                        filled++;
                }
        publish(pipe, true);
        return NULL;
}

/* The next stretch, or NULL at the end. */
static struct stretch *next_stretch(struct pipe *pipe) {
        struct stretch *slot;

        (void) pthread_mutex_lock(&pipe->mutex);
        while (!pipe->ended && pipe->filled == pipe->used)
                (void) pthread_cond_wait(&pipe->changed, &pipe->mutex);
        slot = pipe->filled == pipe->used ? NULL : &pipe->slots[pipe->used % SLOTS];
        (void) pthread_mutex_unlock(&pipe->mutex);
        return slot;
}

static void give_back(struct pipe *pipe, bool stop) {
        (void) pthread_mutex_lock(&pipe->mutex);
        if (stop)
                pipe->stop = true;
        else
                pipe->used++;
        (void) pthread_cond_signal(&pipe->changed);
        (void) pthread_mutex_unlock(&pipe->mutex);
}

static int judge_all(struct pipe *pipe, struct judge *judge, int64_t total, struct says *why) {
        struct look *look = pipe->look;
        struct stretch *slot;
        int r = 0;

        while (r == 0 && (slot = next_stretch(pipe))) {
                r = judge_stretch(look, judge, slot->data, slot->offset, slot->n, slot->read, why);
                if (r == 0)
                        give_back(pipe, false);
                if (look->progress)
                        look->progress(look->context, look->bytes, total);
        }
        give_back(pipe, true);
        return r;
}

static int run_pipe(struct pipe *pipe, struct judge *judge, int64_t total, struct says *why) {
        pthread_t reader;
        int r;

        for (int i = 0; i < SLOTS; i++) {
                pipe->slots[i].data = aligned_alloc(CHUNK, CHUNK);
                if (!pipe->slots[i].data)
                        return say(why, EXIT_FAILED, "Sin memoria.", "Out of memory.");
                (void) madvise(pipe->slots[i].data, CHUNK, MADV_HUGEPAGE); /* or go without: it is only faster */
        }
        if (pthread_create(&reader, NULL, read_places, pipe) != 0)
                return say(why, EXIT_FAILED, "No se puede crear el hilo que lee.",
                           "The reading thread can't be made.");
        r = judge_all(pipe, judge, total, why);
        (void) pthread_join(reader, NULL);
        return r;
}

int look_places(struct look *look, const struct expected *expected, const struct place *places, size_t n,
                struct says *why) {
        struct pipe pipe = { .look = look, .places = places, .places_n = n };
        struct judge judge = { 0 };
        int64_t total = 0;
        int r = judge_start(&judge, expected, why);

        for (size_t i = 0; i < n; i++)
                total += places[i].length;
        (void) pthread_mutex_init(&pipe.mutex, NULL);
        (void) pthread_cond_init(&pipe.changed, NULL);
        if (r == 0)
                r = run_pipe(&pipe, &judge, total, why);
        for (int i = 0; i < SLOTS; i++)
                free(pipe.slots[i].data);
        (void) pthread_cond_destroy(&pipe.changed);
        (void) pthread_mutex_destroy(&pipe.mutex);
        judge_end(&judge);
        if (r == 0 && look->differing > 0)
                r = say(why, EXIT_DIFFERS,
                        "El soporte %s NO contiene lo que dejó el borrado: %lld bytes distintos.",
                        "Medium %s does NOT hold what the wipe left: %lld bytes differ.", expected->medium,
                        (long long) look->differing);
        return r;
}

int look_whole(struct look *look, const struct expected *expected, struct says *why) {
        const struct place whole = { 0, look->size };

        return look_places(look, expected, &whole, 1, why);
}
