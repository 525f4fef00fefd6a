/* What the files of this room share. */
#pragma once

#include "keys/keys.h"
#include "keys/provider.h"
#include "keys/vault.h"

struct keys {
        struct act *act; /* borrowed */
        struct db *vault;
        const struct key_provider *provider;
        json_t *master; /* the provider's parameters */
        int64_t master_version;
        void *session, *kek; /* NULL while locked; the provider's */
        int64_t kek_version;
        bool erased; /* a replaced master key is no more in the HSM that held it */
};

extern const char kek_id[], master_id[];

/* A secret under the KEK that is to be made. */
struct key_wish {
        const char *kind, *id;
        const char *medium; /* whose it is, or NULL: then there is one secret only, and its envelope holds that */
        size_t size;        /* bytes */
};
int keys_create(struct keys *keys, const struct key_wish *wish, struct medium_key *ret, struct error *err);
int keys_secret(struct keys *keys, const char *kind, const char *ref, struct secret **ret, struct error *err);

/* Opens the KEK with keys->session open; what fails closes both. */
int keys_open_kek(struct keys *keys, struct error *err);
void keys_lock_session(struct keys *keys);
/* ERR_REFUSED by C4, ERR_VERIFY. */
int key_check_commitment(struct keys *keys, const char *id, int64_t version, const char *computed,
                         struct error *err);
/* The event key.created as {type, subject, data}. */
json_t *key_created_fact(const char *subject, const char *id, int64_t version, const char *kind,
                         const char *provider, const char *commitment, const char *wrapped_by);
/* With the algorithm that new keys are wrapped with. */
int wrapped_set(struct wrapped *out, const uint8_t *bytes, size_t n, const char *wrapped_by, struct error *err);

/* "ID.VERSION" apart. ERR_USAGE. */
int key_ref_parse(const char *ref, char id[KEY_REF_TEXT], int64_t *ret_version);
/* False when it does not fit. */
bool key_ref_format(const char *id, int64_t version, char out[KEY_REF_TEXT]);

extern const struct schema keys_schema;
extern const struct event_type key_events[7];
extern const struct verb key_verbs[6];

/* Brings ledger and vault together after a rotation, or one that was cut off: replaced keys are destroyed, and so
 * is on record what never came to be. Not in a dry run. */
int keys_settle(struct keys *keys, struct error *err);
/* One live key that is no medium's, with its event. */
int keys_destroy_one(struct keys *keys, const char *id, int64_t version, const char *reason, struct error *err);
/* When what the kernel keeps ends; 0: it keeps nothing. */
int keys_unlocked_until(struct act *act, int64_t master_version, int64_t *ret, struct error *err);
int keys_forget(struct keys *keys, bool *ret_was_there, struct error *err);

int key_run_unlock(struct act *act, const json_t *args, json_t **ret, struct error *err);
int key_run_lock(struct act *act, const json_t *args, json_t **ret, struct error *err);
int key_run_reseal(struct act *act, const json_t *args, json_t **ret, struct error *err);
int key_run_rotate(struct act *act, const json_t *args, json_t **ret, struct error *err);

enum key_state { KEY_UNKNOWN, KEY_LIVE, KEY_DESTROYED };
/* What the ledger says of a key; commitment "" when unknown. */
int key_registered(struct db *db, const char *id, int64_t version, enum key_state *ret, char commitment[65],
                   struct error *err);
