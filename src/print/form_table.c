/* [table]: an array of objects; the header is repeated on each page. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "policy/labelling.h"
#include "print/form_parts.h"

enum { CELL_LINES = 8, HEADER_LINES = 3 };

static const struct style head_style = { FACE_BOLD, 7 }, cell_style = { FACE_SANS, 8 },
                          mono_style = { FACE_MONO, 7.5 };
static const double LEAST = 6, LEADING = 9.75, HEAD_LEADING = 8.5, PAD = 2.6, SIDE = 2.5;

/* Points a millimetre of the description takes on this sheet, so that all columns fill it. */
static double column_scale(const struct sheet *sheet, const struct form_block *block) {
        double total = 0;

        for (size_t i = 0; i < block->items_n; i++)
                total += block->items[i].width;
        return (sheet->right - sheet->left) / total;
}

static double header_height(struct sheet *sheet, const struct form_block *block, double scale) {
        double height = HEAD_LEADING;

        for (size_t i = 0; i < block->items_n; i++) {
                double used = block->items[i].right
                                      ? HEAD_LEADING
                                      : sheet_lines(sheet, head_style, HEAD_LEADING, 0, 0,
                                                    block->items[i].width * scale - 2 * SIDE,
                                                    block->items[i].label[sheet->lang], HEADER_LINES, false);

                height = used > height ? used : height;
        }
        return height + 2 * PAD;
}

static void header(struct sheet *sheet, const struct form_block *block, double scale, double height) {
        double x = sheet->left;

        sheet_box(sheet, sheet->left, sheet->y, sheet->right - sheet->left, height, INK_SHADE, true);
        sheet_ink(sheet, INK_ACCENT);
        sheet_open(sheet, "TR");
        for (size_t i = 0; i < block->items_n; i++) {
                double width = block->items[i].width * scale;

                const char *label = block->items[i].label[sheet->lang];

                sheet_open(sheet, "TH");
                if (block->items[i].right && sheet->draw)
                        (void) type_fit(sheet->ts, sheet->cr, head_style, 5, ALIGN_RIGHT, x + SIDE,
                                        sheet->y + PAD + 0.76 * HEAD_LEADING, width - 2 * SIDE, label);
                else
                        (void) sheet_lines(sheet, head_style, HEAD_LEADING, x + SIDE, sheet->y + PAD,
                                           width - 2 * SIDE, label, HEADER_LINES, true);
                sheet_close(sheet);
                x += width;
        }
        sheet_close(sheet);
        sheet_rule(sheet, sheet->left, sheet->y + height, sheet->right, sheet->y + height, 0.7, INK_ACCENT);
        sheet->y += height;
}

static const char *cell_text(struct sheet *sheet, const struct form_item *item, const json_t *row, size_t number) {
        if (strcmp(item->member, "#") != 0)
                return form_value(form_member(row, item->member), item->show, sheet->lang, sheet->buffer);
        (void) snprintf(sheet->buffer, sizeof sheet->buffer, "%zu", number + 1);
        return sheet->buffer;
}

/* The whole height of the row, so that a wall sees it. */
static void swatch(struct sheet *sheet, const char *code, double x, double width, double height) {
        int class = term_parse(classification_terms, CLASSIFICATIONS, code);
        const struct classification_mark *mark = class < 0 ? NULL : &classification_marks[class];

        if (!mark)
                return;
        cairo_set_source_rgb(sheet->cr, mark->red, mark->green, mark->blue);
        cairo_rectangle(sheet->cr, x, sheet->y + PAD, width, height - 2 * PAD);
        cairo_fill(sheet->cr);
        sheet_ink(sheet, INK_TEXT);
}

static double cell(struct sheet *sheet, const struct form_item *item, const char *text, double x, double width,
                   bool draw) {
        struct style style = sheet_word_style(sheet, item->mono ? mono_style : cell_style, LEAST, width, text);

        if (draw && item->right && *text) {
                (void) type_fit(sheet->ts, sheet->cr, style, 5, ALIGN_RIGHT, x, sheet->y + PAD + 7.4, width, text);
                return LEADING;
        }
        return sheet_lines(sheet, style, LEADING, x, sheet->y + PAD, width, text, item->right ? 1 : CELL_LINES,
                           draw);
}

static double row_height(struct sheet *sheet, const struct form_block *block, const json_t *row, size_t number,
                         double scale) {
        double height = LEADING, least = block->row_height * POINTS_PER_MM;

        for (size_t i = 0; i < block->items_n; i++) {
                if (block->items[i].swatch)
                        continue;
                double used = cell(sheet, &block->items[i], cell_text(sheet, &block->items[i], row, number), 0,
                                   block->items[i].width * scale - 2 * SIDE, false);

                height = used > height ? used : height;
        }
        height += 2 * PAD - 1;
        return height > least ? height : least;
}

static void row_draw(struct sheet *sheet, const struct form_block *block, const json_t *row, size_t number,
                     double scale, double height) {
        double x = sheet->left;

        sheet_ink(sheet, INK_TEXT);
        sheet_open(sheet, "TR");
        for (size_t i = 0; i < block->items_n; i++) {
                double width = block->items[i].width * scale;

                sheet_open(sheet, "TD");
                if (block->items[i].swatch)
                        swatch(sheet, cell_text(sheet, &block->items[i], row, number), x + SIDE, width - 2 * SIDE,
                               height);
                else
                        (void) cell(sheet, &block->items[i], cell_text(sheet, &block->items[i], row, number),
                                    x + SIDE, width - 2 * SIDE, true);
                sheet_close(sheet);
                x += width;
        }
        sheet_close(sheet);
}

/* The height of all rows, or a number larger than any page. */
static double whole_height(struct sheet *sheet, const struct form_block *block, const json_t *rows, size_t n,
                           double scale) {
        double height = 0, page = sheet->bottom - sheet->top;

        for (size_t i = 0; i < n && height <= page; i++)
                height += row_height(sheet, block, json_array_get(rows, i), i, scale);
        return height;
}

static int place(struct sheet *sheet, const struct form_block *block) {
        const json_t *rows = block->rows ? form_member(sheet->data, block->rows) : NULL;
        size_t given = json_array_size(rows), least = (size_t) block->min_rows;
        size_t n = given > least ? given : least;
        double scale = column_scale(sheet, block), head = header_height(sheet, block, scale);

        double follow = head + 3 * LEADING;

        if (block->together) {
                double whole = head + whole_height(sheet, block, rows, n, scale);

                follow = whole < sheet->bottom - sheet->top - 40 ? whole : follow;
        }
        sheet_title(sheet, block, follow);
        sheet_open(sheet, "Table");
        header(sheet, block, scale, head);
        for (size_t i = 0; i < n; i++) {
                const json_t *row = json_array_get(rows, i);
                double height = row_height(sheet, block, row, i, scale);

                if (sheet->y + height > sheet->bottom) {
                        sheet_break(sheet);
                        header(sheet, block, scale, head);
                }
                if (sheet->draw)
                        row_draw(sheet, block, row, i, scale, height);
                sheet->y += height;
                sheet_rule(sheet, sheet->left, sheet->y, sheet->right, sheet->y, 0.35, INK_RULE);
        }
        sheet_close(sheet);
        sheet->y += SHEET_GAP;
        return 0;
}

const struct form_kind form_kind_table = { "table", "column", place };
