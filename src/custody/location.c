#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "custody/stocktake.h"

/* Read from the end, where widths are fixed, so that the dashes may be missing. */
static const struct {
        char letter;
        size_t digits;
} code_parts[] = { { 'P', 3 }, { 'E', 2 }, { 'A', 2 }, { 'S', 2 } };

enum { BUILDING_MIN = 2, BUILDING_MAX = 4, CODE_TAIL = 13 };

static int bad_code(const char *text, struct error *err) {
        return refuse(err, ERR_USAGE, "U2",
                      "«%s» no es un código EDIFICIO-SALA-ARMARIO-ESTANTE-POSICION, como "
                      "HQ-S03-A12-E04-P023.",
                      "“%s” is not a code BUILDING-ROOM-CABINET-SHELF-POSITION, such as HQ-S03-A12-E04-P023.",
                      text);
}

int location_code_parse(const char *text, char ret[LOCATION_CODE], struct error *err) {
        char plain[LOCATION_CODE];
        size_t n = str_scanned(text, plain, sizeof plain), end = n;

        if (n < BUILDING_MIN + CODE_TAIL || n > BUILDING_MAX + CODE_TAIL)
                return bad_code(text, err);
        for (size_t i = 0; i < COUNT(code_parts); i++) {
                size_t start = end - code_parts[i].digits - 1;

                if (plain[start] != code_parts[i].letter ||
                    strspn(plain + start + 1, "0123456789") < code_parts[i].digits)
                        return bad_code(text, err);
                end = start;
        }
        (void) snprintf(ret, LOCATION_CODE, "%.*s-%.3s-%.3s-%.3s-%.4s", (int) end, plain, plain + end,
                        plain + end + 3, plain + end + 6, plain + end + 9);
        return 0;
}

int location_load(struct db *db, const char *code, const char *except, struct place *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        _cleanup_json_ json_t *there = NULL;
        struct place place = { .code = code };
        const json_t *id;
        size_t i;
        int r;

        r = db_query(db, &rows, err, "SELECT storage, level, section, capacity FROM location WHERE code = ?", "s",
                     code);
        if (r < 0)
                return r;
        r = rows_next(rows, err);
        if (r < 0)
                return r;
        if (r == 0) {
                (void) fail(err, ERR_NOT_FOUND, "No existe la ubicación %s.", "There is no location %s.", code);
                return hint(err, "Créela con «location add» o elija otra con «location list».",
                            "Make it with “location add” or choose another with “location list”.");
        }
        place.storage = (enum storage) term_parse(storage_terms, STORAGES, rows_text(rows, 0));
        place.level = (enum category) term_parse(category_terms, CATEGORIES, rows_text(rows, 1));
        place.section = (enum classification) term_parse(classification_terms, CLASSIFICATIONS, rows_text(rows, 2));
        place.capacity = rows_int(rows, 3);
        r = medium_ids_at(db, code, &there, err);
        if (r < 0)
                return r;
        for (i = 0; i < json_array_size(there); i++) {
                id = json_array_get(there, i);
                place.occupied += !except || strcmp(json_string_value(id), except) != 0;
        }
        *ret = place;
        return 0;
}

int custody_location_accepts(struct db *db, const char *code, const struct medium *medium, struct error *err) {
        struct place place;
        int r = location_load(db, code, medium->id, &place, err);

        if (r < 0)
                return r;
        return custody_judge_placement(&place, medium->id, medium->category, medium->classification, err);
}

int custody_location_has_room(struct db *db, const char *code, int64_t more, struct error *err) {
        struct place place;
        int r = location_load(db, code, NULL, &place, err);

        if (r < 0 || place.occupied + more <= place.capacity)
                return r;
        return refuse(err, ERR_REFUSED, "U2", "%s tiene %lld de %lld y no admite %lld soportes más.",
                      "%s holds %lld of %lld and has no room for %lld more media.", code,
                      (long long) place.occupied, (long long) place.capacity, (long long) more);
}

/* --- seals ------------------------------------------------------------------------------------------------- */

int custody_seal_refuse_used(struct db *db, const char *plain, struct error *err) {
        _cleanup_free_ char *subject = NULL;
        int r = db_text(db, &subject, err, "SELECT subject FROM seal WHERE plain = ?", "s", plain);

        if (r == ERR_NOT_FOUND)
                return 0;
        if (r < 0)
                return r;
        return refuse(err, ERR_REFUSED, "T5", "El precinto %s ya se usó en %s.", "Seal %s was used already in %s.",
                      plain, subject);
}

int custody_apply_seal(struct db *db, const char *plain, const char *number, const char *subject, int64_t time,
                       struct error *err) {
        int r = db_exec(db, err, "INSERT INTO seal (plain, number, subject, time) VALUES (?, ?, ?, ?)", "sssi",
                        plain, number, subject, time);

        return r < 0 ? r : 0;
}

bool custody_number_parse(const char *text, char letter, char ret[16]) {
        char plain[16];
        size_t n = str_scanned(text, plain, sizeof plain);

        if (n != 7 || plain[0] != letter || strspn(plain + 1, "0123456789") != n - 1)
                return false;
        memcpy(ret, plain, n + 1);
        return true;
}

/* --- events ------------------------------------------------------------------------------------------------ */

static int apply_added(struct db *db, const struct event *event, struct error *err) {
        int r = db_exec(db, err,
                        "INSERT INTO location (code, storage, level, section, capacity, note, added, added_by) "
                        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                        "ssssisis", event->subject, json_text(event->data, "storage"),
                        json_text(event->data, "level"), json_text(event->data, "section"),
                        json_int(event->data, "capacity", 0), json_text_or_empty(event->data, "note"), event->time,
                        event->actor);

        return r < 0 ? r : 0;
}

static int apply_moved(struct db *db, const struct event *event, struct error *err) {
        int r = medium_apply_location(db, event->subject, json_text_or_empty(event->data, "location"), err);

        return r < 0 ? r : seen_apply(db, event, event->subject, "", "move", err);
}

const struct event_type location_events[] = {
        { "location.added", apply_added },
        { "medium.moved", apply_moved },
};
_Static_assert(COUNT(location_events) == LOCATION_EVENTS, "all events are offered");
