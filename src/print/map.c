#include "print/map.h"

#include <cairo-pdf.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "print/output.h"
#include "print/typeset.h"

static const double WIDTH = 297 * POINTS_PER_MM, HEIGHT = 210 * POINTS_PER_MM, MARGIN = 40, SIDE = 200;
static const double METRES_A_DEGREE = 111195;
static const struct style heading_style = { FACE_BOLD, 15 }, label_style = { FACE_SANS, 8 },
                          place_style = { FACE_BOLD, 8 };

struct canvas {
        cairo_t *cr;
        struct typesetter *ts;
        double x, y, w, h;        /* the drawing */
        double lat, lon;          /* its middle */
        double squeeze;           /* a degree of longitude against one of latitude */
        double points_per_degree; /* of latitude */
};

static void bounds(const struct map_point *points, size_t n, double box[4]) {
        for (size_t i = 0; i < n; i++) {
                box[0] = fmin(box[0], points[i].lat);
                box[1] = fmax(box[1], points[i].lat);
                box[2] = fmin(box[2], points[i].lon);
                box[3] = fmax(box[3], points[i].lon);
        }
}

static void fit(struct canvas *canvas, const struct map *map) {
        double box[4] = { 90, -90, 180, -180 }, room = map->way_n ? map->corridor / METRES_A_DEGREE : 0, tall, wide;

        bounds(map->way, map->way_n, box);
        bounds(map->track, map->track_n, box);
        canvas->lat = (box[0] + box[1]) / 2;
        canvas->lon = (box[2] + box[3]) / 2;
        canvas->squeeze = fmax(cos(canvas->lat * 3.14159265358979 / 180), 0.01);
        tall = (box[1] - box[0]) * 1.1 + 2 * room + 0.002;
        wide = (box[3] - box[2]) * canvas->squeeze * 1.1 + 2 * room + 0.002;
        canvas->points_per_degree = fmin(canvas->h / tall, canvas->w / wide);
}

static void at(const struct canvas *canvas, const struct map_point *point, double *x, double *y) {
        *x = canvas->x + canvas->w / 2 + (point->lon - canvas->lon) * canvas->squeeze * canvas->points_per_degree;
        *y = canvas->y + canvas->h / 2 - (point->lat - canvas->lat) * canvas->points_per_degree;
}

static void trace(struct canvas *canvas, const struct map_point *points, size_t n) {
        double x, y;

        for (size_t i = 0; i < n; i++) {
                at(canvas, &points[i], &x, &y);
                cairo_line_to(canvas->cr, x, y);
        }
}

static void write_at(struct canvas *canvas, struct style style, double x, double y, double width,
                     const char *text) {
        (void) type_fit(canvas->ts, canvas->cr, style, 5, ALIGN_LEFT, x, y, width, text);
}

/* The corridor as a broad band, the way as dashes, the track as a dark line: they differ on black and white too. */
static void draw_lines(struct canvas *canvas, const struct map *map) {
        const double dashes[] = { 5, 3 };

        cairo_set_line_join(canvas->cr, CAIRO_LINE_JOIN_ROUND);
        cairo_set_line_cap(canvas->cr, CAIRO_LINE_CAP_ROUND);
        if (map->way_n) {
                cairo_set_source_rgb(canvas->cr, 0.86, 0.94, 0.86);
                cairo_set_line_width(canvas->cr,
                                     fmax(2 * map->corridor / METRES_A_DEGREE * canvas->points_per_degree, 2));
                trace(canvas, map->way, map->way_n);
                cairo_stroke(canvas->cr);
                cairo_set_source_rgb(canvas->cr, 0.35, 0.55, 0.35);
                cairo_set_line_width(canvas->cr, 0.8);
                cairo_set_dash(canvas->cr, dashes, 2, 0);
                trace(canvas, map->way, map->way_n);
                cairo_stroke(canvas->cr);
                cairo_set_dash(canvas->cr, NULL, 0, 0);
        }
        cairo_set_source_rgb(canvas->cr, 0.1, 0.2, 0.5);
        cairo_set_line_width(canvas->cr, 1.6);
        trace(canvas, map->track, map->track_n);
        cairo_stroke(canvas->cr);
}

static void draw_places(struct canvas *canvas, const struct map *map) {
        double x, y;

        for (size_t i = 0; i < map->way_n; i++) {
                at(canvas, &map->way[i], &x, &y);
                cairo_set_source_rgb(canvas->cr, 0.2, 0.4, 0.2);
                cairo_arc(canvas->cr, x, y, 3, 0, 6.2832);
                cairo_fill(canvas->cr);
                cairo_set_source_rgb(canvas->cr, 0, 0, 0);
                write_at(canvas, place_style, x > canvas->x + canvas->w - 90 ? x - 90 : x + 6, y - 4, 84,
                         map->way[i].name ? map->way[i].name : "");
        }
        /* It began at the open circle and ended at the square. */
        cairo_set_source_rgb(canvas->cr, 0.1, 0.2, 0.5);
        cairo_set_line_width(canvas->cr, 1.2);
        at(canvas, &map->track[0], &x, &y);
        cairo_arc(canvas->cr, x, y, 4.5, 0, 6.2832);
        cairo_stroke(canvas->cr);
        at(canvas, &map->track[map->track_n - 1], &x, &y);
        cairo_rectangle(canvas->cr, x - 4, y - 4, 8, 8);
        cairo_stroke(canvas->cr);
}

/* A bar of 1, 2 or 5 times a power of ten kilometres, at most a third of the drawing. */
static void draw_scale(struct canvas *canvas, double y) {
        double most = canvas->w / 3 / canvas->points_per_degree * METRES_A_DEGREE / 1000;
        double power = pow(10, floor(log10(most))), part = most / power;
        double km = power * (part >= 5 ? 5 : part >= 2 ? 2 : 1);
        double length = km * 1000 / METRES_A_DEGREE * canvas->points_per_degree;
        char text[32];

        cairo_set_source_rgb(canvas->cr, 0, 0, 0);
        cairo_set_line_width(canvas->cr, 1.5);
        cairo_move_to(canvas->cr, canvas->x, y);
        cairo_line_to(canvas->cr, canvas->x + length, y);
        cairo_stroke(canvas->cr);
        (void) snprintf(text, sizeof text, "%g km", km);
        write_at(canvas, label_style, canvas->x + length + 6, y + 3, 60, text);
}

static void draw_all(struct canvas *canvas, const struct map *map, enum lang lang) {
        double side = canvas->x + canvas->w + 14, y = canvas->y + 8;

        cairo_set_source_rgb(canvas->cr, 0, 0, 0);
        write_at(canvas, heading_style, MARGIN, MARGIN + 8, WIDTH - 2 * MARGIN, map->heading);
        write_at(canvas, label_style, MARGIN, MARGIN + 24, WIDTH - 2 * MARGIN, map->subheading);
        for (size_t i = 0; i < map->facts_n; i++, y += 14)
                write_at(canvas, label_style, side, y, SIDE - 14, map->facts[i]);
        write_at(canvas, label_style, side, canvas->y + canvas->h - 4, SIDE - 14,
                 lang == LANG_EN ? "○ beginning   □ end   - - route   band: corridor"
                                 : "○ inicio   □ final   - - ruta   banda: pasillo");
        cairo_save(canvas->cr);
        cairo_rectangle(canvas->cr, canvas->x, canvas->y, canvas->w, canvas->h);
        cairo_clip(canvas->cr);
        draw_lines(canvas, map);
        draw_places(canvas, map);
        cairo_restore(canvas->cr);
        cairo_set_source_rgb(canvas->cr, 0.6, 0.6, 0.6);
        cairo_set_line_width(canvas->cr, 0.6);
        cairo_rectangle(canvas->cr, canvas->x, canvas->y, canvas->w, canvas->h);
        cairo_stroke(canvas->cr);
        draw_scale(canvas, canvas->y + canvas->h + 14);
}

int map_to_pdf(const struct map *map, enum lang lang, const char *path, struct error *err) {
        _cleanup_(typesetter_freep) struct typesetter *ts = NULL;
        struct output out = { 0 };
        cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(output_write, &out, WIDTH, HEIGHT);
        struct canvas canvas = { .cr = cairo_create(surface),
                                 .x = MARGIN,
                                 .y = MARGIN + 40,
                                 .w = WIDTH - 2 * MARGIN - SIDE,
                                 .h = HEIGHT - 2 * MARGIN - 60 };
        int r = typesetter_new(canvas.cr, false, &ts, err);

        canvas.ts = ts;
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, map->heading);
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "mpsi " MPSI_VERSION);
        fit(&canvas, map);
        if (r == 0)
                draw_all(&canvas, map, lang);
        cairo_show_page(canvas.cr);
        cairo_destroy(canvas.cr);
        if (r == 0)
                r = output_finish(surface, err);
        cairo_surface_destroy(surface);
        if (r == 0)
                r = output_save(&out, path, err);
        output_done(&out);
        return r;
}
