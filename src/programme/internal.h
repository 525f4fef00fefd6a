/* Shared by the files of this room only. */
#pragma once

#include "programme/programme.h"
#include "registry/medium.h"

extern const struct schema programme_schema;

enum { AUDIT_EVENTS = 5, FINDING_EVENTS = 4, AUDIT_ID = 16, AUDIT_PIECE = 500, AUDIT_SEED = 32 };
extern const struct event_type audit_events[], finding_events[];

/* --- audits ------------------------------------------------------------------------------------------------- */

/* An audit as one JSON object, with how many of its items are decided, its stocktakes and its signatures; moments
 * as ISO text. ERR_USAGE, ERR_NOT_FOUND. */
int audit_load(struct act *act, const char *text, json_t **ret, struct error *err);
/* The same; ERR_CONFLICT by A1 when it is closed. */
int audit_load_open(struct act *act, const char *text, json_t **ret, struct error *err);
/* Its items: an array of {subject, what, result, how, seen, note, time, person}. */
int audit_items(struct act *act, const char *id, json_t **ret, struct error *err);
/* Gives the criteria of the process among them their names, as "criterion" {es, en}; items of the sample have none.
 */
int audit_name_criteria(const json_t *audit, json_t *items, struct error *err);
enum audit_kind audit_kind_of(const json_t *audit);
/* Of an item: what it is, how it was seen ("scan: serial"), and what a stocktake left as its note. */
enum { AUDIT_ITEMS = 4, AUDIT_WAYS = 10, AUDIT_NOTES = 4 };
extern const struct term audit_item_terms[AUDIT_ITEMS], audit_way_terms[AUDIT_WAYS], audit_note_terms[AUDIT_NOTES];

/* --- the calendar -------------------------------------------------------------------------------------------- */

struct audit_slot {
        enum audit_kind kind;
        enum category category;
        char last[DATE_TEXT], due[DATE_TEXT];
        char last_audit[AUDIT_ID], open_audit[AUDIT_ID]; /* or "" */
        enum audit_standing standing;
};
/* One of the programme as it stands on `today`. */
int audit_slot_load(struct act *act, enum audit_kind kind, enum category category, const char *today,
                    struct audit_slot *ret, struct error *err);
/* Of every kind, for the station's category and those that there are media of. */
int audit_slots_each(struct act *act, const char *today, int (*each)(void *context, const struct audit_slot *slot),
                     void *context, struct error *err);
int audit_run_calendar(struct act *act, const json_t *args, json_t **ret, struct error *err);

/* --- population and sample ------------------------------------------------------------------------------------ */

/* What an audit of this kind is about: its subjects in rising order, an array. from: moment since which shipments
 * and destructions count. */
int audit_population(struct act *act, enum audit_kind kind, enum category category, const char *area, int64_t from,
                     json_t **ret, struct error *err);
/* The population as text, one a line: what its digest is over. The caller frees. */
int audit_population_text(const json_t *population, char **ret, struct error *err);
/* The first n of them in the order of SHA-256("SEED:SUBJECT"), seed in hexadecimal: whoever has both gets the same.
 */
int audit_draw(const char *seed, const json_t *population, int64_t n, json_t **ret, struct error *err);
/* Draws again from what is kept, and says whether that gives the audit's items. ERR_VERIFY when the kept population
 * is not the digest's. */
int audit_redraw(struct act *act, const json_t *audit, const json_t *items, bool *ret_same, struct error *err);
/* Writes the kept population. */
int audit_export_population(struct act *act, const json_t *audit, const char *path, struct error *err);

int audit_run_start(struct act *act, const json_t *args, json_t **ret, struct error *err);

/* --- checks and the end ----------------------------------------------------------------------------------------
 */

int audit_run_check(struct act *act, const json_t *args, json_t **ret, struct error *err);
int audit_run_close(struct act *act, const json_t *args, json_t **ret, struct error *err);

/* --- findings ------------------------------------------------------------------------------------------------- */

/* Findings of one audit (NULL: of all), the newest last: an array; `overdue` is of the day of the act. only_open:
 * without those that are closed. */
int finding_rows(struct act *act, const char *audit, bool only_open, json_t **ret, struct error *err);

/* R-110-024 */
int audit_run_report(struct act *act, const json_t *args, json_t **ret, struct error *err);

/* What is audited, an item a row: of the audit as shown, and of its report. */
enum { AUDIT_ITEM_COLUMNS = 9 };
extern const struct column audit_item_columns[AUDIT_ITEM_COLUMNS];
