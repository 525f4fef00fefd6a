/* The letter that carries a passphrase (C8): a sheet of two sides that is folded twice, so that the secret is
 * inside and nothing shows through. */
#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "print/output.h"

struct letter {
        const char *organisation, *site;
        const char *number;          /* F000001 */
        const char *recipient;       /* name as on the envelope */
        const char *title;           /* or "" */
        const char *medium;          /* its ID */
        const char *date;            /* as printed */
        const char *reference;       /* shipment or loan, or "" */
        const struct secret *secret; /* words with spaces */
        enum lang lang;
};

/* The PDF, in memory: it is never on disk before the medium takes the passphrase. Wipe it with letter_wipe(). */
int letter_to_pdf(const struct letter *letter, struct output *ret, struct error *err);
void letter_wipe(struct output *out);
