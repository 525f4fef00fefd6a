/* The station's configuration, /etc/mpsi/mpsi.conf: one text file of [section] and key = value that every program
 * of the station reads. What policy decides is not in it (that is data of src/policy), nor any secret (C10). */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"

/* Where an installed station keeps its things. */
#define STATION_CONFIG "/etc/mpsi/mpsi.conf"
/* In the account's own folder: `init` builds a store beside its name. */
#define STATION_STORE "/var/lib/mpsi/store"
#define STATION_RUN "/run/mpsi"
#define STATION_SOCKET STATION_RUN "/socket"
#define STATION_USER "mpsi" /* the account and the group that own the store and the gated nodes */

struct config;

/* A file that is not there is an empty configuration. ERR_USAGE (naming the line) for what can't be understood: no
 * UTF-8, a line over 4000 bytes, the same key twice. */
int config_load(const char *path, struct config **ret, struct error *err);
/* The same from memory. */
int config_parse(const char *text, size_t n, struct config **ret, struct error *err);
void config_free(struct config *config);
DEFINE_CLEANUP(struct config, config_free)
#define _cleanup_config_ _cleanup_(config_freep)

/* The value, or `otherwise` (may be NULL) when the key is absent or empty. Borrowed from the configuration, which
 * may be NULL. */
const char *config_text(const struct config *config, const char *section, const char *key, const char *otherwise);

/* Calls each() for every entry in the order of the file until it returns non-zero, and gives that. */
int config_each(const struct config *config,
                int (*each)(void *context, const char *section, const char *key, const char *value), void *context);
