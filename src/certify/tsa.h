/* The time-stamping authority that the organisation uses: section [tsa] of the configuration. Private to the room.
 *
 * mpsi itself speaks to no network: a program does, mpsi-tsa or one that the organisation names. */
#pragma once

#include "certify/internal.h"
#include "sign/timestamp.h"

struct tsa;

/* *ret stays NULL when no authority is configured. The store's own mpsi.conf counts, else the station's. */
int tsa_load(const char *folder, struct tsa **ret, struct error *err);
void tsa_free(struct tsa *tsa);
DEFINE_CLEANUP(struct tsa, tsa_free)
#define _cleanup_tsa_ _cleanup_(tsa_freep)

/* Whether questions can be asked (else only what it trusts is known), and whom it trusts, or NULL. */
bool tsa_reachable(const struct tsa *tsa);
X509_STORE *tsa_trust(const struct tsa *tsa);

/* Asks for a time-stamp of the last signature and puts it there. It waits for the authority: the store's lock
 * should be given back. ERR_FAILED when it does not answer in time. The caller frees *ret. */
int tsa_stamp(const struct tsa *tsa, const void *pdf, size_t n, uint8_t **ret, struct timestamp *ret_stamp,
              struct error *err);
