/* What the files of this room share. */
#pragma once

#include "encrypt/copy.h"
#include "encrypt/encrypt.h"
#include "encrypt/format.h"

extern const struct schema encrypt_schema;
extern const struct event_type encrypt_events[11];

/* How a medium's encryption stands, as its events left it. */
struct encryption {
        bool known;     /* there is a row */
        char state[16]; /* "running", "done", "rekeying", "failed", "erasing", "erased" */
        char key[48];
        bool filled;
        json_t *evidence; /* of an erasure, or NULL */
        json_t *change;   /* data of an encryption.change-started that nothing ended yet, or NULL */
        char alerted[16]; /* standing under C5 that was said last, or "" */
        int64_t rekeyed;  /* when the volume key was made: the clock of C5; 0 unknown */
        struct luks_known header;
};

int encryption_load(struct db *db, const char *medium, struct encryption *ret, struct error *err);
void encryption_done(struct encryption *encryption);
#define _cleanup_encryption_ _cleanup_(encryption_done)

/* The members of the event encryption.finished about slots: [{slot, use, salt}]. */
json_t *slots_to_json(const struct luks_facts *facts);
void slots_from_json(const json_t *slots, struct luks_known *known);

int encrypt_run(struct act *act, const json_t *args, json_t **ret, struct error *err);
int encrypt_check(struct act *act, const json_t *args, json_t **ret, struct error *err);
int encrypt_rotate(struct act *act, const json_t *args, json_t **ret, struct error *err);

/* Judges a copy with all that the registry knows of the medium. */
void judge_copy(struct act *act, const struct medium *medium, const struct encryption *encryption,
                const struct luks_copy *copy, struct luks_verdict *ret);
/* SHA-256 over a whole copy. */
int copy_digest(const struct luks_copy *copy, char ret_digest[65], struct error *err);
