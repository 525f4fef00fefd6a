/* What a track says of a journey: how far, how long, where it stood still, was silent, left the way (T4, T6). */
#include <math.h>

#include "policy/shipping.h"
#include "transport/gps.h"

static const double earth = 6371000, degree = 3.14159265358979323846 / 180;

double gps_distance(const struct gps_point *a, const struct gps_point *b) {
        double lat_a = a->lat / 1e6 * degree, lat_b = b->lat / 1e6 * degree;
        double half_lat = (lat_b - lat_a) / 2, half_lon = (b->lon - a->lon) / 1e6 * degree / 2;
        double h = sin(half_lat) * sin(half_lat) + cos(lat_a) * cos(lat_b) * sin(half_lon) * sin(half_lon);

        return 2 * earth * asin(sqrt(h > 1 ? 1 : h));
}

/* Flat around the point, which is exact enough for a corridor: what lies kilometres away is kilometres away. */
static double to_segment(const struct gps_point *p, const struct gps_point *a, const struct gps_point *b) {
        double scale = cos(p->lat / 1e6 * degree), metre = earth * degree / 1e6;
        double ax = (a->lon - p->lon) * scale * metre, ay = (a->lat - p->lat) * metre;
        double bx = (b->lon - p->lon) * scale * metre, by = (b->lat - p->lat) * metre;
        double dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy;
        double t = length > 0 ? -(ax * dx + ay * dy) / length : 0;

        t = t < 0 ? 0 : t > 1 ? 1 : t;
        return hypot(ax + t * dx, ay + t * dy);
}

double gps_deviation(const struct gps_point *point, const struct gps_point *way, size_t n) {
        double least = to_segment(point, &way[0], &way[0]);

        for (size_t i = 1; i < n; i++)
                least = fmin(least, to_segment(point, &way[i - 1], &way[i]));
        return least;
}

static void measure_step(const struct gps_point *a, const struct gps_point *b, double *metres,
                         struct gps_summary *ret) {
        double way = gps_distance(a, b), seconds = (double) (b->time - a->time) / 1e6, speed;

        *metres += way;
        if (seconds > TRACK_GAP_MINUTES * 60) {
                ret->gaps++;
                if ((int64_t) seconds > ret->longest_gap)
                        ret->longest_gap = (int64_t) seconds;
        }
        /* Two points of one second, some metres apart, are the receiver's noise. */
        if (way < TRACK_STOP_METRES)
                return;
        speed = way / fmax(seconds, 1) * 3.6;
        if (speed > TRACK_SPEED_MOST)
                ret->impossible++;
        if ((int64_t) speed > ret->top_speed)
                ret->top_speed = (int64_t) speed;
}

/* A stop: all points for that long lie around its first one. */
static void measure_stops(const struct gps_track *track, struct gps_summary *ret) {
        for (size_t i = 0, j; i < track->n; i = j) {
                int64_t seconds;

                for (j = i + 1; j < track->n &&
                                gps_distance(&track->points[i], &track->points[j]) < TRACK_STOP_METRES &&
                                track->points[j].time - track->points[j - 1].time <=
                                        (int64_t) TRACK_GAP_MINUTES * 60 * 1000000;)
                        j++;
                seconds = (track->points[j - 1].time - track->points[i].time) / 1000000;
                if (seconds >= TRACK_STOP_MINUTES * 60) {
                        ret->stops++;
                        ret->stopped += seconds;
                }
        }
}

void gps_measure(const struct gps_track *track, const struct gps_point *way, size_t way_n, int64_t corridor,
                 struct gps_summary *ret) {
        double metres = 0;

        *ret = (struct gps_summary){ 0 };
        for (size_t i = 0; i < track->n; i++) {
                double off = way_n ? gps_deviation(&track->points[i], way, way_n) : 0;

                if (i > 0)
                        measure_step(&track->points[i - 1], &track->points[i], &metres, ret);
                if ((int64_t) off > ret->deviation)
                        ret->deviation = (int64_t) off;
                ret->outside += (int64_t) off > corridor;
        }
        ret->metres = (int64_t) metres;
        ret->seconds = track->n ? (track->points[track->n - 1].time - track->points[0].time) / 1000000 : 0;
        measure_stops(track, ret);
}
