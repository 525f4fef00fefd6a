/* Labels as files: PDF (single labels or sheets), SVG, PNG, ZPL. */
#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "print/label_parts.h"
#include "print/output.h"
#include "print/raster.h"

const struct term label_format_terms[LABEL_FORMATS] = {
        [LABEL_PDF] = { "pdf", { "PDF", "PDF" } },
        [LABEL_SVG] = { "svg", { "SVG", "SVG" } },
        [LABEL_PNG] = { "png", { "PNG", "PNG" } },
        [LABEL_ZPL] = { "zpl", { "ZPL", "ZPL" } },
};

/* Draws and judges one label; its corner is the origin of painter->cr. */
static int draw_judged(struct painter *painter, const struct label *labels, size_t i, struct error *err) {
        const struct label *label = &labels[i];
        unsigned shown;
        int r;

        painter->label = label;
        if (label->blank) {
                r = preparing_wait(painter->preparing, i, err);
                return r < 0 ? r : label_draw(painter, &shown, err);
        }
        r = labelling_judge(label->id, label->category, painter->design->id, label_known(label), ~0U, err);
        if (r < 0)
                return r;
        r = preparing_wait(painter->preparing, i, err);
        if (r == 0)
                r = label_draw(painter, &shown, err);
        if (r < 0)
                return r;
        r = labelling_judge(label->id, label->category, painter->design->id, label_known(label), shown, err);
        if (r < 0 && painter->lacks_font)
                return hint(err, "Ninguna fuente de esta máquina tiene esos caracteres: instale una (fonts-noto).",
                            "No font on this machine has those characters: install one (fonts-noto).");
        return r;
}

static void white(cairo_t *cr, double width, double height) {
        cairo_set_source_rgb(cr, 1, 1, 1);
        cairo_rectangle(cr, 0, 0, width, height);
        cairo_fill(cr);
}

/* --- vector ---------------------------------------------------------------------------------------------- */

/* A design smaller than its sticker lies in the middle of it. */
static void place_on_sheet(const struct label_design *design, const struct label_look *look,
                           const struct label_stock *sheet, cairo_t *cr, int position) {
        double x, y;

        label_sheet_place(sheet, look, position, &x, &y);
        cairo_translate(cr, (x + (sheet->width - design->width) / 2) * POINTS_PER_MM,
                        (y + (sheet->height - design->height) / 2) * POINTS_PER_MM);
}

static int draw_pages(struct painter *painter, const struct label_stock *sheet, const struct label *labels,
                      size_t n, struct error *err) {
        const struct label_design *design = painter->design;
        int on_sheet = sheet->columns * sheet->rows, stickers = painter->look->sheet && on_sheet > 0 ? on_sheet : 1;
        int position = painter->look->sheet ? painter->look->first - 1 : 0, r = 0;

        size_t copies = painter->look->copies > 1 ? (size_t) painter->look->copies : 1;

        for (size_t i = 0; r == 0 && i < n * copies; i++) {
                cairo_save(painter->cr);
                if (painter->look->sheet)
                        place_on_sheet(design, painter->look, sheet, painter->cr, position);
                cairo_rectangle(painter->cr, 0, 0, design->width * POINTS_PER_MM, design->height * POINTS_PER_MM);
                cairo_clip(painter->cr);
                r = draw_judged(painter, labels, i / copies, err);
                cairo_restore(painter->cr);
                position = (position + 1) % stickers;
                if (position == 0 || i + 1 == n * copies)
                        cairo_show_page(painter->cr);
        }
        return r;
}

static void describe_pdf(cairo_surface_t *surface, const struct label *labels, size_t n) {
        _cleanup_free_ char *title = n == 1 ? str_format("Etiqueta %s", labels[0].id)
                                            : str_format("Etiquetas %s – %s", labels[0].id, labels[n - 1].id);

        if (title)
                cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title);
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_AUTHOR, labels[0].organisation);
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "mpsi " MPSI_VERSION);
}

static int write_vector(struct painter *painter, const struct label_stock *sheet, const struct label *labels,
                        size_t n, enum label_format format, struct output *out, struct error *err) {
        double width = (painter->look->sheet ? sheet->paper_width : painter->design->width) * POINTS_PER_MM;
        double height = (painter->look->sheet ? sheet->paper_height : painter->design->height) * POINTS_PER_MM;
        cairo_surface_t *surface;
        int r;

        if (format == LABEL_PDF) {
                surface = cairo_pdf_surface_create_for_stream(output_write, out, width, height);
                describe_pdf(surface, labels, n);
        } else {
                surface = cairo_svg_surface_create_for_stream(output_write, out, width, height);
        }
        painter->cr = cairo_create(surface);
        if (format == LABEL_SVG)
                white(painter->cr, width, height);
        r = typesetter_new(painter->cr, false, &painter->ts, err);
        if (r == 0)
                r = draw_pages(painter, sheet, labels, n, err);
        cairo_destroy(painter->cr);
        if (r == 0)
                r = output_finish(surface, err);
        cairo_surface_destroy(surface);
        return r;
}

/* --- raster ---------------------------------------------------------------------------------------------- */

/* Reads each code back from the drawn dots themselves (L6). */
static int read_back(const struct painter *painter, const struct raster *raster, struct error *err) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < painter->placed_n; i++) {
                const struct placed *placed = &painter->placed[i];
                int width = (int) placed->at.width, height = (int) placed->at.height;
                _cleanup_free_ uint8_t *dots = NULL;

                r = raster_cut(raster, (int) placed->at.x, (int) placed->at.y, width, height, &dots, err);
                if (r < 0)
                        return r;
                r = placed->kind == SYMBOL_QR ? qr_read(painter->reader, dots, width, height, placed->text, err)
                                              : symbol_read(painter->symbol_reader, placed->kind, dots, width,
                                                            height, placed->text, err);
        }
        return r;
}

static int draw_raster(struct painter *painter, const struct label *labels, size_t i, struct raster **ret,
                       struct error *err) {
        _cleanup_(raster_freep) struct raster *raster = NULL;
        double dots = painter->look->dpi / 25.4;
        int r = raster_new((int) lround(painter->design->width * dots),
                           (int) lround(painter->design->height * dots), painter->look->dpi, &raster, err);

        if (r < 0)
                return r;
        painter->cr = raster_context(raster);
        r = typesetter_new(painter->cr, true, &painter->ts, err);
        if (r == 0)
                r = draw_judged(painter, labels, i, err);
        typesetter_free(TAKE_PTR(painter->ts));
        if (r == 0)
                r = read_back(painter, raster, err);
        if (r == 0)
                *ret = TAKE_PTR(raster);
        return r;
}

static int write_png(struct painter *painter, const struct label *label, struct output *out, struct error *err) {
        _cleanup_(raster_freep) struct raster *raster = NULL;
        int r = draw_raster(painter, label, 0, &raster, err);

        return r == 0 ? raster_png(raster, painter->mono, out, err) : r;
}

static int write_zpl(struct painter *painter, const struct label *labels, size_t n, struct output *out,
                     size_t *ret_ends, struct error *err) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < n; i++) {
                _cleanup_(raster_freep) struct raster *raster = NULL;
                int copies = painter->look->copies > 1 ? painter->look->copies : 1;

                r = draw_raster(painter, labels, i, &raster, err);
                for (int copy = 0; r == 0 && copy < copies; copy++)
                        r = raster_zpl(raster, labels[i].epc, out, err);
                if (ret_ends)
                        ret_ends[i] = out->size;
        }
        return r;
}

static int check_order(const struct label_look *look, size_t n, enum label_format format, struct error *err) {
        if (n == 0)
                return fail(err, ERR_USAGE, "No hay etiquetas que imprimir.", "There are no labels to print.");
        if (look->dpi < 150 || look->dpi > 1200)
                return fail(err, ERR_USAGE, "La resolución es de 150 a 1200 ppp.",
                            "The resolution is 150 to 1200 dpi.");
        if (n > 1 && (format == LABEL_SVG || format == LABEL_PNG))
                return fail(err, ERR_USAGE, "Varias etiquetas a la vez: solo en PDF o ZPL.",
                            "Several labels at once: as PDF or ZPL only.");
        if (look->sheet && format != LABEL_PDF)
                return fail(err, ERR_USAGE, "Las hojas de etiquetas son solo PDF.",
                            "Sheets of stickers are PDF only.");
        return 0;
}

int labels_render(const struct label_design *design, struct label *labels, size_t n, enum label_format format,
                  const struct label_look *look, struct output *out, size_t *ret_ends, struct error *err) {
        _cleanup_(qr_reader_freep) struct qr_reader *reader = NULL;
        _cleanup_(symbol_reader_freep) struct symbol_reader *symbol_reader = NULL;
        _cleanup_(preparing_endp) struct preparing *preparing = NULL;
        struct painter painter = { .look = look, .design = design, .mono = look->mono || format == LABEL_ZPL };
        struct label_stock sheet = { 0 };
        int r = check_order(look, n, format, err);

        if (r == 0 && look->sheet)
                r = label_sheet_of(design, look, &sheet, err);
        if (r == 0)
                r = qr_reader_new(&reader, err);
        if (r == 0)
                r = symbol_reader_new(&symbol_reader, err);
        if (r == 0)
                r = preparing_start(labels, n, label_design_codes(design), &preparing, err);
        if (r < 0)
                return r;
        painter.reader = reader;
        painter.symbol_reader = symbol_reader;
        painter.preparing = preparing;
        if (format == LABEL_PNG)
                return write_png(&painter, labels, out, err);
        if (format == LABEL_ZPL)
                return write_zpl(&painter, labels, n, out, ret_ends, err);
        painter.paths = format == LABEL_SVG;
        painter.keeps_bands = format == LABEL_PDF && n > 1;
        r = write_vector(&painter, &sheet, labels, n, format, out, err);
        painter_forget(&painter);
        typesetter_free(painter.ts);
        return r;
}

int labels_write(const struct label_design *design, struct label *labels, size_t n, enum label_format format,
                 const struct label_look *look, const char *path, struct error *err) {
        _cleanup_(output_done) struct output out = { 0 };
        int r = labels_render(design, labels, n, format, look, &out, NULL, err);

        return r == 0 ? output_save(&out, path, err) : r;
}
