/* A header's bytes, each read from the device once: what is judged is what is opened (the device that answers
 * differently on a second read gains nothing). Private to the room. */
#pragma once

#include "encrypt/luks.h"

enum { DIRECT_BLOCK = 4096 }; /* O_DIRECT: buffers, offsets and lengths in multiples of this suit every device */

struct luks_copy {
        uint8_t *bytes; /* aligned for O_DIRECT */
        size_t n;       /* [0, n) of the device */
        bool whole;     /* up to the data offset */
        struct luks_facts facts;
};

/* Opens a block device or an image past the page cache where the kernel can do that. */
int luks_open_direct(const char *device, int flags, int *ret_fd, struct error *err);

/* whole: also the key slots, up to where the data begin; otherwise only the two headers. */
int luks_copy_read(int fd, bool whole, struct luks_copy *ret, struct error *err);
void luks_copy_done(struct luks_copy *copy);
#define _cleanup_luks_copy_ _cleanup_(luks_copy_done)

/* The same bytes as a file in memory, for libcryptsetup, sealed against change of size. */
int luks_copy_to_memory(const struct luks_copy *copy, int *ret_fd, struct error *err);

/* An aligned buffer; NULL when memory is out. free() releases it. */
void *direct_buffer(size_t n);
