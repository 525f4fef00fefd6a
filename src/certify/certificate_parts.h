/* Parts of the form R-110-021's data, from the twin. Private to the room; each gives a new reference, or NULL
 * without memory or when there is nothing to say. */
#pragma once

#include "certify/internal.h"

json_t *part_pair(const char *es, const char *en);
/* How large the remains are, and what ISO/IEC 21964 calls that. */
json_t *part_particle(const json_t *twin);
json_t *part_provider(const json_t *twin);
json_t *part_product(const json_t *twin);
json_t *part_supersedes(const json_t *twin);
/* What was not done, so that nobody reads it into the certificate. */
json_t *part_not_applied(const json_t *twin);
json_t *part_time(const json_t *twin);
/* The rows of a certificate of many media, and what they have together. */
json_t *part_media(const json_t *twin);
json_t *part_batch(const json_t *twin);
