/* Shared by the files of the pack only. */
#pragma once

#include "api/pack.h"
#include "policy/terms.h"

/* What a pack is made of, one folder each, with the ENS measures that it is evidence of. */
enum pack_part {
        PACK_SHIPMENTS,
        PACK_REQUESTS,
        PACK_CERTIFICATES,
        PACK_INVENTORY,
        PACK_ACCESSES,
        PACK_AUDITS,
        PACK_KPI,
        PACK_FINDINGS,
        PACK_INCIDENTS,
        PACK_TRAINING,
        PACK_KEYS,
        PACK_PROVIDERS,
        PACK_BASELINE,
        PACK_LEDGER,
        PACK_TRUST,
        PACK_PARTS
};
struct pack_part_row {
        const char *folder;
        struct text name;
        const char *measures; /* "mp.si.3 mp.si.4" */
};
extern const struct pack_part_row pack_part_rows[PACK_PARTS];

struct pack {
        struct act *act;
        char *folder;                        /* built here, beside the final name */
        char from[DATE_TEXT], to[DATE_TEXT]; /* days, both included */
        char since[TIME_TEXT], until[TIME_TEXT];
        const char *category; /* code, or NULL */
        const char *reader;   /* whom it is made for */
        int64_t started;      /* the event that tells of it */
        json_t *files;        /* [{path, part}] */
        json_t *missing;      /* [{part, es, en}] */
        char *signatures;     /* lines for the verifier, of the certificates */
        EVP_PKEY *seal_key;
        X509 *seal;
        int64_t bytes;
        char manifest[65]; /* digest */
};

/* Fills the folder with forms, lists and certificates. */
int pack_gather(struct pack *pack, struct error *err);
/* Then the checkpoint, which covers the record of all that was written, and the proof. */
int pack_gather_ledger(struct pack *pack, struct error *err);
/* The path of a new file of a part, which is on the list from then on. New string or NULL. */
char *pack_path(struct pack *pack, enum pack_part part, const char *name);
/* A new file at the top of the pack. */
int pack_write(struct pack *pack, const char *name, const char *text, size_t n, struct error *err);
/* index.html (both languages, no script) and index.csv, by measure. */
int pack_write_index(struct pack *pack, struct error *err);
/* Where the signatures of a certificate lie in its file, for a verifier that can't read PDF: lines "pdf PATH LENGTH
 * OFFSET LENGTH EPOCH", or "unsigned PATH". */
int pack_note_signatures(struct pack *pack, const char *path, const char *name, const json_t *certificate,
                         struct error *err);
/* verify.sh, verify.txt, MANIFEST.sha256 and its signature by the organisation's seal. */
int pack_seal(struct pack *pack, struct error *err);
/* The folder as a tar file. */
int pack_to_tar(const struct pack *pack, const char *path, struct error *err);

/* Lines, NULL at the end. */
extern const char *const pack_verifier[];
