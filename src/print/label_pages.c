/* Pages beside the labels: how to read them, for everybody (L3), and how far a printer misses its sheet. */
#include <cairo-pdf.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "print/label_parts.h"

enum { PARAGRAPH_LINES = 8 };

struct page {
        cairo_surface_t *surface;
        struct painter painter;
        enum lang lang;
};

#define MM(mm) ((mm) *POINTS_PER_MM)

static int page_open(struct page *page, double width, double height, enum lang lang, struct output *out,
                     struct error *err) {
        page->lang = lang;
        page->surface = cairo_pdf_surface_create_for_stream(output_write, out, MM(width), MM(height));
        cairo_pdf_surface_set_metadata(page->surface, CAIRO_PDF_METADATA_CREATOR, "mpsi " MPSI_VERSION);
        page->painter.cr = cairo_create(page->surface);
        return typesetter_new(page->painter.cr, false, &page->painter.ts, err);
}

static int page_close(struct page *page, int r, struct error *err) {
        typesetter_free(page->painter.ts);
        cairo_destroy(page->painter.cr);
        if (r == 0)
                r = output_finish(page->surface, err);
        cairo_surface_destroy(page->surface);
        return r;
}

static void grey(struct page *page, double shade) {
        cairo_set_source_rgb(page->painter.cr, shade, shade, shade);
}

/* Lines of text from (x, y) mm down; gives where the next begins. */
static double say(struct page *page, struct style style, double x, double y, double width, const char *text) {
        struct line lines[PARAGRAPH_LINES];
        double leading = style.size * 1.25;
        size_t n = type_break(page->painter.ts, style, text, MM(width), lines, PARAGRAPH_LINES, NULL);

        for (size_t i = 0; i < n; i++)
                type_draw(page->painter.ts, page->painter.cr, style, MM(x), MM(y) + ((double) i + 0.8) * leading,
                          text + lines[i].start, lines[i].length);
        return y + (double) n * leading / POINTS_PER_MM;
}

static const char *in(const struct page *page, struct text text) {
        return text_in(text, page->lang);
}

/* --- legend ----------------------------------------------------------------------------------------------- */

static const struct style head = { FACE_BOLD, 20 }, title = { FACE_BOLD, 13 }, body = { FACE_SANS, 10.5 },
                          strong = { FACE_BOLD, 10.5 }, small = { FACE_SANS, 8.5 };

static void mark(struct page *page, const struct element_kind *kind, struct box box, bool mono) {
        const struct label_element element = { .kind = kind, .box = box };
        unsigned shown = 0;

        page->painter.mono = mono;
        (void) kind->draw(&page->painter, &element, &shown, NULL);
}

/* The colour, the same in black and white, the letter in its shape, and what it means. */
static double classification(struct page *page, enum classification which, double y) {
        const struct classification_guide *guide = &classification_guides[which];
        static const struct text patterns[] = { [PATTERN_EMPTY] = { "vacía", "empty" },
                                                [PATTERN_DOTS] = { "de puntos", "dotted" },
                                                [PATTERN_STRIPES] = { "rayada", "striped" },
                                                [PATTERN_SOLID] = { "llena", "solid" } };
        static const struct text shapes[] = { [SHAPE_CIRCLE] = { "un círculo", "a circle" },
                                              [SHAPE_SQUARE] = { "un cuadrado", "a square" },
                                              [SHAPE_DIAMOND] = { "un rombo", "a diamond" },
                                              [SHAPE_OCTAGON] = { "un octógono", "an octagon" } };
        const struct classification_mark *m = &classification_marks[which];
        const struct label label = { .classification = which };
        struct label_look look = { .lang = page->lang };
        char text[160];
        double next;

        page->painter.label = &label;
        page->painter.look = &look;
        mark(page, &element_band, (struct box){ 20, y, 62, 9 }, false);
        mark(page, &element_band, (struct box){ 20, y + 10.5, 62, 9 }, true);
        mark(page, &element_letter, (struct box){ 86, y + 2, 15, 15 }, true);
        grey(page, 0);
        if (page->lang == LANG_EN)
                (void) snprintf(text, sizeof text, "Letter %s in %s · colour %s · %s pattern", m->letter,
                                shapes[m->shape].en, guide->colour.en, patterns[m->pattern].en);
        else
                (void) snprintf(text, sizeof text, "Letra %s en %s · color %s · trama %s", m->letter,
                                shapes[m->shape].es, guide->colour.es, patterns[m->pattern].es);
        next = say(page, small, 105, y - 0.3, 88, text);
        next = say(page, strong, 105, next + 0.6, 88, in(page, guide->meaning));
        next = say(page, body, 105, next + 0.2, 88, in(page, guide->examples));
        grey(page, 0.25);
        (void) say(page, small, 105, next + 0.6, 88, in(page, guide->keep));
        grey(page, 0);
        return y + 26;
}

static double demands(struct page *page, double y) {
        for (int category = 0; category < CATEGORIES; category++) {
                unsigned items = labelling_demands((enum category) category),
                         before = category ? labelling_demands((enum category)(category - 1)) : 0;
                char list[400], text[480];

                labelling_list(items & ~before, page->lang, list, sizeof list);
                (void) snprintf(text, sizeof text, "%s: %s%s.", text_in(category_terms[category].name, page->lang),
                                category ? in(page, (struct text){ "además, ", "and " }) : "", list);
                y = say(page, body, 20, y, 172, text) + 0.8;
        }
        return y;
}

int label_legend(enum lang lang, const char *organisation, struct output *out, struct error *err) {
        static const struct text advice[] = {
                { "• Lea el código con «mpsi label scan»: dice qué soporte es, si la firma vale y si la etiqueta "
                  "es la "
                  "vigente.",
                  "• Scan the code with “mpsi label scan”: it says which medium it is, whether the signature holds "
                  "and "
                  "whether the label is the current one." },
                { "• Un soporte sin etiqueta, con una que no se lee o con el precinto roto: no lo conecte; "
                  "entréguelo al "
                  "custodio.",
                  "• A medium without a label, with one that can't be read or with a broken seal: do not plug it "
                  "in; "
                  "hand it to the custodian." },
                { "• Si cambia la clasificación, el propietario o la caducidad, la etiqueta queda anulada: imprima "
                  "otra "
                  "y destruya la antigua.",
                  "• When classification, owner or expiry change, the label is void: print another and destroy the "
                  "old "
                  "one." },
                { "• Los datos de salud son al menos CONFIDENCIAL (RGPD, art. 9).",
                  "• Health data are CONFIDENTIAL at least (GDPR, art. 9)." },
        };
        struct page page = { 0 };
        double y = 42;
        int r = page_open(&page, 210, 297, lang, out, err);

        if (r < 0)
                return page_close(&page, r, err);
        grey(&page, 0);
        (void) say(
                &page, head, 20, 14, 172,
                in(&page, (struct text){ "Cómo leer la etiqueta de un soporte", "How to read a medium's label" }));
        grey(&page, 0.3);
        (void) say(&page, body, 20, 24, 172, organisation ? organisation : "");
        grey(&page, 0);
        (void) say(
                &page, title, 20, 33, 172,
                in(&page, (struct text){ "Clasificación de la información", "Classification of the information" }));
        for (int which = CLASSIFICATIONS - 1; which >= 0; which--)
                y = classification(&page, (enum classification) which, y);
        y = say(&page, title, 20, y + 2, 172,
                in(&page, (struct text){ "Qué debe mostrar, según la categoría (ENS)",
                                         "What it must show, by category (ENS)" }));
        y = demands(&page, y + 2);
        y = say(&page, title, 20, y + 5, 172, in(&page, (struct text){ "Qué hacer", "What to do" })) + 2;
        for (size_t i = 0; i < COUNT(advice); i++)
                y = say(&page, body, 20, y, 172, in(&page, advice[i])) + 1.2;
        cairo_show_page(page.painter.cr);
        return page_close(&page, 0, err);
}

/* --- calibration ------------------------------------------------------------------------------------------ */

static void line(struct page *page, double x1, double y1, double x2, double y2) {
        cairo_move_to(page->painter.cr, MM(x1), MM(y1));
        cairo_line_to(page->painter.cr, MM(x2), MM(y2));
        cairo_stroke(page->painter.cr);
}

/* A ruler of 5 mm to each side of a sticker's edge, at millimetres. */
static void ruler(struct page *page, double x, double y, bool across) {
        for (int mm = -5; mm <= 5; mm++) {
                double tick = mm == 0 ? 4 : mm % 5 == 0 ? 3 : 1.6;

                if (across)
                        line(page, x + mm, y - tick / 2, x + mm, y + tick / 2);
                else
                        line(page, x - tick / 2, y + mm, x + tick / 2, y + mm);
        }
}

static void stickers(struct page *page, const struct label_stock *stock, const struct label_look *look) {
        for (int i = 0; i < stock->columns * stock->rows; i++) {
                double x, y;
                char number[12];

                label_sheet_place(stock, look, i, &x, &y);
                grey(page, 0.6);
                cairo_rectangle(page->painter.cr, MM(x), MM(y), MM(stock->width), MM(stock->height));
                cairo_stroke(page->painter.cr);
                (void) snprintf(number, sizeof number, "%d", i + 1);
                (void) say(page, small, x + 1, y + 0.6, stock->width, number);
        }
}

int label_calibration(const struct label_stock *stock, const struct label_look *look, struct output *out,
                      struct error *err) {
        struct page page = { 0 };
        double x, y, centre = stock->paper_width / 2;
        char text[200];
        int r = page_open(&page, stock->paper_width, stock->paper_height, look->lang, out, err);

        if (r < 0)
                return page_close(&page, r, err);
        cairo_set_line_width(page.painter.cr, 0.4);
        stickers(&page, stock, look);
        grey(&page, 0);
        label_sheet_place(stock, look, 0, &x, &y);
        ruler(&page, x, y + stock->height / 2, true);
        ruler(&page, x + stock->width / 2, y, false);
        label_sheet_place(stock, look, stock->columns * stock->rows - 1, &x, &y);
        ruler(&page, x + stock->width, y + stock->height / 2, true);
        ruler(&page, x + stock->width / 2, y + stock->height, false);
        /* What a printer that scales makes shorter. */
        line(&page, centre - 50, stock->paper_height / 2, centre + 50, stock->paper_height / 2);
        line(&page, centre - 50, stock->paper_height / 2 - 2, centre - 50, stock->paper_height / 2 + 2);
        line(&page, centre + 50, stock->paper_height / 2 - 2, centre + 50, stock->paper_height / 2 + 2);
        (void) say(&page, small, centre - 30, stock->paper_height / 2 + 0.5, 80,
                   in(&page, (struct text){ "100 mm: si mide menos, imprima sin escalar",
                                            "100 mm: when shorter, print without scaling" }));
        (void) snprintf(text, sizeof text, "%s · --offset %.4g,%.4g",
                        look->lang == LANG_EN && stock->name[LANG_EN] ? stock->name[LANG_EN] : stock->name[LANG_ES],
                        look->offset_x, look->offset_y);
        (void) say(&page, small, centre - 50, stock->paper_height / 2 - 5, 100, text);
        cairo_show_page(page.painter.cr);
        return page_close(&page, 0, err);
}
