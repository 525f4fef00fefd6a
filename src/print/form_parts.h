/* Private to the form engine: a form as described, the sheet that is being filled, and the kinds of sections. */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "print/typeset.h"

/* How a value is shown. */
enum form_show {
        SHOW_TEXT,
        SHOW_DATE,
        SHOW_MOMENT,
        SHOW_FLAG,
        SHOW_SIZE,
        SHOW_CLASSIFICATION,
        SHOW_CATEGORY,
        SHOW_KIND,
        SHOW_STATE,
        SHOW_LABEL,
        SHOW_CHECKPOINT,
        SHOW_OUTCOME,
        SHOWS
};

/* A field, a column, a box to tick or to sign in. */
struct form_item {
        char *member;
        char *label[LANGS];
        double width; /* mm, columns only */
        enum form_show show;
        bool mono, wide, right;
        bool swatch; /* the colour of a classification's code instead of a text */
};

struct form_block;
struct sheet;

struct form_kind {
        const char *name;
        const char *item_key; /* "field", "column", ...; NULL: takes no items */
        int (*place)(struct sheet *sheet, const struct form_block *block);
};
extern const struct form_kind *const form_kinds[]; /* NULL-terminated */

struct form_block {
        const struct form_kind *kind;
        char *section;
        char *title[LANGS], *text[LANGS];
        char *rows, *when, *member, *result;
        int columns, min_rows;
        double row_height; /* mm */
        bool main;
        bool together; /* a table that is not parted when it fits on a page */
        struct form_item *items;
        size_t items_n;
};

struct form {
        char *id, *measure;
        char *title[LANGS], *mark[LANGS]; /* mark: printed instead of the ID, or NULL */
        int revision;
        int scale; /* percent, for a sheet that is read on a wall; 0: as it is */
        bool landscape, qr;
        bool unnumbered; /* no document of its own: neither number nor digest */
        bool tagged;     /* with the structure that screen readers follow; costs a third of the speed */
        struct form_block *blocks;
        size_t blocks_n;
};

int form_parse(const char *text, size_t n, struct form **ret, struct error *err);
int form_load(const char *forms, const char *id, struct form **ret, struct error *err);
void form_free(struct form *form);
DEFINE_CLEANUP(struct form, form_free)

/* The member at a path such as "medium.serial", or NULL. Borrowed. */
const json_t *form_member(const json_t *object, const char *path);
/* Whether it is there and not empty: neither null, "", [], {}. */
bool form_present(const json_t *value);

enum { FORM_TEXT = 4096 };
/* The value as a person reads it: buffer, or a text inside value; "" when it is absent. */
const char *form_value(const json_t *value, enum form_show show, enum lang lang, char buffer[FORM_TEXT]);
/* The word of an option list ("date", "outcome", ...), or -1. */
int form_show_parse(const char *word);

/* --- the sheet ------------------------------------------------------------------------------------------- */

enum { SHEET_TAGS = 6 };

/* Everything is placed twice: once to count pages, once to draw. */
struct sheet {
        const struct form *form;
        const json_t *data;
        enum lang lang;
        cairo_t *cr;
        struct typesetter *ts;
        bool draw;
        double width, height, left, right, top, bottom; /* of what sections may fill, points */
        double y;                                       /* where the next section starts */
        int page, pages;
        char digest[65];
        const char *tags[SHEET_TAGS]; /* open ones, outermost first */
        size_t tags_n;
        char buffer[FORM_TEXT];
};

static const double SHEET_GAP = 9;

/* Colours of ink. */
enum ink { INK_TEXT, INK_LABEL, INK_RULE, INK_SHADE, INK_ACCENT };
void sheet_ink(struct sheet *sheet, enum ink ink);
void sheet_rule(struct sheet *sheet, double x1, double y1, double x2, double y2, double width, enum ink ink);
void sheet_box(struct sheet *sheet, double x, double y, double w, double h, enum ink fill, bool filled);
void sheet_text(struct sheet *sheet, struct style style, double x, double y, const char *text, size_t n);

/* What is drawn in between is one "H1", "P", "Table" … of a tagged form (ISO 32000-1 14.8.4). One that goes on on
 * the next page is closed and opened anew. */
void sheet_open(struct sheet *sheet, const char *tag);
void sheet_close(struct sheet *sheet);

int sheet_first(struct sheet *sheet);
/* Ends the page and starts the next one. */
void sheet_break(struct sheet *sheet);
/* Starts the next page unless `height` points are left on this one. */
void sheet_need(struct sheet *sheet, double height);
/* A section's title, kept together with `height` points of what follows. */
void sheet_title(struct sheet *sheet, const struct form_block *block, double height);
void sheet_last(struct sheet *sheet);

/* A single word that is a little too wide is set smaller, down to `least`, rather than broken. */
struct style sheet_word_style(struct sheet *sheet, struct style style, double least, double width,
                              const char *text);

/* Text broken into at most `max` lines of `width`, drawn with the first line's top at y. Returns its height. */
double sheet_lines(struct sheet *sheet, struct style style, double leading, double x, double y, double width,
                   const char *text, size_t max, bool draw);

extern const struct form_kind form_kind_fields, form_kind_table, form_kind_checks, form_kind_text,
        form_kind_verdict, form_kind_signatures, form_kind_qr, form_kind_charts;
