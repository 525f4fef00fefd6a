#include "print/badge.h"

#include <cairo-pdf.h>
#include <stdio.h>

#include "policy/counter.h"
#include "print/qr.h"
#include "print/typeset.h"

#define MM(mm) ((mm) *POINTS_PER_MM)

enum { COLUMNS = 2, ROWS = 5, ON_SHEET = COLUMNS * ROWS, COMMAND_COLUMNS = 5 };
static const double WIDTH = 210, HEIGHT = 297, CARD_WIDTH = 85.6, CARD_HEIGHT = 54, GAP = 4;
static const struct style head_style = { FACE_BOLD, 18 }, name_style = { FACE_BOLD, 13 },
                          body_style = { FACE_SANS, 9 }, small_style = { FACE_SANS, 7 },
                          number_style = { FACE_MONO_BOLD, 11 }, word_style = { FACE_BOLD, 13 };

struct sheet {
        cairo_surface_t *surface;
        cairo_t *cr;
        struct typesetter *ts;
        enum lang lang;
};

static int sheet_open(struct sheet *sheet, enum lang lang, struct output *out, struct error *err) {
        sheet->lang = lang;
        sheet->surface = cairo_pdf_surface_create_for_stream(output_write, out, MM(WIDTH), MM(HEIGHT));
        cairo_pdf_surface_set_metadata(sheet->surface, CAIRO_PDF_METADATA_CREATOR, "mpsi " MPSI_VERSION);
        sheet->cr = cairo_create(sheet->surface);
        return typesetter_new(sheet->cr, false, &sheet->ts, err);
}

static int sheet_close(struct sheet *sheet, int r, struct error *err) {
        typesetter_free(sheet->ts);
        cairo_destroy(sheet->cr);
        if (r == 0)
                r = output_finish(sheet->surface, err);
        cairo_surface_destroy(sheet->surface);
        return r;
}

/* In one line of `width` mm, smaller when it must be. */
static void line_at(struct sheet *sheet, struct style style, double x, double y, double width, const char *text) {
        (void) type_fit(sheet->ts, sheet->cr, style, 5, ALIGN_LEFT, MM(x), MM(y), MM(width), text);
}

static void lines_at(struct sheet *sheet, struct style style, double x, double y, double width, const char *text) {
        struct line lines[4];
        size_t n = type_break(sheet->ts, style, text, MM(width), lines, COUNT(lines), NULL);

        for (size_t i = 0; i < n; i++)
                type_draw(sheet->ts, sheet->cr, style, MM(x), MM(y) + (double) i * style.size * 1.2,
                          text + lines[i].start, lines[i].length);
}

static void grey(struct sheet *sheet, double shade) {
        cairo_set_source_rgb(sheet->cr, shade, shade, shade);
}

static void frame(struct sheet *sheet, double x, double y, double width, double height) {
        grey(sheet, 0.6);
        cairo_set_line_width(sheet->cr, 0.4);
        cairo_rectangle(sheet->cr, MM(x), MM(y), MM(width), MM(height));
        cairo_stroke(sheet->cr);
        grey(sheet, 0);
}

/* --- cards ------------------------------------------------------------------------------------------------- */

static int draw_card(struct sheet *sheet, const struct badge_face *face, const char *organisation, double x,
                     double y, struct error *err) {
        static const struct text
                what = { "Tarjeta del mostrador de custodia", "Card of the custody counter" },
                found = { "Personal e intransferible. No abre nada ni sustituye a la firma. Si la encuentra, "
                          "entréguela en la organización; si la pierde, avise.",
                          "Personal. It opens nothing and is no signature. If you find it, hand it in at the "
                          "organisation; if you lose it, say so." };
        const double code = 36, text = CARD_WIDTH - code - 9;

        frame(sheet, x, y, CARD_WIDTH, CARD_HEIGHT);
        line_at(sheet, body_style, x + 5, y + 8, text, organisation);
        grey(sheet, 0.35);
        line_at(sheet, small_style, x + 5, y + 12, text, text_in(what, sheet->lang));
        grey(sheet, 0);
        lines_at(sheet, name_style, x + 5, y + 22, text, face->full_name);
        line_at(sheet, number_style, x + 5, y + 40, text, face->number);
        grey(sheet, 0.35);
        lines_at(sheet, small_style, x + 5, y + 46, CARD_WIDTH - 10, text_in(found, sheet->lang));
        grey(sheet, 0);
        return qr_draw_in(sheet->cr, face->text, MM(x + CARD_WIDTH - code - 3), MM(y + 4), MM(code), err);
}

int badges_to_pdf(const struct badge_face *faces, size_t n, const char *organisation, enum lang lang,
                  struct output *out, struct error *err) {
        const double left = (WIDTH - COLUMNS * CARD_WIDTH - GAP) / 2, top = (HEIGHT - ROWS * CARD_HEIGHT) / 2;
        struct sheet sheet = { 0 };
        int r = sheet_open(&sheet, lang, out, err);

        for (size_t i = 0; r == 0 && i < n; i++) {
                const size_t place = i % ON_SHEET, column = place % COLUMNS, row = place / COLUMNS;

                r = draw_card(&sheet, &faces[i], organisation, left + (double) column * (CARD_WIDTH + GAP),
                              top + (double) row * CARD_HEIGHT, err);
                if (place == ON_SHEET - 1 || i == n - 1)
                        cairo_show_page(sheet.cr);
        }
        return sheet_close(&sheet, r, err);
}

/* --- commands ---------------------------------------------------------------------------------------------- */

static int draw_command(struct sheet *sheet, enum counter_command command, double x, double y, double width,
                        struct error *err) {
        const struct counter_code *code = &counter_codes[command];
        char text[COUNTER_CODE_TEXT];
        const double side = 27;

        counter_code_text(command, text);
        frame(sheet, x, y, width - 2, 48);
        line_at(sheet, word_style, x + 3, y + 7, width - 8, text_in(code->typed, sheet->lang));
        lines_at(sheet, small_style, x + 3, y + 41, width - 8, text_in(code->does, sheet->lang));
        return qr_draw_in(sheet->cr, text, MM(x + (width - 2 - side) / 2), MM(y + 9.5), MM(side), err);
}

int counter_sheet_to_pdf(const char *organisation, enum lang lang, struct output *out, struct error *err) {
        static const struct text title = { "Códigos del mostrador", "Codes of the counter" },
                                 how = { "Lea uno con el lector, o teclee su palabra e Intro.",
                                         "Scan one, or type its word and Enter." };
        const double left = 15, width = (WIDTH - 2 * left) / COMMAND_COLUMNS;
        struct sheet sheet = { 0 };
        int r = sheet_open(&sheet, lang, out, err);

        if (r == 0) {
                line_at(&sheet, head_style, left, 18, 180, text_in(title, lang));
                line_at(&sheet, body_style, left, 24, 180, organisation);
                line_at(&sheet, body_style, left, 29, 180, text_in(how, lang));
        }
        for (int i = 0; r == 0 && i < COMMANDS; i++) {
                const int column = i % COMMAND_COLUMNS, row = i / COMMAND_COLUMNS;

                r = draw_command(&sheet, (enum counter_command) i, left + column * width, 35 + row * 50, width,
                                 err);
        }
        if (r == 0)
                cairo_show_page(sheet.cr);
        return sheet_close(&sheet, r, err);
}
