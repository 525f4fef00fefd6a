/* What a shipment holds, at the desk of whoever opens it (T4, T7): each medium is scanned, and of none is nothing
 * said. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "counter/internal.h"

enum { NAMED = 3 }; /* media named in a question */

static const json_t *packed(const struct counter *counter) {
        return json_object_get(counter->shipment, "media");
}

static bool in_list(const struct counter *counter, const char *list, const char *id) {
        const json_t *item;
        size_t i;

        json_array_foreach(json_object_get(counter->said, list), i,
                           item) if (strcmp(json_string_value(item), id) == 0) return true;
        return false;
}

static bool is_told(const struct counter *counter, const char *id) {
        return in_list(counter, "media", id) || in_list(counter, "damaged", id) || in_list(counter, "missing", id);
}

static void add(struct counter *counter, const char *list, const char *id) {
        json_t *there = json_object_get(counter->said, list);

        if (!there) {
                there = json_array();
                (void) json_object_set_new(counter->said, list, there);
        }
        (void) json_array_append_new(there, json_string(id));
}

/* How many are not told of, the first of them by name. */
static size_t left(const struct counter *counter, char names[80]) {
        const json_t *item;
        size_t i, n = 0, used = 0;

        *names = '\0';
        json_array_foreach(packed(counter), i, item) {
                const char *id = json_text_or_empty(item, "medium");

                if (is_told(counter, id))
                        continue;
                if (n++ < NAMED)
                        used += (size_t) snprintf(names + used, 80 - used, "%s%.20s", n > 1 ? ", " : "", id);
        }
        if (n > NAMED)
                (void) snprintf(names + used, 80 - used, "…");
        return n;
}

static void ask(struct counter *counter, enum counter_ask what, const char *es, const char *en) {
        const json_t *damaged = json_object_get(counter->said, "damaged"), *item;
        const size_t read = json_array_size(json_object_get(counter->said, "media")) + json_array_size(damaged);
        char names[100] = "";
        size_t i;

        ship_ask(counter, what, es, en);
        json_array_foreach(damaged, i, item)(void) snprintf(names + strlen(names), sizeof names - strlen(names),
                                                            "%s%s", i ? ", " : "", json_string_value(item));
        if (read > 0)
                show_line(counter, "Leídos    %zu · dañados: %s", "Scanned   %zu · damaged: %s", read,
                          *names ? names : TEXT(counter, "ninguno", "none"));
}

static void ask_media(struct counter *counter, size_t open) {
        char es[200], en[200];

        (void) snprintf(es, sizeof es,
                        "Lea cada soporte que trae: %s %zu. ROTO si el último viene dañado; FIN si no hay más.",
                        open == 1 ? "falta" : "faltan", open);
        (void) snprintf(
                en, sizeof en,
                "Scan each medium that it holds: %zu to go. DAMAGED if the last one is; DONE if there is no "
                "more.",
                open);
        ask(counter, ASK_CONTENT, es, en);
}

bool contents_settled(struct counter *counter) {
        char names[80], es[200], en[200];
        const size_t open = left(counter, names);

        if (open > 0 && !counter->all_read) {
                ask_media(counter, open);
                return false;
        }
        if (open > 0) {
                (void) snprintf(es, sizeof es,
                                "¿%s %s? SÍ abre el protocolo de brecha (72 horas); NO para leer lo que quede.",
                                open == 1 ? "Falta" : "Faltan", names);
                (void) snprintf(en, sizeof en,
                                "Missing: %s? YES opens the breach protocol (72 hours); NO to scan what is left.",
                                names);
                ask(counter, ASK_MISSING, es, en);
                return false;
        }
        if (!json_object_get(counter->said, "location") && !counter->no_place) {
                ask(counter, ASK_PLACE, "Lea el lugar en que quedan los soportes; si aún no se sabe, FIN.",
                    "Scan the place where the media are put; if it is not known yet, DONE.");
                return false;
        }
        return true;
}

/* The last one that was scanned is damaged. */
static bool mark_damaged(struct counter *counter) {
        json_t *media = json_object_get(counter->said, "media");
        const size_t n = json_array_size(media);
        const char *last = json_string_value(json_array_get(media, n - 1));

        if (n == 0 || strcmp(last, counter->content) != 0)
                return false;
        add(counter, "damaged", last);
        (void) json_array_remove(media, n - 1);
        return true;
}

static void all_missing(struct counter *counter) {
        const json_t *item;
        size_t i;

        json_array_foreach(packed(counter), i, item) {
                const char *id = json_text_or_empty(item, "medium");

                if (!is_told(counter, id))
                        add(counter, "missing", id);
        }
}

bool contents_command(struct counter *counter) {
        const enum counter_command command = counter->scan.command;
        const bool any = json_object_get(counter->said, "media") != NULL;

        if (command == COMMAND_DAMAGED && (counter->ask == ASK_CONTENT || counter->ask == ASK_PLACE))
                return mark_damaged(counter);
        if (counter->ask == ASK_CONTENT && command == COMMAND_DONE && any)
                counter->all_read = true;
        else if (counter->ask == ASK_MISSING && command == COMMAND_YES)
                all_missing(counter);
        else if (counter->ask == ASK_MISSING && command == COMMAND_NO)
                counter->all_read = false;
        else if (counter->ask == ASK_PLACE && command == COMMAND_DONE)
                counter->no_place = true;
        else
                return false;
        return true;
}

bool contents_scan(struct counter *counter) {
        if (counter->ask == ASK_CONTENT) {
                look_up(counter, FOR_CONTENT);
                return true;
        }
        if (counter->ask != ASK_PLACE || counter->scan.kind != SCAN_PLACE)
                return false;
        (void) json_object_set_new(counter->said, "location", json_string(counter->scan.text));
        ship_settle(counter);
        return true;
}

void contents_answer(struct counter *counter, int r, const json_t *answer, const struct error *err, int64_t now) {
        const char *id = json_text_or_empty(answer, "medium");
        const json_t *item;
        bool ours = false;
        size_t i;

        if (r == ERR_NOT_FOUND && look_up_next(counter, FOR_CONTENT))
                return;
        if (r < 0 && r != ERR_NOT_FOUND) {
                show_error(counter, err, now);
                return;
        }
        json_array_foreach(packed(counter), i, item)
                ours = ours || strcmp(json_text_or_empty(item, "medium"), id) == 0;
        if (ours && !is_told(counter, id)) {
                (void) snprintf(counter->content, sizeof counter->content, "%s", id);
                add(counter, "media", id);
                ship_settle(counter);
                return;
        }
        ship_settle(counter);
        counter->bells = 2;
        if (ours)
                show_line(counter, "%.20s ya está leído: lea otro.", "%.20s was scanned already: scan another.",
                          id);
        else
                show_line(counter, "%.40s no va en este envío: apártelo y abra una incidencia.",
                          "%.40s is not of this shipment: set it aside and open an incident.",
                          *id ? id : counter->scan.text);
}
