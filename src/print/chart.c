#include "print/chart.h"

#include <cairo-pdf.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "print/output.h"
#include "print/typeset.h"

/* What is shown of the scale: the values, and the best range with some room. */
struct scale {
        double low, high;
        int64_t from, to;
};

static struct scale scale_of(const struct chart *chart) {
        struct scale scale = { chart->best.least, chart->best.most, chart->points[0].time,
                               chart->points[chart->n - 1].time };
        double room;

        for (size_t i = 0; i < chart->n; i++) {
                scale.low = fmin(scale.low, chart->points[i].value);
                scale.high = fmax(scale.high, chart->points[i].value);
        }
        room = fmax((scale.high - scale.low) * 0.08, 0.5);
        /* What can't be negative is not shown as if it could. */
        scale.low = scale.low >= 0 && scale.low < room ? 0 : scale.low - room;
        scale.high += room;
        if (scale.to <= scale.from)
                scale.to = scale.from + 60 * SECOND;
        return scale;
}

/* --- text -------------------------------------------------------------------------------------------------- */

/* For each column of the terminal: the rows between its lowest and highest value, and the gravest. */
struct text_column {
        int top, bottom, gravity;
};

static int row_of(const struct scale *scale, double value) {
        int row = (int) lround((scale->high - value) / (scale->high - scale->low) * (CHART_ROWS - 1));

        return row < 0 ? 0 : row >= CHART_ROWS ? CHART_ROWS - 1 : row;
}

static void fill_columns(const struct chart *chart, const struct scale *scale, struct text_column *columns) {
        for (int c = 0; c < CHART_COLUMNS; c++)
                columns[c] = (struct text_column){ CHART_ROWS, -1, 0 };
        for (size_t i = 0; i < chart->n; i++) {
                const struct chart_point *point = &chart->points[i];
                double at = (double) (point->time - scale->from) / (double) (scale->to - scale->from);
                struct text_column *column = &columns[(int) (at * (CHART_COLUMNS - 1))];
                int row = row_of(scale, point->value);

                if (row < column->top)
                        column->top = row;
                if (row > column->bottom)
                        column->bottom = row;
                if (point->gravity > column->gravity)
                        column->gravity = point->gravity;
        }
}

static void add(char line[CHART_LINE], const char *text) {
        size_t used = strlen(line);

        (void) snprintf(line + used, CHART_LINE - used, "%s", text);
}

static void text_row(const struct chart *chart, const struct scale *scale, const struct text_column *columns,
                     int row, char line[CHART_LINE]) {
        static const char *const marks[] = { "•", "o", "▲", "█" };
        double value = scale->high - (scale->high - scale->low) * row / (CHART_ROWS - 1);
        bool edge = row == row_of(scale, chart->best.least) || row == row_of(scale, chart->best.most);

        if (row % 3 == 0 || row == CHART_ROWS - 1)
                (void) snprintf(line, CHART_LINE, "%8.1f %-3s│", value, chart->unit);
        else
                (void) snprintf(line, CHART_LINE, "%12s│", "");
        for (int c = 0; c < CHART_COLUMNS; c++)
                if (row >= columns[c].top && row <= columns[c].bottom)
                        add(line, marks[columns[c].gravity]);
                else
                        add(line, edge ? "┄" : " ");
}

void chart_to_text(const struct chart *chart, char ret[CHART_LINES][CHART_LINE]) {
        const struct scale scale = scale_of(chart);
        struct text_column columns[CHART_COLUMNS];
        char from[TIME_TEXT], to[TIME_TEXT];

        fill_columns(chart, &scale, columns);
        for (int row = 0; row < CHART_ROWS; row++)
                text_row(chart, &scale, columns, row, ret[row]);
        (void) snprintf(ret[CHART_ROWS], CHART_LINE, "%12s└", "");
        for (int c = 0; c < CHART_COLUMNS; c++)
                add(ret[CHART_ROWS], "─");
        time_format_local(scale.from, from);
        time_format_local(scale.to, to);
        (void) snprintf(ret[CHART_ROWS + 1], CHART_LINE, "%13s%-*s%s", "", CHART_COLUMNS - 16, from, to);
}

/* --- pictures ---------------------------------------------------------------------------------------------- */

static const double WIDTH = 297 * POINTS_PER_MM, HEIGHT = 210 * POINTS_PER_MM, MARGIN = 40, LABELS = 44;
static const struct style heading_style = { FACE_BOLD, 15 }, title_style = { FACE_BOLD, 10 },
                          label_style = { FACE_SANS, 8 };

struct canvas {
        cairo_t *cr;
        struct typesetter *ts;
        enum lang lang;
};

/* A panel's rectangle and what it maps. */
struct panel {
        double x, y, w, h;
        struct scale scale;
};

static double panel_y(const struct panel *panel, double value) {
        double at = (panel->scale.high - value) / (panel->scale.high - panel->scale.low);

        return panel->y + panel->h * fmin(fmax(at, 0), 1);
}

static double panel_x(const struct panel *panel, int64_t time) {
        return panel->x +
               panel->w * (double) (time - panel->scale.from) / (double) (panel->scale.to - panel->scale.from);
}

static void draw_text(struct canvas *canvas, struct style style, enum align align, double x, double y, double width,
                      const char *text) {
        (void) type_fit(canvas->ts, canvas->cr, style, 5, align, x, y, width, text);
}

/* The ranges as bands: they differ in shade, so that a black-and-white print shows them too. */
static void draw_bands(struct canvas *canvas, const struct panel *panel, const struct chart *chart) {
        const struct {
                struct chart_range range;
                double r, g, b;
        } bands[] = {
                { { -INFINITY, INFINITY }, 0.96, 0.80, 0.78 },
                { chart->critical, 0.99, 0.90, 0.78 },
                { chart->alert, 0.97, 0.97, 0.95 },
                { chart->best, 0.86, 0.94, 0.86 },
        };

        for (size_t i = 0; i < sizeof bands / sizeof bands[0]; i++) {
                double top = panel_y(panel, bands[i].range.most), bottom = panel_y(panel, bands[i].range.least);

                cairo_set_source_rgb(canvas->cr, bands[i].r, bands[i].g, bands[i].b);
                cairo_rectangle(canvas->cr, panel->x, top, panel->w, bottom - top);
                cairo_fill(canvas->cr);
        }
}

/* A step that people count in: 1, 2 or 5 times a power of ten, for some five lines. */
static double grid_step(const struct scale *scale) {
        double rough = (scale->high - scale->low) / 5, power = pow(10, floor(log10(rough))), part = rough / power;

        return power * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
}

static void draw_grid(struct canvas *canvas, const struct panel *panel, const struct chart *chart) {
        double step = grid_step(&panel->scale);
        char text[48];

        cairo_set_line_width(canvas->cr, 0.4);
        for (double value = ceil(panel->scale.low / step) * step; value <= panel->scale.high; value += step) {
                double y = panel_y(panel, value);

                cairo_set_source_rgb(canvas->cr, 0.75, 0.75, 0.75);
                cairo_move_to(canvas->cr, panel->x, y);
                cairo_line_to(canvas->cr, panel->x + panel->w, y);
                cairo_stroke(canvas->cr);
                cairo_set_source_rgb(canvas->cr, 0, 0, 0);
                (void) snprintf(text, sizeof text, step < 1 ? "%.1f %s" : "%.0f %s", value, chart->unit);
                draw_text(canvas, label_style, ALIGN_RIGHT, panel->x - LABELS, y + 3, LABELS - 5, text);
        }
        for (int i = 0; i <= 4; i++) {
                int64_t moment = panel->scale.from + (panel->scale.to - panel->scale.from) * i / 4;
                double x = panel_x(panel, moment), width = 90;

                time_format_local(moment, text);
                draw_text(canvas, label_style,
                          i == 0   ? ALIGN_LEFT
                          : i == 4 ? ALIGN_RIGHT
                                   : ALIGN_CENTRE,
                          i == 0   ? x
                          : i == 4 ? x - width
                                   : x - width / 2,
                          panel->y + panel->h + 11, width, text);
        }
}

/* More points than the paper has dots are drawn as the lowest and the highest of each dot, which leaves no peak
 * out. */
enum { DOTS = 1200 };

static size_t thin_out(const struct panel *panel, const struct chart *chart, struct chart_point *ret) {
        size_t n = 0;

        for (size_t i = 0, end; i < chart->n; i = end) {
                const struct chart_point *low = &chart->points[i], *high = low;
                int dot = (int) ((panel_x(panel, low->time) - panel->x) / panel->w * DOTS);

                for (end = i; end < chart->n; end++) {
                        const struct chart_point *point = &chart->points[end];

                        if ((int) ((panel_x(panel, point->time) - panel->x) / panel->w * DOTS) != dot)
                                break;
                        low = point->value < low->value ? point : low;
                        high = point->value > high->value ? point : high;
                }
                ret[n++] = low < high ? *low : *high;
                if (low != high)
                        ret[n++] = low < high ? *high : *low;
        }
        return n;
}

/* A line through the points; what is out of limits has a mark on it. */
static void draw_points(struct canvas *canvas, const struct panel *panel, const struct chart *chart) {
        cairo_save(canvas->cr);
        cairo_rectangle(canvas->cr, panel->x, panel->y - 3, panel->w, panel->h + 6);
        cairo_clip(canvas->cr);
        cairo_set_source_rgb(canvas->cr, 0.06, 0.22, 0.40);
        cairo_set_line_width(canvas->cr, 1.1);
        for (size_t i = 0; i < chart->n; i++)
                cairo_line_to(canvas->cr, panel_x(panel, chart->points[i].time),
                              panel_y(panel, chart->points[i].value));
        cairo_stroke(canvas->cr);
        for (size_t i = 0; i < chart->n; i++) {
                const struct chart_point *point = &chart->points[i];
                double x = panel_x(panel, point->time), y = panel_y(panel, point->value);

                if (point->gravity < 2 && chart->n > 60)
                        continue;
                if (point->gravity >= 2)
                        cairo_set_source_rgb(canvas->cr, 0.75, point->gravity == 2 ? 0.4 : 0.05, 0.05);
                else
                        cairo_set_source_rgb(canvas->cr, 0.06, 0.22, 0.40);
                cairo_new_sub_path(canvas->cr);
                cairo_arc(canvas->cr, x, y, point->gravity >= 2 ? 2.6 : 1.6, 0, 2 * M_PI);
                cairo_fill(canvas->cr);
        }
        cairo_restore(canvas->cr);
}

static void draw_line(struct canvas *canvas, const struct panel *panel, const struct chart *chart) {
        struct chart_point few[2 * (DOTS + 2)];
        struct chart thinned = *chart;

        if (chart->n > COUNT(few)) {
                thinned.n = thin_out(panel, chart, few);
                thinned.points = few;
        }
        draw_points(canvas, panel, &thinned);
}

static void draw_panel(struct canvas *canvas, const struct chart *chart, double y, double height) {
        const struct panel panel = { .x = MARGIN + LABELS,
                                     .y = y + 18,
                                     .w = WIDTH - 2 * MARGIN - LABELS,
                                     .h = height - 44,
                                     .scale = scale_of(chart) };

        cairo_set_source_rgb(canvas->cr, 0, 0, 0);
        draw_text(canvas, title_style, ALIGN_LEFT, MARGIN, y + 10, WIDTH - 2 * MARGIN, chart->title);
        draw_bands(canvas, &panel, chart);
        draw_grid(canvas, &panel, chart);
        draw_line(canvas, &panel, chart);
        cairo_set_source_rgb(canvas->cr, 0.3, 0.3, 0.3);
        cairo_set_line_width(canvas->cr, 0.7);
        cairo_rectangle(canvas->cr, panel.x, panel.y, panel.w, panel.h);
        cairo_stroke(canvas->cr);
}

static void draw_legend(struct canvas *canvas, double y) {
        static const struct {
                double r, g, b;
                struct text name;
        } parts[] = {
                { 0.86, 0.94, 0.86, { "óptimo", "best" } },
                { 0.97, 0.97, 0.95, { "aviso", "notice" } },
                { 0.99, 0.90, 0.78, { "alerta", "alert" } },
                { 0.96, 0.80, 0.78, { "crítico", "critical" } },
        };
        double x = MARGIN + LABELS;

        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++, x += 90) {
                cairo_set_source_rgb(canvas->cr, parts[i].r, parts[i].g, parts[i].b);
                cairo_rectangle(canvas->cr, x, y - 8, 14, 9);
                cairo_fill_preserve(canvas->cr);
                cairo_set_source_rgb(canvas->cr, 0.4, 0.4, 0.4);
                cairo_set_line_width(canvas->cr, 0.5);
                cairo_stroke(canvas->cr);
                cairo_set_source_rgb(canvas->cr, 0, 0, 0);
                draw_text(canvas, label_style, ALIGN_LEFT, x + 19, y, 70, text_in(parts[i].name, canvas->lang));
        }
}

static int draw_all(cairo_t *cr, const char *heading, const char *subheading, const struct chart *charts, size_t n,
                    enum lang lang, struct error *err) {
        _cleanup_(typesetter_freep) struct typesetter *ts = NULL;
        struct canvas canvas = { .cr = cr, .lang = lang };
        double top = MARGIN + 40, height = (HEIGHT - top - MARGIN - 14) / (double) n;
        int r = typesetter_new(cr, false, &ts, err);

        if (r < 0)
                return r;
        canvas.ts = ts;
        cairo_set_source_rgb(cr, 1, 1, 1);
        cairo_paint(cr);
        cairo_set_source_rgb(cr, 0, 0, 0);
        draw_text(&canvas, heading_style, ALIGN_LEFT, MARGIN, MARGIN + 8, WIDTH - 2 * MARGIN, heading);
        draw_text(&canvas, label_style, ALIGN_LEFT, MARGIN, MARGIN + 24, WIDTH - 2 * MARGIN, subheading);
        for (size_t i = 0; i < n; i++)
                draw_panel(&canvas, &charts[i], top + height * (double) i, height);
        draw_legend(&canvas, HEIGHT - MARGIN);
        return 0;
}

static int save(cairo_surface_t *surface, struct output *out, const char *path, int r, struct error *err) {
        if (r == 0)
                r = output_finish(surface, err);
        cairo_surface_destroy(surface);
        if (r == 0)
                r = output_save(out, path, err);
        output_done(out);
        return r;
}

int chart_to_pdf(const char *heading, const char *subheading, const struct chart *charts, size_t n, enum lang lang,
                 const char *path, struct error *err) {
        struct output out = { 0 };
        cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(output_write, &out, WIDTH, HEIGHT);
        cairo_t *cr = cairo_create(surface);
        int r;

        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, heading);
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "mpsi " MPSI_VERSION);
        r = draw_all(cr, heading, subheading, charts, n, lang, err);
        cairo_show_page(cr);
        cairo_destroy(cr);
        return save(surface, &out, path, r, err);
}

int chart_to_png(const char *heading, const char *subheading, const struct chart *charts, size_t n, enum lang lang,
                 const char *path, struct error *err) {
        const double scale = 1600 / WIDTH;
        struct output out = { 0 };
        cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1600, (int) (HEIGHT * scale));
        cairo_t *cr = cairo_create(surface);
        int r;

        cairo_scale(cr, scale, scale);
        r = draw_all(cr, heading, subheading, charts, n, lang, err);
        cairo_destroy(cr);
        if (r == 0 && cairo_surface_write_to_png_stream(surface, output_write, &out) != CAIRO_STATUS_SUCCESS)
                r = fail(err, ERR_FAILED, "No se puede componer la imagen.", "The picture can't be composed.");
        return save(surface, &out, path, r, err);
}
