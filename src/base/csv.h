/* CSV as spreadsheets write it (RFC 4180 and what Excel does in a Spanish locale): separator `;`, `,` or tab, told
 * by the first line; UTF-8 with or without a byte-order mark, else ISO-8859-15; lines end in CRLF or LF. */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"

enum { CSV_COLUMNS_MAX = 64 };

struct csv {
        char *text;           /* what the cells point into */
        const char **cells;   /* rows * columns; a short row is filled with "" */
        size_t *lines;        /* the line of the file on which each row starts, from 1 */
        size_t rows, columns; /* the header is row 0 */
};

/* ERR_USAGE with the line: an open quote, a row longer than the header, NUL, over CSV_COLUMNS_MAX columns, nothing
 * at all. Empty lines are skipped. */
int csv_parse(const char *data, size_t n, struct csv *ret, struct error *err);
void csv_done(struct csv *csv);
#define _cleanup_csv_ _cleanup_(csv_done)

static inline const char *csv_cell(const struct csv *csv, size_t row, size_t column) {
        return csv->cells[row * csv->columns + column];
}
