/* The desk's skeleton: what a scan is, what a command does in any mode, where an answer goes. */
#include "counter/counter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "counter/internal.h"

enum { RETRIES = 2 };

void counter_begin(struct counter *counter, enum lang lang, int64_t days, int64_t now) {
        *counter = (struct counter){ .lang = lang, .days = days, .want = -1, .active = now };
        show_ready(counter);
}

void keep(json_t **slot, const json_t *answer) {
        json_t *old = *slot;

        *slot = answer ? json_deep_copy(answer) : NULL;
        json_decref(old);
}

void clear_desk(struct counter *counter) {
        keep(&counter->person, NULL);
        keep(&counter->medium, NULL);
        keep(&counter->label, NULL);
        keep(&counter->loan, NULL);
        keep(&counter->access, NULL);
        keep(&counter->seen, NULL);
        keep(&counter->shipment, NULL);
        keep(&counter->said, NULL);
        counter->step = NULL;
        counter->all_sealed = counter->no_receipt = counter->all_read = counter->no_place = false;
        if (counter->mode == MODE_SHIP)
                counter->mode = MODE_DESK;
        *counter->overdue = *counter->seal = *counter->supervisor = *counter->condition = '\0';
        *counter->credential = *counter->paper = *counter->reason = *counter->device = '\0';
        if (counter->mode != MODE_MOVE)
                *counter->place = '\0';
        counter->no_seal = counter->on_paper = counter->all_seen = false;
        counter->ask = ASK_NOTHING;
        counter->want = -1;
}

void counter_end(struct counter *counter) {
        clear_desk(counter);
        keep(&counter->undo_args, NULL);
        keep(&counter->open, NULL);
        json_decref(counter->call.args);
        *counter = (struct counter){ 0 };
}

void call(struct counter *counter, enum counter_purpose purpose, const char *noun, const char *name, json_t *args) {
        json_decref(counter->call.args);
        counter->call = (struct counter_call){ noun, name, args, (int) purpose };
        counter->retries = 0;
}

const char *who(const json_t *person) {
        const char *full = json_text_or_empty(person, "full_name");

        return *full ? full : json_text_or_empty(person, "name");
}

void set_undo(struct counter *counter, enum undo_kind kind, json_t *args, int64_t now) {
        json_decref(counter->undo_args);
        counter->undo_args = args;
        counter->undo = kind;
        counter->undo_until = now + COUNTER_UNDO;
}

void set_undo_never(struct counter *counter, const char *es, const char *en) {
        set_undo(counter, UNDO_NEVER, NULL, 0);
        (void) snprintf(counter->undo_why, sizeof counter->undo_why, "%s", TEXT(counter, es, en));
}

/* --- looking a medium up ---------------------------------------------------------------------------------------
 */

bool look_up_next(struct counter *counter, enum counter_purpose purpose) {
        if (counter->tried == counter->scan.tries_n)
                return false;
        call(counter, purpose, "label", "scan", json_pack("{s:s}", "text", counter->scan.tries[counter->tried++]));
        return true;
}

void look_up(struct counter *counter, enum counter_purpose purpose) {
        counter->tried = 0;
        keep(&counter->label, NULL);
        (void) look_up_next(counter, purpose);
}

/* --- commands --------------------------------------------------------------------------------------------------
 */

static bool has_work(const struct counter *counter) {
        return counter->person || counter->medium || counter->ask != ASK_NOTHING || *counter->place ||
               counter->shipment || counter->want >= 0;
}

/* First what is on the desk, then the mode. */
static void cancel(struct counter *counter) {
        if (!has_work(counter))
                counter->mode = MODE_DESK;
        *counter->place = '\0';
        clear_desk(counter);
        show_ready(counter);
}

static void undo(struct counter *counter, int64_t now) {
        static const struct text word = { "DESHACER", "UNDO" };
        const char *why = counter->undo_why;

        if (counter->undo == UNDO_NOTHING) {
                show(counter, TONE_NOTE, word, "No hay nada que deshacer.", "There is nothing to undo.");
        } else if (counter->undo == UNDO_NEVER) {
                show(counter, TONE_REFUSED, word, "%s", "%s", why);
                note(counter, TONE_REFUSED, now, "%s", "%s", why);
        } else if (now > counter->undo_until) {
                show(counter, TONE_REFUSED, word, "Pasaron más de 5 minutos: haga el acto contrario, con motivo.",
                     "Over 5 minutes have gone by: do the opposite act, with a reason.");
        } else if (counter->undo == UNDO_MOVE) {
                call(counter, FOR_UNDO, "media", "move", json_incref(counter->undo_args));
        } else {
                call(counter, FOR_UNDO, "loan", "in", json_incref(counter->undo_args));
        }
}

static void begin_loans(struct counter *counter, int64_t now) {
        if (counter->mode != MODE_DESK) {
                *counter->place = '\0';
                clear_desk(counter);
                counter->mode = MODE_DESK;
        }
        counter->want = (int) counter->scan.command;
        if (counter->medium)
                settle(counter, now);
        else
                show_ready(counter);
}

static void on_command(struct counter *counter, int64_t now) {
        switch (counter->scan.command) {
        case COMMAND_QUIT: counter->quit = true; break;
        case COMMAND_HELP: show_help(counter); break;
        case COMMAND_CANCEL: cancel(counter); break;
        case COMMAND_UNDO: undo(counter, now); break;
        case COMMAND_OUT:
        case COMMAND_IN: begin_loans(counter, now); break;
        case COMMAND_MOVE:
        case COMMAND_LOCATE:
        case COMMAND_STOCKTAKE:
        case COMMAND_ENTER:
        case COMMAND_LEAVE: mode_begin(counter, counter->scan.command, now); break;
        default:
                if (counter->mode == MODE_DESK)
                        desk_command(counter, now);
                else if (counter->mode == MODE_SHIP)
                        ship_command(counter, now);
                else
                        mode_command(counter, now);
        }
}

/* --- scans -----------------------------------------------------------------------------------------------------
 */

static void show_fault(struct counter *counter, enum scan_fault fault, int64_t now) {
        static const struct text word = { "ILEGIBLE", "UNREADABLE" };
        static const struct text why[] = {
                [SCAN_LONG] = { "Lo leído es más largo que cualquier código; no se ha hecho nada.",
                                "What was scanned is longer than any code; nothing was done." },
                [SCAN_CONTROL] = { "Lo leído trae caracteres de control; no se ha hecho nada.",
                                   "What was scanned has control characters in it; nothing was done." },
                [SCAN_BYTES] = { "Lo leído no es texto; no se ha hecho nada.",
                                 "What was scanned is no text; nothing was done." },
                [SCAN_UNTYPED] = { "Un nombre se teclea: un código que lo dice no es una tarjeta; no se ha hecho "
                                   "nada.",
                                   "A name is typed: a code that says one is no card; nothing was done." },
        };

        show(counter, TONE_REFUSED, word, "%s", "%s", text_in(why[fault], counter->lang));
        show_desk(counter);
        note(counter, TONE_REFUSED, now, "%s", "%s", text_in(why[fault], counter->lang));
}

/* A hand or the scanner's own repetition: what was scanned counts once. To leave things undone twice is what people
 * do who want out. */
static bool is_repeated(struct counter *counter, int64_t now) {
        bool cancels = counter->scan.kind == SCAN_COMMAND && counter->scan.command == COMMAND_CANCEL;
        bool again = !cancels && strcmp(counter->last, counter->scan.text) == 0 &&
                     now - counter->last_time < COUNTER_AGAIN;

        (void) snprintf(counter->last, sizeof counter->last, "%s", counter->scan.text);
        counter->last_time = now;
        return again;
}

/* A seal may be numbered like a shipment: what is asked for is meant. */
static bool may_begin_shipment(const struct counter *counter) {
        if (counter->mode == MODE_SHIP)
                return counter->ask == ASK_ACT || strlen(counter->scan.plain) > 7;
        return counter->mode == MODE_DESK && !counter->medium;
}

static void on_text(struct counter *counter, int64_t now) {
        const struct scan *scan = &counter->scan;

        if (scan->kind == SCAN_CARD)
                call(counter, FOR_PERSON, "person", "scan-card", json_pack("{s:s}", "text", scan->plain));
        else if (scan->kind == SCAN_NAME)
                call(counter, FOR_PERSON, "person", "show", json_pack("{s:s}", "name", scan->text + 1));
        else if (scan->kind == SCAN_SHIPMENT && may_begin_shipment(counter))
                ship_look_up(counter);
        else if (counter->mode == MODE_SHIP)
                ship_scan(counter, now);
        else if (counter->mode != MODE_DESK)
                mode_scan(counter, now);
        else if (scan->kind == SCAN_PLACE && counter->medium) {
                (void) snprintf(counter->place, sizeof counter->place, "%.39s", scan->text);
                settle(counter, now);
        } else if (scan->kind == SCAN_PLACE)
                call(counter, FOR_PLACE, "location", "show", json_pack("{s:s}", "code", scan->text));
        else if (!desk_text(counter, now))
                look_up(counter, FOR_LABEL);
}

void counter_scan(struct counter *counter, const char *line, enum scan_fault fault, int64_t now) {
        counter->active = now;
        if (fault != SCAN_SOUND) {
                show_fault(counter, fault, now);
                return;
        }
        if (!scan_read(line, &counter->scan))
                return;
        if (is_repeated(counter, now)) {
                counter->view.repeated = true;
                counter->bells = 2;
                return;
        }
        counter->view.repeated = false;
        if (counter->scan.kind == SCAN_COMMAND)
                on_command(counter, now);
        else
                on_text(counter, now);
}

void counter_escape(struct counter *counter, int64_t now) {
        counter->active = now;
        *counter->last = '\0';
        cancel(counter);
}

bool counter_tick(struct counter *counter, int64_t now) {
        int64_t quiet = now - counter->active;

        if ((counter->mode == MODE_DESK || counter->mode == MODE_SHIP) && has_work(counter) &&
            quiet >= COUNTER_DROP) {
                note(counter, TONE_NOTE, now, "Sin terminar: se deja sin hacer.", "Not ended: it is left undone.");
                clear_desk(counter);
                show_ready(counter);
                counter->active = now;
                return true;
        }
        if (!has_work(counter) && quiet >= COUNTER_REST && counter->view.tone != TONE_READY) {
                counter->active = now;
                show_ready(counter);
                return true;
        }
        return false;
}

/* --- answers ---------------------------------------------------------------------------------------------------
 */

static void on_person(struct counter *counter, int r, const json_t *answer, const struct error *err, int64_t now) {
        if (r < 0) {
                show_error(counter, err, now);
                show_desk(counter);
        } else if (counter->ask == ASK_SUPERVISOR) {
                (void) snprintf(counter->supervisor, sizeof counter->supervisor, "%s",
                                json_text_or_empty(answer, "name"));
                if (counter->mode == MODE_DESK)
                        settle(counter, now);
                else
                        mode_person(counter, now);
        } else if (counter->mode == MODE_ENTER || counter->mode == MODE_LEAVE) {
                clear_desk(counter);
                keep(&counter->person, answer);
                mode_person(counter, now);
        } else if (counter->mode == MODE_DESK) {
                keep(&counter->person, answer);
                *counter->overdue = '\0';
                call(counter, FOR_OVERDUE, "loan", "overdue",
                     json_pack("{s:s}", "to", json_text_or_empty(answer, "name")));
        } else {
                if (counter->mode != MODE_SHIP)
                        show_ready(counter);
                show_line(counter, "Aquí no hace falta una tarjeta.", "No card is needed here.");
                counter->bells = 2;
        }
}

static void on_undo(struct counter *counter, int r, const json_t *answer, const struct error *err, int64_t now) {
        static const struct text word = { "DESHECHO", "UNDONE" };

        if (r < 0) {
                show_error(counter, err, now);
                return;
        }
        clear_desk(counter);
        if (counter->undo == UNDO_MOVE) {
                show(counter, TONE_DONE, word, "Devuelva el soporte %s a %s.", "Take medium %s back to %s.",
                     json_text_or_empty(answer, "medium"), json_text_or_empty(answer, "location"));
                note(counter, TONE_DONE, now, "%s de vuelta en %s (deshecho)", "%s back at %s (undone)",
                     json_text_or_empty(answer, "medium"), json_text_or_empty(answer, "location"));
        } else {
                show(counter, TONE_DONE, word,
                     "El préstamo %s consta como entregado y devuelto; para entregarlo se pide otro.",
                     "Loan %s is on record as handed over and returned; to hand it over another is asked for.",
                     json_text_or_empty(answer, "loan"));
                note(counter, TONE_DONE, now, "%s: entrega anulada con su devolución",
                     "%s: hand-over countered by its return", json_text_or_empty(answer, "loan"));
        }
        set_undo_never(counter, "Lo último ya era deshacer.", "The last act was an undo already.");
}

void counter_answer(struct counter *counter, int r, const json_t *answer, const json_t *said,
                    const struct error *err, bool no_pin, int64_t now) {
        const enum counter_purpose purpose = (enum counter_purpose) counter->call.purpose;

        if (r == ERR_BUSY && counter->retries < RETRIES) {
                counter->retries++;
                return; /* the same call again */
        }
        json_decref(counter->call.args);
        counter->call = (struct counter_call){ .purpose = (int) purpose };
        if (purpose == FOR_PERSON)
                on_person(counter, r, answer, err, now);
        else if (purpose == FOR_UNDO)
                on_undo(counter, r, answer, err, now);
        else if (purpose >= FOR_SHIPMENT)
                ship_answer(counter, r, answer, err, no_pin, now);
        else if (purpose <= FOR_CONFLICT)
                desk_answer(counter, r, answer, said, err, no_pin, now);
        else
                mode_answer(counter, r, answer, err, no_pin, now);
}
