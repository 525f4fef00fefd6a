/* [fields]: label over value, in a grid; an absent value leaves a line for the pen. */
#include <string.h>

#include "base/str.h"
#include "print/form_parts.h"

enum { FIELD_LINES = 30, ROW_FIELDS = 4 };

static const struct style label_style = { FACE_SANS, 6.75 }, value_style = { FACE_SANS, 9.25 },
                          mono_style = { FACE_MONO, 8.75 };
static const double LEAST = 6.75, LEADING = 11.25, LABEL_ROOM = 9.5, PAD = 3, GUTTER = 8;

static double field_value(struct sheet *sheet, const struct form_item *item, double x, double y, double width,
                          bool draw) {
        const char *text = form_value(form_member(sheet->data, item->member), item->show, sheet->lang,
                                      sheet->buffer);

        struct style style = sheet_word_style(sheet, item->mono ? mono_style : value_style, LEAST, width, text);

        if (draw)
                sheet_ink(sheet, INK_TEXT);
        return sheet_lines(sheet, style, LEADING, x, y, width, text, FIELD_LINES, draw);
}

static void field_draw(struct sheet *sheet, const struct form_item *item, double x, double width, double height) {
        const char *label = item->label[sheet->lang];

        if (!sheet->draw)
                return;
        sheet_open(sheet, "P");
        sheet_ink(sheet, INK_LABEL);
        (void) type_fit(sheet->ts, sheet->cr, label_style, 5, ALIGN_LEFT, x, sheet->y + PAD + 6, width, label);
        (void) field_value(sheet, item, x, sheet->y + PAD + LABEL_ROOM - 1, width, true);
        sheet_close(sheet);
        sheet_rule(sheet, x, sheet->y + height, x + width, sheet->y + height, 0.4, INK_RULE);
}

/* One row of the grid: from item `first`, as many as fit side by side. Gives how many; returns its height. */
static double measure_row(struct sheet *sheet, const struct form_block *block, size_t first, size_t *ret_n) {
        double full = sheet->right - sheet->left, cell = (full - GUTTER * (block->columns - 1)) / block->columns;
        double height = 0;
        size_t n = 0;

        while (first + n < block->items_n && n < (size_t) block->columns && n < ROW_FIELDS) {
                const struct form_item *item = &block->items[first + n];
                double width = item->wide ? full : cell, used;

                if (item->wide && n > 0)
                        break;
                used = field_value(sheet, item, 0, 0, width, false);
                height = used > height ? used : height;
                n++;
                if (item->wide)
                        break;
        }
        *ret_n = n;
        return height + PAD + LABEL_ROOM + 1.5;
}

static size_t place_row(struct sheet *sheet, const struct form_block *block, size_t first) {
        double full = sheet->right - sheet->left, cell = (full - GUTTER * (block->columns - 1)) / block->columns;
        size_t n;
        double height = measure_row(sheet, block, first, &n);

        sheet_need(sheet, height);
        for (size_t i = 0; i < n; i++)
                field_draw(sheet, &block->items[first + i], sheet->left + (double) i * (cell + GUTTER),
                           block->items[first + i].wide ? full : cell, height);
        sheet->y += height;
        return n;
}

static int place(struct sheet *sheet, const struct form_block *block) {
        size_t n;

        sheet_title(sheet, block, measure_row(sheet, block, 0, &n));
        for (size_t i = 0; i < block->items_n;)
                i += place_row(sheet, block, i);
        sheet->y += SHEET_GAP;
        return 0;
}

const struct form_kind form_kind_fields = { "fields", "field", place };
