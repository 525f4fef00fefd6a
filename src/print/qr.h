/* QR codes (ISO/IEC 18004): encoded, drawn in whole dots, and read back from the very bits that are printed. */
#pragma once

#include <cairo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

enum { QR_QUIET = 4, QR_TEXT_MAX = 512, QR_DOTS_LEAST = 3 };

struct qr {
        int modules;    /* along one side, without the quiet zone */
        char level;     /* error correction: 'Q' or 'H' */
        uint8_t dark[]; /* modules * modules, 1 is black */
};

/* Letters and digits survive every keyboard layout of a scanner; all else is dropped before matching. */
static inline bool qr_keeps(char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
static inline char qr_upper(char c) {
        return c >= 'a' && c <= 'z' ? (char) (c - 'a' + 'A') : c;
}

/* Error correction H, the strongest: with Q a fifth of the signed codes does not survive 2 % of speckle at three
 * dots a module, and H costs four modules. Q only where H can't hold the text. ERR_USAGE when it is too long. */
int qr_encode(const char *text, struct qr **ret, struct error *err);
void qr_free(struct qr *qr);
DEFINE_CLEANUP(struct qr, qr_free)

/* A reader that shares no code with the encoder (libzbar). One for each thread. */
struct qr_reader;
int qr_reader_new(struct qr_reader **ret, struct error *err);
/* The same for Code 128 alone. */
int qr_reader_new_lines(struct qr_reader **ret, struct error *err);
void qr_reader_free(struct qr_reader *reader);
DEFINE_CLEANUP(struct qr_reader, qr_reader_free)

/* Reads an image of one byte a dot, 0 black to 255 white. ERR_VERIFY unless it holds exactly `expected`. */
int qr_read(struct qr_reader *reader, const uint8_t *dots, int width, int height, const char *expected,
            struct error *err);
/* Reads the symbol itself, with its quiet zone. */
int qr_verify(struct qr_reader *reader, const struct qr *qr, const char *expected, struct error *err);

/* The symbol with its quiet zone, one dot a module, as a 1-bit mask. Release with cairo_surface_destroy(). */
cairo_surface_t *qr_mask(const struct qr *qr);
/* Paints a mask with modules of `module` user-space units, its quiet zone's corner at (x, y); black on white. */
void qr_paint(cairo_t *cr, cairo_surface_t *mask, double x, double y, double module);

/* The same as one path, for formats that would smooth an enlarged picture (SVG). */
void qr_paint_path(cairo_t *cr, const struct qr *qr, double x, double y, double module);

/* Encodes, verifies and draws within a square, quiet zone included; for documents. */
int qr_draw_in(cairo_t *cr, const char *text, double x, double y, double side, struct error *err);
