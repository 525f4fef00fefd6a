#include "print/raster.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

struct raster {
        cairo_surface_t *surface;
        cairo_t *cr;
        int width, height, dpi;
};

int raster_new(int width, int height, int dpi, struct raster **ret, struct error *err) {
        _cleanup_(raster_freep) struct raster *raster = calloc(1, sizeof *raster);

        if (!raster)
                return fail_memory(err);
        raster->width = width;
        raster->height = height;
        raster->dpi = dpi;
        raster->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
        raster->cr = cairo_create(raster->surface);
        if (cairo_status(raster->cr) != CAIRO_STATUS_SUCCESS)
                return fail(err, ERR_FAILED, "No se puede dibujar: %s.", "Can't draw: %s.",
                            cairo_status_to_string(cairo_status(raster->cr)));
        cairo_set_source_rgb(raster->cr, 1, 1, 1);
        cairo_paint(raster->cr);
        cairo_set_antialias(raster->cr, CAIRO_ANTIALIAS_NONE);
        cairo_scale(raster->cr, dpi / 72.0, dpi / 72.0);
        *ret = TAKE_PTR(raster);
        return 0;
}

void raster_free(struct raster *raster) {
        if (!raster)
                return;
        cairo_destroy(raster->cr);
        cairo_surface_destroy(raster->surface);
        free(raster);
}

cairo_t *raster_context(struct raster *raster) {
        return raster->cr;
}

/* Black when a printer with one ink would print it: below half of Rec. 709 luminance. */
static bool is_black(const struct raster *raster, int x, int y) {
        const unsigned char *row = cairo_image_surface_get_data(raster->surface) +
                                   (ptrdiff_t) cairo_image_surface_get_stride(raster->surface) * y;
        uint32_t dot;

        memcpy(&dot, row + 4 * (ptrdiff_t) x, sizeof dot);
        return (dot >> 16 & 0xff) * 2126 + (dot >> 8 & 0xff) * 7152 + (dot & 0xff) * 722 < 128 * 10000;
}

int raster_cut(const struct raster *raster, int x, int y, int width, int height, uint8_t **ret, struct error *err) {
        uint8_t *dots;

        if (x < 0 || y < 0 || width < 1 || height < 1 || x + width > raster->width || y + height > raster->height)
                return fail(err, ERR_FAILED, "El recorte se sale de la imagen.", "The cut is outside the picture.");
        dots = malloc((size_t) width * (size_t) height);
        if (!dots)
                return fail_memory(err);
        cairo_surface_flush(raster->surface);
        for (int row = 0; row < height; row++)
                for (int column = 0; column < width; column++)
                        dots[(size_t) row * (size_t) width + (size_t) column] =
                                is_black(raster, x + column, y + row) ? 0 : 255;
        *ret = dots;
        return 0;
}

/* --- PNG ------------------------------------------------------------------------------------------------- */

/* CRC-32 of PNG (annex D), a bit at a time: it covers 13 bytes. */
static uint32_t png_crc(const unsigned char *data, size_t n) {
        uint32_t crc = 0xffffffff;

        for (size_t i = 0; i < n; i++) {
                crc ^= data[i];
                for (int bit = 0; bit < 8; bit++)
                        crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
        }
        return ~crc;
}

static void big_endian(unsigned char *out, uint32_t value) {
        out[0] = (unsigned char) (value >> 24);
        out[1] = (unsigned char) (value >> 16);
        out[2] = (unsigned char) (value >> 8);
        out[3] = (unsigned char) value;
}

/* Signature (8 bytes) and IHDR (25) come first; pHYs, which says how large a dot is, must come before IDAT. */
static int with_size(const struct output *plain, int dpi, struct output *out, struct error *err) {
        enum { HEAD = 33 };
        unsigned char chunk[21] = { 0, 0, 0, 9, 'p', 'H', 'Y', 's' };
        uint32_t per_metre = (uint32_t) lround(dpi / 0.0254);

        if (plain->size < HEAD)
                return fail(err, ERR_FAILED, "cairo no escribió un PNG.", "cairo wrote no PNG.");
        big_endian(chunk + 8, per_metre);
        big_endian(chunk + 12, per_metre);
        chunk[16] = 1; /* metre */
        big_endian(chunk + 17, png_crc(chunk + 4, 13));
        if (output_write(out, plain->data, HEAD) != CAIRO_STATUS_SUCCESS ||
            output_write(out, chunk, sizeof chunk) != CAIRO_STATUS_SUCCESS ||
            output_write(out, plain->data + HEAD, (unsigned) (plain->size - HEAD)) != CAIRO_STATUS_SUCCESS)
                return fail_memory(err);
        return 0;
}

/* cairo writes an A1 surface as 1-bit grey, in which a set bit is white. */
static cairo_surface_t *one_bit(const struct raster *raster) {
        cairo_surface_t *bits = cairo_image_surface_create(CAIRO_FORMAT_A1, raster->width, raster->height);
        unsigned char *data = cairo_image_surface_get_data(bits);
        int stride = cairo_image_surface_get_stride(bits);

        cairo_surface_flush(raster->surface);
        for (int y = 0; data && y < raster->height; y++)
                for (int x = 0; x < raster->width; x++) {
                        if (is_black(raster, x, y))
                                continue;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
                        data[(ptrdiff_t) stride * y + x / 8] |= (unsigned char) (1U << (x % 8));
#else
                        data[(ptrdiff_t) stride * y + x / 8] |= (unsigned char) (0x80U >> (x % 8));
#endif
                }
        cairo_surface_mark_dirty(bits);
        return bits;
}

int raster_png(const struct raster *raster, bool mono, struct output *out, struct error *err) {
        _cleanup_(output_done) struct output plain = { 0 };
        cairo_surface_t *bits = mono ? one_bit(raster) : cairo_surface_reference(raster->surface);
        cairo_status_t status = cairo_surface_write_to_png_stream(bits, output_write, &plain);

        cairo_surface_destroy(bits);
        if (status != CAIRO_STATUS_SUCCESS)
                return fail(err, ERR_FAILED, "No se puede escribir el PNG: %s.", "The PNG can't be written: %s.",
                            cairo_status_to_string(status));
        return with_size(&plain, raster->dpi, out, err);
}

/* --- ZPL ------------------------------------------------------------------------------------------------- */

/* ^RFW writes hexadecimal into bank 1 (EPC) of a Gen 2 tag, from block 2: blocks 0 and 1 are its CRC and PC. */
static int rfid(FILE *out, const char *epc, struct error *err) {
        size_t n = strlen(epc);

        if (n == 0)
                return 0;
        if (n % 4 != 0 || n > 31 * 4 || strspn(epc, "0123456789ABCDEFabcdef") != n)
                return fail(err, ERR_USAGE, "El EPC «%s» no son palabras de 4 cifras hexadecimales.",
                            "EPC “%s” is not words of 4 hexadecimal digits.", epc);
        (void) fprintf(out, "^RS8^RFW,H,2,%zu,1^FD%s^FS\n", n / 2, epc);
        return 0;
}

/* A row of dots as hexadecimal, whole bytes; what is right of the picture is white. */
static void put_row(FILE *out, const struct raster *raster, int y, int bytes) {
        static const char digits[] = "0123456789ABCDEF";

        for (int byte = 0; byte < bytes; byte++) {
                unsigned bits = 0;

                for (int x = byte * 8; x < byte * 8 + 8; x++)
                        bits = bits << 1 | (x < raster->width && is_black(raster, x, y));
                (void) putc_unlocked(digits[bits >> 4], out);
                (void) putc_unlocked(digits[bits & 15], out);
        }
}

int raster_zpl(const struct raster *raster, const char *epc, struct output *out, struct error *err) {
        _cleanup_free_ char *text = NULL;
        size_t n = 0;
        int row = (raster->width + 7) / 8, r;
        FILE *stream = open_memstream(&text, &n);

        if (!stream)
                return fail_memory(err);
        cairo_surface_flush(raster->surface);
        (void) fprintf(stream, "^XA\n^PW%d\n^LL%d\n^LH0,0\n", raster->width, raster->height);
        r = rfid(stream, epc, err);
        (void) fprintf(stream, "^FO0,0^GFA,%d,%d,%d,", row * raster->height, row * raster->height, row);
        for (int y = 0; y < raster->height; y++)
                put_row(stream, raster, y, row);
        (void) fprintf(stream, "^FS\n^XZ\n");
        if (fclose(stream) != 0 ||
            (r == 0 && output_write(out, (const unsigned char *) text, (unsigned) n) != CAIRO_STATUS_SUCCESS))
                return fail_memory(err);
        return r;
}
