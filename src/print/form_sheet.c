#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "print/form_parts.h"
#include "print/qr.h"

static const struct style org_style = { FACE_BOLD, 13 }, small_style = { FACE_SANS, 7.5 },
                          id_style = { FACE_BOLD, 11 }, title_style = { FACE_BOLD, 17 },
                          number_style = { FACE_BOLD, 12 }, head_style = { FACE_BOLD, 9.5 },
                          digest_style = { FACE_MONO, 6.25 };

/* Keeps the quiet zone of four modules inside it. */
static const double QR_SIDE = 68;

void sheet_ink(struct sheet *sheet, enum ink ink) {
        static const double colours[][3] = {
                [INK_TEXT] = { 0, 0, 0 },
                [INK_LABEL] = { 0.33, 0.36, 0.40 },
                [INK_RULE] = { 0.62, 0.65, 0.69 },
                [INK_SHADE] = { 0.925, 0.935, 0.95 },
                [INK_ACCENT] = { 0.07, 0.18, 0.34 },
        };

        if (sheet->draw)
                cairo_set_source_rgb(sheet->cr, colours[ink][0], colours[ink][1], colours[ink][2]);
}

void sheet_rule(struct sheet *sheet, double x1, double y1, double x2, double y2, double width, enum ink ink) {
        if (!sheet->draw)
                return;
        sheet_ink(sheet, ink);
        cairo_set_line_width(sheet->cr, width);
        cairo_move_to(sheet->cr, x1, y1);
        cairo_line_to(sheet->cr, x2, y2);
        cairo_stroke(sheet->cr);
}

void sheet_box(struct sheet *sheet, double x, double y, double w, double h, enum ink ink, bool filled) {
        if (!sheet->draw)
                return;
        sheet_ink(sheet, ink);
        cairo_rectangle(sheet->cr, x, y, w, h);
        if (filled) {
                cairo_fill(sheet->cr);
        } else {
                cairo_set_line_width(sheet->cr, 0.6);
                cairo_stroke(sheet->cr);
        }
}

void sheet_text(struct sheet *sheet, struct style style, double x, double y, const char *text, size_t n) {
        if (sheet->draw)
                type_draw(sheet->ts, sheet->cr, style, x, y, text, n);
}

void sheet_open(struct sheet *sheet, const char *tag) {
        if (!sheet->draw || !sheet->form->tagged || sheet->tags_n == SHEET_TAGS)
                return;
        sheet->tags[sheet->tags_n++] = tag;
        cairo_tag_begin(sheet->cr, tag, NULL);
}

void sheet_close(struct sheet *sheet) {
        if (sheet->draw && sheet->tags_n)
                cairo_tag_end(sheet->cr, sheet->tags[--sheet->tags_n]);
}

static void text_right(struct sheet *sheet, struct style style, double right, double y, const char *text) {
        if (sheet->draw)
                (void) type_fit(sheet->ts, sheet->cr, style, 6, ALIGN_RIGHT, right - 260, y, 260, text);
}

double sheet_lines(struct sheet *sheet, struct style style, double leading, double x, double y, double width,
                   const char *text, size_t max, bool draw) {
        struct line lines[64];
        bool whole;
        size_t n;

        if (!*text)
                return leading;
        if (max > COUNT(lines))
                max = COUNT(lines);
        n = type_break(sheet->ts, style, text, width, lines, max, &whole);
        if (draw && sheet->draw)
                for (size_t i = 0; i < n; i++) {
                        double base = y + ((double) i + 0.76) * leading;

                        if (i + 1 == n && !whole)
                                (void) type_fit(sheet->ts, sheet->cr, style, style.size, ALIGN_LEFT, x, base, width,
                                                text + lines[i].start);
                        else
                                sheet_text(sheet, style, x, base, text + lines[i].start, lines[i].length);
                }
        return (double) n * leading;
}

struct style sheet_word_style(struct sheet *sheet, struct style style, double least, double width,
                              const char *text) {
        double wanted = strchr(text, ' ') ? 0 : type_width(sheet->ts, style, text, strlen(text));

        if (wanted > width && wanted * least <= width * style.size)
                style.size = floor(style.size * width / wanted * 4) / 4;
        return style;
}

static const char *said(struct sheet *sheet, const char *es, const char *en) {
        return sheet->lang == LANG_EN ? en : es;
}

static const char *value_of(struct sheet *sheet, const char *member, enum form_show show) {
        return form_value(form_member(sheet->data, member), show, sheet->lang, sheet->buffer);
}

/* ID.NUMBER.DIGEST in the characters of QR's alphanumeric mode that every keyboard layout agrees on. */
static int draw_qr(struct sheet *sheet, double x, double y, struct error *err) {
        char text[160], id[32], number[48];
        size_t n = 0;

        for (const char *p = sheet->form->id; *p && n + 1 < sizeof id; p++)
                if (qr_keeps(*p))
                        id[n++] = qr_upper(*p);
        id[n] = '\0';
        n = 0;
        for (const char *p = json_text_or_empty(sheet->data, "number"); *p && n + 1 < sizeof number; p++)
                if (qr_keeps(*p))
                        number[n++] = qr_upper(*p);
        number[n] = '\0';
        (void) snprintf(text, sizeof text, "%s.%s.%s", id, number, sheet->digest);
        for (char *p = text; *p; p++)
                *p = qr_upper(*p);
        return sheet->draw ? qr_draw_in(sheet->cr, text, x, y, QR_SIDE, err) : 0;
}

static void letterhead(struct sheet *sheet, double right) {
        _cleanup_free_ char *under = NULL, *kind = NULL;
        const char *mark = sheet->form->mark[sheet->lang] ? sheet->form->mark[sheet->lang] : sheet->form->id;
        const char *site = json_text_or_empty(sheet->data, "site");
        const char *station = json_text_or_empty(sheet->data, "station");

        under = str_format("%s%s%s", site, *site && *station ? " · " : "", station);
        kind = str_format("rev. %d%s%s", sheet->form->revision, sheet->form->measure ? " · " : "",
                          sheet->form->measure ? sheet->form->measure : "");
        sheet_ink(sheet, INK_ACCENT);
        sheet_open(sheet, "P");
        if (sheet->draw)
                (void) type_fit(sheet->ts, sheet->cr, org_style, 9, ALIGN_LEFT, sheet->left, sheet->top + 12,
                                right - sheet->left - 150, value_of(sheet, "organisation", SHOW_TEXT));
        text_right(sheet, id_style, right, sheet->top + 12, mark);
        sheet_ink(sheet, INK_LABEL);
        sheet_text(sheet, small_style, sheet->left, sheet->top + 24, under ? under : "", under ? strlen(under) : 0);
        text_right(sheet, small_style, right, sheet->top + 24, kind ? kind : "");
        sheet_close(sheet);
}

/* "No. 17", or "" where the form has none. */
static char *number_of(struct sheet *sheet) {
        if (sheet->form->unnumbered)
                return strdup("");
        return str_format("%s %s", said(sheet, "N.º", "No."), json_text_or_empty(sheet->data, "number"));
}

/* Title at the left, number at the right, issue below. */
static void title_lines(struct sheet *sheet, double right) {
        const char *title = sheet->form->title[sheet->lang] ? sheet->form->title[sheet->lang]
                                                            : sheet->form->title[LANG_ES];
        _cleanup_free_ char *issue = NULL, *number = NULL;
        _cleanup_free_ char *moment = strdup(value_of(sheet, "issued", SHOW_MOMENT));
        const char *by = value_of(sheet, "issued_by", SHOW_TEXT);
        double wanted;

        number = number_of(sheet);
        issue = str_format("%s%s%s%s", moment && *moment ? said(sheet, "Emitido el ", "Issued on ") : "",
                           moment ? moment : "", *by ? said(sheet, " por ", " by ") : "", by);
        sheet_ink(sheet, INK_TEXT);
        sheet_open(sheet, "H1");
        wanted = type_width(sheet->ts, number_style, number ? number : "", number ? strlen(number) : 0);
        if (sheet->draw)
                (void) type_fit(sheet->ts, sheet->cr, title_style, 11, ALIGN_LEFT, sheet->left, sheet->y + 16,
                                right - sheet->left - wanted - 12, title);
        text_right(sheet, number_style, right, sheet->y + 16, number ? number : "");
        sheet_close(sheet);
        sheet_ink(sheet, INK_LABEL);
        sheet_open(sheet, "P");
        sheet_text(sheet, small_style, sheet->left, sheet->y + 29, issue ? issue : "", issue ? strlen(issue) : 0);
        sheet_close(sheet);
}

int sheet_first(struct sheet *sheet) {
        double right = sheet->form->qr ? sheet->right - QR_SIDE - 4 : sheet->right;
        int r = 0;

        sheet->page = 1;
        letterhead(sheet, right);
        sheet_rule(sheet, sheet->left, sheet->top + 31, right, sheet->top + 31, 1.4, INK_ACCENT);
        sheet->y = sheet->top + 38;
        title_lines(sheet, right);
        sheet->y += 40;
        if (sheet->form->qr) {
                struct error err = { 0 };

                r = draw_qr(sheet, sheet->right - QR_SIDE, sheet->top - 4, &err);
                if (sheet->y < sheet->top + QR_SIDE)
                        sheet->y = sheet->top + QR_SIDE;
        }
        return r;
}

static void footer(struct sheet *sheet) {
        double y = sheet->bottom + 12;
        char pages[32];
        _cleanup_free_ char *number = number_of(sheet);
        _cleanup_free_ char *id = str_format(
                "%s rev. %d%s%s%s", sheet->form->id, sheet->form->revision, number && *number ? " · " : "",
                number ? number : "",
                json_flag(sheet->data, "draft") ? said(sheet, " · BORRADOR", " · DRAFT") : "");
        _cleanup_free_ char *digest = *sheet->digest ? str_format("SHA-256 %s", sheet->digest) : NULL;

        (void) snprintf(pages, sizeof pages, "%d / %d", sheet->page, sheet->pages);
        sheet_rule(sheet, sheet->left, y - 4, sheet->right, y - 4, 0.5, INK_RULE);
        sheet_ink(sheet, INK_LABEL);
        if (sheet->draw && id)
                (void) type_fit(sheet->ts, sheet->cr, small_style, 5, ALIGN_LEFT, sheet->left, y + 6,
                                sheet->right - sheet->left - 60, id);
        text_right(sheet, small_style, sheet->right, y + 6, pages);
        if (digest)
                sheet_text(sheet, digest_style, sheet->left, y + 15, digest, strlen(digest));
}

void sheet_last(struct sheet *sheet) {
        footer(sheet);
        if (sheet->draw)
                cairo_show_page(sheet->cr);
}

void sheet_break(struct sheet *sheet) {
        _cleanup_free_ char *id = str_format("%s · %s %s", sheet->form->id, said(sheet, "N.º", "No."),
                                             json_text_or_empty(sheet->data, "number"));

        for (size_t i = sheet->draw ? sheet->tags_n : 0; i-- > 0;)
                cairo_tag_end(sheet->cr, sheet->tags[i]);
        sheet_last(sheet);
        sheet->page++;
        sheet_ink(sheet, INK_LABEL);
        if (sheet->draw)
                (void) type_fit(sheet->ts, sheet->cr, small_style, 5, ALIGN_LEFT, sheet->left, sheet->top + 6,
                                (sheet->right - sheet->left) / 2, value_of(sheet, "organisation", SHOW_TEXT));
        text_right(sheet, small_style, sheet->right, sheet->top + 6, id ? id : "");
        sheet_rule(sheet, sheet->left, sheet->top + 11, sheet->right, sheet->top + 11, 0.5, INK_RULE);
        sheet->y = sheet->top + 20;
        for (size_t i = 0; sheet->draw && i < sheet->tags_n; i++)
                cairo_tag_begin(sheet->cr, sheet->tags[i], NULL);
}

void sheet_need(struct sheet *sheet, double height) {
        if (sheet->y + height > sheet->bottom && sheet->y > sheet->top + 21)
                sheet_break(sheet);
}

void sheet_title(struct sheet *sheet, const struct form_block *block, double height) {
        const char *title = block->title[sheet->lang] ? block->title[sheet->lang] : block->title[LANG_ES];

        if (!title) {
                sheet_need(sheet, height);
                return;
        }
        sheet_need(sheet, 17 + height);
        sheet_ink(sheet, INK_ACCENT);
        sheet_open(sheet, "H2");
        if (sheet->draw)
                type_draw_kerned(sheet->ts, sheet->cr, head_style, sheet->left, sheet->y + 9.5, title);
        sheet_close(sheet);
        sheet->y += 13;
        sheet_rule(sheet, sheet->left, sheet->y, sheet->right, sheet->y, 0.8, INK_ACCENT);
        sheet->y += 2;
}
