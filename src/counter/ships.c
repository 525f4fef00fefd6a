/* Checkpoints of a shipment at the desk (T4, T5): its code shows it, a command's code says what is done, and the
 * desk asks for what that needs. What may be done when, and what follows from a seal that differs, the verbs
 * decide. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "counter/internal.h"
#include "policy/shipping.h"

enum { SEALS = 1, COURIER = 2, EVENT = 4, CONTENTS = 8 };

struct ship_step {
        enum counter_command command;
        enum shipment_state from;
        const char *verb;
        unsigned wants;
};

static const struct ship_step steps[] = {
        { COMMAND_DISPATCH, SHIPMENT_AUTHORISED, "dispatch", SEALS },
        { COMMAND_PICKUP, SHIPMENT_DISPATCHED, "pickup", SEALS | COURIER },
        { COMMAND_TRACK, SHIPMENT_PICKED_UP, "track", EVENT },
        { COMMAND_DELIVER, SHIPMENT_IN_TRANSIT, "deliver", SEALS },
        { COMMAND_TRACK, SHIPMENT_IN_TRANSIT, "track", EVENT },
        { COMMAND_CONFIRM, SHIPMENT_DELIVERED, "confirm", CONTENTS },
};

static const struct text word_ship = { "ENVÍO", "SHIPMENT" };

static const char *shipment(const struct counter *counter) {
        return json_text_or_empty(counter->shipment, "shipment");
}

static int state_of(const struct counter *counter) {
        return term_parse(shipment_state_terms, SHIPMENT_STATES, json_text_or_empty(counter->shipment, "state"));
}

static struct text state_name(const struct counter *counter) {
        int state = state_of(counter);

        return state < 0 ? (struct text){ "-", "-" } : shipment_state_terms[state].name;
}

static size_t seals_placed(const struct counter *counter) {
        return json_array_size(json_object_get(counter->shipment, "seals"));
}

/* Which seals there should be is not shown: what is read off the package counts. */
static void show_shipment(struct counter *counter) {
        const json_t *seals = json_object_get(counter->said, "seal"), *seal;
        const struct text state = state_name(counter);
        char read[120] = "";
        size_t i;

        show_line(counter, "Envío     %s · %s%.0s · para %s%s", "Shipment  %s · %.0s%s · for %s%s",
                  shipment(counter), state.es, state.en, json_text_or_empty(counter->shipment, "recipient"),
                  json_flag(counter->shipment, "drill") ? TEXT(counter, " · SIMULACRO", " · DRILL") : "");
        show_line(counter, "Contiene  soportes: %zu · precintos puestos: %zu",
                  "Holds     media: %zu · seals placed: %zu",
                  json_array_size(json_object_get(counter->shipment, "media")), seals_placed(counter));
        if (json_text(counter->shipment, "expected"))
                show_line(counter, "Llegada   %.10s", "Arrival   %.10s", json_text(counter->shipment, "expected"));
        json_array_foreach(seals, i, seal)(void) snprintf(read + strlen(read), sizeof read - strlen(read), "%s%s",
                                                          i ? " · " : "", json_string_value(seal));
        utf8_trim(read);
        if (*read)
                show_line(counter, "Precintos %s", "Seals     %s", read);
}

void ship_ask(struct counter *counter, enum counter_ask what, const char *es, const char *en) {
        const struct text word = counter->step ? counter_codes[counter->step->command].typed : word_ship;

        counter->ask = what;
        show(counter, TONE_ASK, word, "%s", "%s", TEXT(counter, es, en));
        show_shipment(counter);
}

static void end(struct counter *counter) {
        clear_desk(counter);
        counter->mode = MODE_DESK;
}

/* --- which checkpoint is next ------------------------------------------------------------------------------------
 */

static void offer(struct counter *counter, int64_t now) {
        const int state = state_of(counter);
        char es[120] = "", en[120] = "";

        for (size_t i = 0; i < COUNT(steps); i++) {
                const struct text typed = counter_codes[steps[i].command].typed;

                if (state != (int) steps[i].from)
                        continue;
                (void) snprintf(es + strlen(es), sizeof es - strlen(es), "%s%s", *es ? " o " : "Lea ", typed.es);
                (void) snprintf(en + strlen(en), sizeof en - strlen(en), "%s%s", *en ? " or " : "Scan ", typed.en);
        }
        counter->mode = MODE_SHIP;
        if (*es) {
                ship_ask(counter, ASK_ACT, es, en);
                return;
        }
        show(counter, TONE_NOTE, word_ship, "%s", "%s",
             state >= 0 && state < (int) SHIPMENT_AUTHORISED
                     ? TEXT(counter, "Aún no puede salir: falta embalarlo o autorizarlo («ship show»).",
                            "It can't leave yet: it is to be packed or authorised (“ship show”).")
                     : TEXT(counter, "Ese envío ha terminado.", "That shipment is over."));
        show_shipment(counter);
        note(counter, TONE_NOTE, now, "%s: nada que hacer aquí", "%s: nothing to do here", shipment(counter));
        end(counter);
}

void ship_look_up(struct counter *counter) {
        end(counter);
        counter->mode = MODE_SHIP;
        call(counter, FOR_SHIPMENT, "ship", "show", json_pack("{s:s}", "shipment", counter->scan.shipment));
}

/* --- what the checkpoint needs -----------------------------------------------------------------------------------
 */

static bool has(const struct counter *counter, const char *member) {
        return json_object_get(counter->said, member) != NULL;
}

static void put(struct counter *counter, const char *member, const char *text) {
        (void) json_object_set_new(counter->said, member, json_string(text));
}

/* The first indicator on the package that was not told of; -1: none. */
static int indicator_open(const struct counter *counter) {
        const json_t *placed = json_object_get(counter->shipment, "indicators");

        for (int i = 0; i < INDICATORS; i++)
                if (json_object_get(placed, indicator_terms[i].code) && !has(counter, indicator_terms[i].code))
                        return i;
        return -1;
}

static void ask_indicator(struct counter *counter, int indicator) {
        const struct text name = indicator_terms[indicator].name;
        char es[160], en[160];

        (void) snprintf(es, sizeof es, "Indicador de %s: lea BIEN, o ROTO si está activado.", name.es);
        (void) snprintf(en, sizeof en, "Indicator of %s: scan GOOD, or DAMAGED if it is tripped.", name.en);
        ship_ask(counter, ASK_INDICATOR, es, en);
}

static void record(struct counter *counter) {
        json_t *args = json_deep_copy(counter->said);

        (void) json_object_set_new(args, "shipment", json_string(shipment(counter)));
        for (int i = 0; i < INDICATORS; i++)
                if (!*json_text_or_empty(args, indicator_terms[i].code))
                        (void) json_object_del(args, indicator_terms[i].code);
        if (counter->step->wants & EVENT && !counter->on_paper)
                (void) json_object_set_new(args, "sign", json_true());
        call(counter, FOR_CHECKPOINT, "ship", counter->step->verb, args);
}

static bool wants_seals(const struct counter *counter) {
        return counter->step->wants & SEALS && !counter->all_sealed &&
               json_array_size(json_object_get(counter->said, "seal")) < seals_placed(counter);
}

void ship_settle(struct counter *counter) {
        const unsigned wants = counter->step->wants;
        const bool traced = strcmp(json_text_or_empty(counter->shipment, "tracking"),
                                   transport_tracking_terms[TRACKING_GPS].code) == 0;

        if (wants_seals(counter))
                ship_ask(counter, ASK_SEAL, "Lea cada precinto que se ve en el bulto; si no hay más, FIN.",
                         "Scan each seal that is seen on the package; if there is no more, DONE.");
        else if (wants & SEALS && indicator_open(counter) >= 0)
                ask_indicator(counter, indicator_open(counter));
        else if (wants & COURIER && !has(counter, "company"))
                ship_ask(counter, ASK_COMPANY, "Escriba la empresa de transporte e Intro.",
                         "Type the carrier's company and Enter.");
        else if (wants & COURIER && !has(counter, "courier"))
                ship_ask(counter, ASK_COURIER, "Lea o escriba la identificación del mensajero.",
                         "Scan or type the courier's ID.");
        else if (wants & COURIER && !has(counter, "receipt") && !counter->no_receipt)
                ship_ask(counter, ASK_RECEIPT, "Lea el número del recibo que firmó el mensajero; si no hay, FIN.",
                         "Scan the number of the receipt that the courier signed; if there is none, DONE.");
        else if (wants & EVENT && traced && !has(counter, "position"))
                ship_ask(counter, ASK_POSITION, "Escriba la posición: latitud,longitud.",
                         "Type the position: latitude,longitude.");
        else if (wants & EVENT && !has(counter, "event"))
                ship_ask(counter, ASK_EVENT, "Escriba qué ha pasado, o lea BIEN si sigue su camino.",
                         "Type what happened, or scan GOOD if it goes on.");
        else if (!(wants & CONTENTS) || contents_settled(counter))
                record(counter);
}

static void begin_step(struct counter *counter, enum counter_command command, int64_t now) {
        const struct ship_step *before = counter->step;
        const struct text typed = counter_codes[command].typed, state = state_name(counter);

        counter->step = NULL;
        for (size_t i = 0; i < COUNT(steps); i++)
                if (steps[i].command == command && (int) steps[i].from == state_of(counter))
                        counter->step = &steps[i];
        if (!counter->step) {
                show(counter, TONE_REFUSED, (struct text){ "NO", "NO" }, "El envío está %s%.0s: no le toca %s%.0s.",
                     "The shipment is %.0s%s: %.0s%s does not come now.", state.es, state.en, typed.es, typed.en);
                show_shipment(counter);
                note(counter, TONE_REFUSED, now, "%s: %s no toca", "%s: %s out of order", shipment(counter),
                     text_in(typed, counter->lang));
                counter->ask = ASK_ACT;
                return;
        }
        if (counter->step != before || !counter->said) {
                keep(&counter->said, NULL);
                counter->said = json_object();
                counter->all_sealed = counter->no_receipt = counter->on_paper = false;
                counter->all_read = counter->no_place = false;
                *counter->content = '\0';
        }
        ship_settle(counter);
}

/* --- scans and commands ------------------------------------------------------------------------------------------
 */

static void add_seal(struct counter *counter) {
        json_t *seals = json_object_get(counter->said, "seal");
        const json_t *seal;
        size_t i;

        if (!seals) {
                seals = json_array();
                (void) json_object_set_new(counter->said, "seal", seals);
        }
        json_array_foreach(seals, i, seal) if (strcmp(json_string_value(seal), counter->scan.plain) == 0) {
                ship_settle(counter);
                show_line(counter, "%s ya está leído: lea otro.", "%s was scanned already: scan another.",
                          counter->scan.plain);
                counter->bells = 2;
                return;
        }
        (void) json_array_append_new(seals, json_string(counter->scan.plain));
        ship_settle(counter);
}

/* A value instead of a word: the verb holds it against the indicator's limits. */
static void add_reading(struct counter *counter) {
        const int indicator = indicator_open(counter);
        json_t *readings = json_object_get(counter->said, "reading");
        char text[80];
        int64_t value;

        if (indicator < 0) {
                ship_settle(counter);
                return;
        }
        if (transport_indicator_value((enum indicator) indicator, counter->scan.text, &value, NULL) < 0) {
                ask_indicator(counter, indicator);
                counter->bells = 2;
                return;
        }
        (void) snprintf(text, sizeof text, "%s=%.40s", indicator_terms[indicator].code, counter->scan.text);
        if (!readings) {
                readings = json_array();
                (void) json_object_set_new(counter->said, "reading", readings);
        }
        (void) json_array_append_new(readings, json_string(text));
        put(counter, indicator_terms[indicator].code, ""); /* told of: by its value */
        ship_settle(counter);
}

void ship_scan(struct counter *counter, int64_t now) {
        static const struct {
                enum counter_ask asked;
                const char *member;
                int most;
        } texts[] = { { ASK_COMPANY, "company", 120 },
                      { ASK_COURIER, "courier", 120 },
                      { ASK_RECEIPT, "receipt", 40 },
                      { ASK_EVENT, "event", 200 },
                      { ASK_POSITION, "position", 40 } };

        (void) now;
        if (counter->ask == ASK_SEAL) {
                add_seal(counter);
                return;
        }
        if (counter->ask == ASK_INDICATOR) {
                add_reading(counter);
                return;
        }
        if (contents_scan(counter))
                return;
        for (size_t i = 0; i < COUNT(texts); i++) {
                char text[SCAN_MAX + 1];

                if (counter->ask != texts[i].asked)
                        continue;
                (void) snprintf(text, sizeof text, "%.*s", texts[i].most, counter->scan.text);
                utf8_trim(text);
                put(counter, texts[i].member, text);
                ship_settle(counter);
                return;
        }
        counter->bells = 2;
        show_line(counter, "Lea antes qué se hace con el envío.", "Scan first what is done with the shipment.");
}

void ship_command(struct counter *counter, int64_t now) {
        const enum counter_command command = counter->scan.command;
        const bool good = command == COMMAND_GOOD, done = command == COMMAND_DONE;
        const int indicator = indicator_open(counter);

        if (command == COMMAND_NO && counter->ask != ASK_MISSING) {
                end(counter);
                show_ready(counter);
                return;
        }
        if (command >= COMMAND_DISPATCH && command <= COMMAND_CONFIRM) {
                begin_step(counter, command, now);
                return;
        }
        if (contents_command(counter)) {
                ship_settle(counter);
                return;
        }
        if (counter->ask == ASK_SEAL && done && has(counter, "seal"))
                counter->all_sealed = true;
        else if (counter->ask == ASK_INDICATOR && indicator >= 0 && (good || command == COMMAND_DAMAGED))
                put(counter, indicator_terms[indicator].code, good ? "ok" : "tripped");
        else if (counter->ask == ASK_RECEIPT && done)
                counter->no_receipt = true;
        else if (counter->ask == ASK_EVENT && good)
                put(counter, "event", TEXT(counter, "Sigue su camino", "On its way"));
        else {
                counter->bells = 2;
                show_line(counter, "Esa orden no viene ahora a cuento.", "That command means nothing now.");
                return;
        }
        ship_settle(counter);
}

/* --- answers -----------------------------------------------------------------------------------------------------
 */

static void show_done(struct counter *counter, const char *incident, bool unsigned_track) {
        const char *place = json_text(counter->said, "location");
        const bool contents = counter->step->wants & CONTENTS;

        if (incident && contents)
                show(counter, TONE_REFUSED, (struct text){ "INCIDENCIA", "INCIDENT" },
                     "Queda registrado y no está todo como debe: incidencia %s abierta; véala con «incident show».",
                     "It is on record and not all as it should be: incident %s is open; see “incident show”.",
                     incident);
        else if (incident)
                show(counter, TONE_REFUSED, (struct text){ "INCIDENCIA", "INCIDENT" },
                     "Queda registrado y no está como debe: incidencia %s abierta; no lo abra.",
                     "It is on record and not as it should be: incident %s is open; do not open it.", incident);
        else if (contents && place)
                show(counter, TONE_DONE, (struct text){ "HECHO", "DONE" },
                     "Registrado y firmado; guárdelo en %.40s.", "On record, and signed; put it away in %.40s.",
                     place);
        else
                show(counter, TONE_DONE, (struct text){ "HECHO", "DONE" }, "%s", "%s",
                     unsigned_track ? TEXT(counter, "Registrado sin firma; algún punto del tránsito se firma.",
                                           "On record, not signed; some point of the way has to be.")
                                    : TEXT(counter, "Registrado y firmado.", "On record, and signed."));
}

static void on_done(struct counter *counter, const json_t *answer, int64_t now) {
        const json_t *incidents = json_object_get(answer, "incidents");
        const char *incident = json_string_value(json_array_get(incidents, 0));
        const struct text typed = counter_codes[counter->step->command].typed;
        const bool unsigned_track = counter->step->wants & EVENT && counter->on_paper;

        keep(&counter->shipment, answer);
        show_done(counter, incident, unsigned_track);
        show_shipment(counter);
        note(counter, incident ? TONE_REFUSED : TONE_DONE, now, "%s: %s%s%s", "%s: %s%s%s", shipment(counter),
             text_in(typed, counter->lang), incident ? " · " : "", incident ? incident : "");
        set_undo_never(counter, "Un punto de control no se deshace: lo que falle se anota como incidencia.",
                       "A checkpoint can't be undone: what is wrong is noted as an incident.");
        end(counter);
}

/* What was read stays on the desk when it was only the PIN. */
static void on_failed(struct counter *counter, const struct error *err, bool no_pin, int64_t now) {
        if (no_pin && counter->step->wants & EVENT && !counter->on_paper) {
                counter->on_paper = true;
                record(counter);
                return;
        }
        show_error(counter, err, now);
        show_shipment(counter);
        if (!no_pin && !(err->code == ERR_DENIED && !*err->rule)) {
                end(counter);
                return;
        }
        counter->ask = ASK_ACT;
        show_line(counter, "Para firmarlo, lea otra vez %s.", "To sign it scan %s again.",
                  text_in(counter_codes[counter->step->command].typed, counter->lang));
}

void ship_answer(struct counter *counter, int r, const json_t *answer, const struct error *err, bool no_pin,
                 int64_t now) {
        const enum counter_purpose purpose = (enum counter_purpose) counter->call.purpose;

        if (purpose == FOR_CONTENT && counter->step) {
                contents_answer(counter, r, answer, err, now);
        } else if (purpose != FOR_SHIPMENT && !counter->step) {
                end(counter); /* another scan came between */
                show_ready(counter);
        } else if (purpose == FOR_CHECKPOINT && r == 0) {
                on_done(counter, answer, now);
        } else if (purpose == FOR_CHECKPOINT) {
                on_failed(counter, err, no_pin, now);
        } else if (r == 0) {
                keep(&counter->shipment, answer);
                offer(counter, now);
        } else if (r == ERR_NOT_FOUND) {
                end(counter);
                look_up(counter, FOR_LABEL); /* a serial number that looks like one */
        } else {
                end(counter);
                show_error(counter, err, now);
        }
}
