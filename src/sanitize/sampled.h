/* Reading back only the sampled stretches of a medium. */
#pragma once

#include "sanitize/engine.h"

/* Compares the bytes at `places` with the pattern; what can't be read or differs is added to `unreached`, block by
 * block, as engine_verify() does. `engine`'s reached() hears of each place's end. */
int sampled_verify(const struct engine *engine, const struct pattern *pattern, const struct areas *places,
                   struct areas *unreached, struct error *err);
