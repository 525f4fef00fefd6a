/* Tracks of a GPS receiver: read from GPX 1.1 and from CSV of several makers, and measured. No I/O: bytes in,
 * points and figures out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct gps_point {
        int64_t time;     /* microseconds UTC */
        int32_t lat, lon; /* millionths of a degree */
};

struct gps_track {
        struct gps_point *points; /* in the order of time */
        size_t n, room;
        bool gpx; /* which of the two it was */
};
enum { GPS_BYTES_MAX = 32 * 1024 * 1024, GPS_POINTS_MAX = 500000 };

/* "37.3891,-5.9845" in degrees. False for anything else; the time is left alone. */
bool gps_position(const char *text, struct gps_point *ret);

/* Degrees as decimal text, at most 180 either way. False for anything else. */
bool gps_degrees(const char *text, int most, int32_t *ret);

/* GPX (an XML document) or CSV, told by its first byte. ERR_USAGE: neither, a document type or an entity of its own
 * in the XML (refused unread), a point without time or position, fewer than two points, more than GPS_POINTS_MAX.
 */
int gps_parse(const char *data, size_t n, struct gps_track *ret, struct error *err);
int gps_parse_gpx(const char *data, size_t n, struct gps_track *ret, struct error *err);
int gps_parse_csv(const char *data, size_t n, struct gps_track *ret, struct error *err);
int gps_add(struct gps_track *track, const struct gps_point *point, struct error *err);
/* A moment in ISO 8601 with a zone, or without one, which is UTC then: receivers write UTC. */
bool gps_time(const char *text, int64_t *ret);
void gps_track_done(struct gps_track *track);
#define _cleanup_track_ _cleanup_(gps_track_done)

/* Metres between two points on the sphere. */
double gps_distance(const struct gps_point *a, const struct gps_point *b);
/* Metres from a point to the nearest part of a way of at least one point. */
double gps_deviation(const struct gps_point *point, const struct gps_point *way, size_t n);

struct gps_summary {
        int64_t metres, seconds;
        int64_t gaps, longest_gap;     /* silences, seconds */
        int64_t stops, stopped;        /* halts, seconds of them all */
        int64_t top_speed, impossible; /* km/h; steps that no van does */
        int64_t deviation;             /* metres from the way, the most */
        int64_t outside;               /* points beyond the corridor */
};
/* way_n 0: no way is known, and nothing deviates. `corridor` in metres. */
void gps_measure(const struct gps_track *track, const struct gps_point *way, size_t way_n, int64_t corridor,
                 struct gps_summary *ret);
