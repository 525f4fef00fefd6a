/* A measured quantity over time, with the ranges that it should stay in: as lines of text for a terminal, as a
 * picture or a page. */
#pragma once

#include <stdint.h>

#include "base/error.h"

struct chart_point {
        int64_t time; /* microseconds */
        double value;
        int gravity; /* 0 sound, 1 notice, 2 alert, 3 critical */
};

struct chart_range {
        double least, most;
};

struct chart {
        const char *title, *unit;
        const struct chart_point *points; /* in the order of time, at least one */
        size_t n;
        struct chart_range best, alert, critical; /* of a scale that hundredths are cut to; far away for none */
};

enum { CHART_ROWS = 12, CHART_COLUMNS = 64, CHART_LINE = 320 };

/* CHART_ROWS lines of the chart and two for the axis of time. */
enum { CHART_LINES = CHART_ROWS + 2 };
void chart_to_text(const struct chart *chart, char ret[CHART_LINES][CHART_LINE]);

/* All of them on one page (A4, landscape) or in one picture (1600 pixels wide), below one heading. */
int chart_to_pdf(const char *heading, const char *subheading, const struct chart *charts, size_t n, enum lang lang,
                 const char *path, struct error *err);
int chart_to_png(const char *heading, const char *subheading, const struct chart *charts, size_t n, enum lang lang,
                 const char *path, struct error *err);
