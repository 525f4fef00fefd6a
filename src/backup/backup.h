/* Backups (X7): one encrypted file that holds a store, made while it is in use. The container is described in
 * container.h and docs/backup.md. Verifying and restoring open a store, so their verbs are in src/api. */
#pragma once

#include "act/act.h"
#include "base/digest.h"
#include "sign/openssl.h"

/* Verbs backup create, backup list; events backup.created, backup.verified, backup.restored. */
extern const struct alert_family backup_alerts;
extern const struct room backup_room;

/* What unpacking a backup found, after all checks that need no database. */
struct backup {
        json_t *manifest;
        int64_t number, created, events; /* moment; how many events its ledger has */
        int64_t files, size;             /* files in it; bytes of the file */
        char sha256[SHA256_TEXT];        /* of the file, set as soon as it could be read */
        char recipient[SHA256_TEXT];
        const char *station, *checkpoint; /* of the manifest */
        EVP_PKEY *station_key;            /* the private key that was in it */
        X509 *station_certificate;
};
void backup_done(struct backup *backup);
#define _cleanup_backup_ _cleanup_(backup_done)

/* The recovery key's file and its certificate's (NULL: the key's name with .crt, else the store's). Asks for the
 * passphrase (act_ask_secret "recovery"). */
int backup_recovery_load(struct act *act, const char *key_path, const char *certificate_path, EVP_PKEY **ret_key,
                         X509 **ret_certificate, struct error *err);

/* Decrypts `file` into the existing private folder `into` and checks container, digests, manifest and signatures;
 * without `all`, writes only what a check has to open: the databases and the checkpoint. ERR_VERIFY names what is
 * wrong. *ret is to be released even on failure. */
int backup_unpack(struct act *act, const char *file, EVP_PKEY *key, X509 *recovery, const char *into, bool all,
                  struct backup *ret, struct error *err);

/* A folder of mode 0700 for what is unpacked: work/ in the store, else in $TMPDIR or /var/tmp. Removes what runs
 * that were killed left there. *ret_lock is held for as long as the folder is in use. */
int private_folder_make(struct act *act, char **ret, int *ret_lock, struct error *err);
/* Removes a folder and all in it; not there is fine. Keys and the vault are overwritten first. */
int private_folder_wipe(const char *path, struct error *err);

/* Facts about a backup, for the verbs that check one. `why` is NULL when all holds. */
json_t *backup_verified_data(const struct backup *backup, const char *purpose, const char *prefix, int64_t newer,
                             const struct error *why);
/* The highest number that the store knows of; 0 when there is none. */
int backup_newest(struct db *db, int64_t *ret, struct error *err);
/* When the newest one was made that was found whole; 0 when none was. One that was never tried is none (X7). */
int backup_newest_sound(struct db *db, int64_t *ret, struct error *err);
/* Whether the store recorded a backup of this number with this digest: 1, 0 or an error. */
int backup_registered(struct db *db, const struct backup *backup, struct error *err);
