/* JSON on jansson: the canonical form that is hashed and signed, and getters that say what is missing. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

/* Canonical: keys sorted by their bytes, no spaces, UTF-8. Reals are not allowed in it (their text is not
 * unique). A new string that the caller frees. */
int json_canonical(const json_t *value, char **ret, struct error *err);

/* A text of at most `length` bytes; duplicate keys, NUL and trailing bytes are errors (ERR_USAGE). */
int json_parse(const char *text, size_t length, json_t **ret, struct error *err);

/* The member's text, or NULL when it is absent, null or no text. Borrowed from the object. */
const char *json_text(const json_t *object, const char *key);
/* The member's text, or "". */
const char *json_text_or_empty(const json_t *object, const char *key);
int64_t json_int(const json_t *object, const char *key, int64_t otherwise);
bool json_flag(const json_t *object, const char *key);

/* {"error": {word, status, rule, ens, what: {es, en}, hint: {es, en}}}: the documented shape. New reference. */
json_t *error_to_json(const struct error *err);

/* jansson's own json_decrefp. */
#define _cleanup_json_ _cleanup_(json_decrefp)
