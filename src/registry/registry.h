/* The registry: people, media, the station's row. */
#pragma once

#include "act/act.h"

/* One schema, two families of verbs and events: people (with the station's row) come first, since media refer to
 * them. */
extern const struct schema registry_schema;
extern const struct alert_family registry_alerts;
extern const struct room people_room, accounts_room, media_room, blank_room, proposal_room, report_room;

/* Creates an account; used by `init` and `person add`. New reference. */
json_t *person_added_data(const char *full_name, const char *title, unsigned roles, const char *os_user,
                          const char *expires);
/* The argument `roles`. ERR_USAGE. */
#define ROLES_HELP                                                                                                 \
        HELP("roles separados por comas: propietario (owner), custodio (custodian), operador-ti (operator), "      \
             "seguridad (security), usuario (user), auditor",                                                      \
             "roles separated by commas: owner, custodian, operator, security, user, auditor")
int person_roles_argument(const json_t *args, unsigned *ret, struct error *err);
/* X1: an operating-system account is one person's. ERR_CONFLICT. */
int person_os_user_free(struct db *db, const char *os_user, struct error *err);
/* The number of the next medium's ID: neither a medium's nor reserved. */
int media_next_number(struct act *act, int64_t *ret, struct error *err);
struct device_facts;
/* What a device that is to be registered says of itself. ERR_REFUSED by S6 for the system's, ERR_CONFLICT for one
 * that is registered. */
int media_device(struct act *act, const char *device, struct device_facts *ret, struct error *err);
/* The fact that registers a medium from checked arguments of `media register`, or why not (L1, L4). facts: of its
 * device, or NULL. seen: the names of a file's media so far, or NULL outside an import. The caller releases ret's
 * subject and data. */
int media_registration(struct act *act, const json_t *args, const struct device_facts *facts, int64_t number,
                       json_t *seen, struct fact *ret, struct error *err);
/* L1: serial number, EPC and tamper indicator of `args` are no other medium's than `medium` ("": of none yet).
 * ERR_CONFLICT. */
int medium_names_new(struct db *db, const char *medium, const json_t *args, json_t *seen, struct error *err);
/* Makes a key under a PIN and a certificate of the organisation's authority for a person, and gives the data of
 * person.enrolled. The key's file is written first: without its event it is a file that nobody knows. */
int person_enrol(struct act *act, const char *name, const char *full_name, const char *title, EVP_PKEY *ca_key,
                 X509 *ca_certificate, json_t **ret_data, struct error *err);
struct identity_request;
struct person;
/* The same for a key on a card: args has card-module, card and maybe card-key. */
int person_card_enrol(struct act *act, const json_t *args, const struct identity_request *request, EVP_PKEY *ca_key,
                      X509 *ca_certificate, json_t **ret_data, struct error *err);
bool person_has_card(struct act *act, const struct person *person, const char *fingerprint);
int person_card_load(struct act *act, const struct person *person, const char *fingerprint, EVP_PKEY **ret,
                     struct error *err);
