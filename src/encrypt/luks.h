/* LUKS headers: facts read by a strict parser of our own, and the verdict on them. Pure: no device, no library
 * of cryptsetup, so that what is judged is what the bytes say. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "policy/cryptography.h"
#include "policy/terms.h"

enum {
        LUKS_SLOTS_MAX = 32, /* of the LUKS2 format; also digests, segments and tokens here */
        LUKS_NAME = 64,
        LUKS_FINDINGS_MAX = 64,
        LUKS_REASON = 192,
        LUKS_HEADER_MIN = 4096,
        LUKS_HEADER_SMALLEST =
                0x4000, /* of the LUKS2 format: one copy's size, and so where the second one begins */
        LUKS_HEADER_LARGEST = 0x400000,
        LUKS_AREA_MAX = 128 << 20, /* the largest header and key-slot area that is read: 128 MiB */
};

struct luks_slot {
        int number;
        char type[LUKS_NAME]; /* "luks2"; "reencrypt" */
        int64_t key_size;     /* bytes of the volume key that it holds */
        char af_hash[LUKS_NAME];
        int64_t af_stripes;
        char area_type[LUKS_NAME], area_cipher[LUKS_NAME];
        int64_t area_key_size;
        uint64_t area_offset, area_size;
        char kdf[LUKS_NAME], kdf_hash[LUKS_NAME]; /* "pbkdf2", "argon2id", "argon2i" */
        int64_t kdf_time;                         /* iterations of PBKDF2, passes of Argon2 */
        int64_t kdf_memory;                       /* KiB */
        char salt_digest[65];                     /* SHA-256 of the salt's base64 text */
        bool bound;                               /* holds the key of the data segment */
};

struct luks_segment {
        int number;
        char type[LUKS_NAME], cipher[LUKS_NAME]; /* "crypt", "aes-xts-plain64" */
        uint64_t offset, size;                   /* bytes; size 0: to the end ("dynamic") */
        int64_t sector_size;
        bool integrity;
};

struct luks_digest {
        int number;
        char type[LUKS_NAME], hash[LUKS_NAME];
        int64_t iterations;
        uint32_t slots, segments; /* bits */
        char value_digest[65];    /* SHA-256 of the digest's base64 text: names the volume key */
};

struct luks_token {
        int number;
        char type[LUKS_NAME];
};

/* The token with the header's MAC (encrypt/mac.h), as it stands there. */
struct luks_mac {
        bool present;
        char algorithm[LUKS_NAME];
        char value[65]; /* lower-case hexadecimal; "" when it is not that */
};

/* How far the bytes can be understood. */
enum luks_state {
        LUKS_NONE, /* no LUKS here */
        LUKS_VERSION_1,
        LUKS_DAMAGED,       /* a LUKS2 magic, but truncated, a wrong checksum or not valid inside */
        LUKS_COPIES_DIFFER, /* both copies are whole and disagree: an interrupted write, or two faces */
        LUKS_VERSION_2,
};

struct luks_facts {
        enum luks_state state;
        char damage[LUKS_REASON]; /* of LUKS_DAMAGED, in English technical words */
        char uuid[48], label[49], subsystem[49], checksum[LUKS_NAME];
        uint64_t seqid, header_size, keyslots_size;
        uint64_t data_offset;           /* bytes; 0 when unknown */
        char requirements[LUKS_REASON]; /* "a,b", "" none */
        size_t slots_n, segments_n, digests_n, tokens_n;
        struct luks_slot slots[LUKS_SLOTS_MAX];
        struct luks_segment segments[LUKS_SLOTS_MAX];
        struct luks_digest digests[LUKS_SLOTS_MAX];
        struct luks_token tokens[LUKS_SLOTS_MAX];
        char body_digest[65]; /* SHA-256 of the canonical JSON of digests, keyslots and segments */
        char canonical[65];   /* header_canonical() of the header as it stands; both only of LUKS_VERSION_2 */
        struct luks_mac mac;  /* of the first token of type "mpsi-mac" */
        json_t *token;        /* the first of type "mpsi", or NULL */
};

/* Reads facts from a header's bytes: [0, n) of the device. Never fails for what the bytes are (see `state`); an
 * error is out of memory. Release with luks_facts_done(). */
int luks_parse(const uint8_t *bytes, size_t n, struct luks_facts *ret, struct error *err);
/* How many bytes from the start of the device both copies of a LUKS2 header take, from its first
 * LUKS_HEADER_MIN bytes; 0 when they are no LUKS2 header. */
uint64_t luks_headers_size(const uint8_t *bytes, size_t n);
/* Whether a second header begins here. */
bool luks_is_second(const uint8_t *bytes, size_t n);
void luks_facts_done(struct luks_facts *facts);
#define _cleanup_luks_facts_ _cleanup_(luks_facts_done)

struct luks_finding {
        int row;          /* of the acceptance table in docs/cryptography.md; 0: the signed token or the registry */
        const char *rule; /* "C2", "L7" */
        int slot;         /* key slot, or -1 */
        enum luks_decision decision;
        char es[LUKS_REASON], en[LUKS_REASON];
};

struct luks_verdict {
        enum luks_decision decision; /* the strictest of the findings */
        bool encrypted;              /* a LUKS2 header that no row refuses: counts as encrypted under C1, C3, T7 */
        char uuid[48];
        uint64_t seqid;
        char cipher[LUKS_NAME];
        int64_t key_bits; /* of the volume key, as cryptsetup counts: XTS holds two halves */
        bool overdue;     /* C5: its volume key is, and no waiver holds */
        bool unfinished;  /* C5: a rotation of ours was cut off */
        bool incident;    /* row 11 was broken where that is an incident */
        struct {
                enum luks_use use;
                enum luks_decision decision; /* the strictest of the findings on this slot */
        } slots[LUKS_SLOTS_MAX];             /* by number, of those that are there */
        size_t findings_n;
        struct luks_finding findings[LUKS_FINDINGS_MAX];
};

/* What the registry knows of a header that we wrote; rows 7 to 11 need it. */
struct luks_known {
        char uuid[48]; /* "": no header of ours is on record, and no slot is known */
        uint64_t seqid;
        char canonical[65], mac[65]; /* as it was written; "" of a header made before there was a MAC */
        enum crypto_profile profile; /* of the store: which row a person's slot is judged by */
        bool foreign; /* a medium that this registry does not have: rows 10 and 11 have nothing to compare with */
        bool reencrypting; /* a re-encryption of ours is on record and not finished (row 2) */
        size_t slots_n;
        struct {
                int number;
                enum luks_use use;
                char salt_digest[65];
        } slots[LUKS_SLOTS_MAX];
};

/* Pure. known may be NULL: then rows 7 to 11 are not judged. */
void luks_judge(const struct luks_facts *facts, enum category category, const struct luks_known *known,
                struct luks_verdict *ret);
/* Adds a finding and makes the verdict at least as strict. */
void luks_verdict_add(struct luks_verdict *verdict, int row, const char *rule, int slot,
                      enum luks_decision decision, const char *es, const char *en, ...)
        __attribute__((format(printf, 6, 8), format(printf, 7, 8)));
/* The first of the findings that decided it; NULL when the verdict lets the medium be used. */
const struct luks_finding *luks_verdict_worst(const struct luks_verdict *verdict);
/* What to do next about a finding: its row's remedy, or its rule's. */
struct text luks_finding_remedy(const struct luks_finding *finding);

/* {decision, encrypted, uuid, seqid, cipher, key_bits, findings: [{row, rule, decision, slot, es, en, remedy: {es,
 * en}}]}. New reference. */
json_t *luks_verdict_to_json(const struct luks_verdict *verdict);
/* One row a slot: {slot, use, kdf, cost, cipher, key_bits, decision} and, for the table, use and decision as words
 * of that language. New reference. */
json_t *luks_slots_to_json(const struct luks_facts *facts, const struct luks_verdict *verdict, enum lang lang);
