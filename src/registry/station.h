/* The station: what `init` settled, one row. */
#pragma once

#include "base/error.h"
#include "policy/cryptography.h"
#include "policy/terms.h"
#include "store/db.h"

struct station {
        char name[40], site[8], organisation[128];
        enum category category; /* of the system that the desk serves */
        enum lang lang;
        enum crypto_profile profile;
        char *certificate;          /* PEM, the station's */
        char *ca_certificate;       /* PEM, the organisation's authority */
        char *seal_certificate;     /* PEM, the organisation's seal */
        char *recovery_certificate; /* PEM, recipient of escrow envelopes */
};

int station_load(struct db *db, struct station *ret, struct error *err);
void station_done(struct station *station);
/* The profile as it is now: it can change while a process holds the store open. */
int station_crypto_profile(struct db *db, enum crypto_profile *ret, struct error *err);

/* Apply of store.created and store.profile-changed. */
struct event;
int station_apply_created(struct db *db, const struct event *event, struct error *err);
int station_apply_profile(struct db *db, const struct event *event, struct error *err);
