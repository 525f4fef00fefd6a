/* Keys (C4): a master key wraps a key-encryption key (KEK), the KEK wraps one random secret per medium, and each
 * medium's recovery secret is sealed to the organisation's offline recovery certificate.
 *
 * Wrapped bytes live only in the store's vault.db, never in the ledger, which knows a key by its ID, version and
 * commitment. A key is named by its reference "ID.VERSION": "master.1", "kek.1", "HQ00000042K.1". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "act/act.h"
#include "base/clock.h"
#include "base/secret.h"
#include "policy/ceremony.h"

enum { KEY_REF_TEXT = 48, KEY_COMMITMENT_TEXT = 65, MEDIUM_SECRET_SIZE = 64, PASSPHRASE_MIN = 12 };

extern const struct alert_family keys_alerts;
extern const struct room tape_set_room; /* verbs `tapeset ...` */
extern const struct room keys_room;     /* verb `key status`; events key.created, key.destroyed */

/* For `init`: makes vault.db in an existing folder (ERR_CONFLICT when it is there) with a master key wrapped under
 * the passphrase (at least PASSPHRASE_MIN bytes), a KEK and the recovery certificate (PEM, X.509 for key
 * agreement: certificate_use CERTIFICATE_RECOVERY of sign/identity.h).
 * *ret_facts: an array of {type, subject, data}, to be recorded by the caller as the store's first key events. */
int keys_init(const char *folder, const struct secret *passphrase, const char *recovery_certificate,
              const struct clock *clock, json_t **ret_facts, struct error *err);

/* A master key to be made: under which provider, with which of its options, opened by which secret. */
struct keys_master {
        const char *provider;        /* "software", "pkcs11", "tpm2" */
        const json_t *options;       /* of the provider (docs/keys.md), or NULL */
        const struct secret *secret; /* passphrase or PIN */
        const struct secret *key;    /* the key itself (32 bytes), as a ceremony makes it; NULL: a random one */
        bool erase_old;              /* of keys_master_replace(): destroy the old one in its HSM too */
};
/* keys_init() under any provider. */
int keys_init_under(const char *folder, const struct keys_master *master, const char *recovery_certificate,
                    const struct clock *clock, json_t **ret_facts, struct error *err);

/* Parameters of a verb that makes a master key: what keys_options() takes, and `provider`. */
#define KEY_PROVIDER_PARAMS                                                                                        \
        { .name = "provider",                                                                                      \
          .type = PARAM_NAME,                                                                                      \
          .help = HELP("proveedor de la clave maestra: software, pkcs11 o tpm2",                                   \
                       "provider of the master key: software, pkcs11 or tpm2") },                                  \
                { .name = "kdf",                                                                                   \
                  .type = PARAM_NAME,                                                                              \
                  .help = HELP("derivación de la frase: scrypt o argon2id",                                        \
                               "derivation of the passphrase: scrypt or argon2id") },                              \
                { .name = "module",                                                                                \
                  .type = PARAM_TEXT,                                                                              \
                  .help = HELP("módulo PKCS#11: camino absoluto", "PKCS#11 module: absolute path") },              \
                { .name = "token",                                                                                 \
                  .type = PARAM_TEXT,                                                                              \
                  .help = HELP("etiqueta del token PKCS#11", "label of the PKCS#11 token") },                      \
                { .name = "serial",                                                                                \
                  .type = PARAM_TEXT,                                                                              \
                  .help = HELP("número de serie del token", "serial number of the token") },                       \
                { .name = "object",                                                                                \
                  .type = PARAM_TEXT,                                                                              \
                  .help = HELP("CKA_ID de una clave que ya está en el HSM, en hexadecimal",                        \
                               "CKA_ID of a key that is in the HSM already, in hexadecimal") },                    \
                { .name = "tcti",                                                                                  \
                  .type = PARAM_TEXT,                                                                              \
                  .help = HELP("TPM: device:/dev/tpmrm0 u otro", "TPM: device:/dev/tpmrm0 or another") },          \
        {                                                                                                          \
                .name = "pcrs", .type = PARAM_TEXT,                                                                \
                .help = HELP("registros del TPM: 7", "registers of the TPM: 7")                                    \
        }

/* An open vault. Unlocked, it also holds the KEK. */
struct keys;
int keys_open(struct act *act, struct keys **ret, struct error *err);
/* By what `key unlock` left with the kernel, by the provider's hardware alone (TPM), or else by asking for the
 * master key's passphrase or PIN (act_ask_secret "master"). ERR_DENIED when it is wrong. */
int keys_open_unlocked(struct act *act, struct keys **ret, struct error *err);
/* Rotation A: a new KEK, every live secret wrapped anew in one transaction of the vault, the old KEK destroyed. */
int keys_rotate(struct keys *keys, int64_t *ret_count, struct error *err);
/* The same under a new master key, which may be another provider's. keys is unlocked, and then stands for the new
 * one. */
int keys_master_replace(struct keys *keys, const struct keys_master *master, int64_t *ret_count, struct error *err);
/* The arguments of a verb that are a provider's options. New reference, or NULL. */
json_t *keys_options(const json_t *args);
/* Asks for the secret that will open a provider's new master key. */
int keys_ask_master(struct act *act, const char *provider, const char *purpose, struct secret **ret,
                    struct error *err);
void keys_close(struct keys *keys);
DEFINE_CLEANUP(struct keys, keys_close)
#define _cleanup_keys_ _cleanup_(keys_closep)

/* Whether the vault opens without asking anybody: it was unlocked, or its provider asks nothing. Reads only. */
bool keys_open_unasked(struct act *act);

/* "software" and so on: the master key's provider. Whether it counts as hardware under C1 (an HSM). */
const char *keys_provider(const struct keys *keys);
bool keys_provider_is_hsm(const struct keys *keys);

/* A medium's new key, durable in the vault when this returns. fact_data is for the event key.created, which the
 * caller records before it uses the key. */
struct medium_key {
        char ref[KEY_REF_TEXT];
        struct secret *secret;   /* opens the machine slot */
        struct secret *recovery; /* opens the recovery slot; only its envelope is kept */
        json_t *fact_data;
};
int keys_medium_create(struct keys *keys, const char *medium, struct medium_key *ret, struct error *err);
void medium_key_done(struct medium_key *key);
#define _cleanup_medium_key_ _cleanup_(medium_key_done)

/* The secret of a key that the ledger says is live; its commitment is checked. ERR_NOT_FOUND (not in the vault),
 * ERR_REFUSED by C4 (the ledger holds its destruction), ERR_VERIFY (not the secret that was committed to). */
int keys_medium_secret(struct keys *keys, const char *ref, struct secret **ret, struct error *err);

/* Destroys every live key of a medium but `except` (a reference, or NULL): vault rows and escrow envelopes are
 * deleted, the bytes looked for in the vault's files, and key.destroyed is recorded for each (not to be called
 * between act_pause and act_resume). Needs no passphrase. Repeating it after a crash finishes it.
 * *ret_evidence (may be NULL): array of {key, commitment, vault_rows, leftovers, copies: [...]}.
 * ERR_VERIFY when wrapped bytes are still found. */
int keys_destroy_medium(struct keys *keys, const char *medium, const char *except, const char *reason,
                        json_t **ret_evidence, struct error *err);

/* C5: when the year of the newest master key ends. */
int keys_master_age(struct act *act, enum master_age *ret, int64_t *ret_due, struct error *err);

/* How many keys the vault holds and how many the ledger counts as live, without writing to either. */
int keys_count(struct act *act, int64_t *ret_vault, int64_t *ret_live, struct error *err);

/* Whether the ledger holds the key's destruction. */
int keys_is_destroyed(struct keys *keys, const char *ref, bool *ret, struct error *err);

/* The sealed recovery secret of a key: a CMS envelope (DER) for the holder of the recovery certificate's private
 * key. The caller frees. */
int keys_escrow_envelope(struct keys *keys, const char *ref, uint8_t **ret, size_t *ret_n, struct error *err);

/* --- backups of the vault ------------------------------------------------------------------------------------ */

/* For the apply of an event that says so: backup `number` holds the vault as of now. A destruction names the
 * backups that were made while the key existed. */
int keys_apply_copied(struct db *db, int64_t number, int64_t time, struct error *err);
/* Rolls back what a killed writer left, so that vault.db's own bytes are the vault. Under the writer's lock. */
int keys_vault_settle(const char *folder, struct error *err);
/* Whether the vault in `folder` is sound and holds every key that the registry says is live. ERR_VERIFY. */
int keys_vault_check(const char *folder, struct db *registry, struct error *err);
/* C4: what `later` knows as destroyed goes from the vault in `folder`. *ret_facts: array of {type, subject, data},
 * a key.destroyed for each of them that `restored` still has as live, to be recorded there. */
int keys_bar_destroyed(const char *folder, struct db *restored, struct db *later, json_t **ret_facts,
                       struct error *err);
