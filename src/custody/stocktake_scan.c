/* `stocktake scan`: a place first, then what is there. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "custody/stocktake.h"

struct scan {
        enum scan_result result;
        const char *text;
        char medium[MEDIUM_ID_TEXT];
        char location[LOCATION_CODE]; /* where the person is */
        char belongs[LOCATION_CODE];  /* where the registry has the medium, or "" */
        const char *how;              /* what of the medium was read */
};

/* A place's label; a text that could be one and is no place of ours is unknown, as any other. */
static int scan_location(struct act *act, struct scan *scan, struct error *err) {
        char code[LOCATION_CODE];
        struct place place;
        int r = location_code_parse(scan->text, code, NULL);

        if (r < 0)
                return ERR_NOT_FOUND;
        r = location_load(act->db, code, NULL, &place, err);
        if (r < 0)
                return r;
        memcpy(scan->location, code, sizeof code);
        scan->result = SCAN_LOCATION;
        return 0;
}

/* What was seen before in this stocktake, here or in this call. */
static int seen_before(struct act *act, const char *stocktake, const struct scan *scan, const json_t *earlier,
                       bool *ret, struct error *err) {
        _cleanup_free_ char *location = NULL;
        int r;

        for (size_t i = json_array_size(earlier); i-- > 0;) {
                const json_t *one = json_array_get(earlier, i);

                if (json_text(one, "medium") && strcmp(json_text(one, "medium"), scan->medium) == 0) {
                        *ret = strcmp(json_text_or_empty(one, "location"), scan->location) == 0;
                        return 0;
                }
        }
        r = db_text(act->db, &location, err,
                    "SELECT location FROM stocktake_seen WHERE stocktake = ? AND medium = ?", "ss", stocktake,
                    scan->medium);
        if (r < 0 && r != ERR_NOT_FOUND)
                return r;
        *ret = r == 0 && strcmp(location, scan->location) == 0;
        return 0;
}

static int scan_medium(struct act *act, const char *stocktake, const json_t *earlier, struct scan *scan,
                       struct error *err) {
        struct medium medium;
        bool again = false;
        int r = medium_resolve(act->db, scan->text, scan->medium, &scan->how, err);

        if (r == 0)
                r = medium_load(act->db, scan->medium, &medium, err);
        if (r < 0)
                return r;
        (void) snprintf(scan->belongs, sizeof scan->belongs, "%.*s", LOCATION_CODE - 1, medium.location);
        r = seen_before(act, stocktake, scan, earlier, &again, err);
        if (r < 0)
                return r;
        if (again)
                scan->result = SCAN_DUPLICATE;
        else if (!medium_is_here(medium.state))
                scan->result = SCAN_STATE;
        else
                scan->result = strcmp(medium.location, scan->location) == 0 ? SCAN_FOUND : SCAN_MISPLACED;
        return 0;
}

/* What a scanner or a hand gives: a place, any name of a medium, or something that is kept for a person to see. */
static int judge_scan(struct act *act, const char *stocktake, const char *area, const json_t *earlier,
                      struct scan *scan, struct error *err) {
        struct error trouble = { 0 };
        int r = scan_location(act, scan, &trouble);

        if (r == 0 && !custody_area_holds(area, scan->location))
                return refuse(err, ERR_CONFLICT, "U6", "%s no está en %s, que es lo que se recuenta.",
                              "%s is not in %s, which is what is being counted.", scan->location, area);
        if (r == ERR_NOT_FOUND && !*scan->location)
                return refuse(err, ERR_CONFLICT, "U6", "Lea primero el lugar, después «%.60s».",
                              "Scan the place first, then “%.60s”.", scan->text);
        if (r == ERR_NOT_FOUND)
                r = scan_medium(act, stocktake, earlier, scan, &trouble);
        /* The name of several media is kept too: somebody has to look. */
        if (r == ERR_NOT_FOUND || r == ERR_CONFLICT || r == ERR_USAGE) {
                scan->result = SCAN_UNKNOWN;
                r = 0;
        }
        if (r < 0 && err)
                *err = trouble;
        return r;
}

static json_t *scan_to_json(const struct scan *scan) {
        bool medium = scan->result != SCAN_LOCATION && scan->result != SCAN_UNKNOWN;
        json_t *one = json_pack("{s:s, s:s, s:s}", "result", scan_result_terms[scan->result].code, "location",
                                scan->location, "text", scan->text);

        if (one && medium &&
            (json_object_set_new(one, "medium", json_string(scan->medium)) ||
             json_object_set_new(one, "belongs", json_string(scan->belongs)) ||
             json_object_set_new(one, "how", json_string(scan->how ? scan->how : "")))) {
                json_decref(one);
                return NULL;
        }
        return one;
}

static void say_scan(struct act *act, const struct scan *scan) {
        const struct text result = scan_result_terms[scan->result].name;

        switch (scan->result) {
        case SCAN_LOCATION: act_say(act, "Lugar %s.", "Place %s.", scan->location); break;
        case SCAN_UNKNOWN:
                act_say(act, "DESCONOCIDO: «%.60s», anotado en %s.", "UNKNOWN: “%.60s”, noted at %s.", scan->text,
                        scan->location);
                break;
        case SCAN_MISPLACED:
                act_say(act, "FUERA DE SITIO: %s es de %s.", "MISPLACED: %s belongs at %s.", scan->medium,
                        *scan->belongs ? scan->belongs : "-");
                break;
        default: act_say(act, "%s: %s%.0s.", "%s: %.0s%s.", scan->medium, result.es, result.en);
        }
}

static int place_of(struct act *act, const char *stocktake, char ret[LOCATION_CODE], struct error *err) {
        _cleanup_free_ char *location = NULL;
        int r = db_text(act->db, &location, err,
                        "SELECT location FROM stocktake_place WHERE stocktake = ? AND person = ?", "ss", stocktake,
                        act->person);

        if (r < 0 && r != ERR_NOT_FOUND)
                return r;
        (void) snprintf(ret, LOCATION_CODE, "%s", location ? location : "");
        return 0;
}

/* Judges all of them; what changes nothing is answered and not recorded. */
static int judge_all(struct act *act, const json_t *texts, const json_t *stocktake, json_t *answer,
                     json_t *recorded, struct custody_facts *facts, struct error *err) {
        const char *id = json_text(stocktake, "stocktake"), *area = json_text(stocktake, "area");
        char here[LOCATION_CODE];
        const json_t *item;
        size_t i;
        int r = place_of(act, id, here, err);

        if (r < 0)
                return r;
        json_array_foreach(texts, i, item) {
                struct scan scan = { .text = json_string_value(item) };
                json_t *one;
                bool moved;

                memcpy(scan.location, here, sizeof here);
                r = judge_scan(act, id, area, recorded, &scan, err);
                if (r < 0)
                        return r;
                one = scan_to_json(&scan);
                if (json_array_append_new(answer, one))
                        return fail_memory(err);
                moved = scan.result != SCAN_LOCATION || strcmp(here, scan.location) != 0;
                memcpy(here, scan.location, sizeof here);
                say_scan(act, &scan);
                if (scan.result != SCAN_DUPLICATE && moved && json_array_append(recorded, one))
                        return fail_memory(err);
                if (*scan.medium && scan.result != SCAN_UNKNOWN) {
                        r = search_stop(act, scan.medium, scan.location, facts, err);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

int stocktake_run_scan(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        _cleanup_json_ json_t *stocktake = NULL, *answer = json_array(), *recorded = json_array(), *data = NULL;
        _cleanup_custody_facts_ struct custody_facts facts = { 0 };
        const json_t *texts = json_object_get(args, "text");
        int r = stocktake_find_open(act, json_text(args, "stocktake"), &stocktake, err);

        if (r == 0)
                r = custody_facts_new(1 + json_array_size(texts), &facts, err);
        if (r == 0)
                r = judge_all(act, texts, stocktake, answer, recorded, &facts, err);
        if (r < 0)
                return r;
        if (json_array_size(recorded) > 0) {
                data = json_pack("{s:O}", "scans", recorded);
                r = custody_facts_add(&facts, "stocktake.scanned", json_text(stocktake, "stocktake"),
                                      TAKE_PTR(data), err);
                if (r < 0)
                        return r;
        }
        if (facts.n > 0)
                r = act_record(act, facts.facts, facts.n, err);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s, s:O}", "stocktake", json_text(stocktake, "stocktake"), "rows", answer);
        return *ret ? 0 : fail_memory(err);
}
