/* The newest GPS track of a shipment over its route, as a page. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "print/map.h"
#include "transport/internal.h"

enum { FACTS = 9, FACT_TEXT = 120 };

static const char *in(const struct act *act, const char *es, const char *en) {
        return act->lang == LANG_EN ? en : es;
}

/* "3 h 05 min" */
static void hours(int64_t seconds, char out[32]) {
        (void) snprintf(out, 32, "%lld h %02lld min", (long long) (seconds / 3600),
                        (long long) (seconds / 60 % 60));
}

void shipment_gps_facts(const struct act *act, const json_t *summary, char facts[][120]) {
        char took[32], silent[32], stood[32];

        hours(json_int(summary, "seconds", 0), took);
        hours(json_int(summary, "longest_gap", 0), silent);
        hours(json_int(summary, "stopped", 0), stood);
        (void) snprintf(facts[0], FACT_TEXT, "%s: %lld%s%lld km", in(act, "Distancia", "Distance"),
                        (long long) json_int(summary, "metres", 0) / 1000, in(act, ",", "."),
                        (long long) json_int(summary, "metres", 0) / 100 % 10);
        (void) snprintf(facts[1], FACT_TEXT, "%s: %s", in(act, "Duración", "Duration"), took);
        (void) snprintf(facts[2], FACT_TEXT, "%s: %lld", in(act, "Puntos", "Points"),
                        (long long) json_int(summary, "points", 0));
        (void) snprintf(facts[3], FACT_TEXT, "%s: %lld (%s %s)", in(act, "Silencios", "Silences"),
                        (long long) json_int(summary, "gaps", 0), in(act, "el mayor", "the longest"), silent);
        (void) snprintf(facts[4], FACT_TEXT, "%s: %lld (%s)", in(act, "Paradas", "Stops"),
                        (long long) json_int(summary, "stops", 0), stood);
        (void) snprintf(facts[5], FACT_TEXT, "%s: %lld km/h", in(act, "Velocidad mayor", "Top speed"),
                        (long long) json_int(summary, "top_speed", 0));
        (void) snprintf(facts[6], FACT_TEXT, "%s: %lld", in(act, "Saltos imposibles", "Impossible steps"),
                        (long long) json_int(summary, "impossible", 0));
        if (json_flag(summary, "way"))
                (void) snprintf(facts[7], FACT_TEXT, "%s: %lld m", in(act, "Desvío mayor", "Greatest deviation"),
                                (long long) json_int(summary, "deviation", 0));
        else
                (void) snprintf(
                        facts[7], FACT_TEXT, "%s",
                        in(act, "Ruta sin trazado: sin desvío que medir", "Route without a way: no deviation"));
        (void) snprintf(facts[8], FACT_TEXT, "%s: %lld",
                        in(act, "Puntos fuera del pasillo", "Points off the corridor"),
                        (long long) json_int(summary, "outside", 0));
}

static struct map_point *track_points(const json_t *line, size_t *ret_n) {
        size_t n = json_array_size(line) / 2;
        struct map_point *points = calloc(n + 1, sizeof *points);

        for (size_t i = 0; points && i < n; i++)
                points[i] = (struct map_point){ (double) json_integer_value(json_array_get(line, 2 * i)) / 1e6,
                                                (double) json_integer_value(json_array_get(line, 2 * i + 1)) / 1e6,
                                                NULL };
        *ret_n = n;
        return points;
}

static struct map_point *way_points(const json_t *via, size_t *ret_n) {
        struct map_point *points = calloc(json_array_size(via) + 1, sizeof *points);
        const json_t *item;
        size_t i;

        json_array_foreach(via, i, item) if (points)
                points[i] = (struct map_point){ (double) json_int(item, "lat", 0) / 1e6,
                                                (double) json_int(item, "lon", 0) / 1e6, json_text(item, "place") };
        *ret_n = points ? json_array_size(via) : 0;
        return points;
}

int shipment_map(struct act *act, const json_t *shipment, const json_t *route, const char *path,
                 struct error *err) {
        const json_t *tracks = json_object_get(shipment, "gps"),
                     *newest = json_array_get(tracks, json_array_size(tracks) - 1),
                     *summary = json_object_get(newest, "summary");
        _cleanup_free_ struct map_point *way = NULL, *track = NULL;
        char facts[FACTS][FACT_TEXT], heading[160], subheading[240];
        const char *lines[FACTS];
        struct map map = { .heading = heading, .subheading = subheading, .facts = lines, .facts_n = FACTS };

        if (!newest)
                return fail(err, ERR_NOT_FOUND, "El envío %s no tiene recorrido GPS («ship gps»).",
                            "Shipment %s has no GPS track (“ship gps”).", shipment_id(shipment));
        track = track_points(json_object_get(summary, "line"), &map.track_n);
        way = way_points(json_object_get(route, "via"), &map.way_n);
        if (!track || !way || map.track_n == 0)
                return fail_memory(err);
        map.track = track;
        map.way = way;
        map.corridor = (double) json_int(route, "corridor", CORRIDOR_KM) * 1000;
        shipment_gps_facts(act, summary, facts);
        for (size_t i = 0; i < FACTS; i++)
                lines[i] = facts[i];
        (void) snprintf(heading, sizeof heading, "%s %s · %.60s",
                        in(act, "Recorrido del envío", "Track of shipment"), shipment_id(shipment),
                        json_text_or_empty(shipment, "route"));
        (void) snprintf(subheading, sizeof subheading, "%.19sZ – %.19sZ · SHA-256 %s",
                        json_text_or_empty(summary, "first"), json_text_or_empty(summary, "last"),
                        json_text_or_empty(newest, "sha256"));
        return map_to_pdf(&map, act->lang, path, err);
}
