/* [text], [verdict] and [checks]: a paragraph, a certificate's statement, boxes that are ticked. */
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "print/form_parts.h"

enum { TEXT_LINES = 2000, STATEMENT_LINES = 8 };

static const struct style text_style = { FACE_SANS, 8.25 }, statement_style = { FACE_SANS, 10.5 },
                          result_style = { FACE_BOLD, 15 }, check_style = { FACE_SANS, 9 };
static const double LEADING = 10.5;

static int place_text(struct sheet *sheet, const struct form_block *block) {
        const char *standard = block->text[sheet->lang] ? block->text[sheet->lang] : block->text[LANG_ES];
        const char *given = block->member ? form_value(form_member(sheet->data, block->member), SHOW_TEXT,
                                                       sheet->lang, sheet->buffer)
                                          : "";
        _cleanup_free_ struct line *lines = NULL;
        _cleanup_free_ char *text = strdup(*given ? given : standard ? standard : "");
        size_t n;

        lines = calloc(TEXT_LINES, sizeof *lines);
        if (!lines || !text)
                return ERR_FAILED;
        n = type_break(sheet->ts, text_style, text, sheet->right - sheet->left, lines, TEXT_LINES, NULL);
        sheet_title(sheet, block, 3 * LEADING);
        sheet->y += 2;
        sheet_need(sheet, LEADING);
        sheet_open(sheet, "P");
        for (size_t i = 0; i < n; i++) {
                sheet_need(sheet, LEADING);
                sheet_ink(sheet, INK_TEXT);
                sheet_text(sheet, text_style, sheet->left, sheet->y + 8, text + lines[i].start, lines[i].length);
                sheet->y += LEADING;
        }
        sheet_close(sheet);
        sheet->y += SHEET_GAP;
        return 0;
}

static int place_verdict(struct sheet *sheet, const struct form_block *block) {
        double room = sheet->right - sheet->left, pad = 9, leading = 13.5, at, height;
        _cleanup_free_ char *statement = NULL;
        const char *result;

        statement = strdup(block->member ? form_value(form_member(sheet->data, block->member), SHOW_TEXT,
                                                      sheet->lang, sheet->buffer)
                                         : "");
        result = block->result ? form_value(form_member(sheet->data, block->result), SHOW_OUTCOME, sheet->lang,
                                            sheet->buffer)
                               : "";
        if (!statement)
                return ERR_FAILED;
        at = type_width(sheet->ts, result_style, result, strlen(result));
        room -= 2 * pad + (at > 0 ? at + 2 * pad : 0);
        height = sheet_lines(sheet, statement_style, leading, 0, 0, room, statement, STATEMENT_LINES, false);
        height = (height < 27 ? 27 : height) + 2 * pad - 3;
        sheet_need(sheet, height + SHEET_GAP);
        sheet_box(sheet, sheet->left, sheet->y, sheet->right - sheet->left, height, INK_SHADE, true);
        sheet_box(sheet, sheet->left, sheet->y, 3, height, INK_ACCENT, true);
        sheet_ink(sheet, INK_TEXT);
        sheet_open(sheet, "P");
        (void) sheet_lines(sheet, statement_style, leading, sheet->left + pad, sheet->y + pad, room, statement,
                           STATEMENT_LINES, true);
        sheet_ink(sheet, INK_ACCENT);
        sheet_text(sheet, result_style, sheet->right - pad - at, sheet->y + height / 2 + 5.5, result,
                   strlen(result));
        sheet_close(sheet);
        sheet->y += height + SHEET_GAP;
        return 0;
}

static const double CHECK_ROW = 14, CHECK_LEADING = 11, CHECK_INDENT = 13;
enum { CHECK_LINES = 4 };

/* How much higher than a line its text is. */
static double check_more(struct sheet *sheet, const struct form_item *item, double width) {
        return sheet_lines(sheet, check_style, CHECK_LEADING, 0, 0, width - CHECK_INDENT, item->label[sheet->lang],
                           CHECK_LINES, false) -
               CHECK_LEADING;
}

static void check(struct sheet *sheet, const struct form_item *item, double x, double y, double width) {
        bool ticked = json_is_true(form_member(sheet->data, item->member));

        sheet_box(sheet, x + 0.5, y + 2, 8, 8, INK_TEXT, false);
        if (ticked) {
                sheet_rule(sheet, x + 2.2, y + 6.2, x + 4, y + 8.4, 1.3, INK_TEXT);
                sheet_rule(sheet, x + 3.8, y + 8.6, x + 7.6, y + 3.2, 1.3, INK_TEXT);
        }
        sheet_ink(sheet, INK_TEXT);
        sheet_open(sheet, "P");
        /* The first line's foot is at 9. */
        (void) sheet_lines(sheet, check_style, CHECK_LEADING, x + CHECK_INDENT, y + 9 - 0.76 * CHECK_LEADING,
                           width - CHECK_INDENT, item->label[sheet->lang], CHECK_LINES, true);
        sheet_close(sheet);
}

static int place_checks(struct sheet *sheet, const struct form_block *block) {
        size_t columns = (size_t) block->columns;
        double gap = columns > 1 ? 4 : 0, cell = (sheet->right - sheet->left) / block->columns;

        sheet_title(sheet, block, CHECK_ROW);
        sheet->y += 2;
        for (size_t i = 0; i < block->items_n; i += columns) {
                size_t end = i + columns < block->items_n ? i + columns : block->items_n;
                double more = 0;

                for (size_t k = i; k < end; k++)
                        more = fmax(more, check_more(sheet, &block->items[k], cell - gap));
                sheet_need(sheet, CHECK_ROW + more);
                for (size_t k = i; k < end; k++)
                        check(sheet, &block->items[k], sheet->left + (double) (k - i) * cell, sheet->y, cell - gap);
                sheet->y += CHECK_ROW + more;
        }
        sheet->y += SHEET_GAP - 2;
        return 0;
}

const struct form_kind form_kind_text = { "text", NULL, place_text };
const struct form_kind form_kind_verdict = { "verdict", NULL, place_verdict };
const struct form_kind form_kind_checks = { "checks", "item", place_checks };
