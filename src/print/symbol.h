/* Codes beside QR: Data Matrix (ISO/IEC 16022) for tiny media, Code 128 (ISO/IEC 15417) for scanners that read
 * lines only. Encoded by libzint, read back by libraries that share no code with it: libdmtx and libzbar. */
#pragma once

#include <cairo.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

enum symbol_kind { SYMBOL_QR, SYMBOL_DATAMATRIX, SYMBOL_CODE128, SYMBOL_KINDS };

/* Modules as they are printed, without the quiet zone; Code 128 is one row that is drawn high. */
struct symbol {
        enum symbol_kind kind;
        int width, height;
        int quiet_x, quiet_y; /* modules on each side */
        int dots_least;       /* printer's dots a module */
        uint8_t dark[];       /* width * height, 1 is black */
};

/* ERR_USAGE for a text that the kind can't hold. Not for SYMBOL_QR (print/qr.h). */
int symbol_encode(enum symbol_kind kind, const char *text, struct symbol **ret, struct error *err);
void symbol_free(struct symbol *symbol);
DEFINE_CLEANUP(struct symbol, symbol_free)

/* A reader of one thread: libzbar and libdmtx. */
struct symbol_reader;
int symbol_reader_new(struct symbol_reader **ret, struct error *err);
void symbol_reader_free(struct symbol_reader *reader);
DEFINE_CLEANUP(struct symbol_reader, symbol_reader_free)

/* Reads an image of one byte a dot, 0 black to 255 white, that holds the symbol with its quiet zone. ERR_VERIFY
 * unless it holds exactly `expected`. */
int symbol_read(struct symbol_reader *reader, enum symbol_kind kind, const uint8_t *dots, int width, int height,
                const char *expected, struct error *err);
/* Reads the symbol itself, with its quiet zone. */
int symbol_verify(struct symbol_reader *reader, const struct symbol *symbol, const char *expected,
                  struct error *err);

/* Paints it black on white, its quiet zone's corner at (x, y), modules of `module_x` by `module_y` user-space
 * units: as a 1-bit picture, or as paths for formats that would smooth one (SVG). */
void symbol_paint(cairo_t *cr, const struct symbol *symbol, double x, double y, double module_x, double module_y,
                  bool paths);
