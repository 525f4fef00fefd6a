#include "base/csv.h"

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <string.h>

#include "base/str.h"

struct reader {
        char *at;
        char separator;
        size_t line, capacity;
        struct csv *csv;
        const char *row[CSV_COLUMNS_MAX];
        size_t row_n, row_line;
};

/* A copy as UTF-8, ending in NUL, without a byte-order mark. */
static int decode(const char *data, size_t n, char **ret, struct error *err) {
        char *in, *out, *text;
        size_t in_left = n, out_left = 3 * n;
        iconv_t converter;

        if (n >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
                data += 3;
                n -= 3;
                in_left = n;
        }
        if (memchr(data, '\0', n))
                return fail(err, ERR_USAGE, "El fichero contiene caracteres nulos: no es CSV.",
                            "The file contains NUL characters: it is no CSV.");
        text = malloc(3 * n + 1);
        if (!text)
                return fail_memory(err);
        if (utf8_valid(data, n)) {
                memcpy(text, data, n);
                text[n] = '\0';
                *ret = text;
                return 0;
        }
        converter = iconv_open("UTF-8", "ISO-8859-15");
        in = (char *) (uintptr_t) data;
        out = text;
        if (converter == (iconv_t) -1 || iconv(converter, &in, &in_left, &out, &out_left) == (size_t) -1) {
                if (converter != (iconv_t) -1)
                        (void) iconv_close(converter);
                free(text);
                return fail(err, ERR_USAGE, "El fichero no es UTF-8 ni ISO-8859-15.",
                            "The file is neither UTF-8 nor ISO-8859-15.");
        }
        (void) iconv_close(converter);
        *out = '\0';
        *ret = text;
        return 0;
}

/* Whichever of the three stands most often in the first line. */
static char find_separator(const char *text) {
        static const char candidates[] = ";,\t";
        size_t best = 0, most = 0;

        for (size_t i = 0; i < 3; i++) {
                size_t n = 0;

                for (const char *p = text; *p && *p != '\n'; p++)
                        n += *p == candidates[i];
                if (n > most) {
                        most = n;
                        best = i;
                }
        }
        return candidates[best];
}

static bool at_row_end(const char *p) {
        return !*p || *p == '\n' || (*p == '\r' && (p[1] == '\n' || !p[1]));
}

/* One cell, unquoted in place. Leaves reader->at on the separator or the row's end. */
static int read_cell(struct reader *reader, const char **ret, struct error *err) {
        char *start = reader->at, *out = start, *p = start;

        if (*p != '"') {
                while (!at_row_end(p) && *p != reader->separator)
                        p++;
                reader->at = p;
                *ret = start;
                return 0;
        }
        for (p++; *p != '"' || p[1] == '"'; p++) {
                if (!*p)
                        return fail(err, ERR_USAGE, "Línea %zu: comillas sin cerrar.",
                                    "Line %zu: a quote is left open.", reader->row_line);
                if (*p == '"')
                        p++;
                reader->line += *p == '\n';
                *out++ = *p;
        }
        p++;
        if (!at_row_end(p) && *p != reader->separator)
                return fail(err, ERR_USAGE, "Línea %zu: texto detrás de unas comillas.",
                            "Line %zu: text after a closing quote.", reader->row_line);
        reader->at = p;
        *out = '\0'; /* at or before the closing quote */
        *ret = start;
        return 0;
}

static int keep_row(struct reader *reader, struct error *err) {
        struct csv *csv = reader->csv;

        if (csv->rows == 0)
                csv->columns = reader->row_n;
        if (reader->row_n > csv->columns)
                return fail(err, ERR_USAGE, "Línea %zu: tiene %zu celdas y la cabecera %zu.",
                            "Line %zu: it has %zu cells and the header %zu.", reader->row_line, reader->row_n,
                            csv->columns);
        if (csv->rows == reader->capacity) {
                size_t capacity = reader->capacity ? 2 * reader->capacity : 64;
                const char **cells = reallocarray(csv->cells, capacity * csv->columns, sizeof *cells);
                size_t *lines;

                if (!cells)
                        return fail_memory(err);
                csv->cells = cells;
                lines = reallocarray(csv->lines, capacity, sizeof *lines);
                if (!lines)
                        return fail_memory(err);
                csv->lines = lines;
                reader->capacity = capacity;
        }
        for (size_t i = 0; i < csv->columns; i++)
                csv->cells[csv->rows * csv->columns + i] = i < reader->row_n ? reader->row[i] : "";
        csv->lines[csv->rows++] = reader->row_line;
        return 0;
}

static int read_row(struct reader *reader, struct error *err) {
        reader->row_n = 0;
        reader->row_line = reader->line;
        for (;;) {
                char *end;
                int r;

                if (reader->row_n == CSV_COLUMNS_MAX)
                        return fail(err, ERR_USAGE, "Línea %zu: más de %d columnas.", "Line %zu: over %d columns.",
                                    reader->row_line, (int) CSV_COLUMNS_MAX);
                r = read_cell(reader, &reader->row[reader->row_n++], err);
                if (r < 0)
                        return r;
                end = reader->at;
                if (*end == reader->separator && *end) {
                        *end = '\0';
                        reader->at = end + 1;
                        continue;
                }
                if (*end == '\r')
                        *end++ = '\0';
                if (*end == '\n') {
                        *end++ = '\0';
                        reader->line++;
                }
                reader->at = end;
                return reader->row_n == 1 && !*reader->row[0] ? 0 : keep_row(reader, err);
        }
}

int csv_parse(const char *data, size_t n, struct csv *ret, struct error *err) {
        struct csv csv = { 0 };
        struct reader reader = { .line = 1, .csv = &csv };
        int r = decode(data, n, &csv.text, err);

        if (r < 0)
                return r;
        reader.at = csv.text;
        reader.separator = find_separator(csv.text);
        while (r == 0 && *reader.at)
                r = read_row(&reader, err);
        if (r == 0 && csv.rows == 0)
                r = fail(err, ERR_USAGE, "El fichero está vacío.", "The file is empty.");
        if (r < 0) {
                csv_done(&csv);
                return r;
        }
        *ret = csv;
        return 0;
}

void csv_done(struct csv *csv) {
        free(csv->text);
        free(csv->cells);
        free(csv->lines);
        memset(csv, 0, sizeof *csv);
}
