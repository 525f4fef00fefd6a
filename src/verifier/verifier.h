/* mpsi-verify-wipe: a second opinion on a wipe. It shares no code with what wiped: from a certificate's twin (or
 * the record of `wipe show`) it computes what the medium must hold, and reads it by a way of its own. It has no
 * store, writes nothing but its result, and needs no right but to read the device. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses, as those of mpsi. */
enum {
        EXIT_HOLDS = 0,
        EXIT_FAILED = 1,
        EXIT_USAGE = 2,
        EXIT_NOT_FOUND = 4,
        EXIT_DIFFERS = 6,
        EXIT_CONFLICT = 7, /* nothing to compare, or another medium */
        EXIT_BUSY = 75
};

/* What went wrong, in both languages. */
struct says {
        char es[256], en[256];
};
/* Sets both and returns status. */
int say(struct says *why, int status, const char *es, const char *en, ...)
        __attribute__((format(printf, 3, 5), format(printf, 4, 5)));

/* --- what the record says ----------------------------------------------------------------------------------------
 */

enum { SEED_BYTES = 32, KEY_BYTES = 32, RECORD_MAX = 64 << 20 };

struct expected {
        char job[64], medium[64], certificate[64]; /* certificate: its number, or "" */
        char commitment[65];                       /* SHA-256 of the seed, recorded before the wipe began */
        char technique[512];
        int64_t size;
        bool stream;   /* an AES-256-CTR key stream; else a constant */
        uint8_t plain; /* the byte that was encrypted: 0, or 0xff for the complement; or the constant */
        uint8_t key[KEY_BYTES];
};

/* Reads a twin or a record of at most RECORD_MAX bytes. EXIT_USAGE when it is none, EXIT_CONFLICT when there is
 * nothing to compare, EXIT_DIFFERS when the seed is not the one that was committed to. */
int record_parse(const char *text, size_t n, struct expected *ret, struct says *why);

/* --- where to look -----------------------------------------------------------------------------------------------
 */

struct place {
        int64_t start, length;
};

/* SP 800-88 Rev. 1: 1000 subsections, two samples of 5 % in each, first and last block. The caller frees *ret. */
int sample_places(int64_t size, int64_t block, const uint8_t seed[SEED_BYTES], struct place **ret, size_t *ret_n,
                  struct says *why);

/* --- the look ----------------------------------------------------------------------------------------------------
 */

enum { PLACES_LISTED = 1000 };

struct look {
        int fd;
        bool direct; /* past the page cache; false on file systems that can't, for images only */
        int64_t size, block;
        int64_t bytes, differing, unreadable; /* unreadable ones count as differing too */
        struct place listed[PLACES_LISTED];   /* what differs, neighbours joined, the first thousand */
        size_t listed_n;
        void *context;
        void (*progress)(void *context, int64_t done, int64_t total); /* may be NULL */
};

/* Opens a block device or an image to read only, past the page cache where that goes. EXIT_CONFLICT when its size
 * is another one. */
int look_open(const char *path, const struct expected *expected, struct look *ret, struct says *why);
/* Compares the whole medium, or the n places. EXIT_HOLDS or EXIT_DIFFERS, or what prevented it. */
int look_whole(struct look *look, const struct expected *expected, struct says *why);
int look_places(struct look *look, const struct expected *expected, const struct place *places, size_t n,
                struct says *why);

/* --- the result --------------------------------------------------------------------------------------------------
 */

struct result {
        const struct expected *expected;
        const struct look *look;
        const char *device, *ran_by, *record_sha256;
        const char *sample_seed;   /* hexadecimal, NULL: the whole medium was read */
        int64_t started, finished; /* microseconds */
};
/* {"format": "mpsi-verification/1", ...}, as docs/verification.md has it. New reference or NULL. */
json_t *result_to_json(const struct result *result);
