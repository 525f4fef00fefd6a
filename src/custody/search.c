/* Time to locate (U8, K1): `media locate` starts a clock, the next scan of the medium stops it. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "custody/stocktake.h"
#include "store/json.h"

/* --- events ------------------------------------------------------------------------------------------------ */

static int apply_sought(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "INSERT INTO medium_search (id, number, medium, started, started_by, target) VALUES (?, ?, "
                        "?, ?, ?, ?)",
                        "sisisi", json_text(event->data, "search"), json_int(event->data, "number", 0),
                        event->subject, event->time, event->actor, json_int(event->data, "target", 0));

        return r < 0 ? r : 0;
}

/* An event without a search is a scan of a medium that nobody sought: it was seen. */
static int apply_located(struct db *db, const struct event *event, struct error *err) {
        const char *search = json_text(event->data, "search");
        int r = 0;

        if (search)
                r = db_exec(
                        db, err,
                        "UPDATE medium_search SET ended = ?, ended_by = ?, location = ?, seconds = ? WHERE id = "
                        "?",
                        "issis", event->time, event->actor, json_text_or_empty(event->data, "location"),
                        json_int(event->data, "seconds", 0), search);
        return r < 0 ? r
                     : seen_apply(db, event, event->subject, json_text_or_empty(event->data, "location"), "scan",
                                  err);
}

/* What was lost and turned up is where it was put (transport records it). */
static int apply_recovered(struct db *db, const struct event *event, struct error *err) {
        return seen_apply(db, event, event->subject, "", "recovered", err);
}

const struct event_type search_events[] = {
        { "medium.sought", apply_sought },
        { "medium.located", apply_located },
        { "medium.recovered", apply_recovered },
};
_Static_assert(COUNT(search_events) == SEARCH_EVENTS, "all events are offered");

/* --- the clock --------------------------------------------------------------------------------------------- */

int search_stop(struct act *act, const char *medium, const char *location, struct custody_facts *facts,
                struct error *err) {
        static const char *const members[] = { "search", "started", "target" };
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *search = NULL;
        int64_t seconds, target;
        json_t *data;
        int r = db_query(act->db, &rows, err,
                         "SELECT id, started, target FROM medium_search WHERE medium = ? AND ended IS NULL", "s",
                         medium);

        if (r == 0)
                r = rows_next(rows, err);
        if (r <= 0)
                return r;
        search = rows_to_json(rows, members, "sii");
        if (!search)
                return fail_memory(err);
        /* The same call may hold the medium twice. */
        for (size_t i = 0; i < facts->n; i++)
                if (strcmp(facts->facts[i].type, "medium.located") == 0 &&
                    strcmp(facts->facts[i].subject, medium) == 0)
                        return 0;
        target = json_int(search, "target", 0);
        seconds = (act_now(act) - json_int(search, "started", 0)) / SECOND;
        if (seconds < 0)
                seconds = 0; /* the clock was set back */
        data = json_pack("{s:s, s:s, s:I, s:I, s:b}", "search", json_text(search, "search"), "location", location,
                         "seconds", (json_int_t) seconds, "target", (json_int_t) target, "met",
                         (int) (seconds < target));
        r = custody_facts_add(facts, "medium.located", medium, data, err);
        if (r < 0)
                return r;
        act_say(act, "Soporte %s localizado en %lld min %lld s (objetivo: menos de %lld min).",
                "Medium %s located in %lld min %lld s (target: under %lld min).", medium, (long long) seconds / 60,
                (long long) seconds % 60, (long long) target / 60);
        return 0;
}

static int run_locate(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_free_ char *running = NULL;
        _cleanup_json_ json_t *data = NULL;
        struct medium medium;
        int64_t number;
        char id[16];
        int r = medium_load(act->db, json_text(args, "medium"), &medium, err);

        if (r < 0)
                return r;
        if (medium.state == MEDIUM_DESTROYED || medium.state == MEDIUM_RETIRED)
                return fail(err, ERR_CONFLICT, "El soporte %s ya no existe (%s%.0s).",
                            "Medium %s is no more (%.0s%s).", medium.id, medium_state_terms[medium.state].name.es,
                            medium_state_terms[medium.state].name.en);
        r = db_text(act->db, &running, err, "SELECT id FROM medium_search WHERE medium = ? AND ended IS NULL", "s",
                    medium.id);
        if (r == 0)
                return refuse(err, ERR_CONFLICT, "U8", "El soporte %s ya se está buscando (%s).",
                              "Medium %s is being looked for already (%s).", medium.id, running);
        if (r == ERR_NOT_FOUND)
                r = db_int(act->db, &number, err, "SELECT coalesce(max(number), 0) + 1 FROM medium_search", "");
        if (r < 0)
                return r;
        (void) snprintf(id, sizeof id, "L%06lld", (long long) number);
        data = json_pack("{s:s, s:I, s:I, s:s, s:s*}", "search", id, "number", (json_int_t) number, "target",
                         (json_int_t) locate_targets[medium.category], "category",
                         category_terms[medium.category].code, "reason", json_text(args, "reason"));
        if (!data)
                return fail_memory(err);
        r = act_record_one(act, "medium.sought", medium.id, data, err);
        if (r < 0)
                return r;
        act_say(act, "Soporte %s: debería estar en %s%s%s. Al hallarlo: «media scan».",
                "Medium %s: it should be at %s%s%s. When found: “media scan”.", medium.id,
                *medium.location ? medium.location : "-", *medium.holder ? ", " : "", medium.holder);
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:I}", "search", id, "medium", medium.id, "location",
                         medium.location, "holder", medium.holder, "target",
                         (json_int_t) locate_targets[medium.category]);
        return *ret ? 0 : fail_memory(err);
}

static int run_scan(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_custody_facts_ struct custody_facts facts = { 0 };
        char id[MEDIUM_ID_TEXT], code[LOCATION_CODE] = "";
        struct medium medium = { 0 };
        const char *how = "";
        int64_t missing = 0;
        int r = medium_resolve(act->db, json_text(args, "text"), id, &how, err);

        if (r == 0)
                r = medium_load(act->db, id, &medium, err);
        if (r == 0 && json_text(args, "location"))
                r = location_code_parse(json_text(args, "location"), code, err);
        if (r == 0)
                r = custody_facts_new(2, &facts, err);
        if (r == 0)
                r = search_stop(act, id, code, &facts, err);
        if (r == 0)
                r = db_int(act->db, &missing, err, "SELECT count(*) FROM not_located WHERE medium = ?", "s", id);
        /* One that is on record as lost and turns up is news, whether or not anybody was looking for it (L9). */
        if (r == 0 && (missing || *code || medium.state == MEDIUM_LOST) && facts.n == 0)
                r = custody_facts_add(&facts, "medium.located", id, json_pack("{s:s}", "location", code), err);
        if (r == 0 && facts.n > 0)
                r = act_record(act, facts.facts, facts.n, err);
        if (r < 0)
                return r;
        if (medium.state == MEDIUM_LOST)
                act_say(act, "Consta como perdido: dígalo al administrador de seguridad.",
                        "It is on record as lost: tell the security administrator.");
        if (*code && strcmp(code, medium.location) != 0)
                act_say(act, "FUERA DE SITIO: %s es de %s.", "MISPLACED: %s belongs at %s.", id,
                        *medium.location ? medium.location : "-");
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "medium", id, "how", how, "location",
                         medium.location, "holder", medium.holder, "state", medium_state_terms[medium.state].code,
                         "at", code, "in_place", (int) (*code && strcmp(code, medium.location) == 0));
        if (*ret && facts.n > 0 && json_object_get(facts.facts[0].data, "seconds"))
                (void) json_object_set(*ret, "seconds", json_object_get(facts.facts[0].data, "seconds"));
        return *ret ? 0 : fail_memory(err);
}

static const struct param locate_params[] = {
        { "medium", PARAM_MEDIUM, PARAM_REQUIRED | PARAM_POSITIONAL, HELP("soporte", "medium"), 0, 0, NULL, 0 },
        { "reason", PARAM_TEXT, 0, HELP("motivo", "reason"), 0, 200, NULL, 0 },
};
static const struct param scan_params[] = {
        { "text", PARAM_TEXT, PARAM_REQUIRED | PARAM_POSITIONAL,
          HELP("cualquier nombre del soporte, leído", "any name of the medium, scanned"), 0, 200, NULL, 0 },
        { "location", PARAM_TEXT, 0, HELP("dónde está", "where it is"), 0, 40, NULL, 0 },
};
static const struct column locate_columns[] = {
        { "search", HELP("BÚSQUEDA", "SEARCH") },         { "medium", HELP("SOPORTE", "MEDIUM") },
        { "location", HELP("UBICACIÓN", "LOCATION") },    { "holder", HELP("LO TIENE", "HOLDER") },
        { "target", HELP("OBJETIVO (s)", "TARGET (s)") },
};
static const struct column scan_columns[] = {
        { "medium", HELP("SOPORTE", "MEDIUM") },     { "state", CODES("ESTADO", "STATE", medium_state_terms) },
        { "location", HELP("SITIO", "BELONGS AT") }, { "at", HELP("EN", "AT") },
        { "holder", HELP("LO TIENE", "HOLDER") },    { "seconds", HELP("SEGUNDOS", "SECONDS") },
};

#define WHO_SCANS (ROLE_ANY & ~(unsigned) ROLE_AUDITOR)

static const struct verb search_verbs[] = {
        { "media", "locate", WHO_SCANS, VERB_WRITES,
          HELP("Busca un soporte y pone el reloj en marcha (U8)", "Looks for a medium and starts the clock (U8)"),
          PARAMS(locate_params), COLUMNS(locate_columns), .run = run_locate },
        { "media", "scan", WHO_SCANS, VERB_WRITES,
          HELP("Lee un soporte: para el reloj de su búsqueda y dice dónde va (U8)",
               "Scans a medium: stops the clock of its search and says where it belongs (U8)"),
          PARAMS(scan_params), COLUMNS(scan_columns), .run = run_scan },
};

const struct room search_room = {
        .verbs = search_verbs,
        .verbs_n = COUNT(search_verbs),
        .events = search_events,
        .events_n = SEARCH_EVENTS,
};
