/* [signatures]: a box for each person: role, name, title, date and place, and room to sign. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "print/form_parts.h"

enum { BOXES_A_ROW = 4, SIGN_HEIGHT = 39 };

static const struct style role_style = { FACE_BOLD, 7.5 }, label_style = { FACE_SANS, 6.5 },
                          value_style = { FACE_SANS, 8.5 };
static const double HEIGHT = 106, GUTTER = 8, PAD = 5;

static const struct {
        const char *member;
        struct text label;
        enum form_show show;
} lines[] = {
        { "name", { "Nombre", "Name" }, SHOW_TEXT },
        { "title", { "Cargo", "Title" }, SHOW_TEXT },
        { "date", { "Fecha", "Date" }, SHOW_MOMENT },
        { "place", { "Lugar", "Place" }, SHOW_TEXT },
};

/* Where the electronic signature is drawn later: a named destination "sign:NAME:WIDTH:HEIGHT" at the corner of the
 * free room, which the signer looks for (sign/pdf.h). Whole points, so that no locale writes a comma. */
static void reserve(struct sheet *sheet, const struct form_item *item, double x, double y, double width) {
        const char *name = strrchr(item->member, '.') ? strrchr(item->member, '.') + 1 : item->member;
        _cleanup_free_ char *tag = NULL;

        if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0' || strlen(name) > 32)
                return;
        tag = str_format("name='sign:%s:%d:%d' x=%d y=%d", name, (int) width, SIGN_HEIGHT, (int) x, (int) y);
        if (!tag)
                return;
        cairo_tag_begin(sheet->cr, CAIRO_TAG_DEST, tag);
        cairo_tag_end(sheet->cr, CAIRO_TAG_DEST);
}

static void box(struct sheet *sheet, const struct form_item *item, double x, double width) {
        const json_t *person = form_member(sheet->data, item->member);
        double y = sheet->y + 15.5, indent = 34;

        sheet_box(sheet, x, sheet->y, width, 14, INK_SHADE, true);
        sheet_box(sheet, x, sheet->y, width, HEIGHT, INK_RULE, false);
        if (!sheet->draw)
                return;
        sheet_open(sheet, "P");
        sheet_ink(sheet, INK_ACCENT);
        (void) type_fit(sheet->ts, sheet->cr, role_style, 5, ALIGN_LEFT, x + PAD, sheet->y + 9.8, width - 2 * PAD,
                        item->label[sheet->lang]);
        for (size_t i = 0; i < COUNT(lines); i++) {
                const char *text = form_value(form_member(person, lines[i].member), lines[i].show, sheet->lang,
                                              sheet->buffer);

                sheet_ink(sheet, INK_LABEL);
                sheet_text(sheet, label_style, x + PAD, y + 9, text_in(lines[i].label, sheet->lang),
                           strlen(text_in(lines[i].label, sheet->lang)));
                sheet_ink(sheet, INK_TEXT);
                (void) type_fit(sheet->ts, sheet->cr, value_style, 6, ALIGN_LEFT, x + PAD + indent, y + 9,
                                width - 2 * PAD - indent, text);
                sheet_rule(sheet, x + PAD + indent, y + 11, x + width - PAD, y + 11, 0.3, INK_RULE);
                y += 12;
        }
        sheet_ink(sheet, INK_LABEL);
        sheet_text(sheet, label_style, x + PAD, y + 9, sheet->lang == LANG_EN ? "Signature" : "Firma",
                   strlen(sheet->lang == LANG_EN ? "Signature" : "Firma"));
        sheet_close(sheet);
        sheet_ink(sheet, INK_TEXT);
        if (!form_present(form_member(person, "note")))
                reserve(sheet, item, x + PAD + indent - 1, y + 2, width - PAD - indent - 1);
        (void) sheet_lines(sheet, label_style, 7.5, x + PAD + indent, y + 3, width - 2 * PAD - indent,
                           form_value(form_member(person, "note"), SHOW_TEXT, sheet->lang, sheet->buffer), 4, true);
}

/* A box whose person is `false` isn't there: of custodians there are as many as there are. */
static size_t boxes(struct sheet *sheet, const struct form_block *block, const struct form_item **ret) {
        size_t n = 0;

        for (size_t i = 0; i < block->items_n; i++)
                if (!json_is_false(form_member(sheet->data, block->items[i].member)))
                        ret[n++] = &block->items[i];
        return n;
}

static int place(struct sheet *sheet, const struct form_block *block) {
        _cleanup_free_ const struct form_item **items = calloc(block->items_n + 1, sizeof(struct form_item *));
        size_t n = items ? boxes(sheet, block, items) : 0, columns = n < BOXES_A_ROW ? n : BOXES_A_ROW;
        double width;

        if (!items)
                return ERR_FAILED;
        if (n == 0)
                return 0;
        width = (sheet->right - sheet->left - GUTTER * (double) (columns - 1)) / (double) columns;
        sheet_title(sheet, block, HEIGHT + 3);
        for (size_t i = 0; i < n; i += columns) {
                sheet_need(sheet, HEIGHT + 3);
                sheet->y += 3;
                for (size_t k = 0; k < columns && i + k < n; k++)
                        box(sheet, items[i + k], sheet->left + (double) k * (width + GUTTER), width);
                sheet->y += HEIGHT;
        }
        sheet->y += SHEET_GAP;
        return 0;
}

const struct form_kind form_kind_signatures = { "signatures", "box", place };
