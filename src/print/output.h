/* What cairo writes, gathered in memory, so that a file appears whole or not at all. */
#pragma once

#include <cairo.h>
#include <stddef.h>

#include "base/error.h"

struct output {
        unsigned char *data;
        size_t size, room;
};

/* A cairo_write_func_t; its closure is a struct output. */
cairo_status_t output_write(void *closure, const unsigned char *data, unsigned int length);
/* Finishes a surface and says whether all went well. */
int output_finish(cairo_surface_t *surface, struct error *err);
/* Without a path nothing is written: a dry run. */
int output_save(const struct output *out, const char *path, struct error *err);
void output_done(struct output *out);
