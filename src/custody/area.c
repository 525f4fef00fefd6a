/* An area is a place or all places that begin alike: a building, a room, a cabinet. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "custody/internal.h"

/* What comes after the building, in order. */
static const struct {
        char letter;
        size_t digits;
} parts[] = { { 'S', 2 }, { 'A', 2 }, { 'E', 2 }, { 'P', 3 } };

enum { BUILDING_MIN = 2, BUILDING_MAX = 4 };

/* The code with its first n parts, when the text is one. */
static bool parse_parts(const char *plain, size_t length, size_t n, char ret[LOCATION_CODE]) {
        size_t tail = 0, at, used;

        for (size_t i = 0; i < n; i++)
                tail += 1 + parts[i].digits;
        if (length < BUILDING_MIN + tail || length > BUILDING_MAX + tail)
                return false;
        at = length - tail;
        used = (size_t) snprintf(ret, LOCATION_CODE, "%.*s", (int) at, plain);
        for (size_t i = 0; i < n; i++) {
                if (plain[at] != parts[i].letter || strspn(plain + at + 1, "0123456789") < parts[i].digits)
                        return false;
                used += (size_t) snprintf(ret + used, LOCATION_CODE - used, "-%.*s", (int) (1 + parts[i].digits),
                                          plain + at);
                at += 1 + parts[i].digits;
        }
        return true;
}

int custody_area_parse(const char *text, char ret[LOCATION_CODE], enum access_level *ret_level, struct error *err) {
        static const enum access_level levels[] = { LEVEL_BUILDING, LEVEL_ROOM, LEVEL_CABINET, LEVEL_CABINET,
                                                    LEVEL_CABINET };
        char plain[LOCATION_CODE], code[LOCATION_CODE];
        size_t length = str_scanned(text, plain, sizeof plain);

        for (size_t left_out = 0; length < sizeof plain && left_out <= COUNT(parts); left_out++) {
                size_t n = COUNT(parts) - left_out;

                if (!parse_parts(plain, length, n, code))
                        continue;
                memcpy(ret, code, sizeof code);
                if (ret_level)
                        *ret_level = levels[n];
                return 0;
        }
        return refuse(err, ERR_USAGE, "U2",
                      "«%.60s» no es un lugar ni el comienzo de su código: HQ, HQ-S03, HQ-S03-A12…",
                      "“%.60s” is neither a place nor the beginning of its code: HQ, HQ-S03, HQ-S03-A12…", text);
}

bool custody_area_holds(const char *area, const char *code) {
        size_t n = strlen(area);

        return n == 0 || (strncmp(code, area, n) == 0 && (code[n] == '\0' || code[n] == '-'));
}

int custody_area_load(struct db *db, const char *area, struct area *ret, struct error *err) {
        _cleanup_rows_ struct rows *rows = NULL;
        struct area found = { 0 };
        int r = db_query(db, &rows, err,
                         "SELECT DISTINCT level, section FROM location WHERE code = ?1 OR (code > ?1 || '-' AND "
                         "code < ?1 || '.')",
                         "s", area);

        if (r < 0)
                return r;
        while ((r = rows_next(rows, err)) > 0) {
                int level = term_parse(category_terms, CATEGORIES, rows_text(rows, 0));
                int section = term_parse(classification_terms, CLASSIFICATIONS, rows_text(rows, 1));

                found.places = true;
                if (level > (int) found.level)
                        found.level = (enum category) level;
                if (section > (int) found.section)
                        found.section = (enum classification) section;
        }
        if (r < 0)
                return r;
        if (!found.places) {
                (void) fail(err, ERR_NOT_FOUND, "No hay ninguna ubicación en %s.", "There is no location in %s.",
                            area);
                return hint(err, "Vea «location list» o créela con «location add».",
                            "See “location list” or make one with “location add”.");
        }
        *ret = found;
        return 0;
}
