#include "sanitize/buffers.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "sanitize/engine.h"

enum { HUGE_PAGE = 2 << 20 };

uint8_t *buffers_new(size_t n) {
        size_t size = (n * ENGINE_BUFFER + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
        uint8_t *buffers = aligned_alloc(HUGE_PAGE, size);

        if (buffers)
                (void) madvise(buffers, size, MADV_HUGEPAGE);
        return buffers;
}
