/* GPX and CSV to points (T4). The files come from receivers and carriers: nothing in them is believed. */
#include <expat.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/csv.h"
#include "base/str.h"
#include "transport/gps.h"

/* --- values ------------------------------------------------------------------------------------------------- */

/* Digits, one point and nothing else, whatever the locale. */
bool gps_degrees(const char *text, int most, int32_t *ret) {
        int64_t whole = 0, part = 0, scale = 1000000;
        const char *p = text + strspn(text, " \t");
        bool minus = *p == '-', any = false;

        p += *p == '-' || *p == '+';
        for (; *p >= '0' && *p <= '9'; p++, any = true) {
                whole = whole * 10 + (*p - '0');
                if (whole > 1000)
                        return false;
        }
        if (*p == '.' || *p == ',')
                for (p++; *p >= '0' && *p <= '9'; p++, any = true) {
                        scale /= 10;
                        part += (*p - '0') * scale;
                }
        p += strspn(p, " \t\r\n");
        whole = whole * 1000000 + part;
        if (!any || *p || whole > (int64_t) most * 1000000)
                return false;
        *ret = (int32_t) (minus ? -whole : whole);
        return true;
}

bool gps_position(const char *text, struct gps_point *ret) {
        char latitude[24];
        const char *comma = strchr(text, ',');
        int32_t lat, lon;

        if (!comma || comma - text >= (ptrdiff_t) sizeof latitude || strchr(comma + 1, ','))
                return false;
        memcpy(latitude, text, (size_t) (comma - text));
        latitude[comma - text] = '\0';
        if (!gps_degrees(latitude, 90, &lat) || !gps_degrees(comma + 1, 180, &lon))
                return false;
        ret->lat = lat;
        ret->lon = lon;
        return true;
}

static bool two(const char *text, int most, int *ret) {
        if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
                return false;
        *ret = (text[0] - '0') * 10 + text[1] - '0';
        return *ret <= most;
}

/* "+02:00", "-0330", "Z" or nothing, to seconds. */
static bool zone(const char *text, int64_t *ret) {
        int hours, minutes = 0;
        const char *p = text;

        *ret = 0;
        if (!*p || ((*p == 'Z' || *p == 'z') && !p[1]))
                return true;
        if ((*p != '+' && *p != '-') || !two(p + 1, 14, &hours))
                return false;
        p += 3;
        p += *p == ':';
        if (*p && (!two(p, 59, &minutes) || p[2]))
                return false;
        *ret = (int64_t) (hours * 60 + minutes) * 60 * (*text == '-' ? -1 : 1);
        return true;
}

/* "2026-11-27", "2026/11/27" and "27/11/2026" to the first of them. */
static bool date(const char *text, char out[DATE_TEXT]) {
        if ((text[4] == '-' || text[4] == '/') && text[7] == text[4])
                (void) snprintf(out, DATE_TEXT, "%.4s-%.2s-%.2s", text, text + 5, text + 8);
        else if ((text[2] == '/' || text[2] == '-' || text[2] == '.') && text[5] == text[2])
                (void) snprintf(out, DATE_TEXT, "%.4s-%.2s-%.2s", text + 6, text + 3, text);
        else
                return false;
        return date_valid(out);
}

bool gps_time(const char *text, int64_t *ret) {
        char day[DATE_TEXT];
        int hour, minute, second = 0;
        int64_t moment, east;

        text += strspn(text, " \t\r\n");
        if (strlen(text) < 16 || (text[10] != 'T' && text[10] != ' ') || !date(text, day) ||
            date_parse(day, &moment) < 0 || !two(text + 11, 23, &hour) || text[13] != ':' ||
            !two(text + 14, 59, &minute))
                return false;
        text += 16;
        if (*text == ':') {
                if (!two(text + 1, 60, &second))
                        return false;
                text += 3;
                if (*text == '.' || *text == ',')
                        text += 1 + strspn(text + 1, "0123456789");
        }
        if (*text == ' ')
                text++;
        char rest[12];
        const size_t n = strcspn(text, " \t\r\n");

        if (n >= sizeof rest || text[n + strspn(text + n, " \t\r\n")])
                return false;
        memcpy(rest, text, n);
        rest[n] = '\0';
        if (!zone(rest, &east))
                return false;
        *ret = moment + ((int64_t) hour * 3600 + minute * 60 + second - east) * SECOND;
        return true;
}

/* --- points ------------------------------------------------------------------------------------------------- */

int gps_add(struct gps_track *track, const struct gps_point *point, struct error *err) {
        if (track->n >= GPS_POINTS_MAX)
                return fail(err, ERR_USAGE, "El recorrido pasa de %d puntos.", "The track has over %d points.",
                            GPS_POINTS_MAX);
        if (track->n == track->room) {
                size_t room = track->room ? track->room * 2 : 256;
                struct gps_point *more = realloc(track->points, room * sizeof *more);

                if (!more)
                        return fail_memory(err);
                track->points = more;
                track->room = room;
        }
        track->points[track->n++] = *point;
        return 0;
}

void gps_track_done(struct gps_track *track) {
        free(track->points);
        *track = (struct gps_track){ 0 };
}

static int by_time(const void *a, const void *b) {
        const struct gps_point *x = a, *y = b;

        return (x->time > y->time) - (x->time < y->time);
}

/* --- GPX ---------------------------------------------------------------------------------------------------- */

enum { DEPTH_MAX = 32, TIME_MAX = 48 };

struct gpx {
        XML_Parser parser;
        struct gps_track *track;
        struct error *err;
        int depth, point_depth; /* of the point that is open; 0: none */
        bool is_gpx, in_time, has_time, broken;
        struct gps_point point;
        char time[TIME_MAX];
        size_t time_n;
        int r;
};

static void stop(struct gpx *gpx, int r) {
        gpx->r = r;
        (void) XML_StopParser(gpx->parser, XML_FALSE);
}

static unsigned long line(const struct gpx *gpx) {
        return (unsigned long) XML_GetCurrentLineNumber(gpx->parser);
}

/* Without a document type there are no entities but XML's own five: nothing to expand, nothing to fetch. */
static void on_doctype(void *context, const XML_Char *name, const XML_Char *system, const XML_Char *public,
                       int internal) {
        struct gpx *gpx = context;

        (void) name;
        (void) system;
        (void) public;
        (void) internal;
        stop(gpx, fail(gpx->err, ERR_USAGE, "Un GPX no lleva DOCTYPE: el fichero no se lee.",
                       "A GPX has no DOCTYPE: the file is not read."));
}

/* The name without its namespace. */
static const char *local(const char *name) {
        const char *colon = strrchr(name, ':');

        return colon ? colon + 1 : name;
}

static void start_point(struct gpx *gpx, const XML_Char **attributes) {
        const char *lat = NULL, *lon = NULL;

        for (; attributes[0]; attributes += 2) {
                if (strcmp(attributes[0], "lat") == 0)
                        lat = attributes[1];
                else if (strcmp(attributes[0], "lon") == 0)
                        lon = attributes[1];
        }
        if (!lat || !lon || !gps_degrees(lat, 90, &gpx->point.lat) || !gps_degrees(lon, 180, &gpx->point.lon)) {
                stop(gpx, fail(gpx->err, ERR_USAGE, "Línea %lu: un punto sin latitud y longitud.",
                               "Line %lu: a point without latitude and longitude.", line(gpx)));
                return;
        }
        gpx->point_depth = gpx->depth;
        gpx->has_time = false;
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes) {
        struct gpx *gpx = context;

        if (++gpx->depth > DEPTH_MAX) {
                stop(gpx, fail(gpx->err, ERR_USAGE, "Línea %lu: demasiados niveles.", "Line %lu: too many levels.",
                               line(gpx)));
                return;
        }
        if (gpx->depth == 1 && strcmp(local(name), "gpx") != 0)
                stop(gpx, fail(gpx->err, ERR_USAGE, "El fichero XML no es un GPX.", "The XML file is no GPX."));
        else if (!gpx->point_depth && strcmp(local(name), "trkpt") == 0)
                start_point(gpx, attributes);
        else if (gpx->point_depth && gpx->depth == gpx->point_depth + 1 && strcmp(local(name), "time") == 0) {
                gpx->in_time = true;
                gpx->time_n = 0;
        }
}

static void on_text(void *context, const XML_Char *text, int n) {
        struct gpx *gpx = context;

        if (!gpx->in_time || (size_t) n >= TIME_MAX - gpx->time_n)
                return;
        memcpy(gpx->time + gpx->time_n, text, (size_t) n);
        gpx->time_n += (size_t) n;
}

static void on_end(void *context, const XML_Char *name) {
        struct gpx *gpx = context;

        (void) name;
        if (gpx->in_time && gpx->depth == gpx->point_depth + 1) {
                gpx->time[gpx->time_n] = '\0';
                gpx->in_time = false;
                gpx->has_time = gps_time(gpx->time, &gpx->point.time);
        } else if (gpx->point_depth && gpx->depth == gpx->point_depth) {
                int r = gpx->has_time ? gps_add(gpx->track, &gpx->point, gpx->err)
                                      : fail(gpx->err, ERR_USAGE, "Línea %lu: un punto sin momento.",
                                             "Line %lu: a point without a moment.", line(gpx));

                gpx->point_depth = 0;
                if (r < 0)
                        stop(gpx, r);
        }
        gpx->depth--;
}

int gps_parse_gpx(const char *data, size_t n, struct gps_track *ret, struct error *err) {
        struct gpx gpx = { .parser = XML_ParserCreate(NULL), .track = ret, .err = err };
        enum XML_Status status;

        if (!gpx.parser)
                return fail_memory(err);
        if (n > GPS_BYTES_MAX) {
                XML_ParserFree(gpx.parser);
                return fail(err, ERR_USAGE, "El fichero es demasiado grande.", "The file is too large.");
        }
        XML_SetUserData(gpx.parser, &gpx);
        XML_SetStartDoctypeDeclHandler(gpx.parser, on_doctype);
        XML_SetElementHandler(gpx.parser, on_start, on_end);
        XML_SetCharacterDataHandler(gpx.parser, on_text);
        status = XML_Parse(gpx.parser, data, (int) n, 1);
        if (status != XML_STATUS_OK && gpx.r == 0)
                gpx.r = fail(err, ERR_USAGE, "Línea %lu: no es XML bien formado (%s).",
                             "Line %lu: no well-formed XML (%s).", line(&gpx),
                             XML_ErrorString(XML_GetErrorCode(gpx.parser)));
        XML_ParserFree(gpx.parser);
        ret->gpx = true;
        return gpx.r;
}

/* --- CSV ---------------------------------------------------------------------------------------------------- */

enum heading { HEADING_TIME, HEADING_DATE, HEADING_CLOCK, HEADING_LAT, HEADING_LON, HEADING_BOTH, HEADINGS };
static const char *const headings[HEADINGS][10] = {
        [HEADING_TIME] = { "time", "timestamp", "datetime", "date time", "utc", "momento", "fecha y hora",
                           "fecha hora", "gps time" },
        [HEADING_DATE] = { "date", "fecha", "utc date" },
        [HEADING_CLOCK] = { "hour", "hora", "utc time", "clock" },
        [HEADING_LAT] = { "lat", "latitude", "latitud", "y" },
        [HEADING_LON] = { "lon", "lng", "long", "longitude", "longitud", "x" },
        [HEADING_BOTH] = { "position", "posición", "posicion", "coordinates", "coordenadas", "latlon", "lat/lon" },
};

static void map_columns(const struct csv *csv, size_t columns[HEADINGS]) {
        for (size_t c = 0; c < csv->columns; c++)
                for (size_t h = 0; h < HEADINGS; h++)
                        for (size_t w = 0; w < COUNT(headings[h]) && headings[h][w]; w++)
                                if (!columns[h] && strcasecmp(headings[h][w], csv_cell(csv, 0, c)) == 0)
                                        columns[h] = c + 1;
}

static bool read_moment(const struct csv *csv, size_t row, const size_t columns[HEADINGS], int64_t *ret) {
        char text[64];
        size_t date_column = columns[HEADING_DATE], clock = columns[HEADING_CLOCK];

        if (columns[HEADING_TIME] && gps_time(csv_cell(csv, row, columns[HEADING_TIME] - 1), ret))
                return true;
        if (!date_column)
                return false;
        if (!clock)
                clock = columns[HEADING_TIME];
        if (!clock)
                return gps_time(csv_cell(csv, row, date_column - 1), ret);
        (void) snprintf(text, sizeof text, "%.20s %.30s", csv_cell(csv, row, date_column - 1),
                        csv_cell(csv, row, clock - 1));
        return gps_time(text, ret);
}

static bool read_place(const struct csv *csv, size_t row, const size_t columns[HEADINGS], struct gps_point *ret) {
        if (columns[HEADING_LAT] && columns[HEADING_LON])
                return gps_degrees(csv_cell(csv, row, columns[HEADING_LAT] - 1), 90, &ret->lat) &&
                       gps_degrees(csv_cell(csv, row, columns[HEADING_LON] - 1), 180, &ret->lon);
        return columns[HEADING_BOTH] && gps_position(csv_cell(csv, row, columns[HEADING_BOTH] - 1), ret);
}

int gps_parse_csv(const char *data, size_t n, struct gps_track *ret, struct error *err) {
        _cleanup_csv_ struct csv csv = { 0 };
        size_t columns[HEADINGS] = { 0 };
        int r = csv_parse(data, n, &csv, err);

        if (r < 0)
                return r;
        map_columns(&csv, columns);
        if ((!columns[HEADING_TIME] && !columns[HEADING_DATE]) ||
            ((!columns[HEADING_LAT] || !columns[HEADING_LON]) && !columns[HEADING_BOTH])) {
                (void) fail(err, ERR_USAGE, "El fichero no tiene momento, latitud y longitud.",
                            "The file does not have a moment, a latitude and a longitude.");
                return hint(err, "Columnas: momento (o fecha y hora), latitud, longitud (o posición); o un GPX.",
                            "Columns: time (or date and hour), latitude, longitude (or position); or a GPX.");
        }
        for (size_t row = 1; row < csv.rows && r == 0; row++) {
                struct gps_point point = { 0 };

                if (!read_moment(&csv, row, columns, &point.time) || !read_place(&csv, row, columns, &point))
                        return fail(err, ERR_USAGE, "Línea %zu: no dice momento y posición.",
                                    "Line %zu: it does not say a moment and a position.", csv.lines[row]);
                r = gps_add(ret, &point, err);
        }
        return r;
}

int gps_parse(const char *data, size_t n, struct gps_track *ret, struct error *err) {
        size_t at = n >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        struct gps_track track = { 0 };
        int r;

        while (at < n && strchr(" \t\r\n", data[at]) && data[at])
                at++;
        r = at < n && data[at] == '<' ? gps_parse_gpx(data + at, n - at, &track, err)
                                      : gps_parse_csv(data, n, &track, err);
        if (r == 0 && track.n < 2)
                r = fail(err, ERR_USAGE, "El recorrido tiene menos de dos puntos.",
                         "The track has fewer than two points.");
        if (r < 0) {
                gps_track_done(&track);
                return r;
        }
        qsort(track.points, track.n, sizeof *track.points, by_time);
        *ret = track;
        return 0;
}
