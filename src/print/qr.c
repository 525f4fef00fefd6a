#include "print/qr.h"

#include <errno.h>
#include <qrencode.h>
#include <string.h>
#include <zbar.h>

DEFINE_CLEANUP(QRcode, QRcode_free)

static bool is_alphanumeric(const char *text) {
        return text[strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")] == '\0';
}

static QRcode *encode_at(const char *text, size_t n, QRecLevel level) {
        QRinput *input = QRinput_new2(0, level);
        QRcode *code = NULL;
        int no;

        if (!input)
                return NULL;
        if (QRinput_append(input, is_alphanumeric(text) ? QR_MODE_AN : QR_MODE_8, (int) n,
                           (const unsigned char *) text) == 0)
                code = QRcode_encodeInput(input);
        no = errno;
        QRinput_free(input);
        errno = no;
        return code;
}

int qr_encode(const char *text, struct qr **ret, struct error *err) {
        _cleanup_(QRcode_freep) QRcode *code = NULL;
        size_t n = strlen(text), size;
        struct qr *qr;
        char level;

        if (n == 0 || n >= QR_TEXT_MAX)
                return fail(err, ERR_USAGE, "El texto del QR mide %zu bytes: de 1 a %d.",
                            "The QR's text is %zu bytes: 1 to %d.", n, QR_TEXT_MAX - 1);
        code = encode_at(text, n, QR_ECLEVEL_H);
        level = code ? 'H' : 'Q';
        if (!code)
                code = encode_at(text, n, QR_ECLEVEL_Q);
        if (!code)
                return fail_errno(err, errno, "No se puede codificar el QR", "The QR can't be encoded");
        size = (size_t) code->width * (size_t) code->width;
        qr = malloc(sizeof *qr + size);
        if (!qr)
                return fail_memory(err);
        qr->modules = code->width;
        qr->level = level;
        for (size_t i = 0; i < size; i++)
                qr->dark[i] = code->data[i] & 1;
        *ret = qr;
        return 0;
}

void qr_free(struct qr *qr) {
        free(qr);
}

struct qr_reader {
        zbar_image_scanner_t *scanner;
};

static int reader_new(zbar_symbol_type_t type, struct qr_reader **ret, struct error *err) {
        struct qr_reader *reader = calloc(1, sizeof *reader);

        if (reader)
                reader->scanner = zbar_image_scanner_create();
        if (!reader || !reader->scanner) {
                free(reader);
                return fail_memory(err);
        }
        (void) zbar_image_scanner_set_config(reader->scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
        (void) zbar_image_scanner_set_config(reader->scanner, type, ZBAR_CFG_ENABLE, 1);
        *ret = reader;
        return 0;
}

int qr_reader_new(struct qr_reader **ret, struct error *err) {
        return reader_new(ZBAR_QRCODE, ret, err);
}

int qr_reader_new_lines(struct qr_reader **ret, struct error *err) {
        return reader_new(ZBAR_CODE128, ret, err);
}

void qr_reader_free(struct qr_reader *reader) {
        if (!reader)
                return;
        zbar_image_scanner_destroy(reader->scanner);
        free(reader);
}

static bool reads_as(struct qr_reader *reader, const uint8_t *dots, int width, int height, const char *expected) {
        zbar_image_t *image = zbar_image_create();
        bool same = false;

        if (!image)
                return false;
        zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
        zbar_image_set_size(image, (unsigned) width, (unsigned) height);
        zbar_image_set_data(image, dots, (unsigned long) width * (unsigned long) height, NULL);
        if (zbar_scan_image(reader->scanner, image) == 1) {
                const zbar_symbol_t *symbol = zbar_image_first_symbol(image);
                unsigned n = zbar_symbol_get_data_length(symbol);

                same = n == strlen(expected) && memcmp(zbar_symbol_get_data(symbol), expected, n) == 0;
        }
        zbar_image_destroy(image);
        return same;
}

int qr_read(struct qr_reader *reader, const uint8_t *dots, int width, int height, const char *expected,
            struct error *err) {
        if (reads_as(reader, dots, width, height, expected))
                return 0;
        return fail(err, ERR_VERIFY, "El QR no se lee de vuelta: la etiqueta no sale.",
                    "The QR does not read back: the label does not leave.");
}

/* The symbol with its quiet zone at `scale` dots a module. */
static uint8_t *enlarged(const struct qr *qr, int scale, int *ret_side) {
        int modules = qr->modules + 2 * QR_QUIET, side = modules * scale;
        uint8_t *dots = malloc((size_t) side * (size_t) side);

        if (!dots)
                return NULL;
        memset(dots, 255, (size_t) side * (size_t) side);
        for (int y = 0; y < qr->modules; y++)
                for (int x = 0; x < qr->modules; x++) {
                        uint8_t *corner = dots + (size_t) ((y + QR_QUIET) * scale) * (size_t) side +
                                          (size_t) ((x + QR_QUIET) * scale);

                        if (qr->dark[y * qr->modules + x])
                                for (int row = 0; row < scale; row++)
                                        memset(corner + (size_t) row * (size_t) side, 0, (size_t) scale);
                }
        *ret_side = side;
        return dots;
}

int qr_verify(struct qr_reader *reader, const struct qr *qr, const char *expected, struct error *err) {
        /* Two dots a module are enough and fastest; three are what a 203-dpi head prints. */
        for (int scale = 2; scale <= 4; scale++) {
                int side;
                _cleanup_free_ uint8_t *dots = enlarged(qr, scale, &side);

                if (!dots)
                        return fail_memory(err);
                if (reads_as(reader, dots, side, side, expected))
                        return 0;
        }
        return fail(err, ERR_VERIFY, "El QR no se lee de vuelta: no se imprime.",
                    "The QR does not read back: it is not printed.");
}

/* CAIRO_FORMAT_A1 packs the leftmost dot into the least bit of a native 32-bit word on little-endian machines and
 * into the greatest on big-endian ones. */
static void set_bit(unsigned char *row, int x) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        row[x / 8] |= (unsigned char) (1U << (x % 8));
#else
        row[x / 8] |= (unsigned char) (0x80U >> (x % 8));
#endif
}

cairo_surface_t *qr_mask(const struct qr *qr) {
        int side = qr->modules + 2 * QR_QUIET, stride;
        cairo_surface_t *mask = cairo_image_surface_create(CAIRO_FORMAT_A1, side, side);
        unsigned char *data = cairo_image_surface_get_data(mask);

        if (!data)
                return mask;
        stride = cairo_image_surface_get_stride(mask);
        cairo_surface_flush(mask);
        for (int y = 0; y < qr->modules; y++)
                for (int x = 0; x < qr->modules; x++)
                        if (qr->dark[y * qr->modules + x])
                                set_bit(data + (ptrdiff_t) stride * (y + QR_QUIET), x + QR_QUIET);
        cairo_surface_mark_dirty(mask);
        return mask;
}

void qr_paint(cairo_t *cr, cairo_surface_t *mask, double x, double y, double module) {
        int side = cairo_image_surface_get_width(mask);
        cairo_pattern_t *pattern;

        cairo_save(cr);
        cairo_set_antialias(cr, CAIRO_ANTIALIAS_NONE);
        cairo_set_source_rgb(cr, 1, 1, 1);
        cairo_rectangle(cr, x, y, side * module, side * module);
        cairo_fill(cr);
        cairo_set_source_rgb(cr, 0, 0, 0);
        cairo_translate(cr, x, y);
        cairo_scale(cr, module, module);
        pattern = cairo_pattern_create_for_surface(mask);
        cairo_pattern_set_filter(pattern, CAIRO_FILTER_NEAREST);
        cairo_mask(cr, pattern);
        cairo_pattern_destroy(pattern);
        cairo_restore(cr);
}

void qr_paint_path(cairo_t *cr, const struct qr *qr, double x, double y, double module) {
        double side = (qr->modules + 2 * QR_QUIET) * module;

        cairo_set_source_rgb(cr, 1, 1, 1);
        cairo_rectangle(cr, x, y, side, side);
        cairo_fill(cr);
        cairo_set_source_rgb(cr, 0, 0, 0);
        for (int row = 0; row < qr->modules; row++)
                for (int column = 0, run; column < qr->modules; column += run + 1) {
                        const uint8_t *dark = qr->dark + row * qr->modules;

                        for (run = 0; column + run < qr->modules && dark[column + run]; run++)
                                continue;
                        if (run > 0)
                                cairo_rectangle(cr, x + (column + QR_QUIET) * module, y + (row + QR_QUIET) * module,
                                                run * module, module);
                }
        cairo_fill(cr);
}

int qr_draw_in(cairo_t *cr, const char *text, double x, double y, double side, struct error *err) {
        _cleanup_(qr_reader_freep) struct qr_reader *reader = NULL;
        _cleanup_(qr_freep) struct qr *qr = NULL;
        cairo_surface_t *mask;
        int r = qr_reader_new(&reader, err);

        if (r == 0)
                r = qr_encode(text, &qr, err);
        if (r == 0)
                r = qr_verify(reader, qr, text, err);
        if (r < 0)
                return r;
        mask = qr_mask(qr);
        qr_paint(cr, mask, x, y, side / (qr->modules + 2 * QR_QUIET));
        cairo_surface_destroy(mask);
        return 0;
}
