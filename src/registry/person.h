/* People: names, roles, their accounts' state and their signing certificates. */
#pragma once

#include <jansson.h>
#include <openssl/types.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/error.h"
#include "policy/terms.h"
#include "store/db.h"

struct person {
        char name[40]; /* [a-z0-9._-] */
        char full_name[128];
        char title[128];  /* job title, printed under signatures */
        char os_user[40]; /* or "" */
        unsigned roles;
        bool blocked;                  /* by a person, or locked by itself (registry/account.h) */
        char expires[DATE_TEXT];       /* or "" */
        char trained_until[DATE_TEXT]; /* or "" */
        char *certificate;             /* PEM, or NULL when not enrolled */
};

/* ERR_NOT_FOUND with a message. Release what it holds with person_done(). */
int person_load(struct db *db, const char *name, struct person *ret, struct error *err);
/* The person whose operating-system account it is. ERR_NOT_FOUND. */
int person_by_os_user(struct db *db, const char *os_user, struct person *ret, struct error *err);
/* Calls each() for every person by name until it returns non-zero, and gives that. */
int person_each(struct db *db, int (*each)(void *context, const struct person *person), void *context,
                struct error *err);
/* When the first of them was added: as old as the store. */
int people_since(struct db *db, int64_t *ret, struct error *err);
/* As printed: the full name, or the account's when the person is gone. New reference; NULL when there is no name.
 */
json_t *person_printed(struct db *db, const char *name);
void person_done(struct person *person);
#define _cleanup_person_ _cleanup_(person_done)

struct act;
/* Asks for the person's PIN and loads their signing key and certificate. ERR_CONFLICT when they are not enrolled,
 * ERR_DENIED for a wrong PIN. The caller frees both. */
int person_key_load(struct act *act, const struct person *person, EVP_PKEY **ret_key, X509 **ret_certificate,
                    struct error *err);
