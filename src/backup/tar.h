/* The one kind of tar that a backup is made of: regular files with POSIX ustar headers, owner 0. A header is read
 * by writing it again: what differs in one byte is not ours. */
#pragma once

#include <stdint.h>

#include "base/error.h"

enum { TAR_BLOCK = 512, TAR_NAME = 101 };

struct tar_member {
        char name[TAR_NAME];
        uint64_t size;
        unsigned mode;
        int64_t time; /* seconds */
};

/* ERR_USAGE when the name is too long for a header. */
int tar_header(const struct tar_member *member, uint8_t out[TAR_BLOCK], struct error *err);
/* 1 with a member, 0 for a block of zeros (the archive's end), ERR_VERIFY for anything else. */
int tar_parse(const uint8_t block[TAR_BLOCK], struct tar_member *ret);

static inline uint64_t tar_padded(uint64_t size) {
        return (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}
