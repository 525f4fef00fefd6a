/* What the desk says. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "counter/internal.h"

void counter_plain(const char *text, char *out, size_t size) {
        size_t to = 0;

        for (size_t at = 0, left = strlen(text), n; left > 0; at += n, left -= n) {
                char one[8] = "";

                n = utf8_one(text + at, left);
                if (n > 0)
                        memcpy(one, text + at, n);
                if (n == 0 || !text_is_plain(one))
                        (void) snprintf(one, sizeof one, "·");
                n = n ? n : 1;
                if (to + strlen(one) >= size)
                        break;
                to += (size_t) snprintf(out + to, size - to, "%s", one);
        }
        out[to] = '\0';
}

static const unsigned bells_of[] = {
        [TONE_READY] = 0, [TONE_ASK] = 0, [TONE_DONE] = 1, [TONE_NOTE] = 2, [TONE_REFUSED] = 3
};

__attribute__((format(printf, 4, 0), format(printf, 5, 0))) static void
write_text(struct counter *counter, char *out, size_t size, const char *es, const char *en, va_list list) {
        char text[2 * COUNTER_TEXT];

        if (counter->lang == LANG_EN)
                (void) vsnprintf(text, sizeof text, en, list);
        else
                (void) vsnprintf(text, sizeof text, es, list);
        counter_plain(text, out, size);
}

void show(struct counter *counter, enum counter_tone tone, struct text word, const char *es, const char *en, ...) {
        va_list list;

        counter->view = (struct counter_view){ .tone = tone };
        (void) snprintf(counter->view.word, sizeof counter->view.word, "%s", text_in(word, counter->lang));
        va_start(list, en);
        write_text(counter, counter->view.sentence, sizeof counter->view.sentence, es, en, list);
        va_end(list);
        counter->bells = bells_of[tone];
}

void show_line(struct counter *counter, const char *es, const char *en, ...) {
        va_list list;

        va_start(list, en);
        for (size_t i = 0; i < COUNTER_LINES; i++)
                if (!*counter->view.lines[i]) {
                        write_text(counter, counter->view.lines[i], sizeof counter->view.lines[i], es, en, list);
                        break;
                }
        va_end(list);
}

void note(struct counter *counter, enum counter_tone tone, int64_t now, const char *es, const char *en, ...) {
        va_list list;

        memmove(counter->acts + 1, counter->acts, sizeof counter->acts - sizeof counter->acts[0]);
        counter->acts[0] = (struct counter_act){ .time = now, .tone = tone };
        va_start(list, en);
        write_text(counter, counter->acts[0].text, sizeof counter->acts[0].text, es, en, list);
        va_end(list);
}

static struct text word_of(const struct error *err) {
        switch (err->code) {
        case ERR_BUSY: return (struct text){ "OCUPADO", "BUSY" };
        case ERR_NOT_FOUND: return (struct text){ "NO CONSTA", "UNKNOWN" };
        case ERR_VERIFY: return (struct text){ "FALSO", "FALSE" };
        case ERR_FAILED: return (struct text){ "AVERÍA", "FAILED" };
        default: return (struct text){ "NO", "NO" };
        }
}

void show_error(struct counter *counter, const struct error *err, int64_t now) {
        const char *what = err->what[counter->lang], *hint = err->hint[counter->lang];

        show(counter, TONE_REFUSED, word_of(err), "%s", "%s", what);
        if (*hint)
                show_line(counter, "%s", "%s", hint);
        if (*err->rule)
                show_line(counter, "[%s · ENS %s]", "[%s · ENS %s]", err->rule, err->ens);
        note(counter, TONE_REFUSED, now, "%s", "%s", what);
}

static void medium_line(struct counter *counter) {
        const json_t *medium = counter->medium;
        const char *label = json_text_or_empty(counter->label, "label");

        show_line(counter, "Soporte   %s · %s · %s · %s", "Medium    %s · %s · %s · %s",
                  json_text_or_empty(medium, "id"), json_text_or_empty(medium, "classification"),
                  json_text_or_empty(medium, "category"),
                  *json_text_or_empty(medium, "location") ? json_text_or_empty(medium, "location") : "-");
        if (strcmp(label, "void") == 0 || strcmp(label, "superseded") == 0 || strcmp(label, "unknown") == 0)
                show_line(counter, "ATENCIÓN  su etiqueta no es la vigente: imprima otra con «label print»",
                          "BEWARE    its label is not the current one: print another with “label print”");
}

void show_desk(struct counter *counter) {
        if (counter->person)
                show_line(counter, "Persona   %s (%s)", "Person    %s (%s)",
                          json_text_or_empty(counter->person, "full_name"),
                          json_text_or_empty(counter->person, "name"));
        if (counter->medium)
                medium_line(counter);
        if (counter->loan)
                show_line(counter, "Préstamo  %s · %s · hasta %s", "Loan      %s · %s · until %s",
                          json_text_or_empty(counter->loan, "loan"), json_text_or_empty(counter->loan, "borrower"),
                          json_text_or_empty(counter->loan, "due"));
        if (*counter->seal)
                show_line(counter, "Precinto  %s", "Seal      %s", counter->seal);
        if (*counter->supervisor)
                show_line(counter, "Supervisa %s", "Supervisor %s", counter->supervisor);
}

void show_ready(struct counter *counter) {
        switch (counter->mode) {
        case MODE_MOVE:
                if (*counter->place)
                        show(counter, TONE_ASK, (struct text){ "MOVER", "MOVE" }, "Lea los soportes que van a %s.",
                             "Scan the media that go to %s.", counter->place);
                else
                        show(counter, TONE_ASK, (struct text){ "MOVER", "MOVE" },
                             "Lea el lugar, después los soportes.", "Scan the place, then the media.");
                return;
        case MODE_LOCATE:
                show(counter, TONE_ASK, (struct text){ "BUSCAR", "LOCATE" },
                     "Lea o teclee el soporte que se busca.", "Scan or type the medium that is looked for.");
                return;
        case MODE_STOCKTAKE:
                show(counter, TONE_ASK, (struct text){ "RECUENTO", "COUNT" }, "Lea un lugar, después sus soportes.",
                     "Scan a place, then its media.");
                return;
        case MODE_ENTER:
                show(counter, TONE_ASK, (struct text){ "ENTRAR", "ENTER" }, "Lea la tarjeta de quien entra.",
                     "Scan the card of who enters.");
                return;
        case MODE_LEAVE:
                show(counter, TONE_ASK, (struct text){ "SALIR", "LEAVE" }, "Lea la tarjeta de quien sale.",
                     "Scan the card of who leaves.");
                return;
        default: break;
        }
        if (counter->want == COMMAND_OUT)
                show(counter, TONE_ASK, (struct text){ "SALIDA", "OUT" },
                     "Lea el soporte y la tarjeta de quien se lo lleva.",
                     "Scan the medium and the card of who takes it.");
        else if (counter->want == COMMAND_IN)
                show(counter, TONE_ASK, (struct text){ "ENTRADA", "IN" }, "Lea el soporte que vuelve.",
                     "Scan the medium that comes back.");
        else
                show(counter, TONE_READY, (struct text){ "LISTO", "READY" },
                     "Lea un soporte, una tarjeta o una orden.", "Scan a medium, a card or a command.");
}

void show_help(struct counter *counter) {
        show(counter, TONE_ASK, (struct text){ "AYUDA", "HELP" },
             "Lea el código de una orden, o teclee su palabra e Intro.",
             "Scan a command's code, or type its word and Enter.");
        counter->view.help = true;
}
