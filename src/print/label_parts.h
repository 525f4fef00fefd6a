/* Private to the label engine. Lengths in a design are millimetres from the label's top left corner. */
#pragma once

#include "print/label.h"
#include "print/typeset.h"

struct box {
        double x, y, width, height;
};

struct label_element;

/* A band is the same on all labels of a classification: in a PDF it is written once and referred to. */
struct kept_band {
        const struct label_element *element;
        enum classification classification;
        cairo_surface_t *surface;
};
enum { KEPT_BANDS = 16 };

/* Where a code went, in dots from the label's corner, and what has to be read there. */
struct placed {
        struct box at;
        enum symbol_kind kind;
        const char *text;
};
enum { PLACED_MAX = 8 };

/* What a label is drawn with. */
struct painter {
        cairo_t *cr;
        struct typesetter *ts;
        struct qr_reader *reader;
        struct symbol_reader *symbol_reader;
        struct preparing *preparing;
        const struct label_look *look;
        const struct label_design *design;
        const struct label *label;
        bool mono;
        bool paths; /* the code as paths, not as a picture */
        bool keeps_bands;
        bool lacks_font; /* a text of the last label has a character that no font has */
        struct kept_band bands[KEPT_BANDS];
        size_t bands_n;
        struct placed placed[PLACED_MAX];
        size_t placed_n;
};

struct element_kind {
        const char *name;
        /* Adds the items that it showed to *shown. */
        int (*draw)(struct painter *painter, const struct label_element *element, unsigned *shown,
                    struct error *err);
};

/* A condition of `when`: from a category or classification upwards, or a field that the medium has; or not so. */
struct condition {
        enum { WHEN_CATEGORY, WHEN_CLASSIFICATION, WHEN_FIELD } what;
        bool negated;
        int least;
        char field[24];
};
enum { CONDITIONS_MAX = 4 };

struct label_element {
        const struct element_kind *kind;
        char *section;
        struct box box;
        double size, least; /* points */
        int lines;
        bool bold, mono_face;
        enum align align;
        char *value[LANGS];
        struct condition when[CONDITIONS_MAX]; /* all have to hold */
        size_t when_n;
        bool signed_content; /* [datamatrix]: all that the QR says, not the ID alone */
        bool filled;         /* [box] */
        double line;         /* mm, [frame] and [box] */
        char *file;          /* [image] */
        cairo_surface_t *picture;
        int source; /* line of the design's text */
};

struct label_design {
        char *id, *name[LANGS];
        double width, height;
        int dpi;           /* what it is for, unless a printer is named; 0: no matter */
        int columns, rows; /* of the A4 sheet; 0: none */
        double left, top, gap_x, gap_y;
        struct label_element *elements;
        size_t elements_n;
};

/* Numbers and texts of a design's keys. Not below 0; whatever the locale thinks of decimal points. */
int design_number(double *out, const char *value, double most, struct error *err);
int design_count(int *out, const char *value, int most, struct error *err);
int design_string(char **out, const char *value, struct error *err);

int label_stock_check(const struct label_stock *stock, struct error *err);
/* The sheet that is printed on: the stock asked for, else the design's; borrowed names. ERR_USAGE when the design
 * is larger than its stickers. */
int label_sheet_of(const struct label_design *design, const struct label_look *look, struct label_stock *ret,
                   struct error *err);
/* A sticker's corner in mm, the printer's offset included. */
void label_sheet_place(const struct label_stock *sheet, const struct label_look *look, int position, double *ret_x,
                       double *ret_y);

/* The text of a field of the label ("id", "owner" ...), or NULL when there is none of that name. */
const char *label_field(const struct label *label, const char *name, enum lang lang, char buffer[64]);
/* Whether there is a field of that name. */
bool label_field_exists(const char *name, size_t n);
/* The items that a template such as "{id} {owner}" names. */
unsigned label_template_items(const char *value);
/* Fills a template; a part between “ · ” whose fields are all empty is left out. out is cut to its size at a
 * character. */
void label_template_fill(const struct label *label, const char *value, enum lang lang, char *out, size_t size);

extern const struct element_kind *const element_kinds[]; /* NULL-terminated */
extern const struct element_kind element_text, element_qr, element_band, element_letter, element_frame, element_box,
        element_datamatrix, element_code128, element_image;
/* Black on white and read back: nothing else may reach into its box. */
bool element_is_code(const struct label_element *element);
/* The codes that the design shows: bits of enum label_code, and LABEL_CODE_QR. */
enum { LABEL_CODE_QR = 1 << LABEL_CODES };
unsigned label_design_codes(const struct label_design *design);
/* What a code says of a label. */
const char *label_code_text(const struct label *label, enum label_code code);
/* Loads an [image]'s PNG from `labels` (may be NULL) or the folders that come with the program. */
int label_image_load(const char *labels, struct label_element *element, struct error *err);

/* Releases the kept bands. */
void painter_forget(struct painter *painter);

/* Encodes the codes of labels and reads them back, ahead of whoever waits for the next one. */
struct preparing;
int preparing_start(struct label *labels, size_t n, unsigned codes, struct preparing **ret, struct error *err);
/* Until label `i` has its symbol. ERR_VERIFY when one did not read back: then none may leave. */
int preparing_wait(struct preparing *all, size_t i, struct error *err);
void preparing_end(struct preparing *all);
DEFINE_CLEANUP(struct preparing, preparing_end)

/* Draws one label with its corner at the origin of cr. Gives what it showed. */
int label_draw(struct painter *painter, unsigned *ret_shown, struct error *err);
