#include "print/letter.h"

#include <cairo-pdf.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "print/typeset.h"

/* A4, folded in three: the middle third holds the secret and is covered by the two others. */
static const double WIDTH = 210 * POINTS_PER_MM, HEIGHT = 297 * POINTS_PER_MM, MARGIN = 56;
#define THIRD (HEIGHT / 3)

static const struct style title_style = { FACE_BOLD, 16 }, body_style = { FACE_SANS, 10.5 },
                          small_style = { FACE_SANS, 8 }, head_style = { FACE_BOLD, 10.5 },
                          name_style = { FACE_BOLD, 13 }, secret_style = { FACE_MONO_BOLD, 14 };

struct sheet {
        cairo_t *cr;
        struct typesetter *ts;
        const struct letter *letter;
};

#define TEXT(sheet, spanish, english) text_in((struct text){ (spanish), (english) }, (sheet)->letter->lang)

static void line_at(struct sheet *sheet, struct style style, double x, double y, const char *text) {
        (void) type_fit(sheet->ts, sheet->cr, style, 6, ALIGN_LEFT, x, y, WIDTH - MARGIN - x, text);
}

/* Returns where the next paragraph begins. */
static double paragraph(struct sheet *sheet, struct style style, double x, double y, double width,
                        const char *text) {
        struct line lines[24];
        double leading = style.size * 1.35;
        size_t n = type_break(sheet->ts, style, text, width, lines, COUNT(lines), NULL);

        for (size_t i = 0; i < n; i++)
                type_draw(sheet->ts, sheet->cr, style, x, y + ((double) i + 0.8) * leading, text + lines[i].start,
                          lines[i].length);
        return y + (double) n * leading + style.size * 0.5;
}

static void fold_line(struct sheet *sheet, double y) {
        static const double dashes[] = { 4, 4 };

        cairo_save(sheet->cr);
        cairo_set_source_rgb(sheet->cr, 0.5, 0.5, 0.5);
        cairo_set_line_width(sheet->cr, 0.5);
        cairo_set_dash(sheet->cr, dashes, 2, 0);
        cairo_move_to(sheet->cr, 14, y);
        cairo_line_to(sheet->cr, WIDTH - 14, y);
        cairo_stroke(sheet->cr);
        cairo_restore(sheet->cr);
        line_at(sheet, small_style, 16, y - 3, TEXT(sheet, "doblar", "fold"));
}

/* Letters as shapes in rows over a rectangle, in no order and two layers: what is printed behind them can't be made
 * out against the light. As shapes, since they are no text of the letter's. The generator needs no strength. */
static void scramble(cairo_t *cr, double x, double y, double width, double height) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzmnwseagdbq";
        uint32_t state = 0x2545f491;

        cairo_save(cr);
        cairo_rectangle(cr, x, y, width, height);
        cairo_clip(cr);
        cairo_select_font_face(cr, "monospace", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
        for (int layer = 0; layer < 2; layer++) {
                double step = layer ? 7.3 : 8.4, lead = layer ? 8.6 : 9.5, shade = layer ? 0.35 : 0.15;

                cairo_set_font_size(cr, layer ? 13 : 14);
                cairo_set_source_rgb(cr, shade, shade, shade);
                for (double row = y + lead * 0.7; row < y + height + lead; row += lead) {
                        for (double column = x - layer * 3.1; column < x + width; column += step) {
                                char one[2] = "";

                                state = state * 1664525 + 1013904223;
                                one[0] = letters[(state >> 16) % (sizeof letters - 1)];
                                cairo_move_to(cr, column, row);
                                cairo_text_path(cr, one);
                        }
                        cairo_fill(cr);
                }
        }
        cairo_restore(cr);
}

static void fact(struct sheet *sheet, struct style style, double x, double y, const char *what, const char *value) {
        char text[400];

        (void) snprintf(text, sizeof text, "%s %s", what, value);
        utf8_trim(text);
        line_at(sheet, style, x, y, text);
}

static void facts(struct sheet *sheet, double x, double y) {
        const struct letter *letter = sheet->letter;

        fact(sheet, head_style, x, y, TEXT(sheet, "Carta n.º", "Letter no."), letter->number);
        fact(sheet, body_style, x, y + 15, TEXT(sheet, "Soporte", "Medium"), letter->medium);
        fact(sheet, body_style, x, y + 29, TEXT(sheet, "Fecha", "Date"), letter->date);
        if (!str_empty(letter->reference))
                fact(sheet, body_style, x, y + 43, TEXT(sheet, "Referencia", "Reference"), letter->reference);
}

/* The words in rows of four, each with its number, so that none is lost or read twice. */
static void secret_words(struct sheet *sheet, double y) {
        const char *at = (const char *) sheet->letter->secret->data, *end = at + sheet->letter->secret->size;
        const double column = (WIDTH - 2 * MARGIN - 24) / 4;

        for (int i = 0; at < end; i++) {
                size_t n = strcspn(at, " ");
                const int row = i / 4;
                double x = MARGIN + 14 + (i % 4) * column, base = y + row * 26;
                char number[16];

                (void) snprintf(number, sizeof number, "%d", i + 1);
                line_at(sheet, small_style, x, base, number);
                type_draw(sheet->ts, sheet->cr, secret_style, x + 14, base, at, n);
                at += n + (at + n < end);
        }
}

static void inside(struct sheet *sheet) {
        double width = WIDTH - 2 * MARGIN, y;

        line_at(sheet, title_style, MARGIN, 64,
                TEXT(sheet, "Frase de paso de un soporte cifrado", "Passphrase of an encrypted medium"));
        facts(sheet, MARGIN, 90);
        y = paragraph(
                sheet, body_style, MARGIN, 146, width,
                TEXT(sheet,
                     "La frase abre el soporte que recibirá, o ha recibido, por otro medio. Compruebe que el "
                     "sobre llegó intacto: si no, no la use y avise al remitente.",
                     "The passphrase opens the medium that you will receive, or have received, by other means. "
                     "Make sure that the envelope came intact: if not, don't use it and tell the sender."));
        (void) paragraph(
                sheet, body_style, MARGIN, y, width,
                TEXT(sheet,
                     "Teclee las palabras en su orden, en minúsculas, con un espacio entre cada dos. No la copie "
                     "ni la guarde con el soporte. Destruya esta carta cuando lo devuelva.",
                     "Type the words in their order, in lower case, with one space between each two. Don't copy "
                     "it or keep it with the medium. Destroy this letter once you have returned the medium."));
        fold_line(sheet, THIRD);
        cairo_set_source_rgb(sheet->cr, 0, 0, 0);
        cairo_set_line_width(sheet->cr, 1);
        cairo_rectangle(sheet->cr, MARGIN, THIRD + 40, width, THIRD - 80);
        cairo_stroke(sheet->cr);
        line_at(sheet, head_style, MARGIN + 14, THIRD + 64, TEXT(sheet, "Frase de paso", "Passphrase"));
        secret_words(sheet, THIRD + 96);
        fold_line(sheet, 2 * THIRD);
        scramble(sheet->cr, MARGIN, 2 * THIRD + 40, width, THIRD - 80);
        cairo_set_source_rgb(sheet->cr, 0, 0, 0);
}

/* The side that shows. Behind the secret stands the scramble; the address on the third that is folded over it. */
static void outside(struct sheet *sheet) {
        const struct letter *letter = sheet->letter;
        double width = WIDTH - 2 * MARGIN;

        line_at(sheet, head_style, MARGIN, 56, letter->organisation);
        facts(sheet, WIDTH - MARGIN - 150, 56);
        line_at(sheet, name_style, MARGIN, 136, letter->recipient);
        line_at(sheet, body_style, MARGIN, 153, letter->title);
        (void) paragraph(sheet, head_style, MARGIN, 196, width,
                         TEXT(sheet, "ENVIAR APARTE DEL SOPORTE. Abrir solo el destinatario.",
                              "SEND APART FROM THE MEDIUM. To be opened by the addressee only."));
        (void) paragraph(
                sheet, small_style, MARGIN, 218, width,
                TEXT(sheet,
                     "Imprimir a doble cara (borde largo), doblar por las líneas con la frase hacia dentro, pegar "
                     "los "
                     "bordes y cerrar con precinto o etiqueta de seguridad. Si el cierre está roto, avise al "
                     "remitente.",
                     "Print on both sides (long edge), fold along the lines with the passphrase inside, glue the "
                     "edges "
                     "and close with a seal or a security label. If the closure is broken, tell the sender."));
        fold_line(sheet, THIRD);
        scramble(sheet->cr, MARGIN - 10, THIRD + 30, width + 20, THIRD - 60);
        cairo_set_source_rgb(sheet->cr, 0, 0, 0);
        fold_line(sheet, 2 * THIRD);
}

int letter_to_pdf(const struct letter *letter, struct output *ret, struct error *err) {
        struct sheet sheet = { .letter = letter };
        struct output out = { 0 };
        cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(output_write, &out, WIDTH, HEIGHT);
        int r;

        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, letter->number);
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "mpsi " MPSI_VERSION);
        sheet.cr = cairo_create(surface);
        r = typesetter_new(sheet.cr, false, &sheet.ts, err);
        if (r == 0) {
                inside(&sheet);
                cairo_show_page(sheet.cr);
                outside(&sheet);
                cairo_show_page(sheet.cr);
        }
        cairo_destroy(sheet.cr);
        if (r == 0)
                r = output_finish(surface, err);
        cairo_surface_destroy(surface);
        typesetter_free(sheet.ts);
        if (r < 0) {
                letter_wipe(&out);
                return r;
        }
        *ret = out;
        return 0;
}

void letter_wipe(struct output *out) {
        if (out->data)
                explicit_bzero(out->data, out->room);
        output_done(out);
}
