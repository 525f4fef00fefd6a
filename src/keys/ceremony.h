/* The key ceremony (C4, C5): a new master key split among custodians, rehearsed from their shares, and set again
 * when its passphrase is lost. */
#pragma once

#include "act/act.h"

extern const struct room ceremony_room; /* verb `key ceremony`; events key.ceremony, key.rehearsed, key.restored,
                                           key.medium-recovered */

/* The first two ways of `key recover`: from the shares of the newest ceremony, or of that of `ceremony` (may be
 * NULL). Rehearsed, nothing changes but the record of it; restored, the same key is set under a new passphrase, or
 * in the hardware that args name (KEY_PROVIDER_PARAMS, and "ceremony"). */
int ceremony_rehearse(struct act *act, const char *ceremony, json_t **ret, struct error *err);
int ceremony_restore(struct act *act, const json_t *args, json_t **ret, struct error *err);
