/* Signing itself, of one certificate or of many on all processors. Private to the room; it knows no store, so that
 * others may write meanwhile. */
#pragma once

#include "certify/tsa.h"

/* One of them: what to sign, and what came of it. */
struct signing {
        json_t *certificate; /* its row, read only */
        char digest[SHA256_TEXT];
        bool stamped;
        struct timestamp stamp;
        char *unstamped[LANGS]; /* why there is no time-stamp, when one was asked for */
};

struct signings {
        struct act *act;
        int position; /* of signature_fields, the same for all */
        enum lang lang;
        EVP_PKEY *key;
        X509 *signer;
        struct tsa *tsa; /* NULL: none is configured */
        struct signing *list;
        size_t n;
};

/* Each file is read, signed, verified as a whole (what was signed before with it), time-stamped and put into
 * attachments/. One that fails ends the work: then none is to be recorded. A time-stamping authority that does not
 * answer costs the stamps only, and is asked once. */
int signings_run(struct signings *signings, struct error *err);
void signings_done(struct signings *signings);
