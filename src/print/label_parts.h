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

/* What a label is drawn with. */
struct painter {
        cairo_t *cr;
        struct typesetter *ts;
        struct qr_reader *reader;
        struct preparing *preparing;
        const struct label_look *look;
        const struct label_design *design;
        const struct label *label;
        bool mono;
        bool paths; /* the code as paths, not as a picture */
        bool keeps_bands;
        struct kept_band bands[KEPT_BANDS];
        size_t bands_n;
        struct box symbol; /* where the QR went, in dots from the label's corner; width 0: nowhere */
};

struct element_kind {
        const char *name;
        /* Adds the items that it showed to *shown. */
        int (*draw)(struct painter *painter, const struct label_element *element, unsigned *shown,
                    struct error *err);
};

struct label_element {
        const struct element_kind *kind;
        char *section;
        struct box box;
        double size, least; /* points */
        int lines;
        bool bold, mono_face;
        enum align align;
        char *value[LANGS];
        int when_category; /* least category, or -1 */
        char when_field[24];
};

struct label_design {
        char *id, *name[LANGS];
        double width, height;
        int columns, rows; /* of the A4 sheet; 0: none */
        double left, top, gap_x, gap_y;
        struct label_element *elements;
        size_t elements_n;
};

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
extern const struct element_kind element_text, element_qr, element_band, element_letter, element_frame;

/* Releases the kept bands. */
void painter_forget(struct painter *painter);

/* Encodes the codes of labels and reads them back, ahead of whoever waits for the next one. */
struct preparing;
int preparing_start(struct label *labels, size_t n, struct preparing **ret, struct error *err);
/* Until label `i` has its symbol. ERR_VERIFY when one did not read back: then none may leave. */
int preparing_wait(struct preparing *all, size_t i, struct error *err);
void preparing_end(struct preparing *all);
DEFINE_CLEANUP(struct preparing, preparing_end)

/* Draws one label with its corner at the origin of cr. Gives what it showed. */
int label_draw(struct painter *painter, unsigned *ret_shown, struct error *err);
