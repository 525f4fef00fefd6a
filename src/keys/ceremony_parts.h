/* What the files of the ceremony share. Private to the room. */
#pragma once

#include <openssl/types.h>

#include "keys/ceremony.h"
#include "keys/internal.h"
#include "keys/shares.h"
#include "registry/person.h"

enum { CEREMONY_MAX = SHARES_MOST, SIGN_FIELD = 24 };

struct custodian {
        struct person person;
        EVP_PKEY *key; /* theirs, once they proved to be there */
        X509 *certificate;
        struct share share;
        char commitment[SHA256_TEXT], fingerprint[SHA256_TEXT];
        char *sheet; /* path of their PDF, or NULL: shown as words */
};

struct ceremony {
        struct act *act;
        enum lang lang;     /* of what is printed */
        const char *folder; /* where sheets go, or NULL */
        uint8_t id[SHARE_CEREMONY];
        char id_text[SHARE_CEREMONY_TEXT];
        unsigned threshold, total;
        struct custodian custodians[CEREMONY_MAX];
        struct custodian administrator; /* who acts, if they are no custodian */
        bool administrator_apart;
        struct secret *key; /* the new master key */
        int64_t version, previous;
        char commitment[65]; /* its */
        const char *provider;
        int64_t made;
        char transcript[SHA256_TEXT]; /* the signed PDF, among the attachments */
};
void ceremony_done(struct ceremony *ceremony);
#define _cleanup_ceremony_ _cleanup_(ceremony_done)

/* Clears the screen and what scrolled off it. */
extern const char screen_clear[];

/* One after the other: who they are, their PIN, their share, two words back. What fails leaves no sheet behind. */
int ceremony_turns(struct ceremony *ceremony, struct error *err);
/* A typed line; *ret is to be wiped and freed with line_free(). */
int ceremony_ask(struct act *act, const char *es, const char *en, char **ret, struct error *err);
void line_free(char *line);
DEFINE_CLEANUP(char, line_free)
#define _cleanup_line_ _cleanup_(line_freep)

/* The sheet of one custodian as PDF, mode 0600. */
int ceremony_sheet(const struct ceremony *ceremony, unsigned i, const char *path, struct error *err);
/* The transcript, signed by all, into the attachments. */
int ceremony_transcript(struct ceremony *ceremony, struct error *err);

/* The event key.ceremony. */
int ceremony_fact(const struct ceremony *ceremony, json_t **ret, struct error *err);
/* What is on record of a ceremony (NULL: the newest whose key came to be). ERR_NOT_FOUND. *ret_version: of the
 * master key, ret_commitment: its commitment. */
int ceremony_load(struct db *db, const char *id, struct deal *ret, int64_t *ret_version, char ret_commitment[65],
                  struct error *err);

/* Shares asked for one by one until there are enough; each that does not belong is named and asked for again. */
int ceremony_gather(struct act *act, const struct deal *deal, struct secret **ret_key, json_t **ret_numbers,
                    struct error *err);

extern const struct event_type ceremony_events[4];
extern const struct schema ceremony_schema;
