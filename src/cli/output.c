/* Answers for people and for programs. */
#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"

bool output_colour(int fd) {
        const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

        return str_empty(no) && isatty(fd) && !(term && strcmp(term, "dumb") == 0);
}

/* A list of texts; NULL when it is none. */
static char *joined(const json_t *list) {
        char *text = json_array_size(list) ? strdup("") : NULL;
        const json_t *item;
        size_t i;

        json_array_foreach(list, i, item) {
                char *more = text && json_is_string(item)
                                     ? str_format("%s%s%s", text, i ? ", " : "", json_string_value(item))
                                     : NULL;

                free(text);
                text = more;
        }
        return text;
}

/* A moment as data have it, in the local time of whoever reads; NULL when the text is none. */
static char *local_time(const char *text) {
        char local[TIME_TEXT];
        int64_t moment;

        if (strlen(text) != strlen("2026-11-23T14:43:00.000000Z") || text[10] != 'T' ||
            time_parse(text, &moment) < 0)
                return NULL;
        time_format_local(moment, local);
        return strdup(local);
}

static char *cell_of_text(const struct column *column, const char *value, enum lang lang) {
        char *text = local_time(value);

        if (!text && column->title.terms_n)
                text = terms_named(column->title.terms, column->title.terms_n, value, lang);
        return text ? text : strdup(value);
}

/* {es, en} in the person's language; NULL: the value is no such text. */
static const char *said_in(const json_t *value, enum lang lang) {
        return json_is_object(value) && json_object_size(value) == 2 && json_text(value, "es")
                       ? json_text(value, lang == LANG_EN ? "en" : "es")
                       : NULL;
}

/* A value as a cell. Codes, texts, yes and no in the person's language, moments in their time; lists of texts as
 * such, other lists and objects as JSON. */
static char *cell(const struct column *column, const json_t *value, enum lang lang) {
        _cleanup_free_ char *list = NULL;
        char *text;

        if (!value || json_is_null(value))
                return strdup("");
        if (json_is_string(value))
                return cell_of_text(column, json_string_value(value), lang);
        if (json_is_boolean(value))
                return strdup(json_is_true(value) ? (lang == LANG_EN ? "yes" : "sí") : "no");
        if (json_is_integer(value))
                return str_format("%lld", (long long) json_integer_value(value));
        if (said_in(value, lang))
                return strdup(said_in(value, lang));
        list = json_is_array(value) ? joined(value) : NULL;
        text = list ? cell_of_text(column, list, lang) : NULL;
        return text ? text : json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
}

static bool told(const json_t *row, const char *key) {
        const json_t *value = json_object_get(row, key);

        return value && !json_is_null(value) && !(json_is_string(value) && !*json_string_value(value));
}

/* A column whose cells are all empty says nothing and takes room. */
static bool column_used(const json_t *rows, const char *key) {
        const json_t *row;
        size_t i;

        json_array_foreach(rows, i, row) {
                if (told(row, key))
                        return true;
        }
        return false;
}

/* Columns of the terminal, or 0. */
static size_t terminal_width(int fd) {
        struct winsize size;

        return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* A text that stands from column `indent` on; on a terminal its lines end between words. */
static void put_wrapped(const char *text, size_t indent) {
        size_t width = terminal_width(STDOUT_FILENO), column = indent;

        while (*text) {
                size_t length = strcspn(text, " ") + strspn(text + strcspn(text, " "), " ");
                _cleanup_free_ char *word = strndup(text, length);
                size_t wide = word ? utf8_length(word) : 0;

                if (width > indent && column > indent && column + wide > width) {
                        (void) printf("\n%*s", (int) indent, "");
                        column = indent;
                }
                (void) fwrite(text, 1, length, stdout);
                column += wide;
                text += length;
        }
        (void) putchar('\n');
}

static int print_members(const struct verb *verb, const json_t *answer, enum lang lang) {
        int printed = 0, widest = 18;

        for (size_t i = 0; i < verb->columns_n; i++) {
                int width = (int) utf8_length(column_title(&verb->columns[i], lang));

                if (width > widest && told(answer, verb->columns[i].key))
                        widest = width;
        }
        for (size_t i = 0; i < verb->columns_n; i++) {
                const json_t *value = json_object_get(answer, verb->columns[i].key);
                const char *title = column_title(&verb->columns[i], lang);
                _cleanup_free_ char *text = cell(&verb->columns[i], value, lang);

                if (!value || !text || !*text)
                        continue;
                (void) printf("%s%*s ", title, widest - (int) utf8_length(title), "");
                put_wrapped(text, (size_t) widest + 1);
                printed++;
        }
        return printed;
}

/* In characters. */
static size_t longest_line(const char *text) {
        size_t longest = 0;

        while (*text) {
                size_t length = strcspn(text, "\n");
                _cleanup_free_ char *line = strndup(text, length);
                size_t wide = line ? utf8_length(line) : length;

                longest = wide > longest ? wide : longest;
                text += length + (text[length] == '\n');
        }
        return longest;
}

/* Whether a terminal would fold the table's lines. */
static bool too_wide(struct libscols_table *table) {
        size_t width = terminal_width(STDOUT_FILENO);
        _cleanup_free_ char *text = NULL;

        if (width == 0)
                return false;
        (void) scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
        if (scols_print_table_to_string(table, &text) != 0 || !text)
                return false;
        return longest_line(text) > width;
}

enum { LAST_COLUMN_MIN = 20 };

/* A text in lines of at most `width` characters, where its words allow it; the caller frees it. */
static char *wrapped(const char *text, size_t width) {
        char *lines = strdup(text), *begin = lines, *space = NULL;

        for (char *p = lines; p && *p; p++) {
                if (*p != ' ')
                        continue;
                *p = '\0';
                if (space && utf8_length(begin) > width) {
                        *space = '\n';
                        begin = space + 1;
                }
                *p = ' ';
                space = p;
        }
        if (lines && space && utf8_length(begin) > width)
                *space = '\n';
        return lines;
}

/* When a last column of sentences is what makes the table too wide, they go on under themselves. */
static bool fold_last(struct libscols_table *table, size_t n) {
        struct libscols_column *last = scols_table_get_column(table, n - 1);
        size_t width = terminal_width(STDOUT_FILENO), before = 0, lines = scols_table_get_nlines(table);

        for (size_t c = 0; c + 1 < n; c++) {
                size_t widest = utf8_length(scols_column_get_name(scols_table_get_column(table, c)));

                for (size_t i = 0; i < lines; i++) {
                        const char *text = scols_line_get_column_data(scols_table_get_line(table, i),
                                                                      scols_table_get_column(table, c));

                        if (text && utf8_length(text) > widest)
                                widest = utf8_length(text);
                }
                before += widest + 1;
        }
        if (n < 2 || before + LAST_COLUMN_MIN > width)
                return false;
        for (size_t i = 0; i < lines; i++) {
                struct libscols_line *line = scols_table_get_line(table, i);
                const char *text = scols_line_get_column_data(line, last);
                char *folded = wrapped(text ? text : "", width - before);

                if (!folded || longest_line(folded) > width - before) {
                        free(folded);
                        return false;
                }
                (void) scols_line_refer_data(line, n - 1, folded);
        }
        (void) scols_column_set_flags(last, scols_column_get_flags(last) | SCOLS_FL_WRAP);
        (void) scols_column_set_wrapfunc(last, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
        (void) scols_column_set_safechars(last, "\n");
        (void) scols_table_set_termforce(table, SCOLS_TERMFORCE_ALWAYS);
        (void) scols_table_set_termwidth(table, width);
        return true;
}

/* What is too wide for the screen is read from above to below, a paragraph a row. */
static void print_paragraphs(const struct verb *verb, const json_t *rows, enum lang lang) {
        const json_t *row;
        size_t i;

        json_array_foreach(rows, i, row) {
                if (print_members(verb, row, lang) > 0)
                        (void) putchar('\n');
        }
}

static void print_table(const struct verb *verb, const json_t *rows, enum lang lang) {
        struct libscols_table *table = scols_new_table();
        const struct column *used[64];
        const json_t *row;
        size_t n = 0, i;

        if (!table)
                return;
        for (i = 0; i < verb->columns_n && n < COUNT(used); i++)
                if (column_used(rows, verb->columns[i].key)) {
                        const json_t *first = json_object_get(json_array_get(rows, 0), verb->columns[i].key);
                        struct libscols_column *column = scols_table_new_column(
                                table, column_title(&verb->columns[i], lang), 0.1,
                                json_is_integer(first) ? SCOLS_FL_RIGHT : 0);

                        used[n++] = &verb->columns[i];
                        (void) column;
                }
        json_array_foreach(rows, i, row) {
                struct libscols_line *line = scols_table_new_line(table, NULL);

                for (size_t c = 0; line && c < n; c++)
                        (void) scols_line_refer_data(line, c,
                                                     cell(used[c], json_object_get(row, used[c]->key), lang));
        }
        if (too_wide(table) && !fold_last(table, n))
                print_paragraphs(verb, rows, lang);
        else
                (void) scols_print_table(table);
        scols_unref_table(table);
}

static void print_said(const json_t *said, enum lang lang, FILE *out) {
        const json_t *line;
        size_t i;

        json_array_foreach(said, i, line)(void)
                fprintf(out, "%s\n", json_text_or_empty(line, lang == LANG_EN ? "en" : "es"));
}

static void clear_progress(void) {
        if (isatty(STDERR_FILENO))
                (void) fputs("\r\033[K", stderr);
}

void output_answer(const struct cli *cli, const json_t *answer, const json_t *said) {
        const json_t *rows = json_object_get(answer, "rows");

        if (cli->json) {
                (void) json_dumpf(answer, stdout, JSON_SORT_KEYS | JSON_INDENT(2));
                (void) putchar('\n');
                return;
        }
        clear_progress();
        if (rows && json_array_size(rows) > 0)
                print_table(cli->verb, rows, cli->lang);
        else if (rows && json_array_size(said) == 0)
                (void) puts(cli->lang == LANG_EN ? "Nothing." : "Nada.");
        else if (!rows && json_array_size(said) == 0 && print_members(cli->verb, answer, cli->lang) == 0)
                (void) puts(cli->lang == LANG_EN ? "Done." : "Hecho.");
        print_said(said, cli->lang, stdout);
        if (cli->dry_run)
                (void) puts(cli->lang == LANG_EN ? "(dry run: nothing was changed)"
                                                 : "(ensayo: no se ha cambiado nada)");
}

void output_error(const struct cli *cli, const struct error *err, const json_t *answer, const json_t *said) {
        const char *red = output_colour(STDERR_FILENO) ? "\033[1;31m" : "", *plain = *red ? "\033[0m" : "";

        clear_progress();
        if (cli->json) {
                _cleanup_json_ json_t *object = answer ? json_deep_copy(answer) : json_object();
                _cleanup_json_ json_t *error = error_to_json(err);

                (void) json_object_update(object, error);
                (void) json_dumpf(object, stdout, JSON_SORT_KEYS | JSON_INDENT(2));
                (void) putchar('\n');
                return;
        }
        if (json_array_size(json_object_get(answer, "rows")) > 0) {
                print_table(cli->verb, json_object_get(answer, "rows"), cli->lang);
                (void) fflush(stdout);
        }
        print_said(said, cli->lang, stderr);
        (void) fprintf(stderr, "%smpsi: %s%s", red, plain, err->what[cli->lang]);
        if (*err->rule)
                (void) fprintf(stderr, " [%s · ENS %s]", err->rule, err->ens);
        (void) fputc('\n', stderr);
        if (*err->hint[cli->lang])
                (void) fprintf(stderr, "  → %s\n", err->hint[cli->lang]);
}

void human_size(uint64_t bytes, char out[32]) {
        static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
        double value = (double) bytes;
        size_t unit = 0;

        while (value >= 1000 && unit + 1 < COUNT(units)) {
                value /= 1000;
                unit++;
        }
        (void) snprintf(out, 32, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

/* In one piece: several jobs may write to the same terminal or file. */
static void print_progress_line(const struct progress *p) {
        _cleanup_json_ json_t *line = json_pack(
                "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "subject", p->subject, "step",
                p->step.en, "done", (json_int_t) p->done, "total", (json_int_t) p->total, "rate",
                (json_int_t) p->rate, "eta", (json_int_t) p->eta, "part", (json_int_t) p->part, "parts",
                (json_int_t) p->parts, "temperature", (json_int_t) p->temperature, "errors", (json_int_t) p->errors,
                "waiting", p->waiting);
        _cleanup_free_ char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
        _cleanup_free_ char *ended = text ? str_format("%s\n", text) : NULL;

        if (ended)
                (void) write_all(STDERR_FILENO, ended, strlen(ended));
}

/* The first characters of a valid text. */
static void cut(char *text, size_t characters) {
        char *end = text;

        while (*end && characters-- > 0)
                end += utf8_one(end, strlen(end));
        *end = '\0';
}

void output_progress(void *context, const struct progress *p) {
        const struct cli *cli = context;
        char done[32], total[32], rate[32], eta[32] = "";
        _cleanup_free_ char *line = NULL;
        int percent = p->total ? (int) (p->done * 100 / p->total) : 0, bar = percent / 5;

        if (cli->progress_json) {
                print_progress_line(p);
                return;
        }
        if (!isatty(STDERR_FILENO))
                return;
        human_size(p->done, done);
        human_size(p->total, total);
        human_size(p->rate, rate);
        if (p->eta >= 0)
                (void) snprintf(eta, sizeof eta, "%lld:%02lld:%02lld", (long long) p->eta / 3600,
                                (long long) p->eta / 60 % 60, (long long) p->eta % 60);
        line = str_format("%s %s [%.*s%*s] %3d %%  %s/%s  %s/s  %s", p->subject, text_in(p->step, cli->lang), bar,
                          "####################", 20 - bar, "", percent, done, total, rate, eta);
        if (!line)
                return;
        /* A line that the terminal folds could not be written over. */
        if (terminal_width(STDERR_FILENO) > 0)
                cut(line, terminal_width(STDERR_FILENO) - 1);
        (void) fprintf(stderr, "\r\033[K%s", line);
        (void) fflush(stderr);
}
