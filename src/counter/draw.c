#include "counter/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/fit.h"
#include "base/str.h"
#include "counter/letters.h"

/* The lines of a screen of 24: head, accents and word, sentence, details, acts, what is typed, foot. */
enum { LINE = 512, SENTENCE_ROWS = 3, BIG_ROWS = 1 + LETTER_ROWS, LEAST_BIG = 24, HELP_COLUMNS = 2, MARGIN = 2 };

static const char *const colours[] = { [TONE_READY] = "\033[1;36m",
                                       [TONE_ASK] = "\033[1;33m",
                                       [TONE_DONE] = "\033[1;32m",
                                       [TONE_NOTE] = "\033[1;35m",
                                       [TONE_REFUSED] = "\033[1;31m" };
/* Not by colour alone. */
static const char *const marks[] = {
        [TONE_READY] = " ", [TONE_ASK] = "?", [TONE_DONE] = "✔", [TONE_NOTE] = "!", [TONE_REFUSED] = "✘"
};

struct page {
        FILE *out;
        const struct counter_look *look;
        int left; /* lines */
};

static void put(struct page *page, const char *colour, const char *text) {
        if (page->left <= 0)
                return;
        (void) fputs(page->look->colour ? colour : "", page->out);
        put_fitted(page->out, text, page->look->width, false);
        (void) fputs(page->look->colour ? "\033[0m" : "", page->out);
        if (--page->left > 0)
                (void) fputs("\r\n", page->out);
}

static void put_inset(struct page *page, const char *colour, const char *text) {
        char line[LINE + 8];

        (void) snprintf(line, sizeof line, "%*s%s", MARGIN, "", text);
        utf8_trim(line);
        put(page, colour, line);
}

/* --- parts ------------------------------------------------------------------------------------------------------
 */

static void local_time(int64_t moment, char out[32]) {
        time_t seconds = (time_t) (moment / SECOND);
        struct tm local;

        *out = '\0';
        if (localtime_r(&seconds, &local))
                (void) strftime(out, 32, "%H:%M:%S", &local);
}

/* Who serves and the clock stand at the right, whatever there is no room for at the left. */
static void put_head(struct page *page) {
        const json_t *desk = page->look->desk;
        char left[LINE], right[LINE], plain[LINE], clock[32];
        int width = page->look->width, room;

        local_time(page->look->now, clock);
        (void) snprintf(plain, sizeof plain, " mpsi · %s %s · %s",
                        page->look->lang == LANG_EN ? "counter" : "mostrador", json_text_or_empty(desk, "station"),
                        json_text_or_empty(desk, "organisation"));
        counter_plain(plain, left, sizeof left);
        (void) snprintf(plain, sizeof plain, "%s (%s) · %s ", json_text_or_empty(desk, "full_name"),
                        json_text_or_empty(desk, "person"), clock);
        counter_plain(plain, right, sizeof right);
        room = width - (int) utf8_length(right);
        if (page->left <= 0)
                return;
        (void) fputs(page->look->colour ? "\033[7m" : "", page->out);
        if (room > 0) {
                put_fitted(page->out, left, room - 1, false);
                (void) fputc(' ', page->out);
        }
        put_fitted(page->out, right, room > 0 ? width - room : width, false);
        (void) fputs(page->look->colour ? "\033[0m" : "", page->out);
        if (--page->left > 0)
                (void) fputs("\r\n", page->out);
}

/* One row of the large word; row -1 has the accents. */
static void big_row(const char *word, int row, int scale, char out[LINE]) {
        size_t to = (size_t) snprintf(out, LINE, "%*s", MARGIN, "");

        for (size_t at = 0, left = strlen(word), n; left > 0; at += n, left -= n) {
                const uint8_t *dots;
                int accent;

                n = utf8_one(word + at, left);
                if (n == 0)
                        break;
                dots = letter_dots(word + at, (unsigned) n, &accent);
                for (int bit = LETTER_WIDTH - 1; bit >= -1; bit--) {
                        bool dark = bit >= 0 &&
                                    (row < 0 ? accent && bit == LETTER_WIDTH / 2 : dots && dots[row] >> bit & 1);

                        for (int i = 0; i < scale && to + 4 < LINE; i++)
                                to += (size_t) snprintf(out + to, LINE - to, "%s", dark ? "█" : " ");
                }
        }
}

static void put_word(struct page *page, const struct counter_view *view) {
        int cells = (int) utf8_length(view->word) * (LETTER_WIDTH + 1), room = page->look->width - MARGIN;
        int scale = cells * 2 <= room ? 2 : 1;
        char line[LINE];

        if (page->look->height < LEAST_BIG || cells > room) {
                (void) snprintf(line, sizeof line, "%s %s", marks[view->tone], view->word);
                put_inset(page, colours[view->tone], line);
                return;
        }
        for (int row = -1; row < LETTER_ROWS; row++) {
                big_row(view->word, row, scale, line);
                put(page, colours[view->tone], line);
        }
}

/* Broken at spaces into at most so many rows. */
static void put_wrapped(struct page *page, const char *colour, const char *text, int rows) {
        size_t room = (size_t) (page->look->width > 2 * MARGIN + 8 ? page->look->width - 2 * MARGIN : 8);

        for (int row = 0; row < rows; row++) {
                size_t at = 0, cut = 0;
                char line[LINE];

                for (size_t seen = 0, n; text[at] && seen < room; at += n, seen++) {
                        n = utf8_one(text + at, strlen(text + at));
                        if (n == 0)
                                break;
                        cut = text[at] == ' ' ? at : cut;
                }
                if (!text[at] || row == rows - 1)
                        cut = row == rows - 1 ? strlen(text) : at;
                else if (cut == 0)
                        cut = at;
                (void) snprintf(line, sizeof line, "%.*s", (int) (cut < LINE - 8 ? cut : LINE - 8), text);
                utf8_trim(line);
                put_inset(page, colour, line);
                text += cut;
                text += strspn(text, " ");
        }
}

static void put_help(struct page *page) {
        for (int i = 0; i < COMMANDS; i += HELP_COLUMNS) {
                char line[LINE] = "";

                for (int k = i; k < i + HELP_COLUMNS && k < COMMANDS; k++) {
                        char cell[160];
                        FILE *column = fmemopen(cell, sizeof cell, "w");

                        if (!column)
                                return;
                        put_fitted(column, text_in(counter_codes[k].typed, page->look->lang), 13, false);
                        put_fitted(column, text_in(counter_codes[k].does, page->look->lang),
                                   page->look->width / HELP_COLUMNS - 17, false);
                        (void) fputs("  ", column);
                        (void) fputc('\0', column);
                        (void) fclose(column);
                        (void) strncat(line, cell, sizeof line - strlen(line) - 1);
                }
                put_inset(page, "", line);
        }
}

static void put_acts(struct page *page, const struct counter *counter) {
        put_inset(page, "\033[2m", page->look->lang == LANG_EN ? "── last acts ──" : "── últimos actos ──");
        for (size_t i = 0; i < COUNTER_ACTS; i++) {
                const struct counter_act *act = &counter->acts[i];
                char line[LINE] = "", clock[32];

                if (act->time) {
                        local_time(act->time, clock);
                        (void) snprintf(line, sizeof line, "%s %s %s", clock, marks[act->tone], act->text);
                        utf8_trim(line);
                }
                put_inset(page, act->time && act->tone != TONE_READY ? colours[act->tone] : "", line);
        }
}

static void put_typed(struct page *page, const struct counter *counter) {
        const struct counter_look *look = page->look;
        char line[LINE], plain[LINE];

        if (look->prompt)
                (void) snprintf(line, sizeof line, "» %s", look->prompt);
        else if (counter->view.repeated)
                (void) snprintf(line, sizeof line, "» %s",
                                look->lang == LANG_EN ? "scanned twice: it counts once"
                                                      : "leído dos veces: cuenta una");
        else
                (void) snprintf(line, sizeof line, "» %s", look->typed ? look->typed : "");
        counter_plain(line, plain, sizeof plain);
        put_inset(page, look->prompt ? colours[TONE_ASK] : "", plain);
}

static void put_foot(struct page *page) {
        page->left = page->left > 1 ? 1 : page->left;
        put(page, "\033[2m",
            page->look->lang == LANG_EN
                    ? "  HELP codes · UNDO last act · CANCEL or Esc leave it · QUIT close"
                    : "  AYUDA códigos · DESHACER lo último · CANCELAR o Esc dejarlo · CERRAR salir");
}

char *counter_draw(const struct counter *counter, const struct counter_look *look) {
        const struct counter_view *view = &counter->view;
        struct page page = { .look = look, .left = look->height };
        char *text = NULL;
        size_t size;

        page.out = open_memstream(&text, &size);
        if (!page.out)
                return NULL;
        put_head(&page);
        if (!view->help) { /* the list needs the room */
                put_word(&page, view);
                put(&page, "", "");
        }
        put_wrapped(&page, "\033[1m", view->sentence, SENTENCE_ROWS);
        if (view->help) {
                put_help(&page);
        } else {
                for (size_t i = 0; i < COUNTER_LINES; i++)
                        put_inset(&page, "", view->lines[i]);
                put_acts(&page, counter);
        }
        while (page.left > 2)
                put(&page, "", "");
        if (page.left == 2)
                put_typed(&page, counter);
        put_foot(&page);
        return fclose(page.out) == 0 ? text : NULL;
}
