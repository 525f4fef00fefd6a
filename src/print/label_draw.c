/* The elements of a label: text, codes, frame, picture; the band and the letter are in label_mark.c. */
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
        /* An owner's name may end in “…”; what identifies the medium may not. What no font has is not shown at all.
         */
        if (type_lacks(painter->ts, style, text))
                painter->lacks_font = true;
        else
                *shown |= label_template_items(value) & (whole ? ~0U : 1U << LABEL_OWNER);
        return 0;
}

/* [frame] and [box]: a rectangle; its line lies inside it. */
static int draw_frame(struct painter *painter, const struct label_element *element, unsigned *shown,
                      struct error *err) {
        double line = element->line > 0 ? element->line : 0.3, inset = element->kind == &element_box ? line / 2 : 0;
        struct box box = element->box;

        (void) shown;
        (void) err;
        black(painter);
        cairo_set_line_width(painter->cr, line * POINTS_PER_MM);
        cairo_rectangle(painter->cr, (box.x + inset) * POINTS_PER_MM, (box.y + inset) * POINTS_PER_MM,
                        (box.width - 2 * inset) * POINTS_PER_MM, (box.height - 2 * inset) * POINTS_PER_MM);
        if (element->filled)
                cairo_fill_preserve(painter->cr);
        cairo_stroke(painter->cr);
        return 0;
}

/* Whole, in the middle of its box. */
static int draw_image(struct painter *painter, const struct label_element *element, unsigned *shown,
                      struct error *err) {
        int width = element->picture ? cairo_image_surface_get_width(element->picture) : 0;
        int height = element->picture ? cairo_image_surface_get_height(element->picture) : 0;
        struct box box = element->box;
        double scale;

        (void) shown;
        (void) err;
        if (width < 1 || height < 1)
                return 0;
        scale = fmin(box.width / width, box.height / height) * POINTS_PER_MM;
        cairo_save(painter->cr);
        cairo_translate(painter->cr, (box.x + box.width / 2) * POINTS_PER_MM - width * scale / 2,
                        (box.y + box.height / 2) * POINTS_PER_MM - height * scale / 2);
        cairo_scale(painter->cr, scale, scale);
        cairo_set_source_surface(painter->cr, element->picture, 0, 0);
        cairo_pattern_set_filter(cairo_get_source(painter->cr), CAIRO_FILTER_GOOD);
        cairo_paint(painter->cr);
        cairo_restore(painter->cr);
        return 0;
}

static int too_narrow(const struct painter *painter, const struct label_element *element, const char *kind,
                      int modules, struct error *err) {
        return refuse(err, ERR_REFUSED, "L6", "El %s de %d módulos no cabe en [%s] del diseño «%s» a %d ppp.",
                      "The %s of %d modules does not fit in [%s] of design “%s” at %d dpi.", kind, modules,
                      element->section, painter->design->id, painter->look->dpi);
}

/* The symbol of `width` × `height` dots in the middle of its box, its corner on a dot. */
static struct box in_the_middle(const struct painter *painter, const struct label_element *element, int width,
                                int height) {
        double dots_mm = painter->look->dpi / 25.4;

        return (struct box){ floor(element->box.x * dots_mm + (element->box.width * dots_mm - width) / 2 + 0.5),
                             floor(element->box.y * dots_mm + (element->box.height * dots_mm - height) / 2 + 0.5),
                             width, height };
}

static void note_placed(struct painter *painter, struct box at, enum symbol_kind kind, const char *text) {
        if (painter->placed_n < PLACED_MAX)
                painter->placed[painter->placed_n++] = (struct placed){ at, kind, text };
}

/* Whole dots a module, at least three (L6). */
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
                return too_narrow(painter, element, "QR", qr->modules, err);
        at = in_the_middle(painter, element, module * side, module * side);
        if (painter->paths) {
                qr_paint_path(painter->cr, qr, at.x * dot, at.y * dot, module * dot);
        } else {
                cairo_surface_t *mask = qr_mask(qr);

                qr_paint(painter->cr, mask, at.x * dot, at.y * dot, module * dot);
                cairo_surface_destroy(mask);
        }
        note_placed(painter, at, SYMBOL_QR, painter->label->code);
        *shown |= 1U << LABEL_QR | (*painter->label->key_mark ? 1U << LABEL_SIGNATURE : 0);
        return 0;
}

/* Data Matrix and Code 128; the latter's bars are as high as its box. */
static int draw_code(struct painter *painter, const struct label_element *element, enum label_code code,
                     struct error *err) {
        double dots_mm = painter->look->dpi / 25.4, dot = 72.0 / painter->look->dpi;
        const struct symbol *symbol = painter->label->codes[code];
        int across = symbol->width + 2 * symbol->quiet_x, down = symbol->height + 2 * symbol->quiet_y, module, high;
        bool lines = symbol->kind == SYMBOL_CODE128;
        struct box at;

        module = (int) floor(element->box.width * dots_mm / across + 1e-9);
        high = (int) floor(element->box.height * dots_mm / down + 1e-9);
        if (!lines)
                module = high = module < high ? module : high;
        if (module < symbol->dots_least || high < symbol->dots_least)
                return too_narrow(painter, element, lines ? "Code 128" : "Data Matrix", symbol->width, err);
        at = in_the_middle(painter, element, module * across, high * down);
        symbol_paint(painter->cr, symbol, at.x * dot, at.y * dot, module * dot, high * dot, painter->paths);
        note_placed(painter, at, symbol->kind, label_code_text(painter->label, code));
        return 0;
}

static enum label_code code_of(const struct label_element *element) {
        if (element->kind == &element_code128)
                return CODE_128_ID;
        return element->signed_content ? CODE_DATAMATRIX_SIGNED : CODE_DATAMATRIX_ID;
}

static int draw_symbol(struct painter *painter, const struct label_element *element, unsigned *shown,
                       struct error *err) {
        int r = painter->label->codes[code_of(element)] ? draw_code(painter, element, code_of(element), err) : 0;

        if (r == 0 && painter->label->codes[code_of(element)])
                *shown |= 1U << LABEL_QR |
                          (element->signed_content && *painter->label->key_mark ? 1U << LABEL_SIGNATURE : 0);
        return r;
}

bool element_is_code(const struct label_element *element) {
        return element->kind == &element_qr || element->kind == &element_datamatrix ||
               element->kind == &element_code128;
}

unsigned label_design_codes(const struct label_design *design) {
        unsigned codes = 0;

        for (size_t i = 0; i < design->elements_n; i++)
                if (design->elements[i].kind == &element_qr)
                        codes |= LABEL_CODE_QR;
                else if (element_is_code(&design->elements[i]))
                        codes |= 1U << code_of(&design->elements[i]);
        return codes;
}

const char *label_code_text(const struct label *label, enum label_code code) {
        return code == CODE_DATAMATRIX_SIGNED ? label->code : label->id;
}

static bool holds(const struct painter *painter, const struct condition *condition) {
        const struct label *label = painter->label;
        char buffer[64];
        bool so = false;

        switch (condition->what) {
        case WHEN_CATEGORY: so = (int) label->category >= condition->least; break;
        case WHEN_CLASSIFICATION: so = (int) label->classification >= condition->least; break;
        case WHEN_FIELD: so = !str_empty(label_field(label, condition->field, painter->look->lang, buffer)); break;
        }
        return so != condition->negated;
}

static bool wanted(const struct painter *painter, const struct label_element *element) {
        for (size_t i = 0; i < element->when_n; i++)
                if (!holds(painter, &element->when[i]))
                        return false;
        return true;
}

int label_draw(struct painter *painter, unsigned *ret_shown, struct error *err) {
        unsigned shown = 0;
        int r = 0;

        painter->placed_n = 0;
        painter->lacks_font = false;
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
const struct element_kind element_box = { "box", draw_frame };
const struct element_kind element_image = { "image", draw_image };
const struct element_kind element_datamatrix = { "datamatrix", draw_symbol };
const struct element_kind element_code128 = { "code128", draw_symbol };
const struct element_kind element_qr = { "qr", draw_qr };
