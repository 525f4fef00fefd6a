/* What the files of this room share. */
#pragma once

#include "backup/backup.h"
#include "backup/container.h"

/* A file in a backup: its name in the store, and what is in it. */
struct entry {
        char *name;
        uint64_t size;
        unsigned mode;
        char digest[SHA256_TEXT]; /* "" until it was read */
        bool later;               /* never changes once there: read after the writer's lock is given back */
};

struct entries {
        struct entry *rows;
        size_t n, room;
};
int entries_add(struct entries *entries, const char *name, uint64_t size, unsigned mode, struct entry **ret,
                struct error *err);
void entries_done(struct entries *entries);

/* The store's files in the order in which they are read; registry.db has the size given. Says what it leaves out
 * that nobody told it to. */
int entries_collect(struct act *act, uint64_t registry_size, struct entries *ret, struct error *err);

extern const char sums_name[], manifest_name[], signature_name[];
/* As `sha256sum` writes and checks it; digests that are not known yet are zeros. The caller frees. */
int entries_sums(const struct entries *entries, char **ret, size_t *ret_n, struct error *err);
uint64_t entries_bytes(const struct entries *entries);

/* The recovery certificate that backups are made to, and its fingerprint. */
int backup_recipient(const struct act *act, X509 **ret, char ret_fingerprint[SHA256_TEXT], struct error *err);

int run_backup_create(struct act *act, const json_t *args, json_t **ret, struct error *err);
int run_backup_list(struct act *act, const json_t *args, json_t **ret, struct error *err);
extern const struct schema backup_schema;
extern const struct event_type backup_events[3];
