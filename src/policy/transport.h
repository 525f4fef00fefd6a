/* Transport (mp.si.4): method, preparation, seals, the five checkpoints and what never travels. Pure verdicts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "policy/rule.h"
#include "policy/terms.h"

/* T1: three scales, weakest first. */
enum transport_method { METHOD_STANDARD, METHOD_CERTIFIED, METHOD_SECURE, TRANSPORT_METHODS };
enum transport_protection { PROTECTION_ENVELOPE, PROTECTION_LOCKED, PROTECTION_ARMOURED, TRANSPORT_PROTECTIONS };
enum transport_tracking { TRACKING_RECORD, TRACKING_SIGNED, TRACKING_GPS, TRANSPORT_TRACKINGS };
extern const struct term transport_method_terms[TRANSPORT_METHODS];
extern const struct term transport_protection_terms[TRANSPORT_PROTECTIONS];
extern const struct term transport_tracking_terms[TRANSPORT_TRACKINGS];

struct transport_means {
        enum transport_method method;
        enum transport_protection protection;
        enum transport_tracking tracking;
};
/* The least for each category; a shipment takes that of its strictest medium. */
extern const struct transport_means transport_demands[CATEGORIES];

/* T1. */
int transport_judge_means(enum category strictest, const struct transport_means *means, struct error *err);
/* T1: with GPS tracking, an entry of the transit carries a position. */
int transport_judge_position(enum transport_tracking tracking, bool has_position, struct error *err);

/* T2: the six levels of packaging, innermost first. */
enum packaging {
        PACKAGING_ENCRYPTED_MEDIUM,
        PACKAGING_ANTISTATIC_BAG,
        PACKAGING_FOAM,
        PACKAGING_RIGID_CONTAINER,
        PACKAGING_SEAL,
        PACKAGING_OUTER,
        PACKAGINGS
};
extern const struct term packaging_terms[PACKAGINGS];

/* T2. `ticked` has bit 1 << level for each level done. The antistatic bag is for electronic media, the encrypted
 * medium for what must travel encrypted. */
int transport_judge_packaging(unsigned ticked, bool electronic, bool must_encrypt, struct error *err);
bool transport_is_electronic(enum medium_kind kind);

/* T2: the label was valid when it was packed. */
int transport_judge_label(const char *medium, const char *label_state, struct error *err);

#define TRANSPORT_VERIFIED_FOR DAY
/* T2: the encryption was verified on the device at most 24 h before dispatch. Moments in microseconds. */
int transport_judge_verification(const char *medium, int64_t verified, int64_t now, struct error *err);

/* T7: SECRETO and CONFIDENCIAL always, of any kind: on paper they don't travel. C3: electronic media of category
 * MEDIA and ALTA too. */
bool transport_must_encrypt(enum medium_kind kind, enum category category, enum classification classification);
int transport_judge_encryption(const char *medium, enum medium_kind kind, enum category category,
                               enum classification classification, bool encrypted, struct error *err);

enum shipment_state {
        SHIPMENT_CREATED,
        SHIPMENT_PACKED,
        SHIPMENT_AUTHORISED,
        SHIPMENT_DISPATCHED, /* checkpoint origin is done */
        SHIPMENT_PICKED_UP,
        SHIPMENT_IN_TRANSIT,
        SHIPMENT_DELIVERED,
        SHIPMENT_CONFIRMED,
        SHIPMENT_LOST,
        SHIPMENT_CANCELLED, /* before it left */
        SHIPMENT_STATES
};
extern const struct term shipment_state_terms[SHIPMENT_STATES];

enum checkpoint {
        CHECKPOINT_ORIGIN,
        CHECKPOINT_PICKUP,
        CHECKPOINT_TRANSIT,
        CHECKPOINT_DELIVERY,
        CHECKPOINT_CONFIRMATION,
        CHECKPOINTS
};
extern const struct term checkpoint_terms[CHECKPOINTS];

/* T4: the five checkpoints in order, none skipped. ERR_CONFLICT by T4. */
int transport_judge_order(enum shipment_state state, enum checkpoint checkpoint, struct error *err);
/* The state after it. */
enum shipment_state transport_state_after(enum checkpoint checkpoint);

/* T3: each medium's owner authorises; T6: in an emergency a security administrator may stand in for them; X1: never
 * who made the shipment. */
int transport_judge_authorisation(const char *decider, const char *creator, bool owns_one, bool stands_in,
                                  struct error *err);

/* T4: the package is handed to the authorised recipient, nobody else. */
int transport_judge_recipient(const char *person, const char *recipient, struct error *err);
/* X4: only who may act can sign the delivery. */
int transport_judge_addressee(const char *name, bool blocked, const char *expires, const char *today,
                              struct error *err);
/* T6: a shipment arrives on a day that is still to come, or today; NULL says none. */
int transport_judge_eta(const char *eta, const char *today, struct error *err);

enum { SEAL_TEXT = 24 };
/* A seal's number as it is compared: upper case, [A-Z0-9] only, since a scanner turns or drops the rest.
 * ERR_USAGE by T5 unless 3 to 20 characters remain. */
int transport_seal_plain(const char *text, char out[SEAL_TEXT], struct error *err);
/* T5: whether the plain numbers found are exactly those placed, in any order. */
bool transport_seals_match(const char *const *placed, size_t placed_n, const char *const *found, size_t found_n);

/* T6: whether the transit time limit has passed. Moments in microseconds, 0 for not yet. */
bool transport_is_late(int64_t dispatched, int64_t delivered, int64_t limit_hours, int64_t now);

/* What keeps a medium that was lost and turned up from being taken as it left (T5, U9). */
enum recovery_doubt { RECOVERY_HEADER, RECOVERY_SEAL, RECOVERY_DAMAGED, RECOVERY_UNSEEN, RECOVERY_DOUBTS };
extern const struct term recovery_doubt_terms[RECOVERY_DOUBTS];
struct recovery_facts {
        bool sealed;       /* with the seals that were placed, all of them and no other */
        bool damaged;      /* as whoever saw it says */
        bool must_be_seen; /* what it holds is proven by its device only */
        bool seen;         /* the device was read now, and is the medium */
        bool same;         /* seen, and its header is the one it left with */
        unsigned earlier;  /* bits of an earlier look; only "unseen" is ever settled by a later one */
};
/* Bits 1 << enum recovery_doubt. */
unsigned transport_recovery_doubts(const struct recovery_facts *facts);
/* Whether it may be used again. A seal that is broken is an incident; what is encrypted, and proven so, may be used
 * once that is closed. Else nobody can tell what was done to it: it is wiped or destroyed. */
bool transport_recovery_trusted(const struct recovery_facts *facts, unsigned doubts);

#define BREACH_NOTICE (72 * 3600 * SECOND) /* GDPR art. 33(1), from becoming aware */
