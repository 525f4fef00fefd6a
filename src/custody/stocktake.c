/* Stocktakes (U6): state and events. */
#include "custody/stocktake.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "store/json.h"

const struct term scan_result_terms[SCAN_RESULTS] = {
        [SCAN_LOCATION] = { "location", { "lugar", "place" } },
        [SCAN_FOUND] = { "found", { "en su sitio", "where it belongs" } },
        [SCAN_MISPLACED] = { "misplaced", { "fuera de sitio", "misplaced" } },
        [SCAN_STATE] = { "unexpected", { "no debería estar en custodia", "should not be in custody" } },
        [SCAN_DUPLICATE] = { "duplicate", { "ya leído", "scanned already" } },
        [SCAN_UNKNOWN] = { "unknown", { "desconocido", "unknown" } },
};

int stocktake_load(struct act *act, const char *text, json_t **ret, struct error *err) {
        static const char *const members[] = { "stocktake", "area",        "state",    "started", "started_by",
                                               "finished",  "finished_by", "expected", "found",   "misplaced",
                                               "missing",   "unknown",     "note" };
        _cleanup_json_ json_t *stocktake = NULL, *signatures = NULL;
        _cleanup_rows_ struct rows *rows = NULL;
        char id[16];
        int r;

        if (!custody_number_parse(text, 'R', id))
                return fail(err, ERR_USAGE, "«%.60s» no es el número de un recuento, como R000001.",
                            "“%.60s” is not the number of a stocktake, such as R000001.", text);
        r = db_query(act->db, &rows, err,
                     "SELECT id, area, state, started, started_by, finished, finished_by, expected, found, "
                     "misplaced, missing, unknown, note FROM stocktake WHERE id = ?",
                     "s", id);
        if (r < 0)
                return r;
        r = rows_next(rows, err);
        if (r <= 0)
                return r < 0 ? r
                             : fail(err, ERR_NOT_FOUND, "No existe el recuento %s.", "There is no stocktake %s.",
                                    id);
        stocktake = rows_to_json(rows, members,
                                 "sss"
                                 "tsts"
                                 "iiiiis");
        if (!stocktake)
                return fail_memory(err);
        r = custody_signatures(act, id, &signatures, err);
        if (r < 0)
                return r;
        if (json_object_set(stocktake, "signatures", signatures))
                return fail_memory(err);
        *ret = TAKE_PTR(stocktake);
        return 0;
}

static int only_open(struct act *act, char ret[16], struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        int r = db_query(act->db, &rows, err,
                         "SELECT id FROM stocktake WHERE state = 'open' ORDER BY number LIMIT 2", "");

        if (r < 0)
                return r;
        r = rows_next(rows, err);
        if (r < 0)
                return r;
        if (r == 0)
                return refuse(err, ERR_CONFLICT, "U6", "No hay ningún recuento abierto.", "No stocktake is open.");
        (void) snprintf(ret, 16, "%s", rows_text(rows, 0));
        r = rows_next(rows, err);
        if (r < 0)
                return r;
        return r == 0 ? 0
                      : fail(err, ERR_USAGE, "Hay varios recuentos abiertos (%s, %s): diga cuál con --stocktake.",
                             "Several stocktakes are open (%s, %s): say which with --stocktake.", ret,
                             rows_text(rows, 0));
}

int stocktake_find_open(struct act *act, const char *text, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *stocktake = NULL;
        char id[16];
        int r = text ? 0 : only_open(act, id, err);

        if (r == 0)
                r = stocktake_load(act, text ? text : id, &stocktake, err);
        if (r < 0)
                return r;
        if (strcmp(json_text_or_empty(stocktake, "state"), "open") != 0)
                return refuse(err, ERR_CONFLICT, "U6", "El recuento %s ya se cerró.",
                              "Stocktake %s is finished already.", json_text(stocktake, "stocktake"));
        *ret = TAKE_PTR(stocktake);
        return 0;
}

int not_located_count(struct db *db, int64_t *ret, struct error *err) {
        return db_int(db, ret, err, "SELECT count(*) FROM not_located", "");
}

int seen_apply(struct db *db, const struct event *event, const char *medium, const char *location,
               const char *source, struct error *err) {
        int r = db_exec(db, err, "DELETE FROM not_located WHERE medium = ?", "s", medium);

        if (r < 0)
                return r;
        if (str_empty(location))
                r = db_exec(db, err, "DELETE FROM medium_seen WHERE medium = ?", "s", medium);
        else
                r = db_exec(
                        db, err,
                        "INSERT INTO medium_seen (medium, location, time, source) VALUES (?, ?, ?, ?) ON CONFLICT "
                        "(medium) DO UPDATE SET location = excluded.location, time = excluded.time, source = "
                        "excluded.source",
                        "ssis", medium, location, event->time, source);
        return r < 0 ? r : 0;
}

/* --- events ------------------------------------------------------------------------------------------------ */

static int apply_started(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(
                db, err,
                "INSERT INTO stocktake (id, number, area, state, started, started_by, note) VALUES (?, ?, ?, "
                "'open', ?, ?, ?)",
                "sisiss", event->subject, json_int(event->data, "number", 0), json_text(event->data, "area"),
                event->time, event->actor, json_text(event->data, "note"));

        return r < 0 ? r : 0;
}

static int apply_seen(struct db *db, const struct event *event, const json_t *scan, struct error *err) {
        int r = db_exec(
                db, err,
                "INSERT INTO stocktake_seen (stocktake, medium, location, result, time, person) VALUES (?, "
                "?, ?, ?, ?, ?) ON CONFLICT (stocktake, medium) DO UPDATE SET location = excluded.location, "
                "result = excluded.result, time = excluded.time, person = excluded.person",
                "ssssis", event->subject, json_text(scan, "medium"), json_text(scan, "location"),
                json_text(scan, "result"), event->time, event->actor);

        return r < 0 ? r
                     : seen_apply(db, event, json_text(scan, "medium"), json_text(scan, "location"), event->subject,
                                  err);
}

static int apply_scan(struct db *db, const struct event *event, const json_t *scan, struct error *err) {
        const char *result = json_text_or_empty(scan, "result");
        int r;

        if (strcmp(result, scan_result_terms[SCAN_LOCATION].code) == 0)
                r = db_exec(
                        db, err,
                        "INSERT INTO stocktake_place (stocktake, person, location) VALUES (?, ?, ?) ON CONFLICT "
                        "(stocktake, person) DO UPDATE SET location = excluded.location",
                        "sss", event->subject, event->actor, json_text(scan, "location"));
        else if (strcmp(result, scan_result_terms[SCAN_UNKNOWN].code) == 0)
                r = db_exec(db, err,
                            "INSERT INTO stocktake_unknown (stocktake, text, location, time, person) VALUES (?, ?, "
                            "?, ?, ?) ON CONFLICT (stocktake, text) DO NOTHING",
                            "sssis", event->subject, json_text(scan, "text"), json_text(scan, "location"),
                            event->time, event->actor);
        else
                r = apply_seen(db, event, scan, err);
        return r < 0 ? r : 0;
}

static int apply_scanned(struct db *db, const struct event *event, struct error *err) {
        const json_t *scan;
        size_t i;

        json_array_foreach(json_object_get(event->data, "scans"), i, scan) {
                int r = apply_scan(db, event, scan, err);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* Comes in pieces, since a whole cabinet may have gone. */
static int apply_missed(struct db *db, const struct event *event, struct error *err) {
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(event->data, "media"), i, item) {
                int r = db_exec(db, err,
                                "INSERT INTO stocktake_missing (stocktake, medium, location) VALUES (?, ?, ?)",
                                "sss", event->subject, json_text(item, "medium"), json_text(item, "location"));

                if (r >= 0)
                        r = db_exec(
                                db, err,
                                "INSERT INTO not_located (medium, since, stocktake) VALUES (?, ?, ?) ON CONFLICT "
                                "(medium) DO NOTHING",
                                "sis", json_text(item, "medium"), event->time, event->subject);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int apply_finished(struct db *db, const struct event *event, struct error *err) {
        const json_t *data = event->data;
        int r = db_exec(
                db, err,
                "UPDATE stocktake SET state = 'finished', finished = ?, finished_by = ?, expected = ?, found "
                "= ?, misplaced = ?, missing = ?, unknown = ? WHERE id = ?",
                "isiiiiis", event->time, event->actor, json_int(data, "expected", 0), json_int(data, "found", 0),
                json_int(data, "misplaced", 0), json_int(data, "missing", 0), json_int(data, "unknown", 0),
                event->subject);

        return r < 0 ? r : custody_apply_signature(db, event, event->subject, "finish", err);
}

const struct event_type stocktake_events[] = {
        { "stocktake.started", apply_started }, { "stocktake.scanned", apply_scanned },
        { "stocktake.missed", apply_missed },   { "stocktake.finished", apply_finished },
        { "alert.not-located", NULL },
};
_Static_assert(COUNT(stocktake_events) == STOCKTAKE_EVENTS, "all events are offered");
