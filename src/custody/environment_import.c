/* `env import`: readings from a logger's CSV, all of them or none; or what is new in a file that a sensor goes on
 * writing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/str.h"
#include "custody/environment.h"

enum { IMPORT_BYTES_MAX = 64 << 20, IMPORT_ROWS_MAX = 1000000, PROBLEMS_SHOWN = 20, FUTURE_MINUTES = 10 };

enum heading { HEADING_TIME, HEADING_PLACE, HEADING_QUANTITY, HEADINGS = HEADING_QUANTITY + QUANTITIES };

static const char *const headings[HEADINGS][8] = {
        [HEADING_TIME] = { "time", "timestamp", "moment", "momento", "fecha", "fecha y hora", "hora" },
        [HEADING_PLACE] = { "location", "place", "ubicación", "ubicacion", "lugar", "sala" },
        [HEADING_QUANTITY + QUANTITY_TEMPERATURE] = { "temperature", "temperatura", "temp" },
        [HEADING_QUANTITY + QUANTITY_HUMIDITY] = { "humidity", "humedad", "humedad relativa", "rh", "hr" },
        [HEADING_QUANTITY + QUANTITY_FIELD] = { "field", "campo", "campo magnético", "campo magnetico" },
};

struct import {
        struct act *act;
        const struct csv *csv;
        bool follow;
        const int *offset;
        const char *place;           /* for a file without a column of places, or NULL */
        size_t columns[HEADINGS];    /* column + 1; 0: there is none */
        char checked[LOCATION_CODE]; /* the place looked up last */
        struct reading *readings;
        size_t n, known, bad;
};

/* What a sensor writes besides (its battery, its name) is none of ours. */
static int map_columns(struct import *import, struct error *err) {
        bool any = false;

        for (size_t c = 0; c < import->csv->columns; c++)
                for (size_t h = 0; h < HEADINGS; h++)
                        for (size_t w = 0; w < COUNT(headings[h]) && headings[h][w]; w++)
                                if (strcasecmp(headings[h][w], csv_cell(import->csv, 0, c)) == 0) {
                                        if (import->columns[h])
                                                return fail(err, ERR_USAGE, "La columna «%s» está dos veces.",
                                                            "Column “%s” is there twice.", headings[h][w]);
                                        import->columns[h] = c + 1;
                                        any |= h >= HEADING_QUANTITY;
                                }
        if (import->columns[HEADING_TIME] && any && (import->columns[HEADING_PLACE] || import->place))
                return 0;
        (void) fail(err, ERR_USAGE, "El fichero no tiene momento, lugar y alguna medida.",
                    "The file does not have a moment, a place and something measured.");
        return hint(err, "Columnas: momento, lugar (o --location), temperatura, humedad, campo.",
                    "Columns: time, location (or --location), temperature, humidity, field.");
}

static int read_place(struct import *import, size_t row, struct reading *ret, struct error *err) {
        size_t column = import->columns[HEADING_PLACE];
        const char *text = column ? csv_cell(import->csv, row, column - 1) : import->place;
        struct area there;
        int r = custody_area_parse(*text || !import->place ? text : import->place, ret->area, NULL, err);

        if (r < 0 || strcmp(ret->area, import->checked) == 0)
                return r;
        r = custody_area_load(import->act->db, ret->area, &there, err);
        if (r == 0)
                memcpy(import->checked, ret->area, sizeof import->checked);
        return r;
}

static int read_row(struct import *import, size_t row, struct reading *ret, struct error *err) {
        const struct csv *csv = import->csv;
        bool any = false;
        int r;

        *ret = (struct reading){ 0 };
        r = read_place(import, row, ret, err);
        if (r == 0)
                r = reading_time_parse(csv_cell(csv, row, import->columns[HEADING_TIME] - 1), import->offset,
                                       &ret->time, err);
        for (int q = 0; r == 0 && q < QUANTITIES; q++) {
                size_t column = import->columns[HEADING_QUANTITY + q];
                const char *text = column ? csv_cell(csv, row, column - 1) : "";

                if (*text)
                        r = reading_set(ret, (enum quantity) q, text, err);
                any |= ret->has[q];
        }
        if (r < 0)
                return r;
        if (!any)
                return fail(err, ERR_USAGE, "No se midió nada.", "Nothing was measured.");
        if (ret->time > act_now(import->act) + FUTURE_MINUTES * 60 * SECOND)
                return fail(err, ERR_USAGE, "El momento está en el futuro.", "The moment is in the future.");
        return reading_known(import->act->db, ret, err);
}

static int by_place_and_time(const void *a, const void *b) {
        const struct reading *x = a, *y = b;
        int places = strcmp(x->area, y->area);

        return places ? places : (x->time > y->time) - (x->time < y->time);
}

static bool same_values(const struct reading *a, const struct reading *b) {
        for (int q = 0; q < QUANTITIES; q++)
                if (a->has[q] != b->has[q] || a->values[q] != b->values[q])
                        return false;
        return true;
}

/* The same line twice counts once; two that contradict each other are a bad row (the first one stays). */
static int drop_repeated(struct import *import, struct error *err) {
        size_t kept = 0;

        for (size_t i = 0; i < import->n; i++) {
                const struct reading *last = kept ? &import->readings[kept - 1] : NULL;

                if (!last || by_place_and_time(last, &import->readings[i]) != 0) {
                        import->readings[kept++] = import->readings[i];
                        continue;
                }
                if (same_values(last, &import->readings[i])) {
                        import->known++;
                        continue;
                }
                import->bad++;
                if (!import->follow) {
                        char moment[TIME_TEXT];

                        time_format(last->time, moment);
                        return fail(err, ERR_USAGE, "El fichero dice dos cosas de %s a las %s.",
                                    "The file says two things of %s at %s.", last->area, moment);
                }
        }
        import->n = kept;
        return 0;
}

static int read_rows(struct import *import, struct error *err) {
        import->readings = calloc(import->csv->rows + 1, sizeof *import->readings);
        if (!import->readings)
                return fail_memory(err);
        for (size_t row = 1; row < import->csv->rows; row++) {
                struct error why = { 0 };
                int r = read_row(import, row, &import->readings[import->n], &why);

                if (r == ERR_FAILED) {
                        if (err)
                                *err = why;
                        return r;
                }
                import->n += r == 0;
                import->known += r > 0;
                import->bad += r < 0;
                if (r < 0 && import->bad <= PROBLEMS_SHOWN)
                        act_say(import->act, "Línea %zu: %s%.0s", "Line %zu: %.0s%s", import->csv->lines[row],
                                why.what[LANG_ES], why.what[LANG_EN]);
        }
        qsort(import->readings, import->n, sizeof *import->readings, by_place_and_time);
        return drop_repeated(import, err);
}

static int import_all(struct import *import, struct error *err) {
        int r = map_columns(import, err);

        if (r == 0)
                r = read_rows(import, err);
        if (r < 0)
                return r;
        if (import->bad && !import->follow) {
                (void) fail(err, ERR_USAGE, "%zu filas no valen; no se ha registrado ninguna.",
                            "%zu rows are bad; none was recorded.", import->bad);
                return hint(err, "Corríjalas, o sáltelas con --follow.",
                            "Correct them, or skip them with --follow.");
        }
        return readings_record(import->act, import->readings, import->n, err);
}

/* A sensor may be in the middle of a line: what does not end yet is for the next time. */
static size_t whole_lines(const char *data, size_t n) {
        while (n > 0 && data[n - 1] != '\n')
                n--;
        return n;
}

int environment_run_import(struct act *act, const json_t *args, json_t **ret, struct error *err) {
        struct import import = { .act = act,
                                 .follow = json_flag(args, "follow"),
                                 .place = json_text(args, "location") };
        _cleanup_free_ char *data = NULL;
        _cleanup_csv_ struct csv csv = { 0 };
        int offset;
        size_t n;
        int r;

        if (json_text(args, "offset")) {
                if (!reading_offset_parse(json_text(args, "offset"), &offset))
                        return fail(err, ERR_USAGE, "«%.20s» no es un desfase, como +01:00.",
                                    "“%.20s” is no offset, such as +01:00.", json_text(args, "offset"));
                import.offset = &offset;
        }
        r = file_read(json_text(args, "file"), IMPORT_BYTES_MAX, &data, &n, err);
        if (r == 0)
                r = csv_parse(data, import.follow ? whole_lines(data, n) : n, &csv, err);
        if (r < 0)
                return r;
        if (csv.rows > IMPORT_ROWS_MAX)
                return fail(err, ERR_USAGE, "El fichero tiene %zu filas; se admiten %d.",
                            "The file has %zu rows; %d will do.", csv.rows - 1, IMPORT_ROWS_MAX);
        import.csv = &csv;
        r = import_all(&import, err);
        free(import.readings);
        if (r < 0)
                return r;
        act_say(act, "%zu lecturas nuevas, %zu ya registradas, %zu que no valen.",
                "%zu new readings, %zu on record already, %zu bad.", import.n, import.known, import.bad);
        *ret = json_pack("{s:I, s:I, s:I}", "new", (json_int_t) import.n, "known", (json_int_t) import.known, "bad",
                         (json_int_t) import.bad);
        return *ret ? 0 : fail_memory(err);
}
