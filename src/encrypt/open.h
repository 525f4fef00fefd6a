/* The volume key of a medium, from its header and the vault: what stands between an encrypted medium and its
 * mapping (C9). The header is read once, judged, and opened as that same copy. */
#pragma once

#include "act/act.h"
#include "device/facts.h"
#include "encrypt/luks.h"
#include "keys/keys.h"
#include "registry/medium.h"

struct encrypt_opening;

/* Reads the header past the page cache and judges it with all that the registry knows; whatever the verdict is.
 * ERR_REFUSED by S6 when the device is not the approved one any more. */
int encrypt_open_read(struct act *act, const struct medium *medium, const struct device_facts *approved,
                      struct encrypt_opening **ret, struct error *err);
void encrypt_open_free(struct encrypt_opening *opening);
DEFINE_CLEANUP(struct encrypt_opening, encrypt_open_free)

const struct luks_facts *encrypt_open_facts(const struct encrypt_opening *opening);
/* A header that the registry holds as ours, and whose key it names. */
bool encrypt_open_is_ours(const struct encrypt_opening *opening);
/* The key's reference, "" when there is none. */
const char *encrypt_open_key_ref(const struct encrypt_opening *opening);

/* The volume key. A header that the table refuses gives none, nor one whose MAC does not hold under the machine
 * secret (ERR_VERIFY by C2). */
int encrypt_open_key(struct encrypt_opening *opening, struct keys *keys, struct secret **ret, struct error *err);
