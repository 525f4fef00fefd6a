/* Text on paper: fonts, widths, line breaks. Lengths are points (1/72 inch) of a cairo context whose scale was set
 * before the typesetter was made. Lines of Latin text go from glyph tables kept per font, so that an inventory of
 * ten thousand rows or a roll of labels needs no shaping; anything else goes through pango. */
#pragma once

#include <cairo.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"

enum face { FACE_SANS, FACE_BOLD, FACE_MONO, FACE_MONO_BOLD, FACES };
enum align { ALIGN_LEFT, ALIGN_CENTRE, ALIGN_RIGHT };

#define POINTS_PER_MM (72.0 / 25.4)

struct typesetter;

/* `cr` gives scale and kind of surface; it is not kept. `crisp`: no antialiasing, for 1-bit printers. */
int typesetter_new(cairo_t *cr, bool crisp, struct typesetter **ret, struct error *err);
void typesetter_free(struct typesetter *ts);
DEFINE_CLEANUP(struct typesetter, typesetter_free)

struct style {
        enum face face;
        double size; /* points */
};

/* Heights above and below the base line. */
double type_ascent(struct typesetter *ts, struct style style);
double type_descent(struct typesetter *ts, struct style style);

/* Width of n bytes of one line. */
double type_width(struct typesetter *ts, struct style style, const char *text, size_t n);

/* Whether no font on this machine has one of the text's characters: then paper does not show what the text says. */
bool type_lacks(struct typesetter *ts, struct style style, const char *text);

/* Draws n bytes in one line; (x, y) is the left end of the base line. */
void type_draw(struct typesetter *ts, cairo_t *cr, struct style style, double x, double y, const char *text,
               size_t n);

/* Draws with kerning; for titles. */
void type_draw_kerned(struct typesetter *ts, cairo_t *cr, struct style style, double x, double y, const char *text);

struct line {
        size_t start, length; /* bytes of the text */
};

/* Breaks a text at spaces, at line breaks and, where a word is wider than the line, within it. Gives the number
 * of lines, at most `max`; *ret_whole says whether all of the text is in them (may be NULL). Never 0. */
size_t type_break(struct typesetter *ts, struct style style, const char *text, double width, struct line *lines,
                  size_t max, bool *ret_whole);

/* Draws a text in one line of `width`, y its base line: first smaller, down to `least` points, then cut with “…”.
 * Returns whether the whole text is there. */
bool type_fit(struct typesetter *ts, cairo_t *cr, struct style style, double least, enum align align, double x,
              double y, double width, const char *text);
