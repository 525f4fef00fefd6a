/* Sheets of stickers as they are sold, one file each under labels/sheets/; and where each sticker lies. */
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "print/description.h"
#include "print/label_parts.h"

static const double A4_WIDTH = 210, A4_HEIGHT = 297;

void label_stock_free(struct label_stock *stock) {
        if (!stock)
                return;
        free(stock->id);
        for (int lang = 0; lang < LANGS; lang++)
                free(stock->name[lang]);
        free(stock);
}

static int take(void *context, const char *section, const char *key, const char *value, struct error *err) {
        struct label_stock *stock = context;
        const struct {
                const char *key;
                double *out;
        } numbers[] = {
                { "paper_width", &stock->paper_width },
                { "paper_height", &stock->paper_height },
                { "width", &stock->width },
                { "height", &stock->height },
                { "left", &stock->left },
                { "top", &stock->top },
                { "gap_x", &stock->gap_x },
                { "gap_y", &stock->gap_y },
        };

        if (strcmp(section, "sheet") != 0)
                return fail(err, ERR_USAGE, "No existe la sección [%s].", "There is no section [%s].", section);
        for (size_t i = 0; i < COUNT(numbers); i++)
                if (strcmp(key, numbers[i].key) == 0)
                        return design_number(numbers[i].out, value, 500, err);
        if (strcmp(key, "columns") == 0)
                return design_count(&stock->columns, value, 50, err);
        if (strcmp(key, "rows") == 0)
                return design_count(&stock->rows, value, 50, err);
        if (strcmp(key, "name.es") == 0)
                return design_string(&stock->name[LANG_ES], value, err);
        if (strcmp(key, "name.en") == 0)
                return design_string(&stock->name[LANG_EN], value, err);
        return fail(err, ERR_USAGE, "No existe la clave «%s» en [%s].", "There is no key “%s” in [%s].", key,
                    section);
}

int label_stock_check(const struct label_stock *stock, struct error *err) {
        double right = stock->left + stock->columns * (stock->width + stock->gap_x) - stock->gap_x;
        double bottom = stock->top + stock->rows * (stock->height + stock->gap_y) - stock->gap_y;

        if (stock->columns < 1 || stock->rows < 1 || stock->width < 10 || stock->height < 5)
                return fail(err, ERR_USAGE, "La hoja «%s» necesita columns, rows, width (10 mm) y height (5 mm).",
                            "Sheet “%s” needs columns, rows, width (10 mm) and height (5 mm).", stock->id);
        if (right > stock->paper_width + 0.5 || bottom > stock->paper_height + 0.5)
                return fail(
                        err, ERR_USAGE,
                        "La hoja «%s» no cabe en su papel: las pegatinas llegan a %.4g × %.4g mm y el papel mide "
                        "%.4g × %.4g.",
                        "Sheet “%s” does not fit on its paper: the stickers reach %.4g × %.4g mm and the paper "
                        "measures %.4g × %.4g.",
                        stock->id, right, bottom, stock->paper_width, stock->paper_height);
        return 0;
}

int label_stock_parse(const char *id, const char *text, size_t n, struct label_stock **ret, struct error *err) {
        _cleanup_(label_stock_freep) struct label_stock *stock = calloc(1, sizeof *stock);
        int r;

        if (!stock || !(stock->id = strdup(id)))
                return fail_memory(err);
        stock->paper_width = A4_WIDTH;
        stock->paper_height = A4_HEIGHT;
        r = description_parse(text, n, take, stock, err);
        if (r == 0 && str_empty(stock->name[LANG_ES]))
                r = fail(err, ERR_USAGE, "A la hoja «%s» le falta «name.es».", "Sheet “%s” lacks “name.es”.", id);
        if (r == 0)
                r = label_stock_check(stock, err);
        if (r == 0)
                *ret = TAKE_PTR(stock);
        return r;
}

int label_stock_load(const char *labels, const char *id, struct label_stock **ret, struct error *err) {
        _cleanup_free_ char *folder = labels ? str_format("%s/sheets", labels) : NULL, *path = NULL, *text = NULL;
        size_t n;
        int r = description_find(folder, "labels/sheets", id, &path, err);

        if (r == ERR_NOT_FOUND)
                return hint(err, "«label sheets» enumera las que hay.", "“label sheets” lists those there are.");
        if (r == 0)
                r = file_read(path, DESCRIPTION_MAX, &text, &n, err);
        if (r == 0)
                r = label_stock_parse(id, text, n, ret, err);
        if (r == ERR_USAGE && path)
                (void) hint(err, "Corrija «%s» (véase docs/labels.md).", "Mend “%s” (see docs/labels.md).", path);
        return r;
}

int label_sheet_of(const struct label_design *design, const struct label_look *look, struct label_stock *ret,
                   struct error *err) {
        int r = 0;

        if (look->stock)
                *ret = *look->stock;
        else
                *ret = (struct label_stock){ .id = design->id,
                                             .paper_width = A4_WIDTH,
                                             .paper_height = A4_HEIGHT,
                                             .width = design->width,
                                             .height = design->height,
                                             .left = design->left,
                                             .top = design->top,
                                             .gap_x = design->gap_x,
                                             .gap_y = design->gap_y,
                                             .columns = design->columns,
                                             .rows = design->rows };
        if (ret->columns * ret->rows == 0)
                return fail(err, ERR_USAGE, "El diseño «%s» no describe una hoja [sheet]: elija una con «--stock».",
                            "Design “%s” describes no [sheet]: choose one with “--stock”.", design->id);
        if (design->width > ret->width + 0.05 || design->height > ret->height + 0.05)
                r = fail(err, ERR_USAGE, "El diseño «%s» mide %.4g × %.4g mm y la pegatina de «%s», %.4g × %.4g.",
                         "Design “%s” measures %.4g × %.4g mm and the sticker of “%s” %.4g × %.4g.", design->id,
                         design->width, design->height, ret->id, ret->width, ret->height);
        if (r == 0 && (look->first < 1 || look->first > ret->columns * ret->rows))
                r = fail(err, ERR_USAGE, "La primera etiqueta libre es de 1 a %d.",
                         "The first free sticker is 1 to %d.", ret->columns * ret->rows);
        return r;
}

void label_sheet_place(const struct label_stock *sheet, const struct label_look *look, int position, double *ret_x,
                       double *ret_y) {
        int column = position % sheet->columns, row = position / sheet->columns;

        *ret_x = sheet->left + column * (sheet->width + sheet->gap_x) + look->offset_x;
        *ret_y = sheet->top + row * (sheet->height + sheet->gap_y) + look->offset_y;
}
