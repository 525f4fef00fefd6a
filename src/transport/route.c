/* Predefined routes (T6): where from and to, who carries, how long it takes and may take, which places are passed.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "store/json.h"
#include "transport/gps.h"
#include "transport/internal.h"

enum { VIA_MAX = 40 };

/* --- events ------------------------------------------------------------------------------------------------- */

static int apply_added(struct db *db, const struct event *event, struct error *err) {
        const json_t *d = event->data;
        _cleanup_free_ char *via = NULL;
        int r = json_canonical(json_object_get(d, "via"), &via, err);

        if (r == 0)
                r = db_exec(db, err,
                            "INSERT INTO route (name, origin, destination, company, usual_hours, limit_hours, "
                            "corridor, via, added, added_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                            "ssssiiisis", event->subject, json_text(d, "from"), json_text(d, "to"),
                            json_text_or_empty(d, "company"), json_int(d, "usual", 0), json_int(d, "limit", 0),
                            json_int(d, "corridor", 0), via, event->time, event->actor);
        return r < 0 ? r : 0;
}

static int apply_closed(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err, "UPDATE route SET closed = ?, closing = ? WHERE name = ?", "iss", event->time,
                        json_text(event->data, "reason"), event->subject);

        return r < 0 ? r : 0;
}

static const struct event_type route_events[] = {
        { "route.added", apply_added },
        { "route.closed", apply_closed },
};

/* --- reading ------------------------------------------------------------------------------------------------ */

#define ROUTE_COLUMNS                                                                                              \
        "name, origin, destination, company, usual_hours, limit_hours, corridor, via, added, added_by, closed, "   \
        "closing"

static int route_of(const struct rows *rows, json_t **ret, struct error *err) {
        static const char *const members[] = { "name",     "from", "to",    "company",  "usual",  "limit",
                                               "corridor", "via",  "added", "added_by", "closed", "closing" };
        _cleanup_json_ json_t *route = rows_to_json(rows, members, "ssssiiiststs");
        const char *text = json_text_or_empty(route, "via");
        json_t *via = NULL;
        int r = route ? json_parse(text, strlen(text), &via, err) : fail_memory(err);

        if (r < 0)
                return r;
        if (json_object_set_new(route, "via", via) ||
            json_object_set_new(route, "state", json_string(json_text(route, "closed") ? "closed" : "open")))
                return fail_memory(err);
        *ret = TAKE_PTR(route);
        return 0;
}

int route_find(struct db *db, const char *name, json_t **ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(db, &rows, err, "SELECT " ROUTE_COLUMNS " FROM route WHERE name = lower(?)", "s", name);

        if (r == 0)
                r = rows_next(rows, err);
        *ret = NULL;
        return r <= 0 ? r : route_of(rows, ret, err);
}

int route_kept(struct db *db, bool *ret, struct error *err) {
        int64_t n = 0;
        int r = db_int(db, &n, err, "SELECT count(*) FROM route WHERE closed IS NULL", "");

        *ret = n > 0;
        return r;
}

static int route_demand(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        int r = route_find(act->db, json_text(args, "route"), ret, err);

        if (r == 0 && !*ret)
                return fail(err, ERR_NOT_FOUND, "No hay ninguna ruta «%s».", "There is no route “%s”.",
                            json_text(args, "route"));
        return r;
}

/* --- verbs -------------------------------------------------------------------------------------------------- */

#define ROUTE_PARAM                                                                                                \
        { "route", PARAM_NAME, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("ruta", "route"), 0, 0, NULL, 0 }

static const struct param add_params[] = {
        ROUTE_PARAM,
        { "from", PARAM_TEXT, PARAM_REQUIRED, HELP("origen", "origin"), 0, 120, NULL, 0 },
        { "to", PARAM_TEXT, PARAM_REQUIRED, HELP("destino", "destination"), 0, 120, NULL, 0 },
        { "company", PARAM_TEXT, 0, HELP("empresa de transporte", "carrier's company"), 0, 120, NULL, 0 },
        { "usual", PARAM_INT, PARAM_REQUIRED, HELP("horas que suele tardar", "hours that it usually takes"), 1, 720,
          NULL, 0 },
        { "limit", PARAM_INT, PARAM_REQUIRED, HELP("horas que puede tardar", "hours that it may take"), 1, 720,
          NULL, 0 },
        { "via", PARAM_TEXT, PARAM_REPEATED,
          HELP("punto de paso LUGAR@LATITUD,LONGITUD, en orden (repetible)",
               "point on the way PLACE@LATITUDE,LONGITUDE, in order (repeatable)"),
          0, 160, NULL, 0 },
        { "corridor", PARAM_INT, 0,
          HELP("kilómetros que puede apartarse; por defecto, 5", "kilometres that it may deviate; by default 5"), 1,
          200, NULL, 0 },
};
static const struct param close_params[] = {
        ROUTE_PARAM,
        { "reason", PARAM_TEXT, PARAM_REQUIRED, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};
static const struct param show_params[] = { ROUTE_PARAM };
static const struct param list_params[] = {
        { "all", PARAM_FLAG, 0, HELP("también las cerradas", "closed ones too"), 0, 0, NULL, 0 },
};
static const struct term route_state_terms[] = {
        { "open", { "abierta", "open" } },
        { "closed", { "cerrada", "closed" } },
};
static const struct column route_columns[] = {
        { "name", HELP("RUTA", "ROUTE") },
        { "from", HELP("ORIGEN", "FROM") },
        { "to", HELP("DESTINO", "TO") },
        { "company", HELP("EMPRESA", "COMPANY") },
        { "usual", HELP("USUAL (H)", "USUAL (H)") },
        { "limit", HELP("LÍMITE (H)", "LIMIT (H)") },
        { "places", HELP("PASA POR", "PASSES") },
        { "corridor", HELP("PASILLO (KM)", "CORRIDOR (KM)") },
        { "state", CODES("ESTADO", "STATE", route_state_terms) },
};

/* The names of the places, for a person's eye. */
static int add_places(json_t *route, struct error *err) {
        _cleanup_json_ json_t *places = json_array();
        const json_t *item;
        size_t i;

        json_array_foreach(
                json_object_get(route, "via"), i,
                item) if (json_array_append(places, json_object_get(item, "place"))) return fail_memory(err);
        return json_array_size(places) && json_object_set(route, "places", places) ? fail_memory(err) : 0;
}

static int parse_via(const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *via = json_array();
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(args, "via"), i, item) {
                const char *text = json_string_value(item), *at = strrchr(text, '@');
                struct gps_point point;

                if (!at || at == text || !gps_position(at + 1, &point))
                        return fail(err, ERR_USAGE, "«%.80s» no es LUGAR@LATITUD,LONGITUD.",
                                    "“%.80s” is not PLACE@LATITUDE,LONGITUDE.", text);
                if (json_array_append_new(via,
                                          json_pack("{s:s%, s:I, s:I}", "place", text, (size_t) (at - text), "lat",
                                                    (json_int_t) point.lat, "lon", (json_int_t) point.lon)))
                        return fail_memory(err);
        }
        if (json_array_size(via) > VIA_MAX || json_array_size(via) == 1)
                return fail(err, ERR_USAGE, "Un recorrido tiene de 2 a %d puntos.", "A way has 2 to %d points.",
                            VIA_MAX);
        *ret = TAKE_PTR(via);
        return 0;
}

static int answer(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *route = NULL;
        int r = route_demand(act, args, &route, err);

        if (r == 0)
                r = add_places(route, err);
        if (r == 0)
                *ret = TAKE_PTR(route);
        return r;
}

static int run_add(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *there = NULL, *via = NULL, *data = NULL;
        const char *name = json_text(args, "route");
        int r = route_find(act->db, name, &there, err);

        if (r < 0)
                return r;
        if (there)
                return fail(err, ERR_CONFLICT, "Ya hay una ruta «%s».", "There is a route “%s” already.", name);
        if (json_int(args, "limit", 0) < json_int(args, "usual", 0))
                return refuse(err, ERR_USAGE, "T6", "El límite es menor que lo que suele tardar.",
                              "The limit is less than what it usually takes.");
        r = parse_via(args, &via, err);
        if (r < 0)
                return r;
        data = json_pack("{s:s, s:s, s:s, s:O, s:O, s:I, s:O}", "from", json_text(args, "from"), "to",
                         json_text(args, "to"), "company", json_text_or_empty(args, "company"), "usual",
                         json_object_get(args, "usual"), "limit", json_object_get(args, "limit"), "corridor",
                         (json_int_t) json_int(args, "corridor", CORRIDOR_KM), "via", via);
        r = data ? act_record_one(act, "route.added", name, data, err) : fail_memory(err);
        return r < 0 || act->dry_run ? r : answer(act, args, ret, err);
}

static int run_close(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *route = NULL, *data = NULL;
        int r = route_demand(act, args, &route, err);

        if (r < 0)
                return r;
        if (json_text(route, "closed"))
                return fail(err, ERR_CONFLICT, "La ruta %s ya está cerrada.", "Route %s is closed already.",
                            json_text(route, "name"));
        data = json_pack("{s:s}", "reason", json_text(args, "reason"));
        r = data ? act_record_one(act, "route.closed", json_text(route, "name"), data, err) : fail_memory(err);
        return r < 0 || act->dry_run ? r : answer(act, args, ret, err);
}

static int run_show(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        return answer(act, args, ret, err);
}

static int run_list(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *list = json_array();
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(act->db, &rows, err,
                         "SELECT " ROUTE_COLUMNS " FROM route WHERE ?1 OR closed IS NULL ORDER BY name", "i",
                         (int64_t) json_flag(args, "all"));

        while (r >= 0 && (r = rows_next(rows, err)) > 0) {
                _cleanup_json_ json_t *route = NULL;

                r = route_of(rows, &route, err);
                if (r == 0)
                        r = add_places(route, err);
                if (r == 0 && json_array_append(list, route))
                        r = fail_memory(err);
        }
        if (r < 0)
                return r;
        *ret = json_pack("{s:O}", "rows", list);
        return *ret ? 0 : fail_memory(err);
}

static const struct verb route_verbs[] = {
        { "route", "add", ROLE_CUSTODIAN | ROLE_SECURITY, VERB_WRITES,
          HELP("Predefine una ruta: lugares, empresa, horas (T6)",
               "Predefines a route: places, company, hours (T6)"),
          PARAMS(add_params), COLUMNS(route_columns), .run = run_add },
        { "route", "close", ROLE_CUSTODIAN | ROLE_SECURITY, VERB_WRITES,
          HELP("Cierra una ruta: ningún envío nuevo irá por ella", "Closes a route: no new shipment goes by it"),
          PARAMS(close_params), COLUMNS(route_columns), .run = run_close },
        { "route", "show", ROLE_ANY, VERB_READS, HELP("Muestra una ruta", "Shows a route"), PARAMS(show_params),
          COLUMNS(route_columns), .run = run_show },
        { "route", "list", ROLE_ANY, VERB_READS, HELP("Lista las rutas", "Lists the routes"), PARAMS(list_params),
          COLUMNS(route_columns), .run = run_list },
};

const struct room route_room = {
        .verbs = route_verbs, .verbs_n = COUNT(route_verbs), .events = route_events, .events_n = COUNT(route_events)
};
