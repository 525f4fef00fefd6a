/* Private to the room: the desk's parts. */
#pragma once

#include "counter/counter.h"

#define COUNTER_AGAIN (2 * SECOND)  /* within which the same scan counts once */
#define COUNTER_CALM (10 * SECOND)  /* within which a medium that was just lent is not taken for a return */
#define COUNTER_DROP (90 * SECOND)  /* after which what nobody ended is put aside */
#define COUNTER_REST (30 * SECOND)  /* after which the desk is ready again */
#define COUNTER_UNDO (300 * SECOND) /* within which an act may be countered here */

enum counter_purpose {
        FOR_PERSON,
        FOR_OVERDUE,
        FOR_LABEL,
        FOR_MEDIUM,
        FOR_LOAN,
        FOR_DEVICE,
        FOR_OUT,
        FOR_IN,
        FOR_REQUEST,
        FOR_CONFLICT, /* who was first? */
        FOR_PLACE,
        FOR_MOVE,
        FOR_IN_PLACE,
        FOR_LOCATE,
        FOR_FOUND,
        FOR_STOCKTAKES,
        FOR_START,
        FOR_COUNT,
        FOR_COUNT_LABEL,
        FOR_FINISH,
        FOR_ACCESS,
        FOR_ENTER,
        FOR_LEAVE,
        FOR_UNDO,
        FOR_SHIPMENT,
        FOR_CHECKPOINT,
        FOR_CONTENT,
        PURPOSES
};

#define TEXT(counter, spanish, english) text_in((struct text){ (spanish), (english) }, (counter)->lang)

/* --- view.c ----------------------------------------------------------------------------------------------------
 */

void show(struct counter *counter, enum counter_tone tone, struct text word, const char *es, const char *en, ...)
        __attribute__((format(printf, 4, 6), format(printf, 5, 6)));
/* A line of the details; the first free one. */
void show_line(struct counter *counter, const char *es, const char *en, ...)
        __attribute__((format(printf, 2, 4), format(printf, 3, 4)));
/* Shows why a verb refused, and notes it. */
void show_error(struct counter *counter, const struct error *err, int64_t now);
/* Into the list of what was done. */
void note(struct counter *counter, enum counter_tone tone, int64_t now, const char *es, const char *en, ...)
        __attribute__((format(printf, 4, 6), format(printf, 5, 6)));
/* What is on the desk, as lines. */
void show_desk(struct counter *counter);
void show_ready(struct counter *counter);
void show_help(struct counter *counter);

/* --- counter.c -------------------------------------------------------------------------------------------------
 */

/* Takes the reference. */
void call(struct counter *counter, enum counter_purpose purpose, const char *noun, const char *name, json_t *args);
void keep(json_t **slot, const json_t *answer);
/* What is on the desk goes; the mode stays. */
void clear_desk(struct counter *counter);
void set_undo(struct counter *counter, enum undo_kind kind, json_t *args, int64_t now);
void set_undo_never(struct counter *counter, const char *es, const char *en);
const char *who(const json_t *person);
/* Looks up the scanned text as a medium's name, one reading of it after another. */
void look_up(struct counter *counter, enum counter_purpose purpose);
/* The next reading of the scan; false when there is none left. */
bool look_up_next(struct counter *counter, enum counter_purpose purpose);

/* --- desk.c: lending and taking back ---------------------------------------------------------------------------
 */

/* What is on the desk decides what is done or asked for next. */
void settle(struct counter *counter, int64_t now);
/* The same for a text that a question waits for; false when no question does. */
bool desk_text(struct counter *counter, int64_t now);
void desk_command(struct counter *counter, int64_t now);
void desk_answer(struct counter *counter, int r, const json_t *answer, const json_t *said, const struct error *err,
                 bool no_pin, int64_t now);

/* --- modes.c: moving, looking for, counting, people ------------------------------------------------------------
 */

void mode_begin(struct counter *counter, enum counter_command command, int64_t now);
void mode_scan(struct counter *counter, int64_t now);
void mode_command(struct counter *counter, int64_t now);
void mode_person(struct counter *counter, int64_t now);
void mode_answer(struct counter *counter, int r, const json_t *answer, const struct error *err, bool no_pin,
                 int64_t now);
/* A medium with a place and no loan: it is moved there, or is where it belongs. */
void move_or_confirm(struct counter *counter);

/* --- ships.c: checkpoints of shipments (T4, T5) ------------------------------------------------------------------
 */

/* A shipment's code was scanned. */
void ship_look_up(struct counter *counter);
void ship_scan(struct counter *counter, int64_t now);
void ship_command(struct counter *counter, int64_t now);
void ship_answer(struct counter *counter, int r, const json_t *answer, const struct error *err, bool no_pin,
                 int64_t now);
/* What the checkpoint needs next, or its verb when that is all. */
void ship_settle(struct counter *counter);
/* A question under the checkpoint's word, and the shipment below it. */
void ship_ask(struct counter *counter, enum counter_ask what, const char *es, const char *en);

/* --- contents.c: what a shipment holds (T4, T7) ------------------------------------------------------------------
 */

/* Whether each medium is told of, and the place; else that is asked for. */
bool contents_settled(struct counter *counter);
/* Whether the command, or the scan, says something about the contents. */
bool contents_command(struct counter *counter);
bool contents_scan(struct counter *counter);
void contents_answer(struct counter *counter, int r, const json_t *answer, const struct error *err, int64_t now);
