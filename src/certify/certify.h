/* Certificates of sanitization and destruction, and the destruction procedure (S8, S9). */
#pragma once

#include "act/act.h"

extern const struct alert_family certify_alerts;
extern const struct room destruction_room; /* the tables of both; verbs `destroy ...` */
extern const struct room provider_room;    /* verbs `provider ...` */
extern const struct room certificate_room; /* verbs `certificate ...` */

/* Destructions that were done in [from, to): an array of {subject, media: [ID]} in their order. */
int certify_destroyed(struct db *db, int64_t from, int64_t to, json_t **ret, struct error *err);

/* Asks for the organisation's passphrase and loads its seal. The caller frees both. */
int certify_seal_load(struct act *act, EVP_PKEY **ret_key, X509 **ret_certificate, struct error *err);
