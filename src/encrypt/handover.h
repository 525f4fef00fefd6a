/* Hand-overs (C8): a recipient's passphrase in a person's key slot, until it is revoked. Shared by the files of
 * this family only. */
#pragma once

#include "encrypt/internal.h"

enum { HANDOVER_EVENTS = 2, HANDOVER_NUMBER = 16 };
extern const struct schema handover_schema;
extern const struct event_type handover_events[];

/* The hand-over that is not revoked, and the person's slot that the header has by the registry. */
struct handover {
        char number[HANDOVER_NUMBER]; /* "" when there is none */
        char recipient[128], salt[65];
        int64_t returned; /* when the medium came back, 0: not yet */
        int slot;         /* a person's in the registered header, -1: none */
        bool open;        /* that slot is the one that was handed over */
};
int handover_load(struct db *db, const char *medium, struct handover *ret, struct error *err);
/* Adds what is wrong with a person's slot to a verdict: handed to nobody, or back and not revoked (row 0, C8). */
void handover_judge_facts(struct db *db, const char *medium, const struct luks_facts *facts,
                          struct luks_verdict *verdict);
int handover_next(struct db *db, char ret[HANDOVER_NUMBER], struct error *err);
int handover_to_json(struct db *db, const char *number, json_t **ret, struct error *err);

int encrypt_run_handover(struct act *act, const json_t *args, json_t **ret, struct error *err);
int encrypt_run_revoke(struct act *act, const json_t *args, json_t **ret, struct error *err);
