/* Changing the header of a medium whose data stay: other secrets (rotation B), a person's slot more or less, a
 * fresh token. On record before and after; a cut in between is mended by header_settle(), which every change begins
 * with. Private to the room. */
#pragma once

#include "device/facts.h"
#include "encrypt/internal.h"
#include "encrypt/rewrite.h"
#include "keys/keys.h"

/* A medium at a device that may be written: loaded, compared with the registry, and held. */
struct target {
        struct act *act;
        struct keys *keys; /* unlocked; borrowed */
        struct medium medium;
        struct device_facts device;
        int fd;      /* held: nobody else uses the device while it lives */
        bool lifted; /* the read-only gate was taken off it: set again on release */
};

/* Loads the medium and the device's facts and refuses what S6 refuses: a device in use, another medium. */
int target_load(struct act *act, const char *medium, const char *device, struct target *ret, struct error *err);
/* Takes the gate off and holds the device. */
int target_hold(struct target *target, struct error *err);
void target_release(struct target *target);
#define _cleanup_target_ _cleanup_(target_release)

enum { CHANGE_REASON = 16 };
/* Words on record. */
#define CHANGE_SLOT "slot"             /* rotation B */
#define CHANGE_HANDOVER "handover"     /* a person's slot more */
#define CHANGE_REVOCATION "revocation" /* and less */
#define CHANGE_TOKEN "token"
#define CHANGE_REKEY "rekey"     /* rotation C begins: slots for old and new volume key */
#define CHANGE_REKEYED "rekeyed" /* and has ended */

struct header_change {
        const char *reason;
        struct medium_key *new_key; /* B, C: with keys_medium_create(); its key.created is recorded here. Or NULL */
        const struct luks_human *add; /* or NULL */
        int remove;                   /* number of a person's slot; -1 */
        json_t *more;                 /* members of both events beside ours; borrowed, may be NULL */
};

struct header_changed {
        struct luks_copy header; /* as read back */
        int added;               /* number of the slot of `add`, or -1 */
        char digest[65];
};
void header_changed_done(struct header_changed *changed);
#define _cleanup_header_changed_ _cleanup_(header_changed_done)

/* What a cut left: finishes the change when the new header is there in any copy, undoes it when only the old one
 * is. ret_reason: of the change that was finished, or "". ERR_REFUSED by C2 when the header is neither. */
int header_settle(struct target *target, char ret_reason[CHANGE_REASON], struct error *err);

/* The header must be the registered one, its MAC must hold, each of its slots be on record. The new one is read
 * back, judged, and opened with the secrets at hand, before encryption.changed says so. Not between act_pause() and
 * act_resume(). Settles first; ERR_CONFLICT when that finished a change of the same reason, which then need not be
 * done again. */
int header_change(struct target *target, const struct header_change *change, struct header_changed *ret,
                  struct error *err);
