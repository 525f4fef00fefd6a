#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/fit.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/rack.h"
#include "sanitize/rack.h"

enum { CELL = 256, FRAME = 4, LOW = 7, GAP = 2, STEP_MOST = 44 };

/* --- cells ------------------------------------------------------------------------------------------------------
 */

static void eta_cell(const json_t *row, enum lang lang, char *out) {
        int64_t eta = json_int(row, "eta", -1);

        (void) lang;
        if (eta >= 0 && eta < INT64_C(100) * 86400)
                (void) snprintf(out, CELL, "%lld:%02lld:%02lld", (long long) eta / 3600, (long long) eta / 60 % 60,
                                (long long) eta % 60);
}

static void rate_cell(const json_t *row, enum lang lang, char *out) {
        int64_t rate = json_int(row, "rate", 0);
        char size[32];

        (void) lang;
        if (rate <= 0)
                return;
        human_size((uint64_t) rate, size);
        (void) snprintf(out, CELL, "%s/s", size);
}

static void errors_cell(const json_t *row, enum lang lang, char *out) {
        int64_t errors = json_int(row, "errors", json_int(row, "not_reached", 0));
        char size[32];

        (void) lang;
        if (errors <= 0)
                return;
        human_size((uint64_t) errors, size);
        (void) snprintf(out, CELL, "%s", size);
}

static void percent_cell(const json_t *row, enum lang lang, char *out) {
        (void) lang;
        if (json_object_get(row, "percent"))
                (void) snprintf(out, CELL, "%lld %%", (long long) json_int(row, "percent", 0));
}

static void temperature_cell(const json_t *row, enum lang lang, char *out) {
        (void) lang;
        if (json_object_get(row, "temperature"))
                (void) snprintf(out, CELL, "%lld", (long long) json_int(row, "temperature", 0));
}

static void step_cell(const json_t *row, enum lang lang, char *out) {
        const char *step = json_text_or_empty(json_object_get(row, "step"), lang == LANG_EN ? "en" : "es");
        int64_t part = json_int(row, "part", 0), parts = json_int(row, "parts", 0);

        if (parts > 1)
                (void) snprintf(out, CELL, "%lld/%lld %s", (long long) part, (long long) parts, step);
        else
                (void) snprintf(out, CELL, "%s", step);
}

static bool is_trouble(const json_t *row) {
        return json_int(row, "rank", RACK_STATES) <= RACK_ERRORS;
}

static void state_cell(const json_t *row, enum lang lang, char *out) {
        int64_t rank = json_int(row, "rank", -1);

        if (rank >= 0 && rank < RACK_STATES)
                (void) snprintf(out, CELL, "%s%s", is_trouble(row) ? "! " : "  ",
                                text_in(rack_state_terms[rank].name, lang));
}

static void text_cell(const json_t *row, const char *key, char *out) {
        (void) snprintf(out, CELL, "%s", json_text_or_empty(row, key));
        utf8_trim(out);
}
static void medium_cell(const json_t *row, enum lang lang, char *out) {
        (void) lang;
        text_cell(row, "medium", out);
}
static void model_cell(const json_t *row, enum lang lang, char *out) {
        (void) lang;
        text_cell(row, "model", out);
}
static void serial_cell(const json_t *row, enum lang lang, char *out) {
        (void) lang;
        text_cell(row, "serial", out);
}
static void device_cell(const json_t *row, enum lang lang, char *out) {
        (void) lang;
        text_cell(row, "device", out);
}

/* In the order in which they stand; `worth` says which are given up first when the terminal is narrow. */
static const struct field {
        struct text title;
        int width, worth;
        bool right;
        void (*cell)(const json_t *row, enum lang lang, char *out);
} fields[] = {
        { { "  ESTADO", "  STATE" }, 15, 11, false, state_cell },
        { { "SOPORTE", "MEDIUM" }, 11, 10, false, medium_cell },
        { { "DISPOSITIVO", "DEVICE" }, 12, 1, false, device_cell },
        { { "MODELO", "MODEL" }, 18, 3, false, model_cell },
        { { "SERIE", "SERIAL" }, 16, 2, false, serial_cell },
        { { "PASO", "STEP" }, 22, 4, false, step_cell },
        { { "HECHO", "DONE" }, 5, 9, true, percent_cell },
        { { "VELOCIDAD", "SPEED" }, 10, 6, true, rate_cell },
        { { "FALTA", "LEFT" }, 9, 8, true, eta_cell },
        { { "°C", "°C" }, 3, 5, true, temperature_cell },
        { { "ERRORES", "ERRORS" }, 8, 7, true, errors_cell },
};
enum { FIELDS = sizeof fields / sizeof fields[0], STEP_FIELD = 5, MOST_WORTH = 11 };

/* --- text of a known width --------------------------------------------------------------------------------------
 */

static void put_line(FILE *out, const struct rack_look *look, const char *before, const char *text) {
        (void) fputs(look->colour ? before : "", out);
        put_fitted(out, text, look->width, false);
        (void) fputs(look->colour ? "\033[0m\r\n" : "\r\n", out);
}

/* --- the screen -------------------------------------------------------------------------------------------------
 */

struct layout {
        int width[FIELDS]; /* 0: left out */
};

static bool is_used(const struct field *field, const json_t *rows) {
        const json_t *row;
        size_t i;

        json_array_foreach(rows, i, row) {
                char cell[CELL] = "";

                field->cell(row, LANG_ES, cell);
                if (*cell)
                        return true;
        }
        return false;
}

/* The worthiest first, as long as there is room; what is left over goes to the step. A column that says nothing of
 * any row takes none. */
static struct layout lay_out(int width, const json_t *rows) {
        struct layout layout = { { 0 } };
        int room = width + GAP;

        for (int worth = MOST_WORTH; worth > 0; worth--)
                for (size_t i = 0; i < FIELDS; i++) {
                        if (fields[i].worth != worth || fields[i].width + GAP > room || !is_used(&fields[i], rows))
                                continue;
                        layout.width[i] = fields[i].width;
                        room -= fields[i].width + GAP;
                }
        if (layout.width[STEP_FIELD] && room > 0)
                layout.width[STEP_FIELD] += room < STEP_MOST - fields[STEP_FIELD].width
                                                    ? room
                                                    : STEP_MOST - fields[STEP_FIELD].width;
        if (layout.width[0] == 0)
                layout.width[0] = width; /* not even that much: the state alone, cut */
        return layout;
}

static const char *colour_of(const json_t *row) {
        switch (json_int(row, "rank", RACK_STATES)) {
        case RACK_WORKING: return "";
        case RACK_CANCELLED: return "\033[2m";
        case RACK_HOT: return "\033[33m";
        case RACK_SANITIZED: return "\033[32m";
        default: return "\033[1;31m";
        }
}

/* row NULL: the titles. */
static void put_row(FILE *out, const struct rack_look *look, const struct layout *layout, const json_t *row) {
        const char *before = row ? colour_of(row) : "\033[1m";
        bool first = true;

        (void) fputs(look->colour ? before : "", out);
        for (size_t i = 0; i < FIELDS; i++) {
                char cell[CELL] = "";

                if (!layout->width[i])
                        continue;
                if (row)
                        fields[i].cell(row, look->lang, cell);
                else
                        (void) snprintf(cell, sizeof cell, "%s", text_in(fields[i].title, look->lang));
                if (!first)
                        (void) fprintf(out, "%*s", GAP, "");
                put_fitted(out, cell, layout->width[i], fields[i].right);
                first = false;
        }
        (void) fputs(look->colour ? "\033[0m\r\n" : "\r\n", out);
}

static void put_head(FILE *out, const struct rack_look *look, const json_t *answer) {
        const json_t *rows = json_object_get(answer, "rows"), *row;
        int trouble = 0, working = 0, ended = 0;
        int64_t rate = 0, eta = -1;
        char line[CELL], clock[32] = "", speed[32], left[CELL] = "";
        time_t seconds = (time_t) (look->now / SECOND);
        struct tm local;
        size_t i;

        json_array_foreach(rows, i, row) {
                int64_t rank = json_int(row, "rank", RACK_STATES), one = json_int(row, "eta", -1);

                trouble += is_trouble(row);
                working += rank == RACK_WORKING || rank == RACK_HOT;
                ended += rank == RACK_SANITIZED || rank == RACK_CANCELLED;
                rate += json_int(row, "rate", 0);
                eta = one > eta ? one : eta;
        }
        if (localtime_r(&seconds, &local))
                (void) strftime(clock, sizeof clock, "%Y-%m-%d %H:%M:%S", &local);
        (void) snprintf(line, sizeof line, "mpsi · %s %s · %s", look->lang == LANG_EN ? "station" : "puesto",
                        json_text_or_empty(answer, "station"), clock);
        put_line(out, look, "\033[1m", line);
        human_size((uint64_t) rate, speed);
        if (eta >= 0)
                (void) snprintf(left, sizeof left,
                                look->lang == LANG_EN ? " · all done in %lld:%02lld:%02lld"
                                                      : " · todo listo en %lld:%02lld:%02lld",
                                (long long) eta / 3600, (long long) eta / 60 % 60, (long long) eta % 60);
        (void) snprintf(line, sizeof line,
                        look->lang == LANG_EN ? "in trouble: %d · working: %d · ended: %d · %s/s%s"
                                              : "con problemas: %d · en marcha: %d · terminados: %d · %s/s%s",
                        trouble, working, ended, speed, left);
        put_line(out, look, trouble ? "\033[1;31m" : "", look->trouble ? look->trouble : line);
}

static void put_foot(FILE *out, const struct rack_look *look, int from, int shown, int n) {
        char line[CELL] = "";

        if (shown < n)
                (void) snprintf(line, sizeof line,
                                look->lang == LANG_EN ? "%d–%d of %d · ↑ ↓ scroll · q quit (the jobs go on)"
                                                      : "%d–%d de %d · ↑ ↓ desplaza · q sale (los trabajos siguen)",
                                from + 1, from + shown, n);
        else
                (void) snprintf(line, sizeof line, "%s",
                                look->lang == LANG_EN ? "q quit (the jobs go on)" : "q sale (los trabajos siguen)");
        (void) fputs(look->colour ? "\033[2m" : "", out);
        put_fitted(out, line, look->width, false);
        (void) fputs(look->colour ? "\033[0m" : "", out);
}

char *rack_draw(const json_t *answer, const struct rack_look *look, int *ret_scroll) {
        const json_t *rows = json_object_get(answer, "rows");
        int n = (int) json_array_size(rows), room = look->height - FRAME, from = look->scroll, shown;
        const struct layout layout = lay_out(look->width, rows);
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        if (look->height < LOW)
                room = look->height - 1; /* only the rows, and how to leave */
        room = room < 1 ? 1 : room;
        from = from > n - room ? n - room : from;
        from = from < 0 ? 0 : from;
        shown = n - from < room ? n - from : room;
        if (look->height >= LOW) {
                put_head(out, look, answer);
                put_row(out, look, &layout, NULL);
        }
        for (int i = 0; i < room; i++) {
                if (i < shown)
                        put_row(out, look, &layout, json_array_get(rows, (size_t) (from + i)));
                else
                        put_line(out, look, "",
                                 i == 0 && answer ? look->lang == LANG_EN ? "  No jobs." : "  No hay trabajos."
                                                  : "");
        }
        put_foot(out, look, from, shown, n);
        *ret_scroll = from;
        return fclose(out) == 0 ? text : NULL;
}
