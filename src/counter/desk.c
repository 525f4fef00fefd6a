/* Lending and taking back: a medium, a person and what the loan needs, in any order. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "counter/internal.h"
#include "policy/custody_limits.h"
#include "policy/transport.h"

static const struct text word_out = { "SALIDA", "OUT" }, word_in = { "ENTRADA", "IN" }, word_no = { "NO", "NO" };

static bool is(const json_t *object, const char *member, const char *value) {
        return strcmp(json_text_or_empty(object, member), value) == 0;
}

static const char *medium_id(const struct counter *counter) {
        return json_text_or_empty(counter->medium, "id");
}

static const char *loan_id(const struct counter *counter) {
        return json_text_or_empty(counter->loan, "loan");
}

static void ask(struct counter *counter, enum counter_ask what, struct text word, const char *es, const char *en) {
        counter->ask = what;
        show(counter, TONE_ASK, word, "%s", "%s", TEXT(counter, es, en));
        show_desk(counter);
}

/* What is on the desk can't go on: said, noted, and the desk is free. */
static void turn_down(struct counter *counter, int64_t now, struct text word, const char *es, const char *en) {
        const char *text = TEXT(counter, es, en);

        show(counter, TONE_REFUSED, word, "%s", "%s", text);
        show_desk(counter);
        note(counter, TONE_REFUSED, now, "%s: %s", "%s: %s", medium_id(counter), text);
        clear_desk(counter);
}

/* --- what the medium's own device is ----------------------------------------------------------------------------
 */

static bool is_electronic(const struct counter *counter) {
        int kind = term_parse(medium_kind_terms, MEDIUM_KINDS, json_text_or_empty(counter->medium, "kind"));

        return kind >= 0 && transport_is_electronic((enum medium_kind) kind);
}

static bool wants_device(const struct counter *counter, bool returning) {
        if (*counter->device)
                return false;
        return returning ? *json_text_or_empty(counter->loan, "digest") : is_electronic(counter);
}

static void on_device(struct counter *counter, const json_t *answer, int64_t now) {
        const bool returning = is(counter->loan, "state", "out");
        const json_t *row;
        size_t i;

        json_array_foreach(json_object_get(answer, "rows"), i, row) {
                if (is(row, "medium", medium_id(counter)))
                        (void) snprintf(counter->device, sizeof counter->device, "%s",
                                        json_text_or_empty(row, "path"));
        }
        if (!*counter->device && !returning && is(counter->medium, "category", "BASICA") &&
            !*json_text_or_empty(counter->medium, "luks_uuid"))
                (void) snprintf(counter->device, sizeof counter->device, "-"); /* not wanted of this one */
        if (*counter->device)
                settle(counter, now);
        else
                ask(counter, ASK_MEDIUM, (struct text){ "CONÉCTELO", "CONNECT" },
                    "Conecte el soporte a este puesto y léalo otra vez.",
                    "Connect the medium to this station and scan it again.");
}

static json_t *loan_args(const struct counter *counter) {
        const char *device = strcmp(counter->device, "-") == 0 ? "" : counter->device;

        return json_pack("{s:s, s:s*}", "loan", loan_id(counter), "device", *device ? device : NULL);
}

/* --- out ---------------------------------------------------------------------------------------------------------
 */

static void hand_over(struct counter *counter) {
        json_t *args = loan_args(counter);

        (void) json_object_set_new(args, "seal", json_string(counter->seal));
        if (*counter->supervisor)
                (void) json_object_set_new(args, "supervisor", json_string(counter->supervisor));
        if (json_flag(counter->person, "enrolled") && !counter->on_paper)
                (void) json_object_set_new(args, "sign", json_true());
        call(counter, FOR_OUT, "loan", "out", args);
}

static bool is_supervised(const struct counter *counter) {
        int section = term_parse(classification_terms, CLASSIFICATIONS,
                                 json_text_or_empty(counter->medium, "classification"));

        return section >= 0 && loan_judge_supervision((enum classification) section, NULL, NULL) < 0;
}

static void refuse_stranger(struct counter *counter, int64_t now) {
        char es[200], en[200];

        (void) snprintf(es, sizeof es, "El préstamo %s es de %s, no de %s: no se entrega.", loan_id(counter),
                        json_text_or_empty(counter->loan, "borrower"), json_text_or_empty(counter->person, "name"));
        (void) snprintf(en, sizeof en, "Loan %s is for %s, not for %s: it is not handed over.", loan_id(counter),
                        json_text_or_empty(counter->loan, "borrower"), json_text_or_empty(counter->person, "name"));
        turn_down(counter, now, (struct text){ "NO ES SUYO", "NOT THEIRS" }, es, en);
}

static void refuse_overdue(struct counter *counter, int64_t now) {
        char es[200], en[200];

        (void) snprintf(es, sizeof es, "%s tiene vencido el préstamo %s (U4): que lo devuelva antes.",
                        who(counter->person), counter->overdue);
        (void) snprintf(en, sizeof en, "%s has the overdue loan %s (U4): it has to come back first.",
                        who(counter->person), counter->overdue);
        turn_down(counter, now, (struct text){ "VENCIDO", "OVERDUE" }, es, en);
}

static void settle_out(struct counter *counter, int64_t now) {
        if (counter->want == COMMAND_IN)
                turn_down(counter, now, word_no, "No está prestado: es una salida.",
                          "It is not on loan: it goes out.");
        else if (!counter->person)
                ask(counter, ASK_PERSON, word_out, "Lea la tarjeta de quien se lo lleva.",
                    "Scan the card of who takes it.");
        else if (!is(counter->loan, "borrower", json_text_or_empty(counter->person, "name")))
                refuse_stranger(counter, now);
        else if (*counter->overdue)
                refuse_overdue(counter, now);
        else if (is_supervised(counter) && !*counter->supervisor)
                ask(counter, ASK_SUPERVISOR, word_out, "Lea la tarjeta de quien supervisa la entrega.",
                    "Scan the card of who supervises the hand-over.");
        else if (!*counter->seal)
                ask(counter, ASK_SEAL, word_out, "Ponga un precinto nuevo y lea su número.",
                    "Put a new seal on it and scan its number.");
        else if (wants_device(counter, false))
                call(counter, FOR_DEVICE, "device", "list", json_object());
        else
                hand_over(counter);
}

/* --- in ----------------------------------------------------------------------------------------------------------
 */

static void take_back(struct counter *counter) {
        json_t *args = loan_args(counter);

        (void) json_object_set_new(args, "condition", json_string(counter->condition));
        if (counter->no_seal)
                (void) json_object_set_new(args, "no-seal", json_true());
        else
                (void) json_object_set_new(args, "seal", json_string(counter->seal));
        call(counter, FOR_IN, "loan", "in", args);
}

static void settle_in(struct counter *counter, int64_t now) {
        if (counter->want == COMMAND_OUT)
                turn_down(counter, now, word_no, "Está prestado: primero tiene que volver.",
                          "It is on loan: it has to come back first.");
        else if (!*counter->seal && !counter->no_seal)
                ask(counter, ASK_SEAL, word_in, "Lea el número del precinto que trae, o SIN PRECINTO.",
                    "Scan the number of the seal that it has, or NO SEAL.");
        else if (!*counter->condition)
                ask(counter, ASK_CONDITION, word_in, "¿Cómo vuelve? Lea BIEN o ROTO, o escriba su estado.",
                    "What condition is it in? Scan GOOD or DAMAGED, or type it.");
        else if (wants_device(counter, true))
                call(counter, FOR_DEVICE, "device", "list", json_object());
        else
                take_back(counter);
}

/* --- no loan, or one that waits
 * ------------------------------------------------------------------------------------ */

static void await_owner(struct counter *counter, int64_t now) {
        const char *owner = json_text_or_empty(counter->medium, "owner");

        show(counter, TONE_NOTE, (struct text){ "ESPERE", "WAIT" },
             "Falta que %s, propietario, apruebe: «loan approve %s». Después, léalo otra vez.",
             "%s, the owner, has to approve: “loan approve %s”. Then scan it again.", owner, loan_id(counter));
        show_desk(counter);
        note(counter, TONE_NOTE, now, "%s espera la aprobación de %s", "%s waits for the approval of %s",
             loan_id(counter), owner);
        clear_desk(counter);
}

static void request(struct counter *counter, int64_t now) {
        char due[DATE_TEXT], es[200], en[200];

        date_of(now + counter->days * DAY, due);
        (void) snprintf(es, sizeof es, "En poder de %s", who(counter->person));
        (void) snprintf(en, sizeof en, "With %s", who(counter->person));
        call(counter, FOR_REQUEST, "loan", "request",
             json_pack("{s:s, s:s, s:s, s:s, s:s}", "medium", medium_id(counter), "to",
                       json_text_or_empty(counter->person, "name"), "reason", counter->reason, "due", due,
                       "location", TEXT(counter, es, en)));
}

static void settle_free(struct counter *counter, int64_t now) {
        if (counter->want == COMMAND_IN)
                turn_down(counter, now, word_no, "No está prestado: no hay nada que recibir.",
                          "It is not on loan: there is nothing to take back.");
        else if (*counter->place)
                move_or_confirm(counter);
        else if (!counter->person)
                ask(counter, ASK_NOTHING, (struct text){ "EN CUSTODIA", "IN CUSTODY" },
                    "Lea la tarjeta de quien lo pide, o el lugar donde se guarda.",
                    "Scan the card of who asks for it, or the place where it is put.");
        else if (*counter->overdue)
                refuse_overdue(counter, now);
        else if (*counter->reason)
                request(counter, now);
        else if (counter->ask == ASK_REASON)
                ask(counter, ASK_REASON, word_out, "Escriba el motivo del préstamo e Intro.",
                    "Type the loan's reason and Enter.");
        else
                ask(counter, ASK_REQUEST, (struct text){ "SIN PEDIR", "NO LOAN" },
                    "No hay préstamo. ¿Lo pide ahora? Lea SÍ o NO.",
                    "There is no loan. Ask for one now? Scan YES or NO.");
}

static void settle_elsewhere(struct counter *counter, int64_t now) {
        if (is(counter->medium, "state", "lost"))
                turn_down(counter, now, (struct text){ "PERDIDO", "LOST" },
                          "Consta como perdido: apártelo y avise al administrador de seguridad.",
                          "It is on record as lost: set it aside and tell the security administrator.");
        else if (is(counter->medium, "state", "in-transit"))
                turn_down(counter, now, (struct text){ "EN VIAJE", "SHIPPED" },
                          "Consta en un envío: lea el código del envío, en su formulario R-110-019.",
                          "It is on record in a shipment: scan the shipment's code, on its form R-110-019.");
        else if (is(counter->medium, "state", "sanitized") || is(counter->medium, "state", "unsanitized"))
                *counter->place ? move_or_confirm(counter)
                                : ask(counter, ASK_NOTHING, (struct text){ "BORRADO", "WIPED" },
                                      "No se presta; lea el lugar donde se guarda.",
                                      "It is not lent; scan the place where it is put.");
        else if (is(counter->medium, "state", "quarantined"))
                *counter->place ? move_or_confirm(counter)
                                : ask(counter, ASK_NOTHING, (struct text){ "CUARENTENA", "QUARANTINE" },
                                      "Solo se borra o se destruye; lea el lugar donde se guarda.",
                                      "It is only wiped or destroyed; scan the place where it is put.");
        else
                turn_down(counter, now, (struct text){ "NO EXISTE", "IS NO MORE" },
                          "Consta como retirado o destruido: apártelo y avise al administrador de seguridad.",
                          "It is on record as retired or destroyed: set it aside and tell the security "
                          "administrator.");
}

void settle(struct counter *counter, int64_t now) {
        if (!counter->medium) {
                if (counter->person)
                        ask(counter, ASK_MEDIUM, (struct text){ "PERSONA", "PERSON" }, "Lea el soporte.",
                            "Scan the medium.");
                else
                        show_ready(counter);
                if (*counter->overdue)
                        show_line(counter, "VENCIDO   %s: no recibe más hasta que lo devuelva",
                                  "OVERDUE   %s: no more until it is back", counter->overdue);
        } else if (is(counter->loan, "state", "out"))
                settle_in(counter, now);
        else if (!is(counter->medium, "state", "in-custody"))
                settle_elsewhere(counter, now);
        else if (is(counter->loan, "state", "approved") && !*counter->place)
                settle_out(counter, now);
        else if (is(counter->loan, "state", "requested") && !*counter->place)
                await_owner(counter, now);
        else
                settle_free(counter, now);
}

/* --- scans and commands that a question waits for
 * ------------------------------------------------------------------ */

bool desk_text(struct counter *counter, int64_t now) {
        const struct scan *scan = &counter->scan;

        /* Whatever was asked for: the wrong thing was scanned, or the next one. */
        if (scan_is_medium(scan))
                return false;
        if (counter->ask == ASK_SEAL)
                (void) snprintf(counter->seal, sizeof counter->seal, "%.63s", scan->plain);
        else if (counter->ask == ASK_CONDITION)
                (void) snprintf(counter->condition, sizeof counter->condition, "%.60s", scan->text);
        else if (counter->ask == ASK_REASON)
                (void) snprintf(counter->reason, sizeof counter->reason, "%.200s", scan->text);
        else
                return false;
        utf8_trim(counter->condition);
        utf8_trim(counter->reason);
        settle(counter, now);
        return true;
}

void desk_command(struct counter *counter, int64_t now) {
        enum counter_command command = counter->scan.command;

        if (counter->ask == ASK_REQUEST && command == COMMAND_YES)
                counter->ask = ASK_REASON;
        else if (counter->ask == ASK_SEAL && command == COMMAND_NO_SEAL && is(counter->loan, "state", "out"))
                counter->no_seal = true;
        else if (counter->ask == ASK_CONDITION && (command == COMMAND_GOOD || command == COMMAND_DAMAGED))
                (void) snprintf(counter->condition, sizeof counter->condition, "%s",
                                command == COMMAND_GOOD ? TEXT(counter, "En buen estado", "In good condition")
                                                        : TEXT(counter, "Dañado", "Damaged"));
        else if (command == COMMAND_NO) {
                clear_desk(counter);
                show_ready(counter);
                return;
        } else {
                counter->bells = 2;
                show_line(counter, "Esa orden no viene ahora a cuento.", "That command means nothing now.");
                return;
        }
        settle(counter, now);
}

/* --- answers ---------------------------------------------------------------------------------------------------
 */

static void forget_medium(struct counter *counter) {
        keep(&counter->medium, NULL);
        keep(&counter->loan, NULL);
        *counter->seal = *counter->supervisor = *counter->condition = *counter->device = *counter->reason = '\0';
        counter->no_seal = counter->on_paper = false;
        counter->ask = ASK_NOTHING;
}

/* A name that is no ID may be read in several ways: when two of them are media, nobody guesses. */
static void on_label(struct counter *counter, int r, const json_t *answer, const struct error *err, int64_t now) {
        const char *first = json_text_or_empty(counter->label, "medium");

        if (r == 0 && *first && !is(answer, "medium", first)) {
                forget_medium(counter);
                show(counter, TONE_REFUSED, (struct text){ "AMBIGUO", "AMBIGUOUS" },
                     "Puede ser %s o %s, según el teclado: lea su etiqueta.",
                     "It may be %s or %s, by the keyboard: scan its label.", first,
                     json_text_or_empty(answer, "medium"));
                note(counter, TONE_REFUSED, now, "%s o %s: ambiguo", "%s or %s: ambiguous", first,
                     json_text_or_empty(answer, "medium"));
                return;
        }
        if (r == 0)
                keep(&counter->label, answer);
        if (r != 0 && r != ERR_NOT_FOUND) {
                forget_medium(counter);
                show_error(counter, err, now);
                return;
        }
        if (!(r == 0 && is(answer, "how", "id")) && look_up_next(counter, FOR_LABEL))
                return;
        if (!counter->label) {
                show_error(counter, err, now);
                show_desk(counter);
                return;
        }
        call(counter, FOR_MEDIUM, "media", "show",
             json_pack("{s:s}", "medium", json_text_or_empty(counter->label, "medium")));
}

/* A medium that is read once more while it is handed over does not come back. */
static bool was_just_done(const struct counter *counter, const json_t *medium, int64_t now) {
        return counter->want < 0 && is(medium, "id", counter->done) && now - counter->done_time < COUNTER_CALM;
}

static void on_medium(struct counter *counter, const json_t *answer, int64_t now) {
        bool same = is(answer, "id", medium_id(counter));

        if (was_just_done(counter, answer, now)) {
                show(counter, TONE_NOTE, (struct text){ "YA HECHO", "DONE" },
                     "%s acaba de pasar por aquí; si es otra vez, lea SALIDA o ENTRADA.",
                     "%s has just been here; if it is anew, scan OUT or IN.", counter->done);
                return;
        }
        if (!same || !is(counter->medium, "state", json_text_or_empty(answer, "state")))
                forget_medium(counter);
        *counter->device = '\0';
        keep(&counter->medium, answer);
        call(counter, FOR_LOAN, "loan", "show", json_pack("{s:s}", "loan", medium_id(counter)));
}

static void finish(struct counter *counter, int64_t now) {
        (void) snprintf(counter->done, sizeof counter->done, "%s", medium_id(counter));
        counter->done_time = now;
        clear_desk(counter);
}

static void on_out(struct counter *counter, const json_t *answer, int64_t now) {
        const char *person = who(counter->person);
        json_t *back = loan_args(counter);

        (void) json_object_set_new(back, "seal", json_string(counter->seal));
        (void) json_object_set_new(back, "condition",
                                   json_string(TEXT(counter, "Entrega anulada en el mostrador",
                                                    "Hand-over countered at the counter")));
        set_undo(counter, UNDO_OUT, back, now);
        show(counter, TONE_DONE, (struct text){ "ENTREGADO", "LENT" },
             "Entregue el soporte a %s; vuelve a más tardar el %s.", "Hand the medium to %s; it is due back by %s.",
             person, json_text_or_empty(answer, "due"));
        show_desk(counter);
        if (!json_array_size(json_object_get(answer, "signatures")))
                show_line(counter, "Firma     en papel: «loan show %s --receipt FICHERO»",
                          "Signature on paper: “loan show %s --receipt FILE”", loan_id(counter));
        note(counter, TONE_DONE, now, "%s: %s entregado a %s", "%s: %s handed to %s", loan_id(counter),
             medium_id(counter), person);
        finish(counter, now);
}

static void on_in(struct counter *counter, const json_t *answer, int64_t now) {
        const char *incident = json_text_or_empty(answer, "incident"),
                   *place = json_text_or_empty(counter->medium, "location");

        if (*incident)
                show(counter, TONE_REFUSED, (struct text){ "INCIDENCIA", "INCIDENT" },
                     "No volvió como salió: incidencia %s abierta; aparte el soporte.",
                     "It is not back as it left: incident %s is open; set the medium aside.", incident);
        else
                show(counter, TONE_DONE, (struct text){ "DEVUELTO", "RETURNED" }, "Guárdelo en %s.",
                     "Put it away at %s.", *place ? place : "-");
        show_desk(counter);
        note(counter, *incident ? TONE_REFUSED : TONE_DONE, now, "%s: %s devuelto%s%s", "%s: %s returned%s%s",
             loan_id(counter), medium_id(counter), *incident ? " · " : "", incident);
        set_undo_never(counter, "Una devolución no se deshace: para entregarlo otra vez se pide otro préstamo.",
                       "A return can't be undone: to hand it over again another loan is asked for.");
        finish(counter, now);
}

static void on_request(struct counter *counter, const json_t *answer, int64_t now) {
        set_undo_never(counter, "Una solicitud la deniega su propietario: «loan refuse».",
                       "A request is turned down by the owner: “loan refuse”.");
        keep(&counter->loan, answer);
        await_owner(counter, now);
}

/* Somebody else's act came first: who, and when. */
static void on_conflict(struct counter *counter, int r, const json_t *answer, int64_t now) {
        bool out = is(answer, "state", "out"), back = is(answer, "state", "returned");
        const char *person = json_text_or_empty(answer, out ? "handed_by" : "returned_to");
        int64_t moment = 0;
        char time[TIME_TEXT] = "-";

        if (r < 0 || is(answer, "state", json_text_or_empty(counter->loan, "state")) || (!out && !back)) {
                show_error(counter, &counter->conflict, now);
                clear_desk(counter);
                return;
        }
        if (time_parse(json_text_or_empty(answer, out ? "handed" : "returned"), &moment) == 0)
                time_format_local(moment, time);
        keep(&counter->loan, answer);
        show(counter, TONE_REFUSED, (struct text){ "OTRO PUESTO", "OTHER DESK" },
             "%s ya lo %s %s (%s): aquí no se ha hecho nada.",
             "%s was %s by %s already (%s): nothing was done here.", loan_id(counter),
             TEXT(counter, out ? "entregó" : "recibió", out ? "handed over" : "taken back"), person, time);
        show_desk(counter);
        note(counter, TONE_REFUSED, now, "%s: otro puesto fue antes (%s)", "%s: another desk was first (%s)",
             loan_id(counter), person);
        clear_desk(counter);
}

/* A refusal that another scan may mend leaves the rest on the desk. */
static void on_refusal(struct counter *counter, int r, const struct error *err, int64_t now) {
        if (r == ERR_CONFLICT && *loan_id(counter)) {
                counter->conflict = *err;
                call(counter, FOR_CONFLICT, "loan", "show", json_pack("{s:s}", "loan", loan_id(counter)));
                return;
        }
        show_error(counter, err, now);
        show_desk(counter);
        if (strcmp(err->rule, "T5") == 0) {
                *counter->seal = '\0';
                counter->ask = ASK_SEAL;
        } else if (*counter->supervisor && (strcmp(err->rule, "X1") == 0 || strcmp(err->rule, "U3") == 0)) {
                *counter->supervisor = '\0';
                counter->ask = ASK_SUPERVISOR;
        } else {
                clear_desk(counter);
        }
}

void desk_answer(struct counter *counter, int r, const json_t *answer, const json_t *said, const struct error *err,
                 bool no_pin, int64_t now) {
        const enum counter_purpose purpose = (enum counter_purpose) counter->call.purpose;

        (void) said;
        if (purpose == FOR_LABEL) {
                on_label(counter, r, answer, err, now);
        } else if (purpose == FOR_CONFLICT) {
                on_conflict(counter, r, answer, now);
        } else if (purpose == FOR_LOAN && (r == 0 || r == ERR_NOT_FOUND)) {
                keep(&counter->loan,
                     r == 0 && !is(answer, "state", "returned") && !is(answer, "state", "refused") ? answer : NULL);
                settle(counter, now);
        } else if (purpose == FOR_OUT && r < 0 && no_pin) {
                counter->on_paper = true;
                hand_over(counter);
        } else if (r < 0) {
                on_refusal(counter, r, err, now);
        } else if (purpose == FOR_OVERDUE) {
                (void) snprintf(counter->overdue, sizeof counter->overdue, "%s",
                                json_text_or_empty(json_array_get(json_object_get(answer, "rows"), 0), "loan"));
                settle(counter, now);
        } else {
                switch (purpose) {
                case FOR_MEDIUM: on_medium(counter, answer, now); break;
                case FOR_DEVICE: on_device(counter, answer, now); break;
                case FOR_OUT: on_out(counter, answer, now); break;
                case FOR_IN: on_in(counter, answer, now); break;
                default: on_request(counter, answer, now);
                }
        }
}
