/* [charts]: small charts side by side, one a figure: an array of {title, subtitle, shown, unit, from, to, limits,
 * points}. Values are hundredths; a point without one leaves a gap. What is not `good` has a square instead of a
 * dot, so that a black-and-white print shows it too. */
#include <math.h>
#include <stdio.h>

#include "base/str.h"
#include "print/form_parts.h"

static const struct style title_style = { FACE_BOLD, 7.5 }, small_style = { FACE_SANS, 6.5 },
                          value_style = { FACE_BOLD, 9 };
static const double HEIGHT = 78, GAP = 10, HEAD = 27, FOOT = 10, AXIS = 24, DOT = 1.5, SMALL_DOT = 0.8;
enum { MANY = 35 }; /* points, whose dots are small */

/* The plotted rectangle, the values at its bottom and top, and those that are in it. */
struct plot {
        double x, y, w, h, low, high, least, most;
};

static bool value_of(const json_t *value, double *ret) {
        if (!json_is_integer(value))
                return false;
        *ret = (double) json_integer_value(value) / 100;
        return true;
}

static void widen(struct plot *plot, double value, bool *first) {
        plot->low = *first ? value : fmin(plot->low, value);
        plot->high = *first ? value : fmax(plot->high, value);
        *first = false;
}

/* Points and limits both are in sight. False when nothing is known. */
static bool scale(struct plot *plot, const json_t *chart) {
        const json_t *item;
        bool first = true, any = false;
        double value, room;
        size_t i;

        json_array_foreach(json_object_get(chart, "points"), i, item) {
                if (value_of(json_object_get(item, "value"), &value)) {
                        widen(plot, value, &first);
                        any = true;
                }
        }
        json_array_foreach(json_object_get(chart, "limits"), i, item) {
                if (value_of(item, &value))
                        widen(plot, value, &first);
        }
        plot->least = plot->low;
        plot->most = plot->high;
        room = fmax((plot->high - plot->low) * 0.1, 0.5);
        plot->low = plot->low >= 0 && plot->low < room ? 0 : plot->low - room;
        plot->high += room;
        return any;
}

static double plot_y(const struct plot *plot, double value) {
        return plot->y + plot->h * (plot->high - value) / (plot->high - plot->low);
}

static double plot_x(const struct plot *plot, size_t i, size_t n) {
        return n > 1 ? plot->x + plot->w * (double) i / (double) (n - 1) : plot->x + plot->w / 2;
}

static void put(struct sheet *sheet, struct style style, enum align align, double x, double y, double width,
                const char *text) {
        (void) type_fit(sheet->ts, sheet->cr, style, 5, align, x, y, width, text);
}

static void number(double value, char out[24]) {
        (void) snprintf(out, 24, fabs(value - round(value)) < 0.005 ? "%.0f" : "%.1f", value);
}

static void draw_scale(struct sheet *sheet, const struct plot *plot, const json_t *chart) {
        static const double dashes[] = { 3, 2 };
        const json_t *item;
        double value;
        char text[24];
        size_t i;

        sheet_ink(sheet, INK_LABEL);
        for (int end = 0; end < (plot->most > plot->least ? 2 : 1); end++) {
                value = end ? plot->least : plot->most;
                number(value, text);
                put(sheet, small_style, ALIGN_RIGHT, plot->x - AXIS, plot_y(plot, value) + 2, AXIS - 4, text);
        }
        put(sheet, small_style, ALIGN_LEFT, plot->x, plot->y + plot->h + 8, plot->w / 2,
            json_text_or_empty(chart, "from"));
        put(sheet, small_style, ALIGN_RIGHT, plot->x + plot->w / 2, plot->y + plot->h + 8, plot->w / 2,
            json_text_or_empty(chart, "to"));
        cairo_set_dash(sheet->cr, dashes, 2, 0);
        json_array_foreach(json_object_get(chart, "limits"), i, item) {
                if (value_of(item, &value))
                        sheet_rule(sheet, plot->x, plot_y(plot, value), plot->x + plot->w, plot_y(plot, value), 0.7,
                                   INK_LABEL);
        }
        cairo_set_dash(sheet->cr, NULL, 0, 0);
}

static void draw_mark(struct sheet *sheet, double x, double y, double dot, bool good) {
        cairo_new_path(sheet->cr);
        if (good) {
                sheet_ink(sheet, INK_ACCENT);
                cairo_arc(sheet->cr, x, y, dot, 0, 2 * M_PI);
        } else {
                cairo_set_source_rgb(sheet->cr, 0.75, 0.1, 0.05);
                cairo_rectangle(sheet->cr, x - 1.3 * dot, y - 1.3 * dot, 2.6 * dot, 2.6 * dot);
        }
        cairo_fill(sheet->cr);
}

static void draw_points(struct sheet *sheet, const struct plot *plot, const json_t *points) {
        const size_t n = json_array_size(points);
        const json_t *item;
        bool drawing = false;
        double value;
        size_t i;

        sheet_ink(sheet, INK_ACCENT);
        cairo_set_line_width(sheet->cr, 1);
        cairo_new_path(sheet->cr);
        json_array_foreach(points, i, item) {
                bool known = value_of(json_object_get(item, "value"), &value);

                if (known && drawing)
                        cairo_line_to(sheet->cr, plot_x(plot, i, n), plot_y(plot, value));
                else if (known)
                        cairo_move_to(sheet->cr, plot_x(plot, i, n), plot_y(plot, value));
                drawing = known;
        }
        cairo_stroke(sheet->cr);
        json_array_foreach(points, i, item) {
                if (value_of(json_object_get(item, "value"), &value))
                        draw_mark(sheet, plot_x(plot, i, n), plot_y(plot, value), n > MANY ? SMALL_DOT : DOT,
                                  json_flag(item, "good"));
        }
}

static void draw(struct sheet *sheet, const json_t *chart, double x, double width) {
        struct plot plot = {
                .x = x + AXIS, .y = sheet->y + HEAD, .w = width - AXIS - 6, .h = HEIGHT - HEAD - FOOT - 4
        };
        const bool any = scale(&plot, chart);

        sheet_box(sheet, x, sheet->y, width, HEIGHT, INK_RULE, false);
        sheet_ink(sheet, INK_TEXT);
        put(sheet, title_style, ALIGN_LEFT, x + 6, sheet->y + 10, width - 12, json_text_or_empty(chart, "title"));
        put(sheet, value_style, ALIGN_RIGHT, x + width - 60, sheet->y + 20, 54, json_text_or_empty(chart, "shown"));
        sheet_ink(sheet, INK_LABEL);
        put(sheet, small_style, ALIGN_LEFT, x + 6, sheet->y + 19, width - 12,
            json_text_or_empty(chart, "subtitle"));
        if (!any) {
                put(sheet, small_style, ALIGN_CENTRE, x, sheet->y + HEAD + 22, width,
                    json_text_or_empty(chart, "empty"));
                return;
        }
        draw_scale(sheet, &plot, chart);
        draw_points(sheet, &plot, json_object_get(chart, "points"));
}

static int place(struct sheet *sheet, const struct form_block *block) {
        const json_t *charts = block->rows ? form_member(sheet->data, block->rows) : NULL;
        const size_t n = json_array_size(charts), columns = (size_t) block->columns;
        const double width = (sheet->right - sheet->left - GAP * (double) (columns - 1)) / (double) columns;

        if (n == 0)
                return 0;
        sheet_title(sheet, block, HEIGHT);
        sheet->y += 4;
        for (size_t i = 0; i < n; i += columns) {
                sheet_need(sheet, HEIGHT);
                for (size_t c = 0; c < columns && i + c < n; c++) {
                        sheet_open(sheet, "Figure");
                        if (sheet->draw)
                                draw(sheet, json_array_get(charts, i + c), sheet->left + (width + GAP) * (double) c,
                                     width);
                        sheet_close(sheet);
                }
                sheet->y += HEIGHT + GAP;
        }
        return 0;
}

const struct form_kind form_kind_charts = { "charts", NULL, place };
