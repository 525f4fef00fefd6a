/* `ship gps`: a receiver's track, kept by its digest, measured against the journey and its route (T1, T4, T6). */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "transport/gps.h"
#include "transport/internal.h"

enum { LINE_POINTS = 160, WAY_MAX = 64 };

/* The way of the shipment's route; *ret_n is 0 where none is predefined. */
static int load_way(struct act *act, const json_t *shipment, struct gps_point way[WAY_MAX], size_t *ret_n,
                    int64_t *ret_corridor, struct error *err) {
        _cleanup_json_ json_t *route = NULL;
        const json_t *item;
        size_t i;
        int r = route_find(act->db, json_text(shipment, "route"), &route, err);

        *ret_n = 0;
        *ret_corridor = json_int(route, "corridor", CORRIDOR_KM) * 1000;
        if (r < 0)
                return r;
        json_array_foreach(json_object_get(route, "via"), i, item) if (*ret_n < WAY_MAX) way[(*ret_n)++] =
                (struct gps_point){ 0, (int32_t) json_int(item, "lat", 0), (int32_t) json_int(item, "lon", 0) };
        return 0;
}

/* Enough of it to be drawn: every n-th point and the last one, as latitude and longitude one after the other. */
static json_t *line_of(const struct gps_track *track) {
        size_t step = track->n / LINE_POINTS + 1;
        json_t *line = json_array();

        for (size_t i = 0; line && i < track->n;
             i = i + step < track->n || i == track->n - 1 ? i + step : track->n - 1)
                if (json_array_append_new(line, json_integer(track->points[i].lat)) ||
                    json_array_append_new(line, json_integer(track->points[i].lon))) {
                        json_decref(line);
                        return NULL;
                }
        return line;
}

static json_t *summary_of(const struct gps_track *track, const struct gps_summary *summary, bool has_way) {
        char first[TIME_TEXT], last[TIME_TEXT];
        json_t *line = line_of(track);

        time_format(track->points[0].time, first);
        time_format(track->points[track->n - 1].time, last);
        return json_pack("{s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o}",
                         "format", track->gpx ? "gpx" : "csv", "points", (json_int_t) track->n, "first", first,
                         "last", last, "metres", (json_int_t) summary->metres, "seconds",
                         (json_int_t) summary->seconds, "gaps", (json_int_t) summary->gaps, "longest_gap",
                         (json_int_t) summary->longest_gap, "stops", (json_int_t) summary->stops, "stopped",
                         (json_int_t) summary->stopped, "top_speed", (json_int_t) summary->top_speed, "impossible",
                         (json_int_t) summary->impossible, "deviation", (json_int_t) summary->deviation, "outside",
                         (json_int_t) summary->outside, "way", (int) has_way, "line", line);
}

/* T6, T5: it left its way, or its log cannot be true. */
static int add_findings(struct act *act, const json_t *shipment, const struct gps_summary *summary,
                        struct shipment_facts *facts, struct error *err) {
        int r = 0;

        if (summary->outside)
                r = shipment_add_incident(act, shipment, NULL, INCIDENT_OTHER, facts, err,
                                          "El envío %s se apartó de su ruta hasta %lld m (%lld puntos fuera).",
                                          "Shipment %s left its route by up to %lld m (%lld points outside).",
                                          shipment_id(shipment), (long long) summary->deviation,
                                          (long long) summary->outside);
        if (r == 0 && summary->impossible)
                r = shipment_add_incident(act, shipment, NULL, INCIDENT_OTHER, facts, err,
                                          "El recorrido del envío %s tiene %lld saltos imposibles (%lld km/h).",
                                          "The track of shipment %s has %lld impossible steps (%lld km/h).",
                                          shipment_id(shipment), (long long) summary->impossible,
                                          (long long) summary->top_speed);
        return r;
}

static int refuse_known(const json_t *shipment, const char *digest, struct error *err) {
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(shipment, "gps"), i,
                           item) if (strcmp(json_text_or_empty(item, "sha256"), digest) ==
                                     0) return fail(err, ERR_CONFLICT, "Ese recorrido ya está anotado en %s.",
                                                    "That track is on record in %s already.",
                                                    shipment_id(shipment));
        return 0;
}

/* No point of it is outside dispatch to delivery (or loss, or now). */
static int judge_time(struct act *act, const json_t *shipment, const struct gps_track *track, struct error *err) {
        int64_t end = shipment_moment(shipment, "delivered");

        if (!end)
                end = shipment_moment(shipment, "lost");
        return transport_judge_track_time(track->points[0].time, track->points[track->n - 1].time,
                                          shipment_moment(shipment, "dispatched"), end ? end : act_now(act), err);
}

static int record(struct act *act, const json_t *shipment, const char *digest, const struct gps_track *track,
                  struct shipment_facts *facts, struct error *err) {
        struct gps_point way[WAY_MAX];
        struct gps_summary summary;
        int64_t corridor;
        size_t way_n;
        int r = load_way(act, shipment, way, &way_n, &corridor, err);

        if (r < 0)
                return r;
        gps_measure(track, way, way_n, corridor, &summary);
        r = shipment_facts_new(4, facts, err);
        if (r == 0)
                r = shipment_facts_add(facts, "shipment.traced", shipment_id(shipment),
                                       json_pack("{s:s, s:o}", "sha256", digest, "summary",
                                                 summary_of(track, &summary, way_n > 0)),
                                       err);
        if (r == 0)
                r = add_findings(act, shipment, &summary, facts, err);
        return r < 0 ? r : act_record(act, facts->facts, facts->n, err);
}

static int run_gps(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *shipment = NULL;
        _cleanup_facts_ struct shipment_facts facts = { 0 };
        _cleanup_track_ struct gps_track track = { 0 };
        _cleanup_free_ char *data = NULL;
        char digest[65];
        size_t n;
        int r = shipment_load(act->db, json_text(args, "shipment"), &shipment, err);

        if (r == 0)
                r = transport_judge_act(shipment_id(shipment), shipment_state_of(shipment), SHIP_GPS, err);
        if (r == 0)
                r = file_read(json_text(args, "file"), GPS_BYTES_MAX, &data, &n, err);
        if (r == 0)
                r = gps_parse(data, n, &track, err);
        if (r == 0)
                r = judge_time(act, shipment, &track, err);
        if (r == 0)
                r = act_attach(act, data, n, digest, err);
        if (r == 0)
                r = refuse_known(shipment, digest, err);
        if (r == 0)
                r = record(act, shipment, digest, &track, &facts, err);
        if (r == 0)
                r = shipment_answer(act, shipment_id(shipment), &facts, ret, err);
        return r;
}

static const struct param gps_params[] = {
        { "shipment", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("envío", "shipment"), 0, 40, NULL, 0 },
        { "file", PARAM_INPUT, PARAM_REQUIRED | PARAM_POSITIONAL,
          HELP("recorrido en GPX, o CSV con momento, latitud y longitud",
               "track as GPX, or CSV with time, latitude and longitude"),
          0, 0, NULL, 0 },
};
static const struct param map_params[] = {
        { "shipment", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("envío", "shipment"), 0, 40, NULL, 0 },
        { "pdf", PARAM_OUTPUT, PARAM_REQUIRED, HELP("fichero del plano", "file of the map"), 0, 0, NULL, 0 },
};

static int run_map(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *shipment = NULL, *route = NULL;
        int r = shipment_load(act->db, json_text(args, "shipment"), &shipment, err);

        if (r == 0)
                r = route_find(act->db, json_text(shipment, "route"), &route, err);
        if (r == 0)
                r = shipment_map(act, shipment, route, json_text(args, "pdf"), err);
        if (r == 0)
                *ret = TAKE_PTR(shipment);
        return r;
}

static const struct column gps_columns[] = {
        { "shipment", HELP("ENVÍO", "SHIPMENT") },
        { "state", CODES("ESTADO", "STATE", shipment_state_terms) },
        { "incidents", HELP("INCIDENCIAS", "INCIDENTS") },
};

static const struct verb gps_verbs[] = {
        { "ship", "gps", ROLE_CUSTODIAN | ROLE_OPERATOR | ROLE_SECURITY, VERB_WRITES,
          HELP("Anota el recorrido GPS: distancia, paradas, silencios, desvíos (T1, T4)",
               "Records the GPS track: distance, stops, silences, deviations (T1, T4)"),
          PARAMS(gps_params), COLUMNS(gps_columns), .run = run_gps },
        { "ship", "map", ROLE_ANY, VERB_READS,
          HELP("Dibuja en un PDF el recorrido GPS sobre la ruta", "Draws the GPS track over the route as PDF"),
          PARAMS(map_params), COLUMNS(gps_columns), .run = run_map },
};

const struct room shipment_gps_room = { .verbs = gps_verbs, .verbs_n = COUNT(gps_verbs) };
