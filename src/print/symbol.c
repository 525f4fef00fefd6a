#include "print/symbol.h"

#include <dmtx.h>
#include <stdlib.h>
#include <string.h>
#include <zint.h>

#include "print/qr.h"

enum { DATAMATRIX_QUIET = 1, CODE128_QUIET = 10, CODE128_ROWS = 12, READ_MS = 500 };

typedef struct zint_symbol zint;
DEFINE_CLEANUP(zint, ZBarcode_Delete)

/* What libzint and the standards want of each kind. Data Matrix has two dots a module: 4 mm at 203 dpi. */
static const struct {
        const char *name;
        int zint, option, quiet_x, quiet_y, dots_least;
} kinds[SYMBOL_KINDS] = {
        [SYMBOL_QR] = { "QR", 0, 0, QR_QUIET, QR_QUIET, QR_DOTS_LEAST },
        [SYMBOL_DATAMATRIX] = { "Data Matrix", BARCODE_DATAMATRIX, DM_SQUARE, DATAMATRIX_QUIET, DATAMATRIX_QUIET,
                                2 },
        [SYMBOL_CODE128] = { "Code 128", BARCODE_CODE128, 0, CODE128_QUIET, 0, 2 },
};

int symbol_encode(enum symbol_kind kind, const char *text, struct symbol **ret, struct error *err) {
        _cleanup_(ZBarcode_Deletep) zint *code = ZBarcode_Create();
        struct symbol *symbol;
        size_t size;

        if (!code)
                return fail_memory(err);
        code->symbology = kinds[kind].zint;
        code->option_3 = kinds[kind].option;
        if (ZBarcode_Encode(code, (const unsigned char *) text, (int) strlen(text)) >= ZINT_ERROR ||
            code->rows < 1 || code->width < 1)
                return fail(err, ERR_USAGE, "El texto de %zu caracteres no cabe en un código %s: %.80s.",
                            "The text of %zu characters does not fit in a %s code: %.80s.", strlen(text),
                            kinds[kind].name, code->errtxt);
        size = (size_t) code->rows * (size_t) code->width;
        symbol = malloc(sizeof *symbol + size);
        if (!symbol)
                return fail_memory(err);
        *symbol = (struct symbol){
                kind, code->width, code->rows, kinds[kind].quiet_x, kinds[kind].quiet_y, kinds[kind].dots_least
        };
        for (int y = 0; y < code->rows; y++)
                for (int x = 0; x < code->width; x++)
                        symbol->dark[y * code->width + x] = code->encoded_data[y][x / 8] >> x % 8 & 1;
        *ret = symbol;
        return 0;
}

void symbol_free(struct symbol *symbol) {
        free(symbol);
}

/* --- reading ---------------------------------------------------------------------------------------------- */

struct symbol_reader {
        struct qr_reader *lines; /* libzbar */
};

int symbol_reader_new(struct symbol_reader **ret, struct error *err) {
        struct symbol_reader *reader = calloc(1, sizeof *reader);
        int r = reader ? qr_reader_new_lines(&reader->lines, err) : fail_memory(err);

        if (r < 0) {
                free(reader);
                return r;
        }
        *ret = reader;
        return 0;
}

void symbol_reader_free(struct symbol_reader *reader) {
        if (!reader)
                return;
        qr_reader_free(reader->lines);
        free(reader);
}

static bool message_is(DmtxDecode *decode, DmtxRegion *region, const char *expected) {
        DmtxMessage *message = dmtxDecodeMatrixRegion(decode, region, DmtxUndefined);
        bool same = message && message->outputIdx == (int) strlen(expected) &&
                    memcmp(message->output, expected, strlen(expected)) == 0;

        (void) dmtxMessageDestroy(&message);
        return same;
}

/* libdmtx takes pixels that it may write to. */
static bool datamatrix_reads(uint8_t *dots, int width, int height, const char *expected) {
        DmtxImage *image = dmtxImageCreate(dots, width, height, DmtxPack8bppK);
        DmtxDecode *decode = image ? dmtxDecodeCreate(image, 1) : NULL;
        DmtxTime until = dmtxTimeAdd(dmtxTimeNow(), READ_MS);
        DmtxRegion *region;
        bool same = false;

        while (decode && !same && (region = dmtxRegionFindNext(decode, &until)) != NULL) {
                same = message_is(decode, region, expected);
                (void) dmtxRegionDestroy(&region);
        }
        (void) dmtxDecodeDestroy(&decode);
        (void) dmtxImageDestroy(&image);
        return same;
}

/* Each dot `times` as wide and high; the same picture to whoever looks. The caller frees. */
static uint8_t *magnified(const uint8_t *dots, int width, int height, int times) {
        uint8_t *large = malloc((size_t) width * (size_t) height * (size_t) (times * times));

        for (int y = 0; large && y < height * times; y++)
                for (int x = 0; x < width * times; x++)
                        large[(size_t) y * (size_t) (width * times) + (size_t) x] =
                                dots[(size_t) (y / times) * (size_t) width + (size_t) (x / times)];
        return large;
}

static bool reads_as(struct symbol_reader *reader, enum symbol_kind kind, const uint8_t *dots, int width,
                     int height, const char *expected) {
        for (int times = 1; times <= 3; times++) {
                _cleanup_free_ uint8_t *large = magnified(dots, width, height, times);

                if (!large)
                        return false;
                if (kind == SYMBOL_DATAMATRIX
                            ? datamatrix_reads(large, width * times, height * times, expected)
                            : qr_read(reader->lines, large, width * times, height * times, expected, NULL) == 0)
                        return true;
        }
        return false;
}

int symbol_read(struct symbol_reader *reader, enum symbol_kind kind, const uint8_t *dots, int width, int height,
                const char *expected, struct error *err) {
        if (reads_as(reader, kind, dots, width, height, expected))
                return 0;
        return fail(err, ERR_VERIFY, "El código %s no se lee de vuelta: la etiqueta no sale.",
                    "The %s code does not read back: the label does not leave.", kinds[kind].name);
}

int symbol_verify(struct symbol_reader *reader, const struct symbol *symbol, const char *expected,
                  struct error *err) {
        int scale = symbol->dots_least, rows = symbol->kind == SYMBOL_CODE128 ? CODE128_ROWS : 1;
        int width = (symbol->width + 2 * symbol->quiet_x) * scale;
        int height = (symbol->height * rows + 2 * symbol->quiet_y) * scale;
        _cleanup_free_ uint8_t *dots = malloc((size_t) width * (size_t) height);

        if (!dots)
                return fail_memory(err);
        memset(dots, 255, (size_t) width * (size_t) height);
        for (int y = 0; y < symbol->height * rows * scale; y++)
                for (int x = 0; x < symbol->width * scale; x++)
                        if (symbol->dark[y / scale / rows * symbol->width + x / scale])
                                dots[(size_t) (y + symbol->quiet_y * scale) * (size_t) width +
                                     (size_t) (x + symbol->quiet_x * scale)] = 0;
        return symbol_read(reader, symbol->kind, dots, width, height, expected, err);
}

/* --- drawing ---------------------------------------------------------------------------------------------- */

/* The symbol without its quiet zone, one dot a module. CAIRO_FORMAT_A1 packs the leftmost dot into the least bit of
 * a native 32-bit word on little-endian machines and into the greatest on big-endian ones. */
static cairo_surface_t *mask_of(const struct symbol *symbol) {
        cairo_surface_t *mask = cairo_image_surface_create(CAIRO_FORMAT_A1, symbol->width, symbol->height);
        unsigned char *data = cairo_image_surface_get_data(mask);
        int stride = cairo_image_surface_get_stride(mask);

        cairo_surface_flush(mask);
        for (int y = 0; data && y < symbol->height; y++)
                for (int x = 0; x < symbol->width; x++)
                        if (symbol->dark[y * symbol->width + x])
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
                                data[(ptrdiff_t) stride * y + x / 8] |= (unsigned char) (1U << (x % 8));
#else
                                data[(ptrdiff_t) stride * y + x / 8] |= (unsigned char) (0x80U >> (x % 8));
#endif
        cairo_surface_mark_dirty(mask);
        return mask;
}

static void fill_runs(cairo_t *cr, const struct symbol *symbol) {
        for (int y = 0; y < symbol->height; y++)
                for (int x = 0, run; x < symbol->width; x += run + 1) {
                        for (run = 0; x + run < symbol->width && symbol->dark[y * symbol->width + x + run]; run++)
                                continue;
                        if (run > 0)
                                cairo_rectangle(cr, x, y, run, 1);
                }
        cairo_fill(cr);
}

void symbol_paint(cairo_t *cr, const struct symbol *symbol, double x, double y, double module_x, double module_y,
                  bool paths) {
        cairo_save(cr);
        cairo_set_antialias(cr, CAIRO_ANTIALIAS_NONE);
        cairo_set_source_rgb(cr, 1, 1, 1);
        cairo_rectangle(cr, x, y, (symbol->width + 2 * symbol->quiet_x) * module_x,
                        (symbol->height + 2 * symbol->quiet_y) * module_y);
        cairo_fill(cr);
        cairo_set_source_rgb(cr, 0, 0, 0);
        cairo_translate(cr, x + symbol->quiet_x * module_x, y + symbol->quiet_y * module_y);
        cairo_scale(cr, module_x, module_y);
        if (paths) {
                fill_runs(cr, symbol);
        } else {
                cairo_surface_t *mask = mask_of(symbol);
                cairo_pattern_t *pattern = cairo_pattern_create_for_surface(mask);

                cairo_pattern_set_filter(pattern, CAIRO_FILTER_NEAREST);
                cairo_mask(cr, pattern);
                cairo_pattern_destroy(pattern);
                cairo_surface_destroy(mask);
        }
        cairo_restore(cr);
}
