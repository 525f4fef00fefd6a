/* A picture in printer's dots: PNG with its physical size, and ZPL for thermal printers. */
#pragma once

#include <cairo.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "print/output.h"

struct raster;

/* White; size in dots. */
int raster_new(int width, int height, int dpi, struct raster **ret, struct error *err);
void raster_free(struct raster *raster);
DEFINE_CLEANUP(struct raster, raster_free)
/* In points, without antialiasing. Borrowed. */
cairo_t *raster_context(struct raster *raster);

/* A part of it, one byte a dot: 0 what will be black, 255 what will be white. The caller frees. */
int raster_cut(const struct raster *raster, int x, int y, int width, int height, uint8_t **ret, struct error *err);

/* Colour, or 1 bit a dot. */
int raster_png(const struct raster *raster, bool mono, struct output *out, struct error *err);
/* One ^XA … ^XZ; `epc` is hexadecimal, or "" for none: its write command goes with the label. */
int raster_zpl(const struct raster *raster, const char *epc, struct output *out, struct error *err);
