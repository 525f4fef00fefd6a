/* The elements of a label: text, QR, frame; the band and the letter are in label_mark.c. */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "policy/rule.h"
#include "print/label_parts.h"

enum { LINES_MAX = 10, VALUE_MAX = 640 };

static void black(struct painter *painter) {
        cairo_set_source_rgb(painter->cr, 0, 0, 0);
}

/* The largest size at which the text breaks into the element's lines, down to its least. */
static struct style fitting(struct painter *painter, const struct label_element *element, const char *text,
                            struct line *lines, size_t *ret_n, bool *ret_whole) {
        double width = element->box.width * POINTS_PER_MM, height = element->box.height * POINTS_PER_MM;
        double least = element->least > 0 ? fmin(element->least, element->size) : fmin(4.5, element->size);
        struct style style = { element->mono_face ? (element->bold ? FACE_MONO_BOLD : FACE_MONO)
                                                  : (element->bold ? FACE_BOLD : FACE_SANS),
                               element->size };

        for (;;) {
                size_t most = (size_t) fmax(1, floor(height / (style.size * 1.12) + 0.15));

                if (most > (size_t) element->lines)
                        most = (size_t) element->lines;
                *ret_n = type_break(painter->ts, style, text, width, lines, most, ret_whole);
                /* One line is never broken within a word while it can still shrink. */
                if (*ret_whole || style.size <= least)
                        return style;
                style.size = fmax(least, style.size - 0.25);
        }
}

static int draw_text(struct painter *painter, const struct label_element *element, unsigned *shown,
                     struct error *err) {
        const char *value = element->value[painter->look->lang] ? element->value[painter->look->lang]
                                                                : element->value[LANG_ES];
        double x = element->box.x * POINTS_PER_MM, y = element->box.y * POINTS_PER_MM;
        double width = element->box.width * POINTS_PER_MM, leading;
        struct line lines[LINES_MAX];
        char text[VALUE_MAX];
        struct style style;
        bool whole;
        size_t n;

        (void) err;
        label_template_fill(painter->label, value, painter->look->lang, text, sizeof text);
        style = fitting(painter, element, text, lines, &n, &whole);
        leading = style.size * 1.12;
        y += (element->box.height * POINTS_PER_MM - leading * (double) n) / 2 + 0.80 * leading;
        black(painter);
        for (size_t i = 0; i < n; i++) {
                char one[VALUE_MAX];
                size_t length = i + 1 == n && !whole ? strlen(text + lines[i].start) : lines[i].length;

                memcpy(one, text + lines[i].start, length);
                one[length] = '\0';
                (void) type_fit(painter->ts, painter->cr, style, style.size, element->align, x,
                                y + (double) i * leading, width, one);
        }
        /* An owner's name may end in “…”; what identifies the medium may not. */
        *shown |= label_template_items(value) & (whole ? ~0U : 1U << LABEL_OWNER);
        return 0;
}

static int draw_frame(struct painter *painter, const struct label_element *element, unsigned *shown,
                      struct error *err) {
        (void) shown;
        (void) err;
        black(painter);
        cairo_set_line_width(painter->cr, 0.3 * POINTS_PER_MM);
        cairo_rectangle(painter->cr, element->box.x * POINTS_PER_MM, element->box.y * POINTS_PER_MM,
                        element->box.width * POINTS_PER_MM, element->box.height * POINTS_PER_MM);
        cairo_stroke(painter->cr);
        return 0;
}

/* Whole dots a module, at least three (L6), the symbol in the middle of its box, its corner on a dot. */
static int draw_qr(struct painter *painter, const struct label_element *element, unsigned *shown,
                   struct error *err) {
        double dots_mm = painter->look->dpi / 25.4, dot = 72.0 / painter->look->dpi;
        const struct qr *qr = painter->label->symbol;
        int side = qr ? qr->modules + 2 * QR_QUIET : 0, module;
        struct box at;

        if (!qr)
                return 0;
        module = (int) floor(fmin(element->box.width, element->box.height) * dots_mm / side + 1e-9);
        if (module < QR_DOTS_LEAST)
                return refuse(err, ERR_REFUSED, "L6",
                              "El QR de %d módulos no cabe en [%s] del diseño «%s» a %d ppp.",
                              "The QR of %d modules does not fit in [%s] of design “%s” at %d dpi.", qr->modules,
                              element->section, painter->design->id, painter->look->dpi);
        at.width = at.height = module * side;
        at.x = floor(element->box.x * dots_mm + (element->box.width * dots_mm - at.width) / 2 + 0.5);
        at.y = floor(element->box.y * dots_mm + (element->box.height * dots_mm - at.height) / 2 + 0.5);
        if (painter->paths) {
                qr_paint_path(painter->cr, qr, at.x * dot, at.y * dot, module * dot);
        } else {
                cairo_surface_t *mask = qr_mask(qr);

                qr_paint(painter->cr, mask, at.x * dot, at.y * dot, module * dot);
                cairo_surface_destroy(mask);
        }
        painter->symbol = at;
        *shown |= 1U << LABEL_QR | (*painter->label->key_mark ? 1U << LABEL_SIGNATURE : 0);
        return 0;
}

static bool wanted(const struct painter *painter, const struct label_element *element) {
        char buffer[64];

        if (element->when_category > (int) painter->label->category)
                return false;
        return !*element->when_field ||
               !str_empty(label_field(painter->label, element->when_field, painter->look->lang, buffer));
}

int label_draw(struct painter *painter, unsigned *ret_shown, struct error *err) {
        unsigned shown = 0;
        int r = 0;

        painter->symbol = (struct box){ 0 };
        for (size_t i = 0; r == 0 && i < painter->design->elements_n; i++) {
                const struct label_element *element = &painter->design->elements[i];

                if (wanted(painter, element))
                        r = element->kind->draw(painter, element, &shown, err);
        }
        if (r == 0)
                *ret_shown = shown;
        return r;
}

const struct element_kind element_text = { "text", draw_text };
const struct element_kind element_frame = { "frame", draw_frame };
const struct element_kind element_qr = { "qr", draw_qr };
