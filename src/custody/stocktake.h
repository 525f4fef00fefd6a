/* Stocktakes and searches, shared by their files (U6, U8, K2). */
#pragma once

#include "custody/internal.h"

enum { STOCKTAKE_EVENTS = 5, SEARCH_EVENTS = 3 };
extern const struct event_type stocktake_events[], search_events[];

enum scan_result {
        SCAN_LOCATION,  /* what is scanned next is here */
        SCAN_FOUND,     /* where it belongs */
        SCAN_MISPLACED, /* it belongs elsewhere */
        SCAN_STATE,     /* it should not be in custody at all: lent, in transit, destroyed */
        SCAN_DUPLICATE, /* scanned already, at the same place */
        SCAN_UNKNOWN,   /* no place and no medium: kept as it was read */
        SCAN_RESULTS
};
extern const struct term scan_result_terms[SCAN_RESULTS];

/* A stocktake as one JSON object; moments as ISO text. ERR_USAGE, ERR_NOT_FOUND. */
int stocktake_load(struct act *act, const char *text, json_t **ret, struct error *err);
/* The one that is meant: by its number, or the only open one. ERR_CONFLICT by U6 when it is finished. */
int stocktake_find_open(struct act *act, const char *text, json_t **ret, struct error *err);

int stocktake_run_scan(struct act *act, const json_t *args, json_t **ret, struct error *err);
int stocktake_run_finish(struct act *act, const json_t *args, json_t **ret, struct error *err);
int stocktake_run_report(struct act *act, const json_t *args, json_t **ret, struct error *err);
/* Appends what was read and what is missing, the graver first. Of one that is open, nothing is missing yet. */
int stocktake_items(struct act *act, const char *id, json_t *list, struct error *err);

/* K2: media that no stocktake found, and that were not seen since. */
int not_located_count(struct db *db, int64_t *ret, struct error *err);
/* For apply functions: a medium was seen at a place (the source says by what), or, with "" for it, is where it
 * belongs by an act of its own. It is no longer missing. */
int seen_apply(struct db *db, const struct event *event, const char *medium, const char *location,
               const char *source, struct error *err);

/* U8: when a search for the medium runs, adds the fact that it was found there, and says how long it took. Facts
 * need room for one more. */
int search_stop(struct act *act, const char *medium, const char *location, struct custody_facts *facts,
                struct error *err);
