/* Files embedded in a PDF before its first signature, so that every signature covers them: PDF/A-3's way
 * (EmbeddedFiles, and AF with what each file is to the document), read by any PDF reader. */
#pragma once

#include "sign/pdf.h"

struct pdf_attachment {
        const char *name;        /* [A-Za-z0-9._-], none twice */
        const char *description; /* UTF-8, one line */
        const char *media_type;  /* "application/json" */
        const char *relation;    /* "Alternative", "Data", "Supplement" (ISO 32000-2, 7.11.3) */
        const void *data;
        size_t n;
};

struct pdf_finish {
        const char *lang; /* "es", "en": the catalogue's /Lang */
        int64_t moment;   /* of the attachments, microseconds UTC */
        const struct pdf_attachment *attachments;
        size_t attachments_n;
};

/* A cairo document of one revision written anew with language, the window's title and attachments. The caller
 * frees. ERR_VERIFY when it is none that this understands. */
int pdf_finish(const void *pdf, size_t n, const struct pdf_finish *finish, uint8_t **ret, size_t *ret_n,
               struct error *err);

/* Calls each() for every file that the original revision embeds, in the order of their names, until it returns
 * non-zero, and gives that. ERR_VERIFY for what pdf_finish() does not write: what is found is all there is. */
int pdf_attachments(struct pdf *pdf,
                    int (*each)(void *context, const char *name, const void *data, size_t n, struct error *err),
                    void *context, struct error *err);
