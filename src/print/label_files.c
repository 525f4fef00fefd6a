/* The files under labels/: designs, sheets of stickers, and the pictures that designs show. */
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "print/description.h"
#include "print/label_parts.h"

enum { NAMES_MAX = 256 };

void label_names_free(char **names) {
        for (size_t i = 0; names && names[i]; i++)
                free(names[i]);
        free(names);
}

static int by_name(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static bool has_name(char **names, size_t n, const char *name, size_t length) {
        for (size_t i = 0; i < n; i++)
                if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
                        return true;
        return false;
}

/* Adds the NAME.ini of one folder; a folder that isn't there has none. */
static int add_names(const char *folder, char **names, size_t *n) {
        _cleanup_closedir_ DIR *dir = opendir(folder);
        const struct dirent *entry;

        while (dir && (entry = readdir(dir)) != NULL && *n < NAMES_MAX) {
                size_t length = strlen(entry->d_name);

                if (length <= 4 || strcmp(entry->d_name + length - 4, ".ini") != 0 ||
                    !file_name_safe(entry->d_name) || has_name(names, *n, entry->d_name, length - 4))
                        continue;
                names[*n] = strndup(entry->d_name, length - 4);
                if (!names[*n])
                        return ERR_FAILED;
                (*n)++;
        }
        return 0;
}

static int list_names(const char *folder, const char *sub, char ***ret, struct error *err) {
        const char *const roots[] = { folder, MPSI_DATA_DIR "/labels", MPSI_SOURCE_DIR "/labels" };
        char **names = calloc(NAMES_MAX + 1, sizeof *names);
        size_t n = 0;
        int r = names ? 0 : ERR_FAILED;

        for (size_t i = 0; r == 0 && i < COUNT(roots); i++) {
                _cleanup_free_ char *path = roots[i] ? str_format("%s%s", roots[i], sub) : NULL;

                if (roots[i])
                        r = path ? add_names(path, names, &n) : ERR_FAILED;
        }
        if (r < 0) {
                label_names_free(names);
                return fail_memory(err);
        }
        qsort(names, n, sizeof *names, by_name);
        *ret = names;
        return 0;
}

int label_design_list(const char *labels, char ***ret, struct error *err) {
        return list_names(labels, "", ret, err);
}

int label_stock_list(const char *labels, char ***ret, struct error *err) {
        return list_names(labels, "/sheets", ret, err);
}

/* --- pictures --------------------------------------------------------------------------------------------- */

enum { PICTURE_BYTES = 1 << 20, PICTURE_SIDE = 4096 };

static bool is_small_png(const char *data, size_t n) {
        static const char head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        const unsigned char *size = (const unsigned char *) data + sizeof head - 1;

        return n > 33 && memcmp(data, head, sizeof head - 1) == 0 && size[0] == 0 && size[1] == 0 &&
               (size[2] << 8 | size[3]) <= PICTURE_SIDE && size[4] == 0 && size[5] == 0 &&
               (size[6] << 8 | size[7]) <= PICTURE_SIDE;
}

struct bytes {
        const char *data;
        size_t left;
};

static cairo_status_t read_bytes(void *closure, unsigned char *out, unsigned length) {
        struct bytes *bytes = closure;

        if (length > bytes->left)
                return CAIRO_STATUS_READ_ERROR;
        memcpy(out, bytes->data, length);
        bytes->data += length;
        bytes->left -= length;
        return CAIRO_STATUS_SUCCESS;
}

int label_image_load(const char *labels, struct label_element *element, struct error *err) {
        const char *const roots[] = { labels, MPSI_DATA_DIR "/labels", MPSI_SOURCE_DIR "/labels" };
        _cleanup_free_ char *data = NULL;
        struct bytes bytes = { 0 };
        int r = ERR_NOT_FOUND;

        for (size_t i = 0; r == ERR_NOT_FOUND && i < COUNT(roots); i++) {
                _cleanup_free_ char *path = roots[i] ? str_format("%s/%s", roots[i], element->file) : NULL;

                if (path && access(path, F_OK) == 0)
                        r = file_read(path, PICTURE_BYTES, &data, &bytes.left, err);
        }
        if (r == ERR_NOT_FOUND) {
                (void) fail(err, ERR_USAGE, "No hay ninguna imagen «%s».", "There is no picture “%s”.",
                            element->file);
                return description_blame(element->source, "file", err);
        }
        if (r < 0)
                return r;
        bytes.data = data;
        if (is_small_png(data, bytes.left))
                element->picture = cairo_image_surface_create_from_png_stream(read_bytes, &bytes);
        if (element->picture && cairo_surface_status(element->picture) == CAIRO_STATUS_SUCCESS)
                return 0;
        (void) fail(err, ERR_USAGE, "«%s» no es un PNG de hasta %d × %d puntos.",
                    "“%s” is no PNG of up to %d × %d dots.", element->file, PICTURE_SIDE, PICTURE_SIDE);
        return description_blame(element->source, "file", err);
}
