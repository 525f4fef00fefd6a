/* [qr]: a member's text as a QR, and a paragraph beside it. For what is scanned again, not for what is proved: the
 * document's own QR stands in its head. */
#include <string.h>

#include "base/str.h"
#include "print/form_parts.h"
#include "print/qr.h"

enum { BESIDE_LINES = 40 };

static const struct style text_style = { FACE_SANS, 8.25 };
static const double SIDE = 50 * POINTS_PER_MM, LEADING = 10.5, GAP = 12;

static int place(struct sheet *sheet, const struct form_block *block) {
        const char *beside = block->text[sheet->lang] ? block->text[sheet->lang] : block->text[LANG_ES];
        const char *text = block->member ? form_value(form_member(sheet->data, block->member), SHOW_TEXT,
                                                      sheet->lang, sheet->buffer)
                                         : "";
        struct error err;
        int r = 0;

        sheet_title(sheet, block, SIDE);
        sheet->y += 3;
        if (sheet->draw && *text)
                r = qr_draw_in(sheet->cr, text, sheet->left, sheet->y, SIDE, &err);
        else if (sheet->draw)
                sheet_box(sheet, sheet->left, sheet->y, SIDE, SIDE, INK_RULE, false);
        sheet_ink(sheet, INK_TEXT);
        if (beside)
                (void) sheet_lines(sheet, text_style, LEADING, sheet->left + SIDE + GAP, sheet->y + 4,
                                   sheet->right - sheet->left - SIDE - GAP, beside, BESIDE_LINES, sheet->draw);
        sheet->y += SIDE + SHEET_GAP;
        return r;
}

const struct form_kind form_kind_qr = { "qr", NULL, place };
