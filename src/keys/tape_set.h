/* Tape sets (C4): a key of its own for each set of tapes, which the backup system encrypts with. Shared by the
 * files of this family only. */
#pragma once

#include "keys/internal.h"
#include "registry/medium.h"

enum { TAPE_SET_EVENTS = 6 };
extern const struct schema tape_set_schema;
extern const struct event_type tape_set_events[];

struct tape_set {
        char name[40], key[KEY_REF_TEXT], state[12]; /* "live", "destroyed" */
        enum category category;
        int64_t exports;
};

/* ERR_NOT_FOUND with a message. */
int tape_set_load(struct db *db, const char *name, struct tape_set *ret, struct error *err);
/* The same with all of its columns and, `full`, its tapes and exports: an object. */
int tape_set_to_json(struct db *db, const char *name, bool full, json_t **ret, struct error *err);
/* The live set that a tape is in: a new string, or NULL. */
int tape_set_of(struct db *db, const char *medium, char **ret, struct error *err);
/* ERR_CONFLICT by C4 once the key is gone. */
int tape_set_need_live(const struct tape_set *set, struct error *err);

/* The key's ID of a set, and the subject of its events. */
bool tape_set_key_id(const char *name, char out[KEY_REF_TEXT]);

int tape_set_run_create(struct act *act, const json_t *args, json_t **ret, struct error *err);
int tape_set_run_add(struct act *act, const json_t *args, json_t **ret, struct error *err);
int tape_set_run_export(struct act *act, const json_t *args, json_t **ret, struct error *err);
int tape_set_run_destroy(struct act *act, const json_t *args, json_t **ret, struct error *err);
