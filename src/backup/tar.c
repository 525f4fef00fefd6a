#include "backup/tar.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Offsets of POSIX ustar (IEEE 1003.1, pax interchange format). */
enum { MODE = 100, UID = 108, GID = 116, SIZE = 124, MTIME = 136, CHECKSUM = 148, TYPE = 156, MAGIC = 257 };
enum { SIZE_DIGITS = 11, MTIME_DIGITS = 11 };
static const uint64_t octal_limit = (uint64_t) 1 << 3 * SIZE_DIGITS;

static void put_octal(uint8_t *out, uint64_t value, int digits) {
        for (int i = digits - 1; i >= 0; i--, value >>= 3)
                out[i] = (uint8_t) ('0' + (value & 7));
        out[digits] = '\0';
}

/* From 8 GiB on as GNU tar writes it: big-endian, with the first bit set. */
static void put_size(uint8_t *out, uint64_t size) {
        if (size < octal_limit) {
                put_octal(out, size, SIZE_DIGITS);
                return;
        }
        memset(out, 0, SIZE_DIGITS + 1);
        out[0] = 0x80;
        for (int i = SIZE_DIGITS; i > SIZE_DIGITS - 8; i--, size >>= 8)
                out[i] = (uint8_t) size;
}

int tar_header(const struct tar_member *member, uint8_t out[TAR_BLOCK], struct error *err) {
        const size_t length = strnlen(member->name, sizeof member->name);
        unsigned sum = 0;

        if (length == 0 || length >= sizeof member->name)
                return fail(err, ERR_USAGE, "El nombre de fichero «%.110s» es demasiado largo para una copia.",
                            "File name “%.110s” is too long for a backup.", member->name);
        memset(out, 0, TAR_BLOCK);
        memcpy(out, member->name, length);
        put_octal(out + MODE, member->mode & 0777, 7);
        put_octal(out + UID, 0, 7);
        put_octal(out + GID, 0, 7);
        put_size(out + SIZE, member->size);
        put_octal(out + MTIME, (uint64_t) member->time, MTIME_DIGITS);
        memset(out + CHECKSUM, ' ', 8);
        out[TYPE] = '0';
        memcpy(out + MAGIC,
               "ustar\0"
               "00",
               8);
        for (size_t i = 0; i < TAR_BLOCK; i++)
                sum += out[i];
        put_octal(out + CHECKSUM, sum, 6);
        return 0;
}

static bool get_octal(const uint8_t *at, int digits, uint64_t *ret) {
        uint64_t value = 0;

        for (int i = 0; i < digits; i++) {
                if (at[i] < '0' || at[i] > '7')
                        return false;
                value = value << 3 | (uint64_t) (at[i] - '0');
        }
        *ret = value;
        return true;
}

static bool get_size(const uint8_t *at, uint64_t *ret) {
        uint64_t value = 0;

        if (at[0] != 0x80)
                return get_octal(at, SIZE_DIGITS, ret);
        for (int i = SIZE_DIGITS - 7; i <= SIZE_DIGITS; i++)
                value = value << 8 | at[i];
        *ret = value;
        return value <= INT64_MAX;
}

int tar_parse(const uint8_t block[TAR_BLOCK], struct tar_member *ret) {
        static const uint8_t zeros[TAR_BLOCK];
        struct tar_member member = { .size = 0 };
        uint64_t mode, time;
        uint8_t again[TAR_BLOCK];

        if (memcmp(block, zeros, TAR_BLOCK) == 0)
                return 0;
        memcpy(member.name, block, sizeof member.name - 1);
        if (!get_octal(block + MODE, 7, &mode) || !get_octal(block + MTIME, MTIME_DIGITS, &time) ||
            !get_size(block + SIZE, &member.size))
                return ERR_VERIFY;
        member.mode = (unsigned) mode & 0777;
        member.time = (int64_t) time;
        if (tar_header(&member, again, NULL) < 0 || memcmp(again, block, TAR_BLOCK) != 0)
                return ERR_VERIFY;
        *ret = member;
        return 1;
}
