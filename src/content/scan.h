/* What a medium's bytes look like (L8): signatures of health data, office files and pictures, without any file
 * system's help. Pure: it reads what it is given and allocates nothing. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "policy/terms.h"

enum content_kind {
        CONTENT_DICOM,
        CONTENT_HL7,
        CONTENT_FHIR,
        CONTENT_CDA,
        CONTENT_OFFICE,
        CONTENT_PDF,
        CONTENT_IMAGE,
        CONTENT_KINDS
};
extern const struct term content_terms[CONTENT_KINDS];

/* Whether a kind is health data by itself. */
bool content_is_health(enum content_kind kind);

struct content_report {
        int64_t bytes; /* read */
        int64_t count[CONTENT_KINDS], first[CONTENT_KINDS];
};

/* Signatures may reach this far over the end of what is counted. */
enum { CONTENT_OVERLAP = 4096, CONTENT_SECTOR = 512 };

/* Looks at n bytes that lie at `offset` (a multiple of a sector) of the medium; `more` bytes behind them may be
 * read to finish what begins in them. */
void content_scan(struct content_report *report, const uint8_t *data, size_t n, size_t more, int64_t offset);

/* What is proposed of it. False: nothing that says anything was seen. */
bool content_propose(const struct content_report *report, enum classification *ret, bool *ret_health);
