/* Media: the registered state of one medium, as the events left it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "policy/terms.h"
#include "store/db.h"

enum medium_state {
        MEDIUM_IN_CUSTODY, /* registered and at its location */
        MEDIUM_ON_LOAN,
        MEDIUM_IN_TRANSIT,
        MEDIUM_LOST,
        MEDIUM_SANITIZED,   /* wiped and verified: may be reused or retired */
        MEDIUM_UNSANITIZED, /* a wipe that left something behind: barred from reuse (S5) */
        MEDIUM_DESTROYED,
        MEDIUM_RETIRED,
        MEDIUM_QUARANTINED, /* lost and found, and not as it left: to be wiped or destroyed (U9) */
        MEDIUM_STATES
};
extern const struct term medium_state_terms[MEDIUM_STATES]; /* codes "in-custody", "on-loan", ... */
enum { MEDIUM_LABELS = 3, MEDIUM_NAMES = 7 };
extern const struct term medium_label_terms[MEDIUM_LABELS]; /* of its label: "none", "valid", "void" */
extern const struct term medium_name_terms[MEDIUM_NAMES];   /* what it was known by: "id", "serial", "wwn", ... */
/* Whether it is kept here, fit for use or not: it has its place, and can be wiped or destroyed. */
bool medium_is_here(enum medium_state state);

enum { MEDIUM_ID_TEXT = 16, MEDIUM_FIELD = 128 };

struct medium {
        char id[MEDIUM_ID_TEXT]; /* HQ00000042K */
        enum medium_kind kind;
        enum classification classification;
        enum category category;
        enum medium_state state;
        bool health;    /* holds health data (L4) */
        char owner[40]; /* person's name */
        char created[DATE_TEXT], expires[DATE_TEXT];
        int64_t retention_days;
        char location[64]; /* code, or "" */
        char holder[64];   /* who has it: a person or a shipment, or "" */
        char model[MEDIUM_FIELD], vendor[MEDIUM_FIELD], serial[MEDIUM_FIELD], wwn[MEDIUM_FIELD];
        char insertion[MEDIUM_FIELD]; /* last known insertion: boot ID and diskseq (or device and inode of an image)
                                       */
        int64_t size;                 /* bytes; 0 for tape and paper */
        int64_t whole_size;           /* that it showed while what it hides was open (S5), or before; 0: no other */
        char luks_uuid[48];           /* "" when not encrypted by us */
        int64_t luks_seqid;           /* last known (row 11) */
        char header_digest[65];       /* SHA-256 of the LUKS header area as we left it, or "" */
        char key_id[48];              /* the vault's key, or "" */
        bool filled;                  /* every sector was overwritten when it was encrypted: crypto erase counts */
        char epc[32], tamper[64];     /* RFID EPC and tamper-indicator number, or "" */
        char label_state[16];         /* "none", "valid", "void" */
        int64_t label_revision;
        char note[MEDIUM_FIELD];
        char destruction[24]; /* approved and not done yet, or "" */
};

/* ERR_NOT_FOUND with a message when there is none. */
int medium_load(struct db *db, const char *id, struct medium *ret, struct error *err);
/* Any name of a medium: ID (however scanned), label text, serial, WWN, LUKS UUID, seal of a shipment, device node.
 * ret_how says what matched ("id", "serial", ...); may be NULL. ERR_NOT_FOUND, ERR_CONFLICT when several match. */
int medium_resolve(struct db *db, const char *text, char ret_id[MEDIUM_ID_TEXT], const char **ret_how,
                   struct error *err);
struct device_facts;
/* The medium that a device is, by the strongest of its signs that the registry knows. The same results. */
int medium_of_device(struct db *db, const struct device_facts *facts, char ret_id[MEDIUM_ID_TEXT],
                     const char **ret_how, struct error *err);
/* S12, for every act that would take it out of the house or put it to use: ERR_CONFLICT once its destruction is
 * approved. */
int medium_refuse_doomed(const struct medium *medium, struct error *err);
/* The medium as the members of the table's columns. New reference. */
json_t *medium_to_json(const struct medium *medium);

/* The IDs of the media that have this place, in order: an array. Those destroyed or retired no longer take room. */
int medium_ids_at(struct db *db, const char *location, json_t **ret, struct error *err);

/* Calls each() for every medium that has its place in an area (a location's code, or the beginning of one up to a
 * dash;
 * "" for all of them, those without a place too), in the order of their places, until it returns non-zero, and
 * gives that. Those destroyed or retired are left out. */
int medium_each_in(struct db *db, const char *area, int (*each)(void *context, const struct medium *medium),
                   void *context, struct error *err);
/* Which categories there are media of that are not gone. */
int medium_categories(struct db *db, bool ret[CATEGORIES], struct error *err);
/* Media after that ID that have no valid label and are not gone: IDs in order, an array (L10). */
int medium_ids_unlabelled(struct db *db, const char *after, int64_t limit, json_t **ret, struct error *err);

/* For other rooms' apply functions only: they change what the registry owns. */
/* How big it is, and may be too: a disk whose hidden areas a wipe opened. */
int medium_apply_sizes(struct db *db, const char *id, int64_t size, int64_t whole, struct error *err);
int medium_apply_state(struct db *db, const char *id, enum medium_state state, const char *holder,
                       struct error *err);
int medium_apply_location(struct db *db, const char *id, const char *location, struct error *err);
int medium_apply_luks(struct db *db, const char *id, const char *luks_uuid, int64_t seqid,
                      const char *header_digest, const char *key_id, bool filled, struct error *err);
int medium_apply_label(struct db *db, const char *id, const char *label_state, int64_t revision, struct error *err);
/* "" when there is none any more. */
int medium_apply_destruction(struct db *db, const char *id, const char *destruction, struct error *err);
int medium_apply_insertion(struct db *db, const char *id, const char *insertion, struct error *err);
