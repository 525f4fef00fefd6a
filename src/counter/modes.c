/* What is done in rows: putting media away, looking for one, counting, and people who enter and leave. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "counter/internal.h"
#include "policy/custody_access.h"

static const struct text word_move = { "MOVIDO", "MOVED" }, word_count = { "RECUENTO", "COUNT" };

static bool is(const json_t *object, const char *member, const char *value) {
        return strcmp(json_text_or_empty(object, member), value) == 0;
}

void mode_begin(struct counter *counter, enum counter_command command, int64_t now) {
        static const enum counter_mode modes[COMMANDS] = { [COMMAND_MOVE] = MODE_MOVE,
                                                           [COMMAND_LOCATE] = MODE_LOCATE,
                                                           [COMMAND_STOCKTAKE] = MODE_STOCKTAKE,
                                                           [COMMAND_ENTER] = MODE_ENTER,
                                                           [COMMAND_LEAVE] = MODE_LEAVE };

        (void) now;
        *counter->place = '\0';
        clear_desk(counter);
        counter->mode = modes[command];
        *counter->stocktake = *counter->area = '\0';
        counter->counted = counter->counting_since = 0;
        show_ready(counter);
        if (counter->mode == MODE_STOCKTAKE)
                call(counter, FOR_STOCKTAKES, "stocktake", "show", json_object());
}

/* --- moving
 * -------------------------------------------------------------------------------------------------------- */

/* One reading of the scan after another: a name that nobody has changes nothing. */
static bool move_next(struct counter *counter) {
        if (counter->tried == counter->scan.tries_n)
                return false;
        call(counter, FOR_MOVE, "media", "move",
             json_pack("{s:s, s:s}", "medium", counter->scan.tries[counter->tried++], "location", counter->place));
        return true;
}

void move_or_confirm(struct counter *counter) {
        const char *id = json_text_or_empty(counter->medium, "id");

        if (is(counter->medium, "location", counter->place)) {
                call(counter, FOR_IN_PLACE, "media", "scan",
                     json_pack("{s:s, s:s}", "text", id, "location", counter->place));
                return;
        }
        counter->tried = counter->scan.tries_n; /* its ID is known */
        call(counter, FOR_MOVE, "media", "move", json_pack("{s:s, s:s}", "medium", id, "location", counter->place));
}

static void on_moved(struct counter *counter, const json_t *answer, int64_t now) {
        const char *medium = json_text_or_empty(answer, "medium"), *from = json_text_or_empty(answer, "from"),
                   *place = json_text_or_empty(answer, "location");

        if (*from)
                set_undo(counter, UNDO_MOVE,
                         json_pack("{s:s, s:s, s:s}", "medium", medium, "location", from, "reason",
                                   TEXT(counter, "Deshecho en el mostrador", "Undone at the counter")),
                         now);
        else
                set_undo_never(counter, "No tenía lugar al que volver: llévelo a otro con MOVER.",
                               "It had no place to go back to: take it to another with MOVE.");
        show(counter, TONE_DONE, word_move, "El soporte %s está ahora en %s.", "Medium %s is at %s now.", medium,
             place);
        show_line(counter, "Antes     %s", "Before    %s", *from ? from : "-");
        note(counter, TONE_DONE, now, "%s en %s (antes %s)", "%s at %s (before %s)", medium, place,
             *from ? from : "-");
        clear_desk(counter);
}

static void on_in_place(struct counter *counter, const json_t *answer, int64_t now) {
        show(counter, TONE_DONE, (struct text){ "EN SU SITIO", "IN PLACE" },
             "El soporte %s está donde debe, en %s.", "Medium %s is where it belongs, at %s.",
             json_text_or_empty(answer, "medium"), json_text_or_empty(answer, "at"));
        note(counter, TONE_DONE, now, "%s en su sitio, %s", "%s in its place, %s",
             json_text_or_empty(answer, "medium"), json_text_or_empty(answer, "at"));
        clear_desk(counter);
}

static void on_place(struct counter *counter, const json_t *answer) {
        show(counter, TONE_NOTE, (struct text){ "LUGAR", "PLACE" },
             "Hay %lld de %lld soportes; para llevar otros aquí, lea MOVER.",
             "It holds %lld of %lld media; to take others here, scan MOVE.",
             (long long) json_int(answer, "occupied", 0), (long long) json_int(answer, "capacity", 0));
        show_line(counter, "Lugar     %s · %s · nivel %s", "Place     %s · %s · level %s",
                  json_text_or_empty(answer, "code"), json_text_or_empty(answer, "section"),
                  json_text_or_empty(answer, "level"));
        counter->bells = 0;
}

/* --- looking for a medium
 * ------------------------------------------------------------------------------------------ */

static bool locate_next(struct counter *counter) {
        if (counter->tried == counter->scan.tries_n)
                return false;
        if (counter->medium)
                call(counter, FOR_FOUND, "media", "scan",
                     json_pack("{s:s, s:s*}", "text", counter->scan.tries[counter->tried++], "location",
                               *counter->place ? counter->place : NULL));
        else
                call(counter, FOR_LOCATE, "media", "locate",
                     json_pack("{s:s}", "medium", counter->scan.tries[counter->tried++]));
        return true;
}

static void on_sought(struct counter *counter, const json_t *answer, int64_t now) {
        const char *location = json_text_or_empty(answer, "location"),
                   *holder = json_text_or_empty(answer, "holder");

        keep(&counter->medium, answer);
        show(counter, TONE_ASK, (struct text){ "BUSCANDO", "LOOKING" },
             "Debería estar en %s; léalo cuando lo encuentre.", "It should be at %s; scan it when you find it.",
             *holder     ? holder
             : *location ? location
                         : "-");
        show_line(counter, "Soporte   %s · plazo %lld min", "Medium    %s · within %lld min",
                  json_text_or_empty(answer, "medium"), (long long) json_int(answer, "target", 0) / 60);
        note(counter, TONE_DONE, now, "%s: se busca (%s)", "%s: looked for (%s)",
             json_text_or_empty(answer, "medium"), json_text_or_empty(answer, "search"));
        set_undo_never(counter, "Una búsqueda acaba al leer el soporte.",
                       "A search ends when the medium is scanned.");
}

static void on_found(struct counter *counter, const json_t *answer, int64_t now) {
        const char *medium = json_text_or_empty(answer, "medium");

        if (!is(counter->medium, "medium", medium)) {
                show(counter, TONE_REFUSED, (struct text){ "OTRO", "ANOTHER" }, "Ese es %s; se busca %s.",
                     "That is %s; %s is looked for.", medium, json_text_or_empty(counter->medium, "medium"));
                return;
        }
        show(counter, TONE_DONE, (struct text){ "HALLADO", "FOUND" },
             "Soporte %s hallado en %lld s; su sitio es %s.", "Medium %s found in %lld s; it belongs at %s.",
             medium, (long long) json_int(answer, "seconds", 0), json_text_or_empty(answer, "location"));
        note(counter, TONE_DONE, now, "%s hallado en %lld s", "%s found in %lld s", medium,
             (long long) json_int(answer, "seconds", 0));
        *counter->place = '\0';
        clear_desk(counter);
        counter->mode = MODE_DESK;
}

/* --- counting
 * ------------------------------------------------------------------------------------------------------ */

static bool lies_in(const char *area, const char *place) {
        size_t n = strlen(area);

        return n > 0 && strncmp(area, place, n) == 0 && (place[n] == '-' || place[n] == '\0');
}

static void count(struct counter *counter, const char *text) {
        call(counter, FOR_COUNT, "stocktake", "scan",
             json_pack("{s:[s], s:s}", "text", text, "stocktake", counter->stocktake));
}

/* The open stocktake that the place belongs to; else one of its cabinet is offered. */
static void count_place(struct counter *counter) {
        const char *place = counter->scan.text;
        const json_t *row;
        size_t i;

        (void) snprintf(counter->place, sizeof counter->place, "%.39s", place);
        json_array_foreach(json_object_get(counter->open, "rows"), i, row) {
                if (!is(row, "state", "open") || !lies_in(json_text_or_empty(row, "area"), place))
                        continue;
                (void) snprintf(counter->stocktake, sizeof counter->stocktake, "%s",
                                json_text_or_empty(row, "stocktake"));
                (void) snprintf(counter->area, sizeof counter->area, "%.39s", json_text_or_empty(row, "area"));
                count(counter, place);
                return;
        }
        (void) snprintf(counter->area, sizeof counter->area, "%.39s", place);
        for (int dashes = 0; dashes < 2; dashes++) { /* without shelf and position */
                char *dash = strrchr(counter->area, '-');

                if (dash)
                        *dash = '\0';
        }
        counter->ask = ASK_START;
        show(counter, TONE_ASK, word_count, "¿Empezar el recuento de %s? Lea SÍ o NO.",
             "Begin the count of %s? Scan YES or NO.", counter->area);
}

static void count_scan(struct counter *counter) {
        const struct scan *scan = &counter->scan;

        if (scan->kind == SCAN_PLACE)
                count_place(counter);
        else if (!*counter->stocktake) {
                show(counter, TONE_REFUSED, word_count, "Lea primero el lugar, después sus soportes.",
                     "Scan the place first, then its media.");
        } else if (strcmp(scan->plain, scan->text) == 0)
                count(counter, scan->text);
        else
                look_up(counter, FOR_COUNT_LABEL);
}

static void on_count_label(struct counter *counter, int r, const json_t *answer) {
        if (r == 0)
                count(counter, json_text_or_empty(answer, "medium"));
        else if (r != ERR_NOT_FOUND || !look_up_next(counter, FOR_COUNT_LABEL))
                count(counter, counter->scan.text); /* kept as unknown: somebody has to look */
}

static void tally(struct counter *counter, int64_t now) {
        int64_t seconds;

        if (counter->counted++ == 0)
                counter->counting_since = now;
        seconds = (now - counter->counting_since) / SECOND;
        show_line(counter, "Recuento  %s de %s · lugar %s", "Count     %s of %s · place %s", counter->stocktake,
                  counter->area, counter->place);
        if (counter->counted > 1 && seconds > 0)
                show_line(counter, "Leídos    %lld · %lld por minuto", "Scanned   %lld · %lld a minute",
                          (long long) counter->counted, (long long) ((counter->counted - 1) * 60 / seconds));
        else
                show_line(counter, "Leídos    %lld", "Scanned   %lld", (long long) counter->counted);
}

static void on_counted(struct counter *counter, const json_t *answer, int64_t now) {
        static const struct {
                const char *result;
                enum counter_tone tone;
                struct text word, sentence;
        } results[] = {
                { "found", TONE_DONE, { "EN SU SITIO", "IN PLACE" }, { "Siga.", "Go on." } },
                { "misplaced",
                  TONE_REFUSED,
                  { "FUERA", "MISPLACED" },
                  { "Su sitio es otro: llévelo.", "It belongs elsewhere: take it there." } },
                { "unexpected",
                  TONE_REFUSED,
                  { "NO DEBERÍA", "UNEXPECTED" },
                  { "No debería estar en custodia: apártelo.", "It should not be in custody: set it aside." } },
                { "unknown",
                  TONE_REFUSED,
                  { "DESCONOCIDO", "UNKNOWN" },
                  { "No consta: queda anotado; apártelo.", "It is not on record: it was noted; set it aside." } },
                { "duplicate",
                  TONE_NOTE,
                  { "YA LEÍDO", "ALREADY" },
                  { "Estaba contado; siga.", "It was counted; go on." } },
        };
        const json_t *row = json_array_get(json_object_get(answer, "rows"), 0);
        const char *medium = json_text_or_empty(row, "medium"), *belongs = json_text_or_empty(row, "belongs");

        (void) snprintf(counter->place, sizeof counter->place, "%.39s", json_text_or_empty(row, "location"));
        if (is(row, "result", "location")) {
                show(counter, TONE_ASK, word_count, "Lea los soportes de %s; al acabar todo, FIN.",
                     "Scan the media of %s; when all is done, DONE.", counter->place);
                return;
        }
        for (size_t i = 0; i < COUNT(results); i++) {
                if (!is(row, "result", results[i].result))
                        continue;
                show(counter, results[i].tone, results[i].word, "%s", "%s",
                     text_in(results[i].sentence, counter->lang));
                show_line(counter, "Soporte   %s%s%s", "Medium    %s%s%s",
                          *medium ? medium : json_text_or_empty(row, "text"), *belongs ? " · " : "", belongs);
                note(counter, results[i].tone, now, "%s: %s (%s)", "%s: %s (%s)",
                     *medium ? medium : json_text_or_empty(row, "text"), text_in(results[i].word, counter->lang),
                     counter->place);
                if (results[i].tone != TONE_NOTE)
                        tally(counter, now);
        }
        set_undo_never(counter, "Lo leído en un recuento no se borra: léalo otra vez donde esté.",
                       "What was counted is not deleted: scan it again where it lies.");
}

static void on_finished(struct counter *counter, const json_t *answer, int64_t now) {
        long long expected = (long long) json_int(answer, "expected", 0),
                  found = (long long) json_int(answer, "found", 0),
                  missing = (long long) json_int(answer, "missing", 0),
                  unknown = (long long) json_int(answer, "unknown", 0),
                  misplaced = (long long) json_int(answer, "misplaced", 0);
        bool sound = missing == 0 && unknown == 0 && misplaced == 0;

        show(counter, sound ? TONE_DONE : TONE_REFUSED,
             sound ? (struct text){ "COMPLETO", "COMPLETE" } : (struct text){ "REVISAR", "LOOK INTO" },
             "%lld de %lld en su sitio · fuera %lld · sin localizar %lld · desconocidos %lld.",
             "%lld of %lld in place · misplaced %lld · not located %lld · unknown %lld.", found, expected,
             misplaced, missing, unknown);
        show_line(counter, "Acta      «report stocktake %s --pdf FICHERO»",
                  "Record    “report stocktake %s --pdf FILE”", json_text_or_empty(answer, "stocktake"));
        note(counter, sound ? TONE_DONE : TONE_REFUSED, now, "%s: %lld de %lld", "%s: %lld of %lld",
             json_text_or_empty(answer, "stocktake"), found, expected);
        *counter->place = '\0';
        clear_desk(counter);
        counter->mode = MODE_DESK;
}

/* --- people who enter and leave
 * ------------------------------------------------------------------------------------ */

static void ask(struct counter *counter, enum counter_ask what, const char *es, const char *en) {
        counter->ask = what;
        show(counter, TONE_ASK,
             counter->mode == MODE_ENTER ? (struct text){ "ENTRAR", "ENTER" } : (struct text){ "SALIR", "LEAVE" },
             "%s", "%s", TEXT(counter, es, en));
        show_desk(counter);
        show_line(counter, "Acceso    %s · %s · %zu soportes", "Access    %s · %s · %zu media",
                  json_text_or_empty(counter->access, "access"), json_text_or_empty(counter->access, "area"),
                  json_array_size(json_object_get(counter->access, "media")));
}

static bool is_watched(const struct counter *counter) {
        int section = term_parse(classification_terms, CLASSIFICATIONS,
                                 json_text_or_empty(counter->access, "section")),
            category = term_parse(category_terms, CATEGORIES, json_text_or_empty(counter->access, "category"));

        return section >= 0 && category >= 0 &&
               access_supervision((enum classification) section, (enum category) category) != SUPERVISION_NONE;
}

static void pass(struct counter *counter) {
        bool enter = counter->mode == MODE_ENTER;
        json_t *args = json_pack("{s:s, s:s*, s:s*, s:s*, s:O*}", "access",
                                 json_text_or_empty(counter->access, "access"), "credential",
                                 enter ? counter->credential : NULL, "supervisor",
                                 enter && *counter->supervisor ? counter->supervisor : NULL, "paper",
                                 *counter->paper ? counter->paper : NULL, "medium", enter ? NULL : counter->seen);

        if (!*counter->paper)
                (void) json_object_set_new(args, "sign", json_true());
        call(counter, enter ? FOR_ENTER : FOR_LEAVE, "access", enter ? "enter" : "leave", args);
}

static void settle_access(struct counter *counter) {
        size_t media = json_array_size(json_object_get(counter->access, "media"));
        bool enter = counter->mode == MODE_ENTER;

        if (enter && !*counter->credential)
                ask(counter, ASK_CREDENTIAL, "¿Con qué se abre? Lea LLAVE, CERRADURA o BIOMETRÍA.",
                    "What opens it? Scan KEY, ELOCK or BIOCARD.");
        else if (enter && is_watched(counter) && !*counter->supervisor)
                ask(counter, ASK_SUPERVISOR, "Lea la tarjeta de quien supervisa.",
                    "Scan the card of who supervises.");
        else if (!enter && media > 0 && !counter->all_seen && json_array_size(counter->seen) < media)
                ask(counter, ASK_MEDIUM, "Lea cada soporte que vuelve a su sitio; si falta alguno, FIN.",
                    "Scan each medium that is put back; if one is missing, DONE.");
        else if ((!json_flag(counter->person, "enrolled") || counter->on_paper) && !*counter->paper)
                ask(counter, ASK_PAPER, "Firma en papel: lea o teclee el número de la hoja.",
                    "Signed on paper: scan or type the sheet's number.");
        else
                pass(counter);
}

void mode_person(struct counter *counter, int64_t now) {
        (void) now;
        if (counter->access)
                settle_access(counter);
        else
                call(counter, FOR_ACCESS, "access", "list",
                     json_pack("{s:s, s:s, s:i}", "person", json_text_or_empty(counter->person, "name"), "state",
                               counter->mode == MODE_ENTER ? "approved" : "inside", "limit", 1));
}

static void on_access(struct counter *counter, const json_t *answer, int64_t now) {
        const json_t *access = json_array_get(json_object_get(answer, "rows"), 0);
        static const struct text word = { "NO", "NO" };

        if (access) {
                keep(&counter->access, access);
                settle_access(counter);
                return;
        }
        if (counter->mode == MODE_ENTER)
                show(counter, TONE_REFUSED, word,
                     "%s no tiene acceso aprobado: que lo pida con «access request» y lo apruebe su propietario.",
                     "%s has no approved access: it is asked for with “access request” and approved by the owner.",
                     who(counter->person));
        else
                show(counter, TONE_REFUSED, word, "%s no consta dentro.", "%s is not on record inside.",
                     who(counter->person));
        note(counter, TONE_REFUSED, now, "%s: sin acceso", "%s: no access", who(counter->person));
        clear_desk(counter);
}

static void on_passed(struct counter *counter, const json_t *answer, int64_t now) {
        bool enter = counter->mode == MODE_ENTER;

        show(counter, TONE_DONE,
             enter ? (struct text){ "ADELANTE", "GO IN" } : (struct text){ "HA SALIDO", "HAS LEFT" },
             enter ? "%s entra en %s." : "%s sale de %s.", enter ? "%s enters %s." : "%s leaves %s.",
             who(counter->person), json_text_or_empty(answer, "area"));
        note(counter, TONE_DONE, now, enter ? "%s: %s entra en %s" : "%s: %s sale de %s",
             enter ? "%s: %s enters %s" : "%s: %s leaves %s", json_text_or_empty(answer, "access"),
             who(counter->person), json_text_or_empty(answer, "area"));
        set_undo_never(counter, "Quien entró, sale con SALIR; una salida no se deshace.",
                       "Who entered leaves with LEAVE; an exit can't be undone.");
        clear_desk(counter);
        counter->mode = MODE_DESK;
}

/* --- in and out
 * ---------------------------------------------------------------------------------------------------- */

void mode_scan(struct counter *counter, int64_t now) {
        const struct scan *scan = &counter->scan;
        bool place = scan->kind == SCAN_PLACE;

        counter->tried = 0;
        if (counter->mode == MODE_STOCKTAKE) {
                count_scan(counter);
        } else if (place && (counter->mode == MODE_MOVE || (counter->mode == MODE_LOCATE && counter->medium))) {
                (void) snprintf(counter->place, sizeof counter->place, "%.39s", scan->text);
                if (counter->mode == MODE_MOVE)
                        show_ready(counter);
                else
                        show_line(counter, "Lugar     %s", "Place     %s", counter->place);
        } else if (counter->mode == MODE_MOVE && *counter->place) {
                (void) move_next(counter);
        } else if (counter->mode == MODE_LOCATE && !place) {
                (void) locate_next(counter);
        } else if (counter->ask == ASK_PAPER) {
                (void) snprintf(counter->paper, sizeof counter->paper, "%.40s", scan->text);
                utf8_trim(counter->paper);
                settle_access(counter);
        } else if (counter->ask == ASK_MEDIUM && counter->access) {
                if (!counter->seen)
                        counter->seen = json_array();
                (void) json_array_append_new(counter->seen, json_string(scan->text));
                settle_access(counter);
        } else {
                show_ready(counter);
                counter->bells = 2;
        }
        (void) now;
}

void mode_command(struct counter *counter, int64_t now) {
        static const char *const credentials[COMMANDS] = { [COMMAND_KEY] = "key",
                                                           [COMMAND_ELECTRONIC] = "electronic-lock",
                                                           [COMMAND_BIOMETRIC] = "biometric-card" };
        const enum counter_command command = counter->scan.command;

        (void) now;
        if (counter->ask == ASK_CREDENTIAL && credentials[command]) {
                (void) snprintf(counter->credential, sizeof counter->credential, "%s", credentials[command]);
                settle_access(counter);
        } else if (counter->ask == ASK_START && command == COMMAND_YES) {
                counter->ask = ASK_NOTHING;
                call(counter, FOR_START, "stocktake", "start", json_pack("{s:s}", "area", counter->area));
        } else if (counter->ask == ASK_FINISH && command == COMMAND_YES) {
                counter->ask = ASK_NOTHING;
                call(counter, FOR_FINISH, "stocktake", "finish",
                     json_pack("{s:s}", "stocktake", counter->stocktake));
        } else if (command == COMMAND_DONE && counter->mode == MODE_STOCKTAKE && *counter->stocktake) {
                counter->ask = ASK_FINISH;
                show(counter, TONE_ASK, word_count, "¿Cerrar el recuento %s de %s? Lea SÍ o NO.",
                     "Finish count %s of %s? Scan YES or NO.", counter->stocktake, counter->area);
        } else if (command == COMMAND_DONE && counter->ask == ASK_MEDIUM && counter->access) {
                counter->all_seen = true;
                settle_access(counter);
        } else if (command == COMMAND_DONE) {
                *counter->place = '\0';
                clear_desk(counter);
                counter->mode = MODE_DESK;
                show_ready(counter);
        } else {
                counter->ask = command == COMMAND_NO ? ASK_NOTHING : counter->ask;
                show_ready(counter);
        }
}

static void on_failure(struct counter *counter, const struct error *err, int64_t now) {
        const enum counter_purpose purpose = (enum counter_purpose) counter->call.purpose;

        show_error(counter, err, now);
        if (purpose == FOR_ENTER || purpose == FOR_LEAVE || counter->mode == MODE_DESK)
                clear_desk(counter);
        else
                show_desk(counter);
}

static void on_started(struct counter *counter, const json_t *answer) {
        (void) snprintf(counter->stocktake, sizeof counter->stocktake, "%s",
                        json_text_or_empty(answer, "stocktake"));
        count(counter, counter->place);
}

void mode_answer(struct counter *counter, int r, const json_t *answer, const struct error *err, bool no_pin,
                 int64_t now) {
        const enum counter_purpose purpose = (enum counter_purpose) counter->call.purpose;

        if (purpose == FOR_COUNT_LABEL) {
                on_count_label(counter, r, answer);
                return;
        }
        if (r == ERR_NOT_FOUND && ((purpose == FOR_MOVE && move_next(counter)) ||
                                   ((purpose == FOR_LOCATE || purpose == FOR_FOUND) && locate_next(counter))))
                return;
        if (r < 0 && no_pin && (purpose == FOR_ENTER || purpose == FOR_LEAVE)) {
                counter->on_paper = true;
                settle_access(counter);
                return;
        }
        if (r < 0) {
                on_failure(counter, err, now);
                return;
        }
        switch (purpose) {
        case FOR_PLACE: on_place(counter, answer); break;
        case FOR_MOVE: on_moved(counter, answer, now); break;
        case FOR_IN_PLACE: on_in_place(counter, answer, now); break;
        case FOR_LOCATE: on_sought(counter, answer, now); break;
        case FOR_FOUND: on_found(counter, answer, now); break;
        case FOR_STOCKTAKES: keep(&counter->open, answer); break;
        case FOR_START: on_started(counter, answer); break;
        case FOR_COUNT: on_counted(counter, answer, now); break;
        case FOR_FINISH: on_finished(counter, answer, now); break;
        case FOR_ACCESS: on_access(counter, answer, now); break;
        default: on_passed(counter, answer, now);
        }
}
