/* The mark of a classification (L3): colour, word, letter in a shape, and a pattern, so that a black-and-white
 * print and an eye that tells no red from green still see which it is. */
#include <math.h>
#include <string.h>

#include "print/label_parts.h"

static void ink(struct painter *painter, bool coloured) {
        const struct classification_mark *mark = &classification_marks[painter->label->classification];

        if (painter->mono || !coloured)
                cairo_set_source_rgb(painter->cr, 0, 0, 0);
        else
                cairo_set_source_rgb(painter->cr, mark->red, mark->green, mark->blue);
}

/* Diagonals 2.4 mm apart, half of it black. */
static void stripes(cairo_t *cr, struct box box) {
        double step = 2.4 * POINTS_PER_MM;

        cairo_set_line_width(cr, step * 0.36);
        for (int i = 0; i * step < box.width + 2 * box.height; i++) {
                double x = box.x - box.height + i * step;

                cairo_move_to(cr, x, box.y + box.height + 1);
                cairo_line_to(cr, x + box.height + 2, box.y - 1);
        }
        cairo_stroke(cr);
}

static void dots(cairo_t *cr, struct box box) {
        double step = 1.7 * POINTS_PER_MM, radius = step * 0.24;

        for (int row = 0; row * step / 2 < box.height + step; row++)
                for (int column = 0; column * step < box.width + step; column++) {
                        cairo_new_sub_path(cr);
                        cairo_arc(cr, box.x + (column + (row % 2 ? 0.5 : 0)) * step, box.y + row * step / 2, radius,
                                  0, 2 * M_PI);
                }
        cairo_fill(cr);
}

/* box in points. */
static void pattern(struct painter *painter, struct box box) {
        const struct classification_mark *mark = &classification_marks[painter->label->classification];
        cairo_t *cr = painter->cr;

        cairo_save(cr);
        cairo_rectangle(cr, box.x, box.y, box.width, box.height);
        cairo_clip(cr);
        if (!painter->mono || mark->pattern == PATTERN_SOLID) {
                ink(painter, true);
                cairo_paint(cr);
        }
        ink(painter, false);
        if (mark->pattern == PATTERN_STRIPES)
                stripes(cr, box);
        else if (mark->pattern == PATTERN_DOTS)
                dots(cr, box);
        cairo_restore(cr);
        ink(painter, false);
        cairo_set_line_width(cr, 0.3 * POINTS_PER_MM);
        cairo_rectangle(cr, box.x + 0.4, box.y + 0.4, box.width - 0.8, box.height - 0.8);
        cairo_stroke(cr);
}

static void polygon(cairo_t *cr, double x, double y, double radius, int corners, double turn) {
        cairo_new_path(cr);
        for (int i = 0; i < corners; i++)
                cairo_line_to(cr, x + radius * cos(turn + 2 * M_PI * i / corners),
                              y + radius * sin(turn + 2 * M_PI * i / corners));
        cairo_close_path(cr);
}

static void shape(cairo_t *cr, enum mark_shape which, double x, double y, double side) {
        switch (which) {
        case SHAPE_CIRCLE:
                cairo_new_path(cr);
                cairo_arc(cr, x, y, side / 2, 0, 2 * M_PI);
                break;
        case SHAPE_SQUARE: polygon(cr, x, y, side * 0.45 * M_SQRT2, 4, M_PI / 4); break;
        case SHAPE_DIAMOND: polygon(cr, x, y, side * 0.56, 4, 0); break;
        case SHAPE_OCTAGON: polygon(cr, x, y, side * 0.53, 8, M_PI / 8); break;
        }
}

/* White letter on its black shape; box in points, square. */
static void letter(struct painter *painter, struct box box) {
        const struct classification_mark *mark = &classification_marks[painter->label->classification];
        double side = box.width < box.height ? box.width : box.height;
        double x = box.x + box.width / 2, y = box.y + box.height / 2;
        struct style style = { FACE_BOLD, side * (mark->shape == SHAPE_DIAMOND ? 0.62 : 0.78) };
        double width = type_width(painter->ts, style, mark->letter, 1);

        cairo_set_source_rgb(painter->cr, 0, 0, 0);
        shape(painter->cr, mark->shape, x, y, side);
        cairo_fill(painter->cr);
        cairo_set_source_rgb(painter->cr, 1, 1, 1);
        type_draw(painter->ts, painter->cr, style, x - width / 2, y + style.size * 0.36, mark->letter, 1);
}

/* A white plate in the middle of the pattern, with the letter and the word; box in points, lying. */
static void plate(struct painter *painter, struct box box) {
        const char *word = text_in(classification_terms[painter->label->classification].name, painter->look->lang);
        double inset = box.height * 0.13, side = box.height - 2 * inset, most = box.width * 0.80;
        struct style style = { FACE_BOLD, side * 0.86 };
        double text = type_width(painter->ts, style, word, strlen(word)), width, x, room;

        width = side + text + side * 0.75;
        if (width > most) {
                room = most - side * 1.6;
                style.size *= room / text;
                text = type_width(painter->ts, style, word, strlen(word));
                width = most;
        }
        x = box.x + (box.width - width) / 2;
        cairo_set_source_rgb(painter->cr, 1, 1, 1);
        cairo_rectangle(painter->cr, x, box.y + inset * 0.6, width, box.height - inset * 1.2);
        cairo_fill(painter->cr);
        letter(painter, (struct box){ x + side * 0.12, box.y + inset, side, side });
        cairo_set_source_rgb(painter->cr, 0, 0, 0);
        type_draw(painter->ts, painter->cr, style, x + side * 1.3 + (width - side * 1.5 - text) / 2,
                  box.y + box.height / 2 + style.size * 0.36, word, strlen(word));
}

static struct box in_points(struct box box) {
        return (struct box){ box.x * POINTS_PER_MM, box.y * POINTS_PER_MM, box.width * POINTS_PER_MM,
                             box.height * POINTS_PER_MM };
}

/* A band that is higher than wide is read from below. */
static void band(struct painter *painter, const struct label_element *element) {
        struct box box = in_points(element->box);

        cairo_save(painter->cr);
        if (box.height > box.width) {
                cairo_translate(painter->cr, box.x, box.y + box.height);
                cairo_rotate(painter->cr, -M_PI / 2);
                box = (struct box){ 0, 0, box.height, box.width };
        }
        pattern(painter, box);
        plate(painter, box);
        cairo_restore(painter->cr);
}

/* The band as a recording that cairo writes once a document. NULL when there is no more room for one. */
static cairo_surface_t *kept(struct painter *painter, const struct label_element *element) {
        struct box box = in_points(element->box);
        const cairo_rectangle_t extents = { box.x, box.y, box.width, box.height };
        struct kept_band *fresh;
        cairo_t *page = painter->cr;

        for (size_t i = 0; i < painter->bands_n; i++)
                if (painter->bands[i].element == element &&
                    painter->bands[i].classification == painter->label->classification)
                        return painter->bands[i].surface;
        if (painter->bands_n == KEPT_BANDS)
                return NULL;
        fresh = &painter->bands[painter->bands_n++];
        *fresh = (struct kept_band){ .element = element, .classification = painter->label->classification };
        fresh->surface = cairo_recording_surface_create(CAIRO_CONTENT_COLOR_ALPHA, &extents);
        painter->cr = cairo_create(fresh->surface);
        band(painter, element);
        cairo_destroy(painter->cr);
        painter->cr = page;
        return fresh->surface;
}

void painter_forget(struct painter *painter) {
        for (size_t i = 0; i < painter->bands_n; i++)
                cairo_surface_destroy(painter->bands[i].surface);
        painter->bands_n = 0;
}

static int draw_band(struct painter *painter, const struct label_element *element, unsigned *shown,
                     struct error *err) {
        cairo_surface_t *surface = painter->keeps_bands ? kept(painter, element) : NULL;

        (void) err;
        if (surface) {
                cairo_set_source_surface(painter->cr, surface, 0, 0);
                cairo_paint(painter->cr);
        } else {
                band(painter, element);
        }
        *shown |= 1U << LABEL_CLASSIFICATION;
        return 0;
}

static int draw_letter(struct painter *painter, const struct label_element *element, unsigned *shown,
                       struct error *err) {
        (void) shown;
        (void) err;
        letter(painter, in_points(element->box));
        return 0;
}

const struct element_kind element_band = { "band", draw_band };
const struct element_kind element_letter = { "letter", draw_letter };
