/* A TPM 2.0: a key sealed to the state of its registers (PCR). What runs in the process apart. Private to the room.
 */
#pragma once

#include "base/json.h"
#include "base/secret.h"

/* options: "tcti" (default device:/dev/tpmrm0), "pcrs" (default "7"). *ret: {tcti, pcrs, public, private}. */
int tpm2_seal(const json_t *options, const struct secret *key, json_t **ret, struct error *err);
/* ERR_CONFLICT when the registers are not what they were, or the TPM is locked out or was cleared. */
int tpm2_unseal(const json_t *sealed, struct secret **ret, struct error *err);
