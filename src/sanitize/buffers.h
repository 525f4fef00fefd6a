/* Memory that devices are given. Private to the engine. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* n buffers of ENGINE_BUFFER bytes, one after the other; in huge pages where the kernel has some, since it pins
 * every page of every request: a fifth of the rate of a fast drive. NULL without memory. Release with free(). */
uint8_t *buffers_new(size_t n);
