/* The map of a medium's entropy as a picture. What the colours say stands beside them in numbers, and colours that
 * a colour-blind reader tells apart (a viridis of five steps, from dark to light) grow with the entropy. */
#include <cairo.h>
#include <string.h>

#include "base/str.h"
#include "print/output.h"
#include "print/typeset.h"
#include "sanitize/forensic.h"

/* Points; drawn with SCALE dots each. */
enum {
        WIDTH = 560,
        HEIGHT = 496,
        SCALE = 2,
        CELL = 11,
        MAP_X = 16,
        MAP_Y = 62,
        LEGEND_X = 384,
        LEGEND_WIDTH = 164
};

static const double colours[ENTROPY_CLASSES][3] = {
        [ENTROPY_CONSTANT] = { 0.267, 0.004, 0.329 }, [ENTROPY_LOW] = { 0.231, 0.322, 0.545 },
        [ENTROPY_MIDDLE] = { 0.129, 0.569, 0.549 },   [ENTROPY_HIGH] = { 0.369, 0.788, 0.384 },
        [ENTROPY_RANDOM] = { 0.992, 0.906, 0.145 },
};

struct canvas {
        cairo_surface_t *surface;
        cairo_t *cr;
        struct typesetter *ts;
        double y; /* of the legend's next line */
};

static void canvas_done(struct canvas *canvas) {
        typesetter_free(canvas->ts);
        cairo_destroy(canvas->cr);
        cairo_surface_destroy(canvas->surface);
}

static int canvas_new(struct canvas *canvas, struct error *err) {
        canvas->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, WIDTH * SCALE, HEIGHT * SCALE);
        canvas->cr = cairo_create(canvas->surface);
        if (cairo_status(canvas->cr) != CAIRO_STATUS_SUCCESS)
                return fail(err, ERR_FAILED, "No se puede dibujar: %s.", "Can't draw: %s.",
                            cairo_status_to_string(cairo_status(canvas->cr)));
        cairo_set_source_rgb(canvas->cr, 1, 1, 1);
        cairo_paint(canvas->cr);
        cairo_scale(canvas->cr, SCALE, SCALE);
        canvas->y = MAP_Y + 4;
        return typesetter_new(canvas->cr, false, &canvas->ts, err);
}

static void write_at(struct canvas *canvas, enum face face, double size, double x, double y, double width,
                     const char *text) {
        cairo_set_source_rgb(canvas->cr, 0, 0, 0);
        (void) type_fit(canvas->ts, canvas->cr, (struct style){ face, size }, 5, ALIGN_LEFT, x, y, width, text);
}

/* A line of the legend in each language. */
static void write_pair(struct canvas *canvas, double indent, struct text text) {
        write_at(canvas, FACE_SANS, 8, LEGEND_X + indent, canvas->y + 6, LEGEND_WIDTH - indent, text.es);
        write_at(canvas, FACE_SANS, 8, LEGEND_X + indent, canvas->y + 16, LEGEND_WIDTH - indent, text.en);
        canvas->y += 27;
}

static void square(struct canvas *canvas, double x, double y, double size, enum entropy_class class) {
        const double *c = colours[class];

        cairo_rectangle(canvas->cr, x, y, size, size);
        cairo_set_source_rgb(canvas->cr, c[0], c[1], c[2]);
        cairo_fill(canvas->cr);
}

/* Something was found there: a cross that shows on any colour. */
static void cross(struct canvas *canvas, double x, double y) {
        for (int pass = 0; pass < 2; pass++) {
                cairo_set_source_rgb(canvas->cr, pass ? 1 : 0, pass ? 1 : 0, pass ? 1 : 0);
                cairo_set_line_width(canvas->cr, pass ? 1.2 : 3);
                cairo_move_to(canvas->cr, x + 2, y + 2);
                cairo_line_to(canvas->cr, x + CELL - 3, y + CELL - 3);
                cairo_move_to(canvas->cr, x + CELL - 3, y + 2);
                cairo_line_to(canvas->cr, x + 2, y + CELL - 3);
                cairo_stroke(canvas->cr);
        }
}

static void draw_map(struct canvas *canvas, const struct forensic *forensic) {
        for (int64_t i = 0; i < FORENSIC_CELLS; i++) {
                const struct forensic_cell *cell = &forensic->cells[i];
                int64_t column = i % FORENSIC_COLUMNS, row = i / FORENSIC_COLUMNS;
                double x = MAP_X + (double) (column * CELL), y = MAP_Y + (double) (row * CELL);

                if (i < forensic->cells_n && cell->samples > 0)
                        square(canvas, x, y, CELL - 1, entropy_class_of(cell->least));
                if (i < forensic->cells_n && (cell->signatures > 0 || cell->strings > 0))
                        cross(canvas, x, y);
        }
        cairo_set_source_rgb(canvas->cr, 0.4, 0.4, 0.4);
        cairo_set_line_width(canvas->cr, 0.5);
        cairo_rectangle(canvas->cr, MAP_X - 1.5, MAP_Y - 1.5, FORENSIC_COLUMNS * CELL + 2,
                        FORENSIC_COLUMNS * CELL + 2);
        cairo_stroke(canvas->cr);
}

static void draw_legend(struct canvas *canvas, const struct forensic *forensic) {
        int64_t counts[ENTROPY_CLASSES];

        forensic_classes(forensic, counts);
        for (int i = ENTROPY_CLASSES - 1; i >= 0; i--) {
                _cleanup_free_ char *es = str_format("%lld · %s", (long long) counts[i],
                                                     entropy_class_terms[i].name.es);
                _cleanup_free_ char *en = str_format("%lld · %s", (long long) counts[i],
                                                     entropy_class_terms[i].name.en);

                square(canvas, LEGEND_X, canvas->y, CELL + 4, (enum entropy_class) i);
                if (es && en)
                        write_pair(canvas, 22, (struct text){ es, en });
        }
        cross(canvas, LEGEND_X + 2, canvas->y + 2);
        write_pair(canvas, 22, (struct text){ "hay una firma o un texto", "a signature or a string is there" });
        write_pair(canvas, 22, (struct text){ "blanco: sin bloques enteros", "white: no whole blocks" });
}

/* The same facts in numbers; a comma or a point is the language's. */
static void draw_numbers(struct canvas *canvas, const struct forensic *f) {
        unsigned long long least = f->entropy_least, mean = f->samples ? f->entropy_sum / f->samples : 0;
        _cleanup_free_ char *entropy_es = str_format("Entropía: mínima %llu,%03llu, media %llu,%03llu bits/byte",
                                                     least / 1000, least % 1000, mean / 1000, mean % 1000);
        _cleanup_free_ char *entropy_en = str_format("Entropy: least %llu.%03llu, mean %llu.%03llu bits/byte",
                                                     least / 1000, least % 1000, mean / 1000, mean % 1000);
        _cleanup_free_ char *found_es = str_format(
                "Firmas: %llu. Textos: %llu. Sistema de ficheros: %s", (unsigned long long) f->signatures_n,
                (unsigned long long) f->strings_n, f->recognised[0] ? f->recognised : "ninguno");
        _cleanup_free_ char *found_en = str_format(
                "Signatures: %llu. Strings: %llu. File system: %s", (unsigned long long) f->signatures_n,
                (unsigned long long) f->strings_n, f->recognised[0] ? f->recognised : "none");

        canvas->y += 6;
        if (!entropy_es || !entropy_en || !found_es || !found_en)
                return;
        write_pair(canvas, 0, (struct text){ entropy_es, entropy_en });
        write_pair(canvas, 0, (struct text){ found_es, found_en });
        write_pair(canvas, 0,
                   f->passed ? (struct text){ "Resultado: SUPERADA", "Result: PASSED" }
                             : (struct text){ "Resultado: NO SUPERADA", "Result: NOT PASSED" });
}

static void draw_words(struct canvas *canvas, const struct forensic *f, const char *job) {
        static const struct text order = {
                "Cada cuadro es una parte igual del soporte, de izquierda a derecha y de arriba abajo desde el "
                "byte 0.",
                "Each square is an equal part of the medium, left to right and top to bottom from byte 0."
        };
        const double bottom = MAP_Y + FORENSIC_COLUMNS * CELL + 16, width = WIDTH - 2 * MAP_X;
        long long cell = f->cells_n ? (long long) (f->size / f->cells_n) : 0;
        _cleanup_free_ char *title = str_format("%s · Mapa de entropía · Entropy map", job);
        _cleanup_free_ char *es = str_format("%lld bytes en %lld partes de unos %lld; leídos %lld bytes: dos "
                                             "bloques al azar de cada parte, y el primer "
                                             "y el último MiB. El color es el menor de su parte.",
                                             (long long) f->size, (long long) f->cells_n, cell,
                                             (long long) f->bytes);
        _cleanup_free_ char *en = str_format("%lld bytes in %lld parts of some %lld; read %lld bytes: two blocks "
                                             "at random of each part, and the first "
                                             "and the last MiB. The colour is the least of its part.",
                                             (long long) f->size, (long long) f->cells_n, cell,
                                             (long long) f->bytes);
        _cleanup_free_ char *seed = str_format("Semilla · Seed: %s", f->seed);

        if (!title || !es || !en || !seed)
                return;
        write_at(canvas, FACE_BOLD, 15, MAP_X, 28, width, title);
        write_at(canvas, FACE_SANS, 8, MAP_X, 46, width,
                 f->left == LEFT_RANDOM ? "Se espera un patrón aleatorio · A random pattern is expected"
                 : f->left == LEFT_CONSTANT
                         ? "Se espera un patrón constante · A constant pattern is expected"
                         : "No se sabe qué dejó el dispositivo · What the device left is not known");
        write_at(canvas, FACE_SANS, 8, MAP_X, bottom, width, order.es);
        write_at(canvas, FACE_SANS, 8, MAP_X, bottom + 12, width, order.en);
        write_at(canvas, FACE_SANS, 8, MAP_X, bottom + 28, width, es);
        write_at(canvas, FACE_SANS, 8, MAP_X, bottom + 40, width, en);
        write_at(canvas, FACE_MONO, 7, MAP_X, bottom + 56, width, seed);
}

int forensic_picture(const struct forensic *forensic, const char *job, uint8_t **ret, size_t *ret_n,
                     struct error *err) {
        _cleanup_(canvas_done) struct canvas canvas = { 0 };
        _cleanup_(output_done) struct output out = { 0 };
        int r = canvas_new(&canvas, err);

        if (r < 0)
                return r;
        draw_map(&canvas, forensic);
        draw_legend(&canvas, forensic);
        draw_numbers(&canvas, forensic);
        draw_words(&canvas, forensic, job);
        if (cairo_surface_write_to_png_stream(canvas.surface, output_write, &out) != CAIRO_STATUS_SUCCESS)
                return fail(err, ERR_FAILED, "No se puede componer la imagen.", "The picture can't be composed.");
        *ret = out.data;
        *ret_n = out.size;
        out = (struct output){ 0 };
        return 0;
}
