/* A way on one page: the places that it should pass, the corridor around them and the track that was gone. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct map_point {
        double lat, lon;  /* degrees */
        const char *name; /* of a place, or NULL */
};

struct map {
        const char *heading, *subheading;
        const struct map_point *way; /* places, in order; may be none */
        size_t way_n;
        double corridor;               /* metres */
        const struct map_point *track; /* at least one point */
        size_t track_n;
        const char *const *facts; /* lines of text beside the drawing */
        size_t facts_n;
};

/* A4, landscape; north is up and a kilometre is as long either way. */
int map_to_pdf(const struct map *map, enum lang lang, const char *path, struct error *err);
