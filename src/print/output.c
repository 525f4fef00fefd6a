#include "print/output.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

cairo_status_t output_write(void *closure, const unsigned char *data, unsigned int length) {
        struct output *out = closure;

        if (out->size + length > out->room) {
                size_t room = out->room ? out->room * 2 : 65536;
                unsigned char *grown;

                while (room < out->size + length)
                        room *= 2;
                grown = realloc(out->data, room);
                if (!grown)
                        return CAIRO_STATUS_NO_MEMORY;
                out->data = grown;
                out->room = room;
        }
        memcpy(out->data + out->size, data, length);
        out->size += length;
        return CAIRO_STATUS_SUCCESS;
}

int output_finish(cairo_surface_t *surface, struct error *err) {
        cairo_surface_finish(surface);
        if (cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS)
                return 0;
        return fail(err, ERR_FAILED, "No se puede componer el documento: %s.",
                    "The document can't be composed: %s.", cairo_status_to_string(cairo_surface_status(surface)));
}

int output_save(const struct output *out, const char *path, struct error *err) {
        if (!path)
                return 0;
        return file_write(path, out->data, out->size, 0640, err);
}

void output_done(struct output *out) {
        free(out->data);
        *out = (struct output){ 0 };
}
