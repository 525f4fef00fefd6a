/* The newest label of each medium, as its events left it (L10). Private to the room. */
#pragma once

#include "act/act.h"
#include "base/clock.h"
#include "registry/medium.h"

extern const struct schema label_schema;
enum { LABEL_EVENTS = 5 };
extern const struct event_type label_events[LABEL_EVENTS];

enum label_state {
        LABEL_PREPARED, /* signed and on record; no printer has taken it yet */
        LABEL_PRINTED,
        LABEL_VOIDED,
        LABEL_STATES
};
extern const struct term label_state_terms[LABEL_STATES];

struct label_row {
        bool there; /* false: none was printed, or before these rows were kept */
        int64_t revision, copies;
        enum label_state state;
        char content[65]; /* SHA-256 of what it says */
        char code[160];
        char design[40], process[24], printer[256], cause[256];
        char renew[DATE_TEXT];
        bool is_signed; /* the code has more than the ID */
};

/* Media after that ID whose label no printer took, or is to be renewed by that day: IDs in order, an array. */
int label_ids_due(struct db *db, const char *after, const char *by, int64_t limit, json_t **ret, struct error *err);
int label_row_load(struct db *db, const char *medium, struct label_row *ret, struct error *err);
