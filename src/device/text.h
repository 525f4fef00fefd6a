/* What a device says of itself is a stranger's text. Private to the room. */
#pragma once

#include <stddef.h>

/* Copies at most size - 1 bytes of it: control characters, invalid UTF-8 and direction overrides become '?',
 * spaces at both ends go, runs of spaces become one. NULL gives "". */
void device_text(const char *said, char *out, size_t size);
/* The same for a text that tells devices apart: one of which something was replaced or cut off ends in a digest of
 * all of it, so that two that differ anywhere stay different. `size` is over 64. */
void device_text_identity(const char *said, char *out, size_t size);
/* The same for udev's ..._ENC properties, in which \x20 stands for a byte. */
void device_text_encoded(const char *said, char *out, size_t size);
