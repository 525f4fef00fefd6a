/* The header MAC (row 11): whoever holds a medium's machine secret can tell that uuid, seqid, segments, key slots
 * and digests of its header stand as we left them; whoever holds only the registry compares digest and token.
 *
 * What is covered is a canonical text, {"body", "seqid", "uuid"}, where body is the SHA-256 of the canonical JSON
 * of
 * {"digests", "keyslots", "segments"} as the header has them (luks_facts.body_digest) and seqid a decimal text. Its
 * SHA-256 is the header's canonical digest (luks_facts.canonical). The MAC is HMAC-SHA-256 over a label and that
 * text, under HKDF-SHA256 of the machine secret. Pure: no device, no libcryptsetup. */
#pragma once

#include "base/secret.h"
#include "encrypt/luks.h"

/* The identifier beside every MAC (C7), and the type of the LUKS2 token that holds both. */
extern const char header_mac_algorithm[]; /* "hmac-sha256" */
#define HEADER_MAC_TOKEN "mpsi-mac"

/* The canonical digest that a header of these facts has when its seqid is `seqid`: each write of LUKS2 raises it,
 * so what is written last must name the number that it will have itself. */
int header_canonical(const struct luks_facts *facts, uint64_t seqid, char ret_digest[65], struct error *err);

/* The MAC (lower-case hexadecimal) and the canonical digest for that seqid. */
int header_mac_make(const struct luks_facts *facts, uint64_t seqid, const struct secret *machine, char ret_mac[65],
                    char ret_digest[65], struct error *err);

/* The same as the LUKS2 token {type, keyslots: [], version, algorithm, mac}. New reference. */
int header_mac_token(const struct luks_facts *facts, uint64_t seqid, const struct secret *machine, json_t **ret,
                     struct error *err);

/* Whether the header's own token holds the MAC that the machine secret gives for its present contents and seqid.
 * ERR_NOT_FOUND when it has no such token (made before there were any), ERR_REFUSED by C7 for an algorithm that is
 * not known, ERR_VERIFY when it does not hold. */
int header_mac_verify(const struct luks_facts *facts, const struct secret *machine, struct error *err);
