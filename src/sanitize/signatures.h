/* What files and file systems begin with: a table, and the look through a block for it (S4). Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Looks at every sector of a block and tells what starts there. */
void signatures_find(const uint8_t *block, size_t n, void (*found)(void *context, size_t at, const char *what),
                     void *context);
