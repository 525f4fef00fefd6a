/* Encryption of media with LUKS2: what other rooms may use. */
#pragma once

#include "act/act.h"
#include "encrypt/luks.h"
#include "policy/rotation.h"
#include "registry/medium.h"

extern const struct alert_family encrypt_alerts;
extern const struct room encrypt_room; /* verbs `encrypt run`, `encrypt check` */

extern const struct room handover_room; /* verbs `encrypt handover`, `revoke`, `handovers` (C8) */

/* Whose passphrase opens the medium by the registry: "" nobody's, "-" one that is on record as handed to nobody. */
int encrypt_handover_open(struct db *db, const char *medium, char ret_recipient[128], struct error *err);
/* Takes that passphrase away from a medium that is here (asks for the vault). ERR_CONFLICT when there is none. */
int encrypt_revoke(struct act *act, const char *medium, const char *device, const char *reason, struct error *err);
/* For apply functions of the rooms that see a medium come back. */
int encrypt_apply_returned(struct db *db, const char *medium, int64_t time, struct error *err);
extern const struct room recover_room; /* verb `key recover` */

/* SHA-256 (hex) over everything before the encrypted data: both headers, the key-slot area and what lies between,
 * read from the device itself and not from the page cache. ERR_REFUSED by C2 when there is no LUKS2 header. */
int encrypt_header_digest(const char *device, char ret_digest[65], struct error *err);

/* Reads the header once and judges it for a category. 0 whatever the verdict is; an error only when the device
 * can't be read. A medium without LUKS gets its verdict too. */
int encrypt_judge_device(const char *device, enum category category, struct luks_verdict *ret, struct error *err);

/* The same, and what the registry knows of this medium: UUID, seqid, key slots and the signed token (L7). It reads
 * the two headers only; the digest over the key slots is encrypt_header_digest()'s. Read only. */
int encrypt_judge_medium(struct act *act, const struct medium *medium, const char *device, struct luks_verdict *ret,
                         struct error *err);

/* The two halves of encrypt_judge_medium(), for a reader without privileges and a judge who never touches the
 * device: `fd` is open for reading, past the page cache where that can be. Release the facts with
 * luks_facts_done(). */
int encrypt_read_header(int fd, struct luks_facts *ret, struct error *err);
int encrypt_judge_facts(struct act *act, const struct medium *medium, const struct luks_facts *facts,
                        struct luks_verdict *ret, struct error *err);

/* ERR_REFUSED by C2 naming the first row that refuses; 0 when the verdict lets the medium be used. */
int encrypt_refuse(const struct luks_verdict *verdict, struct error *err);

/* Crypto erase: overwrites [0, data offset) (headers and all key slots) with random bytes, reads it back, and
 * destroys the vault's keys of the medium. It records encryption.erase-started, key.destroyed and
 * encryption.erased: not to be called between act_pause and act_resume. The caller has done the guards S6 and may
 * hold the device open. `occasion` names what it is done for (a wipe's job): called again for the same occasion
 * after a crash or on a resume, it finishes what was begun, or checks the device and gives the evidence again.
 * *ret_evidence says what was done and which other copies exist or existed: {occasion, counts: bool, why_not: [..],
 * uuid, slots_destroyed, area_bytes, area_verified: bool, header_found_after: bool, keys: [...]}. `counts` is false
 * when the medium was not filled with ciphertext when it was encrypted, or its key was not ours.
 * ERR_VERIFY when the read-back shows anything but what was written. */
int encrypt_crypto_erase(struct act *act, const struct medium *medium, const char *device, const char *occasion,
                         json_t **ret_evidence, struct error *err);

/* C5: where a medium's volume key stands, and when it is overdue (0: never). Reads the registry only. */
int encrypt_rotation_standing(struct act *act, const struct medium *medium, enum rotation_standing *ret,
                              int64_t *ret_due, struct error *err);
/* Records encryption.rotation-due for each medium whose key is due soon or overdue, once for each. */
int encrypt_alert_due(struct act *act, struct error *err);
/* How many volume keys are due soon, and overdue without a waiver (C5). */
int encrypt_count_due(struct act *act, int64_t *ret_soon, int64_t *ret_overdue, struct error *err);
/* What is rotated: the secrets of the slots (B) or the volume key (C). `encrypt rotate --kind`. */
enum rotation_kind { ROTATION_SLOT, ROTATION_VOLUME, ROTATION_KINDS };
extern const struct term rotation_kind_terms[ROTATION_KINDS];
/* C5: who began the rotation that a cut left unfinished, in a buffer of 40, and of which kind it is; "" when none
 * is: neither a re-encryption under way nor a change of the header that was to begin or end one, or to renew a
 * slot. */
int encrypt_rotation_unfinished(struct db *db, const char *medium, char ret_person[40],
                                enum rotation_kind *ret_kind, struct error *err);
