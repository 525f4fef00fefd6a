/* The text files under forms/ and labels/: where they are looked for, and how they are read. */
#pragma once

#include "base/error.h"

enum { DESCRIPTION_MAX = 256 * 1024, DESCRIPTION_LINE = 198 };

/* The path of ID.ini in `folder` (may be NULL), else in the installed, else in the source tree's `kind` ("forms",
 * "labels"). The caller frees. ERR_NOT_FOUND, or ERR_USAGE when the ID can't be a file's name. */
int description_find(const char *folder, const char *kind, const char *id, char **ret, struct error *err);

/* Puts "Line N, KEY: " in front of what went wrong; key may be "". Gives err's code. */
int description_blame(int line, const char *key, struct error *err);

/* Calls take() for each `key = value` in order; a continued value comes again with the same key, `line` then
 * differs. take() returns 0, or an error that it has set: one of usage is told with
 * its line and key. Lines that are too long, or are no ini, are ERR_USAGE. */
int description_parse(const char *text, size_t n,
                      int (*take)(void *context, const char *section, const char *key, const char *value,
                                  struct error *err),
                      void *context, struct error *err);
