/* A strict reader of the PDF files that this project makes (cairo, PDF 1.5 with classic cross-reference tables) and
 * of the updates that sign them. What another program may write and we never do, is refused: a verifier that
 * understands less can be fooled less. Every read is bounds-checked; all values live until pdf_close(). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

enum pdf_type { PDF_NULL, PDF_BOOL, PDF_NUMBER, PDF_NAME, PDF_STRING, PDF_ARRAY, PDF_DICT, PDF_REF };

struct pdf_value {
        enum pdf_type type;
        const uint8_t *raw; /* as written, for copying */
        size_t raw_n;
        bool integer;   /* a PDF_NUMBER without a fraction */
        int64_t number; /* its value (thousandths when it has a fraction); PDF_BOOL; the object of a PDF_REF */
        uint8_t *bytes; /* decoded PDF_NAME or PDF_STRING, with a NUL that is not counted */
        size_t bytes_n;
        struct pdf_value **items; /* PDF_ARRAY; PDF_DICT: key, value, key, value ... */
        size_t items_n;
};

struct pdf_object {
        uint32_t number;
        size_t start, end; /* from its number to after the end of line that follows "endobj" */
        const struct pdf_value *value;
        const uint8_t *stream; /* NULL when it is none */
        size_t stream_n;
};

struct pdf_entry {
        uint32_t number;
        size_t offset; /* 0: free */
};

/* One save of the file: its own objects, table and trailer. */
struct pdf_revision {
        size_t start, xref, end;
        struct pdf_entry *entries; /* sorted by number */
        size_t entries_n;
        const struct pdf_value *trailer;
};

struct pdf;

/* The bytes are borrowed. Revisions are contiguous and end with the file. ERR_VERIFY with what is wrong. */
int pdf_open(const void *data, size_t n, struct pdf **ret, struct error *err);
void pdf_close(struct pdf *pdf);
DEFINE_CLEANUP(struct pdf, pdf_close)

size_t pdf_revisions(const struct pdf *pdf);
const struct pdf_revision *pdf_revision(const struct pdf *pdf, size_t index); /* 0: the original */
const uint8_t *pdf_bytes(const struct pdf *pdf);

/* Object `number` as the file was after revision `revision`. */
int pdf_object(struct pdf *pdf, size_t revision, uint32_t number, struct pdf_object *ret, struct error *err);
/* Follows a reference, once; other values stay as they are. */
int pdf_resolve(struct pdf *pdf, size_t revision, const struct pdf_value *value, const struct pdf_value **ret,
                struct error *err);
/* The catalog's object after a revision. */
int pdf_catalog(struct pdf *pdf, size_t revision, struct pdf_object *ret, struct error *err);

/* NULL when the value is no dictionary or lacks the key. */
const struct pdf_value *pdf_get(const struct pdf_value *dict, const char *key);
bool pdf_is_name(const struct pdf_value *value, const char *name);
bool pdf_is_ref_to(const struct pdf_value *value, uint32_t number);
/* Equal in meaning: layout, comments and the order of keys don't count. */
bool pdf_equal(const struct pdf_value *a, const struct pdf_value *b);
/* Whether two dictionaries are equal but for one key. */
bool pdf_equal_except(const struct pdf_value *a, const struct pdf_value *b, const char *key);
/* A number in thousandths of a point. */
int64_t pdf_thousandths(const struct pdf_value *value);

/* The box that the form reserved for a signature: the named destination "sign:FIELD:WIDTH:HEIGHT" (points) at the
 * box's upper left corner. ERR_NOT_FOUND when there is none. Only the original revision counts. */
struct pdf_box {
        uint32_t page;
        int64_t left, bottom, right, top; /* thousandths of a point */
};
int pdf_signature_box(struct pdf *pdf, const char *field, struct pdf_box *ret, struct error *err);
int pdf_first_page(struct pdf *pdf, uint32_t *ret, struct error *err);
