/* Labels: designs under labels/, and media drawn by them as PDF, SVG, PNG and ZPL.
 *
 * What is printed is decided by the caller; here it is laid out, and no label leaves whose QR does not read back
 * from the very bits that go to the printer (L6), or that fails to show what its category demands (L2). */
#pragma once

#include "policy/labelling.h"
#include "print/output.h"
#include "print/qr.h"
#include "print/symbol.h"

/* The codes beside the QR that a design can ask for: the ID alone, or all that the QR says. */
enum label_code { CODE_DATAMATRIX_ID, CODE_DATAMATRIX_SIGNED, CODE_128_ID, LABEL_CODES };

/* Everything that a label can say. Texts are UTF-8 of one line. */
struct label {
        enum classification classification;
        enum category category;
        enum medium_kind kind;
        char id[16], created[16], expires[16];
        char owner[128], organisation[128], model[128], serial[128];
        char epc[32], tamper[64];
        char key_mark[16]; /* first digits of the station certificate's fingerprint; "" when not signed */
        long long revision;
        bool blank;        /* a reserved code that names no medium yet: no category judges it (L2) */
        char code[160];    /* the QR's text */
        struct qr *symbol; /* made from it by labels_write() */
        struct symbol *codes[LABEL_CODES];
};

struct label_design;

/* `labels` is a folder to look in first (may be NULL). */
int label_design_load(const char *labels, const char *id, struct label_design **ret, struct error *err);
int label_design_parse(const char *id, const char *text, size_t n, struct label_design **ret, struct error *err);
void label_design_free(struct label_design *design);
DEFINE_CLEANUP(struct label_design, label_design_free)
/* Size in millimetres, its name, and how many fit on a sheet (0: none described). */
void label_design_describe(const struct label_design *design, enum lang lang, const char **ret_name,
                           double *ret_width, double *ret_height, int *ret_on_sheet);
/* The resolution that the design is for, or 0. */
int label_design_dpi(const struct label_design *design);
/* Names of the designs in the three folders, sorted, without repetition; a NULL-terminated array. */
int label_design_list(const char *labels, char ***ret, struct error *err);
void label_names_free(char **names);

/* A sheet of stickers as it is sold; millimetres. */
struct label_stock {
        char *id, *name[LANGS];
        double paper_width, paper_height, width, height; /* of the paper, of a sticker */
        double left, top, gap_x, gap_y;
        int columns, rows;
};
int label_stock_load(const char *labels, const char *id, struct label_stock **ret, struct error *err);
int label_stock_parse(const char *id, const char *text, size_t n, struct label_stock **ret, struct error *err);
void label_stock_free(struct label_stock *stock);
DEFINE_CLEANUP(struct label_stock, label_stock_free)
int label_stock_list(const char *labels, char ***ret, struct error *err);

enum label_format { LABEL_PDF, LABEL_SVG, LABEL_PNG, LABEL_ZPL, LABEL_FORMATS };
extern const struct term label_format_terms[LABEL_FORMATS];

struct label_look {
        enum lang lang;
        int dpi;    /* 203, 300 or 600: modules are whole dots of this printer */
        bool mono;  /* black and white only; ZPL always is */
        bool sheet; /* PDF: on A4 sheets of stickers as the design describes, not one label a page */
        int first;  /* first free sticker of the sheet, from 1 */
        int copies; /* of each label; 0 is 1. PDF and ZPL */
        const struct label_stock *stock; /* of a sheet; NULL: the design's own */
        double offset_x, offset_y;       /* mm, by which this printer misses */
};

/* The items that the label has, and those that the design shows on it whole. */
unsigned label_known(const struct label *label);

/* Judges (L2), encodes, draws, reads back (L6) and writes; the file is there whole or not at all. SVG and PNG take
 * one label. Without a path (NULL) all is done but the writing. Release the labels with labels_done() in any case.
 */
int labels_write(const struct label_design *design, struct label *labels, size_t n, enum label_format format,
                 const struct label_look *look, const char *path, struct error *err);

/* The same into memory. ret_ends (may be NULL): of ZPL, where each label's commands end. */
int labels_render(const struct label_design *design, struct label *labels, size_t n, enum label_format format,
                  const struct label_look *look, struct output *out, size_t *ret_ends, struct error *err);

void labels_done(struct label *labels, size_t n);

/* A page for everybody: how to read a label (L3). organisation may be NULL. */
int label_legend(enum lang lang, const char *organisation, struct output *out, struct error *err);
/* A page to hold over a sheet of stickers: how far the printer misses. Of look: language and offset. */
int label_calibration(const struct label_stock *stock, const struct label_look *look, struct output *out,
                      struct error *err);
